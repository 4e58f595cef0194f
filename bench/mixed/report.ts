import { print } from '../environment.ts'
import { percent, table } from '../precision/report.ts'
import { NO_OPERATION, PLAIN } from './contenders.ts'
import type { Checked, Latency, PromiseCounts, Timing, Verified } from './job.ts'

/** A contender in one mix. */
export interface Figure {
  readonly name: string
  readonly timing: Timing
  readonly checked?: Checked | undefined
}

/** What a stretch of a run costs for each call. */
export interface Stretch {
  readonly perSecond: number
  readonly cpuMicros: number
  readonly statements: number
}

/** From the call `from` to the call before `to`. */
function stretch({ marks }: Timing, from: number, to: number): Stretch {
  const begin = marks.findLast(({ at }) => at <= from) ?? marks[0]
  const end = marks.find(({ at }) => at >= to) ?? marks.at(-1)
  if (!begin || !end || begin === end) return { perSecond: Number.NaN, cpuMicros: Number.NaN, statements: Number.NaN }
  const calls = end.at - begin.at
  return {
    perSecond: (1000 * calls) / (end.ms - begin.ms),
    cpuMicros: (end.cpuMicros - begin.cpuMicros) / calls,
    statements: (end.statements - begin.statements) / calls,
  }
}

export interface Stretches {
  readonly cold: number
  readonly calls: number
}

/** From here on a cache has seen enough to know what is not worth keeping. */
const SETTLED_AFTER = 2000

/** Beside the mean of the plain runs before and after. */
export function reportMix(figures: readonly Figure[], { cold, calls }: Stretches): void {
  const plain = figures.filter(({ name }) => name === PLAIN)
  const of = (from: number, to: number) => {
    const base = plain.map(({ timing }) => stretch(timing, from, to))
    const mean = (value: keyof Stretch) => base.reduce((sum, one) => sum + one[value], 0) / base.length
    return (timing: Timing, value: keyof Stretch) => stretch(timing, from, to)[value] / mean(value)
  }
  const [first, later, warm] = [of(0, cold), of(SETTLED_AFTER, calls), of(cold, calls)]
  table(
    [
      '',
      'CPU µs a call',
      'CPU cold',
      `CPU after ${SETTLED_AFTER}`,
      'CPU warm',
      'calls/s cold',
      'calls/s warm',
      'saved cold',
      'saved warm',
      'hits',
      'STALE',
    ],
    figures.map(({ name, timing, checked }) => [
      name,
      stretch(timing, cold, calls).cpuMicros.toFixed(0),
      times(first(timing, 'cpuMicros')),
      times(later(timing, 'cpuMicros')),
      times(warm(timing, 'cpuMicros')),
      times(first(timing, 'perSecond')),
      times(warm(timing, 'perSecond')),
      percent(1 - first(timing, 'statements'), 1),
      percent(1 - warm(timing, 'statements'), 1),
      timing.hitRatio === undefined ? '-' : percent(timing.hitRatio, 1),
      checked ? `${checked.stale} of ${checked.checked}` : '-',
    ]),
  )
  print()
  table(
    ['', 'read p50/p99 ms, cold', 'warm', 'write p50/p99, cold', 'warm', 'Redis keys', 'MB', 'server CPU µs a call'],
    figures.map(({ name, timing }) => [
      name,
      both(timing.cold, 'read'),
      both(timing.warm, 'read'),
      both(timing.cold, 'write'),
      both(timing.warm, 'write'),
      timing.redisKeys,
      (timing.redisBytes / 1e6).toFixed(1),
      Object.entries(timing.serverCpu)
        .map(([server, micros]) => `${server} ${micros?.toFixed(0) ?? '-'}`)
        .join(' · '),
    ]),
  )
  reportOverNoOperation(figures, { cold, calls })
  for (const { name, timing, checked } of figures) {
    const errors = Object.entries(timing.errors).map(([during, count]) => `${count} x ${during}`)
    if (errors.length > 0) print(`  errors of ${name}: ${errors.join(', ')}`)
    if (timing.refused > 0) print(`  refused writes of ${name}: ${timing.refused}`)
    for (const example of checked?.examples ?? []) print(`  stale, ${name}: ${example}`)
  }
}

/** What each call costs that no other query extension would. */
function reportOverNoOperation(figures: readonly Figure[], { cold, calls }: Stretches): void {
  const floor = figures.find(({ name }) => name === NO_OPERATION)
  if (!floor) return
  const cpu = ({ timing }: Figure) => stretch(timing, cold, calls).cpuMicros
  const over = figures
    .filter(({ name }) => name !== NO_OPERATION && name !== PLAIN)
    .map((figure) => `${figure.name} ${(cpu(figure) - cpu(floor)).toFixed(0)}`)
  print(`  CPU µs a call over the no-op extension, warm: ${over.join(' · ')}`)
}

const times = (ratio: number) => `x${ratio.toFixed(2)}`
const both = (latency: Latency, of: 'read' | 'write') => `${ms(latency[of].p50)} / ${ms(latency[of].p99)}`
const ms = (one: number) => (Number.isNaN(one) ? '-' : one.toFixed(1))

export function reportVerified(name: string, { reads, differences }: Verified): void {
  print(`  ${name}: ${reads} reads, twice${differences.length === 0 ? '' : `; NOT EQUAL: ${differences.join(', ')}`}`)
}

export function reportPromises(counts: readonly (readonly [name: string, counts: PromiseCounts])[]): void {
  print('\npromises for each call, those of Prisma and the drivers included')
  table(
    ['', 'hit', 'miss', 'write'],
    counts.map(([name, { hit, miss, write }]) => [name, hit.toFixed(1), miss.toFixed(1), write.toFixed(1)]),
  )
}
