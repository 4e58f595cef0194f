import { CacheConfigError } from '../../errors.ts'
import { optionalPackage } from '../../optional-package.ts'
import type { RedisClient } from './redis-client.ts'

type RedisClass = new (url: string, options: object) => RedisClient

/**
 * A client of our own, with the application's ioredis. Once its connection is lost it has ended: `openConnection` is what
 * connects it again. Its sockets do not keep the process alive; every command we wait for holds a timer of its own.
 */
export function connectRedis(url: string, connectTimeoutMs = 5000): RedisClient {
  const ioredis = optionalPackage('ioredis') as { Redis?: RedisClass; default?: RedisClass } | undefined
  const Redis = ioredis?.Redis ?? ioredis?.default
  if (!Redis) {
    throw new CacheConfigError('redis', 'a URL was given but ioredis is not installed', 'Run `npm install ioredis`.')
  }
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
