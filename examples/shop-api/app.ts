import { Hono } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { shopApi } from './api.ts'
import type { Shop } from './client.ts'
import { page } from './page.ts'

export function shopApp(prisma: Shop): Hono {
  return new Hono()
    .use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], imgSrc: ["'self'", 'data:'] } }))
    .route('/api', shopApi(prisma))
    .route('/', page())
}
