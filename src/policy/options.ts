import type { Clock } from '../clock.ts'
import type { Precision } from '../dependency.ts'
import type { Alert, Tier } from '../events.ts'
import type { AnyRedisClient } from '../stores/redis/adapters/index.ts'
import type { StoreFactory } from '../stores/store.ts'
import type { Ttl } from './ttl.ts'

/**
 * How long results of a model, or of one of its operations, are cached. Times are **seconds** or names, see `Ttl`. An
 * invalidation always wins over them: they only bound how long a change by an unknown writer (psql, another service)
 * stays unseen.
 */
export interface CachePolicy {
  /** How long a result is fresh, counted from the moment the database was asked. `0` switches caching off. @default 0 */
  readonly ttl?: Ttl | undefined
  /**
   * For how much longer an expired result may still be served, while one read refreshes it in the background. An
   * invalidated result is never served. @default 0
   */
  readonly swr?: Ttl | undefined
  /** As `ttl`, for results that are `null`; the shorter of the two counts. @default 60 */
  readonly nullTtl?: Ttl | undefined
  /** Shortens each entry's `ttl` by a random part of up to this fraction, so that entries do not expire together. @default 0.1 */
  readonly jitter?: number | undefined
  /**
   * Refreshes a fresh result in the background before it expires, by chance: the likelier, the nearer its end and the
   * slower its query (XFetch). 1: usually just in time; more: earlier; 0: never. @default 0
   */
  readonly earlyRefresh?: number | undefined
  /**
   * Results that are hit often live longer than `ttl`, up to `max`, and the others shorter, down to `min`. `ttl` is the
   * first value. Seconds. A `ttl` of an operation or a call is taken as it is.
   * @default every result lives for `ttl`
   */
  readonly adaptive?: { readonly min: Ttl; readonly max: Ttl } | undefined
  /**
   * The namespace results are kept in: `prisma.$cache.invalidate({ namespace })` invalidates all of it. A read is in one
   * namespace; the most specific one counts. `a:b` is part of `a`. @default none
   */
  readonly namespace?: string | undefined
  /**
   * Called with a copy of a stored result before it is served, fresh or stale. Unless it returns true, the database is
   * asked, and its answer replaces the entry without being validated. A function that throws refuses, with an `error`
   * event. Not called inside transactions. @default every result is good
   */
  readonly validate?: Validate | undefined
}

/** What `validate` gets besides the stored result. */
export interface StoredInfo {
  readonly status: 'hit' | 'stale'
  readonly model: string
  readonly operation: string
  readonly key: string
  readonly tags: readonly string[]
  /** Where the entry was: in this process, or in Redis. */
  readonly tier: Tier
  /** Milliseconds since the database was asked. */
  readonly ageMs: number
}

/** `value` is the result as the caller would get it, before computed fields of other extensions. Annotate its type. */
export type Validate = {
  // Declared as a method, so that TypeScript accepts a function of one type of results.
  validate(value: unknown, info: StoredInfo): boolean
}['validate']

export interface ModelCachePolicy extends CachePolicy {
  /** Tags of your own that every cached read of the model depends on. @default [] */
  readonly tags?: readonly string[] | undefined
  /** Policies of single operations. `false`: the operation is never cached. */
  readonly operations?: { readonly [operation in ReadOperation]?: CachePolicy | false | undefined } | undefined
  /** Fields that must never reach the store: a read whose result would show one goes to the database. @default [] */
  readonly neverCache?: readonly string[] | undefined
  /**
   * Encrypts (AES-256-GCM) the results of all reads that reach this model, also of other models that include it or filter
   * by it. Needs `encryption`. @default false
   */
  readonly encrypt?: boolean | undefined
  /**
   * The longest life of results that reach this model, `swr` included, whatever a call or another model says. Seconds
   * or a name; above 0. @default none
   */
  readonly maxTtl?: Ttl | undefined
  /** Emits an `audit` event for each access to results that reach this model: in which scope, under which key. @default false */
  readonly audit?: boolean | undefined
  /** Larger results of reads of this model are not stored. Bytes of the encoded result. @default `maxValueBytes` */
  readonly maxBytes?: number | undefined
  /**
   * Most entries of this model that one process keeps, in the memory store and as `near` copies. The least recently used
   * go first. Redis cannot bound one model: give it a `maxmemory`, and the model a `ttl`.
   * @default as many as the store has room for
   */
  readonly maxEntries?: number | undefined
  /** Models whose writes also change what is read here: the tables of a view, or of a trigger. @default [] */
  readonly dependsOn?: readonly string[] | undefined
  /** As the option of the same name, for writes to this model. @default the option */
  readonly consistency?: Consistency | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly invalidation?: Precision | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly lease?: boolean | LeaseOptions | undefined
}

/** The keys for models with `encrypt`. Each is 32 random bytes: a `Uint8Array`, or a string in base64 or hex. */
export interface EncryptionOptions {
  /**
   * Newest first: the first encrypts, all of them decrypt. To rotate, add a new one in front, and remove the old one when
   * its entries have expired. `id`: 1 to 32 letters, digits, `.`, `_` or `-`; it is readable in Redis.
   */
  readonly keys: readonly { readonly id: string; readonly key: string | Uint8Array }[]
  /**
   * The key of the digests of arguments and values in keys and tags, of all models, so that nobody can guess them from
   * Redis. The same in all processes, always. When you change it, change the `prefix` too.
   */
  readonly digestKey: string | Uint8Array
}

/** When one process asks the database for the others, see `lease`. */
export interface LeaseOptions {
  /**
   * Longest time a read waits for the query of another process, milliseconds. Then it asks the database itself. Queries
   * that take longer are not waited for. @default 500
   */
  readonly waitMs?: number | undefined
  /** How long a process that has died blocks the others, at most `waitMs` each, milliseconds. @default 2000 */
  readonly leaseMs?: number | undefined
  /**
   * Only for queries that take this long, milliseconds, because a lease costs a round trip. Known from the entry before,
   * or from queries of the same model and operation in this process. 0: for every miss. @default 20
   */
  readonly minQueryMs?: number | undefined
}

/**
 * - `default`: a read that starts after a write was acknowledged never sees the state before it, provided the writer
 *   survives and reaches the store
 * - `strict`: in addition, nothing older is served once a commit is visible, whatever happens to the writer. Costs one
 *   more round trip per write
 */
export type Consistency = 'default' | 'strict'

/** How one read uses the cache. What is left out comes from the configuration. Times are **seconds** or names. */
export interface ReadCacheOptions {
  /**
   * How long the result is fresh, counted from the moment the database was asked. `0`: this read is not cached.
   * @default the configured `ttl`, or 60 where that is 0
   */
  readonly ttl?: Ttl | undefined
  /**
   * For how much longer the expired result may still be served, while one read refreshes it in the background. An
   * invalidated result is never served. @default the configured `swr`
   */
  readonly swr?: Ttl | undefined
  /** As `ttl`, for a result that is `null`; the shorter of the two counts. @default the configured `nullTtl` */
  readonly nullTtl?: Ttl | undefined
  /**
   * Names to invalidate this result by: `cache: { invalidate: [...] }` on a write, or
   * `prisma.$cache.invalidate({ tags: [...] })`. They are added to the configured ones. Writes to what the read depends
   * on invalidate it in any case. Tags are hierarchical: `user:5` is invalidated by `user` as well. @default []
   */
  readonly tags?: readonly string[] | undefined
  /** As in the configuration, for this read. @default the configured `namespace` */
  readonly namespace?: string | undefined
  /** As in the configuration, for this read. @default the configured `validate` */
  readonly validate?: Validate | undefined
  /**
   * A name for the entry, for `prisma.$cache.invalidate({ keys: [...] })`. Different queries with the same name never
   * share a result: they overwrite each other. @default none
   */
  readonly key?: string | undefined
  /** Asks the database even where a fresh result is stored, and stores the answer. @default false */
  readonly refresh?: boolean | undefined
}

/** What the `cache` argument of calls may contain. */
export interface CallOptions {
  /** The longest `ttl`, `swr` and `nullTtl` of a call; longer ones are cut. Seconds or a name. @default ten years */
  readonly maxTtl?: Ttl | undefined
  /** The options that a call may use; any other makes it reject with `CacheConfigError`. @default all */
  readonly allow?: readonly (keyof ReadCacheOptions | keyof WriteCacheOptions)[] | undefined
}

/** What a write does to the cache besides invalidating what it changed, which needs no option. */
export interface WriteCacheOptions {
  /** Tags of your own to invalidate after the commit. */
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

/** What a raw statement touches, for statements whose call site cannot use `prisma.$cache.raw`. */
export interface RawRule {
  /** A part of the statement's text, or a regular expression. */
  readonly match: string | RegExp
  /** Models the statement reads. With a `ttl`, its result is cached. */
  readonly reads?: readonly string[] | undefined
  /** Models the statement writes. Nothing else is invalidated. `[]`: it writes nothing that is cached. */
  readonly writes?: readonly string[] | undefined
  /** Seconds, or their name. @default 0 */
  readonly ttl?: Ttl | undefined
}

export interface VerifyOptions {
  /** The share of hits that is verified, 0 to 1. */
  readonly sample: number
  /** How long an invalidation may be under way before a difference counts as stale, milliseconds. @default 1000 */
  readonly afterMs?: number | undefined
  /** Most verifications at one time; hits beyond are not verified. @default 4 */
  readonly maxInFlight?: number | undefined
}

/**
 * Thresholds over a sliding window. `false` turns one off. An alert is raised once, and resolved once when the value is
 * back. With fewer than `minSamples` nothing changes.
 */
export interface AlertOptions {
  /** Raised when the cache answered less than this share of the reads that asked it. @default 0.7 */
  readonly hitRate?: number | false | undefined
  /** Raised when the cache had more faults than this share of its look-ups. @default 0.05 */
  readonly errorRate?: number | false | undefined
  /** Raised when more than one look-up in twenty took longer than this, milliseconds. @default 10 */
  readonly lookUpMs?: number | false | undefined
  /** Raised when a Redis server uses more than this share of its `maxmemory`. @default 0.9 */
  readonly memory?: number | false | undefined
  /** Raised when the store does not answer and the circuit breaker is open. @default true */
  readonly unavailable?: boolean | undefined
  /** Raised when invalidations wait to be delivered. @default true */
  readonly undelivered?: boolean | undefined
  /** The length of the window, **seconds**. @default 300 */
  readonly window?: number | undefined
  /** Fewest reads, or look-ups, in the window. @default 100 */
  readonly minSamples?: number | undefined
  /** Called with each `alert` event. */
  readonly onAlert?: ((alert: Alert & { readonly state: 'raised' | 'resolved' }) => void) | undefined
}

/** How this process knows that a copy is current. */
export type Coherence = 'revalidate' | 'push'

export interface NearTierOptions {
  /** See `near`. */
  readonly coherence: Coherence
  /** Most entries kept in this process. @default 10_000 */
  readonly maxEntries?: number | undefined
  /** Most bytes, keys and entries together, two bytes a character. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number | undefined
  /** `push`: how long a silent server is trusted, milliseconds. @default 1000 */
  readonly heartbeatMs?: number | undefined
}

/**
 * When a warmer runs by itself: when a process starts · when any of these tags or models was invalidated, by any
 * process.
 */
export type WarmOn<Model extends string = string> =
  | 'startup'
  | { readonly tags?: readonly string[] | undefined; readonly models?: readonly Model[] | undefined }

/** Reads that are made before somebody needs them, see `warmers`. */
// biome-ignore lint/suspicious/noExplicitAny: the type of the client is known where it is made
export interface WarmerOptions<Client = any, Model extends string = string> {
  /** For events, and `prisma.$cache.warm(name)`. */
  readonly name: string
  /**
   * Makes the reads with the cached client, or returns them: a list or a generator of Prisma's promises, or of functions
   * that make one. They must be reads that are cached, by policy or by `cache`.
   *
   *     run: (prisma) => ids.map((id) => prisma.plan.findUnique({ where: { id } }))
   */
  readonly run: (prisma: Client) => unknown
  /** @default by schedule, or by `prisma.$cache.warm(name)` alone */
  readonly on?: WarmOn<Model> | readonly WarmOn<Model>[] | undefined
  /** The interval, **seconds**; at the same moments in every process. @default never */
  readonly every?: Ttl | undefined
  /** A cron expression: `'0 6 * * 1-5'`. Needs the package `croner`. @default never */
  readonly cron?: string | undefined
  /** The time zone of `cron`: `'Europe/Berlin'`. @default that of the process */
  readonly timeZone?: string | undefined
  /** Most reads of one run; those beyond are not made. @default 1000 */
  readonly limit?: number | undefined
  /** Most reads at a time. @default 4 */
  readonly concurrency?: number | undefined
  /** How long a process that died while warming blocks the others, milliseconds. @default 10_000 */
  readonly leaseMs?: number | undefined
}

/** Which queries are made before callers are likely to need them, see `predict`. */
export interface PredictOptions {
  /** The share of cached reads that is remembered, above 0 to 1. @default 0.1 */
  readonly sample?: number | undefined
  /** Most queries remembered. @default 1000 */
  readonly maxQueries?: number | undefined
  /** The models whose reads are remembered. @default all that are cached */
  readonly models?: readonly string[] | undefined
  /** Reads that must be expected of a result while it lives, for its query to be made ahead. @default 2 */
  readonly least?: number | undefined
  /** The interval between two looks at what is due, **seconds**. @default 60 */
  readonly every?: Ttl | undefined
  /** Most reads of one run. @default 200 */
  readonly limit?: number | undefined
  /** Most reads at a time. @default 2 */
  readonly concurrency?: number | undefined
}

/** Time limits of the connection to Redis. Milliseconds. */
export interface ConnectionOptions {
  /**
   * Longest time the first queries wait for the connection. Afterwards no query waits for a connection. @default 1000, at least `timeoutMs`
   */
  readonly connectTimeoutMs?: number | undefined
  /**
   * A connection that is silent for so long although replies are due is replaced, also that of your own client.
   * @default 1000, at least five times `timeoutMs`
   */
  readonly silenceMs?: number | undefined
  /**
   * How often a look-up also checks that Redis still takes writes. For so long entries may be served from a server that
   * refuses the invalidations of others. A write whose invalidation was refused is acknowledged after five times
   * `timeoutMs`; below that value nobody sees the state before it. 0: with every look-up.
   * @default 100, at most twice `timeoutMs`
   */
  readonly writeCheckMs?: number | undefined
}

/** Gets a line when the store is lost, and when it is back. `console` fits, and so do most loggers. */
export interface CacheLogger {
  warn(message: string): void
  /** @default `warn` */
  info?(message: string): void
}

/** What the database does by itself and the schema does not say. */
export interface CatalogueHints {
  /** Columns by model that the database writes by itself: generated columns, `ON UPDATE`, triggers. @default {} */
  readonly generated?: { readonly [model: string]: readonly string[] } | undefined
  /**
   * Models of which any row may change when this one is written, by triggers, rules or procedures. It replaces what the
   * database does not show of triggers. @default {}
   */
  readonly writes?: { readonly [model: string]: readonly string[] } | undefined
}

/** How the cache learns what the database does by itself, see `catalogue`. */
export interface CatalogueOptions extends CatalogueHints {
  /** Whether the database is asked. `false`: only the schema and the hints here are used. @default true */
  readonly read?: boolean | undefined
  /** Longest time the first cached read, or the first write, waits for the database's answer, milliseconds. @default 1000 */
  readonly timeoutMs?: number | undefined
  /** After how long the database is asked again, so that migrations are noticed, **seconds**. @default 3600 */
  readonly maxAge?: Ttl | undefined
}

export interface CacheOptions {
  /**
   * The shared cache: a client of ioredis (`Redis` or `Cluster`), iovalkey, redis (connected) or @upstash/redis, or a `redis://` /
   * `rediss://` URL, for which the client that is installed is used.
   * @default `REDIS_URL`, else `REDIS_HOST` (+ `REDIS_PORT`, `REDIS_PASSWORD`, `REDIS_DB`), else a store in this process
   */
  readonly redis?: string | AnyRedisClient | undefined
  /** A store: `'memory'`, `memoryStore({ … })`, `redisStore(client)` or one of your own. */
  readonly store?: 'memory' | StoreFactory | undefined
  /**
   * Keeps copies of entries in this process, in front of Redis.
   * - `revalidate`: each hit compares their versions with those in Redis, one small round trip: as fresh as Redis alone
   * - `push`: hits take no round trip, because Redis pushes every change of a version (Redis 6 or later). A process
   *   sees its own writes at once, and those of others when the push arrives: a few milliseconds after the write was
   *   acknowledged, at most two `heartbeatMs` when the connection hangs. `strict` models are read as with `revalidate`
   * @default none
   */
  readonly near?: Coherence | NearTierOptions | undefined
  /** The beginning of every key, so that several applications can share one Redis. One prefix, one database. @default `CACHE_PREFIX`, else `prisma:` */
  readonly prefix?: string | undefined
  /** The policy of models that say nothing themselves. A `ttl` here caches every model. @default `CACHE_DEFAULT_TTL`, else ttl 0 */
  readonly defaults?: CachePolicy | undefined
  /** Policies by model. `false`: rows of the model are never stored, not even as part of another model's result. */
  readonly models?: { readonly [model: string]: ModelCachePolicy | false } | undefined
  /** What raw statements touch. @default [] */
  readonly raw?: readonly RawRule[] | undefined
  /**
   * Returns the scope of a read: the tenant, role or locale that the result also depends on, for example by row-level
   * security. It is part of every key, and a tag: `$cache.invalidate({ scope })`. Called on each cached read; must not
   * throw. `null` and `undefined`: no scope.
   */
  readonly vary?: (() => string | number | boolean | null | undefined) | undefined
  /**
   * Reads for which `vary` returns no scope (`null`, `undefined`, `''`, `NaN`) are not cached, with the reason `no-scope`.
   * @default false
   */
  readonly requireScope?: boolean | undefined
  /**
   * The keys of this cache: for models with `encrypt`, and for digests.
   * @default `CACHE_ENCRYPTION_KEYS` and `CACHE_DIGEST_KEY`, else none
   */
  readonly encryption?: EncryptionOptions | undefined
  /**
   * Bounds the `cache` argument of calls, for applications that pass arguments on from outside (`findMany(req.body)`).
   * `false`: no call may have one. @default any
   */
  readonly callOptions?: CallOptions | false | undefined
  /** Part of every key; change it to leave all entries behind. @default '' */
  readonly version?: string | undefined
  /**
   * What reads are promised while a write is under way, and when its process dies. All processes that write a model
   * must use the same. @default 'default'
   */
  readonly consistency?: Consistency | undefined
  /**
   * How finely reads are invalidated; writes move what the finest needs, so processes may differ.
   * - `tags`: by no write; only by the application's own tags, `$cache.clear()` and time, so reads may be older than a write
   * - `model`: by any write to a model the result depends on
   * - `row`: a read by a unique key only by writes to its row
   * - `shape`: any read only by writes that change a column it reads, of rows with the values it asks for
   * @default 'shape'; 'row' with `vary`, or with extensions applied later: they may choose rows by columns not seen here
   */
  readonly invalidation?: Precision | undefined
  /**
   * Most tags a result depends on, besides your own. Above it, the result depends on fewer and coarser ones. Each tag is
   * looked up with every hit. @default 16
   */
  readonly maxTags?: number | undefined
  /**
   * Most tags that are taken from the result itself, in place of coarser ones: of the parents whose children it shows,
   * and of the rows on a page of at most so many. `0`: none. @default 32
   */
  readonly maxRowTags?: number | undefined
  /**
   * `strict` only: how long the lock of a write lasts after its process has died, milliseconds. It is renewed while the
   * write lasts. @default 10_000
   */
  readonly lockTtlMs?: number | undefined
  /**
   * `strict` only: what happens to a write when its lock cannot be taken. `proceed`: it is made as in `default`.
   * `reject`: it is refused with `StoreUnavailableError`, before anything is written. @default 'proceed'
   */
  readonly onUnavailable?: 'proceed' | 'reject' | undefined
  /**
   * Equal misses of several processes: one asks the database, the others wait for its entry. (Within a process they
   * always share one query.) Needs Redis. `false`: each process asks. @default true
   */
  readonly lease?: boolean | LeaseOptions | undefined
  /**
   * By how much read replicas of the database may lag, **seconds**. For so long after an invalidation nothing that it
   * concerns is stored. @default 0
   */
  readonly replicaLag?: number | undefined
  /**
   * How many Redis replicas must have an invalidation before it counts as delivered (`WAIT`), so that a failover
   * cannot lose it. @default 0
   */
  readonly waitReplicas?: number | undefined
  /** Longest time a query waits for the store, milliseconds. @default 50 */
  readonly timeoutMs?: number | undefined
  /** Time limits of the connection to Redis. */
  readonly connection?: ConnectionOptions | undefined
  /**
   * Gets one line when the store is lost, when it is back, and when an invalidation is lost for good. Never values or
   * passwords. `false`: no lines. @default `console.warn`
   */
  readonly logger?: CacheLogger | false | undefined
  /** The circuit breaker: when the store is not asked any more, and for how long. */
  readonly breaker?: {
    /** Round trips that fail in a row before the circuit opens. @default 5 */
    readonly failures?: number | undefined
    /** First pause before the store is tried again, milliseconds; doubles with each failure, up to four times. @default 1000 */
    readonly resetMs?: number | undefined
    /**
     * The quarantine: for how long a Redis that was restarted, promoted or out of reach is not read from, milliseconds, so
     * that every process can deliver its invalidations first. Longer than the longest reconnect delay of any client.
     * @default 3000
     */
    readonly quarantineMs?: number | undefined
  }
  /**
   * Reads that are made before somebody needs them: when the process starts, on a schedule, after invalidations, or by
   * `prisma.$cache.warm()`. One process of a fleet warms at a time. Needs a Prisma client. @default []
   */
  readonly warmers?: readonly WarmerOptions[] | undefined
  /**
   * Remembers which queries are made in which hour of the day, and makes the likely ones before callers need them. They are
   * remembered with their arguments, in this process only. Not with `vary`: a query cannot be repeated outside its scope.
   * @default false
   */
  readonly predict?: boolean | PredictOptions | undefined
  /**
   * Larger results are not stored, and not shared by reads that wait for the same one. A query that returned one is not
   * tried again for 30 seconds. Bytes of the encoded result. @default 1_048_576
   */
  readonly maxValueBytes?: number | undefined
  /**
   * Which reads use the cache.
   * - `auto`: reads of forms for which caching saves more time than it costs in this process. Of the others a few still
   *   use it, so that the cache notices when it pays again
   * - `always`: all reads
   * @default 'auto'
   */
  readonly admission?: 'auto' | 'always' | undefined
  /**
   * Counts everything and serves nothing: each read asks the database. For a day in production before the cache is used,
   * see `$cache.advise()`. @default false
   */
  readonly observe?: boolean | undefined
  /**
   * Reads a sample of the hits from the database as well, in the background, and compares: `verify` events, and `verified`
   * and `freshness` in `$cache.stats()`. It also reveals writers that bypass the client. @default off
   */
  readonly verify?: VerifyOptions | undefined
  /**
   * Alerts when the hit rate falls, faults or look-up times rise, memory fills, or the store is lost: `alert` events,
   * `stats().alerts`, and `onAlert`. `true`: with the default thresholds. @default off
   */
  readonly alerts?: boolean | AlertOptions | undefined
  /**
   * The interval of health checks of the store, **seconds**: `health` events, which `alerts` use too. Does not keep the
   * process alive. @default 30 with `alerts`, else never
   */
  readonly healthIntervalSeconds?: number | undefined
  /**
   * Reads from the database's catalogue what it does by itself (generated columns, triggers, views, cascades), once for all
   * processes of a prefix. If it cannot be read, every write invalidates everything. `false`: only the schema is used, and
   * what it does not say is not known, see docs/catalogue.md. @default true
   */
  readonly catalogue?: boolean | CatalogueOptions | undefined
  /** The text of the Prisma schema, where the client does not carry it. Unique keys and cascades are read from it. */
  readonly schema?: string | undefined
  /**
   * What query extensions that are applied after this one do, see docs/interoperability.md.
   * - `transparent`: they change neither arguments nor results (read replicas, a transaction around each query)
   * - `changing`: they may (soft delete). Then `invalidation` defaults to `'row'`, and written rows are taken from the
   *   arguments only
   * @default as `changing`, with a warning
   */
  readonly laterExtensions?: 'transparent' | 'changing' | undefined
  /** The module that exports the cached client, relative to the config file, for `npx prisma-extension-query-cache warm`. @default none */
  readonly client?: string | undefined
  /** The config file: a path, or `false` for none. @default the first `cache.config.{ts,mts,js,mjs,cjs,json}` in the working directory */
  readonly configFile?: string | false | undefined
  /** The present in epoch milliseconds. For tests. @default Date.now */
  readonly clock?: Clock | undefined
}

/** What a config file may contain. */
export type CacheConfig = Omit<CacheOptions, 'configFile' | 'clock'>
