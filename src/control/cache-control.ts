import { StoreUnavailableError } from '../errors.ts'
import {
  type Alert,
  type CacheEventListener,
  type CacheEventOf,
  type CacheEventType,
  type EventHub,
  TIMED,
} from '../events.ts'
import { known } from '../policy/resolve-policy.ts'
import type { Ttl } from '../policy/ttl.ts'
import { assertDisconnect, assertKeyPage, assertReady, assertTarget, assertWarm } from '../policy/validate-options.ts'
import { tagsAlone, wholeModelsWriteSet } from '../query/write-set.ts'
import type { Admission } from '../read/admission.ts'
import type { Background } from '../read/read-context.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { LocalSize, ServerInfo } from '../stores/store.ts'
import { inScope, scopeName } from '../tags/scope-tags.ts'
import { namespaceTag, type Tag, userTag } from '../tags/tag.ts'
import { VERSION_LENGTH } from '../tags/tag-versions.ts'
import { idOfKey } from '../values/value-key.ts'
import type { Values } from '../values/values.ts'
import type { Invalidate } from '../write/invalidate.ts'
import { advice, type CacheAdvice } from './advice.ts'
import type { CacheInfo, InfoScopes } from './cache-info.ts'
import type { Drops, LastInvalidation } from './drops.ts'
import { type EntryInfo, type EntryKnowledge, entryInfo } from './entry-info.ts'
import { type CacheHealth, healthOf } from './health.ts'
import { type EventSource, type InvalidationMap, type InvalidationTarget, invalidateOn } from './invalidate-on.ts'
import { keyPage } from './key-page.ts'
import type { CacheStats, Statistics } from './stats.ts'
import { TELL } from './tell.ts'
import { WarmQueries } from './warm-queries.ts'
import { WholeKeys } from './whole-keys.ts'

export interface StoreInfo {
  /** `memory`, `redis`, or the name of your own. */
  readonly store: string
  /** What lies in this process: the entries of a memory store, or copies (`near`); `null` where there is neither. */
  readonly local: LocalSize | null
  /** The Redis servers the client knows of; one that does not answer says why. */
  readonly servers: readonly ServerInfo[]
}

/** What raw SQL touches, said at the call. */
export interface RawOptions {
  /** Models the statement reads; its result is cached under them. */
  readonly reads?: readonly string[] | undefined
  /** Models the statement writes; they are invalidated, and nothing else. `[]`: it writes nothing that is cached. */
  readonly writes?: readonly string[] | undefined
  /** Seconds, or their name. @default 60 */
  readonly ttl?: Ttl | undefined
  /** Tags of the application's own that the result depends on. */
  readonly tags?: readonly string[] | undefined
  /** Tags of the application's own that the statement invalidates. */
  readonly invalidate?: readonly string[] | undefined
}

export interface KeyPageOptions {
  /** As in `invalidate`. @default all */
  readonly pattern?: string | undefined
  /** @default 100 */
  readonly limit?: number | undefined
  /** @default from the beginning */
  readonly cursor?: string | null | undefined
}

/** What `createCache` returns; `prisma.$cache` can do this and more. */
export interface CacheControl extends Values {
  /**
   * Drops what is named. Tags, models and a namespace: no read that begins after this resolved sees the state before, reads under way
   * included. Keys and patterns remove the entries that exist; a read under way may still store its result.
   *
   * @returns how many tags were moved and entries removed.
   * @throws CacheConfigError for an unknown model or an empty target; StoreUnavailableError for keys and patterns while
   * the store is down (tags and models are kept and delivered later), and for all of them once `disconnect` has been
   * called and the store cannot be told.
   */
  invalidate(target: InvalidationTarget): Promise<{ readonly tags: number; readonly keys: number }>
  /**
   * Invalidates when something happens elsewhere, said by events; returns what ends that. Nobody waits for it: what is
   * read meanwhile may be what was before. A fault is an `error` event, never an exception in who emits.
   *
   *     const stop = prisma.$cache.invalidateOn(bus, {
   *       'user.changed': ({ id }) => ({ tags: [`user:${id}`] }),
   *       'catalog.imported': { models: ['Product'], soft: true },
   *     })
   *
   * @throws CacheConfigError for what is no source of events, or a target that names nothing.
   */
  invalidateOn(source: EventSource, map: InvalidationMap): () => void
  /** Removes every entry and tag of this prefix, and nothing outside it. */
  clear(): Promise<{ readonly keys: number }>
  /** Counts since the extension was set up. */
  stats(): CacheStats
  /**
   * Of which reads caching pays in this process, by how much, and why not of others; with what would let fewer writes
   * invalidate them, and which reads without a `ttl` are made often.
   */
  advise(): CacheAdvice
  /** Keys of results and values, of all unless there is a `pattern`, which is as in `invalidate`; `limit` 1000 unless told. Walks the namespace. */
  keys(options?: { readonly pattern?: string; readonly limit?: number }): Promise<string[]>
  /**
   * Keys of entries, a page at a time: `cursor` is that of the page before, and `null` after the last. A page holds about
   * `limit` keys (1 to 1000, 100 unless told), none at times; a key may be on two of them.
   *
   * @throws CacheConfigError for a cursor that is none, or a limit out of bounds.
   */
  keyPage(options?: KeyPageOptions): Promise<{ readonly keys: readonly string[]; readonly cursor: string | null }>
  /**
   * What is known of an entry; `null` when there is none. Its value only with `value: true`, for operators: cut to what can
   * be shown, and not at all where it depends on a model with `neverCache` fields.
   */
  inspect(key: string, options?: { readonly value?: boolean }): Promise<EntryInfo | null>
  health(): Promise<CacheHealth>
  /**
   * Resolves when results can be read from the store: at once unless it has to be connected to, or is left alone. Rejects
   * with `StoreUnavailableError` when that takes longer than `timeout` **seconds**. No read needs it: the first ones wait
   * by themselves, as long as `connection.connectTimeoutMs`.
   */
  ready(options?: ReadyOptions): Promise<void>
  /** What the store is made of, and what each Redis server says of itself: all nodes of a cluster. Never rejects. */
  info(): Promise<StoreInfo>
  /** How an entry was last found invalidated here, and by which write; `null` when none is remembered (the last 5000 are). */
  lastInvalidation(key: string): LastInvalidation | null
  /** Calls `listener` for each event of a type, or for all with `'*'`; returns what ends it. */
  on<T extends CacheEventType | '*'>(type: T, listener: CacheEventListener<T>): () => void
  /** A read's result, with what the cache did for it. */
  withCacheInfo<T>(read: PromiseLike<T>): Promise<{ readonly data: T; readonly info: CacheInfo }>
  /**
   * What `run` returns, with what the cache did for each read made in it: one request, say. `run` is handed the list as it
   * grows, for what must be known before it is done, the headers of a response say.
   */
  collectCacheInfo<T>(
    run: (reads: readonly CacheInfo[]) => PromiseLike<T> | T,
  ): Promise<{ readonly data: T; readonly reads: readonly CacheInfo[] }>
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
  /** @internal */
  readonly [TELL]: (event: CacheEventOf<'admin' | 'error'>) => void
  /** Resolves when fills and refreshes under way are through. */
  settled(): Promise<void>
  /**
   * Ends the cache: waits for work under way and closes the connection this package opened. Queries still work, uncached.
   * Invalidations that the store has not heard of die with it, and other processes may serve what they concern: it is
   * waited for them, `flushTimeoutSeconds` seconds at most, and `stats().store.undelivered` says how many are left.
   *
   * A write made afterwards is made all the same. The store is told of it where your own client still reaches it; where
   * not, an `error` event, the `logger` and `stats().store.lost` say so.
   */
  disconnect(options?: DisconnectOptions): Promise<void>
}

export interface ReadyOptions {
  /** **Seconds**, at most 3600. @default `connection.connectTimeoutMs` */
  readonly timeout?: number | undefined
}

export interface DisconnectOptions {
  /** **Seconds**, at most 3600. @default 0 */
  readonly flushTimeoutSeconds?: number | undefined
}

export interface ControlContext extends EntryKnowledge {
  readonly store: GuardedStore
  readonly events: EventHub
  readonly statistics: Statistics
  readonly admission: Admission
  readonly infos: InfoScopes
  readonly invalidate: Invalidate
  readonly background: Background
  readonly prefix: string
  readonly drops: Drops
  readonly values: Values
  /** Those that were raised. */
  readonly alerts: () => readonly Alert[]
  /** Longest time the first query waits for the store to be reached, ms. */
  readonly connectTimeoutMs: number
  /** Ends what would go on by itself. */
  readonly stop: () => void
}

const KEYS_LIMIT = 1000
const PAGE_LIMIT = 100
/** Seconds. */
const GRACE = 30
const NOT_A_READ: CacheInfo = { status: 'bypass', model: '', operation: '', reason: 'not-a-read' }

export function cacheControl(context: ControlContext): CacheControl {
  const warm = new WarmQueries(context.events, context.infos, context.background)
  const { graph, store, events, statistics, infos, background, clock } = context
  const whole = new WholeKeys(context.prefix, graph)

  async function removeKeys(keys: readonly string[]): Promise<number> {
    // What is being computed for a value's key must not come back, nor copies in other processes stay.
    const values = keys.flatMap((key) => idOfKey(context.prefix, key)?.own ?? [])
    if (values.length > 0) await context.invalidate(tagsAlone(values), { cause: 'api' })
    return keys.length > 0 ? store.remove(keys) : 0
  }

  async function* scan(pattern: string | undefined): AsyncIterable<readonly string[]> {
    for (const one of whole.patterns(pattern)) yield* store.scan(one)
  }

  async function isInvalidated({ dependsOn, versions }: Pick<EntryInfo, 'dependsOn' | 'versions'>) {
    const now = dependsOn && (await store.lookUp(undefined, dependsOn).catch(() => null))
    // A softly invalidated tag has a longer version.
    const same = (version: string, i: number) =>
      now?.versions[i]?.slice(0, VERSION_LENGTH) === version.slice(0, VERSION_LENGTH)
    return now && !versions.every(same)
  }

  async function removeMatching(pattern: string): Promise<number> {
    let removed = 0
    for await (const found of scan(pattern)) removed += await removeKeys(found)
    for (const one of whole.patterns(pattern)) await store.removeElsewhere?.(one)
    return removed
  }

  const listening = new Set<() => void>()

  /** All of the scope, where nothing else is named. */
  function within(scope: InvalidationTarget['scope'], own: readonly Tag[]): readonly Tag[] {
    if (scope === undefined) return own
    const name = scopeName(scope, graph.conceal)
    return own.length === 0 ? [inScope(name)] : own.map((tag) => inScope(name, tag))
  }

  async function invalidate(target: InvalidationTarget) {
    assertTarget(target)
    const { tags = [], models = [], namespace, scope, keys = [], pattern, soft = false, grace = GRACE } = target
    const known_ = models.map((name) => known(graph, 'invalidate.models', name))
    const own = [...tags.map(userTag), ...(namespace === undefined ? [] : [namespaceTag(namespace)])]
    const moved = [...new Set([...within(scope, own), ...wholeModelsWriteSet(graph, known_)])]
    const graceUntil = soft ? clock() + 1000 * grace : undefined
    const delivery = await context.invalidate(tagsAlone(moved), { cause: 'api' }, undefined, graceUntil)
    if (delivery === 'lost') throw new StoreUnavailableError('the cache was disconnected: nobody could be told')
    let removed = await removeKeys(keys.map((key) => whole.key(key)))
    if (pattern !== undefined) removed += await removeMatching(pattern)
    return { tags: moved.length, keys: removed }
  }

  return {
    ...context.values,

    invalidate,

    invalidateOn(source, map) {
      const failed = (error: unknown) => events.emit({ type: 'error', during: 'invalidate', error })
      const stop = invalidateOn(
        source,
        map,
        {
          check({ models = [] }) {
            for (const name of models) known(graph, 'invalidateOn', name)
          },
          invalidate(target) {
            const work = invalidate(target)
            background.run(work.catch(() => {}))
            return work
          },
        },
        failed,
      )
      listening.add(stop)
      return () => {
        listening.delete(stop)
        stop()
      }
    },

    async clear() {
      return { keys: await store.clear() }
    },

    stats: () =>
      statistics.snapshot(store.condition(), store.local?.() ?? null, context.alerts(), context.admission.counts()),
    advise: () => advice(context.admission.accounts(), statistics.uncached()),

    async keys({ pattern, limit = KEYS_LIMIT } = {}) {
      const keys = new Set<string>()
      for await (const found of scan(pattern)) {
        for (const key of found) if (keys.size < limit) keys.add(key)
        if (keys.size >= limit) break
      }
      return [...keys]
    },

    async keyPage(options = {}) {
      assertKeyPage(options)
      const { pattern, limit = PAGE_LIMIT, cursor } = options
      return keyPage(store, whole.patterns(pattern), cursor ?? '', limit)
    },

    async inspect(key, { value = false } = {}) {
      const bytes = await store.peek(whole.key(key))
      const info = bytes === undefined ? null : entryInfo({ ...whole.described(key), bytes }, value, context)
      return info && { ...info, isInvalidated: await isInvalidated(info) }
    },

    health: () => healthOf(store),

    async ready(options = {}) {
      assertReady(options)
      await store.ready(options.timeout === undefined ? context.connectTimeoutMs : 1000 * options.timeout)
    },

    async info() {
      const servers = (await store.servers?.()) ?? []
      return { store: store.name, local: store.local?.() ?? null, servers }
    },

    lastInvalidation: (key) => context.drops.of(whole.key(key)),

    on(type, listener) {
      const off = events.on(type, listener)
      const untimed = TIMED.has(type) ? events.time() : () => {}
      return () => {
        off()
        untimed()
      }
    },

    async withCacheInfo(read) {
      const { data, reads } = await infos.collect(() => read)
      return { data, info: reads[0] ?? NOT_A_READ }
    },
    collectCacheInfo: (run) => infos.collect(run),

    keepWarm(name, run) {
      assertWarm({ name, run })
      return warm.keep(name, run)
    },
    [TELL]: (event) => events.emit(event),
    settled: () => background.settled(),
    async disconnect(options = {}) {
      assertDisconnect(options)
      warm.end()
      for (const stop of listening) stop()
      context.stop()
      await background.settled()
      await store.delivered(1000 * (options.flushTimeoutSeconds ?? 0))
      await store.close()
    },
  }
}
