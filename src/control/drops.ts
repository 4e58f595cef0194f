import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { CacheEventOf, EventHub, InvalidatedBy } from '../events.ts'

/** How an entry was last found invalidated. */
export interface LastInvalidation {
  readonly key: string
  /** When that was found. */
  readonly at: Date
  /** Those of its tags that had moved. */
  readonly tags: readonly string[]
  /** What moved one of them; `null` when this process did not: another one, an eviction, or a restart of the store. */
  readonly by: InvalidatedBy | null
}

const MAX_KEYS = 5000
/** Of each of two generations: those moved last, and those moved before them. */
const MAX_TAGS = 10_000

/** Remembers which write moved which tag last, and says of each entry that is found invalidated which one it was. */
export class Drops {
  #movedBy = new Map<string, InvalidatedBy>()
  #movedByBefore: ReadonlyMap<string, InvalidatedBy> = new Map()
  readonly #drops = new LRUCache<string, LastInvalidation>({ max: MAX_KEYS })
  readonly #clock: Clock

  constructor(events: EventHub, clock: Clock) {
    this.#clock = clock
    events.on('invalidate', (event) => this.#moved(event))
    events.on('entry-invalidated', ({ key, tags, by }) =>
      this.#drops.set(key, { key, at: new Date(clock()), tags, by }),
    )
  }

  /** What last moved one of these tags. */
  by(tags: readonly string[]): InvalidatedBy | null {
    const movedBy = (tag: string) => this.#movedBy.get(tag) ?? this.#movedByBefore.get(tag)
    return tags.map(movedBy).find((one) => one !== undefined) ?? null
  }

  of(key: string): LastInvalidation | null {
    return this.#drops.get(key) ?? null
  }

  #moved({ tags, cause, model, operation }: CacheEventOf<'invalidate'>): void {
    const by = { cause, at: this.#clock(), ...(model && { model }), ...(operation && { operation }) }
    for (const tag of tags) this.#movedBy.set(tag, by)
    if (this.#movedBy.size < MAX_TAGS) return
    this.#movedByBefore = this.#movedBy
    this.#movedBy = new Map()
  }
}
