import { LATENCY_STEPS, latencyStep, quantile } from './latencies.ts'
import { TimeRows } from './ring.ts'

const COUNTS = ['hit', 'stale', 'miss', 'bypass', 'fill', 'invalidate', 'drop', 'error'] as const
type Count = (typeof COUNTS)[number]
const PLACE = Object.fromEntries(COUNTS.map((name, i) => [name, i])) as Record<Count, number>

const STEP_MS = 5000
const STEPS = 720
/** What a chart can show. */
const MAX_POINTS = 180

/** Counts and latencies over time, a point each `stepSeconds`. */
export interface Series extends Readonly<Record<Count, readonly number[]>> {
  readonly stepSeconds: number
  /** When each step begins, epoch seconds. */
  readonly at: readonly number[]
  /** Milliseconds, of reads the cache answered and of those it did not; `null` where there was none. */
  readonly hitP50: readonly (number | null)[]
  readonly hitP95: readonly (number | null)[]
  readonly missP50: readonly (number | null)[]
  readonly missP95: readonly (number | null)[]
}

/** The last hour, in steps of five seconds. Some 850 kB. */
export class Timeline {
  readonly #rows = new TimeRows(STEPS, STEP_MS, COUNTS.length + 2 * LATENCY_STEPS)

  count(what: Count, now: number): void {
    const row = this.#rows.at(now)
    row[PLACE[what]] = (row[PLACE[what]] as number) + 1
  }

  /** `answered`: by the cache. */
  took(answered: boolean, ms: number, now: number): void {
    const row = this.#rows.at(now)
    const place = COUNTS.length + (answered ? 0 : LATENCY_STEPS) + latencyStep(ms)
    row[place] = (row[place] as number) + 1
  }

  series(windowMs: number, now: number): Series {
    const merged = Math.max(1, Math.ceil(windowMs / STEP_MS / MAX_POINTS))
    const points = Math.ceil(windowMs / STEP_MS / merged)
    // Steps that were merged begin where they began the last time: a chart must not flicker.
    const last = Math.floor(now / STEP_MS / merged)
    const sums = Array.from({ length: points }, (_, i) => {
      const row = new Float64Array(COUNTS.length + 2 * LATENCY_STEPS)
      this.#rows.add((last - points + 1 + i) * merged, merged, row)
      return row
    })
    const stepSeconds = (merged * STEP_MS) / 1000
    const column = (name: Count) => sums.map((row) => row[PLACE[name]] as number)
    const times = (place: number, share: number) =>
      sums.map((row) => quantile(row.subarray(place, place + LATENCY_STEPS), share))
    const [hits, misses] = [COUNTS.length, COUNTS.length + LATENCY_STEPS]
    return {
      stepSeconds,
      at: sums.map((_, i) => (last - points + 1 + i) * stepSeconds),
      ...(Object.fromEntries(COUNTS.map((name) => [name, column(name)])) as Record<Count, number[]>),
      hitP50: times(hits, 0.5),
      hitP95: times(hits, 0.95),
      missP50: times(misses, 0.5),
      missP95: times(misses, 0.95),
    }
  }
}
