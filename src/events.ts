import type { Dependency } from './dependency.ts'
import { ownError } from './errors.ts'

/** Why a read went straight to the database without asking the cache. */
export type BypassReason =
  /** No `ttl` for this model or operation, and the call did not ask. */
  | 'not-enabled'
  /** The model, or a model whose rows the result would contain, is `false` in the config. */
  | 'model-disabled'
  /** The operation is `false` in the model's policy. */
  | 'operation-disabled'
  /** The call said `cache: false`, or its `ttl` is 0. */
  | 'call-disabled'
  /** Inside `$transaction(async tx => …)`: reads there must see the transaction's own writes. */
  | 'interactive-transaction'
  /** An element of `$transaction([...])`: Prisma hangs unless every element reaches the database. */
  | 'batch-transaction'
  /** Arguments we do not know: Prisma will refuse them, or they are newer than this package. */
  | 'unknown-argument'
  /** A value in the arguments that has no canonical text (a class instance, a function). */
  | 'unsupported-argument'
  /** `select` names a computed field of a result extension; what it needs is not visible from here. */
  | 'computed-field'
  /** `requireScope`, and `vary` names none. */
  | 'no-scope'
  /** `vary` threw: whose result this would be is not known. */
  | 'vary-failed'
  /** The result would contain a field listed in `neverCache`. */
  | 'never-cache-field'
  /** A database view without `dependsOn`: which tables it reads is not in the schema. */
  | 'view-undeclared'
  /** A fault of this package; see the `error` event. */
  | 'plan-failed'
  /** The `key`, `tags` or `rows` of a wrapped function threw, or said what they must not; see the `error` event. */
  | 'key-failed'
  /** What was asked about is no read that a cache could answer. */
  | 'not-a-read'
  /** A raw query without declared models. */
  | 'raw-undeclared'
  /** A raw query that writes. */
  | 'raw-write'
  /** The store is slow, down or refusing (circuit open, or this look-up failed). */
  | 'store-unavailable'
  /** Caching reads of this form costs more time than it saves: see `admission`. */
  | 'not-admitted'
  /** A strict write is under way on what this read depends on, or `replicaLag` has not passed since the last one. */
  | 'write-in-progress'
  /** Invalidations wait to be delivered; until then nothing read from the store can be trusted. */
  | 'undelivered-invalidation'

/** Why a result was not stored. */
export type SkipFillReason =
  /** Larger than `maxValueBytes`, or the `maxBytes` of its model. */
  | 'oversize'
  /** Holds a value the codec cannot restore exactly. */
  | 'unsupported-value'
  /** `undefined`: no result of a read. */
  | 'undefined'
  /** The connection is shared with open transactions or writes (SQLite): the rows read may be uncommitted. */
  | 'shared-connection'
  /** A `null` for a key that may be spelt in several ways, of a `findUnique` that Prisma may have merged with others. */
  | 'merged'
  /** The result holds fields that `omit` excludes: fetched for a computed field of another extension. */
  | 'computed-needs'
  /** The store did not take it. */
  | 'store-unavailable'

/** What `vary` said. */
export type Scope = string | number | boolean | null | undefined

/**
 * What happened to an entry of a model with `audit`. `hit`, `stale`: somebody was served it · `miss`: the database was
 * asked, and its answer is to be stored · `invalidated`: a write or the application · `inspected`: shown to an operator,
 * without its value · `removed`: by key or pattern, or with all others.
 */
export type AuditStatus = 'hit' | 'stale' | 'miss' | 'invalidated' | 'inspected' | 'removed'

interface ReadEvent {
  readonly model: string
  readonly operation: string
  readonly key: string
}

interface Served {
  readonly ageMs: number
  /** For how much longer it is fresh; 0 of what is stale. */
  readonly freshForMs: number
  /** `near`: the entry lay in this process, whether or not its versions were asked for · `far`: it came from Redis. */
  readonly tier: Tier
  readonly tags: readonly string[]
}

export type Tier = 'near' | 'far'

/** How long a read took; known while somebody listens to it. Milliseconds. */
export interface Timed {
  /** From where the read reached the cache to where its answer was there. */
  readonly ms?: number | undefined
}

/** Of a read that the cache did not answer; it is told of when it is answered. */
export interface TimedQuery extends Timed {
  /** The part of `ms` until the cache had said that it cannot answer. */
  readonly lookUpMs?: number | undefined
}

type Verdict =
  /** The database says what was served. */
  | { readonly outcome: 'fresh' }
  /** It differs and a tag has moved since the hit, at most so long after it: the entry is served no more. */
  | { readonly outcome: 'late'; readonly invalidatedWithinMs: number }
  /** It differs and nothing was invalidated: a writer bypasses the client, or an invalidation was lost. The entry is removed. */
  | { readonly outcome: 'stale' }

/** What set a warmer off: its `on: 'startup'`, its schedule, tags or models it is `on`, or `$cache.warm`. */
export type WarmCause = 'startup' | 'schedule' | 'change' | 'call'

interface Warming {
  readonly type: 'warm'
  /** Of the warmer. */
  readonly name: string
  /** Reads that are through, and all there are as far as that is known: for generators it grows. */
  readonly done: number
  readonly total: number
  /** Since it began. */
  readonly ms: number
}

/** How a go of a warmer ended. */
export type WarmOutcome = Warming & {
  /** Reads that were found fresh and left alone · asked of the database and stored · that the cache has nothing to do with. */
  readonly fresh: number
  readonly queried: number
  readonly uncached: number
} & (
    | { readonly state: 'end' }
    | { readonly state: 'error'; readonly error: unknown }
    | {
        readonly state: 'skipped'
        /**
         * `done`: another process has · `elsewhere`: another process is at it · `unavailable`: the store does not answer ·
         * `stopped`: the cache was ended meanwhile.
         */
        readonly reason: 'done' | 'elsewhere' | 'unavailable' | 'stopped'
      }
  )

/** A hundred times a go at most, `progress`. */
export type WarmEvent =
  | (Warming & { readonly state: 'start'; readonly cause: WarmCause })
  | (Warming & { readonly state: 'progress' })
  | WarmOutcome

export type CatalogueEvent = { readonly type: 'catalogue' } & (
  | {
      readonly state: 'known'
      /** `store`: another process had asked the database. */
      readonly source: 'database' | 'store'
      /** Models a write to which may change anything: what the database does then cannot be told. */
      readonly unclear: readonly string[]
    }
  /** Until it is, any write is taken to change everything. */
  | { readonly state: 'unknown'; readonly reason: CatalogueProblem }
)

/**
 * `unsupported`: of this provider nothing can be read · `failed`: the database refused, or answered what cannot be read;
 * see the `error` event · `late`: it has not answered in `timeoutMs` so far.
 */
export type CatalogueProblem = 'unsupported' | 'failed' | 'late'

/** What invalidated a tag. */
export interface InvalidatedBy {
  /** `write`, `transaction`, `raw`, `api`. */
  readonly cause: string
  readonly model?: string
  readonly operation?: string
  /** Epoch ms. */
  readonly at: number
}

/** Everything the cache can say. Events never carry values, arguments or credentials. */
export type CacheEvent =
  | (ReadEvent & Served & Timed & { readonly type: 'hit' })
  | (ReadEvent & Served & Timed & { readonly type: 'stale' })
  | (ReadEvent &
      TimedQuery & {
        readonly type: 'miss'
        readonly tags: readonly string[]
        /**
         * `absent`: no entry · `invalidated`: a tag moved · `expired` · `unreadable` · `rejected`: by `validate` ·
         * `refresh`: the call asked.
         */
        readonly cause: MissCause
        /** With the cause `invalidated`: those of its tags that were invalidated. */
        readonly invalidatedTags?: readonly string[]
        /** Answered by a database query another read had under way, of this process or, with a `lease`, of another. */
        readonly coalesced: boolean
        /**
         * Where processes take turns: `taken`: this one asked for all · `shared`: another one's answer was used ·
         * `timed-out`: it did not come in time.
         */
        readonly lease?: LeaseOutcome | undefined
        /** For how long the answer is fresh by its policy, at the least; 0 of an error. */
        readonly freshForMs: number
      })
  | (TimedQuery & {
      readonly type: 'bypass'
      readonly model: string
      readonly operation: string
      readonly reason: BypassReason
    })
  /** An entry was found invalidated; `by` is `null` when this process moved none of the tags. */
  | (ReadEvent & {
      readonly type: 'entry-invalidated'
      readonly tags: readonly string[]
      readonly by: InvalidatedBy | null
    })
  /** A query was planned for the first time (or again, after many others). */
  | (ReadEvent & { readonly type: 'plan'; readonly dependencies: readonly Dependency[] })
  | (ReadEvent & { readonly type: 'fill'; readonly bytes: number; readonly ttlMs: number })
  | (ReadEvent & { readonly type: 'fill-skipped'; readonly reason: SkipFillReason })
  /** A hit was compared with the database. `ageMs`: of the entry when it was served. */
  | (ReadEvent & { readonly type: 'verify'; readonly ageMs: number } & Verdict)
  | {
      readonly type: 'invalidate'
      readonly tags: readonly string[]
      readonly cause: string
      /** `false`: the store did not acknowledge in time; the tags are kept and delivered before it is read again. */
      readonly delivered: boolean
      /** The cache was disconnected, and the store could not be told: nobody tells it later. */
      readonly isLost?: boolean
      readonly model?: string
      readonly operation?: string
      /** How long the write, or who called, waited for it; known while somebody listens. Milliseconds. */
      readonly ms?: number | undefined
    }
  | WarmEvent
  /** Reads of a form use the cache no more, because it does not pay, or again. `form`: the names in its arguments. */
  | {
      readonly type: 'admission'
      readonly state: 'refused' | 'admitted'
      readonly model: string
      readonly operation: string
      readonly form: string
    }
  /** The catalogue of the database was read, or could not be. */
  | CatalogueEvent
  /** An access to entries of a model with `audit: true`. */
  | {
      readonly type: 'audit'
      readonly model: string
      /** Of the read or write, or of `$cache`. */
      readonly operation: string
      /** The entry; `null` where it is about all that depend on the model. */
      readonly key: string | null
      readonly status: AuditStatus
      /** Epoch ms. */
      readonly at: number
      /** In which it was done. Only here is it told. */
      readonly scope: Scope
    }
  | {
      readonly type: 'store'
      /** `ok`: it is used again · `unavailable`, `undelivered`: reads go to the database from now on. */
      readonly state: 'ok' | 'unavailable' | 'undelivered'
      /** Tags whose invalidation waits to be delivered; `Infinity` when all are treated as changed. */
      readonly undelivered: number
    }
  /** A threshold of `alerts` was crossed, or what had crossed it is back. Once each. */
  | (Alert & { readonly type: 'alert'; readonly state: 'raised' | 'resolved' })
  /** The health check that `healthIntervalSeconds` asks for. */
  | {
      readonly type: 'health'
      readonly state: 'ok' | 'unavailable' | 'undelivered'
      /** Round trip to the store; `null` when it did not answer. */
      readonly latencyMs: number | null
      readonly undelivered: number
    }
  /** Somebody came through a door for operators, the admin API say: what they did, or were refused. */
  | {
      readonly type: 'admin'
      readonly action: string
      /** Who, as `authorize` says; `null` where it does not. */
      readonly actor: string | null
      /** `done` · `refused`: not authorized, or too often · `failed`. */
      readonly outcome: 'done' | 'refused' | 'failed'
      /** How many tags were moved and entries removed. */
      readonly tagCount?: number
      readonly keyCount?: number
    }
  | {
      readonly type: 'error'
      /** Where: `look-up`, `fill`, `invalidate`, `recovery`, `connection`, `decode`, `decrypt`, `refresh`, `validate`, `vary`, `plan`, `catalogue`, `transaction`, `listener`, `verify`, `admin`, `key`, `increment`, `remove`, `spelling`. */
      readonly during: string
      readonly error: unknown
      readonly model?: string
      readonly operation?: string
    }

export type AlertName = 'hit-rate' | 'error-rate' | 'look-up' | 'memory' | 'unavailable' | 'undelivered'

/** What is not as it should be. */
export interface Alert {
  readonly alert: AlertName
  /** As the threshold: a share, milliseconds (95 of 100 look-ups took less), or tags that wait. */
  readonly value: number
  readonly threshold: number
  /** `memory`: the address of the Redis server. */
  readonly server?: string
}

export type LeaseOutcome = 'taken' | 'shared' | 'timed-out'

export type MissCause = 'absent' | 'invalidated' | 'expired' | 'unreadable' | 'rejected' | 'refresh'

export type CacheEventType = CacheEvent['type']
export type CacheEventOf<T extends CacheEventType | '*'> = T extends '*' ? CacheEvent : Extract<CacheEvent, { type: T }>
export type CacheEventListener<T extends CacheEventType | '*' = '*'> = (event: CacheEventOf<T>) => void

/** What `begin` says while nobody listens. */
export const NOT_TIMED = -1

/** Events that tell how long something took. */
export const TIMED: ReadonlySet<CacheEventType | '*'> = new Set(['*', 'hit', 'stale', 'miss', 'bypass', 'invalidate'])

/** Hands events to listeners. A listener that throws is reported once as an `error` event and never breaks a query. */
export class EventHub {
  readonly #listeners = new Map<CacheEventType | '*', Set<CacheEventListener>>()
  #timed = 0

  on<T extends CacheEventType | '*'>(type: T, listener: CacheEventListener<T>): () => void {
    let listeners = this.#listeners.get(type)
    if (!listeners) this.#listeners.set(type, (listeners = new Set()))
    const heard = listener as (event: never) => void as CacheEventListener
    listeners.add(heard)
    return () => void listeners.delete(heard)
  }

  /** Has reads timed until the function it returns is called: two looks at a clock for each, too much for nobody. */
  time(): () => void {
    this.#timed += 1
    let isOver = false
    return () => {
      if (!isOver) this.#timed -= 1
      isOver = true
    }
  }

  /** A moment for `since`. */
  begin(): number {
    return this.#timed === 0 ? NOT_TIMED : performance.now()
  }

  /** Milliseconds since then; `undefined` when nobody wanted to know at that time. */
  since(begun: number): number | undefined {
    return begun === NOT_TIMED ? undefined : performance.now() - begun
  }

  /** Whether anybody listens: for events that take long to make. */
  isHeard(type: CacheEventType): boolean {
    return (this.#listeners.get(type)?.size ?? 0) + (this.#listeners.get('*')?.size ?? 0) > 0
  }

  /** An error as `ownError` has it: an application's function may have thrown what Prisma said of a query. */
  emit(told: CacheEvent): void {
    const event = 'error' in told ? { ...told, error: ownError(told.error) } : told
    this.#tell(this.#listeners.get(event.type), event)
    this.#tell(this.#listeners.get('*'), event)
  }

  #listenerFailed(event: CacheEvent, error: unknown): void {
    // An error listener that throws must not call itself for ever.
    if (event.type !== 'error') this.emit({ type: 'error', during: 'listener', error })
  }

  #tell(listeners: Set<CacheEventListener> | undefined, event: CacheEvent): void {
    if (!listeners) return
    for (const listener of listeners) {
      try {
        const result: unknown = listener(event)
        // An asynchronous one that fails later must not end the process as an unhandled rejection.
        if (result instanceof Promise) result.catch((error: unknown) => this.#listenerFailed(event, error))
      } catch (error) {
        this.#listenerFailed(event, error)
      }
    }
  }
}
