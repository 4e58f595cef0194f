import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CacheControl, type CacheEvent, type CacheOptions, createCache } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'

let server: RedisServer
let proxy: TcpProxy
let admin: Redis
let prefix: string
const caches: CacheControl[] = []
beforeAll(async () => {
  server = await startRedis()
  admin = new Redis(server.url)
})
beforeEach(async () => {
  proxy = await startTcpProxy(server.port)
  prefix = freshNamespace()
})
afterEach(async () => {
  await Promise.all(caches.splice(0).map((cache) => cache.disconnect()))
  await proxy.close()
})
afterAll(async () => {
  admin.disconnect()
  await server.stop()
})

async function open(options: CacheOptions = {}): Promise<CacheControl> {
  const cache = createCache({
    configFile: false,
    redis: `redis://127.0.0.1:${proxy.port}`,
    prefix,
    timeoutMs: 5000,
    breaker: { quarantineMs: 0 },
    lease: false,
    ...options,
  })
  caches.push(cache)
  await cache.health()
  return cache
}

describe('the way to Redis and back', () => {
  const keys = Array.from({ length: 64 }, (_, i) => `k${i}`)
  const all = Object.fromEntries(keys.map((key) => [key, { key }]))

  async function costOf(cache: CacheControl, run: () => PromiseLike<unknown>) {
    await cache.settled()
    await admin.config('RESETSTAT')
    proxy.resetRoundTrips()
    await run()
    await cache.settled()
    const stats = [...(await admin.info('commandstats')).matchAll(/cmdstat_(\w+):calls=(\d+)/g)]
    const calls = new Map(stats.map(([, name = '', count]) => [name, Number(count)]))
    return { roundTrips: proxy.roundTrips, mget: calls.get('mget') ?? 0, set: calls.get('set') ?? 0 }
  }

  it('is one for a value, and one for many', async () => {
    const cache = await open()
    // The scripts are known to the server from the first time on.
    await cache.set('warm', 1, { tags: ['t'] })
    await cache.increment('warm')
    await cache.delete('warm')
    const one = { roundTrips: 1 }
    expect(await costOf(cache, () => cache.set('a', { n: 1 }))).toMatchObject({ ...one, mget: 0, set: 1 })
    expect(await costOf(cache, () => cache.get('a'))).toMatchObject({ ...one, mget: 1, set: 0 })
    expect(await costOf(cache, () => cache.mset(all))).toMatchObject({ ...one, set: 64 })
    expect(await costOf(cache, () => cache.mget(keys))).toMatchObject({ ...one, mget: 1 })
    expect(await costOf(cache, () => cache.has('a'))).toMatchObject(one)
    expect(await costOf(cache, () => cache.delete('a'))).toMatchObject(one)
    expect(await costOf(cache, () => cache.increment('n', 5))).toMatchObject(one)
  })

  it('is two to store under tags, and one to find what is', async () => {
    const cache = await open()
    await cache.set('warm', 1, { tags: ['t'] })
    const tagged = () => cache.mset(all, { tags: ['t'], models: ['User'] })
    expect(await costOf(cache, tagged)).toMatchObject({ roundTrips: 2, set: 65 })
    // Another process learns which tags they have, once.
    const other = await open()
    expect(await costOf(other, () => other.mget(keys))).toMatchObject({ roundTrips: 2 })
    expect(await costOf(other, () => other.mget(keys))).toMatchObject({ roundTrips: 1, mget: 1 })
  })

  it('is one for a result that is there, and none from a subscribed copy', async () => {
    const cache = await open()
    const read = (one = cache) => one.getOrSet('a', () => ({ n: 1 }), { tags: ['t'], models: ['User'] })
    await read()
    expect(await costOf(cache, () => read())).toMatchObject({ roundTrips: 1, mget: 1, set: 0 })
    expect(await costOf(cache, () => cache.get('a'))).toMatchObject({ roundTrips: 1 })
    const near = await open({ near: 'push' })
    // Until the feed is live, and the copy is known to be current.
    const isNear = async () => (await costOf(near, () => read(near))).mget === 0 || undefined
    await eventually(isNear, 'a copy')
    await cache.set('a', { n: 2 }, { tags: ['t'], models: ['User'] })
    const isNew = async () => (await read(near)).n === 2 || undefined
    await eventually(isNew, 'the push')
  })
})

describe('a Redis that does not answer', () => {
  const impatient = { timeoutMs: 500, breaker: { quarantineMs: 0, failures: 2, resetMs: 50 } } as const
  const faults: Record<string, () => void> = {
    'loses its answers': () => proxy.loseAnswers(),
    'is not reached': () => proxy.blackHole(),
  }

  it.each(Object.keys(faults))('that %s costs time and nothing else, and is used again', async (fault) => {
    const cache = await open(impatient)
    const events: CacheEvent[] = []
    cache.on('*', (event) => events.push(event))
    await cache.mset({ a: 1, b: 'b' })
    const double = cache.wrap((n: number) => 2 * n, { name: 'double' })
    await double(1)
    await cache.settled()
    faults[fault]?.()
    const soon = <T>(call: Promise<T>) => withTimeout(call, 'the cache')
    expect(await soon(cache.get('a'))).toBeUndefined()
    expect(await soon(cache.mget(['a', 'b']))).toEqual([undefined, undefined])
    expect(await soon(cache.has('a'))).toBe(false)
    expect(await soon(cache.increment('a'))).toBeUndefined()
    expect(await soon(cache.set('a', 2))).toBe(false)
    expect(await soon(cache.mset({ a: 2, c: 3 }, { tags: ['t'] }))).toBe(false)
    expect(await soon(cache.delete('b'))).toBe(false)
    expect(await soon(cache.getOrSet('a', () => 'computed'))).toBe('computed')
    expect(await soon(Promise.all([double(1), double(2), double.refresh(3)]))).toEqual([2, 4, 6])
    await soon(double.invalidate(1))
    await expect(soon(cache.getOrSet('a', () => Promise.reject(new RangeError('mine'))))).rejects.toThrow(RangeError)
    const reasons = new Set(events.flatMap((event) => (event.type === 'bypass' ? [event.reason] : [])))
    expect([...reasons].every((reason) => /unavailable|undelivered/.test(reason))).toBe(true)
    expect(events.filter(({ type }) => type === 'hit')).toEqual([])

    proxy.cut()
    await eventually(() => cache.get('a'), 'the recovery')
    expect(await cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
    // What was computed has been invalidated meanwhile; what was `set` has not.
    expect(await cache.get(double.key(1))).toBeUndefined()
    expect(await cache.get('b')).toBe('b')
    expect(await cache.set('a', 3)).toBe(true)
    expect(await cache.get('a')).toBe(3)
  })

  it('is filled with what is computed, not with an outage’s worth of news', async () => {
    const cache = await open(impatient)
    faults['is not reached']?.()
    await Promise.all(Array.from({ length: 500 }, (_, i) => cache.set(`k${i}`, i)))
    for (let i = 0; i < 500; i += 1) await cache.set(`more${i}`, i)
    expect(cache.stats().store.undelivered).toBeLessThanOrEqual(501)
  })
})
