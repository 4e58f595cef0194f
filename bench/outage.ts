/**
 * What do queries feel of a Redis that goes away?
 *
 *     npm run bench:outage -- [--seconds 5] [--timeout 50]
 *
 * Two cached clients and a plain one read and write the same rows on PostgreSQL. Redis is killed and comes back empty
 * after the time given; it is frozen and thaws; the network swallows every packet, and the sockets that were open by then
 * stay dead; it refuses writes and answers reads. No query may fail, none may be slower than the slowest plain one and the
 * budget together, no read may ever be older than a write that was acknowledged, by whichever client, before it, and all
 * clients must have reached Redis again within two seconds.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { cacheExtension } from '../src/index.ts'
import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'
import { startTcpProxy } from '../test/support/tcp-proxy.ts'
import { freshPrefix, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '5' }, timeout: { type: 'string', default: '50' } },
})
const outageMs = Number(values.seconds) * 1000
const timeoutMs = Number(values.timeout)
/** A look-up and the versions of new tags; what a write waits for its invalidation. */
const BUDGET = { read: 2 * timeoutMs, write: 5 * timeoutMs }
/** Timers are late on a busy machine. */
const SLACK_MS = 50
const BACK_MS = 2000
const ROWS = 8

interface Seen {
  queries: number
  failed: number
  stale: number
  read: number
  write: number
}

await withEnvironment('postgresql', async (environment) => {
  const { prisma: plain } = await environment.open()
  for (let id = 1; id <= ROWS; id += 1) await plain.product.create({ data: { sku: `${id}`, price: 1 } })
  const proxy = await startTcpProxy(environment.redis.port)
  const admin = new Redis(environment.redis.url, { retryStrategy: () => 50 })
  admin.on('error', () => {})
  const redis = `redis://127.0.0.1:${proxy.port}`
  const options = { configFile: false, prefix: freshPrefix(), redis, timeoutMs, logger: false } as const
  const cached = await Promise.all(
    [0, 1].map(async (who) => {
      const { prisma } = await environment.open()
      // Caches of one process share a connection where they expect the same of it; these stand for two processes.
      const connection = { connectTimeoutMs: 1000 + who }
      return prisma.$extends(cacheExtension({ ...options, connection, defaults: { ttl: 600 } }))
    }),
  )
  const controls = cached.map((client) => client.$cache)
  for (const control of controls) await answers(control)

  let guilty = false
  for (const [fault, begin, end] of [
    ['killed, back and empty after', () => environment.redis.kill(), () => environment.redis.restart()],
    ['frozen for', async () => environment.redis.pause(), async () => environment.redis.resume()],
    ['swallowed by the network, its sockets dead for good, new ones after', proxy.blackHole, proxy.deaden],
    ['refusing writes for', () => refuseWrites(true), () => refuseWrites(false)],
  ] as const) {
    const load = startLoad([...cached, plain] as unknown as ClientOf<Provider>[])
    await pause(1000)
    load.reset()
    await begin()
    await pause(outageMs)
    await end()
    const [one, two, without] = load.seen() as [Seen, Seen, Seen]
    const back = performance.now()
    await Promise.all(controls.map(reconnected))
    const backAfter = performance.now() - back
    await Promise.all(controls.map(answers))
    const hitsAfter = performance.now() - back
    await pause(2000)
    await load.stop()
    const after = load.seen() as [Seen, Seen, Seen]
    print(`Redis ${fault} ${values.seconds} s; budget ${BUDGET.read} ms a read, ${BUDGET.write} ms a write`)
    for (const [name, seen] of [
      ['cached', one],
      ['cached', two],
      ['plain', without],
    ] as const) {
      print(
        `  ${name.padEnd(7)} ${seen.queries} queries, ${seen.failed} failed, ${seen.stale} stale, slowest read ${seen.read.toFixed(0)} ms, slowest write ${seen.write.toFixed(0)} ms`,
      )
    }
    const stale = after.reduce((sum, seen) => sum + seen.stale, 0)
    const failed = after.reduce((sum, seen) => sum + seen.failed, 0)
    const slow = [one, two].some(
      (seen) =>
        seen.read > without.read + BUDGET.read + SLACK_MS || seen.write > without.write + BUDGET.write + SLACK_MS,
    )
    print(
      `  reconnected after ${backAfter.toFixed(0)} ms, hits after ${hitsAfter.toFixed(0)} ms; ${stale} stale and ${failed} failed until 2 s after that`,
    )
    if (stale > 0 || failed > 0 || slow || backAfter > BACK_MS) guilty = true
  }
  await Promise.all(controls.map((control) => control.disconnect()))
  admin.disconnect()
  await proxy.close()
  if (guilty) process.exitCode = 1

  async function reconnected(control: (typeof controls)[number]): Promise<void> {
    while ((await control.health()).latencyMs === null) await pause(5)
  }

  async function refuseWrites(isRefusing: boolean): Promise<void> {
    await admin.config('SET', 'min-replicas-to-write', isRefusing ? '1' : '0')
  }

  async function answers(control: (typeof controls)[number]): Promise<void> {
    const client = cached[controls.indexOf(control)]!
    for (;;) {
      const { info } = await control.withCacheInfo(client.product.findUnique({ where: { id: 1 } }))
      if (info.status === 'hit') return
      await pause(5)
    }
  }
})

/** Three readers and a writer for each client; what a row must at least show is known to all of them. */
function startLoad(clients: readonly ClientOf<Provider>[]) {
  const acknowledged = new Map<number, number>()
  let seen: Seen[] = []
  let running = true
  const reset = () => {
    seen = clients.map(() => ({ queries: 0, failed: 0, stale: 0, read: 0, write: 0 }))
  }
  reset()
  const lanes = clients.flatMap((client, who) => [
    ...[0, 1, 2].map(async (lane) => {
      for (let i = lane; running; i += 1) {
        const id = 1 + (i % ROWS)
        const atLeast = acknowledged.get(id) ?? 0
        await timed(who, 'read', async () => {
          const row = await client.product.findUniqueOrThrow({ where: { id } })
          if (row.stock < atLeast) (seen[who] as Seen).stale += 1
        })
        await pause(1)
      }
    }),
    (async () => {
      while (running) {
        // Rows of its own kind, so that what was acknowledged last is what must be seen; past the cached clients the
        // plain one writes nothing that they read.
        const mine = [1, 2, 3, 4, 5, 6, 7, 8].filter((id) => id % clients.length === who)
        for (const id of mine) {
          if (who === clients.length - 1)
            await timed(who, 'write', () => client.product.update({ where: { id }, data: { price: 2 } }))
          else {
            const next = (acknowledged.get(id) ?? 0) + 1
            await timed(who, 'write', () => client.product.update({ where: { id }, data: { stock: next } }))
            acknowledged.set(id, next)
          }
          await pause(5)
        }
      }
    })(),
  ])

  async function timed(who: number, kind: 'read' | 'write', run: () => PromiseLike<unknown>): Promise<void> {
    const begun = performance.now()
    try {
      await run()
    } catch {
      ;(seen[who] as Seen).failed += 1
    }
    const one = seen[who] as Seen
    one.queries += 1
    one[kind] = Math.max(one[kind], performance.now() - begun)
  }
  return {
    reset,
    seen: () => seen.map((one) => ({ ...one })),
    async stop() {
      running = false
      await Promise.all(lanes)
    },
  }
}
