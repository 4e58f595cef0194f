/**
 * What an entry costs to write, to read and to keep, by layout.
 *
 *     npx tsx bench/codec.ts [--ms 20] [--rounds 9] [--only ours]
 *
 * CPU µs, the least of the rounds in which the contestants take turns: what else runs on a machine, and the collector of
 * garbage that another one left behind, only ever add. Compare within one run. Each sees results of many
 * shapes, as in an application: an engine that is shown a single one flatters whoever builds objects field by field.
 */
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { buildingRows } from './codec/building-rows.ts'
import { contestants, type Made } from './codec/contestants.ts'
import { results } from './codec/results.ts'
import { print } from './environment.ts'

const { values } = parseArgs({
  options: {
    ms: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
  },
})
const KINDS = 40
const taking = contestants.filter(({ name }) => name.includes(values.only))

for (const [title, resultOf] of Object.entries(results)) {
  const made = taking.map((contestant) => Array.from({ length: KINDS }, (_, kind) => contestant.make(resultOf(kind))))
  for (const [i, { name, isExact }] of taking.entries()) {
    if (!isExact) continue
    for (const [kind, one] of (made[i] as Made[]).entries()) {
      if (!isDeepStrictEqual(one.decode(), resultOf(kind))) print(`  ${name} does NOT give back ${title}`)
    }
  }
  const times = made.map(() => ({ encode: [] as number[], decode: [] as number[] }))
  for (let round = -2; round < Number(values.rounds); round += 1) {
    for (const [i, all] of made.entries()) {
      for (const step of ['encode', 'decode'] as const) {
        const cost = microseconds(all, step)
        if (round >= 0) times[i]?.[step].push(cost)
      }
    }
  }
  print(`\n${title}${' '.repeat(Math.max(1, 30 - title.length))}   bytes   of JSON    encode    decode`)
  const json = made[0]?.[0]?.bytes ?? 0
  for (const [i, { name }] of taking.entries()) {
    const bytes = made[i]?.[0]?.bytes ?? 0
    const cost = (step: 'encode' | 'decode') => Math.min(...(times[i]?.[step] ?? [])).toFixed(2)
    print(
      `  ${name.padEnd(28)}${String(bytes).padStart(8)}${(bytes / json).toFixed(2).padStart(10)}${cost('encode').padStart(10)}${cost('decode').padStart(10)}`,
    )
  }
}

print('\n100 rows of 6 columns out of their columns, µs')
const tables = Array.from({ length: KINDS }, (_, kind) => {
  const rows = results['100 rows of 6 columns']?.(kind) as Record<string, unknown>[]
  const names = Object.keys(rows[0] ?? {})
  return { names, columns: names.map((name) => rows.map((row) => row[name])), size: rows.length }
})
for (const [name, build] of Object.entries(buildingRows)) {
  const all = tables.map(({ names, columns, size }) => ({ decode: () => build(names, columns, size) }))
  const costs = Array.from({ length: 2 + Number(values.rounds) }, () => microseconds(all, 'decode'))
  print(
    `  ${name.padEnd(28)}${Math.min(...costs)
      .toFixed(2)
      .padStart(10)}`,
  )
}

/** CPU time of one step, by one of another shape each time. */
function microseconds<Step extends 'encode' | 'decode'>(all: readonly Pick<Made, Step>[], step: Step): number {
  const until = performance.now() + Number(values.ms)
  const begun = process.cpuUsage()
  let calls = 0
  while (performance.now() < until) {
    for (const one of all) one[step]()
    calls += all.length
  }
  const { user, system } = process.cpuUsage(begun)
  return (user + system) / calls
}
