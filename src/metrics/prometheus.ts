import { type Metric as PromMetric, type Registry, register } from 'prom-client'
import * as v from 'valibot'
import { CacheConfigError } from '../errors.ts'
import { check, shape } from '../input.ts'
import { CollectedMetric, type Member } from './collected-metric.ts'
import { BUCKETS, METRICS, type Metric, type MetricKey } from './names.ts'
import { readingsOf } from './readings.ts'
import { type MetricsSource, recordEvents } from './record-events.ts'
import { observe, timesTable } from './series.ts'
import { assertSource, type MetricsOptions, metricsEntries } from './validate-options.ts'

export interface PrometheusOptions extends MetricsOptions {
  /** Where metrics are registered. @default the `register` of prom-client */
  readonly registry?: Registry | undefined
  /** Begins every name; the dashboard and the alert rules know names without one. @default '' */
  readonly prefix?: string | undefined
}

export interface PrometheusMetrics {
  readonly registry: Registry
  /** Counts no more, and takes what was counted out of the registry. */
  stop(): void
}

const PREFIX = 'Give letters, digits and underscores, not beginning with a digit.'
const REGISTRY = 'Give a `Registry` of prom-client 15.'
const prometheusOptions = shape({
  ...metricsEntries,
  prefix: v.optional(v.pipe(v.string(PREFIX), v.regex(/^([a-zA-Z_][a-zA-Z0-9_]*)?$/, PREFIX))),
  registry: v.optional(
    v.custom<object>((value) => typeof (value as Registry | null)?.registerMetric === 'function', REGISTRY),
  ),
})

/**
 * Metrics of a cache for Prometheus.
 *
 *     const { registry } = prometheusMetrics(prisma.$cache)
 *     app.get('/metrics', async (_, response) => response.type(registry.contentType).send(await registry.metrics()))
 *
 * Several caches may share a registry; `labels` tell them apart.
 *
 * @throws CacheConfigError for options that are none, and where another metric of the registry has one of the names.
 */
export function prometheusMetrics(cache: MetricsSource, options: PrometheusOptions = {}): PrometheusMetrics {
  assertSource(cache, 'prometheusMetrics')
  check(prometheusOptions, options, 'prometheusMetrics')
  const { registry = register, prefix = '', labels = {}, buckets = BUCKETS, byModel = true, servers = true } = options
  const times = timesTable(buckets)
  const recording = recordEvents(cache, {
    byModel,
    times(histogram, own) {
      const series = times.of(histogram, own)
      return (seconds) => observe(series, buckets, seconds)
    },
  })
  const read = readingsOf(cache, recording, servers)
  try {
    const leave = join(registry, prefix, { labels, buckets, counts: recording.counts, times, read })
    return {
      registry,
      stop() {
        recording.stop()
        leave()
      },
    }
  } catch (error) {
    recording.stop()
    throw error
  }
}

/** The caches of each registry, by prefix: they share the metrics there. */
const families = new WeakMap<Registry, Map<string, Member[]>>()

/** @returns what takes the cache out again, and with the last one the metrics. */
function join(registry: Registry, prefix: string, member: Member): () => void {
  let ofRegistry = families.get(registry)
  if (!ofRegistry) families.set(registry, (ofRegistry = new Map()))
  const members = ofRegistry.get(prefix) ?? openFamily(registry, prefix)
  const text = ({ labels }: Member) => JSON.stringify(Object.entries(labels).sort())
  if (members.some((other) => text(other) === text(member))) {
    throw new CacheConfigError(
      'prometheusMetrics.labels',
      'another cache has these labels in this registry',
      'Give each cache labels of its own, `{ cache: "users" }` say, or call `stop` of the earlier one.',
    )
  }
  ofRegistry.set(prefix, members)
  members.push(member)
  return () => {
    const at = members.indexOf(member)
    if (at < 0) return
    members.splice(at, 1)
    if (members.length > 0) return
    for (const { prometheus } of Object.values(METRICS)) registry.removeSingleMetric(prefix + prometheus)
    ofRegistry.delete(prefix)
  }
}

function openFamily(registry: Registry, prefix: string): Member[] {
  const metrics = Object.entries(METRICS) as [MetricKey, Metric][]
  const taken = metrics.map(([, { prometheus }]) => prefix + prometheus).find((name) => registry.getSingleMetric(name))
  if (taken !== undefined) {
    throw new CacheConfigError(
      'prometheusMetrics.prefix',
      `the registry has another metric called ${taken}`,
      'Give a `prefix`, or a `registry` of its own.',
    )
  }
  const members: Member[] = []
  for (const [key, { prometheus, help }] of metrics) {
    const metric = new CollectedMetric(key, prefix + prometheus, help, members)
    registry.registerMetric(metric as unknown as PromMetric)
  }
  return members
}
