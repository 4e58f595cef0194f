import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import {
  CacheConfigError,
  type CacheControl,
  type CacheOptions,
  createCache,
  memoryStore,
  redisStore,
  type StoreFactory,
} from '../../src/index.ts'
import { connectRedis } from '../../src/stores/redis/connect.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import { did, useSpec } from './support.ts'

const read = (file: string) => readFileSync(new URL(`../../prisma/test/${file}.prisma`, import.meta.url), 'utf8')
const schema = `${read('sqlite')}\n${read('models')}`

describe.each(['memory', 'redis'] as const)(
  'a cache without a Prisma client, beside one that has one (%s)',
  (store) => {
    const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store })
    const spec = useSpec(bed)
    const caches: CacheControl[] = []
    let client: RedisClient
    beforeAll(() => {
      client = connectRedis(inject('servers').redisUrl)
    })
    afterAll(async () => {
      await Promise.all(caches.map((cache) => cache.disconnect()))
      client.disconnect()
    })

    function both(options: CacheOptions = {}) {
      // One store for the two, as two processes would share one Redis.
      const shared: StoreFactory = store === 'memory' ? memoryStore({ maxEntries: 500 }) : redisStore(client)
      const prefix = freshNamespace()
      const same = { store: shared, prefix, breaker: { quarantineMs: 0 } }
      const { prisma } = spec.cached(same)
      const cache = createCache({ configFile: false, ...same, timeoutMs: 20_000, ...options })
      caches.push(cache)
      return { prisma, cache, prefix }
    }

    it('invalidates what the other cached, by tag', async () => {
      const { prisma, cache } = both()
      const tagged = () => prisma.user.findMany({ cache: { tags: ['team'] } })
      await tagged()
      expect(await did(prisma, tagged())).toBe('hit')
      expect(await cache.invalidate({ tags: ['team'] })).toMatchObject({ tags: 1 })
      expect(await did(prisma, tagged())).toBe('miss')
    })

    it('by model, with what the database deletes along with it where the schema is known', async () => {
      const { prisma, cache } = both({ schema })
      const profiles = () => prisma.profile.findMany()
      const products = () => prisma.product.findMany()
      await Promise.all([profiles(), products()])
      await prisma.$cache.settled()
      await cache.invalidate({ models: ['User'] })
      expect(await did(prisma, profiles())).toBe('miss')
      expect(await did(prisma, products())).toBe('hit')
    })

    it('by model without a schema: that model and no other', async () => {
      const { prisma, cache } = both()
      const users = () => prisma.user.findMany()
      const profiles = () => prisma.profile.findMany()
      await Promise.all([users(), profiles()])
      await prisma.$cache.settled()
      await cache.invalidate({ models: ['User'] })
      expect(await did(prisma, users())).toBe('miss')
      expect(await did(prisma, profiles())).toBe('hit')
    })

    it('lists, removes and clears entries, and says how the store is', async () => {
      const { prisma, cache, prefix } = both()
      await prisma.user.findMany()
      await prisma.user.count()
      await prisma.$cache.settled()
      const keys = await cache.keys()
      expect(keys.toSorted()).toEqual((await prisma.$cache.keys()).toSorted())
      expect(keys).toHaveLength(2)
      expect(await cache.inspect(keys[0] ?? '')).toMatchObject({ key: keys[0] })
      expect(await cache.invalidate({ pattern: 'User:count:*' })).toMatchObject({ keys: 1 })
      expect(keys.every((key) => key.startsWith(`${prefix}query:User:`))).toBe(true)
      expect(await cache.health()).toMatchObject({ state: 'ok', store })
      expect(await cache.clear()).toEqual({ keys: 1 })
      expect(await did(prisma, prisma.user.findMany())).toBe('miss')
    })

    it('may share a configuration that names models, with or without a schema', async () => {
      const { cache } = both({ models: { User: { ttl: 60, neverCache: ['email'] } } })
      expect(await cache.health()).toMatchObject({ state: 'ok' })
      both({ schema, models: { User: { ttl: 60, neverCache: ['email'] } } })
    })
  },
)

describe('what createCache is given', () => {
  const open = (options: CacheOptions) => createCache({ configFile: false, store: 'memory', ...options })

  it('is checked as the extension’s options are', () => {
    expect(() => open({ ttl: 5 } as CacheOptions)).toThrow(CacheConfigError)
    expect(() => open({ redis: 'http://x' })).toThrow(/`redis`.*redis:\/\//)
    expect(() => open({ schema, models: { Usr: { ttl: 1 } } })).toThrow('the schema has no model "Usr"')
    expect(() => open({ schema, models: { User: { neverCache: ['mail'] } } })).toThrow('User has no field "mail"')
  })

  it('names models of the schema', async () => {
    const cache = open({ schema })
    await expect(cache.invalidate({ models: ['user'] })).rejects.toThrow('Did you mean User?')
    await cache.disconnect()
  })
})
