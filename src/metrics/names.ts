/**
 * Every metric there is, once: what it is called in Prometheus and in OpenTelemetry, and what it tells. An OpenTelemetry
 * exporter for Prometheus makes the one name of the other (units are in both: not every exporter adds them), so that
 * dashboard and alert rules fit both.
 *
 * - `counter`: counted from events · `total`: counted elsewhere, read when metrics are collected
 * - `histogram`: seconds, from events · `gauge`: read when metrics are collected
 */
export interface Metric {
  readonly kind: 'counter' | 'total' | 'histogram' | 'gauge'
  readonly prometheus: string
  readonly opentelemetry: string
  /** As in OpenTelemetry. */
  readonly unit?: 's' | 'By'
  readonly help: string
  readonly labels: readonly string[]
}

const READ = ['model', 'operation'] as const

export const METRICS = {
  hits: {
    kind: 'counter',
    prometheus: 'cache_hits_total',
    opentelemetry: 'cache.hits',
    help: 'Reads answered by the cache; result: hit, or stale (expired or softly invalidated, renewed behind).',
    labels: [...READ, 'tier', 'result'],
  },
  misses: {
    kind: 'counter',
    prometheus: 'cache_misses_total',
    opentelemetry: 'cache.misses',
    help: 'Reads the cache had no valid entry for; cause: absent, invalidated, expired, unreadable, rejected, refresh.',
    labels: [...READ, 'cause'],
  },
  bypasses: {
    kind: 'counter',
    prometheus: 'cache_bypasses_total',
    opentelemetry: 'cache.bypasses',
    help: 'Reads that did not use the cache, by reason.',
    labels: [...READ, 'reason'],
  },
  shared: {
    kind: 'counter',
    prometheus: 'cache_shared_queries_total',
    opentelemetry: 'cache.shared_queries',
    help: 'Misses answered by a query that another read had under way.',
    labels: READ,
  },
  leases: {
    kind: 'counter',
    prometheus: 'cache_leases_total',
    opentelemetry: 'cache.leases',
    help: 'Misses for which processes took turns; outcome: taken (asked for all), shared, timed-out.',
    labels: [...READ, 'outcome'],
  },
  fills: {
    kind: 'counter',
    prometheus: 'cache_fills_total',
    opentelemetry: 'cache.fills',
    help: 'Results stored.',
    labels: READ,
  },
  filledBytes: {
    kind: 'counter',
    prometheus: 'cache_filled_bytes_total',
    opentelemetry: 'cache.filled_bytes',
    unit: 'By',
    help: 'Bytes of results stored.',
    labels: READ,
  },
  rejectedFills: {
    kind: 'counter',
    prometheus: 'cache_rejected_fills_total',
    opentelemetry: 'cache.rejected_fills',
    help: 'Results that were not stored, by reason.',
    labels: [...READ, 'reason'],
  },
  invalidations: {
    kind: 'counter',
    prometheus: 'cache_invalidations_total',
    opentelemetry: 'cache.invalidations',
    help: 'Invalidations made by this process; cause: write, transaction, raw, api.',
    labels: ['model', 'cause'],
  },
  invalidatedTags: {
    kind: 'counter',
    prometheus: 'cache_invalidated_tags_total',
    opentelemetry: 'cache.invalidated_tags',
    help: 'Tags invalidated.',
    labels: ['model', 'cause'],
  },
  drops: {
    kind: 'counter',
    prometheus: 'cache_dropped_entries_total',
    opentelemetry: 'cache.dropped_entries',
    help: 'Entries found invalidated; cause: what invalidated the tag in this process, or elsewhere.',
    labels: [...READ, 'cause'],
  },
  errors: {
    kind: 'counter',
    prometheus: 'cache_errors_total',
    opentelemetry: 'cache.errors',
    help: 'Faults of the cache, by where they happened; none of them reached a query.',
    labels: ['during'],
  },
  verified: {
    kind: 'counter',
    prometheus: 'cache_verified_hits_total',
    opentelemetry: 'cache.verified_hits',
    help: 'Hits compared with the database; outcome: fresh, late, stale.',
    labels: [...READ, 'outcome'],
  },
  suspensions: {
    kind: 'counter',
    prometheus: 'cache_store_suspensions_total',
    opentelemetry: 'cache.store_suspensions',
    help: 'How often the store was left alone because it did not answer.',
    labels: [],
  },
  responseTime: {
    kind: 'histogram',
    prometheus: 'cache_response_time_seconds',
    opentelemetry: 'cache.response_time_seconds',
    unit: 's',
    help: 'Reads from where they reached the cache to their answer; tier: near, far, or database.',
    labels: [...READ, 'tier', 'result'],
  },
  lookUpTime: {
    kind: 'histogram',
    prometheus: 'cache_look_up_time_seconds',
    opentelemetry: 'cache.look_up_time_seconds',
    unit: 's',
    help: 'The part of it until the cache had answered, or had said that it cannot.',
    labels: ['result'],
  },
  invalidationTime: {
    kind: 'histogram',
    prometheus: 'cache_invalidation_time_seconds',
    opentelemetry: 'cache.invalidation_time_seconds',
    unit: 's',
    help: 'What writes waited for their invalidation.',
    labels: ['cause'],
  },
  hitRate: {
    kind: 'gauge',
    prometheus: 'cache_hit_rate',
    opentelemetry: 'cache.hit_rate',
    help: 'The share of reads that asked the cache and were answered by it, of the last five minutes; absent when there were none.',
    labels: [],
  },
  refusedForms: {
    kind: 'gauge',
    prometheus: 'cache_refused_forms',
    opentelemetry: 'cache.refused_forms',
    help: 'Forms of reads that bypass the cache because caching them does not pay.',
    labels: [],
  },
  storeState: {
    kind: 'gauge',
    prometheus: 'cache_store_state',
    opentelemetry: 'cache.store_state',
    help: '1 for the state the store is in: ok, unavailable (circuit open), undelivered (invalidations wait for it).',
    labels: ['state'],
  },
  undelivered: {
    kind: 'gauge',
    prometheus: 'cache_undelivered_invalidations',
    opentelemetry: 'cache.undelivered_invalidations',
    help: 'Tags whose invalidation waits to be delivered; infinite when all count as changed.',
    labels: [],
  },
  localEntries: {
    kind: 'gauge',
    prometheus: 'cache_local_entries',
    opentelemetry: 'cache.local_entries',
    help: 'Entries in this process: of a memory store, or copies of those in Redis.',
    labels: [],
  },
  localMaxEntries: {
    kind: 'gauge',
    prometheus: 'cache_local_max_entries',
    opentelemetry: 'cache.local_max_entries',
    help: 'Most entries kept in this process.',
    labels: [],
  },
  localBytes: {
    kind: 'gauge',
    prometheus: 'cache_local_bytes',
    opentelemetry: 'cache.local_bytes',
    unit: 'By',
    help: 'Bytes of entries in this process.',
    labels: [],
  },
  localMaxBytes: {
    kind: 'gauge',
    prometheus: 'cache_local_max_bytes',
    opentelemetry: 'cache.local_max_bytes',
    unit: 'By',
    help: 'Most bytes kept in this process.',
    labels: [],
  },
  localEvictions: {
    kind: 'total',
    prometheus: 'cache_local_evictions_total',
    opentelemetry: 'cache.local_evictions',
    help: 'Entries pushed out of this process for want of room.',
    labels: [],
  },
  serverUp: {
    kind: 'gauge',
    prometheus: 'cache_redis_up',
    opentelemetry: 'cache.redis_up',
    help: 'Whether the Redis server answered.',
    labels: ['server'],
  },
  serverLatency: {
    kind: 'gauge',
    prometheus: 'cache_redis_latency_seconds',
    opentelemetry: 'cache.redis_latency_seconds',
    unit: 's',
    help: 'Round trip to the Redis server.',
    labels: ['server'],
  },
  serverUsedBytes: {
    kind: 'gauge',
    prometheus: 'cache_redis_memory_used_bytes',
    opentelemetry: 'cache.redis_memory_used_bytes',
    unit: 'By',
    help: 'Memory in use, of all that is in the server.',
    labels: ['server'],
  },
  serverMaxBytes: {
    kind: 'gauge',
    prometheus: 'cache_redis_memory_max_bytes',
    opentelemetry: 'cache.redis_memory_max_bytes',
    unit: 'By',
    help: 'Its maxmemory; 0: no limit.',
    labels: ['server'],
  },
  serverClients: {
    kind: 'gauge',
    prometheus: 'cache_redis_clients',
    opentelemetry: 'cache.redis_clients',
    help: 'Connections to the server.',
    labels: ['server'],
  },
  serverKeys: {
    kind: 'gauge',
    prometheus: 'cache_redis_keys',
    opentelemetry: 'cache.redis_keys',
    help: 'Keys in the database in use, of all applications.',
    labels: ['server'],
  },
  serverEvictions: {
    kind: 'total',
    prometheus: 'cache_redis_evicted_keys_total',
    opentelemetry: 'cache.redis_evicted_keys',
    help: 'Keys the server evicted since it was started.',
    labels: ['server'],
  },
} as const satisfies Readonly<Record<string, Metric>>

export type MetricKey = keyof typeof METRICS
export type KeyOf<Kind extends Metric['kind']> = {
  [Key in MetricKey]: (typeof METRICS)[Key]['kind'] extends Kind ? Key : never
}[MetricKey]

/** Seconds: from a hit in the process to a query nobody wants to wait for. */
export const BUCKETS: readonly number[] = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5,
]

/** Of spans. */
export const SPANS = { read: 'prisma.cache.read', invalidate: 'prisma.cache.invalidate' } as const
export const ATTRIBUTES = {
  model: 'prisma.cache.model',
  operation: 'prisma.cache.operation',
  result: 'prisma.cache.result',
  tier: 'prisma.cache.tier',
  key: 'prisma.cache.key',
  ageMs: 'prisma.cache.age_ms',
  cause: 'prisma.cache.cause',
  reason: 'prisma.cache.reason',
  shared: 'prisma.cache.shared',
  lookUpMs: 'prisma.cache.look_up_ms',
  tags: 'prisma.cache.tags',
  delivered: 'prisma.cache.delivered',
} as const
