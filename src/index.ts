export { type CacheConfigOf, defineCacheConfig } from './config/define-config.ts'
export type { CacheControl, CacheHealth, EntryInfo, InvalidationTarget, RawOptions } from './control/cache-control.ts'
export type { CacheInfo } from './control/cache-info.ts'
export type { Drop } from './control/drops.ts'
export type { CacheCounts, CacheStats } from './control/stats.ts'
export type { Coarseness, Dependency, Precision } from './dependency.ts'
export { CacheConfigError, StoreUnavailableError } from './errors.ts'
export type {
  BypassReason,
  CacheEvent,
  CacheEventListener,
  CacheEventOf,
  CacheEventType,
  DroppedBy,
  MissCause,
  SkipFillReason,
  Tier,
} from './events.ts'
export { cacheExtension } from './extension/cache-extension.ts'
export type { CachedMethod } from './extension/typed-client.ts'
export type {
  CacheConfig,
  CacheOptions,
  CachePolicy,
  Coherence,
  ModelCachePolicy,
  NearTierOptions,
  RawRule,
  ReadCacheOptions,
  ReadOperation,
  WriteCacheOptions,
} from './policy/options.ts'
export type { ExplainedDependency, Explanation } from './read/explain.ts'
export { type MemoryStoreOptions, memoryStore } from './stores/memory-store.ts'
export type { RedisClient } from './stores/redis/redis-client.ts'
export { redisStore } from './stores/redis/redis-store.ts'
export type {
  CacheStore,
  KnownRegistry,
  LookUp,
  Registration,
  ShapeRegistry,
  StoreContext,
  StoreFactory,
} from './stores/store.ts'
