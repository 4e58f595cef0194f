import { Hono } from 'hono'
import { adminHandler, bearerToken } from '../../src/admin/index.ts' // in your project: 'prisma-extension-query-cache/admin'
import { prometheusMetrics } from '../../src/metrics/prometheus.ts' // '…/metrics/prometheus'
import type { Shop } from '../shop-api/client.ts'

export interface OperationsOptions {
  readonly adminToken: string
  readonly isEnding: () => boolean
}

/** What operators and their machines ask, on a port of its own that is not published. */
export function operations(prisma: Shop, { adminToken, isEnding }: OperationsOptions) {
  const { registry } = prometheusMetrics(prisma.$cache)
  // Closed but for the token; the page's own files, which hold no data, apart.
  const admin = adminHandler(prisma.$cache, { basePath: '/cache', authorize: bearerToken(adminToken) })
  const app = new Hono()

  app.get('/metrics', async (c) => c.body(await registry.metrics(), 200, { 'Content-Type': registry.contentType }))

  // Alive: it answers. Restarting would mend nothing else, least of all a Redis that is down.
  app.get('/health/live', (c) => c.json({ live: true }))

  // Ready: it may be sent requests. Not without the database, but without Redis: then the database answers.
  app.get('/health/ready', async (c) => {
    const database = await prisma.$queryRaw`SELECT 1`.then(
      () => 'ok',
      () => 'unavailable',
    )
    const { state: cache, undelivered } = prisma.$cache.stats().store
    const ready = database === 'ok' && !isEnding()
    return c.json({ ready, ending: isEnding(), database, cache, undelivered }, ready ? 200 : 503)
  })

  app.all('/cache/*', (c) => admin(c.req.raw))
  return { app, close: () => admin.close() }
}
