import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

// What an application's own file looks like; the instantiation budget is measured on this one. One assertion a line.

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)

export async function reads() {
  const selected = await prisma.m3.findMany({ select: { id: true, name: true }, cache: { ttl: 5, tags: ['a'] } })
  expectType<Equal<typeof selected, { id: number; name: string }[]>>()

  const included = await prisma.m3.findUnique({
    where: { id: 1 },
    include: { prev: { select: { email: true } }, _count: { select: { children: true } } },
    cache: { ttl: 600, swr: 60, nullTtl: 5, tags: ['a', 'b'], key: 'mine', refresh: true },
  })
  if (!included) return
  expectType<Equal<typeof included.prev, { email: string }>>()
  expectType<Equal<typeof included._count, { children: number }>>()
  expectType<Equal<typeof included.name, string>>()
  expectType<Equal<typeof included.age, number | null>>()
  // @ts-expect-error: not included
  included.nexts

  const omitted = await prisma.m4.findFirstOrThrow({ omit: { price: true }, cache: true })
  expectType<Equal<typeof omitted.name, string>>()
  // @ts-expect-error: omitted
  omitted.price

  const found = await prisma.m3.findUniqueOrThrow({ where: { name_age: { name: 'a', age: 1 } }, cache: false })
  expectType<Equal<typeof found.at, Date>>()

  const counted = await prisma.m5.count({ where: { flag: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof counted, number>>()
  const countedEach = await prisma.m5.count({ select: { _all: true, age: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof countedEach, { _all: number; age: number }>>()

  const totals = await prisma.m6.aggregate({ _sum: { age: true }, _max: { at: true }, _count: true, cache: { ttl: 5 } })
  expectType<Equal<typeof totals._sum, { age: number | null }>>()
  expectType<Equal<typeof totals._max.at, Date | null>>()
  expectType<Equal<typeof totals._count, number>>()

  const groups = await prisma.m7.groupBy({ by: ['kind', 'flag'], _count: true, cache: { ttl: 5 } })
  expectType<Equal<(typeof groups)[number]['kind'], 'A' | 'B'>>()
  expectType<Equal<(typeof groups)[number]['_count'], number>>()

  const all = await prisma.m8.findMany()
  expectType<Equal<(typeof all)[number]['email'], string>>()

  const filtered = await prisma.m9.findFirst({
    where: { prev: { is: { name: { contains: 'x' } } } },
    orderBy: [{ prev: { name: 'asc' } }, { id: 'desc' }],
    distinct: ['name'],
    take: 3,
    cache: undefined,
  })
  expectType<Equal<NonNullable<typeof filtered>['kind'], 'A' | 'B'>>()
  // @ts-expect-error: may be null
  filtered.email

  // @ts-expect-error: no such argument
  await prisma.m9.findFirst({ wher: { id: 1 } })
  // @ts-expect-error: no such field
  await prisma.m9.findMany({ select: { nope: true }, cache: true })
  // @ts-expect-error: not a unique key
  await prisma.m9.findUnique({ where: { name: 'a' }, cache: true })
}

export async function writes() {
  const invalidate = { invalidate: ['a'] }
  const row = { name: 'a', email: 'b', price: 1, kind: 'A', secret: 's', prevId: 1 } as const

  const created = await prisma.m10.create({
    data: { name: 'a', email: 'b', price: 1, kind: 'A', secret: 's', prev: { connect: { id: 1 } } },
    select: { id: true },
    cache: { invalidate: ['a'] },
  })
  expectType<Equal<typeof created, { id: number }>>()

  const many = await prisma.m10.createMany({ data: [row], skipDuplicates: true, cache: invalidate })
  expectType<Equal<typeof many.count, number>>()
  const returned = await prisma.m10.createManyAndReturn({ data: [row], select: { id: true }, cache: invalidate })
  expectType<Equal<typeof returned, { id: number }[]>>()

  const updated = await prisma.m10.update({
    where: { id: 1 },
    data: { age: { increment: 1 } },
    include: { nexts: { select: { name: true } } },
    cache: invalidate,
  })
  expectType<Equal<typeof updated.nexts, { name: string }[]>>()
  const updatedMany = await prisma.m10.updateMany({ where: { id: 1 }, data: { name: 'x' }, cache: invalidate })
  expectType<Equal<typeof updatedMany.count, number>>()
  const updatedRows = await prisma.m10.updateManyAndReturn({
    data: { name: 'x' },
    omit: { id: true },
    cache: invalidate,
  })
  // @ts-expect-error: omitted
  updatedRows[0]?.id

  const upserted = await prisma.m10.upsert({ where: { email: 'b' }, create: row, update: {}, cache: invalidate })
  expectType<Equal<typeof upserted.name, string>>()
  const deleted = await prisma.m11.delete({ where: { id: 1 }, cache: invalidate })
  expectType<Equal<typeof deleted.id, number>>()
  const deletedMany = await prisma.m11.deleteMany({ cache: invalidate })
  expectType<Equal<typeof deletedMany.count, number>>()
  // @ts-expect-error: a row needs its columns
  await prisma.m10.create({ data: { name: 'a' }, cache: invalidate })
}
