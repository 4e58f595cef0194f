import * as v from 'valibot'
import type { CacheControl } from '../control/cache-control.ts'
import { CacheConfigError, show } from '../errors.ts'
import { check, shape, text } from '../input.ts'

/** What responses are told by: `prisma.$cache`, or what `createCache` returns. */
export type HttpCacheSource = Pick<CacheControl, 'collectCacheInfo'>

/**
 * How long browsers and proxies may keep a response without asking. They are told of no write: what they keep they show
 * until it is over.
 */
export interface ResponsePolicy {
  /** Who may keep it: the browser that asked, or everybody on the way as well. @default 'private' */
  readonly scope?: 'private' | 'public' | undefined
  /**
   * For how long it is fresh, **seconds** from when the database was asked. `0`: it is asked for again each time, and
   * answered 304 while it has not changed. `'remaining'`: as long as every entry it was made from. @default 0
   */
  readonly ttl?: number | 'remaining' | undefined
  /** For how much longer it may be shown while it is asked for again, **seconds**. @default 0 */
  readonly swr?: number | undefined
}

export interface HttpCacheOptions {
  /** `Cache-Control` of successful GETs: a policy, the text itself, or `false` for none. @default `private, no-cache` */
  readonly policy?: ResponsePolicy | string | false | undefined
  /**
   * Policies by path, the first that matches counts: `{ '/products/*': { scope: 'public', ttl: 60 }, '/me': 'no-store' }`.
   * `*` stands for anything, slashes included. @default none
   */
  readonly routes?: { readonly [path: string]: ResponsePolicy | string | false } | undefined
  /** Header fields of the request that answers depend on, for `Vary`. @default none */
  readonly vary?: readonly string[] | undefined
  /** `'weak'` where something behind encodes responses anew. @default 'strong' */
  readonly etag?: 'strong' | 'weak' | false | undefined
  /** The header that says what the cache did, or `false`. @default 'X-Cache' */
  readonly header?: string | false | undefined
  /** Larger bodies get no `ETag`: it is worked out from all of the body. Bytes. @default 1_048_576 */
  readonly maxBytes?: number | undefined
}

const MAX_SECONDS = 315_360_000
const SECONDS = `Give seconds from 0 to ${MAX_SECONDS}.`
const seconds = v.pipe(v.number(SECONDS), v.integer(SECONDS), v.minValue(0, SECONDS), v.maxValue(MAX_SECONDS, SECONDS))
const POLICY = "Give `{ scope, ttl, swr }`, a text such as 'public, max-age=60', or false."
// What would end the header, or begin another one.
const headerText = v.pipe(v.string(POLICY), v.regex(/^[\x20-\x7e]{1,512}$/, POLICY))
const TOKEN = 'Give the name of a header.'
const token = v.pipe(v.string(TOKEN), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/, TOKEN))
const policy = v.union(
  [
    v.literal(false),
    headerText,
    shape({
      scope: v.optional(v.picklist(['private', 'public'], "Give 'private' or 'public'.")),
      ttl: v.optional(v.union([v.literal('remaining'), seconds], `${SECONDS.slice(0, -1)}, or 'remaining'.`)),
      swr: v.optional(seconds),
    }),
  ],
  POLICY,
)
const options = shape({
  policy: v.optional(policy),
  routes: v.optional(
    v.pipe(
      v.record(text('Give a path.'), policy),
      v.check(
        (routes) => Object.keys(routes).every((path) => /^[/*]/.test(path)),
        'Give paths that begin with a slash.',
      ),
    ),
  ),
  vary: v.optional(v.array(token, 'Give a list of header names.')),
  etag: v.optional(v.union([v.literal(false), v.picklist(['strong', 'weak'])], "Give 'strong', 'weak' or false.")),
  header: v.optional(v.union([v.literal(false), token], 'Give the name of a header, or false.')),
  maxBytes: v.optional(
    v.pipe(v.number('Give bytes.'), v.integer('Give bytes.'), v.minValue(0, 'Give bytes, 0 or more.')),
  ),
})

/** `HttpCacheOptions`, all said. */
export interface HttpSettings {
  readonly policy: ResponsePolicy | string | false
  readonly routes: readonly (readonly [path: string, ResponsePolicy | string | false])[]
  readonly vary: readonly string[]
  readonly etag: 'strong' | 'weak' | false
  readonly header: string | false
  readonly maxBytes: number
}

/** @throws CacheConfigError naming the option, the value seen and the fix. */
export function httpSettings(cache: HttpCacheSource, given: HttpCacheOptions, from: string): HttpSettings {
  if (typeof (cache as HttpCacheSource | null | undefined)?.collectCacheInfo !== 'function') {
    throw new CacheConfigError(
      from,
      `got ${show(cache)}`,
      'Give `prisma.$cache`, or what `createCache` returned, first.',
    )
  }
  check(options, given, from)
  const { policy = {}, routes = {}, vary = [], etag = 'strong', header = 'X-Cache', maxBytes = 1024 * 1024 } = given
  return { policy, routes: Object.entries(routes), vary, etag, header, maxBytes }
}
