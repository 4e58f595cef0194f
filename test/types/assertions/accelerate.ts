import { type AccelerateInfo, type AcceleratePromise, type PrismaCacheStrategy, withAccelerate } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

// An application's own file, compiled with the extension of Prisma and with ours: only the import differs.

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(withAccelerate())

type Info = AccelerateInfo | null

export async function reads() {
  const cacheStrategy = { ttl: 60, swr: 30, tags: ['a'] } satisfies PrismaCacheStrategy['cacheStrategy']
  const selected = await prisma.m3.findMany({ select: { id: true, name: true }, cacheStrategy })
  expectType<Equal<typeof selected, { id: number; name: string }[]>>()

  const included = await prisma.m3.findUnique({
    where: { id: 1 },
    include: { prev: { select: { email: true } } },
    cacheStrategy: { ttl: 60 },
  })
  if (!included) return
  expectType<Equal<typeof included.prev, { email: string }>>()
  expectType<Equal<typeof included.age, number | null>>()
  // @ts-expect-error: not included
  included.nexts

  const first = await prisma.m4.findFirst({ omit: { price: true }, cacheStrategy: { swr: 60 } })
  expectType<Equal<NonNullable<typeof first>['name'], string>>()
  // @ts-expect-error: may be null
  first.name
  const surely = await prisma.m4.findFirstOrThrow({ where: { id: 1 }, cacheStrategy: {} })
  expectType<Equal<typeof surely.name, string>>()
  const one = await prisma.m3.findUniqueOrThrow({ where: { id: 1 } })
  expectType<Equal<typeof one.at, Date>>()

  const counted = await prisma.m5.count({ where: { flag: true }, cacheStrategy: { ttl: 60 } })
  expectType<Equal<typeof counted, number>>()
  const totals = await prisma.m6.aggregate({ _sum: { age: true }, cacheStrategy: { ttl: 60 } })
  expectType<Equal<typeof totals._sum, { age: number | null }>>()
  await prisma.m7.groupBy({ by: ['kind'], _count: true, cacheStrategy: { ttl: 60 } })
  const all = await prisma.m8.findMany()
  expectType<Equal<(typeof all)[number]['email'], string>>()

  // @ts-expect-error: seconds are a number
  await prisma.m9.findMany({ cacheStrategy: { ttl: '60' } })
  // @ts-expect-error: no such argument
  await prisma.m9.findMany({ cacheStrateg: { ttl: 60 } })
  // @ts-expect-error: no such field
  await prisma.m9.findMany({ select: { nope: true }, cacheStrategy: { ttl: 60 } })
  // @ts-expect-error: not a unique key
  await prisma.m9.findUnique({ where: { name: 'a' }, cacheStrategy: { ttl: 60 } })
  // @ts-expect-error: a write
  await prisma.m9.update({ where: { id: 1 }, data: { name: 'a' }, cacheStrategy: { ttl: 60 } })
}

export async function infos() {
  const { data, info } = await prisma.m3
    .findMany({ select: { id: true }, cacheStrategy: { ttl: 60 } })
    .withAccelerateInfo()
  expectType<Equal<typeof data, { id: number }[]>>()
  expectType<Equal<NonNullable<typeof info>['cacheStatus'], 'ttl' | 'swr' | 'miss' | 'none'>>()
  const counted = await prisma.m3.count().withAccelerateInfo()
  expectType<Equal<typeof counted, { data: number; info: Info }>>()
  const found = await prisma.m3.findUnique({ where: { id: 1 }, select: { id: true } }).withAccelerateInfo()
  expectType<Equal<typeof found.data, { id: number } | null>>()
  const promise: AcceleratePromise<{ id: number }[]> = prisma.m3.findMany({ select: { id: true } })
  expectType<Equal<Awaited<typeof promise>, { id: number }[]>>()

  const [rows, n] = await prisma.$transaction([
    prisma.m3.findMany({ select: { id: true } }).withAccelerateInfo(),
    prisma.m3.count(),
  ])
  expectType<Equal<typeof rows.data, { id: number }[]>>()
  expectType<Equal<typeof n, number>>()
  const inside = await prisma.$transaction((tx) => tx.m3.count({ cacheStrategy: { ttl: 60 } }).withAccelerateInfo())
  expectType<Equal<typeof inside, { data: number; info: Info }>>()
}

export async function invalidation() {
  const { requestId } = await prisma.$accelerate.invalidate({ tags: ['a'] })
  expectType<Equal<typeof requestId, string>>()
  const all = await prisma.$accelerate.invalidateAll()
  expectType<Equal<typeof all, { requestId: string }>>()
  // @ts-expect-error: a list
  await prisma.$accelerate.invalidate({ tags: 'a' })
}
