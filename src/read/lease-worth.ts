import { LRUCache } from 'lru-cache'
import type { LeaseRule } from '../policy/resolve-policy.ts'

/** Of a read. */
interface Asked {
  readonly model: string
  readonly operation: string
  readonly key: string
}

/** How much one query counts against those before it. */
const WEIGHT = 0.25
const MAX_UNSTORED = 10_000

/**
 * Which misses are worth a lease, that is one more round trip to the store: those whose query takes much longer than
 * that, as the entry before said, or else the queries of the same model and operation here. Not those that take longer
 * than anybody would wait, nor those whose results are not stored: waiting for them is waiting for nothing.
 */
export class LeaseWorth {
  /** Milliseconds, by model and operation; a moving mean. */
  readonly #tookMs = new Map<string, number>()
  /** Keys whose last result here was not stored. */
  readonly #unstored = new LRUCache<string, true>({ max: MAX_UNSTORED })

  isWorth(read: Asked, tookMs: number | undefined, rule: LeaseRule): boolean {
    if (this.#unstored.has(read.key)) return false
    const expectedMs = tookMs ?? this.#tookMs.get(nameOf(read)) ?? 0
    return expectedMs >= rule.minQueryMs && expectedMs <= rule.waitMs
  }

  learn(read: Asked, tookMs: number, isStored: boolean): void {
    const name = nameOf(read)
    const before = this.#tookMs.get(name) ?? tookMs
    this.#tookMs.set(name, before + WEIGHT * (tookMs - before))
    if (!isStored) this.#unstored.set(read.key, true)
    else if (this.#unstored.has(read.key)) this.#unstored.delete(read.key)
  }
}

function nameOf({ model, operation }: Asked): string {
  return `${model}.${operation}`
}
