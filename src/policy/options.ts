import type { Clock } from '../clock.ts'
import type { Precision } from '../dependency.ts'
import type { Alert, Tier } from '../events.ts'
import type { RedisClient } from '../stores/redis/redis-client.ts'
import type { StoreFactory } from '../stores/store.ts'
import type { Ttl } from './ttl.ts'

/**
 * How long results of a model, or of one of its operations, may be kept. Times are **seconds**, or their names, see
 * `Ttl`. An invalidation always wins over them: they bound what writers unknown to this client (psql, another service)
 * can leave behind.
 */
export interface CachePolicy {
  /** How long a result is fresh, counted from the moment the database was asked. `0` switches caching off. @default 0 */
  readonly ttl?: Ttl | undefined
  /**
   * For how much longer an expired (never an invalidated) result may still be served, while one read refreshes it
   * behind. @default 0
   */
  readonly swr?: Ttl | undefined
  /** As `ttl`, for results that are `null`; the shorter of the two counts. @default 60 */
  readonly nullTtl?: Ttl | undefined
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
  readonly adaptive?: { readonly min: Ttl; readonly max: Ttl } | undefined
  /**
   * The namespace results are kept in: `prisma.$cache.invalidate({ namespace })` leaves all of it behind at once. A read
   * is in one, the one said nearest to the call. `a:b` lies in `a`. @default none
   */
  readonly namespace?: string | undefined
  /**
   * Asked before a stored result is served, fresh or stale; unless it returns true the database is asked, and its answer
   * stored instead, whatever is thought of that one. Is given a copy of its own. One that throws says no, with an `error`
   * event. Not asked inside transactions, nor of what the database has just answered. @default every result is good
   */
  readonly validate?: Validate | undefined
}

/** What a stored result is judged by, besides itself. */
export interface StoredInfo {
  readonly status: 'hit' | 'stale'
  readonly model: string
  readonly operation: string
  readonly key: string
  readonly tags: readonly string[]
  /** Where it lay: in this process, or in Redis. */
  readonly tier: Tier
  /** Milliseconds since the database was asked. */
  readonly ageMs: number
}

/** `value` is the result as the caller would get it, before computed fields of other extensions: say which type it has. */
export type Validate = {
  // As a method: to TypeScript a function of one type of results is good for this one, too.
  validate(value: unknown, info: StoredInfo): boolean
}['validate']

export interface ModelCachePolicy extends CachePolicy {
  /** Tags of the application's own that every cached read of the model depends on. @default [] */
  readonly tags?: readonly string[] | undefined
  /** Policies of single operations; `false`: this operation is never cached. */
  readonly operations?: { readonly [operation in ReadOperation]?: CachePolicy | false | undefined } | undefined
  /** Fields that must never reach the store: a read whose result would show one goes to the database. @default [] */
  readonly neverCache?: readonly string[] | undefined
  /**
   * Results of reads that reach this model are stored encrypted (AES-256-GCM), also those of other models that include
   * or filter by it. Needs `encryption`. @default false
   */
  readonly encrypt?: boolean | undefined
  /**
   * The longest life of results of reads that reach this model, `swr` included, whatever a call or another model says.
   * Seconds, or their name; above 0. @default none
   */
  readonly maxTtl?: Ttl | undefined
  /** `audit` events for reads that reach this model and the cache: who was served, in which scope, under which key. @default false */
  readonly audit?: boolean | undefined
  /** Larger results of reads of this model are not stored. Bytes of the encoded result. @default `maxValueBytes` */
  readonly maxBytes?: number | undefined
  /**
   * Most entries of reads of this model that one process keeps, least recently used first: in the memory store, and of
   * copies with `near`. Redis itself cannot bound one model; give it a `maxmemory`, and a `ttl` to the model.
   * @default as many as the store has room for
   */
  readonly maxEntries?: number | undefined
  /** Models whose writes also change what is read here: the tables of a database view, or of a trigger. @default [] */
  readonly dependsOn?: readonly string[] | undefined
  /** As the option of the same name, for writes to this model. @default the option */
  readonly consistency?: Consistency | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly invalidation?: Precision | undefined
  /** As the option of the same name, for reads of this model. @default the option */
  readonly lease?: boolean | LeaseOptions | undefined
}

/** The secrets of models with `encrypt`. Each key is 32 random bytes: a `Uint8Array`, or their text in base64 or hex. */
export interface EncryptionOptions {
  /**
   * Newest first: the first encrypts, all of them decrypt. To rotate, put a new one in front; take the old one out when
   * the entries it encrypted have expired. `id`: 1 to 32 letters, digits, `.`, `_` or `-`; stands in the clear in Redis.
   */
  readonly keys: readonly { readonly id: string; readonly key: string | Uint8Array }[]
  /**
   * Makes keyed digests of arguments and of values in keys and tags, of all models, so that none can be guessed from
   * what stands in Redis. The same in all processes, always: to change it is to change the `prefix`.
   */
  readonly digestKey: string | Uint8Array
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

/** How one read uses the cache; what is left out comes from the configuration. Times are **seconds**, or their names. */
export interface ReadCacheOptions {
  /**
   * How long the result is fresh, counted from the moment the database was asked. `0`: this read is not cached.
   * @default the configured `ttl`, or 60 where that is 0
   */
  readonly ttl?: Ttl | undefined
  /**
   * For how much longer the expired (never an invalidated) result may still be served, while one read refreshes it
   * behind. @default the configured `swr`
   */
  readonly swr?: Ttl | undefined
  /** As `ttl`, for a result that is `null`; the shorter of the two counts. @default the configured `nullTtl` */
  readonly nullTtl?: Ttl | undefined
  /**
   * Names the application invalidates this result by: `cache: { invalidate: [...] }` on a write, or
   * `prisma.$cache.invalidate({ tags: [...] })`. They add to the configured ones; writes to the models the read
   * touches invalidate it in any case. A tag lies under those its name begins with: `user:5` is invalidated by `user`
   * as well. @default []
   */
  readonly tags?: readonly string[] | undefined
  /** As in the configuration, for this read. @default the configured `namespace` */
  readonly namespace?: string | undefined
  /** As in the configuration, for this read. @default the configured `validate` */
  readonly validate?: Validate | undefined
  /**
   * A name of your own for the entry, for `prisma.$cache.invalidate({ keys: [...] })`. One name, one query: different
   * queries under the same name never share a result, they push each other out. @default none
   */
  readonly key?: string | undefined
  /** Asks the database even where a fresh result is stored, and stores the answer. @default false */
  readonly refresh?: boolean | undefined
}

/** What calls may say in their `cache`. */
export interface CallOptions {
  /** The longest `ttl`, `swr` and `nullTtl` of a call; longer ones are cut. Seconds, or their name. @default ten years */
  readonly maxTtl?: Ttl | undefined
  /** The options a call may name; any other makes it reject with `CacheConfigError`. @default all */
  readonly allow?: readonly (keyof ReadCacheOptions | keyof WriteCacheOptions)[] | undefined
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
  /** Seconds, or their name. @default 0 */
  readonly ttl?: Ttl | undefined
}

export interface VerifyOptions {
  /** The share of hits that is verified, 0 to 1. */
  readonly sample: number
  /** How long an invalidation may be on its way before a difference counts as stale, milliseconds. @default 1000 */
  readonly afterMs?: number | undefined
  /** Verifications under way at one time; hits beyond are not verified. @default 4 */
  readonly maxInFlight?: number | undefined
}

/**
 * When an operator is to be told: thresholds over a window that slides, each `false` where it is not to be watched. One is
 * raised once, and resolved once when what had crossed it is back; below `minSamples` nothing is known and nothing changes.
 */
export interface AlertOptions {
  /** Raised when less than this share of the reads that asked the cache was answered by it. @default 0.7 */
  readonly hitRate?: number | false | undefined
  /** Raised when there were more faults of the cache than this share of its look-ups. @default 0.05 */
  readonly errorRate?: number | false | undefined
  /** Raised when more than one look-up in twenty took longer than this, milliseconds. @default 10 */
  readonly lookUpMs?: number | false | undefined
  /** Raised when a Redis server uses more than this share of its `maxmemory`. @default 0.9 */
  readonly memory?: number | false | undefined
  /** Raised when the store is left alone because it does not answer. @default true */
  readonly unavailable?: boolean | undefined
  /** Raised when invalidations wait to be delivered. @default true */
  readonly undelivered?: boolean | undefined
  /** How far back rates and times are looked at, **seconds**. @default 300 */
  readonly window?: number | undefined
  /** Reads, or look-ups, there must be in the window. @default 100 */
  readonly minSamples?: number | undefined
  /** Called with each `alert` event. */
  readonly onAlert?: ((alert: Alert & { readonly state: 'raised' | 'resolved' }) => void) | undefined
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

/**
 * When a warmer warms by itself: when a process begins · when any of these tags or models has been invalidated, by
 * whomever.
 */
export type WarmOn<Model extends string = string> =
  | 'startup'
  | { readonly tags?: readonly string[] | undefined; readonly models?: readonly Model[] | undefined }

/** Reads that are made before somebody needs them. See `warmers`. */
// biome-ignore lint/suspicious/noExplicitAny: the type of the client is known where it is made
export interface WarmerOptions<Client = any, Model extends string = string> {
  /** For events, and `prisma.$cache.warm(name)`. */
  readonly name: string
  /**
   * Makes the reads, with the cached client; or returns them: a list, or a generator, of Prisma's promises, or of
   * functions that make one. They must be such as the cache stores, by policy or by `cache`.
   *
   *     run: (prisma) => ids.map((id) => prisma.plan.findUnique({ where: { id } }))
   */
  readonly run: (prisma: Client) => unknown
  /** @default by schedule, or by `prisma.$cache.warm(name)` alone */
  readonly on?: WarmOn<Model> | readonly WarmOn<Model>[] | undefined
  /** How often, **seconds**; at the same moments in every process. @default never */
  readonly every?: Ttl | undefined
  /** When: `'0 6 * * 1-5'`. Needs the package `croner`. @default never */
  readonly cron?: string | undefined
  /** The time zone of `cron`: `'Europe/Berlin'`. @default that of the process */
  readonly timeZone?: string | undefined
  /** Most reads of one go; those beyond are not made. @default 1000 */
  readonly limit?: number | undefined
  /** Most reads at a time. @default 4 */
  readonly concurrency?: number | undefined
  /** For how long a process that died while it was warming keeps the others from it, milliseconds. @default 10_000 */
  readonly leaseMs?: number | undefined
}

/** Which queries are asked ahead of the callers who are likely to ask them. See `predict`. */
export interface PredictOptions {
  /** The share of cached reads that is looked at, above 0 to 1. @default 0.1 */
  readonly sample?: number | undefined
  /** Most queries remembered. @default 1000 */
  readonly maxQueries?: number | undefined
  /** The models whose reads are remembered. @default all that are cached */
  readonly models?: readonly string[] | undefined
  /** Reads that must be expected of a result, while it lives, for its query to be asked ahead. @default 2 */
  readonly least?: number | undefined
  /** How often it is looked what is due, **seconds**. @default 60 */
  readonly every?: Ttl | undefined
  /** Most reads of one go. @default 200 */
  readonly limit?: number | undefined
  /** Most reads at a time. @default 2 */
  readonly concurrency?: number | undefined
}

/** How long the connection to Redis may take, be silent, or go unchecked. Milliseconds. */
export interface ConnectionOptions {
  /**
   * Longest time the first query waits until Redis is connected to; those that come meanwhile wait with it. Afterwards
   * no query waits for a connection. @default 1000, at least `timeoutMs`
   */
  readonly connectTimeoutMs?: number | undefined
  /**
   * A connection on which nothing comes for so long, though replies are due, is dropped and made anew. Of a client of your
   * own as well. @default 1000, at least five times `timeoutMs`
   */
  readonly silenceMs?: number | undefined
  /**
   * How often it is made sure, along with a look-up, that Redis still takes writes: entries may be served for so long from
   * a server that refuses the invalidations of others. A write whose invalidation was refused waits five times `timeoutMs`
   * before it is acknowledged; below that, nobody sees the state before it. 0: with every look-up.
   * @default 100, at most twice `timeoutMs`
   */
  readonly writeCheckMs?: number | undefined
}

/** Where the cache says that it lost its store, and that it has it back. `console` will do, and so will most loggers. */
export interface CacheLogger {
  warn(message: string): void
  /** @default `warn` */
  info?(message: string): void
}

/** What the database does by itself and the schema does not say, in the application's own words. */
export interface CatalogueHints {
  /** Columns by model that the database computes, or writes by itself: generated columns, `ON UPDATE`, triggers. @default {} */
  readonly generated?: { readonly [model: string]: readonly string[] } | undefined
  /**
   * Models that change, all their rows, when this one is written: by triggers, rules or procedures. Where it is given, it is
   * all there is to know of triggers that the database does not show. @default {}
   */
  readonly writes?: { readonly [model: string]: readonly string[] } | undefined
}

/** How it is learned what the database does by itself. See `catalogue`. */
export interface CatalogueOptions extends CatalogueHints {
  /** Whether the database is asked. `false`: the schema is believed, and what is said here. @default true */
  readonly read?: boolean | undefined
  /** Longest time the first cached read, or the first write, waits for the answer, milliseconds. @default 1000 */
  readonly timeoutMs?: number | undefined
  /** After how long the database is asked again, so that migrations are noticed; **seconds**. @default 3600 */
  readonly maxAge?: Ttl | undefined
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
   * its surroundings. Part of every key, and a tag: `$cache.invalidate({ scope })`. Called on each cached read; must not
   * throw. `null` and `undefined`: in no scope.
   */
  readonly vary?: (() => string | number | boolean | null | undefined) | undefined
  /**
   * Reads for which `vary` names no scope (`null`, `undefined`, `''`, `NaN`) are not cached, and say so: `no-scope`.
   * @default false
   */
  readonly requireScope?: boolean | undefined
  /**
   * Secrets of this cache: what models with `encrypt` are encrypted with, and what digests are made with.
   * @default `CACHE_ENCRYPTION_KEYS` and `CACHE_DIGEST_KEY`, else none
   */
  readonly encryption?: EncryptionOptions | undefined
  /**
   * Bounds the `cache` argument of calls, for applications that hand arguments on from outside (`findMany(req.body)`).
   * `false`: no call may have one. @default any
   */
  readonly callOptions?: CallOptions | false | undefined
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
   * @default 'shape'; 'row' with `vary`, or with extensions applied later: they may choose rows by columns not seen here
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
  /** What is expected of the connection to Redis. */
  readonly connection?: ConnectionOptions | undefined
  /**
   * Told when the store is lost and when it is back, in one line each, and when an invalidation is lost for good. Never
   * of values or passwords. `false`: nobody. @default `console.warn`
   */
  readonly logger?: CacheLogger | false | undefined
  /** When the store is left alone, and for how long. */
  readonly breaker?: {
    /** Round trips that fail in a row before the circuit opens. @default 5 */
    readonly failures?: number | undefined
    /** First pause before the store is tried again, milliseconds; doubles with each failure, up to four times. @default 1000 */
    readonly resetMs?: number | undefined
    /**
     * For how long a Redis that was restarted, promoted or out of reach is not read from, milliseconds: until every
     * process has found it, some keep invalidations it has not been told. Longer than the longest reconnect delay of any client.
     * @default 3000
     */
    readonly graceMs?: number | undefined
  }
  /**
   * Reads made before somebody needs them: as the process begins, by a schedule, after invalidations, or when
   * `prisma.$cache.warm()` says so. One process of a fleet warms at a time. Only of a Prisma client. @default []
   */
  readonly warmers?: readonly WarmerOptions[] | undefined
  /**
   * Remembers which queries callers ask in which hour of the day, and asks those that are likely before they are asked
   * for, and before their results are over. Remembered with their arguments, in this process alone. Not with `vary`: a
   * query cannot be asked outside the scope it was asked in. @default false
   */
  readonly predict?: boolean | PredictOptions | undefined
  /**
   * Larger results are not stored, nor shared by reads that wait for the same one. Results of a query that gave one are not
   * looked at for the next 30 seconds. Bytes of the encoded result. @default 1_048_576
   */
  readonly maxValueBytes?: number | undefined
  /**
   * Which reads use the cache, by what it saved and cost the reads of their form so far, in this process.
   * - `auto`: those of which it pays. The others bypass it, but for a few by which it is seen when it pays again
   * - `always`: all
   * @default 'auto'
   */
  readonly admission?: 'auto' | 'always' | undefined
  /**
   * Counts everything and serves nothing: each read asks the database, as without a cache. For a day in production before
   * the cache is used; see `$cache.advise()`. @default false
   */
  readonly observe?: boolean | undefined
  /**
   * Reads a sample of the hits from the database as well, behind the caller's back, and compares: `verify` events, and
   * `verified` and `freshness` in `$cache.stats()`. Also reveals writers that bypass the client. @default off
   */
  readonly verify?: VerifyOptions | undefined
  /**
   * Tells when the hit rate falls, faults or look-up times rise, memory fills, or the store is lost: `alert` events,
   * `stats().alerts`, and `onAlert`. `true`: with the thresholds it has. @default off
   */
  readonly alerts?: boolean | AlertOptions | undefined
  /**
   * How often the store is asked how it is, **seconds**: `health` events, and what `alerts` look at besides. Keeps no
   * process alive. @default 30 with `alerts`, else never
   */
  readonly healthEvery?: number | undefined
  /**
   * What the database does by itself (generated columns, triggers, views, cascades) is read from its catalogue, once for
   * all processes of a prefix. Where it cannot be read, a write is taken to change everything. `false`: the schema is
   * believed, and what it does not say is not known; see docs/catalogue.md. @default true
   */
  readonly catalogue?: boolean | CatalogueOptions | undefined
  /** The text of the Prisma schema, where the client does not carry it. Unique keys and cascades are read from it. */
  readonly schema?: string | undefined
  /**
   * Query extensions that are applied after this one on purpose; see docs/interoperability.md.
   * - `transparent`: they change neither arguments nor results (read replicas, a transaction round each query)
   * - `changing`: they may (soft delete): then reads depend on rows and models, where `invalidation` does not say
   *   otherwise, and written rows are told from the arguments alone
   * @default as `changing`, with a warning
   */
  readonly laterExtensions?: 'transparent' | 'changing' | undefined
  /** The module that exports the cached client, seen from the config file, for `npx prisma-query-cache warm`. @default none */
  readonly client?: string | undefined
  /** The config file: a path, or `false` for none. @default the first `cache.config.{ts,mts,js,mjs,cjs,json}` in the working directory */
  readonly configFile?: string | false | undefined
  /** The present in epoch milliseconds. For tests. @default Date.now */
  readonly clock?: Clock | undefined
}

/** What a config file holds: every option that can be written down in one. */
export type CacheConfig = Omit<CacheOptions, 'configFile' | 'clock'>
