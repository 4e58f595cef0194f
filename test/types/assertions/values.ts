import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type CacheControl, createCache } from 'prisma-extension-query-cache'
import { type Equal, expectType } from './expect-type.ts'

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)
const cache: CacheControl = prisma.$cache

export async function byKey() {
  const unknown = await cache.get('a')
  const known = await cache.get<number>('a')
  const many = await createCache().mget<string>(['a'])
  const sum = await cache.increment('a', 1, { ttl: 'hour' })
  expectType<Equal<typeof unknown, unknown>>()
  expectType<Equal<typeof known, number | undefined>>()
  expectType<Equal<typeof many, (string | undefined)[]>>()
  expectType<Equal<typeof sum, number | undefined>>()
  await cache.mset({ a: 1 }, { tags: ['x'] })
  await cache.mset(new Map([['a', 1]]))
  // @ts-expect-error: names of lengths of time
  await cache.set('a', 1, { ttl: 'year' })
  // @ts-expect-error: misspelt option
  await cache.set('a', 1, { tag: ['x'] })
  // @ts-expect-error: what is set has no stale time
  await cache.set('a', 1, { swr: 1 })
}

export async function computed() {
  const later = await cache.getOrSet('a', async () => ({ n: 1 }))
  const now = await cache.getOrSet('a', () => null, { nullTtl: 5, rows: { M1: { id: 1 } } })
  const users = await cache.getOrSet('a', () => prisma.m1.findMany({ select: { id: true } }), { models: ['M1'] })
  expectType<Equal<typeof later, { n: number }>>()
  expectType<Equal<typeof now, null>>()
  expectType<Equal<typeof users, { id: number }[]>>()
  // @ts-expect-error: the key comes first
  await cache.getOrSet(() => 1, 'a')
  // @ts-expect-error: rows are named by objects
  await cache.getOrSet('a', () => 1, { rows: { M1: 5 } })
}

export async function functions() {
  const load = cache.wrap(async (id: number, locale?: string) => ({ id, locale }), {
    key: (id, locale) => `${id.toFixed()} ${locale?.trim()}`,
    tags: (id) => [`user:${id.toFixed()}`],
    rows: (id) => ({ M1: { id } }),
  })
  const loaded = await load(1, 'en')
  const again = await load.skipCache(1)
  const key = load.key(1)
  expectType<Equal<typeof loaded, { id: number; locale: string | undefined }>>()
  expectType<Equal<typeof again, { id: number; locale: string | undefined }>>()
  expectType<Equal<typeof key, string>>()
  await load.invalidate(1)
  const plain = await cache.wrap((name: string) => name.length, { name: 'length' })('x')
  expectType<Equal<typeof plain, number>>()
  // @ts-expect-error: a number
  await load('1')
  // @ts-expect-error: a number
  await load.refresh('1')
  // @ts-expect-error: a key is a text
  cache.wrap((id: number) => id, { key: (id) => id })
}
