import { type KeyOf, METRICS } from './names.ts'

export type Labels = Readonly<Record<string, string>>

/** One time series of a counter, counted here: a hit takes some microseconds, a metrics library as long for a few labels. */
export interface Count {
  readonly labels: Labels
  value: number
}

/** One of a histogram. `counts`: by bucket, not added up; the last is of what is above all bounds. */
export interface Times {
  readonly labels: Labels
  readonly counts: number[]
  sum: number
}

/** The series of one kind of metric, by their labels. */
export class SeriesTable<Key extends KeyOf<'counter' | 'histogram'>, Series extends { readonly labels: Labels }> {
  readonly #series = new Map<Key, Map<string, Series>>()
  readonly #make: (labels: Labels) => Series

  constructor(make: (labels: Labels) => Series) {
    this.#make = make
  }

  of(key: Key, labels: Labels): Series {
    let ofKey = this.#series.get(key)
    if (!ofKey) this.#series.set(key, (ofKey = new Map()))
    const name = METRICS[key].labels.map((label) => labels[label]).join('\n')
    let series = ofKey.get(name)
    if (!series) ofKey.set(name, (series = this.#make(labels)))
    return series
  }

  all(key: Key): Iterable<Series> {
    return this.#series.get(key)?.values() ?? []
  }
}

export const countsTable = () => new SeriesTable<KeyOf<'counter'>, Count>((labels) => ({ labels, value: 0 }))

export const timesTable = (bounds: readonly number[]) =>
  new SeriesTable<KeyOf<'histogram'>, Times>((labels) => ({ labels, counts: bounds.map(() => 0).concat(0), sum: 0 }))

export function observe(series: Times, bounds: readonly number[], seconds: number): void {
  const { counts } = series
  let bucket = 0
  while (bucket < bounds.length && seconds > (bounds[bucket] as number)) bucket += 1
  counts[bucket] = (counts[bucket] as number) + 1
  series.sum += seconds
}
