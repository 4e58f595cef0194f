import type { IncomingMessage, OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { CacheInfo } from '../../control/cache-info.ts'
import { decide, OF_THE_BODY } from '../decide.ts'
import { ended } from '../ended.ts'
import { type HttpCacheOptions, type HttpCacheSource, type HttpSettings, httpSettings } from '../options.ts'

/** What Express adds to a request; without it, as in Connect, they are Node's. */
interface ExpressRequest extends IncomingMessage {
  readonly originalUrl?: string
}
interface ExpressResponse extends ServerResponse {
  send?(body?: unknown): unknown
}

/**
 * A middleware of Express and Connect, and for `http.createServer`: `app.use(expressCache(prisma.$cache))`, in front of
 * the routes and behind whatever encodes responses (`compression`).
 *
 * @throws CacheConfigError for options that are none.
 */
export function expressCache(cache: HttpCacheSource, options: HttpCacheOptions = {}) {
  const settings = httpSettings(cache, options, 'expressCache')
  return (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void): void => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return next()
    let thrown: { readonly error: unknown } | undefined
    void cache.collectCacheInfo((reads) => {
      tellOnSending(request, response, reads, settings)
      try {
        next()
      } catch (error) {
        thrown = { error }
        return undefined
      }
      return ended(response)
    })
    // To whom it would have come without us: `next` is called at once.
    if (thrown) throw thrown.error
  }
}

/**
 * Decides when the response is sent: with its body where it is sent in one piece, without where it is written piece by
 * piece. Node writes the headers of both in `writeHead`.
 */
function tellOnSending(
  request: ExpressRequest,
  response: ExpressResponse,
  reads: readonly CacheInfo[],
  settings: HttpSettings,
): void {
  const { writeHead, end, send } = response
  let isDecided = false
  let tag: string | undefined

  function tell(body?: string | Uint8Array): boolean {
    if (isDecided || response.headersSent) return false
    isDecided = true
    const header = (value: OutgoingHttpHeader | undefined) =>
      value === undefined ? undefined : Array.isArray(value) ? value.join(', ') : String(value)
    const { headers, notModified } = decide(
      {
        method: request.method ?? 'GET',
        path: pathOf(request.originalUrl ?? request.url ?? '/'),
        asked: (name) => header(request.headers[name]),
        status: response.statusCode,
        has: (name) => header(response.getHeader(name)),
        reads,
        body,
      },
      settings,
    )
    for (const [name, value] of headers) response.setHeader(name, value)
    tag = headers.get('ETag')
    return notModified
  }

  function notModified(): void {
    response.statusCode = 304
    for (const name of OF_THE_BODY) response.removeHeader(name)
  }

  if (send) {
    // Express gives each body a weak tag where it has none, and compares it with what was asked itself.
    response.send = (body?: unknown) => {
      const isWhole = typeof body === 'string' || body instanceof Uint8Array
      if (!isWhole || !tell(body)) return send.call(response, body)
      notModified()
      Reflect.apply(end, response, [])
      return response
    }
  }

  response.writeHead = ((status: number, ...more: unknown[]) => {
    response.statusCode = status
    // Headers that are given with it count as set.
    const given = more.find((one) => typeof one === 'object' && one !== null)
    for (const [name, value] of headersOf(given)) response.setHeader(name, value)
    tell()
    // Encoded since by another middleware: these are other bytes than those the tag is of.
    const isOurs = tag !== undefined && response.getHeader('etag') === tag && !tag.startsWith('W/')
    if (isOurs && response.hasHeader('content-encoding')) response.setHeader('ETag', `W/${tag}`)
    return Reflect.apply(writeHead, response, [status, ...more.filter((one) => typeof one === 'string')])
  }) as typeof writeHead

  response.end = ((...all: unknown[]) => {
    const [chunk] = all
    const isWhole = typeof chunk === 'string' ? all[1] === undefined || isUtf8(all[1]) : chunk instanceof Uint8Array
    if (!tell(isWhole ? (chunk as string | Uint8Array) : undefined)) return Reflect.apply(end, response, all)
    notModified()
    return Reflect.apply(
      end,
      response,
      all.filter((one) => typeof one === 'function'),
    )
  }) as typeof end
}

/** As `writeHead` takes them: an object, or a list of names and values by turns. */
function headersOf(given: unknown): [string, string | string[]][] {
  if (!Array.isArray(given)) return Object.entries((given ?? {}) as Record<string, string>)
  if (given.every(Array.isArray)) return given as unknown as [string, string][]
  return given.flatMap((name, i): [string, string][] => (i % 2 === 0 ? [[String(name), String(given[i + 1])]] : []))
}

/** Not by `URL`: what is asked for may be no URL. */
function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] as string
}

function isUtf8(encoding: unknown): boolean {
  return typeof encoding === 'function' || (typeof encoding === 'string' && /^utf-?8$/i.test(encoding))
}
