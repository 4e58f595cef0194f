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
import { isCurrent, LOCKED, type SeenTag } from '../../src/tags/tag-clocks.ts'
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
    await eventually(isAsked, 10_000, 'the first answer')
  })
  afterAll(() => client.disconnect())
  const near = (far: StoreFactory) =>
    nearTier(far, { coherence, maxEntries: 1000, maxBytes: 10_000_000, heartbeatMs: 1000 })
  describeCacheStore(`${coherence} near, ${place}`, () => ({
    open: (prefix) => openIn(near(redisStore(client)), prefix),
    elapse: sleep,
    now: Date.now,
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
        test: 'a look-up is one MGET and one script',
        reason: 'neither can span slots: one a slot, sent to their nodes at the same time',
      },
    ],
  },
  'Redis Cluster, ioredis 5': {
    connect: () => new Cluster5(cluster.addresses) as unknown as RedisClient,
    servers: mastersOf,
    deviations: [
      {
        test: 'a look-up is one MGET and one script',
        reason: 'neither can span slots: one a slot, sent to their nodes at the same time',
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
      await eventually(isAsked, 10_000, 'the first answer')
    }
  })
  afterAll(() => {
    for (const client of pair) client.disconnect()
  })
  const client = () => pair[turn++ % 2] as RedisClient

  describeCacheStore(
    title,
    (): StorePlace => ({ open: (prefix) => openIn(redisStore(client()), prefix), elapse: sleep, now: Date.now }),
  )

  describe('in the words of Redis', () => {
    let prefix: string
    let store: CacheStore
    let admins: Redis[]
    beforeEach(async () => {
      admins = servers().map(({ url }) => new Redis(url))
      prefix = freshNamespace()
      clockKey = `${prefix}clock:{User}`
      store = openIn(redisStore(pair[0] as RedisClient), prefix, { tagTtlMs: HOUR })
      await store.ping()
    })
    afterEach(() => {
      for (const admin of admins) admin.disconnect()
    })
    const key = (name: string) => `${prefix}query:User:findMany:${name}`
    let clockKey: string
    const stampOf = (clock: SeenTag | undefined) =>
      clock === undefined || clock === LOCKED ? undefined : { epoch: clock.epoch, clock: clock.now }
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

    promise('a look-up is one MGET and one script', async () => {
      const tags = ['User', 'User:id=1', 'Post', '#x']
      await store.lookUp(undefined, tags)
      const { mget, evalsha } = await commandsOf(() =>
        Promise.all(Array.from({ length: 10 }, (_, i) => store.lookUp(key(`n${i % 2}`), tags))),
      )
      expect({ mget, evalsha }).toEqual({ mget: 1, evalsha: 1 })
    })

    promise('scanning, removing and clearing never say KEYS, DEL or FLUSHDB', async () => {
      for (let i = 0; i < 300; i += 1) await store.fill(key(`n${i}`), '1', HOUR)
      await store.lookUp(undefined, ['User', 'Post'])
      const seen = await commandsOf(async () => {
        for await (const _ of store.scan(`${prefix}query:*`));
        await store.remove([key('n1')])
        await store.clear()
      })
      // What clearing tells whoever keeps copies.
      const known = ['eval', 'evalsha', 'publish', 'scan', 'unlink']
      expect(Object.keys(seen).filter((name) => !known.includes(name))).toEqual([])
    })

    promise('clearing leaves every key that is not its own', async () => {
      const foreign = [
        `${prefix}session:1`,
        `${prefix}query`,
        `${prefix}clocked`,
        `x${prefix}query:a`,
        prefix.slice(0, -1),
      ]
      for (const name of foreign) await pair[0]?.call('SET', name, 'theirs')
      await store.fill(key('a'), '1', HOUR)
      expect(await store.clear()).toBe(1)
      for (const name of foreign) expect(await pair[0]?.call('GET', name)).toBe('theirs')
    })

    promise('an invalidation costs the same with 10 entries and with 10 000', async () => {
      const tags = ['User', 'User:*', 'User:id=1', 'Post', '#mine']
      await store.lookUp(undefined, tags)
      const fillTo = (from: number, to: number) =>
        Promise.all(Array.from({ length: to - from }, (_, i) => store.fill(key(`n${from + i}`), '1', HOUR)))
      await fillTo(0, 10)
      await store.bump(tags)
      const few = await commandsOf(() => store.bump(tags))
      await fillTo(10, 10_000)
      const many = await commandsOf(() => store.bump(tags))
      expect(few['evalsha']).toBe(3)
      expect(many).toEqual(few)
      // Every store of every test walks through what is left.
      await store.clear()
    })

    promise('invalidating what nobody has looked up leaves nothing in memory', async () => {
      await store.bump(['User:id=1', 'User:id=2'])
      expect(await pair[0]?.call('EXISTS', clockKey)).toBe(0)
    })

    promise('every key has an end', async () => {
      await store.lookUp(undefined, ['User'])
      await store.register([{ model: 'User', text: 'name/name' }])
      await store.hold(['User'], 'writer', 1000)
      for (const kind of ['clock', 'marks', 'shapes']) {
        expect(await ttlOf(`${prefix}${kind}:{User}`)).toBeGreaterThan(HOUR / 2)
      }
      await store.fill(key('a'), '1', 5000)
      expect(await ttlOf(key('a'))).toBeGreaterThan(0)
    })

    promise('a record outlives the longest entry, once it is looked up', async () => {
      await store.lookUp(undefined, ['User'])
      await store.fill(key('long'), '1', 10 * HOUR)
      await store.fill(key('short'), '1', 1000)
      await store.lookUp(undefined, ['User'])
      expect(await ttlOf(clockKey)).toBeGreaterThan(await ttlOf(key('long')))
    })

    promise('what lies under a key of ours and is none of ours is replaced', async () => {
      for (const kind of ['clock', 'marks', 'shapes']) {
        await pair[0]?.call('DEL', `${prefix}${kind}:{User}`)
        await pair[0]?.call('LPUSH', `${prefix}${kind}:{User}`, 'theirs')
      }
      await store.register([{ model: 'User', text: 'name/name' }])
      const before = await store.lookUp(undefined, ['User'])
      await store.hold(['User'], 'writer', HOUR)
      await store.release('writer', ['User'], [])
      const after = await store.lookUp(undefined, ['User'])
      expect(after).not.toEqual(before)
      await pair[0]?.call('SET', clockKey, 'short')
      expect((await store.lookUp(undefined, ['User'])).clocks).not.toEqual(after.clocks)
    })

    for (const lost of ['marks', 'shapes'] as const) {
      promise(`a record that lost its ${lost} begins anew`, async () => {
        await store.register([{ model: 'User', text: 'name/name' }])
        await store.hold(['User'], 'writer', HOUR)
        const [{ clocks: before }] = await Promise.all([store.lookUp(undefined, ['User:id=1'])])
        await pair[0]?.call('DEL', `${prefix}${lost}:{User}`)
        await store.bump(['User'], [{ model: 'User', version: undefined }])
        const { clocks: after } = await store.lookUp(undefined, ['User:id=1'])
        expect(after).not.toEqual(before)
        expect(isCurrent(stampOf(before[0]), after[0])).toBe(false)
      })
    }

    promise('a clock at its end begins anew', async () => {
      const { clocks } = await store.lookUp(undefined, ['User'])
      await pair[0]?.call('BITFIELD', clockKey, 'SET', 'u32', '#3', String(2 ** 32 - 2))
      await store.bump(['Other:id=1', 'User:id=1'])
      const after = await store.lookUp(undefined, ['User'])
      expect(isCurrent(stampOf(clocks[0]), after.clocks[0])).toBe(false)
    })

    promise('an invalidation arrives where memory is full', async () => {
      const tags = Array.from({ length: 20 }, (_, i) => `User:id=${i}`)
      const before = (await store.lookUp(undefined, tags)).clocks.map(stampOf)
      const maxmemory = (bytes: string) => Promise.all(admins.map((admin) => admin.config('SET', 'maxmemory', bytes)))
      const current = async () => {
        const { clocks } = await store.lookUp(key('a'), tags)
        return tags.filter((_, i) => isCurrent(before[i], clocks[i]))
      }
      await maxmemory('1')
      try {
        await expect(store.fill(key('a'), '1', HOUR)).rejects.toThrow('OOM')
        expect(await current()).toEqual(tags)
        await store.bump(tags)
        expect(await current()).toEqual([])
      } finally {
        await maxmemory('0')
      }
      expect(await current()).toEqual([])
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
    await expect(withTimeout(store.lookUp('a', ['User']), 1000, 'a refusal')).rejects.toThrow(StoreUnavailableError)
    await expect(withTimeout(store.bump(['User']), 1000, 'a refusal')).rejects.toThrow(StoreUnavailableError)
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
