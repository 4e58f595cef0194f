import { afterAll, beforeAll, beforeEach, inject } from 'vitest'
import { type CacheEvent, type CacheOptions, cacheExtension, memoryStore } from '../../src/index.ts'
import type { ClientOf, OpenedClient } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import type { TestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import type { SqlTap } from '../support/sql-tap.ts'
import { PATIENCE_MS, withTimeout } from '../support/with-timeout.ts'

/** Cached clients of several processes: each with a connection of its own, all on one store and one prefix. */
export function useProcesses(bed: TestBed) {
  const opened: OpenedClient[] = []
  const ends: (() => Promise<void>)[] = []
  let place: CacheOptions
  beforeAll(async () => {
    opened.push(await bed.open(), await bed.open())
  })
  beforeEach(async () => {
    await bed.database.reset()
    const store = bed.store === 'memory' ? { store: memoryStore() } : { redis: inject('servers').redisUrl }
    const patience = { timeoutMs: PATIENCE_MS, catalogue: { timeoutMs: PATIENCE_MS } }
    place = { configFile: false, prefix: freshNamespace(), ...patience, breaker: { quarantineMs: 0 }, ...store }
  })
  afterAll(() => Promise.all(ends.map((end) => end())))

  /** The client of process 0 or 1. */
  function start(process: 0 | 1 = 0, options: CacheOptions = {}) {
    const { prisma, sql } = opened[process] as OpenedClient
    const clock = manualClock()
    const events: CacheEvent[] = []
    const policy = { defaults: { ttl: 60, jitter: 0 }, clock: clock.now }
    const cached = (prisma as ClientOf<Provider>).$extends(cacheExtension({ ...place, ...policy, ...options }))
    cached.$cache.on('*', (event) => events.push(event))
    ends.push(() => cached.$cache.disconnect())
    sql.clear()
    return { prisma: cached, plain: prisma as ClientOf<Provider>, sql, clock, events, settled: cached.$cache.settled }
  }
  return { start, plain: () => opened[1]?.prisma as ClientOf<Provider> }
}

export type Process = ReturnType<ReturnType<typeof useProcesses>['start']>
export type CachedClient = Process['prisma']

/** Starts a read and resolves when the database has answered it; the reader does not know the answer before `finish`. */
export async function slowRead<T>(sql: SqlTap, read: () => PromiseLike<T>, match: RegExp = /^SELECT/) {
  const gate = sql.hold(match)
  const result = Promise.resolve(read())
  result.catch(() => {})
  await withTimeout(gate.held, 'the slow read')
  return {
    gate,
    async finish(): Promise<T> {
      gate.open()
      return result
    },
  }
}

export const statusOf = async (prisma: CachedClient, read: PromiseLike<unknown>) => {
  const { info } = await prisma.$cache.withCacheInfo(read)
  return info.status === 'bypass' ? info.reason : info.status
}
