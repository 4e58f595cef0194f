/**
 * How much of what a cache could answer does it answer, and does it ever answer wrongly?
 *
 *     npx tsx bench/precision.ts [--database sqlite|postgresql] [--store redis,memory] [--mix 99/1,80/20] [--verbose]
 *
 * The workload of a shop (six related models, Zipf), replayed call by call, each answer compared with what the database
 * says at that moment. Beside the three ways to invalidate stand perfect caches that know whole cache, models or rows,
 * and the oracle: a read could have been a hit if its last result still equals what the database returns. Then the same
 * calls against the clock, so many in flight. On a machine that does other things trust CPU time over wall time.
 *
 * Measures what users run, the built package: `npm run build` first, or name another with `--package`.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Provider } from '../test/support/provider.ts'
import { startRedis } from '../test/support/redis-server.ts'
import { print } from './environment.ts'
import { BOUNDS, simulate } from './precision/bounds.ts'
import { contenders, type StoreKind } from './precision/contenders.ts'
import { type Replayed, replay } from './precision/replay.ts'
import { ORACLE, reportBlame, reportKinds, reportRatios, type Subject } from './precision/report.ts'
import { shopRows } from './precision/shop-rows.ts'
import { Tally } from './precision/tally.ts'
import { throughput } from './precision/throughput.ts'
import { type Call, traceOf } from './precision/trace.ts'
import { openWorld, type World } from './precision/world.ts'
import { seededRandom } from './random.ts'

// As users run it: Prisma's development mode collects stack traces.
process.env['NODE_ENV'] = 'production'

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Of Zipf: 0 is everybody alike. */
    skew: { type: 'string', default: '0.99' },
    /** Of each replay. */
    calls: { type: 'string', default: '5000' },
    /** Times the rows of a small shop: 2000 users, 1000 products, 6000 orders. */
    scale: { type: 'string', default: '1' },
    database: { type: 'string', default: 'postgresql' },
    /** The first is the one whose answers are checked, as what is hit is no matter of the store; all are timed. */
    store: { type: 'string', default: 'redis,memory' },
    /** Reads/writes; several with commas. */
    mix: { type: 'string', default: '99/1,95/5,80/20,50/50' },
    /** `ratios`, `throughput`. */
    part: { type: 'string', default: 'both' },
    /** That share the store when answers are checked: one learns of another's writes, and shapes, from there alone. */
    clients: { type: 'string', default: '2' },
    'in-flight': { type: 'string', default: '16' },
    /** Hits by kind of read, and which writes the needless misses come from. */
    verbose: { type: 'boolean', default: false },
    /** Of model, row, shape; several with commas. */
    contenders: { type: 'string', default: 'model,row,shape' },
    /** The share of the calls that comes first and is not timed: code is compiled, plans and entries are made. */
    'warm-up': { type: 'string', default: '0.25' },
    /** A file for all figures. */
    json: { type: 'string' },
    package: { type: 'string', default: fileURLToPath(new URL('../dist/index.mjs', import.meta.url)) },
  },
})
const provider = oneOf<Provider>('database', ['sqlite', 'postgresql'])
const part = oneOf('part', ['both', 'ratios', 'throughput'])
const [seed, skew] = [Number(values.seed), Number(values.skew)]
const [calls, clients] = [Number(values.calls), Number(values.clients)]
const subjects = contenders(await import(pathToFileURL(resolve(values.package)).href)).filter(({ name }) =>
  values.contenders.split(',').includes(name),
)
const stores = values.store.split(',')
const figures: object[] = []
let wrong = 0

const rows = shopRows(Number(values.scale), skew, seededRandom(seed))
const redis = stores.includes('redis') ? await startRedis() : undefined
try {
  const world = await openWorld(provider, rows)
  try {
    for (const mix of values.mix.split(',')) await measure(world, mix)
  } finally {
    await world.close()
  }
} finally {
  await redis?.stop()
}
if (values.json) writeFileSync(values.json, `${JSON.stringify(figures, undefined, 2)}\n`)
if (part !== 'throughput') print(`\nstale reads and errors: ${wrong}`)
if (wrong > 0) process.exitCode = 1

function oneOf<T extends string>(option: 'database' | 'part', allowed: readonly T[]): T {
  const chosen = allowed.find((one) => one === values[option])
  if (!chosen) throw new Error(`--${option} ${values[option]}: ${allowed.join(' or ')}`)
  return chosen
}

function storeOf(name: string): StoreKind {
  if (name === 'memory') return 'memory'
  if (name === 'redis' && redis) return { redis: redis.url }
  throw new Error(`--store ${name}: memory or redis`)
}

async function measure(world: World, mix: string): Promise<void> {
  const [reads = 0, writes] = mix.split('/').map(Number)
  if (!(reads >= 0 && writes !== undefined && writes >= 0 && reads + writes > 0)) throw new Error(`--mix ${mix}: 95/5`)
  const trace = traceOf({ rows, seed, skew, calls, writes: writes / (reads + writes) })
  for (const [i, name] of stores.entries()) {
    const store = storeOf(name)
    if (part !== 'throughput' && i === 0) await ratios(world, mix, trace, name, store)
    if (part === 'ratios') continue
    print(`\n${mix}, ${provider}, ${name}: ${calls} calls, ${values['in-flight']} in flight`)
    const load = { inFlight: Number(values['in-flight']), warmUp: Number(values['warm-up']) }
    const timed = await throughput(world, trace, subjects, store, load)
    figures.push({ mix, database: provider, store: name, throughput: timed })
  }
}

async function ratios(world: World, mix: string, trace: readonly Call[], name: string, store: StoreKind) {
  const begun = performance.now()
  const replays: (Replayed & { readonly name: string })[] = []
  for (const contender of subjects) {
    const replayed = await world.restored((database) => replay(trace, database, contender, store, clients))
    replays.push({ name: contender.name, ...replayed })
  }
  const all = [...simulated(trace, replays[0] as Replayed), ...replays]
  wrong += all.reduce((sum, { tally }) => sum + tally.total.stale, 0)

  const seconds = ((performance.now() - begun) / 1000).toFixed(0)
  const different = new Set(trace.flatMap((call) => (call.type === 'read' ? [call.query] : []))).size
  print(
    `\n${mix}, ${provider}, ${name}: ${trace.length} calls in turn by ${clients} clients, ${different} different reads, ${seconds} s`,
  )
  reportRatios(all)
  for (const { name, stale, errors } of replays) {
    for (const example of stale) print(`  STALE ${name}, call ${example}`)
    for (const error of errors) print(`  ERROR ${name}, ${error}`)
    wrong += errors.size
  }
  const judged = replays.at(-1) as (typeof replays)[number]
  if (values.verbose) {
    reportKinds(all)
    reportBlame(judged.name, judged.blame)
    for (const { name, causes } of replays) {
      print(`  ${name}: ${[...causes].map(([cause, count]) => `${count} ${cause}`).join(' · ')}`)
    }
  }
  figures.push({ mix, database: provider, store: name, ratios: all.map(plainFigures), blame: pairs(judged) })
}

/** The oracle and the bounds, over what the database said. */
function simulated(trace: readonly Call[], { answers }: Replayed): Subject[] {
  const reads = trace.filter((call) => call.type === 'read')
  const tallied = (name: string, hits: readonly boolean[]) => {
    const tally = new Tally()
    for (const [i, answer] of answers.entries()) {
      const hit = hits[i] === true
      // A bound that hits where the answer has changed: the trace tells what a call touches, and told it wrong.
      const outcome = { hit, stale: hit && !answer.unchanged, selects: hit ? 0 : answer.selects }
      tally.add(reads[i]?.kind ?? '', answer, outcome)
    }
    return { name, tally }
  }
  const oracle = tallied(
    ORACLE,
    answers.map(({ unchanged }) => unchanged),
  )
  return [oracle, ...BOUNDS.map((bound) => tallied(bound.name, simulate(bound, trace)))]
}

function plainFigures({ name, tally }: Subject): object {
  return { name, total: tally.total, kinds: Object.fromEntries(tally.kinds) }
}

function pairs({ blame }: Replayed): object[] {
  return [...blame.pairs.values()].map(({ tags, ...pair }) => ({ ...pair, tags: Object.fromEntries(tags) }))
}
