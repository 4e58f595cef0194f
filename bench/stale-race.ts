/**
 * How often does a cached read show what was true before an acknowledged write?
 *
 *     npx tsx bench/stale-race.ts [--tries 10000] [--seed 1]
 *
 * Over the in-process store and over Redis, with the writer in the same client and in another one, and the same races
 * against a naive cache, which must lose them: a race that nobody loses proves nothing.
 */
import { parseArgs } from 'node:util'
import { cacheExtension } from '../src/index.ts'
import { memoryStore } from '../src/stores/memory-store.ts'
import type { OpenedClient } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'
import { freshPrefix, print, withEnvironment } from './environment.ts'
import { naiveCache } from './naive-cache.ts'
import { type Contestant, prepareProducts, raceFreely, raceSlowReads } from './race.ts'
import { seededRandom } from './random.ts'

const { values } = parseArgs({
  options: {
    tries: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
  },
})
const tries = Number(values.tries)

await withEnvironment('postgresql', async (environment) => {
  const opened = [await environment.open(), await environment.open()] as const
  await prepareProducts(opened[0].prisma, 3)

  const cached = (where: { store: ReturnType<typeof memoryStore> } | { redis: string }) => {
    const options = {
      configFile: false,
      prefix: freshPrefix(),
      defaults: { ttl: 60 },
      timeoutMs: 5000,
      ...where,
    } as const
    return opened.map(({ prisma, sql }): Contestant & { stop(): Promise<void> } => {
      const extended = prisma.$extends(cacheExtension(options))
      const { settled, disconnect } = extended.$cache
      return { prisma: extended as unknown as typeof prisma, sql, settled, stop: disconnect }
    })
  }
  const naive = (clients: readonly OpenedClient<Provider>[]) => {
    const entries = new Map<string, unknown>()
    return clients.map(
      ({ prisma, sql }): Contestant => ({ prisma: naiveCache(prisma, entries), sql, settled: async () => {} }),
    )
  }

  let lost = 0
  let control = 0
  for (const [title, contestants, its] of [
    ['memory', cached({ store: memoryStore() }), tries],
    ['redis', cached({ redis: environment.redis.url }), tries],
    ['naive cache (control)', naive(opened), Math.min(tries, 300)],
  ] as const) {
    const [one, two] = contestants as readonly Contestant[] as readonly [Contestant, Contestant]
    const begun = performance.now()
    const half = Math.ceil(its / 2)
    const same = await raceSlowReads(one, one, half)
    const other = await raceSlowReads(one, two, its - half)
    await one.prisma.product.updateMany({ data: { stock: 0 } })
    const free = await raceFreely([one, two], its, seededRandom(Number(values.seed)))
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    const stale = same.stale + same.joined + other.stale + other.joined + free.stale
    if (title.startsWith('naive')) control = stale
    else lost += stale

    print(`${title}, ${seconds} s`)
    for (const [writer, { tries, joined, stale, cached }] of [
      ['the same client', same],
      ['another client', other],
    ] as const) {
      print(
        `  ${tries} slow reads overlapping a write by ${writer}: ${stale} stale afterwards, ${joined} joined meanwhile, ${cached} then answered by the cache`,
      )
    }
    print(`  ${free.reads} free reads against ${free.writes} writes in 2 clients: ${free.stale} stale`)
    for (const contestant of contestants) if ('stop' in contestant) await contestant.stop()
  }
  print(`stale reads: ${lost}; of the control: ${control}`)
  if (lost > 0 || control === 0) process.exitCode = 1
})
