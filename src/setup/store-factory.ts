import type { CacheOptions } from '../policy/options.ts'
import { announced } from '../stores/announced.ts'
import { memoryStore } from '../stores/memory-store.ts'
import { nearTier } from '../stores/near-tier.ts'
import { ownRedisStore, redisStore } from '../stores/redis/redis-store.ts'
import type { StoreFactory } from '../stores/store.ts'

/** The store that the options ask for, with what stands in front of it. */
export function storeFactory(options: CacheOptions): StoreFactory {
  const open = farFactory(options)
  const far: StoreFactory = (context) => announced(open(context), context.prefix)
  if (options.near === undefined) return far
  const near = typeof options.near === 'string' ? { coherence: options.near } : options.near
  const { coherence, maxEntries = 10_000, maxBytes = 64 * 1024 * 1024, heartbeatMs = 1000 } = near
  return nearTier(far, { coherence, maxEntries, maxBytes, heartbeatMs })
}

function farFactory({ store, redis }: CacheOptions): StoreFactory {
  if (store !== undefined) return store === 'memory' ? memoryStore() : store
  if (redis === undefined) return memoryStore()
  return typeof redis === 'string' ? ownRedisStore(redis) : redisStore(redis)
}
