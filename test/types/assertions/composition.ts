import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

// The extension among everything else a client can be: configured, with other extensions, in transactions, fluent.

declare const adapter: never
const plain = new PrismaClient({ adapter })
const prisma = plain.$extends(cacheExtension)

export async function configured() {
  const configured = plain.$extends(cacheExtension({ prefix: 'shop:', defaults: { ttl: 60 }, models: { M3: false } }))
  const rows = await configured.m3.findMany({ select: { id: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof rows, { id: number }[]>>()
  // @ts-expect-error: no such option
  plain.$extends(cacheExtension({ prefx: 'shop:' }))
  // @ts-expect-error: seconds are a number
  plain.$extends(cacheExtension({ defaults: { ttl: '60' } }))
  // @ts-expect-error: no such model
  plain.$extends(cacheExtension({ models: { M50: { ttl: 60 } } }))
  // @ts-expect-error: the model's name, not the client's property
  plain.$extends(cacheExtension({ models: { m3: { ttl: 60 } } }))
  // @ts-expect-error: no such option of a model
  plain.$extends(cacheExtension({ models: { M3: { tttl: 60 } } }))
  const byName = Object.fromEntries(['M3', 'M4'].map((name) => [name, { ttl: 60 }]))
  const ids = await plain.$extends(cacheExtension({ models: byName })).m3.findMany({ select: { id: true } })
  expectType<Equal<typeof ids, { id: number }[]>>()
}

export async function control() {
  const { data, info } = await prisma.$cache.withCacheInfo(prisma.m3.findMany({ select: { id: true }, cache: true }))
  expectType<Equal<typeof data, { id: number }[]>>()
  expectType<Equal<typeof info.status, 'hit' | 'stale' | 'miss' | 'bypass'>>()
  const [rows, n] = await prisma.$transaction([
    prisma.$cache.raw({ reads: ['M3'], ttl: 5 }, prisma.$queryRaw<{ id: number }[]>`SELECT id FROM "M3"`),
    prisma.$cache.raw({ writes: ['M3'] }, prisma.$executeRaw`DELETE FROM "M3"`),
  ])
  expectType<Equal<typeof rows, { id: number }[]>>()
  expectType<Equal<typeof n, number>>()
  // @ts-expect-error: no such target
  await prisma.$cache.invalidate({ tag: 'a' })
}

export async function transactions() {
  const [rows, n] = await prisma.$transaction([prisma.m1.findMany({ select: { id: true } }), prisma.m2.count()])
  expectType<Equal<typeof rows, { id: number }[]>>()
  expectType<Equal<typeof n, number>>()

  const name = await prisma.$transaction(
    async (tx) => {
      const found = await tx.m12.findMany({ select: { name: true }, cache: { ttl: 5 } })
      expectType<Equal<typeof found, { name: string }[]>>()
      const written = await tx.m12.update({ where: { id: 1 }, data: { name: 'x' }, cache: { invalidate: ['a'] } })
      expectType<Equal<typeof written.price, Awaited<ReturnType<typeof plain.m12.findFirstOrThrow>>['price']>>()
      const moved = await tx.$cache.invalidate({ tags: ['a'] })
      expectType<Equal<typeof moved.tags, number>>()
      // @ts-expect-error: seconds are a number
      await tx.m12.findMany({ cache: { ttl: '5' } })
      return written.name
    },
    { isolationLevel: 'Serializable', timeout: 1000 },
  )
  expectType<Equal<typeof name, string>>()
}

export async function fluent() {
  const children = await prisma.m3
    .findUnique({ where: { id: 1 }, cache: true })
    .children({ select: { id: true }, take: 1 })
  expectType<Equal<typeof children, { id: number }[] | null>>()
  const previous = await prisma.m3.findUniqueOrThrow({ where: { id: 1 } }).prev()
  expectType<Equal<typeof previous.email, string>>()
  const parent = await prisma.m3.findUniqueOrThrow({ where: { id: 1 } }).parent()
  expectType<Equal<NonNullable<typeof parent>['email'], string>>()
  // @ts-expect-error: may be null
  parent.email
  const further = await prisma.m3
    .findFirst({ where: { id: 1 } })
    .prev()
    .prev({ select: { name: true } })
  expectType<Equal<typeof further, { name: string } | null>>()
  const ofWritten = await prisma.m3.delete({ where: { id: 1 }, cache: { invalidate: ['a'] } }).nexts()
  expectType<Equal<(typeof ofWritten)[number]['email'], string>>()
  // @ts-expect-error: not a relation
  prisma.m3.findUnique({ where: { id: 1 } }).email()
  // @ts-expect-error: no such field
  prisma.m3.findUnique({ where: { id: 1 } }).children({ select: { nope: true } })
}

export async function resultExtension() {
  const shouting = {
    m3: { shout: { needs: { name: true }, compute: (row: { name: string }) => row.name.toUpperCase() } },
  }
  const after = prisma.$extends({ result: shouting })
  const before = plain.$extends({ result: shouting }).$extends(cacheExtension({ configFile: false }))

  const rows = await after.m3.findMany({ cache: true })
  expectType<Equal<(typeof rows)[number]['shout'], string>>()
  const selected = await after.m3.findMany({ select: { shout: true }, cache: true })
  expectType<Equal<typeof selected, { shout: string }[]>>()
  const nested = await after.m4.findFirstOrThrow({ select: { prev: { select: { shout: true } } }, cache: true })
  expectType<Equal<typeof nested.prev, { shout: string }>>()
  // @ts-expect-error: of another model
  await after.m4.findMany({ select: { shout: true } })

  const earlier = await before.m3.findUniqueOrThrow({
    where: { id: 1 },
    select: { id: true, shout: true },
    cache: true,
  })
  expectType<Equal<typeof earlier, { id: number; shout: string }>>()
}

export async function modelAndClientExtensions() {
  const extended = plain
    .$extends({
      name: 'before',
      model: { $allModels: { early: () => 1 as const } },
      client: { $early: () => 'a' as const },
    })
    .$extends(cacheExtension)
    .$extends({ name: 'after', model: { m3: { late: () => 2 as const } }, client: { $late: () => 'b' as const } })
  const rows = await extended.m3.findMany({ select: { id: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof rows, { id: number }[]>>()
  const health = await extended.$cache.health()
  expectType<Equal<typeof health.store, string>>()
  const methods = [extended.m3.early(), extended.m3.late(), extended.$early(), extended.$late()] as const
  const checked: readonly [1, 2, 'a', 'b'] = methods
  return checked
}

export async function filters() {
  const rows = await prisma.m3.findMany({
    where: { data: { path: ['a'], equals: 1 }, OR: [{ age: { gt: 1 } }, { name: { equals: prisma.m3.fields.email } }] },
    cache: true,
  })
  expectType<Equal<(typeof rows)[number]['data'], Awaited<ReturnType<typeof plain.m3.findMany>>[number]['data']>>()
}

export async function widerTypes() {
  // Arguments that were typed before the call, as repositories and resolvers have them.
  const select = { id: true, name: true } as const
  const constant = await prisma.m3.findFirstOrThrow({ select, cache: true })
  expectType<Equal<typeof constant, { id: number; name: string }>>()
  const whole = { where: { id: 1 }, include: { prev: true }, cache: { ttl: 5 } }
  const variable = await prisma.m3.findMany(whole)
  expectType<Equal<(typeof variable)[number]['name'], string>>()
  const either = await prisma.m3.findFirstOrThrow(Math.random() > 0.5 ? { where: { id: 1 } } : { cache: true })
  expectType<Equal<typeof either.name, string>>()
  const spread = await prisma.m3.findMany({
    where: { id: 1, ...(Math.random() > 0.5 ? { name: 'x' } : {}) },
    cache: true,
  })
  expectType<Equal<(typeof spread)[number]['id'], number>>()
}

export async function judged() {
  const rows = await prisma.m3.findMany({
    select: { id: true },
    cache: { validate: (stored: readonly { id: number }[], { ageMs }) => stored.length > 0 && ageMs < 5 },
  })
  expectType<Equal<typeof rows, { id: number }[]>>()
}
