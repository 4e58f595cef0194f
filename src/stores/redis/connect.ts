import { CacheConfigError } from '../../errors.ts'
import { optionalPackage } from '../../optional-package.ts'
import { asRedisClient } from './adapters/index.ts'
import type { NodeRedisClient } from './adapters/node-redis.ts'
import type { RedisClient } from './redis-client.ts'

type RedisClass = new (url: string, options: object) => RedisClient
/** ioredis, and iovalkey, which was made of it. */
type IoRedis = { readonly Redis?: RedisClass; readonly default?: RedisClass } | undefined
type NodeRedis = { readonly createClient: (options: object) => NodeRedisClient } | undefined

/**
 * A client of our own, with the Redis client that the application has installed. Once its connection is lost it has ended:
 * `openConnection` is what connects it again. Its sockets do not keep the process alive; every command we wait for holds a
 * timer of its own.
 */
export function connectRedis(url: string, connectTimeoutMs = 5000): RedisClient {
  const io = (optionalPackage('ioredis') ?? optionalPackage('iovalkey')) as IoRedis
  const Redis = io?.Redis ?? io?.default
  if (Redis) return connectIoRedis(Redis, url, connectTimeoutMs)
  const node = optionalPackage('redis') as NodeRedis
  if (node) return connectNodeRedis(node.createClient, url, connectTimeoutMs)
  const problem = 'a URL was given, but no Redis client is installed'
  throw new CacheConfigError('redis', problem, 'Run `npm install ioredis` (or iovalkey, or redis).')
}

function connectIoRedis(Redis: RedisClass, url: string, connectTimeoutMs: number): RedisClient {
  const client = new Redis(url, {
    // A command that was lost with its connection must fail now: the query behind it has its own time limit.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // ioredis waits in timers that keep the process alive.
    retryStrategy: null,
    // Behind one name there may be another server by now.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
    connectTimeout: connectTimeoutMs,
  })
  client.on?.('connecting', () => setImmediate(() => client.stream?.unref?.()))
  return client
}

function connectNodeRedis(
  create: (options: object) => NodeRedisClient,
  url: string,
  connectTimeoutMs: number,
): RedisClient {
  // It waits in timers that keep the process alive, too.
  const own = create({ url, socket: { reconnectStrategy: false, connectTimeout: connectTimeoutMs } })
  own.unref?.()
  const client = asRedisClient(own)
  client.on?.('error', () => {})
  own.connect().catch(() => {})
  return client
}
