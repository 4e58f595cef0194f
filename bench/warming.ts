/**
 * What warming is worth: hit ratios of callers over days of a trace whose queries have their hours, and what it asks of the
 * database. Every answer is compared with a plain client's.
 *
 *     npx tsx bench/warming.ts [--days 3] [--seed 7] [--ttl 600]
 *
 * Time is moved by hand, a minute at a time. A shop's queries: some asked all day, some between 9 and 11, some between 18
 * and 20, their popularity as 1/rank; a write every ten minutes. Once one process runs through, once it begins anew, with an
 * empty cache in the process, every six hours.
 */
import { parseArgs } from 'node:util'
import { type CacheOptions, cacheExtension } from '../src/index.ts'
import type { ClientOf } from '../test/support/clients.ts'
import { manualClock } from '../test/support/manual-clock.ts'
import { freshPrefix, print, withEnvironment } from './environment.ts'
import { seededRandom } from './random.ts'

const { values } = parseArgs({
  options: {
    days: { type: 'string', default: '3' },
    seed: { type: 'string', default: '7' },
    ttl: { type: 'string', default: '600' },
  },
})
const days = Number(values.days)
const ttl = Number(values.ttl)
const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const QUERIES = 60
const GROUPS = [
  { from: 0, to: 24, reads: 1 },
  { from: 9, to: 11, reads: 6 },
  { from: 18, to: 20, reads: 6 },
] as const

type Client = ClientOf<'sqlite'>
const read = (client: Client, group: number, rank: number) =>
  client.tag.findMany({ where: { name: { not: `${group}-${rank}` } }, orderBy: { name: 'asc' }, take: 5 })
const popular = (client: Client, groups: readonly number[]) =>
  groups.flatMap((group) => Array.from({ length: 20 }, (_, rank) => () => read(client, group, rank)))

const CONTENDERS: Readonly<Record<string, CacheOptions>> = {
  'without warming': {},
  'on startup': { warmers: [{ name: 'all day', on: 'startup', run: (client) => popular(client, [0]) }] },
  'on startup, every 5 minutes': {
    warmers: [{ name: 'all day', on: 'startup', every: 300, run: (client) => popular(client, [0]) }],
  },
  predicted: { predict: { sample: 1, least: 1 } },
  'predicted, a sample of 0.1': { predict: { sample: 0.1, least: 1 } },
}

await withEnvironment('sqlite', async (environment) => {
  const { prisma: plain, sql } = await environment.open()
  const client = plain as unknown as Client
  for (const restartHours of [undefined, 6]) {
    print(restartHours ? `begun anew every ${restartHours} hours` : 'one process, running through')
    for (const [name, options] of Object.entries(CONTENDERS)) {
      await client.tag.deleteMany()
      for (let i = 0; i < 10; i += 1) await client.tag.create({ data: { name: `tag ${i}` } })
      const { hits, reads, queries, wrong } = await replay(client, sql, options, restartHours)
      const ratio = ((100 * hits) / reads).toFixed(1).padStart(5)
      print(`  ${name.padEnd(28)} hit ratio ${ratio} %  ${queries} queries for ${reads} reads, ${wrong} wrong answers`)
    }
  }
})

async function replay(
  client: Client,
  sql: { count(match: RegExp): number; clear(): void },
  options: CacheOptions,
  restartHours: number | undefined,
) {
  const random = seededRandom(Number(values.seed))
  // Midnight, UTC.
  const clock = manualClock(Math.ceil(Date.now() / DAY) * DAY)
  const open = () =>
    client.$extends(
      cacheExtension({
        configFile: false,
        store: 'memory',
        prefix: freshPrefix(),
        clock: clock.now,
        defaults: { ttl, jitter: 0 },
        invalidation: 'row',
        ...options,
      }),
    )
  let prisma = open()
  let [hits, reads, queries, wrong] = [0, 0, 0, 0]
  for (let minute = 0; minute < days * 24 * 60; minute += 1) {
    if (restartHours && minute > 0 && minute % (restartHours * 60) === 0) {
      await prisma.$cache.disconnect()
      prisma = open()
    }
    await new Promise((resolve) => setImmediate(resolve))
    sql.clear()
    clock.advance(MINUTE)
    await prisma.$cache.settled()
    const hour = Math.floor(minute / 60) % 24
    for (const [group, { from, to, reads: often }] of GROUPS.entries()) {
      for (let i = 0; hour >= from && hour < to && i < often; i += 1) {
        const rank = Math.floor(QUERIES ** random()) - 1
        const { data, info } = await prisma.$cache.withCacheInfo(read(prisma as unknown as Client, group, rank))
        reads += 1
        if (info.status === 'hit') hits += 1
        await prisma.$cache.settled()
        queries += sql.count(/^SELECT/)
        sql.clear()
        if (JSON.stringify(data) !== JSON.stringify(await read(client, group, rank))) wrong += 1
        sql.clear()
      }
    }
    queries += sql.count(/^SELECT/)
    if (minute % 10 === 9) await prisma.user.deleteMany({ where: { email: `${minute}` } })
    if (minute % 360 === 359) await prisma.tag.update({ where: { name: 'tag 0' }, data: { color: `${minute}` } })
  }
  await prisma.$cache.disconnect()
  return { hits, reads, queries, wrong }
}
