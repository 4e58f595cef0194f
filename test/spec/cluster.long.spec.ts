import { Cluster } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { CacheOptions, RedisClient } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type ClusterNode, type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { eventually } from '../support/with-timeout.ts'
import { expectUnharmed, hitsAll, PREFIX, type Process, useProcessesUnderLoad, valuesUntilHit } from './under-load.ts'

const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
const { startProcess, startLoad, atEnd } = useProcessesUnderLoad(bed)

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1, nodeTimeoutMs: 1000 })
})
afterAll(() => cluster?.stop())
beforeEach(async () => {
  await cluster.mend()
  for (const { admin } of await cluster.masters()) await admin.flushall()
})

/** Longer than it takes any of these clients to find a new master. */
const GRACE_MS = 1000
const CLOCK = `${PREFIX}clock:{Product}`

const versions: Record<string, new (nodes: { host: string; port: number }[], options: object) => unknown> = {
  'ioredis 6': Cluster,
  'ioredis 5': Cluster5,
}

describe.each(Object.entries(versions))('a Redis Cluster of six nodes, through %s', (_, Class) => {
  function startInCluster(options: CacheOptions = {}, clientOptions: object = {}): Promise<Process> {
    const client = new Class(cluster.addresses, { clusterRetryStrategy: () => 100, ...clientOptions }) as RedisClient
    client.on?.('error', () => {})
    atEnd(() => client.disconnect())
    return startProcess(client, { breaker: { failures: 3, resetMs: 50, quarantineMs: GRACE_MS }, ...options })
  }
  /** Two processes that read from the cache. */
  async function startTwo(options: CacheOptions = {}, clientOptions: object = {}) {
    const two = [await startInCluster(options, clientOptions), await startInCluster(options, clientOptions)] as const
    for (const process of two) await process.recovered()
    return two
  }

  it('is one cache: what one process fills another hits, what one writes none has any more', async () => {
    const [writer, reader] = await startTwo()
    expect([await writer.status(), await reader.status()]).toEqual(['miss', 'hit'])
    await writer.setStock(1)
    expect([await reader.stock(), await writer.stock()]).toEqual([1, 1])
    expect([await writer.status(), await reader.status(2)]).toEqual(['hit', 'miss'])
    await writer.setStock(2)
    expect(await reader.status(2)).toBe('hit')
    await reader.prisma.$cache.invalidate({ models: ['Product'] })
    expect(await writer.status(2)).toBe('miss')
  })

  it('has its entries on all masters, and lists, removes and clears them there', async () => {
    const [{ prisma }, other] = await startTwo()
    const sizes = Array.from({ length: 60 }, (_, i) => i + 1)
    const read = (take: number, from = prisma) => from.product.findMany({ take })
    const hits = async () => {
      const { reads } = await other.prisma.$cache.collectCacheInfo(() =>
        Promise.all(sizes.map((take) => read(take, other.prisma))),
      )
      await other.prisma.$cache.settled()
      return reads.filter(({ status }) => status === 'hit').length
    }
    await Promise.all(sizes.map((take) => read(take)))
    await prisma.$cache.settled()
    for (const { admin } of await cluster.masters()) expect(await admin.dbsize()).toBeGreaterThan(2)
    expect(await hits()).toBe(60)
    expect(await prisma.$cache.keys({ pattern: 'Product:findMany:*' })).toHaveLength(60)

    await prisma.$cache.invalidate({ pattern: 'Product:findMany:*' })
    expect(await prisma.$cache.keys({ pattern: 'Product:findMany:*' })).toEqual([])
    expect(await hits()).toBe(0)
    expect(await hits()).toBe(60)

    const [entry = ''] = await prisma.$cache.keys()
    expect(await prisma.$cache.inspect(entry)).toMatchObject({ key: entry })
    expect((await prisma.$cache.clear()).keys).toBeGreaterThanOrEqual(60)
    expect(await prisma.$cache.keys()).toEqual([])
    expect(await hits()).toBe(0)
  })

  it('whose slots move under load loses no query and shows nothing old', async () => {
    const processes = await startTwo()
    const load = startLoad(...processes)
    await load.goesOn()
    await cluster.resetCommandCounts()
    const masters = await cluster.masters()
    let moved = 0
    for (const [i, from] of masters.entries()) {
      const to = masters[(i + 1) % masters.length] as ClusterNode
      const slots = (await cluster.slotsInUse(from)).slice(0, 8)
      await cluster.migrateSlots(from, to, slots, { lingerMs: 10 })
      moved += slots.length
    }
    await load.goesOn()
    await expectUnharmed(load)
    // Slots were met that were half here and half there.
    const counts = await Promise.all(masters.map((node) => cluster.commandCounts(node)))
    expect(counts.reduce((sum, { asking = 0 }) => sum + asking, 0)).toBeGreaterThan(0)
    expect(moved).toBeGreaterThan(5)
    for (const process of processes) await hitsAll(process)
  })

  it('whose master dies under load loses no query, shows nothing old, and is used again', async () => {
    const processes = await startTwo()
    const load = startLoad(...processes)
    await load.goesOn()
    const master = await cluster.masterOf(CLOCK)
    await cluster.kill(master)
    await cluster.successorOf(master)
    for (const process of processes) await process.recovered()
    await load.goesOn()
    await expectUnharmed(load)
    for (const process of processes) await hitsAll(process)
  })

  it('whose master hands over under load loses no query and shows nothing old', async () => {
    const processes = await startTwo()
    const load = startLoad(...processes)
    await load.goesOn()
    const [replica] = await cluster.replicasOf(await cluster.masterOf(CLOCK))
    await cluster.promote(replica as ClusterNode, 'planned')
    for (const process of processes) await process.recovered()
    await expectUnharmed(load)
    for (const process of processes) await hitsAll(process)
  })

  it('whose master hangs is left for the replica that took over, and is not believed when it wakes', async () => {
    const [writer, reader] = await startTwo()
    await writer.setStock(1)
    expect(await valuesUntilHit(reader)).toEqual([1])
    const master = await cluster.masterOf(CLOCK)
    await cluster.freeze(master)
    await cluster.successorOf(master)
    await writer.setStock(2)
    expect(await valuesUntilHit(writer)).toEqual([2])
    await writer.setStock(3)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    // This one has asked for nothing since, and its connection to the old master is as it was.
    cluster.thaw(master)
    expect(await valuesUntilHit(reader)).toEqual([3])
  })

  /**
   * All have the entry and its version; then the master acknowledges an invalidation that its replica never hears of.
   * Resolves when the replica is about to take over, with both.
   */
  async function loseInvalidation(writer: Process, reader: Process) {
    await writer.setStock(1)
    expect(await valuesUntilHit(reader)).toEqual([1])
    const master = await cluster.masterOf(CLOCK)
    const replica = (await cluster.replicasOf(master))[0] as ClusterNode
    await replica.admin.readonly()
    const clock = await master.admin.get(CLOCK)
    await eventually(async () => (await replica.admin.get(CLOCK)) === clock || undefined, 'the clock there')

    await cluster.cutReplication(replica)
    await writer.setStock(2)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: true })
    expect(await master.admin.get(CLOCK)).not.toBe(clock)
    expect(await replica.admin.get(CLOCK)).toBe(clock)
    return { master, replica }
  }

  it('that loses an acknowledged invalidation with its master does not show what it invalidated', async () => {
    const [writer, reader] = await startTwo()
    const { master } = await loseInvalidation(writer, reader)
    await cluster.kill(master)
    await cluster.successorOf(master)
    const newcomer = await startInCluster()
    for (const process of [newcomer, reader, writer]) expect(await valuesUntilHit(process)).toEqual([2])
  })

  it('that loses an acknowledged invalidation while the old master lives on does not either', async () => {
    const [writer, reader] = await startTwo()
    const { replica } = await loseInvalidation(writer, reader)
    await cluster.promote(replica, 'takeover')
    for (const process of [reader, writer]) expect(await valuesUntilHit(process)).toEqual([2])
  })

  for (const scaleReads of ['master', 'slave', 'all']) {
    it(`never asks a replica, also with scaleReads: '${scaleReads}'`, async () => {
      const [{ prisma, setStock, stock, status }, other] = await startTwo({}, { scaleReads })
      await cluster.resetCommandCounts()
      for (let i = 1; i <= 10; i += 1) {
        await setStock(i)
        expect([await stock(), await other.stock(), await status(2)]).toEqual([i, i, i === 1 ? 'miss' : 'hit'])
      }
      await prisma.$cache.keys()
      await prisma.$cache.health()
      await prisma.$cache.invalidate({ models: ['Product'], pattern: 'Product:*' })
      await prisma.$cache.clear()
      for (const master of await cluster.masters()) {
        expect(await cluster.commandCounts(master)).toMatchObject({ scan: expect.any(Number) })
        for (const replica of await cluster.replicasOf(master)) {
          const asked = Object.keys(await cluster.commandCounts(replica)).filter((name) => ASKS.has(name))
          expect(asked).toEqual([])
        }
      }
    })
  }

  it('is waited for with waitReplicas: an invalidation counts when a replica has it', async () => {
    const [writer, reader] = await startTwo({ waitReplicas: 1 })
    await reader.stock()
    const master = await cluster.masterOf(CLOCK)
    const replica = (await cluster.replicasOf(master))[0] as ClusterNode
    await replica.admin.readonly()
    for (let i = 1; i <= 20; i += 1) {
      await writer.setStock(i)
      // Now, not a moment later.
      const [there, here] = await Promise.all([replica.admin.get(CLOCK), master.admin.get(CLOCK)])
      expect(there).toBe(here)
      expect(await reader.stock()).toBe(i)
    }
    expect(writer.of('invalidate').every(({ delivered }) => delivered)).toBe(true)

    await cluster.cutReplication(replica)
    await writer.setStock(21)
    expect(writer.of('invalidate').at(-1)).toMatchObject({ delivered: false })
    expect(await writer.status()).toBe('undelivered-invalidation')
    expect([await writer.stock(), await reader.stock()]).toEqual([21, 21])
    await cluster.mend()
    expect(await valuesUntilHit(writer)).toEqual([21])
    expect(await writer.prisma.$cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
  })
})

/** What is not replicated, nor said by a client that finds its way about. */
const ASKS: ReadonlySet<string> = new Set('get mget exists eval evalsha scan keys wait time role ttl pttl'.split(' '))
