/**
 * What a cache costs and gives, beside plain Prisma, the least that is possible, and what else there is.
 *
 *     npm run bench -- [--database sqlite,postgresql] [--part hits,writes] [--case findUnique] [--contender 'plain;ours'] [--json FILE]
 *
 * Each contender is first held against plain Prisma: what does not return the same is marked, and what returns other
 * values fails the run. Then all take turns in every round and medians are printed. CPU is what this process spends:
 * compare within one run, and trust CPU time over wall time. At the end the targets, met or not; a target that is not
 * met does not fail the run.
 *
 * Measures what users run, the built package: `npm run build` first, or name another with `--package`.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Provider } from '../test/support/provider.ts'
import { CASES, findUnique, LIST } from './compare/cases.ts'
import type { Contender } from './compare/contender.ts'
import { contenders } from './compare/contenders.ts'
import { passThrough, plainPrisma } from './compare/floors.ts'
import { type HeapFigure, measureHeap, reportHeap } from './compare/heap.ts'
import { type HitFigure, measureHits, reportHits } from './compare/hits.ts'
import { measureMisses, reportSteps, type StepFigure } from './compare/misses.ts'
import type { Package } from './compare/ours.ts'
import { type BytesFigure, measureRedisBytes, reportRedisBytes } from './compare/redis-bytes.ts'
import { measureRows, measureTags, reportScaling, type ScalingFigure } from './compare/scaling.ts'
import { reportTargets, targets } from './compare/targets.ts'
import { type World, withWorld } from './compare/world.ts'
import { measureWrites } from './compare/writes.ts'
import { print } from './environment.ts'
import { type InvalidationCosts, invalidationCosts } from './invalidation/cost.ts'
import { reportInvalidation } from './invalidation/report.ts'

// As users run it: Prisma's development mode collects stack traces.
process.env['NODE_ENV'] = 'production'

const PARTS = ['hits', 'misses', 'writes', 'bytes', 'heap', 'scaling', 'invalidation']

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite,postgresql' },
    part: { type: 'string', default: PARTS.join(',') },
    /** Parts of names; several with semicolons, as names have commas. */
    case: { type: 'string', default: '' },
    contender: { type: 'string', default: '' },
    rounds: { type: 'string', default: '7' },
    /** Of each contender in each round, one at a time and in flight each. */
    ms: { type: 'string', default: '40' },
    /** Misses and writes of each. */
    turns: { type: 'string', default: '300' },
    /** That depend on the row that is written. */
    entries: { type: 'string', default: '10,10000,200000' },
    /** A file for all figures. */
    json: { type: 'string' },
    package: { type: 'string', default: fileURLToPath(new URL('../dist/index.mjs', import.meta.url)) },
  },
})

const named = (wanted: string, name: string) => wanted.split(';').some((part) => name.includes(part.trim()))
const built: Package = await import(pathToFileURL(resolve(values.package)).href)
const subjects = contenders(built).filter(({ name }) => named(values.contender, name))
const cases = CASES.filter(({ name }) => named(values.case, name))
const parts = values.part.split(',')
const databases = values.database.split(',')
const effort = { rounds: Number(values.rounds), ms: Number(values.ms) }
const turns = Number(values.turns)

const hits: HitFigure[] = []
const misses: StepFigure[] = []
const writes: StepFigure[] = []
const bytes: BytesFigure[] = []
const heap: HeapFigure[] = []
const scaling: ScalingFigure[] = []
const invalidation: { store: string; costs: InvalidationCosts }[] = []

for (const part of parts) {
  if (!PARTS.includes(part)) throw new Error(`--part ${part}: of ${PARTS.join(', ')}`)
}
const begun = performance.now()
print(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}, errorFormat minimal (production)`)
for (const [i, database] of databases.entries()) {
  if (database !== 'sqlite' && database !== 'postgresql') throw new Error(`--database ${database}: sqlite, postgresql`)
  await withWorld(database satisfies Provider, async (world) => {
    // No database has a part in these.
    if (i === 0) await measureOnce(world)
    await measureOn(world)
  })
}
const judged = targets({ hits, misses, writes, bytes })
reportTargets(judged)
print(`\n${((performance.now() - begun) / 1000).toFixed(0)} s`)

if (values.json) {
  const all = { node: process.version, hits, misses, writes, bytes, heap, scaling, invalidation, targets: judged }
  writeFileSync(values.json, `${JSON.stringify(all, undefined, 2)}\n`)
}
const wrong = hits.filter((figure) => figure.wrong)
for (const figure of wrong) print(`WRONG VALUES: ${figure.contender}, ${figure.case}, ${figure.database}`)
if (wrong.length > 0) process.exitCode = 1

async function measureOn(world: World): Promise<void> {
  if (parts.includes('hits')) {
    for (const asked of cases) {
      const figures = await measureHits(world, subjects, asked, effort)
      reportHits(figures)
      hits.push(...figures)
    }
  }
  if (parts.includes('misses')) {
    for (const asked of [findUnique, LIST]) {
      const figures = await measureMisses(world, [plainPrisma, passThrough, ...ofRole('ours')], asked, turns)
      reportSteps(`miss: ${asked.name}`, figures)
      misses.push(...figures)
    }
  }
  if (parts.includes('writes')) {
    const figures = await measureWrites(world, [plainPrisma, passThrough, ...ofRole('by hand', 'peer', 'ours')], turns)
    reportSteps('write: update by id', figures)
    writes.push(...figures)
  }
}

async function measureOnce(world: World): Promise<void> {
  const caches = ofRole('by hand', 'peer', 'ours')
  if (parts.includes('heap')) {
    for (const [asked, entries] of [[findUnique, 3000] as const, [LIST, 300] as const]) {
      const figures: HeapFigure[] = []
      for (const contender of caches.filter(({ from }) => from === 'memory')) {
        figures.push(await measureHeap(world, contender, asked, entries))
      }
      reportHeap(figures)
      heap.push(...figures)
    }
  }
  if (parts.includes('bytes')) {
    for (const asked of [findUnique, LIST]) {
      const figures: BytesFigure[] = []
      for (const contender of caches) {
        const figure = await measureRedisBytes(world, contender, asked)
        if (figure) figures.push(figure)
      }
      reportRedisBytes(figures)
      bytes.push(...figures)
    }
  }
  if (parts.includes('scaling')) {
    const few = { rounds: Math.min(3, effort.rounds), ms: effort.ms }
    const measures = ofRole('plain', 'floor', 'by hand', 'ours')
    for (const figures of [await measureRows(world, measures, few), await measureTags(world, ofRole('ours'), few)]) {
      reportScaling(figures)
      scaling.push(...figures)
    }
  }
  if (parts.includes('invalidation')) {
    const sizes = values.entries.split(',').map(Number)
    for (const store of ['memory', 'redis'] as const) {
      const costs = await invalidationCosts(built, world.plain, store, sizes, Math.ceil(turns / 2))
      reportInvalidation(store, costs)
      invalidation.push({ store, costs })
    }
  }
}

/** Plain Prisma comes along wherever it is the measure, asked for or not. */
function ofRole(...roles: readonly Contender['role'][]): Contender[] {
  const chosen = subjects.filter(({ name, role }) => roles.includes(role) && name !== plainPrisma.name)
  return roles.includes('plain') ? [plainPrisma, ...chosen] : chosen
}
