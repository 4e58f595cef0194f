import type { RedisClient } from '../redis-client.ts'
import { isNodeRedis, type NodeRedisClient, nodeRedis } from './node-redis.ts'
import { isUpstash, type UpstashClient, upstash } from './upstash.ts'

/** A client that the store can work with: ioredis, iovalkey, node-redis, or Upstash's. Told by its shape. */
export type AnyRedisClient = RedisClient | NodeRedisClient | UpstashClient

/** One for each client: caches over one client share what is known of its connection. */
const adapted = new WeakMap<object, RedisClient>()

/** The client in the manner of ioredis, which is what the store speaks. */
export function asRedisClient(client: AnyRedisClient): RedisClient {
  const known = adapted.get(client)
  if (known) return known
  const made = isUpstash(client) ? upstash(client) : isNodeRedis(client) ? nodeRedis(client) : (client as RedisClient)
  adapted.set(client, made)
  return made
}

export function isRedisClient(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { call, pipeline } = value as Partial<RedisClient>
  return isUpstash(value) || isNodeRedis(value) || (typeof call === 'function' && typeof pipeline === 'function')
}
