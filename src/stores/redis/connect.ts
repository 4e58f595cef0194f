import { CacheConfigError } from '../../errors.ts'
import { optionalPackage } from '../../optional-package.ts'
import type { RedisClient } from './redis-client.ts'

type RedisClass = new (url: string, options: object) => RedisClient

/** A client of our own, with the application's ioredis. It reconnects for ever and never holds a command back. */
export function connectRedis(url: string): RedisClient {
  const ioredis = optionalPackage('ioredis') as { Redis?: RedisClass; default?: RedisClass } | undefined
  const Redis = ioredis?.Redis ?? ioredis?.default
  if (!Redis) {
    throw new CacheConfigError('redis', 'a URL was given but ioredis is not installed', 'Run `npm install ioredis`.')
  }
  const client = new Redis(url, {
    // A command that was lost with its connection must fail now: the query behind it has its own time limit.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: (attempt: number) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
    connectTimeout: 5000,
  })
  // A script that is done must be able to exit; every command we wait for holds a timer of its own.
  client.on?.('connect', () => (client as { stream?: { unref?(): void } }).stream?.unref?.())
  return client
}
