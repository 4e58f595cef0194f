import fc from 'fast-check'
import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CacheConfigError, StoreUnavailableError } from '../../src/errors.ts'
import { globExpression, globLiteral } from '../../src/stores/glob.ts'
import { memoryStore } from '../../src/stores/memory-store.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { redisStore } from '../../src/stores/redis/redis-store.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { withTimeout } from '../support/with-timeout.ts'
import { describeCacheStore } from './cache-store-contract.ts'
import { describeLocalCopies, describeRedisStore, HOUR, openIn } from './redis-stores.ts'

let server: RedisServer
beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server?.stop())

// Those of a cluster are in cluster-stores.long.test.ts.
describe('in this process', () => {
  const clock = manualClock()
  const factory = memoryStore()
  describeCacheStore('memory', () => ({
    open: (prefix) => openIn(factory, prefix, { clock: clock.now }),
    elapse: async (ms) => clock.advance(ms),
    now: clock.now,
  }))

  it('is bounded by entries: the least recently used go first', async () => {
    const store = openIn(memoryStore({ maxEntries: 3 }), 'p:')
    for (const name of ['a', 'b', 'c']) await store.fill(`p:query:${name}`, name, HOUR)
    await store.lookUp('p:query:a', [])
    await store.fill('p:query:d', 'd', HOUR)
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.peek(`p:query:${name}`)))
    expect(found).toEqual(['a', undefined, 'c', 'd'])
  })

  it('is bounded by bytes, and takes no entry that alone is more', async () => {
    const store = openIn(memoryStore({ maxBytes: 2000 }), 'p:')
    await store.fill('p:query:a', 'x'.repeat(600), HOUR)
    await store.fill('p:query:b', 'x'.repeat(600), HOUR)
    expect(await store.peek('p:query:a')).toBeUndefined()
    expect(await store.peek('p:query:b')).toBeDefined()
    await store.fill('p:query:b', 'x'.repeat(1200), HOUR)
    expect(await store.peek('p:query:b')).toBeUndefined()
  })
})

describeLocalCopies('Redis', () => new Redis(server.url) as RedisClient)

describeRedisStore('Redis, ioredis 6', {
  connect: () => new Redis(server.url) as RedisClient,
  servers: () => [server],
})

describeRedisStore('Redis, ioredis 5', {
  connect: () => new Redis5(server.url) as RedisClient,
  servers: () => [server],
})

describe('a Redis that cannot be asked', () => {
  it('makes every method reject', async () => {
    const client = new Redis(server.url, { lazyConnect: true, retryStrategy: () => null })
    await client.connect()
    const store = openIn(redisStore(client as RedisClient), freshNamespace())
    client.disconnect()
    await expect(store.lookUp('a', ['User'])).rejects.toThrow()
    await expect(store.fill('a', '1', 1000)).rejects.toThrow()
    await expect(store.bump(['User'])).rejects.toThrow()
    await expect(store.remove(['a'])).rejects.toThrow()
    await expect(store.peek('a')).rejects.toThrow()
    await expect(store.clear()).rejects.toThrow()
    await expect(store.ping()).rejects.toThrow()
    await expect(store.scan('*')[Symbol.asyncIterator]().next()).rejects.toThrow()
  })

  it('is not waited for while the client looks for it', async () => {
    const gone = await startRedis()
    const client = new Redis(gone.url, { retryStrategy: () => 60_000 })
    client.on('error', () => {})
    const store = openIn(redisStore(client as RedisClient), freshNamespace())
    await store.ping()
    const lost = new Promise((resolve) => client.once('reconnecting', resolve))
    await gone.stop()
    await lost
    await expect(withTimeout(store.lookUp('a', ['User']), 'a refusal')).rejects.toThrow(StoreUnavailableError)
    await expect(withTimeout(store.bump(['User']), 'a refusal')).rejects.toThrow(StoreUnavailableError)
    client.disconnect()
  })

  it('with a key prefix of its own is refused, Cluster too: SCAN would not see it', () => {
    const single = new Redis(server.url, { lazyConnect: true, keyPrefix: 'app:' })
    const spread = new Cluster([server], { lazyConnect: true, redisOptions: { keyPrefix: 'app:' } })
    for (const client of [single, spread]) {
      expect(() => redisStore(client as unknown as RedisClient)).toThrow(CacheConfigError)
    }
  })
})

describe('patterns', () => {
  it('mean in this process what they mean in Redis', async () => {
    const prefix = freshNamespace()
    // A database of its own: each SCAN here walks all of it.
    const redis = new Redis(server.url, { db: 1 })
    const textOf = (parts: string) =>
      fc.array(fc.constantFrom(...parts.split(' ')), { maxLength: 6 }).map((all) => all.join(''))
    const names = textOf('a b c - ] [ ^ * ? \\ . $ {')
    const patterns = textOf('a c * ? [ab] [^ab] [a-c] [.$] [a\\]] \\* \\[ ] ^ $ . {')
    try {
      await fc.assert(
        fc.asyncProperty(
          fc.array(patterns, { minLength: 10 }),
          fc.uniqueArray(names, { minLength: 10 }),
          async (all, some) => {
            const keys = some.map((name) => prefix + name)
            await redis.mset(...keys.flatMap((key) => [key, '1']))
            for (const pattern of all.map((one) => globLiteral(prefix) + one)) {
              const [, found] = await redis.scan('0', 'MATCH', pattern, 'COUNT', 1_000_000)
              const ours = keys.filter((key) => globExpression(pattern).test(key))
              expect(ours.sort()).toEqual(found.sort())
            }
            await redis.unlink(...keys)
          },
        ),
        { numRuns: 25, seed: 7 },
      )
    } finally {
      redis.disconnect()
    }
  })

  it('made of a text find that text alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (text, other) => {
        expect(globExpression(globLiteral(text)).test(text)).toBe(true)
        if (other !== text) expect(globExpression(globLiteral(text)).test(other)).toBe(false)
      }),
      { seed: 7 },
    )
  })
})
