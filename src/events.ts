import type { Dependency } from './dependency.ts'

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
  /** `vary` threw: whose result this would be is not known. */
  | 'vary-failed'
  /** The result would contain a field listed in `neverCache`. */
  | 'never-cache-field'
  /** A database view without `dependsOn`: which tables it reads is not in the schema. */
  | 'view-undeclared'
  /** A fault of this package; see the `error` event. */
  | 'plan-failed'
  /** What was asked about is no read that a cache could answer. */
  | 'not-a-read'
  /** A raw query without declared models. */
  | 'raw-undeclared'
  /** A raw query that writes. */
  | 'raw-write'
  /** The store is slow, down or refusing (circuit open, or this look-up failed). */
  | 'store-unavailable'
  /** A strict write is under way on what this read depends on, or `replicaLag` has not passed since the last one. */
  | 'held'
  /** Invalidations wait to be delivered; until then nothing read from the store can be trusted. */
  | 'undelivered-invalidation'

/** Why a result was not stored. */
export type SkipFillReason =
  /** Larger than `maxValueBytes`. */
  | 'oversize'
  /** Holds a value the codec cannot restore exactly. */
  | 'unsupported-value'
  /** `undefined`: no result of a read. */
  | 'undefined'
  /** The connection is shared with open transactions or writes (SQLite): the rows read may be uncommitted. */
  | 'shared-connection'
  /** The result holds fields that `omit` excludes: fetched for a computed field of another extension. */
  | 'computed-needs'
  /** The store did not take it. */
  | 'store-unavailable'

interface ReadEvent {
  readonly model: string
  readonly operation: string
  readonly key: string
}

interface Served {
  readonly ageMs: number
  /** `near`: the entry lay in this process, whether or not its versions were asked for · `far`: it came from Redis. */
  readonly tier: Tier
  readonly tags: readonly string[]
}

export type Tier = 'near' | 'far'

type Verdict =
  /** The database says what was served. */
  | { readonly outcome: 'fresh' }
  /** It differs and a tag has moved since the hit, at most so long after it: the entry is served no more. */
  | { readonly outcome: 'late'; readonly movedWithinMs: number }
  /** It differs and nothing was invalidated: a writer bypasses the client, or an invalidation was lost. The entry is removed. */
  | { readonly outcome: 'stale' }

/** What moved a tag. */
export interface DroppedBy {
  /** `write`, `transaction`, `raw`, `api`. */
  readonly cause: string
  readonly model?: string
  readonly operation?: string
  /** Epoch ms. */
  readonly at: number
}

/** Everything the cache can say. Events never carry values, arguments or credentials. */
export type CacheEvent =
  | (ReadEvent & Served & { readonly type: 'hit' })
  | (ReadEvent & Served & { readonly type: 'stale' })
  | (ReadEvent & {
      readonly type: 'miss'
      readonly tags: readonly string[]
      /** `absent`: no entry · `invalidated`: a tag moved · `expired` · `unreadable` · `refresh`: the call asked. */
      readonly cause: MissCause
      /** With `invalidated`: those of the entry's tags that have moved. */
      readonly moved?: readonly string[]
      /** Answered by a database query another read had under way, of this process or, with a `lease`, of another. */
      readonly coalesced: boolean
    })
  | {
      readonly type: 'bypass'
      readonly model: string
      readonly operation: string
      readonly reason: BypassReason
    }
  /** An entry was found invalidated; `by` is `null` when this process moved none of the tags. */
  | (ReadEvent & { readonly type: 'drop'; readonly tags: readonly string[]; readonly by: DroppedBy | null })
  /** A query was planned for the first time (or again, after many others). */
  | (ReadEvent & { readonly type: 'plan'; readonly dependencies: readonly Dependency[] })
  | (ReadEvent & { readonly type: 'fill'; readonly bytes: number; readonly ttlMs: number })
  | (ReadEvent & { readonly type: 'skip-fill'; readonly reason: SkipFillReason })
  /** A hit was compared with the database. `ageMs`: of the entry when it was served. */
  | (ReadEvent & { readonly type: 'verify'; readonly ageMs: number } & Verdict)
  | {
      readonly type: 'invalidate'
      readonly tags: readonly string[]
      readonly cause: string
      /** `false`: the store did not acknowledge in time; the tags are kept and delivered before it is read again. */
      readonly delivered: boolean
      readonly model?: string
      readonly operation?: string
    }
  | {
      readonly type: 'store'
      /** `ok`: it is used again · `unavailable`, `undelivered`: reads go to the database from now on. */
      readonly state: 'ok' | 'unavailable' | 'undelivered'
      /** Tags whose invalidation waits to be delivered; `Infinity` when all are treated as changed. */
      readonly undelivered: number
    }
  | {
      readonly type: 'error'
      /** Where: `look-up`, `fill`, `invalidate`, `recovery`, `connection`, `decode`, `refresh`, `vary`, `plan`, `transaction`, `listener`, `verify`. */
      readonly during: string
      readonly error: unknown
      readonly model?: string
      readonly operation?: string
    }

export type MissCause = 'absent' | 'invalidated' | 'expired' | 'unreadable' | 'refresh'

export type CacheEventType = CacheEvent['type']
export type CacheEventOf<T extends CacheEventType | '*'> = T extends '*' ? CacheEvent : Extract<CacheEvent, { type: T }>
export type CacheEventListener<T extends CacheEventType | '*' = '*'> = (event: CacheEventOf<T>) => void

/** Hands events to listeners. A listener that throws is reported once as an `error` event and never breaks a query. */
export class EventHub {
  readonly #listeners = new Map<CacheEventType | '*', Set<CacheEventListener>>()

  on<T extends CacheEventType | '*'>(type: T, listener: CacheEventListener<T>): () => void {
    let listeners = this.#listeners.get(type)
    if (!listeners) this.#listeners.set(type, (listeners = new Set()))
    const heard = listener as (event: never) => void as CacheEventListener
    listeners.add(heard)
    return () => void listeners.delete(heard)
  }

  emit(event: CacheEvent): void {
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
