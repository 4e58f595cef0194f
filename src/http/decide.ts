import etag from 'etag'
import fresh from 'fresh'
import type { CacheInfo } from '../control/cache-info.ts'
import { readsTogether } from './cache-status.ts'
import type { HttpSettings } from './options.ts'
import { ageSeconds, cacheControlOf, policyOf } from './response-policy.ts'

/** A request, and the response that is about to be sent, as every framework can show them. */
export interface Exchange {
  readonly method: string
  /** Without query. */
  readonly path: string
  /** A header of the request, by its name in lower case. */
  readonly asked: (name: string) => string | undefined
  readonly status: number
  /** A header of the response that is there already, by its name in lower case. */
  readonly has: (name: string) => string | undefined
  readonly reads: readonly CacheInfo[]
  /** All of the body; `undefined`: it is not at hand, it streams. */
  readonly body?: string | Uint8Array | undefined
}

export interface Decision {
  /** To be set; what is there already is not among them, but `Vary`, which is added to. */
  readonly headers: ReadonlyMap<string, string>
  /** Send 304, no body, and none of the headers in `OF_THE_BODY`. */
  readonly notModified: boolean
}

/** Headers that describe a body which is not sent with a 304. */
export const OF_THE_BODY: readonly string[] = [
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'transfer-encoding',
]

/**
 * What a response is to be told by. Only of GET and HEAD; `Cache-Control`, `ETag` and 304 only of 200. What the
 * application has set stands.
 */
export function decide(exchange: Exchange, settings: HttpSettings): Decision {
  const { method, status, has, asked, path } = exchange
  const headers = new Map<string, string>()
  if (method !== 'GET' && method !== 'HEAD') return { headers, notModified: false }
  const reads = readsTogether(exchange.reads)
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined && has(name.toLowerCase()) === undefined) headers.set(name, value)
  }
  if (settings.header && reads) set(settings.header, reads.status)
  if (status !== 200) return { headers, notModified: false }

  if (reads?.ageMs !== undefined) set('Age', String(ageSeconds(reads)))
  const isPersonal = asked('authorization') !== undefined || has('set-cookie') !== undefined
  set('Cache-Control', cacheControlOf(policyOf(path, settings), reads, { isPersonal }))
  const vary = varying(has('vary'), settings.vary)
  if (vary !== undefined) headers.set('Vary', vary)
  const now = (name: string) => has(name.toLowerCase()) ?? headers.get(name)
  // Nobody will have it to ask about.
  if (/\bno-store\b/i.test(now('Cache-Control') ?? '')) return { headers, notModified: false }
  set('ETag', entityTag(exchange, settings))
  // Whatever the request says of `Cache-Control`: `no-cache`, which `fetch` adds to each request with a condition of its
  // own, demands that the origin be asked, and the origin is here.
  const notModified = fresh(
    { 'if-none-match': asked('if-none-match')?.trim(), 'if-modified-since': asked('if-modified-since') },
    { etag: now('ETag'), 'last-modified': has('last-modified') },
  )
  return { headers, notModified }
}

/** Of a HEAD without a body the one of its GET is not known. */
function entityTag({ body, method }: Exchange, { etag: kind, maxBytes }: HttpSettings): string | undefined {
  if (!kind || body === undefined || (method === 'HEAD' && body.length === 0)) return undefined
  const bytes =
    typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  return bytes.length > maxBytes ? undefined : etag(bytes, { weak: kind === 'weak' })
}

/** `undefined`: nothing is to be added. */
function varying(present: string | undefined, more: readonly string[]): string | undefined {
  const names = (present ?? '').split(',').map((name) => name.trim().toLowerCase())
  if (names.includes('*')) return undefined
  const missing = more.filter((name) => !names.includes(name.toLowerCase()))
  return missing.length === 0 ? undefined : [...(present ? [present] : []), ...missing].join(', ')
}
