import type { Server } from 'node:http'
import type { Redis } from 'ioredis'
import type { Shop } from '../shop-api/client.ts'

export interface Running {
  readonly shop: Server
  readonly operations: Server
  readonly closeOperations: () => void
  readonly prisma: Shop
  readonly redis: Redis
}

export interface Ended {
  /** Requests were still under way when their time was over. */
  readonly cut: boolean
  /** Tags whose invalidation no other process has heard of: until their entries expire, others may serve what was. */
  readonly undelivered: number
}

/**
 * Ends the process in an order in which nothing is taken from under what still needs it: requests write, writes
 * invalidate, invalidations need Redis. Requests have half of the time, so that one which does not end cannot cost what the
 * others have to deliver.
 */
export async function shutDown(running: Running, withinMs: number): Promise<Ended> {
  const { shop, operations, closeOperations, prisma, redis } = running
  const endsAt = performance.now() + withinMs
  const cut = await closed(shop, withinMs / 2)

  // Fills and refreshes under way, then what Redis has not heard of. A second is left for the rest.
  const flushTimeoutSeconds = Math.max(0, (endsAt - performance.now()) / 1000 - 1)
  await prisma.$cache.disconnect({ flushTimeoutSeconds })
  const { undelivered } = prisma.$cache.stats().store
  // `quit` would wait for an answer, and there is nothing left to be answered.
  redis.disconnect()
  await prisma.$disconnect()

  // Last: until here it says that the process is not ready, and Prometheus sees what it still does.
  closeOperations()
  operations.close()
  operations.closeAllConnections()
  return { cut, undelivered }
}

/** Takes no more connections and waits for the requests under way. Answers whether their time was over before they were. */
function closed(server: Server, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let isCut = false
    const timer = setTimeout(() => {
      isCut = true
      server.closeAllConnections()
    }, withinMs)
    server.close(() => {
      clearTimeout(timer)
      resolve(isCut)
    })
  })
}
