import { Redis } from 'ioredis'
import type { CacheControl, CacheOptions } from '../../src/index.ts'
import type { ClientOf } from '../../test/support/clients.ts'
import type { Provider } from '../../test/support/provider.ts'
import { startRedis } from '../../test/support/redis-server.ts'
import { freshPrefix, median } from '../environment.ts'

type Package = typeof import('../../src/index.ts')
type Client = ClientOf<Provider>
type CachedClient = Client & { readonly $cache: CacheControl }

/** Of one update and of one invalidation by hand, medians, µs. */
export interface InvalidationCost {
  readonly entries: number
  /** The update as a whole. */
  readonly write: number
  /** What it takes longer than a plain client's of the same round. */
  readonly overhead: number
  /** `$cache.invalidate({ models: ['User'] })`. */
  readonly alone: number
  /** That one update sends to Redis; `undefined` where there is none. */
  readonly commands: number | undefined
}

export interface InvalidationCosts {
  /** The update of a plain client. */
  readonly plain: number
  readonly bySize: readonly InvalidationCost[]
}

interface Subject {
  readonly entries: number
  readonly prisma: CachedClient
  /** Commands one write sends; `undefined` where there is nobody to count them. */
  readonly commandsOf: (run: () => Promise<unknown>) => Promise<number | undefined>
  stop(): Promise<void>
}

/**
 * What a write costs by the number of entries that depend on it. One store for each number, all filled before the
 * first measurement; every round writes once through each and once through the plain client. Needs user 1.
 */
export async function invalidationCosts(
  built: Package,
  plain: Client,
  store: 'memory' | 'redis',
  sizes: readonly number[],
  writes: number,
): Promise<InvalidationCosts> {
  const subjects: Subject[] = []
  try {
    for (const entries of sizes) subjects.push(await (store === 'memory' ? inMemory : inRedis)(built, plain, entries))
    const costs = await measure(plain, subjects, writes)
    const bySize: InvalidationCost[] = []
    for (const [i, { entries, prisma, commandsOf }] of subjects.entries()) {
      bySize.push({
        entries,
        write: median(costs.cached[i] as number[]),
        overhead: median(costs.pairs[i] as number[]),
        alone: median(costs.alone[i] as number[]),
        commands: await commandsOf(() => update(prisma)),
      })
    }
    return { plain: median(costs.plain), bySize }
  } finally {
    for (const subject of subjects) await subject.stop()
  }
}

async function update(client: Client): Promise<void> {
  await client.user.update({ where: { id: 1 }, data: { name: `${Math.random()}` } })
}

async function measure(plain: Client, subjects: readonly Subject[], writes: number) {
  const costs = {
    plain: [] as number[],
    cached: subjects.map(() => [] as number[]),
    /** Of one round, the cached write less the plain one. */
    pairs: subjects.map(() => [] as number[]),
    alone: subjects.map(() => [] as number[]),
  }
  const timed = async (run: () => Promise<unknown>) => {
    const begun = performance.now()
    await run()
    return 1000 * (performance.now() - begun)
  }
  for (let round = -50; round < writes; round += 1) {
    // Nobody is always first: the one after a pause finds cold caches.
    const turns = [plain, ...subjects].map((_, i, all) => (i + round + 50) % all.length)
    let base = 0
    const took = new Map<number, number>()
    for (const turn of turns) {
      const subject = subjects[turn - 1]
      if (!subject) {
        base = await timed(() => update(plain))
        continue
      }
      const { prisma } = subject
      // An entry that depends on the write exists each time; without it nobody would hold the tags.
      await prisma.user.findUnique({ where: { id: 1 } })
      await prisma.user.findMany({ where: { id: 1 } })
      await prisma.$cache.settled()
      const alone = await timed(() => prisma.$cache.invalidate({ models: ['User'] }))
      await prisma.user.findUnique({ where: { id: 1 } })
      await prisma.user.findMany({ where: { id: 1 } })
      await prisma.$cache.settled()
      took.set(turn - 1, await timed(() => update(prisma)))
      if (round >= 0) costs.alone[turn - 1]?.push(alone)
    }
    if (round < 0) continue
    costs.plain.push(base)
    for (const [i, cost] of took) {
      costs.cached[i]?.push(cost)
      costs.pairs[i]?.push(cost - base)
    }
  }
  return costs
}

async function openCached({ cacheExtension }: Package, plain: Client, where: CacheOptions): Promise<CachedClient> {
  const cached = plain.$extends(
    // A Redis that has just come is read from at once: nobody else has anything to tell it.
    cacheExtension({
      configFile: false,
      defaults: { ttl: 3600 },
      timeoutMs: 5000,
      breaker: { quarantineMs: 0 },
      ...where,
    }),
  ) as unknown as CachedClient
  await cached.user.findUnique({ where: { id: 1 } })
  await cached.$cache.settled()
  return cached
}

/** Of the one entry there is, to be copied. */
async function entryKey(prisma: CachedClient): Promise<string> {
  const [key, ...others] = await prisma.$cache.keys({ pattern: 'User:findUnique:*' })
  if (key === undefined || others.length > 0) throw new Error('not one entry to copy')
  return key
}

async function inMemory(built: Package, plain: Client, entries: number): Promise<Subject> {
  const prefix = freshPrefix()
  const store = built.memoryStore({ maxEntries: 2 * entries + 1000, maxBytes: 1 << 30 })
  const prisma = await openCached(built, plain, { store, prefix })
  // The very store the client has: its place is told by the prefix.
  const context = { prefix, clock: Date.now, tagTtlMs: 1, graceMs: 0, waitReplicas: 0, timeoutMs: 1, onError: () => {} }
  const space = store(context)
  const key = await entryKey(prisma)
  const entry = (await space.peek(key)) as string
  for (let i = 0; i < entries; i += 1) await space.fill(`${key}${i}`, entry, 3_600_000)
  return { entries, prisma, commandsOf: async () => undefined, stop: () => prisma.$cache.disconnect() }
}

async function inRedis(built: Package, plain: Client, entries: number): Promise<Subject> {
  const server = await startRedis()
  const prisma = await openCached(built, plain, { redis: server.url, prefix: freshPrefix() })
  const admin = new Redis(server.url)
  const key = await entryKey(prisma)
  const entry = (await admin.getBuffer(key)) as Buffer
  for (let from = 0; from < entries; from += 10_000) {
    const copies = Array.from({ length: Math.min(10_000, entries - from) }, (_, i) => [`${key}${from + i}`, entry])
    await admin.mset(...copies.flat())
  }
  return {
    entries,
    prisma,
    async commandsOf(run) {
      const count = async () => Number(/total_commands_processed:(\d+)/.exec(await admin.info('stats'))?.[1])
      const before = await count()
      await run()
      // Less the INFO in between.
      return (await count()) - before - 1
    },
    async stop() {
      await prisma.$cache.disconnect()
      admin.disconnect()
      await server.stop()
    },
  }
}
