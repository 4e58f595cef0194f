import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis'
import { Redis } from 'ioredis'
import { PrismaExtensionRedis } from 'prisma-extension-redis'
import { freshPrefix } from '../environment.ts'
import type { Client } from './cases.ts'
import { type Contender, HOUR, rename } from './contender.ts'

/** What one writes in an hour: look, ask, store; after a write, delete the keys one thinks of. */
export const byHand: Contender = {
  name: 'by hand: ioredis + JSON',
  role: 'by hand',
  from: 'redis',
  async open(world) {
    const redis = new Redis(world.redis.url)
    const prefix = freshPrefix()
    return {
      async read(query) {
        const key = prefix + query.key
        const text = await redis.get(key)
        if (text !== null) return JSON.parse(text)
        const answer = await query.run(world.plain)
        await redis.set(key, JSON.stringify(answer), 'EX', HOUR)
        return answer
      },
      async rename(id, name) {
        await rename(world, id, name)
        await redis.del(`${prefix}user:${id}`)
      },
      settled: async () => {},
      close: async () => redis.disconnect(),
    }
  },
}

export const extensionRedis: Contender = {
  name: 'prisma-extension-redis 5',
  role: 'peer',
  from: 'redis',
  async open(world) {
    const redis = new Redis(world.redis.url)
    const extended = world.plain.$extends(cachedByExtensionRedis(redis)) as unknown as Client
    return {
      read: (query) => query.run(extended),
      rename: (id, name) => rename({ ...world, plain: extended }, id, name),
      settled: pause,
      close: async () => redis.disconnect(),
    }
  },
}

/** It caches every read and invalidates by model. */
export const cachedByExtensionRedis = (redis: Redis) =>
  PrismaExtensionRedis({
    config: {
      stale: 0,
      ttl: HOUR,
      // Of a Redis without the module RedisJSON.
      type: 'STRING',
      cacheKey: { prefix: freshPrefix().replace(':', '') },
      auto: { ttl: HOUR, invalidateOnWrite: true },
    },
    client: redis,
  })

export const bentoRedis = bento('bentocache, Redis', 'redis')
export const bentoTiered = bento('bentocache, memory + Redis', 'memory')

function bento(name: string, from: 'memory' | 'redis'): Contender {
  return {
    name,
    role: 'peer',
    from,
    async open(world) {
      const { host, port } = world.redis
      const connection = { host, port }
      const near = bentostore().useL1Layer(memoryDriver({ maxItems: 1 << 20, maxSize: '1gb' }))
      const store =
        from === 'redis'
          ? bentostore().useL2Layer(redisDriver({ connection }))
          : near.useL2Layer(redisDriver({ connection })).useBus(redisBusDriver({ connection }))
      const cache = new BentoCache({ default: 'cache', prefix: freshPrefix(), stores: { cache: store } })
      return {
        // Tags are how it forgets lists and includes; without them there is nothing but a time.
        read: (query) =>
          cache.getOrSet({ key: query.key, ttl: '1h', tags: ['user'], factory: () => query.run(world.plain) }),
        async rename(id, name) {
          await rename(world, id, name)
          await cache.deleteByTag({ tags: ['user'] })
        },
        settled: async () => {},
        close: () => cache.disconnectAll(),
      }
    },
  }
}

/** It stores behind the answer and tells nobody when it is done. */
export const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 20))
