export { type CacheConfigOf, defineCacheConfig } from './config/define-config.ts'
export type { CacheControl, CacheHealth, EntryInfo, InvalidationTarget, RawOptions } from './control/cache-control.ts'
export type { CacheInfo } from './control/cache-info.ts'
export type { CacheCounts, CacheStats } from './control/stats.ts'
export { CacheConfigError, StoreUnavailableError } from './errors.ts'
export type {
  BypassReason,
  CacheEvent,
  CacheEventListener,
  CacheEventOf,
  CacheEventType,
  MissCause,
  SkipFillReason,
} from './events.ts'
export { cacheExtension } from './extension/cache-extension.ts'
export type { CachedMethod } from './extension/typed-client.ts'
export type {
  CacheConfig,
  CacheOptions,
  CachePolicy,
  ModelCachePolicy,
  RawRule,
  ReadCacheOptions,
  ReadOperation,
  WriteCacheOptions,
} from './policy/options.ts'
export { type MemoryStoreOptions, memoryStore } from './stores/memory-store.ts'
export type { RedisClient } from './stores/redis/redis-client.ts'
export { redisStore } from './stores/redis/redis-store.ts'
export type { CacheStore, LookUp, StoreContext, StoreFactory } from './stores/store.ts'
