/**
 * What a hit costs, beside a plain client and beside the least an extension can do.
 *
 *     npx tsx bench/hit-path.ts [--provider sqlite|postgresql] [--ms 400] [--rounds 7]
 *     npx tsx bench/hit-path.ts --profile memory [--query findUnique] [--ms 4000]
 *
 * Measures what users run, the built package: `npm run build` first, or name another build with `--package`. Contestants
 * take turns within each round and the medians of the rounds are printed. On a machine that does other things compare
 * within one run, and trust CPU time over wall time.
 */
import assert from 'node:assert/strict'
import { Session } from 'node:inspector/promises'
import { basename, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { Redis } from 'ioredis'
import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'
import { freshPrefix, median, print, withEnvironment } from './environment.ts'

const { values } = parseArgs({
  options: {
    provider: { type: 'string', default: 'sqlite' },
    ms: { type: 'string', default: '400' },
    rounds: { type: 'string', default: '7' },
    profile: { type: 'string' },
    query: { type: 'string', default: 'findUnique' },
    package: { type: 'string', default: fileURLToPath(new URL('../dist/index.mjs', import.meta.url)) },
  },
})
const ours = pathToFileURL(resolve(values.package)).href
const { cacheExtension }: typeof import('../src/index.ts') = await import(ours)
const ms = Number(values.ms)

type Client = ClientOf<Provider>
/** Of `VARIANTS` different queries of a kind the one with this number. */
type Query = (client: Client, variant: number) => PromiseLike<unknown>
const VARIANTS = 64

const queries: Record<string, Query> = {
  findUnique: (client, variant) => client.tag.findUnique({ where: { name: `tag ${variant}` } }),
  'findUnique, every type': (client, variant) => client.user.findUnique({ where: { id: variant + 1 } }),
  'findMany, 100 rows': (client, variant) => client.user.findMany({ where: { id: { gt: variant } }, take: 100 }),
  'include, 1 + 10 + 20 rows': (client, variant) =>
    client.user.findUnique({ where: { id: variant + 1 }, include: { posts: { include: { comments: true } } } }),
}

interface Contestant {
  readonly name: string
  readonly run: Query
}

await withEnvironment(values.provider as Provider, async (environment) => {
  const { prisma: plain } = await environment.open()
  await fillTables(plain)
  const cached = (where: object) =>
    plain.$extends(
      cacheExtension({
        configFile: false,
        prefix: freshPrefix(),
        defaults: { ttl: 3600 },
        timeoutMs: 5000,
        breaker: { quarantineMs: 0 },
        ...where,
      }),
    )
  const memory = cached({ store: 'memory' })
  const redis = cached({ redis: environment.redis.url })
  const raw = new Redis(environment.redis.url)

  if (values.profile) {
    const client = (values.profile === 'redis' ? redis : memory) as unknown as Client
    const name = Object.keys(queries).find((one) => one.startsWith(values.query)) as string
    await profile(`${values.profile}, ${name}`, queries[name] as Query, client)
  } else {
    print(
      `${values.provider}, errorFormat ${process.env['NODE_ENV'] === 'production' ? 'minimal (production)' : 'colorless (development)'}: a call one at a time, µs and CPU µs; with ${VARIANTS} in flight, CPU µs a call and calls a second`,
    )
    for (const [name, run] of Object.entries(queries)) {
      const contestants: Contestant[] = [
        { name: 'plain client', run: (_, variant) => run(plain, variant) },
        { name: 'hook with a constant', run: await constantHook(plain, run) },
        { name: 'memory', run: (_, variant) => run(memory as unknown as Client, variant) },
        { name: 'redis', run: (_, variant) => run(redis as unknown as Client, variant) },
        { name: 'GET + JSON.parse, no Prisma', run: await bareRedis(raw, plain, run) },
      ]
      await verify(plain, contestants.slice(2, 4), run)
      await compare(name, contestants, plain)
    }
  }
  raw.disconnect()
  await memory.$cache.disconnect()
  await redis.$cache.disconnect()
})

async function fillTables(client: Client): Promise<void> {
  for (let variant = 0; variant < VARIANTS; variant += 1) await client.tag.create({ data: { name: `tag ${variant}` } })
  for (let id = 1; id <= VARIANTS + 100; id += 1) {
    await client.user.create({
      data: {
        email: `user${id}@example.test`,
        name: `User ${id}`,
        balance: '12.50',
        big: 2n ** 53n,
        meta: { theme: 'dark', visits: [1, 2, 3] },
        ...(id <= VARIANTS && {
          posts: {
            create: Array.from({ length: 10 }, (_, post) => ({
              title: `Post ${post}`,
              comments: { create: [{ text: 'first' }, { text: 'second' }] },
            })),
          },
        }),
      },
    })
  }
}

/** Everybody's answer is the plain client's, at the first call and as a hit. */
async function verify(plain: Client, contestants: readonly Contestant[], run: Query): Promise<void> {
  for (let variant = 0; variant < VARIANTS; variant += 1) {
    const expected = await run(plain, variant)
    assert.notEqual(expected, null)
    for (const contestant of contestants) {
      for (let time = 0; time < 2; time += 1) assert.deepEqual(await contestant.run(plain, variant), expected)
    }
  }
}

/** The floor under every extension: the hook is called and has the answer. */
async function constantHook(plain: Client, run: Query): Promise<Query> {
  const answers: unknown[] = []
  for (let variant = 0; variant < VARIANTS; variant += 1) answers.push(await run(plain, variant))
  let next = 0
  const extended = plain.$extends({
    query: {
      async $allOperations() {
        return answers[next++ % VARIANTS]
      },
    },
  }) as unknown as Client
  return (_, variant) => run(extended, variant)
}

/** The floor under every cache in Redis. */
async function bareRedis(raw: Redis, plain: Client, run: Query): Promise<Query> {
  for (let variant = 0; variant < VARIANTS; variant += 1) {
    const answer = await run(plain, variant)
    await raw.set(
      `bare:${variant}`,
      JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    )
  }
  return async (_, variant) => JSON.parse((await raw.get(`bare:${variant}`)) as string)
}

interface Cost {
  readonly alone: number
  readonly cpuAlone: number
  readonly cpu: number
  readonly perSecond: number
}

async function compare(name: string, contestants: readonly Contestant[], plain: Client): Promise<void> {
  const costs = contestants.map(() => [] as Cost[])
  for (let round = -1; round < Number(values.rounds); round += 1) {
    for (const [i, { run }] of contestants.entries()) {
      const cost = { ...(await oneAtATime(run, plain)), ...(await inFlight(run, plain)) }
      if (round >= 0) costs[i]?.push(cost)
    }
  }
  const of = (i: number, what: keyof Cost) => median((costs[i] as Cost[]).map((cost) => cost[what]))
  print(`\n${name}`)
  for (const [i, contestant] of contestants.entries()) {
    const number = (what: keyof Cost) =>
      of(i, what)
        .toFixed(what === 'perSecond' ? 0 : 1)
        .padStart(8)
    const gain = (of(0, 'cpuAlone') / of(i, 'cpuAlone')).toFixed(1)
    const gainInFlight = (of(i, 'perSecond') / of(0, 'perSecond')).toFixed(1)
    print(
      `  ${contestant.name.padEnd(28)}${number('alone')}${number('cpuAlone')}${number('cpu')}${number('perSecond')}/s   x${gain} less CPU than plain, x${gainInFlight} its throughput`,
    )
  }
}

async function oneAtATime(run: Query, client: Client): Promise<Pick<Cost, 'alone' | 'cpuAlone'>> {
  const begun = performance.now()
  const cpuBegun = process.cpuUsage()
  let calls = 0
  while (performance.now() - begun < ms / 2) {
    for (let i = 0; i < 16; i += 1) await run(client, calls++ % VARIANTS)
  }
  const { user, system } = process.cpuUsage(cpuBegun)
  return { alone: (1000 * (performance.now() - begun)) / calls, cpuAlone: (user + system) / calls }
}

async function inFlight(run: Query, client: Client): Promise<Pick<Cost, 'cpu' | 'perSecond'>> {
  const begun = performance.now()
  const cpuBegun = process.cpuUsage()
  let calls = 0
  while (performance.now() - begun < ms / 2) {
    const all: PromiseLike<unknown>[] = []
    for (let variant = 0; variant < VARIANTS; variant += 1) all.push(run(client, variant))
    await Promise.all(all)
    calls += VARIANTS
  }
  const { user, system } = process.cpuUsage(cpuBegun)
  return { cpu: (user + system) / calls, perSecond: calls / ((performance.now() - begun) / 1000) }
}

/** Where the time of a hit goes: self time by room, and by function within ours. */
async function profile(title: string, run: Query, client: Client): Promise<void> {
  for (let i = 0; i < 20_000; i += 1) await run(client, i % VARIANTS)
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  const begun = performance.now()
  let calls = 0
  while (performance.now() - begun < 10 * ms) await run(client, calls++ % VARIANTS)
  const perCall = (1000 * (performance.now() - begun)) / calls
  const { profile } = await session.post('Profiler.stop')

  const selfOf = new Map<number, number>()
  for (const [i, node] of (profile.samples ?? []).entries()) {
    selfOf.set(node, (selfOf.get(node) ?? 0) + (profile.timeDeltas?.[i] ?? 0) / calls)
  }
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]))
  const rooms = new Map<string, number>()
  const self = new Map<string, number>()
  const total = new Map<string, number>()
  const add = (to: Map<string, number>, name: string, micros: number) => to.set(name, (to.get(name) ?? 0) + micros)

  /** Adds a node and what it called; `callers` are our functions above it, each counted once. */
  function visit(id: number, callers: ReadonlySet<string>): void {
    const node = nodes.get(id)
    if (!node) return
    const { url, functionName, lineNumber } = node.callFrame
    const micros = selfOf.get(id) ?? 0
    const name = url === ours ? `${functionName || '(anonymous)'}, line ${lineNumber + 1}` : undefined
    const above = name ? new Set([...callers, name]) : callers
    add(rooms, name ? `this package (${basename(values.package)})` : roomOf(url, functionName), micros)
    if (name) add(self, name, micros)
    for (const caller of above) add(total, caller, micros)
    for (const child of node.children ?? []) visit(child, above)
  }
  visit(profile.nodes[0]?.id ?? 0, new Set())

  print(`${title}: ${perCall.toFixed(1)} µs a hit, one at a time (with the profiler)`)
  for (const [what, list] of [
    ['where', rooms],
    ['our functions, themselves', self],
    ['our functions, with all they call', total],
  ] as const) {
    print(`\n${what}`)
    for (const [where, micros] of [...list].sort(([, a], [, b]) => b - a).slice(0, 20)) {
      print(`  ${micros.toFixed(2).padStart(6)} µs  ${where}`)
    }
  }
}

function roomOf(url: string, name: string): string {
  const inModules = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)
  return inModules?.[1] ?? (url || name)
}
