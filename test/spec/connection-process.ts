import { cacheExtension } from '../../src/index.ts'
import { openClient } from '../support/clients.ts'
import type { Database } from '../support/databases.ts'
import { adapterFor } from '../support/provider.ts'

/** A process of its own, for what can be seen of a whole process alone: that it ends, and what it keeps. */
export interface ConnectionProcessOptions {
  readonly does: 'one query' | 'a client a request'
  readonly database: string
  readonly redis: string
  readonly prefix: string
  /** Whether Prisma is disconnected at the end. */
  readonly disconnects?: boolean
  readonly near?: 'push'
}

/** Of a process that makes a client a request: what it keeps once garbage is collected, and how many connections it had. */
export interface Kept {
  readonly alive: number
  readonly heapBytes: readonly number[]
}

const options = JSON.parse(process.argv[2] ?? '') as ConnectionProcessOptions
const { redis, prefix, near } = options
const adapter = () => adapterFor('postgresql', options.database)
const { prisma: plain } = await openClient(
  { provider: 'postgresql', adapter } as unknown as Database<'postgresql'>,
  'ts',
)
const extend = () =>
  plain.$extends(
    cacheExtension({
      configFile: false,
      redis,
      prefix,
      defaults: { ttl: 60 },
      breaker: { quarantineMs: 0 },
      healthIntervalSeconds: 1,
      warmers: [{ name: 'nothing', every: 3600, run: () => [] }],
      logger: false,
      ...(near && { near }),
    }),
  )

if (options.does === 'one query') {
  const prisma = extend()
  await prisma.product.findMany()
  await prisma.product.updateMany({ data: { stock: 1 } })
  if (options.disconnects) await prisma.$disconnect()
  else await plain.$disconnect()
  process.disconnect?.()
} else {
  const made: WeakRef<object>[] = []
  const heapBytes: number[] = []
  for (let round = 0; round < 4; round += 1) {
    for (let i = 0; i < 25; i += 1) await request()
    await collect()
    heapBytes.push(process.memoryUsage().heapUsed)
  }
  const alive = made.filter((client) => client.deref()).length
  process.send?.({ alive, heapBytes } satisfies Kept)
  // It stays, for its connections to be counted, until it is told to go.
  process.once('message', () => process.exit())

  /** On its own, so that nothing of it stays on the stack. */
  async function request(): Promise<void> {
    const prisma = extend()
    made.push(new WeakRef(prisma.$cache))
    await prisma.product.findMany()
    await prisma.product.findMany()
    await prisma.$cache.settled()
  }

  async function collect(): Promise<void> {
    // Finalizers run in turns of their own, and what they let go is collected by the next one.
    for (let i = 0; i < 10; i += 1) {
      globalThis.gc?.()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
