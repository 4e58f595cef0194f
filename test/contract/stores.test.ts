import { setTimeout as sleep } from 'node:timers/promises'
import fc from 'fast-check'
import { Cluster, Redis } from 'ioredis'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis5'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CacheConfigError, StoreUnavailableError } from '../../src/errors.ts'
import { globExpression, globLiteral } from '../../src/stores/glob.ts'
import { memoryStore } from '../../src/stores/memory-store.ts'
import { nearTier } from '../../src/stores/near-tier.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { redisStore } from '../../src/stores/redis/redis-store.ts'
import type { CacheStore, StoreContext, StoreFactory } from '../../src/stores/store.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { type Deviation, describeCacheStore, type StorePlace } from './cache-store-contract.ts'

const HOUR = 3_600_000
const MASTERS = 3
let server: RedisServer
let cluster: RedisCluster
beforeAll(async () => {
  ;[server, cluster] = await Promise.all([startRedis(), startRedisCluster({ masters: MASTERS, replicasPerMaster: 1 })])
})
afterAll(() => Promise.all([server?.stop(), cluster?.stop()]))

function openIn(factory: StoreFactory, prefix: string, over: Partial<StoreContext> = {}): CacheStore {
  return factory({
    prefix,
    clock: Date.now,
    tagTtlMs: 24 * HOUR,
    graceMs: 0,
    waitReplicas: 0,
    timeoutMs: 1000,
    // No probes among the commands that are counted.
    connection: { connectTimeoutMs: 10_000, silenceMs: 10_000, writeCheckMs: HOUR },
    onError: () => {},
    ...over,
  })
}

describe('in this process', () => {
  const clock = manualClock()
  const factory = memoryStore()
  describeCacheStore('memory', () => ({
    open: (prefix) => openIn(factory, prefix, { clock: clock.now }),
    elapse: async (ms) => clock.advance(ms),
  }))

  it('is bounded by entries: the least recently used go first', async () => {
    const store = openIn(memoryStore({ maxEntries: 3 }), 'p:')
    for (const name of ['a', 'b', 'c']) await store.fill(`p:query:${name}`, name, [], HOUR)
    await store.lookUp('p:query:a', [])
    await store.fill('p:query:d', 'd', [], HOUR)
    const found = await Promise.all(['a', 'b', 'c', 'd'].map((name) => store.peek(`p:query:${name}`)))
    expect(found).toEqual(['a', undefined, 'c', 'd'])
  })

  it('is bounded by bytes, and takes no entry that alone is more', async () => {
    const store = openIn(memoryStore({ maxBytes: 2000 }), 'p:')
    await store.fill('p:query:a', 'x'.repeat(600), [], HOUR)
    await store.fill('p:query:b', 'x'.repeat(600), [], HOUR)
    expect(await store.peek('p:query:a')).toBeUndefined()
    expect(await store.peek('p:query:b')).toBeDefined()
    await store.fill('p:query:b', 'x'.repeat(1200), [], HOUR)
    expect(await store.peek('p:query:b')).toBeUndefined()
  })

  it('that forgets a version makes entries miss, never live again', async () => {
    const store = openIn(memoryStore({ maxEntries: 1 }), 'p:')
    const [version] = await store.ensureVersions(['User'])
    await store.ensureVersions(Array.from({ length: 1000 }, (_, i) => `User:id=${i}`))
    expect((await store.lookUp('p:query:a', ['User'])).versions).toEqual([null])
    expect(await store.ensureVersions(['User'])).not.toEqual([version])
  })
})

const farClients = {
  Redis: () => new Redis(server.url) as RedisClient,
  'a Redis Cluster': () => new Cluster(cluster.addresses) as unknown as RedisClient,
}

describe.each(
  (['validated', 'subscribed'] as const).flatMap((coherence) =>
    Object.entries(farClients).map(([place, connect]) => ({ coherence, place, connect })),
  ),
)('near copies of $place that are $coherence', ({ coherence, place, connect }) => {
  let client: RedisClient
  beforeAll(async () => {
    client = connect()
    const store = openIn(redisStore(client), freshNamespace())
    const isAsked = () => store.lookUp('a', ['User']).catch(() => store.ping().catch(() => {}))
    await eventually(isAsked, 'the first answer')
  })
  afterAll(() => client.disconnect())
  const near = (far: StoreFactory) =>
    nearTier(far, { coherence, maxEntries: 1000, maxBytes: 10_000_000, heartbeatMs: 1000 })
  describeCacheStore(`${coherence} near, ${place}`, () => ({
    open: (prefix) => openIn(near(redisStore(client)), prefix),
    elapse: sleep,
  }))
})

/** Replicas run what their masters do once more. */
const mastersOf = () => cluster.nodes.slice(0, MASTERS).map((node) => node.server)

const clients = {
  'Redis, ioredis 6': {
    connect: () => new Redis(server.url) as RedisClient,
    servers: () => [server],
    deviations: [],
  },
  'Redis, ioredis 5': {
    connect: () => new Redis5(server.url) as RedisClient,
    servers: () => [server],
    deviations: [],
  },
  'Redis Cluster, ioredis 6': {
    connect: () => new Cluster(cluster.addresses) as unknown as RedisClient,
    servers: mastersOf,
    deviations: [
      {
        test: 'a look-up is one command, MGET',
        reason: 'MGET cannot span slots: one GET a key, sent to their nodes at the same time',
      },
    ],
  },
  'Redis Cluster, ioredis 5': {
    connect: () => new Cluster5(cluster.addresses) as unknown as RedisClient,
    servers: mastersOf,
    deviations: [
      {
        test: 'a look-up is one command, MGET',
        reason: 'MGET cannot span slots: one GET a key, sent to their nodes at the same time',
      },
    ],
  },
} satisfies Record<
  string,
  { connect: () => RedisClient; servers: () => readonly RedisServer[]; deviations: readonly Deviation[] }
>

describe.each(Object.entries(clients))('%s', (title, { connect, servers, deviations }) => {
  // Two connections, as two processes would have; every other store is opened over the other one.
  let pair: RedisClient[]
  let turn = 0
  beforeAll(async () => {
    pair = [connect(), connect()]
    for (const one of pair) one.on?.('error', () => {})
    // A cluster's client drops connections while it finds out who is a master.
    for (const one of pair) {
      const store = openIn(redisStore(one), freshNamespace())
      const isAsked = () => store.lookUp('a', ['User']).catch(() => store.ping().catch(() => {}))
      await eventually(isAsked, 'the first answer')
    }
  })
  afterAll(() => {
    for (const client of pair) client.disconnect()
  })
  const client = () => pair[turn++ % 2] as RedisClient

  describeCacheStore(
    title,
    (): StorePlace => ({ open: (prefix) => openIn(redisStore(client()), prefix), elapse: sleep }),
  )

  describe('in the words of Redis', () => {
    let prefix: string
    let store: CacheStore
    let admins: Redis[]
    beforeEach(async () => {
      admins = servers().map(({ url }) => new Redis(url))
      prefix = freshNamespace()
      store = openIn(redisStore(pair[0] as RedisClient), prefix, { tagTtlMs: HOUR })
      await store.ping()
    })
    afterEach(() => {
      for (const admin of admins) admin.disconnect()
    })
    const key = (name: string) => `${prefix}query:User:findMany:${name}`
    const promise = (name: string, run: () => Promise<void>) =>
      it(name, ({ skip }) => {
        const deviation = (deviations as readonly Deviation[]).find(({ test }) => test === name)
        if (deviation) skip(deviation.reason)
        return run()
      })

    /** Commands the servers have run since, by name; what clients say to find their way about is left out. */
    async function commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
      await Promise.all(admins.map((admin) => admin.config('RESETSTAT')))
      await run()
      const counts: Record<string, number> = {}
      for (const admin of admins) {
        for (const [, name = '', calls] of (await admin.info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)) {
          if (/^(config|info|cluster|client|hello|select|command|auth|replconf)\b/.test(name)) continue
          counts[name] = (counts[name] ?? 0) + Number(calls)
        }
      }
      return counts
    }
    const ttlOf = async (name: string) => Number(await pair[0]?.call('PTTL', name))

    promise('a look-up is one command, MGET', async () => {
      expect(await commandsOf(() => store.lookUp(key('a'), ['User', 'User:id=1', '#x']))).toEqual({ mget: 1 })
    })

    promise('a look-up asks for each key once', async () => {
      const seen = await commandsOf(() =>
        Promise.all(Array.from({ length: 10 }, () => store.lookUp(key('a'), ['User', 'Post']))),
      )
      expect(seen['get'] ?? 3 * (seen['mget'] ?? 0)).toBe(3)
    })

    promise('scanning, removing and clearing never say KEYS, DEL or FLUSHDB', async () => {
      for (let i = 0; i < 300; i += 1) await store.fill(key(`n${i}`), '1', ['User'], HOUR)
      await store.ensureVersions(['User', 'Post'])
      const seen = await commandsOf(async () => {
        for await (const _ of store.scan(`${prefix}query:*`));
        await store.remove([key('n1')])
        await store.clear()
      })
      // `get` within the script that spares what a writer holds.
      const known = ['eval', 'evalsha', 'get', 'scan', 'unlink']
      expect(Object.keys(seen).filter((name) => !known.includes(name))).toEqual([])
    })

    promise('clearing leaves every key that is not its own', async () => {
      const foreign = [
        `${prefix}session:1`,
        `${prefix}query`,
        `${prefix}tagged`,
        `x${prefix}query:a`,
        prefix.slice(0, -1),
      ]
      for (const name of foreign) await pair[0]?.call('SET', name, 'theirs')
      await store.fill(key('a'), '1', ['User'], HOUR)
      expect(await store.clear()).toBe(1)
      for (const name of foreign) expect(await pair[0]?.call('GET', name)).toBe('theirs')
    })

    promise('an invalidation costs the same with 10 entries and with 10 000', async () => {
      const tags = ['User', 'User:*', 'User:id=1', 'Post', '#mine']
      await store.ensureVersions(tags)
      const fillTo = (from: number, to: number) =>
        Promise.all(Array.from({ length: to - from }, (_, i) => store.fill(key(`n${from + i}`), '1', tags, HOUR)))
      await fillTo(0, 10)
      await store.bump(tags)
      const few = await commandsOf(() => store.bump(tags))
      await fillTo(10, 10_000)
      const many = await commandsOf(() => store.bump(tags))
      expect(few).toEqual({ evalsha: expect.any(Number), get: tags.length, set: tags.length })
      expect(many).toEqual(few)
      // Every store of every test walks through what is left.
      await store.clear()
    })

    promise('invalidating a tag nobody holds leaves nothing in memory', async () => {
      await store.bump(['User:id=1', 'User:id=2'])
      expect(await pair[0]?.call('EXISTS', `${prefix}tag:User:id=1`)).toBe(0)
    })

    promise('every key has an end', async () => {
      await store.ensureVersions(['User'])
      expect(await ttlOf(`${prefix}tag:{User}`)).toBeGreaterThan(HOUR / 2)
      await store.fill(key('a'), '1', ['User'], 5000)
      expect(await ttlOf(key('a'))).toBeGreaterThan(0)
      await store.bump(['User'])
      expect(await ttlOf(`${prefix}tag:{User}`)).toBeGreaterThan(HOUR / 2)
    })

    promise('versions outlive the entries that hold them', async () => {
      await store.ensureVersions(['User'])
      await store.fill(key('long'), '1', ['User'], 10 * HOUR)
      expect(await ttlOf(`${prefix}tag:{User}`)).toBeGreaterThan(await ttlOf(key('long')))
    })

    promise('versions outlive the longest entry, also when a shorter one comes after it', async () => {
      await store.ensureVersions(['User'])
      await store.fill(key('long'), '1', ['User'], 10 * HOUR)
      await store.fill(key('short'), '1', ['User'], 1000)
      expect(await ttlOf(`${prefix}tag:{User}`)).toBeGreaterThan(await ttlOf(key('long')))
    })

    promise('an invalidation arrives where memory is full', async () => {
      const tags = Array.from({ length: 20 }, (_, i) => `User:id=${i}`)
      const before = await store.ensureVersions(tags)
      const maxmemory = (bytes: string) => Promise.all(admins.map((admin) => admin.config('SET', 'maxmemory', bytes)))
      await maxmemory('1')
      try {
        await expect(store.fill(key('a'), '1', tags, HOUR)).rejects.toThrow('OOM')
        await store.bump(tags)
        const { versions } = await store.lookUp(key('a'), tags)
        expect(versions.filter((version, i) => version === before[i])).toEqual([])
        // Without a version nothing may be stored: better no answer than one nobody can invalidate.
        await expect(store.ensureVersions(['User:id=0'])).rejects.toThrow()
      } finally {
        await maxmemory('0')
      }
      expect(await store.ensureVersions(tags)).not.toContain(null)
    })

    promise('closing leaves the application its client', async () => {
      await store.close()
      expect(await pair[0]?.call('PING')).toBe('PONG')
    })
  })
})

describe('a Redis that cannot be asked', () => {
  it('makes every method reject', async () => {
    const client = new Redis(server.url, { lazyConnect: true, retryStrategy: () => null })
    await client.connect()
    const store = openIn(redisStore(client as RedisClient), freshNamespace())
    client.disconnect()
    await expect(store.lookUp('a', ['User'])).rejects.toThrow()
    await expect(store.ensureVersions(['User'])).rejects.toThrow()
    await expect(store.fill('a', '1', ['User'], 1000)).rejects.toThrow()
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
    const spread = new Cluster(cluster.addresses, { lazyConnect: true, redisOptions: { keyPrefix: 'app:' } })
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
