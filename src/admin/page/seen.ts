import type { Series } from '../recorder/timeline.ts'

/** Of less a chart would say little. */
const LEAST_SECONDS = 180

/** What all series have. */
type Steps = Pick<Series, 'at' | 'stepSeconds' | 'hit' | 'stale' | 'miss' | 'bypass' | 'invalidate'>

/**
 * From where something was first seen: a process that has just begun has no past to be shown. Without the step that is
 * under way, which would look like a fall at the end of every line, unless it is all there is.
 */
export function seen<Seen extends Steps>(series: Seen): Seen {
  const first = series.at.findIndex((_, i) =>
    (['hit', 'stale', 'miss', 'bypass', 'invalidate'] as const).some((name) => (series[name][i] as number) > 0),
  )
  const from = Math.max(0, Math.min(first < 0 ? 0 : first - 1, series.at.length - LEAST_SECONDS / series.stepSeconds))
  const to = series.at.length - (first === series.at.length - 1 ? 0 : 1)
  const cut = Object.entries(series).map(([name, values]) => [
    name,
    Array.isArray(values) ? values.slice(from, to) : values,
  ])
  return Object.fromEntries(cut) as Seen
}

/** Counts of steps as so many a second; of one that is under way, of the seconds there have been. `now` in epoch ms. */
export function aSecond({ at, stepSeconds }: Steps, now: number): (values: readonly number[]) => number[] {
  return (values) =>
    values.map((value, i) => value / Math.max(1, Math.min(stepSeconds, now / 1000 - (at[i] as number))))
}

/** The share of reads that asked the cache and were answered by it; `null` where none did. */
export function hitRatios({ hit, stale, miss }: Steps): (number | null)[] {
  return hit.map((hits, i) => {
    const answered = hits + (stale[i] as number)
    const asked = answered + (miss[i] as number)
    return asked === 0 ? null : answered / asked
  })
}
