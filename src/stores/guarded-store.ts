import type { Tag } from '../tags/tag.ts'
import type { CacheStore, KnownRegistry, ShapeRegistry } from './store.ts'

export interface GuardOptions {
  /** Longest time a query waits for a look-up, ms. Invalidations and fills get five times as long. */
  readonly timeoutMs: number
  /** Longest time the first query waits for the store to be reached at all, ms. */
  readonly connectTimeoutMs: number
  /** Round trips that must fail in a row before the store is left alone. */
  readonly failures: number
  /** First pause before the store is tried again, ms; doubles up to four times itself. */
  readonly resetMs: number
  /** For how long a store that was out of reach is left alone, ms: until others have brought what they kept meanwhile. */
  readonly graceMs: number
  readonly onError: (during: string, error: unknown) => void
  /** Told when the store is left alone, and when it is used again. */
  readonly onCondition: (condition: StoreCondition) => void
}

/** A store as the read and write paths see it: bounded in time, and honest about what it could not deliver. */
export interface GuardedStore extends Omit<CacheStore, 'bump' | 'release' | 'intend' | 'page' | 'connect' | 'rest'> {
  page: NonNullable<CacheStore['page']>
  /**
   * Resolves in bounded time: `kept` when the store did not acknowledge and the tags wait for it, and with them those of
   * all shapes of the models whose registries could not be compared. Never rejects.
   */
  bump(tags: readonly Tag[], known?: readonly KnownRegistry[], graceUntil?: number): Promise<Delivered>
  /** As `bump` for what moved; a hold that could not be released runs out. */
  release(
    holder: string,
    moved: readonly Tag[],
    kept: readonly Tag[],
    known?: readonly KnownRegistry[],
  ): Promise<Delivered>
  /** Sends the note and waits for nothing; one that does not arrive is not missed. */
  readonly intend?: ((tags: readonly Tag[], holder: string, leaseMs: number) => void) | undefined
  /** As `remove`, for those who cannot wait: rejects in bounded time. */
  removeInTime(keys: readonly string[]): Promise<number>
  condition(): StoreCondition
  /** Waits for invalidations that have not arrived, and no longer than that. Never rejects. */
  delivered(withinMs: number): Promise<void>
  /** Resolves when the store can be read from; rejects when it cannot within that time. */
  ready(withinMs: number): Promise<void>
  /** Lets the connection go until the store is used again, unless invalidations wait for it. */
  rest(): void
}

/** `lost`: the store did not acknowledge, and the cache has ended: nobody brings it again. */
export type DeliveryOutcome = 'delivered' | 'kept' | 'lost'

export interface Delivered {
  readonly delivery: DeliveryOutcome
  /** Registries that are not as they were known. */
  readonly registries: readonly ShapeRegistry[]
}

export interface StoreCondition {
  /** `undelivered`: reads bypass until the waiting invalidations are in · `unavailable`: the circuit is open. */
  readonly state: 'ok' | 'unavailable' | 'undelivered'
  /** Tags waiting to be invalidated; `Infinity` when too many came together and the whole namespace will be dropped. */
  readonly undelivered: number
}
