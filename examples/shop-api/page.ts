import { fileURLToPath } from 'node:url'
import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'

const ours = fileURLToPath(new URL('page', import.meta.url))
const queryCore = fileURLToPath(new URL('.', import.meta.resolve('@tanstack/query-core')))

/** The page as it lies in the folder, and TanStack Query as npm installed it: both are modules, nothing is bundled. */
export function page(): Hono {
  return new Hono()
    .use(
      '/vendor/query-core/*',
      serveStatic({ root: queryCore, rewriteRequestPath: (path) => path.slice('/vendor/query-core'.length) }),
    )
    .use('*', serveStatic({ root: ours }))
}
