// The shop as it runs in production: see README.md here. All that is set is in the environment, see settings.ts.
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { shopApp } from '../shop-api/app.ts'
import { openShop } from '../shop-api/client.ts'
import { fillDatabase } from '../shop-api/database.ts'
import { operations } from './operations.ts'
import { connectRedis } from './redis.ts'
import { settingsOf } from './settings.ts'
import { shutDown } from './shutdown.ts'

const { databaseUrl, redis: redisSettings, prefix, adminToken, host, ...settings } = settingsOf(process.env)
await fillDatabase(databaseUrl)
const redis = connectRedis(redisSettings)
const prisma = openShop(databaseUrl, { redis, prefix, near: 'push', configFile: false })

let isEnding = false
const shop = new Hono()
  .use(async (c, next) => {
    await next()
    // A kept-alive connection would otherwise outlive its last answer, and the process wait for it.
    if (isEnding) c.header('Connection', 'close')
  })
  .route('/', shopApp(prisma))
const operators = operations(prisma, { adminToken, isEnding: () => isEnding })
const running = {
  shop: await listen(shop, settings.port),
  operations: await listen(operators.app, settings.operationsPort),
  closeOperations: operators.close,
  prisma,
  redis,
}
say({ listening: true, port: portOf(running.shop), operationsPort: portOf(running.operations) })

// A second signal is not waited for: it ends the process as if nobody had listened.
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end(signal))

async function end(signal: string): Promise<void> {
  if (isEnding) return
  isEnding = true
  say({ ending: signal })
  // Whatever hangs: before the platform kills the process, which says nothing.
  setTimeout(() => {
    say({ ended: false })
    process.exit(1)
  }, settings.shutdownMs).unref()
  const ended = await shutDown(running, settings.shutdownMs)
  say({ ended: true, ...ended })
  // Not by itself: to a Redis that hangs, ioredis says goodbye for two seconds.
  process.exit(ended.cut || ended.undelivered > 0 ? 1 : 0)
}

function listen(app: Hono, port: number): Promise<Server> {
  const server = serve({ fetch: app.fetch, port, hostname: host }) as Server
  return new Promise((resolve, reject) => {
    server.once('listening', () => resolve(server)).once('error', reject)
  })
}

function portOf(server: Server): number | undefined {
  const address = server.address()
  return typeof address === 'object' ? address?.port : undefined
}

/** One line of JSON, which every collector of logs understands. */
function say(line: object): void {
  console.log(JSON.stringify(line))
}
