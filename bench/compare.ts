/**
 * What a cache costs and gives, beside plain Prisma, the least that is possible, and what else there is.
 *
 *     npm run bench -- [--database sqlite,postgresql] [--case findUnique,count] [--contender plain,floor,ours] [--json FILE]
 *
 * Each contender is first held against plain Prisma: what does not return the same is marked, and what returns other
 * values fails the run. Then all take turns in every round and medians are printed. CPU is what this process spends:
 * compare within one run, and trust CPU time over wall time. At the end the targets, met or not.
 *
 * Measures what users run, the built package: `npm run build` first, or name another with `--package`.
 */
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import type { Provider } from '../test/support/provider.ts'
import { CASES } from './compare/cases.ts'
import { contenders } from './compare/contenders.ts'
import { type HitFigure, measureHits, reportHits } from './compare/hits.ts'
import { withWorld } from './compare/world.ts'
import { print } from './environment.ts'

// As users run it: Prisma's development mode collects stack traces.
process.env['NODE_ENV'] = 'production'

const { values } = parseArgs({
  options: {
    database: { type: 'string', default: 'sqlite,postgresql' },
    /** Parts of names; several with commas. */
    case: { type: 'string', default: '' },
    contender: { type: 'string', default: '' },
    rounds: { type: 'string', default: '7' },
    /** Of each contender in each round, one at a time and in flight each. */
    ms: { type: 'string', default: '60' },
    /** A file for all figures. */
    json: { type: 'string' },
    package: { type: 'string', default: fileURLToPath(new URL('../dist/index.mjs', import.meta.url)) },
  },
})

const named = (wanted: string, name: string) => wanted.split(',').some((part) => name.includes(part.trim()))
const built = await import(pathToFileURL(resolve(values.package)).href)
const subjects = contenders(built).filter(({ name }) => named(values.contender, name))
const cases = CASES.filter(({ name }) => named(values.case, name))
const effort = { rounds: Number(values.rounds), ms: Number(values.ms) }
const hits: HitFigure[] = []

for (const database of values.database.split(',')) {
  await withWorld(database as Provider, async (world) => {
    for (const asked of cases) {
      const figures = await measureHits(world, subjects, asked, effort)
      reportHits(figures, (figure) => figure.cpuMicros)
      hits.push(...figures)
    }
  })
}

if (values.json) writeFileSync(values.json, `${JSON.stringify({ hits }, undefined, 2)}\n`)
const wrong = hits.filter((figure) => figure.wrong)
for (const figure of wrong) print(`WRONG: ${figure.contender}, ${figure.case}, ${figure.database}`)
if (wrong.length > 0) process.exitCode = 1
