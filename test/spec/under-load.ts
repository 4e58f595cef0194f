import { setImmediate as turn } from 'node:timers/promises'
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
import { eventually } from '../support/with-timeout.ts'

export const TIMEOUT_MS = 200
/** A read may wait for its look-up and for the versions of new tags; a write five times as long for its invalidation. */
export const READ_BUDGET_MS = 2 * TIMEOUT_MS
export const WRITE_BUDGET_MS = 5 * TIMEOUT_MS
/** For the database and a busy machine. */
export const SLACK_MS = 1500

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
        timeoutMs: TIMEOUT_MS,
        logger: false,
        breaker: { failures: 3, resetMs: 50, graceMs: 0 },
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
        return eventually(probe, 15_000, 'the recovery')
      },
    }
  }

  /**
   * Reads and writes without a pause, through all of these processes; every read is held against what had been
   * acknowledged, to whichever process, when it began.
   */
  function startLoad(...processes: [Process, ...Process[]]) {
    const seen = { reads: 0, writes: 0, stale: 0, failed: [] as unknown[], slowestReadMs: 0, slowestWriteMs: 0 }
    const acknowledged = new Map<number, number>()
    let running = true
    const nth = (n: number) => (processes[n % processes.length] as Process).prisma

    async function reader(lane: number): Promise<void> {
      for (let i = 0; running; i += 1) {
        const id = 1 + (i % 3)
        const prisma = nth(lane)
        const atLeast = acknowledged.get(id) ?? 0
        const begun = performance.now()
        const row =
          i % 2 === 0
            ? await prisma.product.findUniqueOrThrow({ where: { id } })
            : await prisma.product.findFirstOrThrow({ where: { id }, include: { parts: true } })
        seen.slowestReadMs = Math.max(seen.slowestReadMs, performance.now() - begun)
        seen.reads += 1
        if (row.stock < atLeast) seen.stale += 1
        await turn()
      }
    }
    async function writer(id: number): Promise<void> {
      for (let stock = 1; running; stock += 1) {
        const update = { where: { id }, data: { stock } }
        const prisma = nth(id + stock)
        const begun = performance.now()
        if (stock % 3 === 0) await prisma.$transaction((tx) => tx.product.update(update))
        else await prisma.product.update(update)
        seen.slowestWriteMs = Math.max(seen.slowestWriteMs, performance.now() - begun)
        seen.writes += 1
        acknowledged.set(id, stock)
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    }
    const lanes = [reader(0), reader(1), reader(2), writer(1), writer(2), writer(3)]
    const through = Promise.all(lanes.map((lane) => lane.catch((error: unknown) => void seen.failed.push(error))))
    const stop = async () => {
      running = false
      await through
      return seen
    }
    endings.push(stop)
    return { seen, stop }
  }

  return {
    startProcess,
    startLoad,
    /** Runs after the test, the last one given first. */
    atEnd: (end: () => unknown) => void endings.push(end),
  }
}

export type Process = Awaited<ReturnType<ReturnType<typeof useProcessesUnderLoad>['startProcess']>>
export type Load = ReturnType<ReturnType<typeof useProcessesUnderLoad>['startLoad']>

export const pass = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Nothing failed, nothing was stale, nobody waited for Redis. */
export function expectUnharmed(seen: Load['seen']): void {
  expect(seen.failed).toEqual([])
  expect(seen.stale).toBe(0)
  expect(seen.slowestReadMs).toBeLessThan(READ_BUDGET_MS + SLACK_MS)
  expect(seen.slowestWriteMs).toBeLessThan(WRITE_BUDGET_MS + SLACK_MS)
  expect(seen.reads).toBeGreaterThan(50)
  expect(seen.writes).toBeGreaterThan(10)
}

/** Every value a process reads until the cache answers it. */
export async function valuesUntilHit({ stock, status }: Process): Promise<readonly number[]> {
  const seen = new Set<number>()
  const probe = async () => {
    seen.add(await stock())
    return (await status()) === 'hit' || undefined
  }
  await eventually(probe, 15_000, 'a hit')
  return [...seen]
}

/** Resolves when this process is answered from the cache again, whatever it asks for, and owes it nothing. */
export async function hitsAll({ prisma, status }: Process): Promise<void> {
  for (const id of [1, 2, 3, 4]) {
    await eventually(async () => (await status(id)) === 'hit' || undefined, 15_000, `a hit of product ${id}`)
  }
  expect(await prisma.$cache.health()).toMatchObject({ state: 'ok', undelivered: 0 })
}
