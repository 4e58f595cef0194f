/**
 * What a write costs more than without a cache, by the number of entries that depend on it.
 *
 *     npx tsx bench/invalidation-cost.ts [--writes 400]
 *
 * One store for each number, all filled before the first measurement, and every round writes once through each and
 * once through a plain client: what the machine does meanwhile meets all of them alike.
 */
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import { cacheExtension, memoryStore, type StoreFactory } from '../src/index.ts'
import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { type BenchEnvironment, freshPrefix, median, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({ options: { writes: { type: 'string', default: '400' } } })
const writes = Number(values.writes)
const SIZES = [10, 10_000, 100_000]

interface Subject {
  readonly entries: number
  readonly prisma: ClientOf<Provider>
  /** Commands one write sends; `undefined` where there is nobody to count them. */
  readonly commandsOf: (run: () => Promise<unknown>) => Promise<number | undefined>
  stop(): Promise<void>
}

await withEnvironment('sqlite', async (environment) => {
  const { prisma: plain } = await environment.open()
  await plain.user.create({ data: { email: 'ada@example.test' } })
  for (const [title, open] of [
    ['memory', inMemory],
    ['redis', inRedis],
  ] as const) {
    const subjects = await Promise.all(SIZES.map((entries) => open(environment, entries)))
    const costs = await measure(plain, subjects)
    print(`${title}: one update, ${writes} times each, median µs`)
    const without = median(costs.plain)
    print(`  ${'plain client'.padEnd(16)} ${without.toFixed(0).padStart(6)}`)
    const overheads = subjects.map((_, i) => median(costs.pairs[i] as number[]))
    for (const [i, subject] of subjects.entries()) {
      const commands = await subject.commandsOf(() => update(subject.prisma))
      const entries = `${subject.entries} entries`.padEnd(16)
      const whole = median(costs.cached[i] as number[]).toFixed(0)
      const alone = median(costs.alone[i] as number[]).toFixed(1)
      const sent = commands === undefined ? '' : `  Redis commands ${commands}`
      print(
        `  ${entries} ${whole.padStart(6)}  overhead ${overheads[i]?.toFixed(0)}  invalidation alone ${alone}${sent}`,
      )
    }
    const alone = costs.alone.map(median)
    print(
      `  100 000 entries to 10: overhead x${ratio(overheads)}, invalidation alone x${ratio(alone)}, whole write x${ratio(costs.cached.map(median))}`,
    )
    for (const subject of subjects) await subject.stop()
  }
})

function ratio(costs: readonly number[]): string {
  return ((costs.at(-1) as number) / (costs[0] as number)).toFixed(2)
}

async function update(client: ClientOf<Provider>): Promise<void> {
  await client.user.update({ where: { id: 1 }, data: { name: `${Math.random()}` } })
}

async function measure(plain: ClientOf<Provider>, subjects: readonly Subject[]) {
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
      await cacheOf(prisma).settled()
      const alone = await timed(() => cacheOf(prisma).invalidate({ models: ['User'] }))
      await prisma.user.findUnique({ where: { id: 1 } })
      await prisma.user.findMany({ where: { id: 1 } })
      await cacheOf(prisma).settled()
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

interface Cache {
  settled(): Promise<void>
  invalidate(target: { models: readonly string[] }): Promise<unknown>
  keys(options: { pattern: string }): Promise<string[]>
  disconnect(): Promise<void>
}

function cacheOf(client: ClientOf<Provider>): Cache {
  return (client as unknown as { $cache: Cache }).$cache
}

async function openCached(
  environment: BenchEnvironment,
  where: { redis: string } | { store: StoreFactory },
  prefix: string,
) {
  const { prisma } = await environment.open()
  const cached = prisma.$extends(
    cacheExtension({ configFile: false, prefix, defaults: { ttl: 3600 }, timeoutMs: 5000, ...where }),
  ) as unknown as ClientOf<Provider>
  await cached.user.findUnique({ where: { id: 1 } })
  await cacheOf(cached).settled()
  return cached
}

async function inMemory(environment: BenchEnvironment, entries: number): Promise<Subject> {
  const prefix = freshPrefix()
  const store = memoryStore({ maxEntries: 2 * entries + 1000, maxBytes: 1 << 30 })
  const prisma = await openCached(environment, { store }, prefix)
  const space = store({ prefix, clock: Date.now, tagTtlMs: 1, onError: () => {} })
  const [key = ''] = await cacheOf(prisma).keys({ pattern: 'User:findUnique:*' })
  const entry = (await space.peek(key)) as string
  for (let i = 0; i < entries; i += 1) await space.fill(`${key}${i}`, entry, [], 3_600_000)
  return { entries, prisma, commandsOf: async () => undefined, stop: () => cacheOf(prisma).disconnect() }
}

async function inRedis(environment: BenchEnvironment, entries: number): Promise<Subject> {
  const server = await startRedis()
  const prisma = await openCached(environment, { redis: server.url }, freshPrefix())
  const admin = new Redis(server.url)
  const [key = ''] = await cacheOf(prisma).keys({ pattern: 'User:findUnique:*' })
  const entry = (await admin.get(key)) as string
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
      await cacheOf(prisma).disconnect()
      admin.disconnect()
      await server.stop()
    },
  }
}
