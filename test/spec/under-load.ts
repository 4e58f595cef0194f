import { setImmediate as turn } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { afterEach, beforeEach, expect } from 'vitest'
import {
  type CacheEvent,
  type CacheEventOf,
  type CacheOptions,
  cacheExtension,
  type RedisClient,
} from '../../src/index.ts'
import type { ClientOf } from '../support/clients.ts'
import type { TestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/with-timeout.ts'

/** Longer than a healthy Redis takes on a busy machine, and short enough to wait for one that hangs. */
export const TIMEOUT_MS = 1000

export const PREFIX = 'degraded:'

/** Processes on a store that is about to fail, over four products; the fourth is written by nobody. */
export function useProcessesUnderLoad(bed: TestBed) {
  const endings: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of endings.splice(0).reverse()) await end()
  })
  let opened: ReturnType<typeof bed.open> | undefined
  const base = () => (opened ??= bed.open())
  beforeEach(async () => {
    await bed.database.reset()
    const { prisma } = await base()
    for (let id = 1; id <= 4; id += 1) await prisma.product.create({ data: { sku: `sku ${id}`, price: 1 } })
  })

  /** A cached client as one process has it. `redis`: a URL, or a client of the application's own. */
  async function startProcess(redis: string | RedisClient, options: CacheOptions = {}) {
    const { prisma: plain, sql } = await base()
    const events: CacheEvent[] = []
    const prisma = (plain as ClientOf<Provider>).$extends(
      cacheExtension({
        configFile: false,
        redis,
        prefix: PREFIX,
        defaults: { ttl: 300 },
        // A cache that fails all the time does not pay, and would not be used.
        admission: 'always',
        timeoutMs: TIMEOUT_MS,
        logger: false,
        breaker: { failures: 3, resetMs: 50, quarantineMs: 0 },
        ...options,
      }),
    )
    prisma.$cache.on('*', (event) => events.push(event))
    endings.push(() => prisma.$cache.disconnect())

    const stock = async (id = 1) => (await prisma.product.findUniqueOrThrow({ where: { id } })).stock
    const setStock = (value: number, id = 1) => prisma.product.update({ where: { id }, data: { stock: value } })
    const of = <T extends CacheEvent['type']>(type: T) =>
      events.filter((event) => event.type === type) as CacheEventOf<T>[]
    return {
      prisma,
      sql,
      events,
      of,
      stock,
      setStock,
      /** What the cache did for one read. */
      async status(id = 1) {
        const { info } = await prisma.$cache.withCacheInfo(prisma.product.findUniqueOrThrow({ where: { id } }))
        await prisma.$cache.settled()
        return info.status === 'bypass' ? info.reason : info.status
      },
      /** Resolves when the cache answers again. */
      recovered() {
        const probe = async () => {
          const { info } = await prisma.$cache.withCacheInfo(prisma.product.findUniqueOrThrow({ where: { id: 4 } }))
          await prisma.$cache.settled()
          return info.status === 'hit' || undefined
        }
        return eventually(probe, 'the recovery')
      },
    }
  }

  /**
   * Reads and writes without a pause, through all of these processes; every read is held against what had been
   * acknowledged, to whichever process, when it began.
   */
  function startLoad(...processes: [Process, ...Process[]]) {
    const seen = { stale: 0, failed: [] as unknown[] }
    /** How many reads or writes each lane has done. */
    const done = [0, 0, 0, 0, 0, 0]
    const acknowledged = new Map<number, number>()
    let running = true
    const nth = (n: number) => (processes[n % processes.length] as Process).prisma

    async function reader(lane: number): Promise<void> {
      for (let i = 0; running; i += 1) {
        const id = 1 + (i % 3)
        const prisma = nth(lane)
        const atLeast = acknowledged.get(id) ?? 0
        const row =
          i % 2 === 0
            ? await prisma.product.findUniqueOrThrow({ where: { id } })
            : await prisma.product.findFirstOrThrow({ where: { id }, include: { parts: true } })
        if (row.stock < atLeast) seen.stale += 1
        done[lane]! += 1
        await turn()
      }
    }
    async function writer(lane: number, id: number): Promise<void> {
      for (let stock = 1; running; stock += 1) {
        const update = { where: { id }, data: { stock } }
        const prisma = nth(id + stock)
        if (stock % 3 === 0) await prisma.$transaction((tx) => tx.product.update(update))
        else await prisma.product.update(update)
        acknowledged.set(id, stock)
        done[lane]! += 1
        await pass(5)
      }
    }
    const lanes = [reader(0), reader(1), reader(2), writer(3, 1), writer(4, 2), writer(5, 3)]
    const through = Promise.all(lanes.map((lane) => lane.catch((error: unknown) => void seen.failed.push(error))))
    const stop = async () => {
      running = false
      await through
      return seen
    }
    endings.push(stop)
    /** Resolves when every lane has done some more: none of them waits for Redis, whatever is the matter with it. */
    const goesOn = () => {
      const before = [...done]
      const isOn = done.map((_, lane) => () => seen.failed.length > 0 || done[lane]! >= before[lane]! + STEPS_A_LANE)
      return eventually(async () => isOn.every((lane) => lane()) || undefined, `the load to go on`)
    }
    return { goesOn, stop }
  }

  return {
    startProcess,
    startLoad,
    /** Runs after the test, the last one given first. */
    atEnd: (end: () => unknown) => void endings.push(end),
    async startServer(...args: string[]): Promise<RedisServer> {
      const server = await startRedis({ args })
      endings.push(() => server.stop())
      return server
    },
    async startProxy(server: RedisServer): Promise<TcpProxy> {
      const proxy = await startTcpProxy(server.port)
      endings.push(() => proxy.close())
      return proxy
    },
    /** A connection past the cache. */
    adminOf(url: string): Redis {
      const admin = new Redis(url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
      admin.on('error', () => {})
      endings.push(() => admin.disconnect())
      return admin
    },
    /** A client of the application's own, as `new Redis(url)` gives it: it retries, and queues while there is no connection. */
    applicationClient(Class: new (url: string) => unknown, url: string): RedisClient {
      const client = new Class(url) as RedisClient
      client.on?.('error', () => {})
      endings.push(() => client.disconnect())
      return client
    },
  }
}

/** More than the circuit breaker lets wait before it opens, and enough for reads and writes to meet. */
const STEPS_A_LANE = 15

export type Process = Awaited<ReturnType<ReturnType<typeof useProcessesUnderLoad>['startProcess']>>
export type Load = ReturnType<ReturnType<typeof useProcessesUnderLoad>['startLoad']>

export const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Ends the load, once it has done some more: nothing failed and nothing was stale. */
export async function expectUnharmed(load: Load): Promise<void> {
  await load.goesOn()
  expect(await load.stop()).toEqual({ failed: [], stale: 0 })
}

/** Every value a process reads until the cache answers it. */
export async function valuesUntilHit({ stock, status }: Process): Promise<readonly number[]> {
  const seen = new Set<number>()
  const probe = async () => {
    seen.add(await stock())
    return (await status()) === 'hit' || undefined
  }
  await eventually(probe, 'a hit')
  return [...seen]
}

/** Resolves when this process is answered from the cache again, whatever it asks for, and owes it nothing. */
export async function hitsAll({ prisma, status }: Process): Promise<void> {
  for (const id of [1, 2, 3, 4]) {
    await eventually(async () => (await status(id)) === 'hit' || undefined, `a hit of product ${id}`)
  }
  expect(await prisma.$cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
}
