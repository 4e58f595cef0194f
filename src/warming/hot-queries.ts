import type { ReadCache } from '../policy/resolve-policy.ts'

const HOUR_MS = 3_600_000
const DAY = 24
/** What a day counts against the ones before it. */
const WEIGHT = 0.5
/** Rounds of forgetting that a query which was seen often survives. */
const MAX_CREDIT = 8
/** Reads expected before the next two looks, below which a query can wait for a later one. */
const SOON = 0.05

/** A read as it can be made again. */
export interface Hot {
  readonly key: string
  readonly model: string
  readonly operation: string
  readonly args: Readonly<Record<string, unknown>>
  readonly cache: ReadCache
  readonly ttlMs: number
}

interface Seen extends Hot {
  /** Reads an hour of the day has had, a moving mean of days; `undefined`: never seen. */
  readonly hours: (number | undefined)[]
  /** The hour that is counted, since the epoch, and the count. */
  hour: number
  count: number
  before: number
  credit: number
}

/**
 * Queries that are asked again and again, and how often in which hour of the day (UTC). A bounded number: one that was not
 * seen for long makes room for a new one, the sooner the less often it had been seen.
 */
export class HotQueries {
  readonly #seen = new Map<string, Seen>()
  readonly #order: string[] = []
  readonly #max: number
  #hand = 0

  constructor(max: number) {
    this.#max = max
  }

  /** `weight`: how many reads this one stands for. `read` is asked where the query is new. */
  saw(key: string, weight: number, now: number, read: () => Omit<Hot, 'key'> | undefined): void {
    let seen = this.#seen.get(key)
    // Not for the first time: most queries are asked once.
    if (seen) seen.credit = Math.min(MAX_CREDIT, seen.credit + 1)
    else {
      const hot = read()
      if (!hot) return
      const hour = Math.floor(now / HOUR_MS)
      seen = { key, ...hot, hours: new Array(DAY).fill(undefined), hour, count: 0, before: 0, credit: 0 }
      this.#place(seen)
    }
    roll(seen, now)
    seen.count += weight
  }

  /** Those of which at least so many reads are expected in a life that begins now, and some of them soon; most first. */
  due(now: number, everyMs: number, least: number): readonly Hot[] {
    const due: { readonly hot: Seen; readonly reads: number }[] = []
    for (const hot of this.#seen.values()) {
      roll(hot, now)
      const reads = expected(hot, now, hot.ttlMs)
      if (reads >= least && expected(hot, now, 2 * everyMs) >= SOON) due.push({ hot, reads })
    }
    return due.sort((one, other) => other.reads - one.reads).map(({ hot }) => hot)
  }

  forget(key: string): void {
    this.#seen.delete(key)
  }

  clear(): void {
    this.#seen.clear()
    this.#order.length = 0
  }

  #place(seen: Seen): void {
    this.#seen.set(seen.key, seen)
    if (this.#order.length < this.#max) return void this.#order.push(seen.key)
    for (;;) {
      this.#hand = (this.#hand + 1) % this.#max
      const other = this.#seen.get(this.#order[this.#hand] as string)
      if (other && other.credit > 0) other.credit -= 1
      else {
        if (other) this.#seen.delete(other.key)
        this.#order[this.#hand] = seen.key
        return
      }
    }
  }
}

/** Closes the hours that are over. */
function roll(seen: Seen, now: number): void {
  const hour = Math.floor(now / HOUR_MS)
  for (let steps = 0; seen.hour < hour; steps += 1) {
    if (steps > 2 * DAY) {
      // Not seen for days: what is left of it by now is nothing.
      seen.hours.fill(0)
      seen.hour = hour
      seen.count = 0
      seen.before = 0
      return
    }
    const at = seen.hour % DAY
    const mean = seen.hours[at]
    seen.hours[at] = mean === undefined ? seen.count : mean + WEIGHT * (seen.count - mean)
    seen.before = seen.count
    seen.count = 0
    seen.hour += 1
  }
}

/** Reads to come: by the days before, and by what the last hour was like where that is more, or all that is known. */
function expected(seen: Seen, from: number, lengthMs: number): number {
  const ofLate = (seen.count + seen.before) / (1 + (from % HOUR_MS) / HOUR_MS)
  let reads = 0
  for (let at = from; at < from + lengthMs; ) {
    const end = Math.min(from + lengthMs, (Math.floor(at / HOUR_MS) + 1) * HOUR_MS)
    const hour = Math.floor(at / HOUR_MS)
    const usual = seen.hours[hour % DAY]
    const rate = hour === seen.hour ? Math.max(usual ?? 0, ofLate) : (usual ?? ofLate)
    reads += (rate * (end - at)) / HOUR_MS
    at = end
  }
  return reads
}
