import { median } from '../environment.ts'
import type { Contender, StoreKind } from './contenders.ts'
import { drive } from './drive.ts'
import { perform } from './replay.ts'
import { percent, table } from './report.ts'
import type { ShopClient } from './shop-client.ts'
import type { Call } from './trace.ts'
import type { World } from './world.ts'

export interface Timed {
  readonly name: string
  readonly perSecond: number
  /** Of this process: Prisma, the extension and the drivers, not the servers. */
  readonly cpuMicros: number
  /** Milliseconds. */
  readonly readP50: number
  readonly writeP50: number
  readonly hitRatio: number
  /** Writes that another one in flight had made impossible. */
  readonly refused: number
}

export interface Load {
  readonly inFlight: number
  /** The share of the calls that comes first and is not timed. */
  readonly warmUp: number
}

/** The same calls, so many at a time, with no cache before and after and through each contender. */
export async function throughput(
  world: World,
  trace: readonly Call[],
  contenders: readonly Contender[],
  store: StoreKind,
  load: Load,
): Promise<Timed[]> {
  const plain = (name: string) =>
    world.restored(async (database) => run(name, trace, await database.open(), load, () => 0))
  const cached = (contender: Contender) =>
    world.restored(async (database) => {
      const client = contender.cache(store)(await database.open())
      const timed = await run(contender.name, trace, client, load, () => client.$cache.stats().hitRatio ?? 0)
      await client.$cache.settled()
      await client.$cache.disconnect()
      return timed
    })

  const all = [await plain('no cache, before')]
  for (const contender of contenders) all.push(await cached(contender))
  all.push(await plain('no cache, after'))

  const base = ((all[0]?.perSecond ?? 0) + (all.at(-1)?.perSecond ?? 0)) / 2
  table(
    ['', 'calls a second', 'of no cache', 'CPU µs a call', 'read p50 ms', 'write p50 ms', 'hits', 'refused'],
    all.map(({ name, perSecond, cpuMicros, readP50, writeP50, hitRatio, refused }) => [
      name,
      perSecond.toFixed(0),
      `x${(perSecond / base).toFixed(2)}`,
      cpuMicros.toFixed(0),
      readP50.toFixed(2),
      writeP50.toFixed(2),
      percent(hitRatio, 1),
      refused,
    ]),
  )
  return all
}

async function run(
  name: string,
  trace: readonly Call[],
  client: ShopClient,
  { inFlight, warmUp }: Load,
  hitRatio: () => number,
): Promise<Timed> {
  const warm = Math.floor(trace.length * warmUp)
  const took = { read: [] as number[], write: [] as number[] }
  let begun = 0
  let cpuBegun = process.cpuUsage()
  const refused = await drive(trace, inFlight, (call) => perform(client, call), {
    started(at) {
      if (at !== warm) return
      begun = performance.now()
      cpuBegun = process.cpuUsage()
    },
    ended(at, call, ms) {
      if (at >= warm) took[call.type].push(ms)
    },
  })
  const timed = trace.length - warm
  const perSecond = (1000 * timed) / (performance.now() - begun)
  const { user, system } = process.cpuUsage(cpuBegun)
  return {
    name,
    perSecond,
    cpuMicros: (user + system) / timed,
    readP50: median(took.read),
    writeP50: median(took.write),
    hitRatio: hitRatio(),
    refused,
  }
}
