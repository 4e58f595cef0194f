import { TimeRows } from './ring.ts'

const COUNTS = ['hit', 'stale', 'miss', 'bypass', 'invalidate'] as const
type Count = (typeof COUNTS)[number]
const PLACE = Object.fromEntries(COUNTS.map((name, i) => [name, i])) as Record<Count, number>
const [HIT_MS, HITS_TIMED, MISS_MS, MISSES_TIMED] = [5, 6, 7, 8]
const COLUMNS = 9

const STEP_MS = 60_000
const STEPS = 60
/** Models and operations are those of the schema; raw statements and the like are a few more. */
const MAX_OPERATIONS = 1000

export interface OperationActivity extends Readonly<Record<Count, number>> {
  readonly model: string
  readonly operation: string
  /** Means, milliseconds; `null` where none was timed. */
  readonly hitMs: number | null
  readonly missMs: number | null
  /** What hits spared: their number times what a miss takes more, milliseconds; `null` where that is not known. */
  readonly savedMs: number | null
}

/** The same by model and operation, in minutes. */
export class Operations {
  readonly #operations = new Map<string, { readonly model: string; readonly operation: string; rows: TimeRows }>()

  count(what: Count, model: string, operation: string, now: number, ms?: number): void {
    const row = this.#row(model, operation, now)
    if (!row) return
    row[PLACE[what]] = (row[PLACE[what]] as number) + 1
    if (ms === undefined || what === 'bypass' || what === 'invalidate') return
    const [sum, timed] = what === 'miss' ? [MISS_MS, MISSES_TIMED] : [HIT_MS, HITS_TIMED]
    row[sum] = (row[sum] as number) + ms
    row[timed] = (row[timed] as number) + 1
  }

  /** Those that were used within the window, most reads first. */
  list(windowMs: number, now: number): OperationActivity[] {
    const minutes = Math.ceil(windowMs / STEP_MS)
    const first = Math.floor(now / STEP_MS) - minutes + 1
    const active: OperationActivity[] = []
    for (const { model, operation, rows } of this.#operations.values()) {
      const sums = new Float64Array(COLUMNS)
      if (!rows.add(first, minutes, sums)) continue
      const mean = (sum: number, count: number) =>
        sums[count] ? (sums[sum] as number) / (sums[count] as number) : null
      const counts = Object.fromEntries(COUNTS.map((name) => [name, sums[PLACE[name]] as number])) as Record<
        Count,
        number
      >
      const [hitMs, missMs] = [mean(HIT_MS, HITS_TIMED), mean(MISS_MS, MISSES_TIMED)]
      const savedMs = hitMs === null || missMs === null ? null : counts.hit * Math.max(0, missMs - hitMs)
      active.push({ model, operation, ...counts, hitMs, missMs, savedMs })
    }
    const reads = ({ hit, stale, miss, bypass }: OperationActivity) => hit + stale + miss + bypass
    return active.sort((one, other) => reads(other) - reads(one))
  }

  #row(model: string, operation: string, now: number): Float64Array | undefined {
    const name = `${model}.${operation}`
    let known = this.#operations.get(name)
    if (!known) {
      if (this.#operations.size >= MAX_OPERATIONS) return undefined
      known = { model, operation, rows: new TimeRows(STEPS, STEP_MS, COLUMNS) }
      this.#operations.set(name, known)
    }
    return known.rows.at(now)
  }
}
