import { decide, type Exchange, OF_THE_BODY } from '../decide.ts'
import { type HttpCacheOptions, type HttpCacheSource, type HttpSettings, httpSettings } from '../options.ts'
import { wholeBody } from '../whole-body.ts'

/**
 * A handler of web requests that says what the cache did for its responses, and answers 304 where they have not changed:
 * `webCache(prisma.$cache)(handler)`.
 *
 * @throws CacheConfigError for options that are none.
 */
export function webCache(cache: HttpCacheSource, options: HttpCacheOptions = {}) {
  const settings = httpSettings(cache, options, 'webCache')
  return <More extends unknown[]>(handler: (request: Request, ...more: More) => Response | PromiseLike<Response>) =>
    async (request: Request, ...more: More): Promise<Response> => {
      const { data } = await cache.collectCacheInfo(async (reads) =>
        withCacheHeaders(request, await handler(request, ...more), reads, settings),
      )
      return data
    }
}

export async function withCacheHeaders(
  request: Request,
  response: Response,
  reads: Exchange['reads'],
  settings: HttpSettings,
): Promise<Response> {
  const { method } = request
  if (method !== 'GET' && method !== 'HEAD') return response
  const mayHaveTag = response.status === 200 && settings.etag && !response.headers.has('etag')
  const { body, response: whole } = mayHaveTag ? await wholeBody(response, settings.maxBytes) : { response }
  const { headers, notModified } = decide(
    {
      method,
      path: new URL(request.url).pathname,
      asked: (name) => request.headers.get(name) ?? undefined,
      status: response.status,
      has: (name) => response.headers.get(name) ?? undefined,
      reads,
      body,
    },
    settings,
  )
  if (headers.size === 0 && !notModified) return whole
  // Headers of a response may be locked, of one that was fetched say.
  const all = new Headers(whole.headers)
  for (const [name, value] of headers) all.set(name, value)
  const { status, statusText } = whole
  if (!notModified) return new Response(whole.body, { status, statusText, headers: all })
  for (const name of OF_THE_BODY) all.delete(name)
  await whole.body?.cancel()
  return new Response(null, { status: 304, headers: all })
}
