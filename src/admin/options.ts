import * as v from 'valibot'
import { CacheConfigError } from '../errors.ts'
import { check, listOf, shape, text, wholeNumber } from '../input.ts'
import type { Authorize } from './authorize.ts'

/** What of a prom-client `Registry` is used. */
export interface MetricsRegistry {
  readonly contentType: string
  metrics(): Promise<string> | string
}

export interface AdminOptions {
  /** Decides about every request, the page's own files apart: they hold no data. See `bearerToken`. */
  readonly authorize: Authorize
  /** Where the handler is reached, e.g. `/admin/cache`; adapters that know it themselves need not be told. @default '' */
  readonly basePath?: string | undefined
  /** Serves the dashboard. @default true */
  readonly dashboard?: boolean | undefined
  /** Lets entries be looked into; those of models with `neverCache` fields stay hidden. @default false */
  readonly showValues?: boolean | undefined
  /** Nothing can be invalidated, cleared or warmed through this door. @default false */
  readonly readOnly?: boolean | undefined
  /** How many changes a minute. @default 60 */
  readonly changesPerMinute?: number | undefined
  /** Most event streams at a time. @default 10 */
  readonly maxStreams?: number | undefined
  /** Origins, as `https://ops.example.com`, whose pages may call this besides its own. @default [] */
  readonly trustedOrigins?: readonly string[] | undefined
  /** A prom-client registry, for `GET /metrics`. @default none: 404 */
  readonly metrics?: MetricsRegistry | undefined
  /** The present in epoch milliseconds. For tests. @default Date.now */
  readonly clock?: (() => number) | undefined
}

export type ResolvedAdminOptions = {
  readonly [Option in keyof AdminOptions]-?: Option extends 'metrics'
    ? MetricsRegistry | undefined
    : NonNullable<AdminOptions[Option]>
}

const yesOrNo = v.optional(v.boolean('Give true or false.'))
const isFunction = (fix: string) => v.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', fix)
const ORIGINS = 'Give a list of origins, such as `https://ops.example.com`.'
const METRICS = 'Give a prom-client Registry.'

const adminOptions = shape({
  authorize: isFunction('Give a function that decides about a request, such as `bearerToken(process.env.TOKEN)`.'),
  basePath: v.optional(
    v.pipe(v.string('Give a path.'), v.regex(/^(\/[\w.~-]+)*\/?$/, 'Give a path such as `/admin/cache`.')),
  ),
  dashboard: yesOrNo,
  showValues: yesOrNo,
  readOnly: yesOrNo,
  changesPerMinute: v.optional(wholeNumber(1, 100_000, 'changes')),
  maxStreams: v.optional(wholeNumber(0, 1000, 'streams')),
  trustedOrigins: v.optional(listOf(v.pipe(text(ORIGINS), v.check(isOrigin, ORIGINS)), ORIGINS)),
  metrics: v.optional(v.custom<MetricsRegistry>(isRegistry, METRICS)),
  clock: v.optional(isFunction('Give a function that returns epoch milliseconds.')),
})

/** @throws CacheConfigError */
export function resolveAdminOptions(given: AdminOptions): ResolvedAdminOptions {
  // The schema would say that a key is missing; what is missing is a decision.
  if (typeof given?.authorize !== 'function') {
    throw new CacheConfigError(
      'authorize',
      'it is missing, so nobody would decide who may enter',
      'Give a function, such as `bearerToken(process.env.CACHE_ADMIN_TOKEN)`.',
    )
  }
  check(adminOptions, given, 'adminHandler')
  return {
    authorize: given.authorize,
    basePath: (given.basePath ?? '').replace(/\/$/, ''),
    dashboard: given.dashboard ?? true,
    showValues: given.showValues ?? false,
    readOnly: given.readOnly ?? false,
    changesPerMinute: given.changesPerMinute ?? 60,
    maxStreams: given.maxStreams ?? 10,
    trustedOrigins: given.trustedOrigins ?? [],
    metrics: given.metrics,
    clock: given.clock ?? Date.now,
  }
}

function isOrigin(origin: string): boolean {
  return URL.canParse(origin) && new URL(origin).origin === origin
}

function isRegistry(value: unknown): boolean {
  const registry = value as Partial<MetricsRegistry> | null
  return typeof registry === 'object' && typeof registry?.metrics === 'function'
}
