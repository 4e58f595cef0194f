import { type KeyOf, METRICS, type MetricKey } from './names.ts'
import type { Readings } from './readings.ts'
import type { Count, Labels, SeriesTable, Times } from './series.ts'

/** A cache whose metrics lie in a registry. */
export interface Member {
  /** Constant labels. */
  readonly labels: Labels
  readonly buckets: readonly number[]
  readonly counts: SeriesTable<KeyOf<'counter'>, Count>
  readonly times: SeriesTable<KeyOf<'histogram'>, Times>
  readonly read: Readings
}

interface Value {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** Of histograms, which are of three. */
  readonly metricName?: string
}

/**
 * A metric as a registry of prom-client asks for it when it is collected; counting is done before, see `Count`. A gauge
 * that nobody can read has no value, rather than the one it had last.
 */
export class CollectedMetric {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  /** How prom-client adds up the processes of a cluster. */
  readonly aggregator: 'sum' | 'average' | 'max'
  readonly #key: MetricKey
  readonly #members: readonly Member[]

  constructor(key: MetricKey, name: string, help: string, members: readonly Member[]) {
    const { kind } = METRICS[key]
    this.name = name
    this.help = help
    this.type = kind === 'total' ? 'counter' : kind
    this.aggregator = key === 'hitRate' ? 'average' : key.startsWith('server') ? 'max' : 'sum'
    this.#key = key
    this.#members = members
  }

  async get() {
    const values = await Promise.all(this.#members.map((member) => this.#values(member)))
    const { name, help, type, aggregator } = this
    return { name, help, type, aggregator, values: values.flat() }
  }

  /** Asked by `registry.resetMetrics()`, which tests call. What was counted stays: there is one count for all who look. */
  reset(): void {}

  async #values(member: Member): Promise<Value[]> {
    const { labels: constant, counts, times, read, buckets } = member
    const key = this.#key
    switch (METRICS[key].kind) {
      case 'counter':
        return [...counts.all(key as KeyOf<'counter'>)].map(({ labels, value }) => ({
          labels: { ...constant, ...labels },
          value,
        }))
      case 'histogram':
        return [...times.all(key as KeyOf<'histogram'>)].flatMap((series) => this.#histogram(series, constant, buckets))
      default: {
        const readings = await read()
        return readings
          .filter(({ metric }) => metric === key)
          .map(({ labels, value }) => ({ labels: { ...constant, ...labels }, value }))
      }
    }
  }

  #histogram({ labels: own, counts, sum }: Times, constant: Labels, buckets: readonly number[]): Value[] {
    const labels = { ...constant, ...own }
    let count = 0
    const values = counts.map((inBucket, i): Value => {
      count += inBucket
      return { labels: { le: buckets[i] ?? '+Inf', ...labels }, value: count, metricName: `${this.name}_bucket` }
    })
    return [
      ...values,
      { labels, value: sum, metricName: `${this.name}_sum` },
      { labels, value: count, metricName: `${this.name}_count` },
    ]
  }
}
