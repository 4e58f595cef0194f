/**
 * How long after a write was acknowledged do other processes still show what was there before, with `near: 'push'`?
 *
 *     npx tsx bench/push-delay.ts [--writes 2000] [--readers 3] [--in-flight 1]
 *
 * One process writes a number, others read it as fast as they can and note when the last read began that was still shown
 * each. The delay counts from the acknowledgement of the next one.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { cacheExtension } from '../src/index.ts'
import { type ClientOf, openClient } from '../test/support/clients.ts'
import type { Database } from '../test/support/databases.ts'
import { adapterFor, type Provider } from '../test/support/provider.ts'
import { freshPrefix, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({
  options: {
    writes: { type: 'string', default: '2000' },
    readers: { type: 'string', default: '3' },
    /** Reads that are made at once in each reader: a process that has more to do hears later. */
    'in-flight': { type: 'string', default: '1' },
    /** What a reader works with; given by the command itself. */
    reader: { type: 'string' },
  },
})

interface Place {
  readonly database: string
  readonly redis: string
  readonly prefix: string
  readonly inFlight: number
}

/** Wall time that processes of one machine share, ms. */
const now = () => performance.timeOrigin + performance.now()

if (values.reader) await read(JSON.parse(values.reader) as Place)
else await withEnvironment('postgresql', measure)

function cached(plain: ClientOf<Provider>, { redis, prefix }: Place) {
  return plain.$extends(
    cacheExtension({ configFile: false, redis, prefix, near: 'push', defaults: { ttl: 3600 }, timeoutMs: 1000 }),
  )
}

async function read(place: Place): Promise<void> {
  const database = { provider: 'postgresql', adapter: () => adapterFor('postgresql', place.database) } as Database
  const { prisma: plain } = await openClient(database, 'ts')
  const prisma = cached(plain as ClientOf<Provider>, place)
  /** By what it showed: when the last such read began. */
  const seen: number[] = []
  let near = 0
  prisma.$cache.on('hit', ({ tier }) => {
    if (tier === 'near') near += 1
  })
  let isOver = false
  process.on('message', () => {
    isOver = true
  })
  process.send?.('ready')
  while (!isOver) {
    const begun = now()
    const rows = await Promise.all(
      Array.from({ length: place.inFlight }, () => prisma.tag.findUnique({ where: { name: 'one' } })),
    )
    const stock = Number(rows[0]?.color)
    seen[stock] = begun
    await nextTurn()
  }
  process.send?.({ seen, near })
  await prisma.$cache.disconnect()
  process.disconnect()
}

async function measure(environment: Parameters<Parameters<typeof withEnvironment>[1]>[0]): Promise<void> {
  const { prisma: plain } = await environment.open()
  await plain.tag.create({ data: { name: 'one', color: '0' } })
  const place: Place = {
    database: environment.url,
    redis: environment.redis.url,
    prefix: freshPrefix(),
    inFlight: Number(values['in-flight']),
  }
  const readers = Array.from({ length: Number(values.readers) }, () =>
    fork(fileURLToPath(import.meta.url), ['--reader', JSON.stringify(place)], { execArgv: ['--import', 'tsx'] }),
  )
  await Promise.all(readers.map((reader) => once(reader, 'message')))
  const prisma = cached(plain, place)
  const acknowledged: number[] = []
  for (let stock = 1; stock <= Number(values.writes); stock += 1) {
    await prisma.tag.update({ where: { name: 'one' }, data: { color: String(stock) } })
    acknowledged[stock] = now()
    // Until the readers have copies again.
    await sleep(5)
  }
  const results = await Promise.all(readers.map(finished))
  await prisma.$cache.disconnect()
  const delays = results.flatMap(({ seen }) =>
    acknowledged.flatMap((at, stock) => {
      const last = seen[stock - 1]
      return typeof last === 'number' ? [last - at] : []
    }),
  )
  const late = delays.filter((delay) => delay > 0).sort((one, other) => one - other)
  const at = (share: number) => late[Math.min(late.length - 1, Math.floor(share * late.length))]?.toFixed(2)
  const near = results.reduce((sum, one) => sum + one.near, 0)
  print(`${delays.length} times a reader was shown a number, among ${near} hits without a round trip`)
  print(
    `${((100 * late.length) / delays.length).toFixed(1)} % of the writes had a read that began after them and was shown what was before; for so long, ms: p50 ${at(0.5)}, p99 ${at(0.99)}, max ${at(1)}`,
  )
}

async function finished(reader: ChildProcess): Promise<{ seen: (number | null)[]; near: number }> {
  const answer = once(reader, 'message')
  reader.send('over')
  const [result] = await answer
  return result as { seen: (number | null)[]; near: number }
}
