import { LRUCache } from 'lru-cache'
import type { Clock } from '../clock.ts'
import type { ReadPlan } from './read-plan.ts'

/** How long a result that was too large is taken to be so, ms. It may have shrunk since. */
const TAKEN_FOR = 30_000
const MAX_KNOWN = 1000

/** Queries whose results were too large to be stored: for a while nobody begins to encode them, nor waits for another's. */
export class OversizeResults {
  readonly #until = new LRUCache<string, number>({ max: MAX_KNOWN })
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(plan: ReadPlan): void {
    this.#until.set(nameOf(plan), this.#clock() + TAKEN_FOR)
  }

  has(plan: ReadPlan): boolean {
    return this.#until.size > 0 && this.#clock() < (this.#until.get(nameOf(plan)) ?? 0)
  }
}

/** A key that is the application's own word may be that of several queries. */
const nameOf = ({ key, check }: ReadPlan) => `${key} ${check}`
