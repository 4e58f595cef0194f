import { Cluster, Redis } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { describe, expect, it } from 'vitest'
import type { RedisClient } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { expectUnharmed, pass, TIMEOUT_MS, useProcessesUnderLoad } from './under-load.ts'

// Reads and writes without a pause while Redis fails. outages.long.spec.ts looks at what one query gets.
const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
const { startProcess, startLoad, startServer, startProxy, adminOf, applicationClient, atEnd } =
  useProcessesUnderLoad(bed)

const connections: Record<string, (url: string) => string | RedisClient> = {
  'a URL': (url) => url,
  'an ioredis 6 client': (url) => applicationClient(Redis, url),
  'an ioredis 5 client': (url) => applicationClient(Redis5, url),
}

describe.each(Object.entries(connections))('through %s', (_, connection) => {
  it('a Redis killed under load is not waited for, and is used again when it is back', async () => {
    const server = await startServer()
    const process = await startProcess(connection(server.url))
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    await server.kill()
    await load.goesOn()
    await server.restart()
    await process.recovered()
    await expectUnharmed(load)
    expect(process.of('bypass').map(({ reason }) => reason)).toContain('undelivered-invalidation')
    expect(process.of('invalidate').some(({ delivered }) => !delivered)).toBe(true)
    expect(process.of('error').length).toBeGreaterThan(0)
  })

  it('a Redis that is frozen is not waited for, and is used again when it thaws', async () => {
    const server = await startServer()
    const process = await startProcess(connection(server.url))
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    server.pause()
    await load.goesOn()
    server.resume()
    await process.recovered()
    await load.goesOn()
    await expectUnharmed(load)
    expect(process.of('error').length).toBeGreaterThan(0)
  })

  it('a Redis that keeps hanging up loses no invalidation', async () => {
    const server = await startServer()
    const admin = adminOf(server.url)
    const process = await startProcess(connection(server.url))
    await process.recovered()
    const load = startLoad(process)
    let killed = 0
    while (killed < 10) {
      killed += Number(await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes'))
      await pass(7)
    }
    await process.recovered()
    await expectUnharmed(load)
  })
})

describe('a Redis that came back empty', () => {
  it('and is emptied again and again under load shows nothing old', async () => {
    const server = await startServer()
    const admin = adminOf(server.url)
    const process = await startProcess(server.url)
    await process.recovered()
    const load = startLoad(process)
    for (let i = 0; i < 100; i += 1) {
      await admin.call('FLUSHALL')
      await pass(13)
    }
    await expectUnharmed(load)
    await process.recovered()
  })
})

describe('a Redis that is full', () => {
  it('and evicts nothing, under load', async () => {
    const server = await startServer('--maxmemory-policy', 'noeviction')
    const admin = adminOf(server.url)
    const process = await startProcess(server.url)
    await process.recovered()
    const load = startLoad(process)
    for (let i = 0; i < 10; i += 1) {
      await load.goesOn()
      await admin.config('SET', 'maxmemory', '1')
      await load.goesOn()
      await admin.config('SET', 'maxmemory', '0')
    }
    await process.recovered()
    await expectUnharmed(load)
  })

  it('and evicts what is old, tags too: that is a miss', async () => {
    const server = await startServer('--maxmemory', '3mb', '--maxmemory-policy', 'allkeys-random')
    const admin = adminOf(server.url)
    const process = await startProcess(server.url)
    await process.recovered()
    const load = startLoad(process)
    const name = 'x'.repeat(4000)
    for (let i = 0; i < 2000; i += 1) await admin.set(`ballast ${i}`, name)
    await load.goesOn()
    await expectUnharmed(load)
    expect(Number(/evicted_keys:(\d+)/.exec(await admin.info('stats'))?.[1])).toBeGreaterThan(100)
    expect(process.of('hit').length).toBeGreaterThan(0)
  })
})

describe('a bad line to Redis', () => {
  it('that is too slow is not waited for, and nothing late does harm', async () => {
    const server = await startServer()
    const proxy = await startProxy(server)
    const process = await startProcess(`redis://127.0.0.1:${proxy.port}`)
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    proxy.delay(3 * TIMEOUT_MS)
    await load.goesOn()
    proxy.delay(0)
    await process.recovered()
    await load.goesOn()
    await expectUnharmed(load)
    expect(process.of('bypass').length).toBeGreaterThan(0)
  })

  it('that loses answers: what Redis did and could not say is sent again', async () => {
    const server = await startServer()
    const proxy = await startProxy(server)
    const process = await startProcess(`redis://127.0.0.1:${proxy.port}`)
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    proxy.loseAnswers()
    await load.goesOn()
    proxy.cut()
    await process.recovered()
    await expectUnharmed(load)
  })

  it('that swallows everything', async () => {
    const server = await startServer()
    const proxy = await startProxy(server)
    const process = await startProcess(`redis://127.0.0.1:${proxy.port}`)
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    proxy.blackHole()
    await load.goesOn()
    proxy.cut()
    await process.recovered()
    await expectUnharmed(load)
  })
})

describe('a Redis Cluster', () => {
  it('that loses a master answers queries, stale with none, and is used again when it is back', async () => {
    const cluster = await startRedisCluster()
    atEnd(() => cluster.stop())
    const client = new Cluster(cluster.addresses, { clusterRetryStrategy: () => 100 })
    client.on('error', () => {})
    atEnd(() => client.disconnect())
    const process = await startProcess(client as unknown as RedisClient)
    await process.recovered()
    const load = startLoad(process)
    await load.goesOn()
    for (const { server } of cluster.nodes) {
      server.pause()
      await load.goesOn()
      server.resume()
      await process.recovered()
    }
    await expectUnharmed(load)
  })
})
