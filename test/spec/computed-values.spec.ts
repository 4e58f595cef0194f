import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import {
  type CacheControl,
  type CacheEvent,
  type CacheOptions,
  createCache,
  memoryStore,
  redisStore,
  type StoreFactory,
} from '../../src/index.ts'
import { connectRedis } from '../../src/stores/redis/connect.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'

/** A function that ends when the test says. */
function held<T>() {
  const runs: { readonly end: (value: T) => void; readonly fail: (error: unknown) => void }[] = []
  const begun: (() => void)[] = []
  const run = () =>
    new Promise<T>((resolve, reject) => {
      runs.push({ end: resolve, fail: reject })
      begun.shift()?.()
    })
  const next = () => new Promise<void>((resolve) => begun.push(resolve))
  return { run, runs, next }
}

describe.each(['memory', 'redis', 'near'] as const)('values that are computed (%s)', (kind) => {
  const caches: CacheControl[] = []
  let client: RedisClient
  let shared: StoreFactory
  let prefix: string
  let clock: ReturnType<typeof manualClock>
  let events: CacheEvent[]
  let cache: CacheControl
  let runs: number
  const compute = () => {
    runs += 1
    return { run: runs }
  }
  beforeAll(() => {
    client = connectRedis(inject('servers').redisUrl)
  })
  beforeEach(() => {
    shared = kind === 'memory' ? memoryStore({ maxEntries: 500 }) : redisStore(client)
    prefix = freshNamespace()
    clock = manualClock()
    events = []
    runs = 0
    cache = open()
    cache.on('*', (event) => events.push(event))
  })
  afterAll(async () => {
    await Promise.all(caches.map((one) => one.disconnect()))
    client.disconnect()
  })

  /** As one more process that shares the store. */
  function open(options: CacheOptions = {}): CacheControl {
    const near = kind === 'near' && ({ near: 'push' } as const)
    const same = { configFile: false, store: shared, prefix, clock: clock.now, breaker: { quarantineMs: 0 } } as const
    const plain = { defaults: { jitter: 0 }, timeoutMs: 20_000, lease: false } as const
    const one = createCache({ ...same, ...near, ...plain, ...options })
    caches.push(one)
    return one
  }
  const told = (type: CacheEvent['type']) => events.filter((event) => event.type === type)

  it('are computed once, kept, and computed again when their time is over', async () => {
    const read = () => cache.getOrSet('a', compute, { ttl: 10 })
    expect(await read()).toEqual({ run: 1 })
    await cache.settled()
    expect(await read()).toEqual({ run: 1 })
    expect(await cache.get('a')).toEqual({ run: 1 })
    clock.advance(10_000)
    expect(await cache.get('a')).toBeUndefined()
    expect(await read()).toEqual({ run: 2 })
    await cache.settled()
    expect(cache.stats().models['$data']?.['getOrSet']).toMatchObject({ hit: 1, miss: 2, fill: 2 })
  })

  it('are computed once for a hundred calls of one moment, each given a copy', async () => {
    const { run, runs: begun, next } = held<{ list: number[] }>()
    const first = next()
    const calls = Promise.all(Array.from({ length: 100 }, () => cache.getOrSet('a', run, { tags: ['t'] })))
    await first
    begun[0]?.end({ list: [1] })
    const values = await calls
    expect(begun).toHaveLength(1)
    expect(new Set(values).size).toBe(100)
    expect(values.every(({ list }) => list.length === 1 && list[0] === 1)).toBe(true)
    expect(told('miss').filter((event) => 'coalesced' in event && event.coalesced)).toHaveLength(99)
  })

  it('share an error, and an `undefined`, with those who waited, and keep neither', async () => {
    const error = new Error('no')
    const failing = () => {
      runs += 1
      throw error
    }
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => cache.getOrSet('a', failing)))
    expect(new Set(outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason : null)))).toEqual(
      new Set([error]),
    )
    expect(runs).toBe(1)
    const nothing = () => void (runs += 1)
    expect(await Promise.all(Array.from({ length: 10 }, () => cache.getOrSet('a', nothing)))).toEqual(
      Array(10).fill(undefined),
    )
    expect(runs).toBe(2)
    expect(await cache.getOrSet('a', compute)).toEqual({ run: 3 })
  })

  it('keep null for `nullTtl`, and not at all where that is 0', async () => {
    const none = () => {
      runs += 1
      return null
    }
    const read = (nullTtl?: number) => cache.getOrSet(`null ${nullTtl}`, none, { ttl: 600, nullTtl })
    for (let i = 0; i < 2; i += 1) expect(await read(5)).toBeNull()
    expect(runs).toBe(1)
    expect(await cache.has('null 5')).toBe(true)
    clock.advance(5000)
    expect(await read(5)).toBeNull()
    expect(runs).toBe(2)
    for (let i = 0; i < 2; i += 1) expect(await read(0)).toBeNull()
    expect(runs).toBe(4)
  })

  it('are served stale for `swr` while one call computes them behind, its error told by an event', async () => {
    let fails = false
    const flaky = () => {
      if (fails) throw new Error('later')
      return compute()
    }
    const read = () => cache.getOrSet('a', flaky, { ttl: 10, swr: 60 })
    await read()
    await cache.settled()
    clock.advance(20_000)
    fails = true
    expect(await read()).toEqual({ run: 1 })
    await cache.settled()
    expect(events).toContainEqual(expect.objectContaining({ type: 'error', during: 'refresh', model: '$data' }))
    fails = false
    expect(await read()).toEqual({ run: 1 })
    await cache.settled()
    expect(await read()).toEqual({ run: 2 })
    expect(told('stale')).toHaveLength(2)
  })

  it('are computed anew with `refresh`, and replaced', async () => {
    await cache.getOrSet('a', compute)
    expect(await cache.getOrSet('a', compute, { refresh: true })).toEqual({ run: 2 })
    await cache.settled()
    expect(await cache.getOrSet('a', compute)).toEqual({ run: 2 })
  })

  it.each<[string, (other: CacheControl) => PromiseLike<unknown>]>([
    ['its tag', (other) => other.invalidate({ tags: ['team'] })],
    ['what its tag lies under', (other) => other.invalidate({ tags: ['team:5'] })],
    ['its namespace', (other) => other.invalidate({ namespace: 'shop' })],
    ['its model', (other) => other.invalidate({ models: ['User'] })],
    ['its key', (other) => other.invalidate({ keys: ['data:a'] })],
    ['a delete', (other) => other.delete('a')],
    ['another value', (other) => other.set('a', 'set meanwhile')],
    ['everything', (other) => other.clear()],
  ])('across an invalidation are returned, and never served afterwards: %s', async (_, invalidate) => {
    const other = open()
    const options = { tags: ['team', 'team:5:x'], namespace: 'shop', models: ['User'] }
    await cache.getOrSet('a', () => 'first', options)
    await cache.delete('a')
    const { run, runs: begun, next } = held<string>()
    const first = next()
    const before = cache.getOrSet('a', run, options)
    await first
    await invalidate(other)
    const second = next()
    const after = cache.getOrSet('a', run, options)
    // Who comes after it waits for nobody who came before: it finds what was set, or computes for itself.
    await Promise.race([second, after])
    begun[0]?.end('old')
    begun[1]?.end('new')
    expect(await before).toBe('old')
    const seen = await after
    await cache.settled()
    expect(seen).toBe(begun.length > 1 ? 'new' : 'set meanwhile')
    expect([undefined, 'new', 'set meanwhile']).toContain(await cache.get('a'))
    expect([undefined, 'new', 'set meanwhile']).toContain(await other.get('a'))
    expect(await other.getOrSet('a', () => 'third', options)).not.toBe('old')
  })

  it('are not taken from an entry that does not depend on what the call names', async () => {
    // Kept for copies by the third.
    for (let i = 0; i < 4; i += 1) {
      await cache.getOrSet('a', () => 'untagged')
      await cache.settled()
    }
    expect(await cache.getOrSet('a', () => 'tagged', { tags: ['t'] })).toBe('tagged')
    await cache.settled()
    expect(await cache.getOrSet('a', () => 'again')).toBe('tagged')
    expect(await cache.get('a')).toBe('tagged')
    await cache.invalidate({ tags: ['t'] })
    expect(await cache.get('a')).toBeUndefined()
    expect(await open().get('a')).toBeUndefined()
  })

  it('may be served softly for their grace, and never after it', async () => {
    const read = () => cache.getOrSet('a', compute, { tags: ['t'] })
    await read()
    await cache.settled()
    await cache.invalidate({ tags: ['t'], soft: true, grace: 30 })
    expect(await cache.get('a')).toBeUndefined()
    expect(await read()).toEqual({ run: 1 })
    await cache.settled()
    expect(await read()).toEqual({ run: 2 })
  })

  it('that could not be given back are computed for each who asks', async () => {
    const made = () => new Map([[(runs += 1), 1]])
    const [one, other] = await Promise.all([cache.getOrSet('a', made), cache.getOrSet('a', made)])
    expect(one).toBeInstanceOf(Map)
    expect(other).not.toBe(one)
    expect(runs).toBe(2)
    expect(told('fill-skipped')[0]).toMatchObject({ reason: 'unsupported-value', model: '$data' })
  })

  it('are kept without the members that are undefined', async () => {
    const read = () => cache.getOrSet('a', () => ({ run: (runs += 1), none: undefined }))
    expect(await read()).toStrictEqual({ run: 1, none: undefined })
    await cache.settled()
    expect(await read()).toStrictEqual({ run: 1 })
  })

  it('are computed once among processes, where computing takes long', async () => {
    if (kind === 'memory') return
    const one = open({ lease: { minQueryMs: 0 } })
    const other = open({ lease: { minQueryMs: 0 } })
    const { run, runs: begun, next } = held<string>()
    const first = next()
    const calls = [one.getOrSet('a', run), other.getOrSet('a', run)]
    await first
    begun[0]?.end('shared')
    expect(await Promise.all(calls)).toEqual(['shared', 'shared'])
    expect(begun).toHaveLength(1)
  })

  it('are not kept with a `ttl` of 0', async () => {
    expect(await cache.getOrSet('a', compute, { ttl: 0 })).toEqual({ run: 1 })
    expect(await cache.getOrSet('a', compute, { ttl: 0 })).toEqual({ run: 2 })
    expect(told('bypass')[0]).toMatchObject({ reason: 'call-disabled' })
  })

  describe('by a wrapped function', () => {
    it('are kept by its arguments', async () => {
      const add = cache.wrap((a: number, b?: { n?: bigint | undefined; at?: Date }) => `${(runs += 1)}: ${a} ${b?.n}`, {
        name: 'add',
      })
      expect(await add(1)).toBe('1: 1 undefined')
      expect(await add(1, undefined)).toBe('1: 1 undefined')
      expect(await add(1, { n: 1n, at: new Date(5) })).toBe('2: 1 1')
      expect(await add(1, { at: new Date(5), n: 1n })).toBe('2: 1 1')
      expect(await add(1, { at: new Date(6), n: 1n })).toBe('3: 1 1')
      expect(cache.stats().models['$data']?.['add']).toMatchObject({ hit: 2, miss: 3 })
      expect(add.key(1)).toMatch(/^add:/)
      expect(await cache.get(add.key(1))).toBe('1: 1 undefined')
    })

    it('can be skipped, refreshed and forgotten call by call', async () => {
      const load = cache.wrap(async (id: number) => `${id}, run ${(runs += 1)}`, { name: 'load', ttl: 60 })
      await load(1)
      expect(await load.skipCache(1)).toBe('1, run 2')
      expect(await load(1)).toBe('1, run 1')
      expect(await load.refresh(1)).toBe('1, run 3')
      await cache.settled()
      expect(await load(1)).toBe('1, run 3')
      await load(2)
      await load.invalidate(1)
      expect(await load(1)).toBe('1, run 5')
      expect(await load(2)).toBe('2, run 4')
    })

    it('may have a key, tags and rows made of the arguments', async () => {
      const load = cache.wrap((team: number, id: number) => `${team} ${id} ${(runs += 1)}`, {
        name: 'member',
        key: (team, id) => `member:${team}:${id}`,
        tags: (team) => [`team:${team}`],
        rows: (_, id) => ({ User: { id } }),
      })
      await Promise.all([load(1, 1), load(1, 2), load(2, 3)])
      await cache.settled()
      expect(await cache.get('member:1:2')).toBe('1 2 2')
      await cache.invalidate({ tags: ['team:1'] })
      expect(await load(2, 3)).toBe('2 3 3')
      expect(await load(1, 1)).toBe('1 1 4')
    })

    it('are not kept where the arguments have no text, or a builder fails; the call does not', async () => {
      const any = cache.wrap((value: unknown) => `${typeof value} ${(runs += 1)}`, { name: 'any' })
      class Odd {}
      const loop: unknown[] = []
      loop.push(loop)
      expect(await any(() => 1)).toBe('function 1')
      expect(await any(new Odd())).toBe('object 2')
      expect(await any(Symbol('x'))).toBe('symbol 3')
      await any.invalidate(new Odd())
      expect(() => any.key(new Odd())).toThrow(/`key`.*no text/)
      expect(cache.stats().bypasses).toEqual({ 'unsupported-argument': 3 })
      expect(await any(loop)).toBe('object 4')
      const fails = cache.wrap(() => (runs += 1), {
        key: () => {
          throw new Error('no key')
        },
      })
      expect(await fails()).toBe(5)
      for (const key of ['', '~x', 5])
        expect(await cache.wrap(() => (runs += 1), { key: () => key as string })()).toBe(runs)
      expect(await cache.wrap(() => 'x', { name: 'x', tags: () => 'no list' as never })()).toBe('x')
      expect(cache.stats().bypasses).toMatchObject({ 'key-failed': 6 })
      expect(told('error')).toHaveLength(6)
    })

    it('hand `this` on', async () => {
      class Users {
        readonly prefix = 'user'
        readonly find = cache.wrap(this.load, { name: 'find' })
        async load(this: { prefix: string }, id: number) {
          return `${this.prefix} ${id} ${(runs += 1)}`
        }
      }
      const users = new Users()
      expect(await users.find(1)).toBe('user 1 1')
      expect(await users.find(1)).toBe('user 1 1')
      expect(await users.find.skipCache.call(users, 1)).toBe('user 1 2')
    })

    it('reject with what the function throws', async () => {
      const fail = cache.wrap(
        (): number => {
          throw new RangeError('mine')
        },
        { name: 'fail' },
      )
      await expect(fail()).rejects.toThrow(RangeError)
    })
  })
})

describe('what a cached function is given', () => {
  const cache = createCache({ configFile: false, store: memoryStore({ maxEntries: 10 }) })

  it.each<[string, () => unknown, RegExp]>([
    ['no function', () => cache.wrap('x' as never, { name: 'x' }), /`wrap`: got "x".*function/],
    ['neither name nor key', () => cache.wrap(() => 1, {}), /`wrap`.*Give a `name` or a `key`/],
    ['a key that is no function', () => cache.wrap(() => 1, { key: 'x' as never }), /`wrap.key`/],
    ['an unknown option', () => cache.wrap(() => 1, { name: 'x', maxAge: 5 } as never), /`wrap.maxAge`/],
    ['a time that is none', () => cache.wrap(() => 1, { name: 'x', swr: 'soon' as never }), /`wrap.swr`/],
    ['nothing to compute', () => cache.getOrSet('x', 5 as never), /`getOrSet`.*function/],
    ['an unknown option of getOrSet', () => cache.getOrSet('x', () => 1, { key: 'y' } as never), /`getOrSet.key`/],
  ])('refuses %s', async (_, call, message) => {
    await expect((async () => call())()).rejects.toThrow(message)
  })
})
