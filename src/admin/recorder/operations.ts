import { TimeRows } from './ring.ts'

const COUNTS = ['hit', 'stale', 'miss', 'bypass', 'invalidate'] as const
type Count = (typeof COUNTS)[number]
const PLACE = Object.fromEntries(COUNTS.map((name, i) => [name, i])) as Record<Count, number>
const [HIT_LOGS, HITS_TIMED, MISS_LOGS, MISSES_TIMED] = [5, 6, 7, 8]
const COLUMNS = 9

const STEP_MS = 20_000
const STEPS = 180
/** Models and operations are those of the schema; raw statements and the like are a few more. */
const MAX_OPERATIONS = 1000
/** One miss, the first of a process above all, says little about what the next would take. */
const LEAST_MISSES = 3
const LEAST_MS = 0.001

/**
 * How long reads took, milliseconds; `null` where none was timed. Geometric means: the one read that also opened the
 * connection does not speak for a thousand others.
 */
interface Typical {
  readonly hitMs: number | null
  readonly missMs: number | null
}

export interface OperationActivity extends Readonly<Record<Count, number>>, Typical {
  readonly model: string
  readonly operation: string
  /**
   * What hits spared, estimated: their number times what a miss takes more, milliseconds; `null` before there are three
   * misses to judge by.
   */
  readonly savedMs: number | null
}

/** One operation over time, a point each `stepSeconds`. */
export interface OperationSeries extends Readonly<Record<Count, readonly number[]>> {
  readonly model: string
  readonly operation: string
  readonly stepSeconds: number
  /** When each step begins, epoch seconds. */
  readonly at: readonly number[]
  readonly hitMs: readonly Typical['hitMs'][]
  readonly missMs: readonly Typical['missMs'][]
}

interface Known {
  readonly model: string
  readonly operation: string
  readonly rows: TimeRows
}

/** The same by model and operation, in steps of twenty seconds. Some 13 kB each. */
export class Operations {
  readonly #operations = new Map<string, Known>()

  count(what: Count, model: string, operation: string, now: number, ms?: number): void {
    const row = this.#row(model, operation, now)
    if (!row) return
    row[PLACE[what]] = (row[PLACE[what]] as number) + 1
    if (ms === undefined || what === 'bypass' || what === 'invalidate') return
    const [logs, timed] = what === 'miss' ? [MISS_LOGS, MISSES_TIMED] : [HIT_LOGS, HITS_TIMED]
    row[logs] = (row[logs] as number) + Math.log(Math.max(LEAST_MS, ms))
    row[timed] = (row[timed] as number) + 1
  }

  /** Those that were used within the window, most reads first. */
  list(windowMs: number, now: number): OperationActivity[] {
    const { first, count } = stepsOf(windowMs, now)
    const active: OperationActivity[] = []
    for (const { model, operation, rows } of this.#operations.values()) {
      const sums = new Float64Array(COLUMNS)
      if (!rows.add(first, count, sums)) continue
      const { hitMs, missMs } = typical(sums)
      const isKnown = hitMs !== null && missMs !== null && (sums[MISSES_TIMED] as number) >= LEAST_MISSES
      const savedMs = isKnown ? (sums[PLACE.hit] as number) * Math.max(0, missMs - hitMs) : null
      active.push({ model, operation, ...countsOf(sums), hitMs, missMs, savedMs })
    }
    const reads = ({ hit, stale, miss, bypass }: OperationActivity) => hit + stale + miss + bypass
    return active.sort((one, other) => reads(other) - reads(one))
  }

  /** Of `Model.operation`; `null` where nothing was seen of it. */
  series(name: string, windowMs: number, now: number): OperationSeries | null {
    const known = this.#operations.get(name)
    if (!known) return null
    const { first, count } = stepsOf(windowMs, now)
    const steps = Array.from({ length: count }, (_, i) => {
      const sums = new Float64Array(COLUMNS)
      known.rows.add(first + i, 1, sums)
      return { ...countsOf(sums), ...typical(sums) }
    })
    const column = (what: Count) => steps.map((step) => step[what])
    return {
      model: known.model,
      operation: known.operation,
      stepSeconds: STEP_MS / 1000,
      at: steps.map((_, i) => ((first + i) * STEP_MS) / 1000),
      ...(Object.fromEntries(COUNTS.map((what) => [what, column(what)])) as Record<Count, number[]>),
      hitMs: steps.map(({ hitMs }) => hitMs),
      missMs: steps.map(({ missMs }) => missMs),
    }
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

function stepsOf(windowMs: number, now: number): { readonly first: number; readonly count: number } {
  const count = Math.ceil(windowMs / STEP_MS)
  return { first: Math.floor(now / STEP_MS) - count + 1, count }
}

function countsOf(sums: Float64Array): Record<Count, number> {
  return Object.fromEntries(COUNTS.map((name) => [name, sums[PLACE[name]] as number])) as Record<Count, number>
}

function typical(sums: Float64Array): Typical {
  const mean = (logs: number, timed: number) =>
    sums[timed] ? Math.exp((sums[logs] as number) / (sums[timed] as number)) : null
  return { hitMs: mean(HIT_LOGS, HITS_TIMED), missMs: mean(MISS_LOGS, MISSES_TIMED) }
}
