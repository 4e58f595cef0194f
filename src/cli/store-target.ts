import { loadConfig } from '../config/load-config.ts'
import type { CacheControl } from '../control/cache-control.ts'
import type { CacheOptions } from '../policy/options.ts'
import { validateOptions } from '../policy/validate-options.ts'
import { createCache } from '../setup/create-cache.ts'
import { withSurroundings } from '../setup/surroundings.ts'
import { type AnyRedisClient, asRedisClient } from '../stores/redis/adapters/index.ts'
import { connectRedis } from '../stores/redis/connect.ts'
import type { RedisClient } from '../stores/redis/redis-client.ts'
import { redisStore } from '../stores/redis/redis-store.ts'
import type { StoreFactory } from '../stores/store.ts'
import { CliError, EXIT } from './exit-codes.ts'
import { type GlobalOptions, schemaFiles, schemaText } from './surroundings.ts'
import type { Target } from './target.ts'

/** A person waits, not a query; invalidations and pings get five times as long. */
const TIMEOUT_MS = 1000
const RUNNING = 'Is Redis running, and reachable from here?'

export interface StoreTarget extends Target {
  readonly options: CacheOptions
  readonly client: RedisClient | undefined
}

/** The options an application in this directory would have, but for what only a process that answers queries needs. */
export function optionsHere(given: GlobalOptions): CacheOptions {
  const { config, redis, prefix } = given
  // Told on its own, for a mistake in it should be told before one in what is laid over it.
  if (config !== false) loadConfig(config)
  const told = validateOptions({ configFile: config, redis, prefix })
  return idle(withSurroundings(told), given)
}

/** Without what only a process that answers queries needs, and with the schema. */
export function idle(all: CacheOptions, { schema }: GlobalOptions): CacheOptions {
  const { near: _near, verify: _verify, warmers: _warmers, ...options } = all
  const text = schema === undefined && options.schema !== undefined ? options.schema : schemaText(schemaFiles(schema))
  return { ...options, configFile: false, ...(text !== undefined && { schema: text }) }
}

/** What a command is going to do; one that only looks must leave no trace in the store. */
export interface Purpose {
  readonly looksOnly: boolean
  /** Those of the application's own client. @default what an application here would have */
  readonly options?: CacheOptions
}

/** @throws CliError where there is no store that other processes share. */
export function storeTarget(given: GlobalOptions, { looksOnly, options = optionsHere(given) }: Purpose): StoreTarget {
  const { redis, store } = options
  if (redis === undefined && (store === undefined || store === 'memory')) {
    throw new CliError(
      EXIT.usage,
      'no Redis is configured, and a memory store is visible to its own process only',
      'Set REDIS_URL, set `redis` in cache.config, use `--redis <url>`, or give the `--url` of the admin API of a process.',
    )
  }
  const own = typeof redis === 'string' ? connectRedis(redis) : undefined
  own?.on?.('error', () => {})
  const client = own ?? (redis === undefined ? undefined : asRedisClient(redis as AnyRedisClient))
  const open = client ? redisStore(client) : (store as StoreFactory)
  const cache = createCache({
    ...options,
    redis: undefined,
    store: (context) => open({ ...context, looksOnly }),
    timeoutMs: TIMEOUT_MS,
  })
  const name = `${where(redis, client)}, prefix ${JSON.stringify(options.prefix ?? 'prisma:')}`
  let reachable: Promise<void> | undefined

  /** A client of the application's own may try for ever. */
  async function reached(): Promise<CacheControl> {
    reachable ??= cache.health().then(({ latencyMs }) => {
      if (latencyMs === null) throw new CliError(EXIT.unreachable, `${name}: it does not answer`, RUNNING)
    })
    await reachable
    return cache
  }

  return {
    name,
    options,
    client,
    keyPage: async (page) => (await reached()).keyPage(page),
    inspect: async (key, showsValue) => (await reached()).inspect(key, { value: showsValue }),
    async invalidate(target) {
      const done = await (await reached()).invalidate(target)
      // This process ends, and with it what it would have brought later.
      const { undelivered } = await cache.health()
      if (undelivered > 0) throw new CliError(EXIT.unreachable, `${name}: it did not take the invalidation`, RUNNING)
      return done
    },
    clear: async () => (await reached()).clear(),
    info: () => cache.info(),
    async close() {
      await cache.disconnect()
      own?.disconnect()
    },
  }
}

function where(redis: unknown, client: RedisClient | undefined): string {
  if (typeof redis === 'string') return `Redis at ${new URL(redis).host}`
  if (!client) return 'a store of your own'
  const { host, port } = client.options ?? {}
  return host === undefined ? 'Redis' : `Redis at ${host}:${port ?? 6379}`
}
