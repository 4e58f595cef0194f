/**
 * What it costs a hit that a tag lies under others: each level is one more tag to look up.
 *
 *     npx tsx bench/tag-depth.ts [--hits 20000]
 *
 * The depths take turns, so what the machine does meanwhile meets them alike. Microseconds a hit, one at a time and with
 * 64 in flight.
 */
import { parseArgs } from 'node:util'
import { type CacheOptions, cacheExtension } from '../src/index.ts'
import type { ClientOf } from '../test/support/clients.ts'
import { freshPrefix, median, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({ options: { hits: { type: 'string', default: '20000' } } })
const hits = Number(values.hits)
const TAGS = ['', 'a', 'a:b', 'a:b:c', 'a:b:c:d:e:f:g:h']
const ROUNDS = 20

await withEnvironment('sqlite', async (environment) => {
  const { prisma: plain } = await environment.open({ errorFormat: 'minimal' })
  await plain.user.create({ data: { email: 'ada@example.test' } })
  const redis = { redis: environment.redis.url, breaker: { quarantineMs: 0 } }
  const stores: Readonly<Record<string, CacheOptions>> = {
    memory: { store: 'memory' },
    redis,
    'redis, subscribed': { ...redis, near: 'push' },
  }
  for (const [store, options] of Object.entries(stores)) {
    const prisma = (plain as ClientOf<'sqlite'>).$extends(
      cacheExtension({ configFile: false, prefix: freshPrefix(), timeoutMs: 5000, ...options }),
    )
    for (const inFlight of [1, 64]) {
      const took = new Map(TAGS.map((tag) => [tag, [] as number[]]))
      for (let round = -2; round < ROUNDS; round += 1) {
        for (const tag of TAGS) {
          const cache = { ttl: 3600, tags: tag === '' ? [] : [tag] }
          const read = () => prisma.user.findUnique({ where: { id: 1 }, cache })
          await read()
          await prisma.$cache.settled()
          const begun = performance.now()
          const count = Math.ceil(hits / ROUNDS / inFlight)
          for (let i = 0; i < count; i += 1) await Promise.all(Array.from({ length: inFlight }, read))
          if (round >= 0) took.get(tag)?.push((1000 * (performance.now() - begun)) / count / inFlight)
        }
      }
      const cells = [...took].map(
        ([tag, all]) => `${tag === '' ? 0 : tag.split(':').length}: ${median(all).toFixed(1)}`,
      )
      print(`${store}, ${inFlight} in flight, µs a hit by levels  ${cells.join('  ')}`)
    }
    await prisma.$cache.disconnect()
  }
})
