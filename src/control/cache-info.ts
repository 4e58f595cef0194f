import { AsyncLocalStorage } from 'node:async_hooks'
import type { BypassReason, CacheEventOf, EventHub, MissCause, Tier } from '../events.ts'

/** What the cache did for one read. */
export type CacheInfo =
  | {
      readonly status: 'hit' | 'stale'
      readonly model: string
      readonly operation: string
      readonly key: string
      readonly tags: readonly string[]
      /** Where the entry lay: in this process, or in Redis. */
      readonly tier: Tier
      /** Milliseconds since the database was asked. */
      readonly ageMs: number
    }
  | {
      readonly status: 'miss'
      readonly model: string
      readonly operation: string
      readonly key: string
      readonly tags: readonly string[]
      readonly cause: MissCause
      readonly coalesced: boolean
    }
  | {
      readonly status: 'bypass'
      readonly model: string
      readonly operation: string
      readonly reason: BypassReason
    }

interface Scope {
  readonly reads: CacheInfo[]
  readonly outer: Scope | undefined
}

/** Collects what happened to the reads made within an async scope, for `withCacheInfo` and `collectCacheInfo`. */
export class InfoScopes {
  readonly #scopes = new AsyncLocalStorage<Scope>()
  #collecting = 0

  constructor(events: EventHub) {
    // Listeners run in the async context of the read that emits.
    const collect = ({ type, ...event }: CacheEventOf<'hit' | 'stale' | 'miss' | 'bypass'>) => {
      if (this.#collecting === 0) return
      for (let scope = this.#scopes.getStore(); scope; scope = scope.outer) {
        scope.reads.push({ status: type, ...event } as CacheInfo)
      }
    }
    events.on('hit', collect)
    events.on('stale', collect)
    events.on('miss', collect)
    events.on('bypass', collect)
  }

  async collect<T>(run: () => PromiseLike<T> | T): Promise<{ readonly data: T; readonly reads: readonly CacheInfo[] }> {
    const reads: CacheInfo[] = []
    const scope = { reads, outer: this.#scopes.getStore() }
    this.#collecting += 1
    try {
      return { data: await this.#scopes.run(scope, async () => run()), reads }
    } finally {
      this.#collecting -= 1
    }
  }
}
