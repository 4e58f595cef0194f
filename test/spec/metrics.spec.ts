import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { Counter, Registry, register } from 'prom-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CacheControl, CacheOptions } from '../../src/index.ts'
import { openTelemetryMetrics } from '../../src/metrics/opentelemetry.ts'
import { prometheusMetrics } from '../../src/metrics/prometheus.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { useSpec } from './support.ts'

/** `{ 'name{label="value"}': number }`, as a scrape shows it; labels in the order of the alphabet. */
function samples(text: string): Record<string, number> {
  const found = [...text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)(?: \d+)?$/gm)].map(([, name, labels = '', value]) => {
    const sorted = [...labels.matchAll(/\w+="[^"]*"/g)].map(([label]) => label).sort()
    return [sorted.length > 0 ? `${name}{${sorted.join()}}` : name, Number(value)] as const
  })
  return Object.fromEntries(found)
}
const scraped = async (registry: Registry) => samples(await registry.metrics())

type Cached = { readonly $cache: CacheControl }
const used: { stop(): void }[] = []
function metered(prisma: Cached, options: Parameters<typeof prometheusMetrics>[1] = {}) {
  const metrics = prometheusMetrics(prisma.$cache, { registry: new Registry(), ...options })
  used.push(metrics)
  return metrics
}
afterAll(() => {
  for (const metrics of used) metrics.stop()
})

describeCombinations('metrics for Prometheus', (bed) => {
  const spec = useSpec(bed)
  const tier = bed.store === 'memory' ? 'near' : 'far'

  it('say what happened to every read and write, by model and operation', async () => {
    const { prisma, clock } = spec.cached({ defaults: { ttl: 60, swr: 60, jitter: 0 } })
    const { registry } = metered(prisma)
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.$cache.settled()
    clock.advance(70_000)
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.$cache.settled()
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.tag.findMany({ cache: false })
    await prisma.$cache.invalidate({ tags: ['a', 'b'] })
    await prisma.$cache.settled()
    const seen = await scraped(registry)
    const read = 'model="User",operation="findUnique"'
    expect(seen).toMatchObject({
      [`cache_hits_total{${read},result="hit",tier="${tier}"}`]: 2,
      [`cache_hits_total{${read},result="stale",tier="${tier}"}`]: 1,
      [`cache_misses_total{cause="absent",${read}}`]: 1,
      [`cache_misses_total{cause="invalidated",${read}}`]: 1,
      'cache_bypasses_total{model="Tag",operation="findMany",reason="call-disabled"}': 1,
      // The miss, the renewal of what was stale, and the miss after the write.
      [`cache_fills_total{${read}}`]: 3,
      [`cache_dropped_entries_total{cause="write",${read}}`]: 1,
      'cache_invalidations_total{cause="write",model="User"}': 1,
      'cache_invalidations_total{cause="api",model="none"}': 1,
      'cache_invalidated_tags_total{cause="api",model="none"}': 2,
      cache_hit_rate: 3 / 5,
      cache_refused_forms: 0,
      'cache_store_state{state="ok"}': 1,
      'cache_store_state{state="unavailable"}': 0,
      'cache_store_state{state="undelivered"}': 0,
      cache_undelivered_invalidations: 0,
      cache_store_suspensions_total: 0,
      [`cache_response_time_seconds_count{${read},result="hit",tier="${tier}"}`]: 2,
      [`cache_response_time_seconds_count{${read},result="miss",tier="database"}`]: 2,
      'cache_response_time_seconds_count{model="Tag",operation="findMany",result="bypass",tier="database"}': 1,
      'cache_look_up_time_seconds_count{result="hit"}': 2,
      'cache_look_up_time_seconds_count{result="miss"}': 2,
      'cache_invalidation_time_seconds_count{cause="write"}': 1,
    })
    expect(seen['cache_look_up_time_seconds_count{result="bypass"}']).toBeUndefined()
    expect(seen[`cache_filled_bytes_total{${read}}`]).toBeGreaterThan(100)
    expect(seen[`cache_response_time_seconds_sum{${read},result="miss",tier="database"}`]).toBeGreaterThan(0)
  })

  it('say what lies where', async () => {
    const { prisma } = spec.cached()
    const { registry } = metered(prisma)
    for (const id of [1, 2, 3]) await prisma.user.findUnique({ where: { id } })
    await prisma.$cache.settled()
    const seen = await scraped(registry)
    if (bed.store === 'memory') {
      expect(seen).toMatchObject({
        cache_local_entries: 3,
        cache_local_max_entries: 500,
        cache_local_max_bytes: 64 * 1024 * 1024,
        cache_local_evictions_total: 0,
      })
      expect(seen['cache_local_bytes']).toBeGreaterThan(300)
      expect(Object.keys(seen).filter((name) => name.startsWith('cache_redis'))).toEqual([])
      return
    }
    expect(seen['cache_local_entries']).toBeUndefined()
    const { servers } = await prisma.$cache.info()
    for (const { address } of servers) {
      expect(seen).toMatchObject({
        [`cache_redis_up{server="${address}"}`]: 1,
        [`cache_redis_memory_max_bytes{server="${address}"}`]: 0,
        [`cache_redis_evicted_keys_total{server="${address}"}`]: 0,
        [`cache_redis_latency_seconds{server="${address}"}`]: expect.any(Number),
        [`cache_redis_memory_used_bytes{server="${address}"}`]: expect.any(Number),
        [`cache_redis_clients{server="${address}"}`]: expect.any(Number),
        [`cache_redis_keys{server="${address}"}`]: expect.any(Number),
      })
    }
  })

  it('count fills that were rejected, misses that shared a query, and what verification found', async () => {
    const { prisma, sql } = spec.cached({ maxValueBytes: 100, verify: { sample: 1 } })
    const { registry } = metered(prisma)
    await prisma.user.findMany()
    const gate = sql.hold(/^SELECT .*Tag/)
    const both = [prisma.tag.count(), prisma.tag.count()].map((read) => read.then((count) => count))
    await gate.held
    gate.open()
    await Promise.all(both)
    await prisma.$cache.settled()
    await prisma.tag.count()
    await prisma.$cache.settled()
    const tags = 'model="Tag",operation="count"'
    expect(await scraped(registry)).toMatchObject({
      'cache_rejected_fills_total{model="User",operation="findMany",reason="oversize"}': 1,
      [`cache_misses_total{cause="absent",${tags}}`]: 2,
      [`cache_shared_queries_total{${tags}}`]: 1,
      [`cache_verified_hits_total{${tags},outcome="fresh"}`]: 1,
    })
  })

  it('of OpenTelemetry are the same: an exporter for Prometheus shows equal names, labels and counts', async () => {
    const { prisma } = spec.cached({ verify: { sample: 1 } })
    const { registry } = metered(prisma, { labels: { service: 'shop' } })
    const exporter = new PrometheusExporter({ preventServerStart: true })
    const provider = new MeterProvider({ readers: [exporter] })
    used.push(openTelemetryMetrics(prisma.$cache, { meter: provider.getMeter('t'), labels: { service: 'shop' } }))
    await prisma.user.findMany()
    await prisma.user.findMany()
    await prisma.user.create({ data: { email: 'dan@example.test' } })
    await prisma.user.findMany()
    await prisma.tag.findMany({ cache: false })
    await prisma.$cache.settled()
    const { resourceMetrics, errors } = await exporter.collect()
    expect(errors).toEqual([])
    const serializer = new PrometheusSerializer('', false, undefined, true, true)
    const theirs = samples(serializer.serialize(resourceMetrics))
    const ours = await scraped(registry)
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort())
    // What is measured at the moment of collecting, and sums of times that are rounded on their way.
    const moves = /_sum|latency|memory_used|clients|_keys/
    for (const [name, value] of Object.entries(ours))
      if (!moves.test(name)) expect([name, theirs[name]]).toEqual([name, value])
    await provider.shutdown()
  })
})

describe('metrics for Prometheus', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)
  const rows = async (registry: Registry) =>
    Object.keys(await scraped(registry)).filter((name) => name.startsWith('cache_hits'))
  async function hit({ prisma }: { prisma: { tag: { count(): PromiseLike<number> } } }) {
    await prisma.tag.count()
    await prisma.tag.count()
  }

  it('are registered where everybody looks, unless told otherwise; stopped, they are gone', async () => {
    const cached = spec.cached()
    const metrics = prometheusMetrics(cached.prisma.$cache)
    expect(metrics.registry).toBe(register)
    await hit(cached)
    expect(await rows(register)).toHaveLength(1)
    metrics.stop()
    expect(await register.metrics()).not.toContain('cache_')
    expect(() => prometheusMetrics(cached.prisma.$cache).stop()).not.toThrow()
  })

  it('have the prefix and the labels they are given', async () => {
    const cached = spec.cached()
    const { registry } = metered(cached.prisma, { prefix: 'shop_', labels: { service: 'web' } })
    await hit(cached)
    const seen = await scraped(registry)
    expect(seen['shop_cache_hits_total{model="Tag",operation="count",result="hit",service="web",tier="near"}']).toBe(1)
    expect(seen['shop_cache_local_entries{service="web"}']).toBe(1)
  })

  it('without `byModel` leave models and operations out', async () => {
    const cached = spec.cached()
    const { registry } = metered(cached.prisma, { byModel: false })
    await hit(cached)
    await cached.prisma.user.count()
    await cached.prisma.user.count()
    expect(await rows(registry)).toEqual(['cache_hits_total{model="",operation="",result="hit",tier="near"}'])
  })

  it('of several caches share a registry, apart by their labels, and end one by one', async () => {
    const [one, other] = [spec.cached(), spec.cached()]
    const registry = new Registry()
    const first = metered(one.prisma, { registry, labels: { cache: 'one' } })
    metered(other.prisma, { registry, labels: { cache: 'other' } })
    await hit(one)
    await hit(other)
    const of = (cache: string) =>
      `cache_hits_total{cache="${cache}",model="Tag",operation="count",result="hit",tier="near"}`
    expect(await scraped(registry)).toMatchObject({ [of('one')]: 1, [of('other')]: 1 })
    expect(await scraped(registry)).toMatchObject({
      'cache_local_entries{cache="one"}': 1,
      'cache_local_entries{cache="other"}': 1,
      'cache_local_evictions_total{cache="one"}': 0,
    })
    first.stop()
    await hit(one)
    const seen = await scraped(registry)
    expect(seen[of('one')]).toBeUndefined()
    expect(seen['cache_local_entries{cache="one"}']).toBeUndefined()
    expect(seen['cache_local_entries{cache="other"}']).toBe(1)
  })

  it('count totals once, however often they are collected, also at the same time', async () => {
    const { prisma } = spec.cached()
    const { registry } = metered(prisma)
    const read = () => scraped(registry)
    const all = await Promise.all([read(), read(), read()])
    for (const seen of [...all, await read()]) expect(seen['cache_local_evictions_total']).toBe(0)
  })

  it('have a hit rate only of reads that asked the cache, and none before', async () => {
    const cached = spec.cached()
    const { registry } = metered(cached.prisma)
    await cached.prisma.tag.count({ cache: false })
    expect((await scraped(registry))['cache_hit_rate']).toBeUndefined()
    await hit(cached)
    expect((await scraped(registry))['cache_hit_rate']).toBe(0.5)
  })

  it.each<[string, (cache: CacheControl) => unknown, RegExp]>([
    ['no cache', () => prometheusMetrics(undefined as never), /`prometheusMetrics`.*got undefined.*prisma\.\$cache/],
    ['a client', (cache) => prometheusMetrics({ $cache: cache } as never), /`prometheusMetrics`.*\$cache/],
    ['an unknown option', (cache) => prometheusMetrics(cache, { label: {} } as never), /`prometheusMetrics\.label`/],
    [
      'a registry that is none',
      (cache) => prometheusMetrics(cache, { registry: {} as never }),
      /\.registry`.*Registry/,
    ],
    ['a prefix of other letters', (cache) => prometheusMetrics(cache, { prefix: 'a-b' }), /\.prefix`.*"a-b"/],
    ['a label of other letters', (cache) => prometheusMetrics(cache, { labels: { 'a-b': 'c' } }), /\.labels.*a-b/],
    ['a label of ours', (cache) => prometheusMetrics(cache, { labels: { model: 'c' } }), /\.labels`.*one of ours/],
    ['buckets that fall', (cache) => prometheusMetrics(cache, { buckets: [1, 0.5] }), /\.buckets`.*larger/],
    ['no meter', (cache) => openTelemetryMetrics(cache, { meter: {} as never }), /openTelemetryMetrics\.meter`/],
    ['no tracer', (cache) => openTelemetryMetrics(cache, { tracer: 5 as never }), /openTelemetryMetrics\.tracer`.*5/],
    ['nothing', () => openTelemetryMetrics(null as never), /`openTelemetryMetrics`.*null/],
  ])('refuse %s, in words', (_, start, message) => {
    const cache = spec.cached().prisma.$cache
    expect(() => start(cache)).toThrow(expect.objectContaining({ name: 'CacheConfigError' }))
    expect(() => start(cache)).toThrow(message)
  })

  it('refuse a registry in which a name is taken, and labels that are in use', () => {
    const cache = () => spec.cached().prisma.$cache
    const registry = new Registry()
    new Counter({ name: 'cache_hits_total', help: 'mine', registers: [registry] })
    expect(() => prometheusMetrics(cache(), { registry })).toThrow(/another metric called cache_hits_total.*prefix/)
    expect(() => prometheusMetrics(cache(), { registry, prefix: 'b_' })).not.toThrow()
    expect(() => prometheusMetrics(cache(), { registry, prefix: 'b_' })).toThrow(/another cache has these labels/)
    expect(() => prometheusMetrics(cache(), { registry, prefix: 'b_', labels: { a: '1' } })).not.toThrow()
  })
})

describe('metrics of a Redis that fails', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())

  it('say that the circuit is open, what waits for it, and that it came back', async () => {
    const options: CacheOptions = {
      redis: server.url,
      breaker: { quarantineMs: 0, resetMs: 20, failures: 1 },
      timeoutMs: 2000,
    }
    const { prisma } = spec.cached(options)
    const { registry } = metered(prisma)
    const isUp = async () => (await prisma.$cache.health()).state === 'ok' || undefined
    await eventually(isUp, 'the first answer')
    await prisma.tag.count()
    await server.kill()
    await prisma.tag.create({ data: { name: 'x' } })
    await prisma.tag.count()
    const seen = await scraped(registry)
    expect(seen).toMatchObject({
      'cache_store_state{state="ok"}': 0,
      'cache_store_state{state="undelivered"}': 1,
      cache_store_suspensions_total: 1,
      'cache_bypasses_total{model="Tag",operation="count",reason="undelivered-invalidation"}': 1,
      [`cache_redis_up{server="127.0.0.1:${server.port}"}`]: 0,
      'cache_look_up_time_seconds_count{result="bypass"}': 1,
    })
    expect(seen['cache_undelivered_invalidations']).toBeGreaterThan(0)
    expect(Object.keys(seen).some((name) => name.startsWith('cache_errors_total{during='))).toBe(true)
    await server.restart()
    await eventually(isUp, 'the Redis that came back')
    expect(await scraped(registry)).toMatchObject({
      'cache_store_state{state="ok"}': 1,
      cache_undelivered_invalidations: 0,
      [`cache_redis_up{server="127.0.0.1:${server.port}"}`]: 1,
    })
  })
})

describe('spans', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('test')
  beforeAll(() => void context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()))
  afterAll(() => context.disable())

  it('are of reads and invalidations, within the span of who asked, as long as they took', async () => {
    const { prisma } = spec.cached()
    used.push(openTelemetryMetrics(prisma.$cache, { tracer, labels: { service: 'shop' } }))
    const request = tracer.startSpan('request')
    const begun = Date.now()
    await context.with(trace.setSpan(context.active(), request), async () => {
      await prisma.user.findUnique({ where: { id: 1 } })
      await prisma.user.findUnique({ where: { id: 1 } })
      await prisma.user.findMany({ cache: false })
      await prisma.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
    })
    const spans = exporter.getFinishedSpans()
    const about = { service: 'shop', 'prisma.cache.model': 'User' }
    const read = {
      ...about,
      'prisma.cache.operation': 'findUnique',
      'prisma.cache.key': expect.any(String),
      'sentry.op': 'cache.get',
      'cache.key': [expect.stringContaining('User:findUnique:')],
    }
    expect(spans.map(({ name, attributes }) => ({ name, ...attributes }))).toEqual([
      {
        name: 'prisma.cache.read',
        ...read,
        'prisma.cache.result': 'miss',
        'cache.hit': false,
        'prisma.cache.cause': 'absent',
        'prisma.cache.shared': false,
        'prisma.cache.look_up_ms': expect.any(Number),
      },
      {
        name: 'prisma.cache.read',
        ...read,
        'prisma.cache.result': 'hit',
        'cache.hit': true,
        'prisma.cache.tier': 'far',
        'prisma.cache.age_ms': 0,
      },
      {
        name: 'prisma.cache.read',
        ...about,
        'prisma.cache.operation': 'findMany',
        'prisma.cache.result': 'bypass',
        'prisma.cache.reason': 'call-disabled',
        'prisma.cache.look_up_ms': expect.any(Number),
      },
      {
        name: 'prisma.cache.invalidate',
        ...about,
        'prisma.cache.operation': 'update',
        'prisma.cache.cause': 'write',
        'prisma.cache.delivered': true,
        'prisma.cache.tags': expect.any(Number),
      },
    ])
    const whole = Date.now() - begun + 2
    for (const span of spans) {
      expect(span.parentSpanContext?.spanId).toBe(request.spanContext().spanId)
      const [seconds, nanos] = span.duration
      expect(seconds * 1000 + nanos / 1e6).toBeGreaterThan(0)
      expect(seconds * 1000 + nanos / 1e6).toBeLessThan(whole)
      expect(span.startTime[0] * 1000).toBeGreaterThan(begun - 2000)
    }
  })
})
