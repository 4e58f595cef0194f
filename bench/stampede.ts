/**
 * What leases cost a miss that is alone, and what they save where many miss together.
 *
 *     npx tsx bench/stampede.ts [--misses 150] [--clients 8]
 *
 * Clients stand for processes: each has its own extension, connections and flights. `always` takes a lease for every
 * miss, `default` where the query is known to take long. All variants take turns, so what the machine does meanwhile
 * meets them alike.
 */
import { parseArgs } from 'node:util'
import { type CacheOptions, cacheExtension } from '../src/index.ts'
import type { ClientOf } from '../test/support/clients.ts'
import { freshPrefix, median, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({
  options: { misses: { type: 'string', default: '150' }, clients: { type: 'string', default: '8' } },
})
const misses = Number(values.misses)
const LEASES: Readonly<Record<string, CacheOptions['lease']>> = {
  off: false,
  default: true,
  always: { minQueryMs: 0, waitMs: 5000, leaseMs: 10_000 },
}

await withEnvironment('postgresql', async (environment) => {
  const open = async (lease: CacheOptions['lease'], prefix = freshPrefix()) => {
    const { prisma: plain, sql } = await environment.open()
    const options = { configFile: false, prefix, lease, timeoutMs: 5000, breaker: { quarantineMs: 0 } } as const
    const prisma = (plain as ClientOf<'postgresql'>).$extends(
      cacheExtension({ ...options, redis: environment.redis.url }),
    )
    await prisma.$cache.health()
    const read = (seconds: number) =>
      prisma.$cache.raw(
        { reads: ['Tag'], ttl: 600 },
        prisma.$queryRaw`SELECT count(*)::int AS "all", pg_sleep(${seconds}::float8)::text AS slept FROM "Tag"`,
      )
    return { prisma, sql, read }
  }

  const alone = await Promise.all(
    Object.entries(LEASES).map(async ([name, lease]) => ({ name, ...(await open(lease)) })),
  )
  print(`one miss alone, ${misses} times each, median ms`)
  for (const seconds of [0, 0.005, 0.02, 0.05]) {
    const took = new Map(alone.map(({ name }) => [name, [] as number[]]))
    for (let round = -10; round < misses; round += 1) {
      for (const { name, prisma, read } of alone) {
        await prisma.$cache.invalidate({ models: ['Tag'] })
        const begun = performance.now()
        await read(seconds)
        if (round >= 0) took.get(name)?.push(performance.now() - begun)
        await prisma.$cache.settled()
      }
    }
    const off = median(took.get('off') ?? [])
    const cells = [...took].map(([name, all]) => {
      const more = ((100 * (median(all) - off)) / off).toFixed(1)
      return `${name} ${median(all).toFixed(2)}${name === 'off' ? '' : ` (${more} %)`}`
    })
    print(`  query of ${1000 * seconds} ms: ${cells.join('  ')}`)
  }
  for (const { prisma } of alone) await prisma.$cache.disconnect()

  print(`${values.clients} clients, 50 reads of one entry each at once, after an invalidation, ten times`)
  for (const [name, lease] of Object.entries(LEASES)) {
    const prefix = freshPrefix()
    const clients = await Promise.all(Array.from({ length: Number(values.clients) }, () => open(lease, prefix)))
    for (const { read } of clients) await read(0.05)
    const took: number[] = []
    let queries = 0
    for (let round = 0; round < 10; round += 1) {
      await clients[0]?.prisma.$cache.invalidate({ models: ['Tag'] })
      for (const { sql } of clients) sql.clear()
      const begun = performance.now()
      await Promise.all(clients.flatMap(({ read }) => Array.from({ length: 50 }, () => read(0.05))))
      took.push(performance.now() - begun)
      await Promise.all(clients.map(({ prisma }) => prisma.$cache.settled()))
      for (const { sql } of clients) queries += sql.count(/pg_sleep/)
    }
    print(`  ${name.padEnd(8)} ${(queries / 10).toFixed(1)} queries, all answered after ${median(took).toFixed(0)} ms`)
    for (const { prisma } of clients) await prisma.$cache.disconnect()
  }
})
