import type { CacheControl } from '../control/cache-control.ts'
import { SlidingWindow } from '../control/sliding-window.ts'
import type { CacheEvent, CacheEventOf } from '../events.ts'
import { BoundedLabel } from './labels.ts'
import type { KeyOf } from './names.ts'
import { type Count, countsTable, type Labels, type SeriesTable } from './series.ts'

/** What metrics are made of: `prisma.$cache`, or what `createCache` returns. */
export type MetricsSource = Pick<CacheControl, 'on' | 'stats' | 'info'>

/** Notes that something took so long. */
export type Observe = (seconds: number) => void

export interface RecordOptions {
  /** Whether reads are told apart by model and operation. */
  readonly byModel: boolean
  /** Where times of one series go; asked once a series. */
  readonly times: (histogram: KeyOf<'histogram'>, labels: Labels) => Observe
  /** Milliseconds that only grow. */
  readonly clock?: () => number
}

export interface Recording {
  readonly counts: SeriesTable<KeyOf<'counter'>, Count>
  /** The share of reads that were answered, of those that asked the cache lately; `undefined` when there were none. */
  hitRate(): number | undefined
  stop(): void
}

/** What is counted of one way a read was answered, found once. */
interface ReadSeries {
  readonly count: Count
  readonly response: Observe
  readonly lookUp: Observe
}

const WINDOW_MS = 5 * 60_000
const DATABASE = 'database'
/** Reasons found out by asking the store; what never asked it says nothing of how fast it is. */
const ASKED: ReadonlySet<string> = new Set(['store-unavailable', 'undelivered-invalidation', 'write-in-progress'])

/** Counts events as they come. A hit takes a few look-ups in small maps; everything else is counted at leisure. */
export function recordEvents(cache: MetricsSource, options: RecordOptions): Recording {
  const { byModel, times, clock = () => performance.now() } = options
  const window = new SlidingWindow<'answered' | 'missed'>(WINDOW_MS, clock)
  const counts = countsTable()
  const observers = new Map<string, Observe>()
  const [models, operations, causes, places] = Array.from({ length: 4 }, () => new BoundedLabel()) as [
    BoundedLabel,
    BoundedLabel,
    BoundedLabel,
    BoundedLabel,
  ]
  const hits = new Map<string, Map<string, ReadSeries>>()
  counts.of('suspensions', {})

  const add = (counter: KeyOf<'counter'>, labels: Labels, amount = 1) => {
    counts.of(counter, labels).value += amount
  }
  const about = ({ model, operation }: { readonly model: string; readonly operation: string }) =>
    byModel ? { model: models.of(model), operation: operations.of(operation) } : { model: '', operation: '' }

  function observer(histogram: KeyOf<'histogram'>, labels: Labels): Observe {
    const name = [histogram, ...Object.values(labels)].join('\n')
    let observe = observers.get(name)
    if (!observe) observers.set(name, (observe = times(histogram, labels)))
    return observe
  }

  function hit({ model, operation, type, tier, ms }: CacheEventOf<'hit' | 'stale'>): void {
    window.add('answered')
    const way = `${type} ${tier}`
    const read = byModel ? `${models.of(model)} ${operations.of(operation)}` : ''
    let ways = hits.get(read)
    if (!ways) hits.set(read, (ways = new Map()))
    let series = ways.get(way)
    if (!series) ways.set(way, (series = hitSeries({ ...about({ model, operation }), tier, result: type })))
    series.count.value += 1
    if (ms === undefined) return
    series.response(ms / 1000)
    series.lookUp(ms / 1000)
  }

  function hitSeries(labels: Labels): ReadSeries {
    const { result = '' } = labels
    return {
      count: counts.of('hits', labels),
      response: observer('responseTime', labels),
      lookUp: observer('lookUpTime', { result }),
    }
  }

  function queried(event: CacheEventOf<'miss' | 'bypass'>, askedTheCache: boolean): void {
    const { type: result, ms, lookUpMs } = event
    if (ms !== undefined) observer('responseTime', { ...about(event), tier: DATABASE, result })(ms / 1000)
    if (lookUpMs !== undefined && askedTheCache) observer('lookUpTime', { result })(lookUpMs / 1000)
  }

  function record(event: CacheEvent): void {
    switch (event.type) {
      case 'hit':
      case 'stale':
        return hit(event)
      case 'miss': {
        const { cause, coalesced, lease } = event
        const labels = about(event)
        window.add('missed')
        add('misses', { ...labels, cause })
        if (coalesced) add('shared', labels)
        if (lease) add('leases', { ...labels, outcome: lease })
        return queried(event, true)
      }
      case 'bypass':
        add('bypasses', { ...about(event), reason: event.reason })
        return queried(event, ASKED.has(event.reason))
      case 'fill':
        add('fills', about(event))
        return add('filledBytes', about(event), event.bytes)
      case 'fill-skipped':
        return add('rejectedFills', { ...about(event), reason: event.reason })
      case 'invalidate': {
        const cause = causes.of(event.cause)
        const labels = { model: byModel ? models.of(event.model) : '', cause }
        add('invalidations', labels)
        add('invalidatedTags', labels, event.tags.length)
        if (event.ms !== undefined) observer('invalidationTime', { cause })(event.ms / 1000)
        return
      }
      case 'entry-invalidated':
        return add('drops', { ...about(event), cause: causes.of(event.by?.cause ?? 'elsewhere') })
      case 'verify':
        return add('verified', { ...about(event), outcome: event.outcome })
      case 'store':
        return event.state === 'ok' ? undefined : add('suspensions', {})
      case 'error':
        return add('errors', { during: places.of(event.during) })
    }
  }

  const stop = cache.on('*', record)
  return {
    counts,
    stop,
    hitRate() {
      const answered = window.sum('answered')
      const asked = answered + window.sum('missed')
      return asked === 0 ? undefined : answered / asked
    },
  }
}
