import type { CacheControl } from '../../control/cache-control.ts'
import type { CacheEvent, CacheEventOf, InvalidatedBy, WarmOutcome } from '../../events.ts'
import { type OperationActivity, type OperationSeries, Operations } from './operations.ts'
import { Ring } from './ring.ts'
import { type SlowMiss, SlowMisses } from './slow-misses.ts'
import { type Series, Timeline } from './timeline.ts'
import { type KeyActivity, TopKeys } from './top-keys.ts'

/** What happened of late, as this process saw it. */
export interface Activity {
  /** Epoch ms. */
  readonly now: number
  readonly windowSeconds: number
  /** Since when this is recorded, epoch ms: of a window that begins before, the rest is known. */
  readonly since: number
  readonly series: Series
  /** One operation over time, when it was asked for and has been seen. */
  readonly of: OperationSeries | null
  readonly operations: readonly OperationActivity[]
  readonly topKeys: readonly KeyActivity[]
  readonly slowMisses: readonly SlowMiss[]
  /** Entries found invalidated, newest first, and by which write. */
  readonly drops: readonly InvalidatedEntry[]
  /** What spoilt most entries within the window. */
  readonly blame: readonly Blame[]
  readonly invalidations: readonly InvalidationNote[]
  /** Faults, alerts, hits that were found stale, changes of the store's state, and what operators did. */
  readonly notes: readonly Note[]
}

export interface InvalidatedEntry {
  readonly at: number
  readonly key: string
  readonly model: string
  readonly operation: string
  readonly tags: readonly string[]
  readonly by: InvalidatedBy | null
}

export interface InvalidationNote {
  readonly at: number
  readonly cause: string
  readonly model: string | null
  readonly operation: string | null
  readonly tags: readonly string[]
  /** How many there were; `tags` are the first of them. */
  readonly tagCount: number
  readonly delivered: boolean
}

export interface Blame {
  /** `write User.update`; `null`: not this process. */
  readonly by: string | null
  readonly drops: number
  /** The models whose entries it spoilt, most spoilt first. */
  readonly models: readonly string[]
}

export interface Note {
  readonly at: number
  readonly kind: 'error' | 'alert' | 'stale' | 'store' | 'admin' | 'warm'
  readonly text: string
}

const LIST = 50
const MAX_NOTES = 200
const MAX_DROPS = 500
const MAX_TAGS = 20
const MAX_TEXT = 200

/** Listens to a cache and remembers the last hour, within bounds; a few megabytes at most. */
export class Recorder {
  readonly #clock: () => number
  readonly #since: number
  readonly #end: () => void
  readonly #timeline = new Timeline()
  readonly #operations = new Operations()
  readonly #topKeys = new TopKeys()
  readonly #slowMisses = new SlowMisses()
  readonly #drops = new Ring<InvalidatedEntry>(MAX_DROPS)
  readonly #invalidations = new Ring<InvalidationNote>(MAX_NOTES)
  readonly #notes = new Ring<Note>(MAX_NOTES)

  constructor(cache: Pick<CacheControl, 'on'>, clock: () => number) {
    this.#clock = clock
    this.#since = clock()
    this.#end = cache.on('*', (event) => this.#record(event, this.#clock()))
  }

  end(): void {
    this.#end()
  }

  /** @param of `Model.operation`, to be told over time as well */
  activity(windowSeconds: number, of?: string): Activity {
    const now = this.#clock()
    const windowMs = windowSeconds * 1000
    const drops = this.#drops.list().filter(({ at }) => at > now - windowMs)
    return {
      now,
      windowSeconds,
      since: this.#since,
      series: this.#timeline.series(windowMs, now),
      of: of === undefined ? null : this.#operations.series(of, windowMs, now),
      operations: this.#operations.list(windowMs, now),
      topKeys: this.#topKeys.list(LIST, now),
      slowMisses: this.#slowMisses.list(windowMs, now),
      drops: drops.slice(0, LIST),
      blame: blamed(drops),
      invalidations: this.#invalidations.list().slice(0, LIST),
      notes: this.#notes.list().slice(0, LIST),
    }
  }

  #took(answered: boolean, ms: number | undefined, now: number): void {
    if (ms !== undefined) this.#timeline.took(answered, ms, now)
  }

  #record(event: CacheEvent, now: number): void {
    switch (event.type) {
      case 'hit':
      case 'stale':
        this.#timeline.count(event.type, now)
        this.#took(true, event.ms, now)
        this.#operations.count(event.type, event.model, event.operation, now, event.ms)
        this.#topKeys.hit(event.key, event.model, event.operation, event.tier, now)
        return
      case 'miss':
        this.#timeline.count('miss', now)
        this.#took(false, event.ms, now)
        this.#operations.count('miss', event.model, event.operation, now, event.ms)
        this.#topKeys.miss(event.key, event.model, event.operation, now)
        this.#slowMisses.add(event, now)
        return
      case 'bypass':
        this.#timeline.count('bypass', now)
        this.#operations.count('bypass', event.model, event.operation, now)
        return
      case 'fill':
        this.#timeline.count('fill', now)
        this.#topKeys.filled(event.key, event.bytes)
        return
      case 'entry-invalidated':
        this.#timeline.count('drop', now)
        this.#drops.push(dropNote(event, now))
        return
      case 'invalidate':
        this.#timeline.count('invalidate', now)
        if (event.model && event.operation) this.#operations.count('invalidate', event.model, event.operation, now)
        this.#invalidations.push(invalidationNote(event, now))
        return
      case 'error':
        this.#timeline.count('error', now)
        this.#notes.push({ at: now, kind: 'error', text: `${event.during}: ${messageOf(event.error)}` })
        return
      case 'store':
        this.#notes.push({ at: now, kind: 'store', text: storeText(event) })
        return
      case 'alert':
        this.#notes.push({ at: now, kind: 'alert', text: alertText(event) })
        return
      case 'verify':
        // The one fault that no other number shows.
        if (event.outcome === 'stale') this.#notes.push({ at: now, kind: 'stale', text: staleText(event) })
        return
      case 'admin':
        this.#notes.push({ at: now, kind: 'admin', text: adminText(event) })
        return
      case 'warm':
        if (event.state !== 'start' && event.state !== 'progress') {
          this.#notes.push({ at: now, kind: 'warm', text: warmText(event) })
        }
        return
      default:
    }
  }
}

function dropNote(
  { key, model, operation, tags, by }: CacheEventOf<'entry-invalidated'>,
  at: number,
): InvalidatedEntry {
  return { at, key, model, operation, tags: tags.slice(0, MAX_TAGS), by }
}

function invalidationNote(event: CacheEventOf<'invalidate'>, at: number): InvalidationNote {
  const { cause, model = null, operation = null, tags, delivered } = event
  return { at, cause, model, operation, tags: tags.slice(0, MAX_TAGS), tagCount: tags.length, delivered }
}

function blamed(drops: readonly InvalidatedEntry[]): Blame[] {
  const counts = new Map<string | null, Map<string, number>>()
  for (const { by, model } of drops) {
    const name = by && writeName(by)
    const models = counts.get(name) ?? new Map<string, number>()
    models.set(model, (models.get(model) ?? 0) + 1)
    counts.set(name, models)
  }
  return [...counts]
    .map(([by, models]) => ({
      by,
      drops: [...models.values()].reduce((sum, count) => sum + count, 0),
      models: [...models].sort(([, one], [, other]) => other - one).map(([model]) => model),
    }))
    .sort((one, other) => other.drops - one.drops)
    .slice(0, LIST)
}

function writeName({ cause, model, operation = '?' }: InvalidatedBy): string {
  // Of raw SQL the operation says it all: `$executeRaw`.
  return model === undefined ? cause : `${cause} ${cause === 'raw' ? operation : `${model}.${operation}`}`
}

/** The first line, cut: the messages of a client may go on for pages, and the search for URLs would with them. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  const [line = ''] = text.slice(0, MAX_TEXT).split('\n')
  return line.replace(/(\w+:\/\/)\S+/g, '$1…')
}

function storeText({ state, undelivered }: CacheEventOf<'store'>): string {
  if (state === 'ok') return 'the store is used again'
  if (state === 'unavailable') return 'the store does not answer: reads go to the database'
  return `${Number.isFinite(undelivered) ? undelivered : 'all'} invalidations wait to be delivered: reads go to the database`
}

function alertText({ alert, state, value, threshold, server }: CacheEventOf<'alert'>): string {
  const figure = Number.isFinite(value) ? Number(value.toPrecision(3)) : 'all'
  return `${alert} ${state}: ${figure}, threshold ${threshold}${server === undefined ? '' : `, ${server}`}`
}

function staleText({ model, operation, key, ageMs }: CacheEventOf<'verify'>): string {
  return `${model}.${operation} differed from the database, ${(ageMs / 1000).toFixed(1)} s old, and nothing had invalidated it: ${key}`
}

function warmText(event: WarmOutcome): string {
  const { name, queried, fresh, ms } = event
  const how =
    event.state === 'error'
      ? `error: ${messageOf(event.error)}`
      : event.state === 'skipped'
        ? `skipped, ${event.reason}`
        : 'done'
  return `${name} ${how}: ${queried} stored, ${fresh} fresh, in ${(ms / 1000).toFixed(1)} s`
}

function adminText({ action, actor, outcome, tagCount, keyCount }: CacheEventOf<'admin'>): string {
  const what = [
    tagCount && `${tagCount} ${tagCount === 1 ? 'tag' : 'tags'} invalidated`,
    keyCount && `${keyCount} ${keyCount === 1 ? 'entry' : 'entries'} removed`,
  ]
    .filter(Boolean)
    .join(', ')
  return `${action} ${outcome}${actor === null ? '' : `, by ${actor}`}${what && `: ${what}`}`
}
