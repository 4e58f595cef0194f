import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { KINDS } from './check.ts'
import { INVALIDATIONS } from './contestant.ts'
import { withDatabase } from './environment.ts'
import { SCHEDULES } from './faults.ts'
import { type RunResult, run } from './run.ts'

// Several processes read and write through the cache while things go wrong; what each of them saw is checked:
//
//     npm run check:histories -- --seconds 600 --seed 7
//     npm run check:histories -- --mode strict --faults kill-at-commit,failover
//     npm run check:histories -- --database mariadb    postgresql or mariadb
//     npm run check:histories -- --mode naive          the control: it must be found guilty

const { values } = parseArgs({
  options: {
    /** Of all schedules together. */
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    workers: { type: 'string', default: '3' },
    concurrency: { type: 'string', default: '8' },
    /** How many of a hundred steps write: more writes are more races, fewer hits. */
    writes: { type: 'string', default: '3' },
    mode: { type: 'string', default: 'default' },
    database: { type: 'string', default: 'postgresql' },
    /** model, row or shape; left out: what the extension does by itself. */
    invalidation: { type: 'string' },
    /** validated or subscribed; left out: no copies in the processes. */
    near: { type: 'string' },
    faults: { type: 'string', default: 'all' },
    json: { type: 'boolean', default: false },
    /** A folder to keep the histories in. */
    keep: { type: 'string' },
  },
})
const whole = (name: 'seconds' | 'seed' | 'workers' | 'concurrency' | 'writes') => {
  const value = values[name]
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new Error(`--${name} ${value}: a whole number above zero is wanted`)
  return Number(value)
}
const mode = (['default', 'strict', 'naive'] as const).find((name) => name === values.mode)
if (!mode) throw new Error(`--mode ${values.mode}: default, strict or naive`)
const provider = ({ postgresql: 'postgresql', mariadb: 'mysql' } as const)[values.database]
if (!provider) throw new Error(`--database ${values.database}: postgresql or mariadb`)
const invalidation = INVALIDATIONS.find((name) => name === values.invalidation)
if (values.invalidation && !invalidation)
  throw new Error(`--invalidation ${values.invalidation}: ${INVALIDATIONS.join()}`)
const near = (['revalidate', 'push'] as const).find((name) => name === values.near)
if (values.near && !near) throw new Error(`--near ${values.near}: validated or subscribed`)
const names = { all: Object.keys(SCHEDULES), none: ['calm'] }[values.faults] ?? values.faults.split(',')
const unknown = names.filter((name) => !SCHEDULES[name])
if (unknown.length > 0) throw new Error(`--faults ${unknown}: ${Object.keys(SCHEDULES).join(', ')}`)

const seconds = whole('seconds') / names.length
let guilty = 0
let idle = 0
let operations = 0
await withDatabase(provider, async (database) => {
  for (const [i, name] of names.entries()) {
    const keep = values.keep && join(values.keep, name)
    if (keep) mkdirSync(keep, { recursive: true })
    const result = await run(SCHEDULES[name]!, {
      seconds,
      seed: whole('seed') + i,
      workers: whole('workers'),
      concurrency: whole('concurrency'),
      writes: whole('writes') / 100,
      mode,
      invalidation,
      near,
      provider,
      database,
      ...(keep && { keep }),
    })
    operations += result.reads + result.writes
    const found = wrong(result)
    if (mode === 'naive' ? found === 0 : found > 0) guilty += 1
    // A run in which nothing happened proves nothing.
    if (result.writes - result.aborted < 5 || result.hitRatio < 0.01) {
      idle += 1
      process.stderr.write(`${name}: hardly anything was written, or hardly anything hit: run it for longer\n`)
    }
    print(values.json ? JSON.stringify({ schedule: name, mode, ...result }) : report(name, result))
  }
})
if (!values.json) {
  const verdict =
    mode === 'naive' ? `${guilty} schedules did not find it guilty` : `${guilty} schedules with violations`
  print(
    `${operations} operations on ${values.database} checked in ${names.length} schedules, mode ${mode}: ${verdict}, ${idle} idle`,
  )
}
process.exitCode = guilty + idle > 0 ? 1 : 0

function wrong({ violations, different }: RunResult): number {
  return Object.values(violations).reduce((sum, count) => sum + count, different.length)
}

function report(name: string, result: RunResult): string {
  const { reads, writes, seconds, hitRatio, aborted, unknown, killed, violations, unacknowledged, undelivered } = result
  const perSecond = Math.round((reads + writes) / seconds)
  const found = KINDS.filter((kind) => violations[kind] > 0).map((kind) => `${violations[kind]} ${kind}`)
  if (result.different.length > 0) found.push(`${result.different.length} of ${result.compared} last reads`)
  const lines = [
    `${name.padEnd(18)} ${reads + writes} operations (${perSecond}/s, ${writes} writes, ${aborted} aborted, ${unknown} unknown, ` +
      `${killed} killed), hits ${(hitRatio * 100).toFixed(0)} %, unacknowledged ${unacknowledged}, undelivered ${undelivered}, violations: ${found.join(', ') || 'none'}`,
  ]
  for (const [what, times] of Object.entries(result.errors)) lines.push(`  ${times} × ${what}`)
  if (mode !== 'naive') {
    for (const { kind, process, object, read, start, end, detail } of result.examples.slice(0, 8)) {
      lines.push(`  ${kind}: process ${process}, ${read}, ${object} ${detail} (${start} to ${end})`)
    }
    for (const what of result.different.slice(0, 4)) lines.push(`  last read: ${what.slice(0, 400)}`)
  }
  return lines.join('\n')
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
