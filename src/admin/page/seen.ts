import type { Series } from '../recorder/timeline.ts'

const LEAST_POINTS = 36

/** From where something was first seen: a process that has just begun has no past to be shown. */
export function seen(series: Series): Series {
  const first = series.at.findIndex((_, i) =>
    (['hit', 'stale', 'miss', 'bypass', 'invalidate'] as const).some((name) => (series[name][i] as number) > 0),
  )
  const from = Math.max(0, Math.min(first < 0 ? 0 : first - 1, series.at.length - LEAST_POINTS))
  if (from === 0) return series
  const cut = Object.entries(series).map(([name, values]) => [
    name,
    Array.isArray(values) ? values.slice(from) : values,
  ])
  return Object.fromEntries(cut) as unknown as Series
}
