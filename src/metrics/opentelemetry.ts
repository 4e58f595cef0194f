import {
  type Attributes,
  type BatchObservableResult,
  context,
  type Histogram,
  type Meter,
  metrics,
  type Observable,
  SpanKind,
  type Tracer,
} from '@opentelemetry/api'
import * as v from 'valibot'
import type { CacheEvent } from '../events.ts'
import { check, shape } from '../input.ts'
import { ATTRIBUTES, BUCKETS, type KeyOf, METRICS, type Metric, type MetricKey, SPANS } from './names.ts'
import { readingsOf } from './readings.ts'
import { type MetricsSource, recordEvents } from './record-events.ts'
import type { Labels } from './series.ts'
import { assertSource, type MetricsOptions, metricsEntries } from './validate-options.ts'

export interface OpenTelemetryOptions extends MetricsOptions {
  /** Makes the instruments. @default `metrics.getMeter('prisma-extension-query-cache')` */
  readonly meter?: Meter | undefined
  /** Gives each read, and each invalidation, a span. @default no spans */
  readonly tracer?: Tracer | undefined
}

export interface OpenTelemetryMetrics {
  /** Counts and traces no more. */
  stop(): void
}

const METER = 'Give a `Meter`: `metrics.getMeter("shop")`.'
const TRACER = 'Give a `Tracer`: `trace.getTracer("shop")`.'
const has = (method: string) => (value: unknown) =>
  typeof (value as Record<string, unknown> | null | undefined)?.[method] === 'function'
const openTelemetryOptions = shape({
  ...metricsEntries,
  meter: v.optional(v.custom<object>(has('createHistogram'), METER)),
  tracer: v.optional(v.custom<object>(has('startSpan'), TRACER)),
})

/**
 * Metrics of a cache for OpenTelemetry, and spans where there is a tracer. Instruments are those of the meter provider
 * that is registered when this is called: set up the SDK first.
 *
 *     openTelemetryMetrics(prisma.$cache, { tracer: trace.getTracer('shop') })
 *
 * A span is made when a read is answered, with the times it had: it lies beside the spans of the query it caused, not
 * around them.
 *
 * @throws CacheConfigError for options that are none.
 */
export function openTelemetryMetrics(cache: MetricsSource, options: OpenTelemetryOptions = {}): OpenTelemetryMetrics {
  assertSource(cache, 'openTelemetryMetrics')
  check(openTelemetryOptions, options, 'openTelemetryMetrics')
  const { labels: constant = {}, buckets = BUCKETS, byModel = true, servers = true, tracer } = options
  const meter = options.meter ?? metrics.getMeter('prisma-extension-query-cache')
  const instruments = new Map<MetricKey, Histogram | Observable>()
  const observables: Observable[] = []
  for (const [key, metric] of Object.entries(METRICS) as [MetricKey, Metric][]) {
    const instrument = instrumentOf(meter, metric, buckets)
    instruments.set(key, instrument)
    if (metric.kind !== 'histogram') observables.push(instrument as Observable)
  }

  const recording = recordEvents(cache, {
    byModel,
    times(key, own) {
      const histogram = instruments.get(key) as Histogram
      const attributes = { ...constant, ...own }
      return (seconds) => histogram.record(seconds, attributes)
    },
  })
  const read = readingsOf(cache, recording, servers)
  const observe = async (result: BatchObservableResult) => {
    for (const { metric, labels, value } of await read()) {
      result.observe(instruments.get(metric) as Observable, value, { ...constant, ...labels })
    }
    for (const key of COUNTERS) {
      for (const { labels, value } of recording.counts.all(key)) {
        result.observe(instruments.get(key) as Observable, value, { ...constant, ...labels })
      }
    }
  }
  meter.addBatchObservableCallback(observe, observables)
  const endSpans = tracer && cache.on('*', (event) => trace(event, tracer, constant))
  return {
    stop() {
      recording.stop()
      endSpans?.()
      meter.removeBatchObservableCallback(observe, observables)
    },
  }
}

const COUNTERS = (Object.keys(METRICS) as MetricKey[]).filter(
  (key) => METRICS[key].kind === 'counter',
) as KeyOf<'counter'>[]

function instrumentOf(meter: Meter, { kind, opentelemetry, help, unit }: Metric, buckets: readonly number[]) {
  const about = { description: help, ...(unit && { unit }) }
  switch (kind) {
    case 'counter':
    case 'total':
      return meter.createObservableCounter(opentelemetry, about)
    case 'gauge':
      return meter.createObservableGauge(opentelemetry, about)
    case 'histogram':
      return meter.createHistogram(opentelemetry, { ...about, advice: { explicitBucketBoundaries: [...buckets] } })
  }
}

/** What Sentry fills its page about caches from, besides `cache.hit` and `cache.key`. */
const SENTRY = { 'sentry.op': 'cache.get' }

/** Events are told in the context of the read, or the write, they are about: its span is the parent. */
function trace(event: CacheEvent, tracer: Tracer, constant: Labels): void {
  if (event.type === 'invalidate') {
    const { model, operation, cause, delivered, tags } = event
    return span(tracer, SPANS.invalidate, event.ms, {
      ...constant,
      ...(model !== undefined && { [ATTRIBUTES.model]: model }),
      ...(operation !== undefined && { [ATTRIBUTES.operation]: operation }),
      [ATTRIBUTES.cause]: cause,
      [ATTRIBUTES.delivered]: delivered,
      [ATTRIBUTES.tags]: tags.length,
    })
  }
  if (event.type !== 'hit' && event.type !== 'stale' && event.type !== 'miss' && event.type !== 'bypass') return
  const { model, operation } = event
  span(tracer, SPANS.read, event.ms, {
    ...constant,
    [ATTRIBUTES.model]: model,
    [ATTRIBUTES.operation]: operation,
    [ATTRIBUTES.result]: event.type,
    ...('key' in event && {
      [ATTRIBUTES.key]: event.key,
      ...SENTRY,
      'cache.hit': event.type !== 'miss',
      'cache.key': [event.key],
    }),
    ...('tier' in event && { [ATTRIBUTES.tier]: event.tier, [ATTRIBUTES.ageMs]: event.ageMs }),
    ...('cause' in event && { [ATTRIBUTES.cause]: event.cause, [ATTRIBUTES.shared]: event.coalesced }),
    ...('reason' in event && { [ATTRIBUTES.reason]: event.reason }),
    ...('lookUpMs' in event && event.lookUpMs !== undefined && { [ATTRIBUTES.lookUpMs]: event.lookUpMs }),
  })
}

function span(tracer: Tracer, name: string, ms: number | undefined, attributes: Attributes): void {
  // What began before somebody listened has no length.
  if (ms === undefined) return
  const end = performance.timeOrigin + performance.now()
  tracer.startSpan(name, { kind: SpanKind.INTERNAL, startTime: end - ms, attributes }, context.active()).end(end)
}
