import { LRUCache } from 'lru-cache'
import type { LeaseRule } from '../policy/resolve-policy.ts'
import type { ReadPlan } from './plan-read.ts'

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

  isWorth(plan: ReadPlan, tookMs: number | undefined, rule: LeaseRule): boolean {
    if (this.#unstored.has(plan.key)) return false
    const expectedMs = tookMs ?? this.#tookMs.get(nameOf(plan)) ?? 0
    return expectedMs >= rule.fromMs && expectedMs <= rule.waitMs
  }

  learn(plan: ReadPlan, tookMs: number, isStored: boolean): void {
    const name = nameOf(plan)
    const before = this.#tookMs.get(name) ?? tookMs
    this.#tookMs.set(name, before + WEIGHT * (tookMs - before))
    if (!isStored) this.#unstored.set(plan.key, true)
    else if (this.#unstored.has(plan.key)) this.#unstored.delete(plan.key)
  }
}

function nameOf({ model, operation }: ReadPlan): string {
  return `${model}.${operation}`
}
