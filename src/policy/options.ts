import type { Precision } from '../dependency.ts'
import type { RedisClient } from '../stores/redis/redis-client.ts'
import type { StoreFactory } from '../stores/store.ts'

/**
 * How long results of a model, or of one of its operations, may be kept. Times are **seconds**. An invalidation always
 * wins over them: they bound what writers unknown to this client (psql, another service) can leave behind.
 */
export interface CachePolicy {
  /** How long a result is fresh, counted from the moment the database was asked. `0` switches caching off. @default 0 */
  readonly ttl?: number | undefined
  /**
   * For how much longer an expired (never an invalidated) result may still be served, while one read refreshes it
   * behind. @default 0
   */
  readonly swr?: number | undefined
  /** As `ttl`, for results that are `null`; the shorter of the two counts. @default 60 */
  readonly nullTtl?: number | undefined
  /** Shortens each entry's `ttl` by a random part of up to this fraction, so that entries of one moment do not expire together. @default 0.1 */
  readonly jitter?: number | undefined
  /**
   * Renews a fresh result behind the read that is served it, by chance and before it expires: the likelier, the nearer
   * its end and the longer its query takes (XFetch). 1: as a rule just in time; more: earlier; 0: never. @default 0
   */
  readonly earlyRefresh?: number | undefined
  /**
   * Lets results that are hit often live longer than `ttl`, up to `max`, and the others shorter, down to `min`; `ttl` is
   * what they begin with. Seconds. A `ttl` that is said nearer to the call (operation, call) is meant as it is.
   * @default every result lives for `ttl`
   */
  readonly adaptive?: { readonly min: number; readonly max: number } | undefined
}

export interface ModelCachePolicy extends CachePolicy {
  /** Tags of the application's own that every cached read of the model depends on. @default [] */
  readonly tags?: readonly string[] | undefined
  /** Policies of single operations; `false`: this operation is never cached. */
  readonly operations?: { readonly [operation in ReadOperation]?: CachePolicy | false | undefined } | undefined
  /** Fields that must never reach the store: a read whose result would show one goes to the database. @default [] */
  readonly neverCache?: readonly string[] | undefined
  /** Models whose writes also change what is read here: the tables of a database view, or of a trigger. @default [] */
  readonly dependsOn?: readonly string[] | undefined
  /** As the option of the same name, for writes to this model. @default the option */
  readonly consistency?: Consistency | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly invalidation?: Precision | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly lease?: boolean | LeaseOptions | undefined
}

/** When one process asks the database for all: see `lease`. */
export interface LeaseOptions {
  /**
   * Longest time a read waits for the query of another process, milliseconds; then it asks the database itself. Queries
   * that take longer than this are not waited for. @default 500
   */
  readonly waitMs?: number | undefined
  /** How long a process that has died keeps the others waiting, at most `waitMs` each, milliseconds. @default 2000 */
  readonly leaseMs?: number | undefined
  /**
   * Only for queries that take this long, milliseconds, as the entry before says, or those of the same model and
   * operation in this process: a lease costs a round trip to the store. 0: for every miss. @default 20
   */
  readonly fromMs?: number | undefined
}

/**
 * - `default`: a read that begins after a write was acknowledged never sees the state before it, as long as the writer
 *   lives and reaches the store
 * - `strict`: besides, nothing older is served once a commit can be seen, whatever happens to the writer; costs one
 *   more round trip a write
 */
export type Consistency = 'default' | 'strict'

/** How one read uses the cache; what is left out comes from the configuration. Times are **seconds**. */
export interface ReadCacheOptions {
  /**
   * How long the result is fresh, counted from the moment the database was asked. `0`: this read is not cached.
   * @default the configured `ttl`, or 60 where that is 0
   */
  readonly ttl?: number | undefined
  /**
   * For how much longer the expired (never an invalidated) result may still be served, while one read refreshes it
   * behind. @default the configured `swr`
   */
  readonly swr?: number | undefined
  /** As `ttl`, for a result that is `null`; the shorter of the two counts. @default the configured `nullTtl` */
  readonly nullTtl?: number | undefined
  /**
   * Names the application invalidates this result by: `cache: { invalidate: [...] }` on a write, or
   * `prisma.$cache.invalidate({ tags: [...] })`. They add to the configured ones; writes to the models the read
   * touches invalidate it in any case. @default []
   */
  readonly tags?: readonly string[] | undefined
  /**
   * A name of your own for the entry, for `prisma.$cache.invalidate({ keys: [...] })`. One name, one query: different
   * queries under the same name never share a result, they push each other out. @default none
   */
  readonly key?: string | undefined
  /** Asks the database even where a fresh result is stored, and stores the answer. @default false */
  readonly refresh?: boolean | undefined
}

/** What a write does to the cache beyond invalidating what it changed, which needs no option. */
export interface WriteCacheOptions {
  /** Tags of the application's own to invalidate when the write has been committed. */
  readonly invalidate: readonly string[]
}

export type ReadOperation =
  | 'findUnique'
  | 'findUniqueOrThrow'
  | 'findFirst'
  | 'findFirstOrThrow'
  | 'findMany'
  | 'count'
  | 'aggregate'
  | 'groupBy'

/** What raw SQL that matches touches; for statements whose call site cannot say it with `prisma.$cache.raw`. */
export interface RawRule {
  /** A part of the statement's text, or an expression tried on it. */
  readonly match: string | RegExp
  /** Models the statement reads. With a `ttl`, its result is cached. */
  readonly reads?: readonly string[] | undefined
  /** Models the statement writes; nothing else is invalidated by it then. `[]`: it writes nothing that is cached. */
  readonly writes?: readonly string[] | undefined
  /** Seconds. @default 0 */
  readonly ttl?: number | undefined
}

export interface VerifyOptions {
  /** The share of hits that is verified, 0 to 1. */
  readonly sample: number
  /** How long an invalidation may be on its way before a difference counts as stale, milliseconds. @default 1000 */
  readonly afterMs?: number | undefined
  /** Verifications under way at one time; hits beyond are not verified. @default 4 */
  readonly maxInFlight?: number | undefined
}

/** How a copy in this process is known to be current. */
export type Coherence = 'validated' | 'subscribed'

export interface NearTierOptions {
  /** See `near`. */
  readonly coherence: Coherence
  /** Most entries kept in this process. @default 10_000 */
  readonly maxEntries?: number | undefined
  /** Most bytes, keys and entries together, two bytes a character. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined
  /** `subscribed`: how long a server that says nothing is believed, milliseconds. @default 1000 */
  readonly heartbeatMs?: number | undefined
}

export interface CacheOptions {
  /**
   * Where the shared cache lives: an ioredis `Redis` or `Cluster`, or a `redis://` / `rediss://` URL.
   * @default `REDIS_URL`, else `REDIS_HOST` (+ `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_DB`), else a store in this process
   */
  readonly redis?: string | RedisClient | undefined
  /** A store instead of Redis: `'memory'`, `memoryStore({ … })`, `redisStore(client)` or one of your own. */
  readonly store?: 'memory' | StoreFactory | undefined
  /**
   * Keeps copies of entries in this process, in front of Redis.
   * - `validated`: each hit compares their versions with those in Redis, one small round trip: as fresh as Redis alone
   * - `subscribed`: hits take no round trip; Redis pushes every change of a version (Redis 6 or later). A process sees its
   *   own writes at once, those of others when the push has arrived: a few milliseconds after the write was acknowledged,
   *   at most two `heartbeatMs` when the connection hangs. Models that are `strict` are read as with `validated`
   * @default none
   */
  readonly near?: Coherence | NearTierOptions | undefined
  /** Begins every key, so that several applications can share one Redis. One prefix, one database. @default `CACHE_PREFIX`, else `prisma:` */
  readonly prefix?: string | undefined
  /** The policy of every model that does not say otherwise. A `ttl` here caches every model. @default `CACHE_DEFAULT_TTL`, else ttl 0 */
  readonly defaults?: CachePolicy | undefined
  /** Policies by model name; `false`: rows of this model are never stored, not even as part of another model's result. */
  readonly models?: { readonly [model: string]: ModelCachePolicy | false } | undefined
  /** What raw statements touch. @default [] */
  readonly raw?: readonly RawRule[] | undefined
  /**
   * What else a result depends on: the tenant, role or locale that row-level security or another extension reads from
   * its surroundings. Part of every key. Called on each cached read; must not throw.
   */
  readonly vary?: (() => string | number | boolean | null | undefined) | undefined
  /** Part of every key; change it to leave all entries behind. @default '' */
  readonly version?: string | undefined
  /**
   * What reads are promised while a write is under way, and when its process dies. All processes that write a model
   * must say the same. @default 'default'
   */
  readonly consistency?: Consistency | undefined
  /**
   * How finely reads are invalidated; writes move what the finest needs, so processes may differ.
   * - `model`: by any write to a model the result depends on
   * - `row`: a read by a unique key only by writes to its row
   * - `shape`: any read only by writes that change a column it reads, of rows with the values it asks for
   * @default 'shape'
   */
  readonly invalidation?: Precision | undefined
  /**
   * Most tags a result depends on, besides the application's own; above it, it depends on fewer and coarser ones. Each
   * is looked up with every hit. @default 16
   */
  readonly maxTags?: number | undefined
  /**
   * Most tags that are told by the result alone, in place of coarser ones: of the parents whose children it shows, and
   * of the rows on a page of at most so many. `0`: none. @default 32
   */
  readonly maxRowTags?: number | undefined
  /**
   * `strict` only: for how long what a write may change is not read from the cache when its process has died before it
   * could tell, milliseconds. Renewed while the write lasts. @default 10_000
   */
  readonly holdMs?: number | undefined
  /**
   * `strict` only: what becomes of a write when the store cannot be told of it beforehand. `proceed`: written as in
   * `default`; `reject`: refused with `StoreUnavailableError`, before anything is written. @default 'proceed'
   */
  readonly onUnavailable?: 'proceed' | 'reject' | undefined
  /**
   * Misses of one entry in several processes, together: one asks the database, the others wait for its entry. (Within a
   * process they always share one query.) Needs Redis. `false`: each process asks. @default true
   */
  readonly lease?: boolean | LeaseOptions | undefined
  /**
   * By how much read replicas of the database may lag, **seconds**: for so long after an invalidation nothing it
   * concerns is stored. @default 0
   */
  readonly replicaLag?: number | undefined
  /**
   * How many Redis replicas must have an invalidation before it counts as delivered (`WAIT`), so that a fail-over
   * cannot lose it. @default 0
   */
  readonly waitReplicas?: number | undefined
  /** Longest time a query waits for the store, milliseconds. @default 50 */
  readonly timeoutMs?: number | undefined
  /** When the store is left alone, and for how long. */
  readonly breaker?: {
    /** Round trips that fail in a row before the circuit opens. @default 5 */
    readonly failures?: number | undefined
    /** First pause before the store is tried again, milliseconds; doubles with each failure, up to four times. @default 1000 */
    readonly resetMs?: number | undefined
    /**
     * For how long a Redis that was restarted or promoted is not read from, milliseconds: until every process has found
     * it, some keep invalidations it has not been told. Longer than the longest reconnect delay of any client.
     * @default 3000
     */
    readonly graceMs?: number | undefined
  }
  /** Larger results are not stored. Bytes of the encoded result. @default 1_048_576 */
  readonly maxValueBytes?: number | undefined
  /**
   * Reads a sample of the hits from the database as well, behind the caller's back, and compares: `verify` events, and
   * `verified` and `freshness` in `$cache.stats()`. Also reveals writers that bypass the client. @default off
   */
  readonly verify?: VerifyOptions | undefined
  /** The text of the Prisma schema, where the client does not carry it. Unique keys and cascades are read from it. */
  readonly schema?: string | undefined
  /** The config file: a path, or `false` for none. @default the first `cache.config.{ts,mts,js,mjs,cjs,json}` in the working directory */
  readonly configFile?: string | false | undefined
  /** The present in epoch milliseconds. For tests. @default Date.now */
  readonly clock?: (() => number) | undefined
}

/** What a config file holds: every option that can be written down in one. */
export type CacheConfig = Omit<CacheOptions, 'configFile' | 'clock'>
