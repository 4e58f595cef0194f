import { type HttpCacheOptions, type HttpCacheSource, httpSettings } from '../options.ts'
import { withCacheHeaders } from './web-cache.ts'

/** What of a context of Hono is used. */
interface HonoContext {
  readonly req: { readonly raw: Request }
  res: Response
}

/**
 * `app.use(honoCache(prisma.$cache))`
 *
 * @throws CacheConfigError for options that are none.
 */
export function honoCache(cache: HttpCacheSource, options: HttpCacheOptions = {}) {
  const settings = httpSettings(cache, options, 'honoCache')
  return async (context: HonoContext, next: () => Promise<void>): Promise<void> => {
    await cache.collectCacheInfo(async (reads) => {
      await next()
      const response = await withCacheHeaders(context.req.raw, context.res, reads, settings)
      if (response === context.res) return
      // Hono lays the headers of an earlier response over those of a later one.
      context.res = undefined as unknown as Response
      context.res = response
    })
  }
}
