import { Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { startSentinel } from '../support/redis-sentinel.ts'
import { eventually } from '../support/with-timeout.ts'
import { expectUnharmed, hitsAll, PREFIX, type Process, useProcessesUnderLoad, valuesUntilHit } from './under-load.ts'

const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
const { startProcess, startLoad, atEnd } = useProcessesUnderLoad(bed)

/** Longer than the pause after which any of these clients looks for the master again. */
const GRACE_MS = 1000
const CLOCK = `${PREFIX}clock:{Product}`

const versions: Record<string, new (options: object) => unknown> = { 'ioredis 6': Redis, 'ioredis 5': Redis5 }

describe.each(Object.entries(versions))('a Redis behind Sentinels, through %s', (_, Class) => {
  async function start(sentinels: number, clientOptions: object = {}) {
    const sentinel = await startSentinel({ sentinels })
    atEnd(() => sentinel.stop())
    const startOne = (): Promise<Process> => {
      const client = new Class({
        ...sentinel.options,
        retryStrategy: () => 50,
        sentinelRetryStrategy: () => 50,
        ...clientOptions,
      }) as RedisClient
      client.on?.('error', () => {})
      atEnd(() => client.disconnect())
      return startProcess(client, { breaker: { failures: 3, resetMs: 50, quarantineMs: GRACE_MS } })
    }
    const processes = [await startOne(), await startOne()] as const
    for (const process of processes) await process.recovered()
    return { sentinel, processes, startOne }
  }

  it('fails over under load, its last invalidations lost: no query fails, nothing old is shown', async () => {
    const { sentinel, processes } = await start(3)
    const load = startLoad(...processes)
    await load.goesOn()
    await sentinel.cutReplication()
    await load.goesOn()
    await sentinel.master.kill()
    await sentinel.promoted()
    for (const process of processes) await process.recovered()
    await load.goesOn()
    await expectUnharmed(load)
    for (const process of processes) await hitsAll(process)
  })

  it('does not show what an invalidation made old that was acknowledged and then lost', async () => {
    const { sentinel, processes, startOne } = await start(1)
    const [writer, reader] = processes
    const { master, replica } = sentinel
    await writer.setStock(1)
    expect(await valuesUntilHit(reader)).toEqual([1])
    const clock = await master.admin.get(CLOCK)
    await eventually(async () => (await replica.admin.get(CLOCK)) === clock || undefined, 'the clock there')

    await sentinel.cutReplication()
    await writer.setStock(2)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    expect(await replica.admin.get(CLOCK)).toBe(clock)
    await master.kill()
    await sentinel.promoted()
    for (const process of [await startOne(), reader, writer]) expect(await valuesUntilHit(process)).toEqual([2])
  })
  it('is left for the replica when it hangs, and not believed when it wakes', async () => {
    // Without it a client stays with a master whose connection is open, and believes it when it wakes.
    const { sentinel, processes } = await start(1, { failoverDetector: true })
    const [writer, reader] = processes
    await writer.setStock(1)
    expect(await valuesUntilHit(reader)).toEqual([1])
    sentinel.master.pause()
    await sentinel.promoted()
    await writer.setStock(2)
    expect(await valuesUntilHit(writer)).toEqual([2])
    await writer.setStock(3)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    sentinel.master.resume()
    expect(await valuesUntilHit(reader)).toEqual([3])
  })
})
