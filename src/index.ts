export type { Clock } from './clock.ts'
export { type CacheConfigOf, defineCacheConfig } from './config/define-config.ts'
export type { CacheAdvice, FormAdvice, FormVerdict } from './control/advice.ts'
export type {
  CacheControl,
  DisconnectOptions,
  KeyPageOptions,
  RawOptions,
  StoreInfo,
} from './control/cache-control.ts'
export type { CacheInfo } from './control/cache-info.ts'
export {
  Cached,
  type CachedOptions,
  Invalidates,
  type InvalidatesOptions,
  type MethodDecorator,
} from './control/decorators.ts'
export type { LastInvalidation } from './control/drops.ts'
export type { EntryInfo, EntryValue, MaskReason } from './control/entry-info.ts'
export type { CacheHealth } from './control/health.ts'
export type { EventSource, InvalidationMap, InvalidationTarget } from './control/invalidate-on.ts'
export type { CacheCounts, CacheStats, UncachedReads } from './control/stats.ts'
export type { Coarseness, Dependency, Precision } from './dependency.ts'
export { CacheConfigError, StoreUnavailableError } from './errors.ts'
export type {
  Alert,
  AlertName,
  AuditStatus,
  BypassReason,
  CacheEvent,
  CacheEventListener,
  CacheEventOf,
  CacheEventType,
  InvalidatedBy,
  LeaseOutcome,
  MissCause,
  Scope as CacheScope,
  SkipFillReason,
  Tier,
  WarmCause,
  WarmEvent,
  WarmOutcome,
} from './events.ts'
export { cacheExtension } from './extension/cache-extension.ts'
export type { CachedClient, CachedTransaction, DropInClient } from './extension/cached-client.ts'
export type { PrismaCacheControl } from './extension/prisma-control.ts'
export type { CachedMethod } from './extension/typed-client.ts'
export type {
  AlertOptions,
  CacheConfig,
  CacheLogger,
  CacheOptions,
  CachePolicy,
  Coherence,
  ConnectionOptions,
  EncryptionOptions,
  ModelCachePolicy,
  NearTierOptions,
  PredictOptions,
  RawRule,
  ReadCacheOptions,
  ReadOperation,
  StoredInfo,
  Validate,
  WarmerOptions,
  WarmOn,
  WriteCacheOptions,
} from './policy/options.ts'
export type { Ttl, TtlPreset } from './policy/ttl.ts'
export type {
  Dependencies,
  IncrementOptions,
  Rows,
  SetOptions,
  ValueOptions,
  WrapOptions,
} from './policy/value-options.ts'
export type { FormAccount } from './read/admission.ts'
export type { ExplainedDependency, Explanation } from './read/explain.ts'
export { createCache } from './setup/create-cache.ts'
export { type MemoryStoreOptions, memoryStore } from './stores/memory-store.ts'
export type { AnyRedisClient } from './stores/redis/adapters/index.ts'
export type { RedisClient } from './stores/redis/redis-client.ts'
export { redisStore } from './stores/redis/redis-store.ts'
export type {
  CacheStore,
  KnownRegistry,
  LocalSize,
  LookUp,
  Registration,
  ServerInfo,
  ShapeRegistry,
  StoreContext,
  StoreFactory,
} from './stores/store.ts'
export type { Values } from './values/values.ts'
export type { Wrapped, WrappedOf } from './values/wrap.ts'
