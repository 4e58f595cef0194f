import { AsyncScope } from '../async-scope.ts'
import type {
  BypassReason,
  CacheEventOf,
  EventHub,
  LeaseOutcome,
  MissCause,
  Tier,
  Timed,
  TimedQuery,
} from '../events.ts'

/** What the cache did for one read. */
export type CacheInfo =
  | (Timed & {
      readonly status: 'hit' | 'stale'
      readonly model: string
      readonly operation: string
      readonly key: string
      readonly tags: readonly string[]
      /** Where the entry lay: in this process, or in Redis. */
      readonly tier: Tier
      /** Milliseconds since the database was asked. */
      readonly ageMs: number
      /** For how much longer it is fresh; 0 of what is stale. */
      readonly freshForMs: number
    })
  | (TimedQuery & {
      readonly status: 'miss'
      readonly model: string
      readonly operation: string
      readonly key: string
      readonly tags: readonly string[]
      readonly cause: MissCause
      readonly coalesced: boolean
      /** As in the event. */
      readonly lease?: LeaseOutcome | undefined
      /** For how long the answer is fresh by its policy, at the least; 0 of an error. */
      readonly freshForMs: number
    })
  | (TimedQuery & {
      readonly status: 'bypass'
      readonly model: string
      readonly operation: string
      readonly reason: BypassReason
    })

interface Scope {
  readonly reads: CacheInfo[]
  readonly outer: Scope | undefined
}

/** Collects what happened to the reads made within an async scope, for `withCacheInfo` and `collectCacheInfo`. */
export class InfoScopes {
  readonly #scopes = new AsyncScope<Scope>()

  readonly #events: EventHub

  constructor(events: EventHub) {
    this.#events = events
    // Listeners run in the async context of the read that emits.
    const collect = ({ type, ...event }: CacheEventOf<'hit' | 'stale' | 'miss' | 'bypass'>) => {
      for (let scope = this.#scopes.current(); scope; scope = scope.outer) {
        scope.reads.push({ status: type, ...event } as CacheInfo)
      }
    }
    events.on('hit', collect)
    events.on('stale', collect)
    events.on('miss', collect)
    events.on('bypass', collect)
  }

  async collect<T>(
    run: (reads: readonly CacheInfo[]) => PromiseLike<T> | T,
  ): Promise<{ readonly data: T; readonly reads: readonly CacheInfo[] }> {
    const reads: CacheInfo[] = []
    const scope = { reads, outer: this.#scopes.current() }
    const untimed = this.#events.time()
    try {
      return { data: await this.#scopes.run(scope, () => run(reads)), reads }
    } finally {
      untimed()
    }
  }
}
