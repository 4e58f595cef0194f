import * as v from 'valibot'
import { CacheConfigError, show } from '../errors.ts'

const LABELS = 'Give label names (letters, digits, underscores) with texts: `{ service: "shop" }`.'
const BUCKETS = 'Give seconds above 0, each larger than the one before.'

/** What both ends of metrics have in common. */
export interface MetricsOptions {
  /** Constant labels of every metric. @default none */
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Upper bounds of the buckets of times, **seconds**. @default from 10 µs to 5 s */
  readonly buckets?: readonly number[] | undefined
  /**
   * Whether reads are told apart by model and operation: as many time series as there are pairs of them in use, times
   * buckets. `false`: those labels are left empty. @default true
   */
  readonly byModel?: boolean | undefined
  /** Whether the Redis servers are asked (`INFO`) each time metrics are collected. @default true */
  readonly servers?: boolean | undefined
}

export const metricsEntries = {
  labels: v.optional(
    v.pipe(
      v.record(v.pipe(v.string(LABELS), v.regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/, LABELS)), v.string(LABELS), LABELS),
      v.check(
        (labels) => Object.keys(labels).every((name) => !OURS.has(name)),
        'That label is one of ours; give another.',
      ),
    ),
  ),
  buckets: v.optional(
    v.pipe(
      v.array(v.pipe(v.number(BUCKETS), v.finite(BUCKETS)), BUCKETS),
      v.check((all) => all.length > 0 && all.every((bound, i) => bound > (all[i - 1] ?? 0)), BUCKETS),
    ),
  ),
  byModel: v.optional(v.boolean('Give true or false.')),
  servers: v.optional(v.boolean('Give true or false.')),
}

const OURS: ReadonlySet<string> = new Set([
  ...['model', 'operation', 'tier', 'result', 'cause', 'reason', 'outcome', 'during', 'state', 'server', 'le'],
])

/** @throws CacheConfigError unless it is a `$cache`. */
export function assertSource(value: unknown, from: string): void {
  const cache = value as { on?: unknown; stats?: unknown; info?: unknown } | null | undefined
  if (typeof cache?.on === 'function' && typeof cache.stats === 'function' && typeof cache.info === 'function') return
  throw new CacheConfigError(from, `got ${show(value)}`, 'Give `prisma.$cache`, or what `createCache` returned, first.')
}
