import { createMiddleware } from 'hono/factory'
import type { CacheInfo, PrismaCacheControl } from '../../src/index.ts'

const ORDER = ['hit', 'stale', 'miss', 'bypass'] as const

/**
 * Says of every answer what the cache did for its reads: `X-Cache` is the slowest of them, `Age` the seconds since the
 * oldest was asked of the database. Clients keep answers but always ask again, since only the server knows what changed.
 */
export function cacheHeaders(cache: Pick<PrismaCacheControl, 'collectCacheInfo'>) {
  return createMiddleware(async (c, next) => {
    const { reads } = await cache.collectCacheInfo(next)
    if (reads.length === 0) return
    const status = ORDER.findLast((one) => reads.some((read) => read.status === one))
    c.header('X-Cache', status?.toUpperCase())
    c.header('Age', String(Math.floor(Math.max(...reads.map(ageMs)) / 1000)))
    c.header('Cache-Control', 'private, no-cache')
  })
}

function ageMs(read: CacheInfo): number {
  return read.status === 'hit' || read.status === 'stale' ? read.ageMs : 0
}
