import type { CacheOptions } from '../policy/options.ts'
import { processWide } from '../process-wide.ts'
import { asRedisClient } from '../stores/redis/adapters/index.ts'
import type { RedisClient } from '../stores/redis/redis-client.ts'

/** A database as far as a client shows it. */
export interface DatabaseIdentity {
  /** Provider and schema. Most processes have one database for it. */
  readonly schema: string
  /** What is certainly one database: a client, an adapter, an address. */
  readonly connections: readonly (object | string)[]
}

/** What was opened in this process, by all copies of this package. */
interface Opened {
  readonly places: Map<string, string>
  readonly prefixes: { readonly objects: WeakMap<object, string>; readonly addresses: Map<string, string> }
  isWarned: boolean
}

const nothingOpened = (): Opened => ({
  places: new Map(),
  prefixes: { objects: new WeakMap(), addresses: new Map() },
  isWarned: false,
})

/**
 * Warns once a process when two caches of one database cannot see each other's writes: one in memory and one in Redis,
 * in two Redis servers, or under two prefixes. Other prefixes count only where the database is certainly the same one,
 * for a database a tenant has one schema as well.
 */
export function warnOfMixedStores({ schema, connections }: DatabaseIdentity, prefix: string, place: string): void {
  const opened = processWide('opened-stores@1', nothingOpened)
  const { places, prefixes } = opened
  const place_ = firstUnder(places, schema, place)
  const prefix_ = connections.map((one) =>
    typeof one === 'string' ? firstUnder(prefixes.addresses, one, prefix) : firstUnder(prefixes.objects, one, prefix),
  )
  const otherPrefix = prefix_.find((one) => one !== prefix)
  const found =
    place_ !== place
      ? `one in ${place_} and one in ${place}`
      : otherPrefix !== undefined && `one under the prefix "${otherPrefix}" and one under "${prefix}"`
  if (!found || opened.isWarned) return
  opened.isWarned = true
  process.emitWarning(
    `Two caches of one database are open in this process: ${found}. A write through one does not invalidate the other. ` +
      'Give all clients of a database the same `redis` and the same `prefix`.',
    { code: 'PRISMA_QUERY_CACHE_MIXED_STORES' },
  )
}

/** What was noted under a key before, and what is noted now where nothing was. */
function firstUnder<K>(
  notes: { get(key: K): string | undefined; set(key: K, note: string): unknown },
  key: K,
  note: string,
) {
  const before = notes.get(key)
  if (before === undefined) notes.set(key, note)
  return before ?? note
}

/** Where entries are kept, in words; without credentials. `undefined`: a store of the application's own. */
export function storePlace({ store, redis }: CacheOptions): string | undefined {
  if (store !== undefined && store !== 'memory') return undefined
  if (store === 'memory' || redis === undefined) return 'memory'
  if (typeof redis !== 'string') return clientPlace(asRedisClient(redis))
  return URL.canParse(redis) ? addressOf(new URL(redis)) : undefined
}

function addressOf({ hostname, port, pathname }: URL): string {
  return `Redis at ${hostname}:${port || 6379}/${pathname.slice(1) || 0}`
}

function clientPlace({ options = {}, isCluster }: RedisClient): string | undefined {
  const { host, port, db = 0, sentinels } = options
  return isCluster || sentinels || host === undefined ? undefined : `Redis at ${host}:${port}/${db}`
}
