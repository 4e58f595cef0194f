import type { Clock } from '../clock.ts'
import { type Envelope, readEnvelope } from '../codec/envelope.ts'
import type { CacheEventListener, CacheEventType, EventHub } from '../events.ts'
import { known } from '../policy/resolve-policy.ts'
import { assertTarget, assertWarm } from '../policy/validate-options.ts'
import type { ModelGraph } from '../query/model-graph.ts'
import { tagsAlone, wholeModelsWriteSet } from '../query/write-set.ts'
import type { Explanation } from '../read/explain.ts'
import type { Background } from '../read/read-context.ts'
import { globLiteral } from '../stores/glob.ts'
import type { ResilientStore, StoreCondition } from '../stores/resilient-store.ts'
import { userTag } from '../tags/tag.ts'
import type { Invalidate } from '../write/invalidate.ts'
import type { CacheInfo, InfoScopes } from './cache-info.ts'
import type { Drop, Drops } from './drops.ts'
import type { CacheStats, Statistics } from './stats.ts'
import { WarmQueries } from './warm-queries.ts'

/** What to drop. At least one must be given; together they add up. */
export interface InvalidationTarget {
  /** Tags of the application's own. */
  readonly tags?: readonly string[] | undefined
  /** Models, as if any of their rows had been written: with everything the database deletes or rewrites along with them. */
  readonly models?: readonly string[] | undefined
  /** Keys of entries, whole, as events and `keys()` show them, or the `key` a call gave its entry (`Model:operation:@key`). */
  readonly keys?: readonly string[] | undefined
  /** A glob over keys without the prefix, e.g. `User:findMany:*`. Walks all keys of the namespace: for operators, not for requests. */
  readonly pattern?: string | undefined
  /**
   * With tags and models: what is invalidated may still be served, with the status `stale`, while one read renews it
   * behind. A write, or an invalidation that is not soft, ends that at once. @default false
   */
  readonly soft?: boolean | undefined
  /** For how long at most, **seconds**. Only with `soft`. @default 30 */
  readonly grace?: number | undefined
}

/** How the cache is. Never rejects. */
export interface CacheHealth {
  /** `ok`, or: reads go to the database because the store does not answer, or invalidations wait for it. */
  readonly state: StoreCondition['state']
  readonly store: string
  /** Round trip to the store; `null` when it did not answer. */
  readonly latencyMs: number | null
  readonly undelivered: number
}

/** An entry, without its value. */
export interface EntryInfo {
  readonly key: string
  readonly readAt: Date
  /** Milliseconds left until it expires, and until it may no longer be served stale. */
  readonly freshForMs: number
  readonly keptForMs: number
  readonly tags: number
  readonly bytes: number
}

/** What raw SQL touches, said at the call. */
export interface RawOptions {
  /** Models the statement reads; its result is cached under them. */
  readonly reads?: readonly string[] | undefined
  /** Models the statement writes; they are invalidated, and nothing else. `[]`: it writes nothing that is cached. */
  readonly writes?: readonly string[] | undefined
  /** Seconds. @default 60 */
  readonly ttl?: number | undefined
  /** Tags of the application's own that the result depends on. */
  readonly tags?: readonly string[] | undefined
  /** Tags of the application's own that the statement invalidates. */
  readonly invalidate?: readonly string[] | undefined
}

/** `prisma.$cache` */
export interface CacheControl {
  /**
   * Drops what is named. Tags and models: no read that begins after this resolved sees the state before, reads under way
   * included. Keys and patterns remove the entries that exist; a read under way may still store its result.
   *
   * @returns how many tags were moved and entries removed.
   * @throws CacheConfigError for an unknown model or an empty target; StoreUnavailableError for keys and patterns while
   * the store is down (tags and models are kept and delivered later).
   */
  invalidate(target: InvalidationTarget): Promise<{ readonly tags: number; readonly keys: number }>
  /** Removes every entry and tag of this prefix, and nothing outside it. */
  clear(): Promise<{ readonly keys: number }>
  /** Counts since the extension was set up. */
  stats(): CacheStats
  /** Keys of entries; `pattern` as in `invalidate`, `limit` 1000 unless told. Walks the namespace. */
  keys(options?: { readonly pattern?: string; readonly limit?: number }): Promise<string[]>
  /** What is known of an entry, never its value; `null` when there is none. */
  inspect(key: string): Promise<EntryInfo | null>
  health(): Promise<CacheHealth>
  /**
   * How a read is cached and what invalidates it, and how it could be made finer. The read is not executed.
   *
   *     await prisma.$cache.explain(prisma.post.findMany({ where: { authorId: 5 } }))
   *
   * @throws CacheConfigError for anything but a read of this client.
   */
  explain(read: PromiseLike<unknown>): Promise<Explanation>
  /** How an entry was last found invalidated here, and by which write; `null` when none is remembered (the last 5000 are). */
  why(key: string): Drop | null
  /** Calls `listener` for each event of a type, or for all with `'*'`; returns what ends it. */
  on<T extends CacheEventType | '*'>(type: T, listener: CacheEventListener<T>): () => void
  /** A read's result, with what the cache did for it. */
  withCacheInfo<T>(read: PromiseLike<T>): Promise<{ readonly data: T; readonly info: CacheInfo }>
  /** What `run` returns, with what the cache did for each read made in it: one request, say. */
  collectCacheInfo<T>(
    run: () => PromiseLike<T> | T,
  ): Promise<{ readonly data: T; readonly reads: readonly CacheInfo[] }>
  /** Declares what a raw statement touches: `prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw`…`)`. Stays lazy, and may stand in `$transaction([...])`. */
  raw<P extends PromiseLike<unknown>>(options: RawOptions, statement: P): P
  /**
   * Asks `run` now, and again whenever a write or an invalidation of **this process** moved what its reads depend on, so
   * that the next caller finds them stored. Behind everybody's back; an error is an `error` event. `name`: one query a
   * name, the later one counts. Returns what ends it. The reads must be cached ones, by policy or by `cache`.
   *
   *     const cool = prisma.$cache.keepWarm('front page', () => prisma.post.findMany({ take: 10 }))
   *
   * @throws CacheConfigError when `run` is no function, a query that was begun already say.
   */
  keepWarm(name: string, run: () => PromiseLike<unknown>): () => void
  /** Resolves when fills and refreshes under way are through. */
  settled(): Promise<void>
  /** Ends the cache: waits for work under way and closes the connection this package opened. Queries still work, uncached. */
  disconnect(): Promise<void>
}

export interface ControlContext {
  readonly graph: ModelGraph
  readonly store: ResilientStore
  readonly events: EventHub
  readonly statistics: Statistics
  readonly infos: InfoScopes
  readonly invalidate: Invalidate
  readonly background: Background
  readonly clock: Clock
  readonly prefix: string
  readonly declareRaw: CacheControl['raw']
  readonly drops: Drops
  readonly explain: CacheControl['explain']
}

const KEYS_LIMIT = 1000
/** Seconds. */
const GRACE = 30
const NOT_A_READ: CacheInfo = { status: 'bypass', model: '', operation: '', reason: 'not-a-read' }

export function cacheControl(context: ControlContext): CacheControl {
  const warm = new WarmQueries(context.events, context.infos, context.background)
  const { graph, store, events, statistics, infos, background, clock } = context
  const entries = `${context.prefix}query:`

  /** Keys may be given as shown, or without the prefix. */
  const wholeKey = (key: string) => (key.startsWith(entries) ? key : entries + key)
  const wholePattern = (pattern: string) =>
    globLiteral(entries) + (pattern.startsWith(entries) ? pattern.slice(entries.length) : pattern)

  return {
    async invalidate(target) {
      assertTarget(target)
      const { tags = [], models = [], keys = [], pattern, soft = false, grace = GRACE } = target
      const known_ = models.map((name) => known(graph, 'invalidate.models', name))
      const moved = [...tags.map(userTag), ...wholeModelsWriteSet(graph, known_)]
      const graceUntil = soft ? clock() + 1000 * grace : undefined
      await context.invalidate(tagsAlone(moved), { cause: 'api' }, undefined, graceUntil)
      let removed = keys.length > 0 ? await store.remove(keys.map(wholeKey)) : 0
      if (pattern !== undefined) {
        for await (const found of store.scan(wholePattern(pattern))) removed += await store.remove(found)
      }
      return { tags: moved.length, keys: removed }
    },

    async clear() {
      return { keys: await store.clear() }
    },

    stats: () => statistics.snapshot(store.condition()),

    async keys({ pattern = '*', limit = KEYS_LIMIT } = {}) {
      const keys = new Set<string>()
      for await (const found of store.scan(wholePattern(pattern))) {
        for (const key of found) if (keys.size < limit) keys.add(key)
        if (keys.size >= limit) break
      }
      return [...keys]
    },

    async inspect(key) {
      const bytes = await store.peek(wholeKey(key))
      if (bytes === undefined) return null
      let envelope: Envelope
      try {
        envelope = readEnvelope(bytes)
      } catch {
        return null
      }
      const ageMs = clock() - envelope.readAt
      return {
        key: wholeKey(key),
        readAt: new Date(envelope.readAt),
        freshForMs: Math.max(0, envelope.freshForMs - ageMs),
        keptForMs: Math.max(0, envelope.keptForMs - ageMs),
        tags: envelope.versions.length,
        bytes: Buffer.byteLength(bytes),
      }
    },

    async health() {
      const begun = performance.now()
      const latencyMs = await store.ping().then(
        () => performance.now() - begun,
        () => null,
      )
      const { state, undelivered } = store.condition()
      return {
        state: latencyMs === null && state === 'ok' ? 'unavailable' : state,
        store: store.name,
        latencyMs,
        undelivered,
      }
    },

    explain: context.explain,
    why: (key) => context.drops.of(wholeKey(key)),

    on: (type, listener) => events.on(type, listener),

    async withCacheInfo(read) {
      const { data, reads } = await infos.collect(() => read)
      return { data, info: reads[0] ?? NOT_A_READ }
    },
    collectCacheInfo: (run) => infos.collect(run),

    raw: context.declareRaw,
    keepWarm(name, run) {
      assertWarm({ name, run })
      return warm.keep(name, run)
    },
    settled: () => background.settled(),
    async disconnect() {
      warm.end()
      await background.settled()
      await store.close()
    },
  }
}
