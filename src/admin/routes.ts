import type { CacheControl } from '../control/cache-control.ts'
import type { InvalidationTarget } from '../control/invalidate-on.ts'
import { ownError } from '../errors.ts'
import type { CacheEventType } from '../events.ts'
import type { PrismaCacheControl } from '../extension/prisma-control.ts'
import { answer, json, Refusal } from './answers.ts'
import type { Viewer } from './authorize.ts'
import type { EventStreams } from './event-stream.ts'
import type { ResolvedAdminOptions } from './options.ts'
import { messageOf, type Recorder } from './recorder/recorder.ts'

export interface RouteContext {
  readonly cache: CacheControl
  readonly recorder: Recorder
  readonly streams: EventStreams
  readonly options: ResolvedAdminOptions
}

export interface Asked {
  readonly request: Request
  readonly query: URLSearchParams
  /** What stands in the path behind the route's name, decoded. */
  readonly rest: string
  /** Who asks. */
  readonly viewer: Viewer
  /** Of a change; `{}` for what only looks. */
  readonly body: Readonly<Record<string, unknown>>
}

/** What a change did: for who asked, and for the audit. */
export interface Changed {
  readonly answer: object
  readonly tagCount?: number
  readonly keyCount?: number
}

interface View {
  readonly look: (asked: Asked, context: RouteContext) => Promise<Response> | Response
  readonly hasRest?: boolean
}

interface Change {
  readonly change: (asked: Asked, context: RouteContext) => Promise<Changed>
  /** Whether something may stand behind its name. */
  readonly takesRest?: boolean
}

/** `GET /name` and `GET /name/rest`. */
export const views: ReadonlyMap<string, View> = new Map<string, View>([
  ['stats', { look: (_, { cache, options }) => json({ ...about(cache as Warming, options), stats: cache.stats() }) }],
  ['advice', { look: (_, { cache }) => json(cache.advise()) }],
  ['activity', { look: activity }],
  ['info', { look: async (_, { cache }) => json(await cache.info()) }],
  ['keys', { look: keys }],
  ['health', { look: health }],
  ['metrics', { look: metrics }],
  ['events', { look: events }],
])

export const entryView: View = { look: entry, hasRest: true }

/** `POST /name` and `POST /name/rest`. */
export const changes: ReadonlyMap<string, Change> = new Map<string, Change>([
  [
    'invalidate',
    { change: async ({ body }, { cache }) => dropped(await cache.invalidate(body as InvalidationTarget)) },
  ],
  ['clear', { change: async (_, { cache }) => dropped({ ...(await cache.clear()) }) }],
  ['warm', { change: warm, takesRest: true }],
])

function dropped(done: { readonly tags?: number; readonly keys: number }): Changed {
  return { answer: done, tagCount: done.tags ?? 0, keyCount: done.keys }
}

/** What a cache has that has warmers. */
type Warming = Partial<Pick<PrismaCacheControl, 'warm' | 'warmers'>>

async function warm({ rest }: Asked, { cache }: RouteContext): Promise<Changed> {
  const warming = cache as Warming
  if (!warming.warm) throw new Refusal(404, 'no-warmers', 'This cache has no warmers.')
  const outcomes = await warming.warm(...(rest === '' ? [] : [rest]))
  return {
    answer: {
      outcomes: outcomes.map((outcome) =>
        'error' in outcome ? { ...outcome, error: messageOf(ownError(outcome.error)) } : outcome,
      ),
    },
  }
}

/** Which process answers: each has its own counts. */
function about(cache: Warming, { readOnly, showValues }: ResolvedAdminOptions) {
  const { pid, version } = process
  const warmers = cache.warmers?.() ?? null
  return { process: { pid, node: version, upSeconds: Math.round(process.uptime()) }, readOnly, showValues, warmers }
}

function activity({ query }: Asked, { recorder }: RouteContext): Response {
  return json(recorder.activity(number(query, 'window', 60, 3600, 900), bounded(query, 'of', 256)))
}

async function keys({ query }: Asked, { cache }: RouteContext): Promise<Response> {
  const pattern = bounded(query, 'pattern', 256)
  const cursor = bounded(query, 'cursor', 1024)
  const limit = number(query, 'limit', 1, 1000, 100)
  return json(await cache.keyPage({ limit, ...(pattern && { pattern }), ...(cursor && { cursor }) }))
}

async function entry({ rest }: Asked, { cache, options }: RouteContext): Promise<Response> {
  if (rest.length > 1024) throw new Refusal(400, 'too-long', 'No key is that long.')
  const found = await cache.inspect(rest, { value: options.showValues })
  if (!found) throw new Refusal(404, 'no-entry', 'There is no entry under this key.')
  return json({ ...found, lastInvalidation: cache.lastInvalidation(found.key) })
}

async function health(_: Asked, { cache }: RouteContext): Promise<Response> {
  const found = await cache.health()
  return json(found, found.state === 'ok' ? 200 : 503)
}

async function metrics(_: Asked, { options }: RouteContext): Promise<Response> {
  if (!options.metrics) throw new Refusal(404, 'no-metrics', 'Give `adminHandler` a prom-client registry as `metrics`.')
  return answer(await options.metrics.metrics(), options.metrics.contentType)
}

/** Of each, so that a new one cannot be forgotten. */
const ALL_TYPES: Readonly<Record<CacheEventType, true>> = {
  hit: true,
  stale: true,
  miss: true,
  bypass: true,
  'entry-invalidated': true,
  plan: true,
  fill: true,
  'fill-skipped': true,
  verify: true,
  invalidate: true,
  audit: true,
  warm: true,
  catalogue: true,
  admission: true,
  store: true,
  alert: true,
  health: true,
  admin: true,
  error: true,
}
const TYPES: ReadonlySet<string> = new Set(Object.keys(ALL_TYPES))

function events({ query, request, viewer }: Asked, { streams }: RouteContext): Response {
  const wanted = bounded(query, 'types', 256)?.split(',')
  const unknown = wanted?.find((type) => !TYPES.has(type))
  if (unknown !== undefined) throw new Refusal(400, 'unknown-type', `There are ${[...TYPES].join(', ')}.`)
  return streams.open(wanted && new Set(wanted as CacheEventType[]), request.signal, viewer)
}

function bounded(query: URLSearchParams, name: string, max: number): string | undefined {
  const value = query.get(name)
  if (value !== null && value.length > max)
    throw new Refusal(400, 'too-long', `\`${name}\` has ${max} characters at most.`)
  return value || undefined
}

function number(query: URLSearchParams, name: string, min: number, max: number, otherwise: number): number {
  const value = query.get(name)
  if (value === null || value === '') return otherwise
  if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value)
  throw new Refusal(400, 'not-a-number', `\`${name}\` is a whole number from ${min} to ${max}.`)
}
