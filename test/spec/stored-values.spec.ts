import { Decimal } from '@prisma/client/runtime/client'
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
import { digest } from '../../src/read/cache-key.ts'
import { connectRedis } from '../../src/stores/redis/connect.ts'
import type { RedisClient } from '../../src/stores/redis/redis-client.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'

describe.each(['memory', 'redis', 'near'] as const)('values by key (%s)', (kind) => {
  const caches: CacheControl[] = []
  let client: RedisClient
  let shared: StoreFactory
  let prefix: string
  let clock: ReturnType<typeof manualClock>
  let events: CacheEvent[]
  let cache: CacheControl
  beforeAll(() => {
    client = connectRedis(inject('servers').redisUrl)
  })
  beforeEach(() => {
    shared = kind === 'memory' ? memoryStore({ maxEntries: 500 }) : redisStore(client)
    prefix = freshNamespace()
    clock = manualClock()
    events = []
    cache = open()
    cache.on('*', (event) => events.push(event))
  })
  afterAll(async () => {
    await Promise.all(caches.map((one) => one.disconnect()))
    client.disconnect()
  })

  /** As one more process that shares the store. */
  function open(options: CacheOptions = {}): CacheControl {
    const near = kind === 'near' && ({ near: 'revalidate' } as const)
    const same = { configFile: false, store: shared, prefix, clock: clock.now, breaker: { quarantineMs: 0 } } as const
    const one = createCache({ ...same, ...near, timeoutMs: 20_000, ...options })
    caches.push(one)
    return one
  }
  const told = () => events.map(({ type }) => type)

  it('are kept, found, listed and removed', async () => {
    expect(await cache.get('a')).toBeUndefined()
    expect(await cache.has('a')).toBe(false)
    expect(await cache.set('a', { n: 1 })).toBe(true)
    expect(await cache.get('a')).toEqual({ n: 1 })
    expect(await cache.has('a')).toBe(true)
    expect(await cache.keys()).toEqual([`${prefix}data:a`])
    expect(await cache.keys({ pattern: 'data:?' })).toEqual([`${prefix}data:a`])
    expect(await cache.keys({ pattern: 'a' })).toEqual([])
    expect(await cache.inspect('data:a')).toMatchObject({ key: `${prefix}data:a` })
    expect(await cache.delete('a')).toBe(true)
    expect(await cache.delete('a')).toBe(false)
    expect(await cache.get('a')).toBeUndefined()
    expect(cache.stats().models['$data']?.['get']).toMatchObject({ hit: 1, miss: 2 })
    expect(events.find(({ type }) => type === 'hit')).toMatchObject({
      model: '$data',
      operation: 'get',
      key: `${prefix}data:a`,
    })
  })

  it.each([
    ['null', null],
    ['an integer', -12],
    ['a fraction', 1.5],
    ['zero below zero', -0],
    ['an empty text', ''],
    ['a text of digits', '5'],
    ['a Date', new Date(1_700_000_000_000)],
    ['a bigint', 2n ** 70n],
    ['bytes', new Uint8Array([1, 2, 255])],
    ['a Decimal', new Decimal('0.10')],
    ['a list', [1, null, 'x', new Date(0)]],
    ['an object', { a: 1n, nested: { at: new Date(5), list: [{ price: new Decimal(2) }] } }],
    ['a member called __proto__', JSON.parse('{"__proto__":{"admin":true}}')],
  ])('come back as they were: %s', async (_, value) => {
    expect(await cache.set('v', value)).toBe(true)
    expect(await cache.get('v')).toStrictEqual(value)
    // One process more, which has not seen it.
    expect(await open().get('v')).toStrictEqual(value)
  })

  it.each([2 ** 53, 1e21, -1e300, Number.MAX_VALUE])('are numbers of any size: %d', async (value) => {
    expect(await cache.set('a', value)).toBe(true)
    expect(await cache.get('a')).toBe(value)
    // Beyond what can be counted to the last digit.
    expect(await cache.increment('a')).toBeUndefined()
  })

  it('lose members that are undefined, as in JSON', async () => {
    expect(await cache.set('v', { a: undefined, b: [{ c: undefined, d: 1 }] })).toBe(true)
    expect(await cache.get('v')).toStrictEqual({ b: [{ d: 1 }] })
  })

  it.each<[string, unknown, string]>([
    ['undefined', undefined, 'undefined'],
    ['a place in a list that is undefined', [1, undefined], 'unsupported-value'],
    ['an instance of a class', new (class A {})(), 'unsupported-value'],
    ['a Map', new Map(), 'unsupported-value'],
    ['a value that contains itself', circular(), 'unsupported-value'],
    ['what is too large', 'x'.repeat(2000), 'oversize'],
  ])('are not stored when they could not be given back: %s', async (_, value, reason) => {
    const small = open({ maxValueBytes: 1000 })
    small.on('*', (event) => events.push(event))
    expect(await small.set('v', value)).toBe(false)
    expect(await small.get('v')).toBeUndefined()
    expect(events).toContainEqual(expect.objectContaining({ type: 'fill-skipped', model: '$data', reason }))
  })

  it('are another copy each time', async () => {
    const value = { list: [1] }
    await cache.set('a', value)
    value.list.push(2)
    const first = await cache.get<typeof value>('a')
    first?.list.push(3)
    expect(await cache.get('a')).toEqual({ list: [1] })
  })

  it('end with their time, a minute where none is said', async () => {
    await cache.set('short', 'x', { ttl: 5 })
    await cache.set('plain', 'x')
    await cache.set('named', 'x', { ttl: 'hour' })
    await cache.set('none', 'x', { ttl: 0 })
    expect(await cache.has('none')).toBe(false)
    clock.advance(5000)
    expect(await cache.mget(['short', 'plain', 'named'])).toEqual([undefined, 'x', 'x'])
    clock.advance(55_000)
    expect(await cache.mget(['short', 'plain', 'named'])).toEqual([undefined, undefined, 'x'])
  })

  it('are invalidated by tag, by namespace, by key and by pattern', async () => {
    const fill = async () => {
      await cache.mset({ a: 'a', b: 'b' }, { tags: ['team:5', 'has space,comma#'] })
      await cache.set('c', 'c', { namespace: 'shop' })
      await cache.set('d', 'd')
    }
    const left = async (one = cache) => Object.keys(await present(one))
    const present = async (one: CacheControl) => {
      const names = ['a', 'b', 'c', 'd']
      const values = await one.mget(names)
      return Object.fromEntries(names.map((name, i) => [name, values[i]]).filter(([, value]) => value !== undefined))
    }
    const other = open()
    for (const [target, rest] of [
      [{ tags: ['team'] }, ['c', 'd']],
      [{ tags: ['has space,comma#'] }, ['c', 'd']],
      [{ namespace: 'shop' }, ['a', 'b', 'd']],
      [{ keys: ['data:a', `${prefix}data:d`] }, ['b', 'c']],
      [{ pattern: 'data:[ab]' }, ['c', 'd']],
      [{ models: ['User'] }, ['a', 'b', 'c', 'd']],
    ] as const) {
      await fill()
      expect(await left()).toEqual(['a', 'b', 'c', 'd'])
      await other.invalidate(target)
      expect(await left(), JSON.stringify(target)).toEqual(rest)
      expect(await left(other), JSON.stringify(target)).toEqual(rest)
    }
    await fill()
    expect(await cache.clear()).toEqual({ keys: 4 })
    expect(await left()).toEqual([])
  })

  it('that were written over by another process are seen at once', async () => {
    const other = open()
    await cache.set('a', { n: 1 })
    expect(await other.get('a')).toEqual({ n: 1 })
    expect(await other.get('a')).toEqual({ n: 1 })
    await cache.set('a', { n: 2 })
    expect(await other.get('a')).toEqual({ n: 2 })
    expect(await other.getOrSet('a', () => ({ n: 3 }))).toEqual({ n: 2 })
    await cache.set('a', { n: 4 })
    expect(await other.getOrSet('a', () => ({ n: 5 }))).toEqual({ n: 4 })
    await cache.delete('a')
    expect(await other.get('a')).toBeUndefined()
    // Also by those who compute what is not there, however often they have read it.
    for (const n of [6, 7, 8]) {
      await cache.set('b', { n })
      for (let i = 0; i < 4; i += 1) expect(await other.getOrSet('b', () => ({ n: 0 }))).toEqual({ n })
    }
  })

  it('have any key: long, odd, of somebody else’s making', async () => {
    const keys = [
      'a b\nc',
      '{x}:{y}',
      '*',
      'ü😀',
      '%23',
      'x'.repeat(600),
      'x'.repeat(601),
      'x'.repeat(100_000),
      // What a long one is kept by.
      digest('x'.repeat(601)),
      'query:User:findMany:1',
      'constructor',
    ]
    expect(await cache.mset(keys.map((key, i) => [key, `value ${i}`] as const))).toBe(true)
    expect(await cache.mget(keys)).toEqual(keys.map((_, i) => `value ${i}`))
    expect(await cache.delete('*')).toBe(true)
    expect((await cache.mget(keys)).filter((value) => value === undefined)).toHaveLength(1)
    expect((await cache.keys()).every((key) => key.length < 600)).toBe(true)
  })

  it('of several keys come in the order asked for, and as often', async () => {
    await cache.mset(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    expect(await cache.mget(['b', 'none', 'a', 'b'])).toEqual([2, undefined, 1, 2])
    expect(await cache.mset({ a: 1, bad: undefined })).toBe(false)
    expect(await cache.mget([])).toEqual([])
    expect(await cache.mset({})).toBe(true)
  })

  it('lie apart by scope and version', async () => {
    let tenant = 'one'
    const scoped = open({ vary: () => tenant })
    const versioned = open({ version: '2' })
    await Promise.all([scoped.set('a', 'of one'), versioned.set('a', 'of 2'), cache.set('a', 'plain')])
    expect(await open({ version: '3' }).get('a')).toBeUndefined()
    expect(await open({ version: '2', vary: () => 'one' }).get('a')).toBeUndefined()
    tenant = 'two'
    expect(await scoped.get('a')).toBeUndefined()
    tenant = 'one'
    expect(await scoped.get('a')).toBe('of one')
    expect(await versioned.get('a')).toBe('of 2')
    expect(await cache.get('a')).toBe('plain')
    const lost = open({
      vary() {
        throw new Error('no request')
      },
    })
    expect(await lost.set('a', 1)).toBe(false)
    expect(await lost.get('a')).toBeUndefined()
    expect(await lost.getOrSet('a', () => 7)).toBe(7)
    expect(lost.stats().bypasses).toEqual({ 'vary-failed': 3 })
  })

  describe('that are counters', () => {
    it('count whoever counts, and are read as numbers', async () => {
      const others = [cache, open(), open()]
      const sums = await Promise.all(Array.from({ length: 60 }, (_, i) => others[i % 3]?.increment('n')))
      expect(sums.toSorted((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
      expect(await cache.increment('n', -100)).toBe(-40)
      expect(await cache.get('n')).toBe(-40)
      expect(await cache.mget(['n'])).toEqual([-40])
      expect(await cache.has('n')).toBe(true)
      expect(await cache.delete('n')).toBe(true)
      expect(await cache.increment('n')).toBe(1)
    })

    it('begin where an integer was set', async () => {
      await cache.set('stock', 10)
      expect(await cache.increment('stock', -3)).toBe(7)
      expect(await cache.getOrSet('stock', () => 0)).toBe(7)
      await cache.set('stock', 1)
      expect(await cache.get('stock')).toBe(1)
    })

    it('do not count what is no counter, and say so', async () => {
      await cache.mset({ text: '5', object: { n: 1 }, half: 0.5 })
      await cache.set('tagged', 5, { tags: ['x'] })
      for (const key of ['text', 'object', 'half', 'tagged']) expect(await cache.increment(key), key).toBeUndefined()
      expect(told().filter((type) => type === 'error')).toHaveLength(4)
      expect(await cache.get('tagged')).toBe(5)
      await cache.set('large', Number.MAX_SAFE_INTEGER - 1)
      expect(await cache.increment('large')).toBe(Number.MAX_SAFE_INTEGER)
    })

    it('live from their first step on', async () => {
      expect(await cache.increment('window', 1, { ttl: 60 })).toBe(1)
      expect(await cache.increment('window', 1, { ttl: 9999 })).toBe(2)
      expect(await cache.increment('for ever')).toBe(1)
      if (kind === 'memory') {
        clock.advance(60_000)
        expect(await cache.increment('window', 1, { ttl: 60 })).toBe(1)
        clock.advance(1e10)
        expect(await cache.get('for ever')).toBe(1)
      } else {
        const left = Number(await client.call('PTTL', `${prefix}data:window`))
        expect(left).toBeGreaterThan(50_000)
        expect(left).toBeLessThanOrEqual(60_000)
        expect(await client.call('PTTL', `${prefix}data:for ever`)).toBe(-1)
      }
    })
  })
})

describe('values by key', () => {
  const cache = createCache({ configFile: false, store: memoryStore({ maxEntries: 10 }) })

  it.each<[string, () => PromiseLike<unknown>, RegExp]>([
    ['an empty key', () => cache.get(''), /`key`.*got "".*not empty/],
    ['a key that is no text', () => cache.get(5 as never), /`key`: got 5/],
    ['a key of ours', () => cache.set('~x', 1), /begin with `~`/],
    ['keys that are none', () => cache.mget(['a', ''] as never), /`keys.1`/],
    ['no list of keys', () => cache.mget('ab' as never), /`keys`.*list/],
    ['an unknown option', () => cache.set('a', 1, { tll: 5 } as never), /`set.tll`.*no such option/],
    ['a time that is none', () => cache.set('a', 1, { ttl: -1 }), /`set.ttl`/],
    ['tags that are no list', () => cache.set('a', 1, { tags: 'x' as never }), /`set.tags`/],
    ['half a step', () => cache.increment('a', 0.5), /`increment`: got 0.5.*whole/],
    ['a counter without a life', () => cache.increment('a', 1, { ttl: 0 }), /`increment.ttl`/],
    ['rows that are none', () => cache.set('a', 1, { rows: { User: 5 } as never }), /`set.rows.User`/],
  ])('refuse %s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message)
    await expect(call()).rejects.toMatchObject({ code: 'CACHE_CONFIG' })
  })
})

function circular(): unknown {
  const value: { self?: unknown } = {}
  value.self = value
  return value
}
