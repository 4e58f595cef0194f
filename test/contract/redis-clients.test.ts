import { Redis as Upstash } from '@upstash/redis'
import { describe, expect, it } from 'vitest'
import { cacheExtension } from '../../src/index.ts'
import { nearTier } from '../../src/stores/near-tier.ts'
import { asRedisClient } from '../../src/stores/redis/adapters/index.ts'
import { redisStore } from '../../src/stores/redis/redis-store.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { holds } from '../support/holds.ts'
import { startRedis } from '../support/redis-server.ts'
import { redisClients, useRedisAndRest } from './redis-clients.ts'
import { HOUR, openIn } from './redis-stores.ts'

// All of them go through the contract of stores in redis-clients.long.test.ts.

const place = useRedisAndRest()
const upstash = () => new Upstash(place.rest)
const NEAR = { maxEntries: 10, maxBytes: 10_000, heartbeatMs: 1000 } as const

describe.each(Object.entries(redisClients))('a client of %s', (name, connect) => {
  it('is taken by the option `redis`, and is one client for all caches over it', () => {
    const client = connect(place)
    expect(() => cacheExtension({ redis: client, configFile: false })).not.toThrow()
    expect(asRedisClient(client)).toBe(asRedisClient(client))
    expect(asRedisClient(asRedisClient(client))).toBe(asRedisClient(client))
    asRedisClient(client).disconnect()
  })

  it('stores, finds and invalidates', async () => {
    const client = asRedisClient(connect(place))
    const store = openIn(redisStore(client), freshNamespace())
    const [version] = await store.ensureVersions(['User'])
    await store.fill('a', 'é "quoted" 1', ['User'], HOUR)
    expect(await store.lookUp('a', ['User'])).toEqual({ entry: 'é "quoted" 1', versions: [version] })
    await store.bump(['User'])
    expect((await store.lookUp('a', ['User'])).versions).not.toEqual([version])
    client.disconnect()
  })

  it('finds a server that was restarted, and believes none of its versions', async ({ skip }) => {
    if (name === '@upstash/redis') skip('it has no connection that could be lost')
    const own = await startRedis()
    const client = asRedisClient(connect({ url: own.url, rest: place.rest }))
    client.on?.('error', () => {})
    const store = openIn(redisStore(client), freshNamespace())
    const before = await store.ensureVersions(['User'])
    const lost = new Promise((resolve) => client.on?.('close', resolve))
    await own.restart()
    await lost
    await holds(() => store.ping())
    expect(await store.ensureVersions(['User'])).not.toEqual(before)
    client.disconnect()
    await own.stop()
  })
})

describe('a client without a connection for the push', () => {
  it.each(['redis 6', '@upstash/redis'] as const)('%s is refused for `push`, by the name of the option', (name) => {
    const client = asRedisClient((redisClients[name] as (typeof redisClients)['redis 6'])(place))
    const open = (coherence: 'push' | 'revalidate') =>
      openIn(nearTier(redisStore(client), { coherence, ...NEAR }), freshNamespace())
    expect(() => open('push')).toThrow(/`near`.*needs a connection/)
    expect(() => open('revalidate')).not.toThrow()
    client.disconnect()
  })
})

describe('a client of @upstash/redis', () => {
  it('sends a pipeline as one request', async () => {
    const store = openIn(redisStore(upstash()), freshNamespace())
    const tags = ['User', 'Post', 'User:id=1']
    await store.ensureVersions(tags)
    await store.bump(tags)
    const before = place.rest.requests
    await store.bump(tags)
    await store.lookUp('a', tags)
    expect(place.rest.requests - before).toBe(2)
  })

  it('tells of a fault without what was sent', async () => {
    const client = new Upstash({ url: place.rest.url, token: 'wrong', retry: false })
    const store = openIn(redisStore(client), freshNamespace())
    const error = await Promise.resolve(store.fill('a', 'a secret', [], HOUR)).catch(String)
    expect(error).toMatch(/Unauthorized/)
    expect(error).not.toContain('secret')
  })
})
