import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { nearTier } from '../../src/stores/near-tier.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { redisStore } from '../../src/stores/redis/redis-store.ts'
import type { CacheStore, StoreContext, StoreFactory } from '../../src/stores/store.ts'
import { isCurrent, LOCKED, type SeenTag } from '../../src/tags/tag-clocks.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { type Deviation, describeCacheStore, type StorePlace } from './cache-store-contract.ts'

export const HOUR = 3_600_000

export function openIn(factory: StoreFactory, prefix: string, over: Partial<StoreContext> = {}): CacheStore {
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

/** A Redis, or a cluster, that stores are opened on through one library. */
export interface RedisPlace {
  readonly connect: () => RedisClient
  /** Whose commands are counted: replicas run what their masters do once more. */
  readonly servers: () => readonly RedisServer[]
  readonly deviations?: readonly Deviation[]
}

/** What every store on Redis must do, and in which of Redis's words it does so. */
export function describeRedisStore(title: string, { connect, servers, deviations = [] }: RedisPlace): void {
  describe(title, () => {
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
      let clockKey: string
      const stampOf = (clock: SeenTag | undefined) =>
        clock === undefined || clock === LOCKED ? undefined : { epoch: clock.epoch, clock: clock.now }
      const key = (name: string) => `${prefix}query:User:findMany:${name}`
      const promise = (name: string, run: () => Promise<void>) =>
        it(name, ({ skip }) => {
          const deviation = deviations.find(({ test }) => test === name)
          if (deviation) skip(deviation.reason)
          return run()
        })

      /** Commands the servers have run since, by name; what clients say to find their way about is left out. */
      async function commandsOf(run: () => Promise<unknown>): Promise<Record<string, number>> {
        await Promise.all(admins.map((admin) => admin.config('RESETSTAT')))
        await run()
        const counts: Record<string, number> = {}
        for (const admin of admins) {
          for (const [, name = '', calls] of (await admin.info('commandstats')).matchAll(
            /cmdstat_(\S+?):calls=(\d+)/g,
          )) {
            if (/^(config|info|cluster|client|hello|select|command|auth|replconf)\b/.test(name)) continue
            counts[name] = (counts[name] ?? 0) + Number(calls)
          }
        }
        return counts
      }
      const ttlOf = async (name: string) => Number(await pair[0]?.call('PTTL', name))

      promise('a look-up is one script', async () => {
        const tags = ['User', 'User:id=1', 'Post', '#x']
        await store.lookUp(undefined, tags)
        const { evalsha, echo } = await commandsOf(() =>
          Promise.all(Array.from({ length: 10 }, (_, i) => store.lookUp(key(`n${i % 2}`), tags))),
        )
        expect({ evalsha, echo }).toEqual({ evalsha: 1, echo: undefined })
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
        const known = ['echo', 'eval', 'evalsha', 'publish', 'scan', 'unlink']
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
        await store.fill(key('long'), '1', 10 * HOUR, ['User'])
        await store.fill(key('short'), '1', 1000, ['User'])
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
        await pair[0]?.call('BITFIELD', clockKey, 'SET', 'u32', '#4', String(2 ** 32 - 2))
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
}

/** The contract again, with copies in the process before the Redis. */
export function describeLocalCopies(place: string, connect: () => RedisClient): void {
  describe.each(['revalidate', 'push'] as const)(`near copies of ${place} that are %s`, (coherence) => {
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
      now: Date.now,
    }))
  })
}
