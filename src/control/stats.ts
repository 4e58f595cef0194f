import type { Alert, CacheEventOf, EventHub } from '../events.ts'
import type { StoreCondition } from '../stores/guarded-store.ts'
import type { LocalSize } from '../stores/store.ts'

export interface CacheCounts {
  hit: number
  stale: number
  miss: number
  bypass: number
  fill: number
  skippedFills: number
  invalidate: number
  error: number
}

export interface CacheStats {
  readonly totals: Readonly<CacheCounts>
  /** Hits and stale hits among all reads that asked the cache; `null` before the first. */
  readonly hitRatio: number | null
  readonly models: { readonly [model: string]: { readonly [operation: string]: Readonly<CacheCounts> } }
  /** Hits that were compared with the database, by outcome. */
  readonly verified: Readonly<Record<VerifyOutcome, number>>
  /** The share of verified hits that was not stale; `null` before the first. */
  readonly freshness: number | null
  readonly store: {
    /** As in `health()`. */
    readonly state: StoreCondition['state']
    readonly undelivered: number
    /** How often the store was left alone because it did not answer. */
    readonly suspensions: number
    /** Tags whose invalidation was lost: they were written after `disconnect`, and the store could not be told. */
    readonly lost: number
  }
  /** What lies in this process: the entries of a memory store, or copies (`near`); `null` where there is neither. */
  readonly local: LocalSize | null
  /** What `alerts` have been raised and not resolved. */
  readonly alerts: readonly Alert[]
  /** How many forms of reads use the cache, and how many do not because it does not pay. See `advise()`. */
  readonly forms: { readonly admitted: number; readonly refused: number }
  /** Why reads bypassed the cache, by reason. */
  readonly bypasses: { readonly [reason: string]: number }
}

/** Reads that bypassed the cache because neither their model nor the call has a `ttl`. */
export interface UncachedReads {
  readonly model: string
  readonly operation: string
  readonly reads: number
  /** Writes of the model by this process. */
  readonly writes: number
}

type VerifyOutcome = CacheEventOf<'verify'>['outcome']

/** Counts events since the extension was set up, by model and operation; models and operations are bounded by the schema. */
export class Statistics {
  readonly #totals = zero()
  readonly #models = new Map<string, Map<string, CacheCounts>>()
  readonly #bypasses = new Map<string, number>()
  readonly #uncached = new Map<string, Map<string, number>>()
  #suspensions = 0
  #lost = 0
  readonly #verified: Record<VerifyOutcome, number> = { fresh: 0, late: 0, stale: 0 }

  constructor(events: EventHub) {
    // Not all: some are made only where somebody listens.
    for (const type of COUNTED) events.on(type, (event) => this.#count(event))
  }

  snapshot(
    { state, undelivered }: StoreCondition,
    local: LocalSize | null,
    alerts: readonly Alert[] = [],
    forms: CacheStats['forms'] = { admitted: 0, refused: 0 },
  ): CacheStats {
    const { hit, stale, miss } = this.#totals
    const asked = hit + stale + miss
    const verified = { ...this.#verified }
    const compared = verified.fresh + verified.late + verified.stale
    return {
      totals: { ...this.#totals },
      hitRatio: asked === 0 ? null : (hit + stale) / asked,
      models: Object.fromEntries(
        [...this.#models].map(([model, operations]) => [
          model,
          Object.fromEntries([...operations].map(([operation, counts]) => [operation, { ...counts }])),
        ]),
      ),
      verified,
      freshness: compared === 0 ? null : 1 - verified.stale / compared,
      store: { state, undelivered, suspensions: this.#suspensions, lost: this.#lost },
      local,
      alerts,
      forms,
      bypasses: Object.fromEntries(this.#bypasses),
    }
  }

  uncached(): UncachedReads[] {
    return [...this.#uncached].flatMap(([model, operations]) => {
      const all = [...(this.#models.get(model)?.values() ?? [])]
      const writes = all.reduce((sum, { invalidate }) => sum + invalidate, 0)
      return [...operations].map(([operation, reads]) => ({ model, operation, reads, writes }))
    })
  }

  #count(event: Counted): void {
    if (event.type === 'store') {
      if (event.state !== 'ok') this.#suspensions += 1
      return
    }
    if (event.type === 'invalidate' && event.isLost) this.#lost += event.tags.length
    if (event.type === 'verify') {
      this.#verified[event.outcome] += 1
      return
    }
    const kind = event.type === 'fill-skipped' ? 'skippedFills' : event.type
    this.#totals[kind] += 1
    if (event.type === 'bypass') this.#bypasses.set(event.reason, (this.#bypasses.get(event.reason) ?? 0) + 1)
    const { model, operation } = event
    if (model === undefined || operation === undefined) return
    let operations = this.#models.get(model)
    if (!operations) this.#models.set(model, (operations = new Map()))
    let counts = operations.get(operation)
    if (!counts) operations.set(operation, (counts = zero()))
    counts[kind] += 1
    if (event.type === 'bypass' && event.reason === 'not-enabled') this.#countUncached(model, operation)
  }

  #countUncached(model: string, operation: string): void {
    let operations = this.#uncached.get(model)
    if (!operations) this.#uncached.set(model, (operations = new Map()))
    operations.set(operation, (operations.get(operation) ?? 0) + 1)
  }
}

const COUNTED = [
  'hit',
  'stale',
  'miss',
  'bypass',
  'fill',
  'fill-skipped',
  'invalidate',
  'error',
  'verify',
  'store',
] as const
type Counted = CacheEventOf<(typeof COUNTED)[number]>

function zero(): CacheCounts {
  return { hit: 0, stale: 0, miss: 0, bypass: 0, fill: 0, skippedFills: 0, invalidate: 0, error: 0 }
}
