import type { CacheEvent, EventHub } from '../events.ts'

export interface CacheCounts {
  hit: number
  stale: number
  miss: number
  bypass: number
  fill: number
  skipFill: number
  invalidate: number
  error: number
}

export interface CacheStats {
  readonly totals: Readonly<CacheCounts>
  /** Hits and stale hits among all reads that asked the cache; `null` before the first. */
  readonly hitRatio: number | null
  readonly models: { readonly [model: string]: { readonly [operation: string]: Readonly<CacheCounts> } }
  /** Why reads bypassed the cache, by reason. */
  readonly bypasses: { readonly [reason: string]: number }
}

/** Counts events since the extension was set up, by model and operation; models and operations are bounded by the schema. */
export class Statistics {
  readonly #totals = zero()
  readonly #models = new Map<string, Map<string, CacheCounts>>()
  readonly #bypasses = new Map<string, number>()

  constructor(events: EventHub) {
    events.on('*', (event) => this.#count(event))
  }

  snapshot(): CacheStats {
    const { hit, stale, miss } = this.#totals
    const asked = hit + stale + miss
    return {
      totals: { ...this.#totals },
      hitRatio: asked === 0 ? null : (hit + stale) / asked,
      models: Object.fromEntries(
        [...this.#models].map(([model, operations]) => [
          model,
          Object.fromEntries([...operations].map(([operation, counts]) => [operation, { ...counts }])),
        ]),
      ),
      bypasses: Object.fromEntries(this.#bypasses),
    }
  }

  #count(event: CacheEvent): void {
    const kind = event.type === 'skip-fill' ? 'skipFill' : event.type
    this.#totals[kind] += 1
    if (event.type === 'bypass') this.#bypasses.set(event.reason, (this.#bypasses.get(event.reason) ?? 0) + 1)
    const { model, operation } = event
    if (model === undefined || operation === undefined) return
    let operations = this.#models.get(model)
    if (!operations) this.#models.set(model, (operations = new Map()))
    let counts = operations.get(operation)
    if (!counts) operations.set(operation, (counts = zero()))
    counts[kind] += 1
  }
}

function zero(): CacheCounts {
  return { hit: 0, stale: 0, miss: 0, bypass: 0, fill: 0, skipFill: 0, invalidate: 0, error: 0 }
}
