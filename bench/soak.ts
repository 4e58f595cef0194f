/**
 * Does anything grow? Constant mixed load through two cached clients on one Redis, and a third on the in-process store.
 *
 *     npm run soak -- --minutes 30 [--seed 1] [--consistency strict] [--near push] [--leak]
 *
 * The heap after garbage collection is sampled and a line fitted through it; at the end every entry must have gone with
 * its ttl, no hold may be left, and a panel of reads must be what a plain client reads. `--leak` keeps what it reads:
 * the control, which must be found.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Redis } from 'ioredis'
import { type CacheOptions, cacheExtension, memoryStore } from '../src/index.ts'
import type { SqlTap } from '../test/support/sql-tap.ts'
import { freshPrefix, print, withEnvironment } from './environment.ts'
import { seededRandom } from './random.ts'
import { type Client, fillTables, ROWS, soakLoad } from './soak-load.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    consistency: { type: 'string', default: 'default' },
    /** `revalidate` or `push`: the clients on Redis keep copies in this process. */
    near: { type: 'string' },
    leak: { type: 'boolean', default: false },
  },
})
const LANES = 6
const TTL_SECONDS = 5
const SWR_SECONDS = 2
/** A heap that grows by more than this in an hour at this load, and by more than its own noise, is a leak. */
const MOST_GROWTH_MB_PER_HOUR = 12
const NOISE_MB = 1

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const { panel, next, nextRead } = soakLoad(seededRandom(Number(values.seed)))
const problems: string[] = []
process.on('unhandledRejection', (error) => problems.push(`unhandled rejection: ${String(error)}`))

await withEnvironment('postgresql', async (environment) => {
  const { prisma: plain } = await environment.open()
  const prefix = freshPrefix()
  const options: CacheOptions = {
    configFile: false,
    prefix,
    defaults: { ttl: TTL_SECONDS, swr: SWR_SECONDS, nullTtl: 2 },
    consistency: values.consistency === 'strict' ? 'strict' : 'default',
    timeoutMs: 1000,
    verify: { sample: 0.01, afterMs: 200 },
    breaker: { quarantineMs: 0 },
  }
  /** They note every statement. */
  const taps: SqlTap[] = []
  const extend = async (place: CacheOptions) => {
    const { prisma, sql } = await environment.open()
    taps.push(sql)
    return prisma.$extends(cacheExtension({ ...options, ...place }))
  }
  const near = values.near as CacheOptions['near']
  const redis = { redis: environment.redis.url, ...(near && { near }) }
  const clients = [await extend(redis), await extend(redis)]
  // The others do not know what it writes, nor it what they do: it only reads.
  const alone = await extend({ store: memoryStore({ maxEntries: 500 }) })
  const admin = new Redis(environment.redis.url)
  await fillTables(plain)

  const until = performance.now() + Number(values.minutes) * 60_000
  const leaked: unknown[] = []
  let operations = 0
  let failed = 0
  const lanes = Array.from({ length: LANES }, async (_, lane) => {
    const client = [...clients, alone][lane % 3] as typeof alone
    while (performance.now() < until) {
      const operation = client === alone ? nextRead() : next()
      try {
        const result = await operation(client as unknown as Client)
        if (values.leak) leaked.push(result)
      } catch (error) {
        // Two writers may deadlock, or both create a row: what a plain client would throw as well.
        if (!/^P20/.test(String((error as { code?: unknown }).code)) && String(error) !== 'Error: back') {
          problems.push(String(error))
        }
        failed += 1
      }
      operations += 1
      if (operations % 50 === 0) await pause(1)
    }
  })

  const delay = monitorEventLoopDelay({ resolution: 10 })
  delay.enable()
  const samples: { minutes: number; heapMb: number }[] = []
  const begun = performance.now()
  const everyMs = Math.min(30_000, Number(values.minutes) * 3000)
  let over = false
  const sampling = (async () => {
    while (!over) {
      await Promise.race([pause(everyMs), Promise.all(lanes)])
      for (const tap of taps) tap.clear()
      collectGarbage()
      const minutes = (performance.now() - begun) / 60_000
      const heapMb = process.memoryUsage().heapUsed / 2 ** 20
      samples.push({ minutes, heapMb })
      const { query, clock: clockRecords, locked } = await keysByKind(admin, prefix)
      const { hitRatio, store, verified } = clients[0]!.$cache.stats()
      print(
        `${minutes.toFixed(1)} min  ${operations} operations (${failed} refused)  heap ${heapMb.toFixed(1)} MB  ` +
          `rss ${(process.memoryUsage().rss / 2 ** 20).toFixed(0)} MB  loop p50 ${ms(delay.percentile(50))} p99 ${ms(delay.percentile(99))} max ${ms(delay.max)}  ` +
          `handles ${process.getActiveResourcesInfo().length}  hits ${((hitRatio ?? 0) * 100).toFixed(0)} %  ` +
          `Redis: ${query} entries, ${clockRecords} tags, ${locked} locked  ${store.state}, ${store.suspensions} suspensions  ` +
          `verified ${verified.fresh}/${verified.late}/${verified.stale}`,
      )
      delay.reset()
    }
  })()
  await Promise.all(lanes)
  over = true
  await sampling

  // The first half warms up: code is compiled, pools and bounded caches are filled.
  const settled = samples.filter(({ minutes }) => minutes > Number(values.minutes) / 2)
  const perHour = slope(settled) * 60
  print(`heap after collection grows by ${perHour.toFixed(1)} MB an hour (limit ${MOST_GROWTH_MB_PER_HOUR})`)
  if (settled.length < 3) problems.push('too few samples: give it more minutes')
  else if (perHour > MOST_GROWTH_MB_PER_HOUR && (perHour / 60) * (Number(values.minutes) / 2) > NOISE_MB)
    problems.push(`the heap grows by ${perHour.toFixed(1)} MB an hour`)

  for (const client of clients) await client.$cache.settled()
  for (const client of clients) {
    for (const [name, read] of Object.entries(panel)) {
      const [cached, expected] = [await read(client as unknown as Client), await read(plain)]
      if (!isDeepStrictEqual(cached, expected)) problems.push(`${name} is not what a plain client reads`)
    }
    const { stale } = client.$cache.stats().verified
    if (stale > 0) problems.push(`${stale} verified hits were stale`)
  }
  await pause((TTL_SECONDS + SWR_SECONDS + 1) * 1000)
  const left = await keysByKind(admin, prefix)
  // Each row by each of its unique keys, each model twice, and the tags the load names.
  const mostTags = 20 * ROWS
  print(
    `left in Redis: ${left.query} entries, ${left.clock} clock records (at most ${mostTags}), ${left.locked} locked`,
  )
  if (left.query > 0) problems.push(`${left.query} entries have outlived their ttl`)
  if (left.clock > mostTags) problems.push(`${left.clock} clock records`)
  if (left.locked > 0) problems.push(`${left.locked} tags are still locked`)

  for (const client of [...clients, alone]) await client.$cache.disconnect()
  admin.disconnect()
  print(problems.length === 0 ? 'sound' : [...new Set(problems)].slice(0, 20).join('\n'))
  const found = problems.some((problem) => problem.startsWith('the heap grows'))
  if (values.leak ? !found : problems.length > 0) process.exitCode = 1
})

async function keysByKind(admin: Redis, prefix: string): Promise<{ query: number; clock: number; locked: number }> {
  const kinds = { query: 0, clock: 0, locked: 0 }
  for await (const keys of admin.scanStream({ match: `${prefix}*`, count: 1000 }) as AsyncIterable<string[]>) {
    kinds.clock += keys.filter((key) => key.startsWith(`${prefix}clock:`)).length
    kinds.query += keys.filter((key) => key.startsWith(`${prefix}query:`)).length
    for (const key of keys.filter((one) => one.startsWith(`${prefix}marks:`))) {
      kinds.locked += (await admin.hkeys(key)).filter((field) => field.startsWith('l:')).length
    }
  }
  return kinds
}

/** Of the line of least squares through the samples, MB a minute. */
function slope(all: readonly { minutes: number; heapMb: number }[]): number {
  const mean = (of: (sample: { minutes: number; heapMb: number }) => number) =>
    all.reduce((sum, one) => sum + of(one), 0) / all.length
  const [x, y] = [mean(({ minutes }) => minutes), mean(({ heapMb }) => heapMb)]
  const spread = all.reduce((sum, { minutes }) => sum + (minutes - x) ** 2, 0)
  return all.reduce((sum, { minutes, heapMb }) => sum + (minutes - x) * (heapMb - y), 0) / (spread || 1)
}

function ms(nanoseconds: number): string {
  return `${(nanoseconds / 1e6).toFixed(0)} ms`
}
