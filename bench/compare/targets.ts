import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import { findUnique, LIST } from './cases.ts'
import { farFloor, floor, plainPrisma } from './floors.ts'
import { floorOf, type HitFigure } from './hits.ts'
import type { StepFigure } from './misses.ts'
import { FAR, NEAR, VALIDATED } from './ours.ts'
import type { BytesFigure } from './redis-bytes.ts'
import { ROUND_TRIP } from './writes.ts'

export interface Measured {
  readonly hits: readonly HitFigure[]
  readonly misses: readonly StepFigure[]
  readonly writes: readonly StepFigure[]
  readonly bytes: readonly BytesFigure[]
}

export interface Target {
  readonly what: string
  readonly limit: string
  readonly figure: string
  /** `undefined`: not measured in this run. */
  readonly met: boolean | undefined
}

/** What the cache is to reach, beside what it reached. Costs are CPU, throughput and what a caller waits are wall time. */
export function targets(measured: Measured): Target[] {
  return [
    ...hitTargets(measured.hits),
    ...missTargets(measured.misses),
    ...writeTargets(measured.writes),
    ...['by hand', 'peer'].map((role) => fasterThan(role as HitFigure['role'], measured.hits)),
    ...byteTargets(measured.bytes),
  ]
}

/** Databases are no part of a hit; where plain Prisma is the measure, PostgreSQL is. */
function hitTargets(hits: readonly HitFigure[]): Target[] {
  const database = hits.some((one) => one.database === 'postgresql') ? 'postgresql' : hits[0]?.database
  const of = (asked: string) => hits.filter((hit) => hit.database === database && hit.case === asked)
  const [unique, list] = [of(findUnique.name), of(LIST.name)]
  const cpu = (among: readonly HitFigure[], name: string) => one(among, name)?.cpuMicros
  const perSecond = (name: string) => one(unique, name)?.perSecond
  const onPostgres = (name: string) => (database === 'postgresql' ? perSecond(name) : undefined)
  const far = floorOf(unique, 'redis')
  return [
    atMost('near hit, findUnique', 1.5, 'the floor', cpu(unique, NEAR), cpu(unique, floor.name)),
    atMost('near hit, 100 rows', 1.3, 'the floor and the copy', cpu(list, NEAR), cpu(list, floor.name)),
    atMost('far hit, findUnique', 1.25, 'hook + far floor', cpu(unique, FAR), far),
    atMost('far hit, 100 rows', 1.25, 'hook + far floor', cpu(list, FAR), floorOf(list, 'redis')),
    atLeast('far, 64 in flight, findUnique', 0.7, 'the far floor', perSecond(FAR), perSecond(farFloor.name)),
    atMost('validated hit, 100 rows', 0.6, 'the far hit', cpu(list, VALIDATED), cpu(list, FAR)),
    atLeast('far, 64 in flight, PostgreSQL', 3, 'plain', onPostgres(FAR), onPostgres(plainPrisma.name)),
    atLeast('near, 64 in flight, PostgreSQL', 5, 'plain', onPostgres(NEAR), onPostgres(plainPrisma.name)),
  ]
}

function one(among: readonly HitFigure[], name: string): HitFigure | undefined {
  return among.find(({ contender }) => contender === name)
}

function missTargets(misses: readonly StepFigure[]): Target[] {
  const onPostgres = misses.filter(({ database }) => database === 'postgresql')
  const of = (asked: string, name: string) => onPostgres.find((figure) => figure.case === asked && figure.name === name)
  return [findUnique.name, LIST.name].flatMap((asked) =>
    [NEAR, FAR].map((name) => {
      const over = of(asked, name)?.overMicros
      return atMost(
        `miss, ${name}: ${asked}`,
        0.1,
        'the plain query, over it',
        over,
        of(asked, plainPrisma.name)?.micros,
      )
    }),
  )
}

function writeTargets(writes: readonly StepFigure[]): Target[] {
  const databases = [...new Set(writes.map(({ database }) => database))]
  return databases.flatMap((database) => {
    const of = (name: string) => writes.find((figure) => figure.database === database && figure.name === name)
    const trip = of(ROUND_TRIP)?.micros
    return [NEAR, FAR].map((name) =>
      atMost(`write, ${name}, ${database}`, 1, 'a round trip, over plain', of(name)?.overMicros, trip),
    )
  })
}

/** In every case, in CPU one at a time and in calls a second in flight, among those that answer from the same place. */
function fasterThan(role: HitFigure['role'], hits: readonly HitFigure[]): Target {
  const lost = new Map<string, string[]>()
  let duels = 0
  let won = 0
  for (const ours of hits.filter((hit) => hit.role === 'ours')) {
    const rivals = hits.filter(
      (hit) => hit.role === role && hit.from === ours.from && hit.case === ours.case && hit.database === ours.database,
    )
    for (const rival of rivals) {
      const cpu = ours.cpuMicros / rival.cpuMicros
      const perSecond = ours.perSecond / rival.perSecond
      const isWon = cpu < 1 && perSecond > 1
      duels += 1
      if (isWon) won += 1
      const who = `${ours.contender} and ${rival.contender}${rival.mark && ` (${rival.mark})`}, ${ours.case}`
      const where = `${rival.database} CPU x${fixed(cpu)}, calls/s x${fixed(perSecond)}`
      if (!isWon) lost.set(who, [...(lost.get(who) ?? []), where])
    }
  }
  const lines = [...lost].map(([who, where]) => `${who}: ${where.join('; ')}`)
  const who = role === 'peer' ? 'every peer' : 'a cache by hand'
  return {
    what: `faster than ${who}`,
    limit: 'in every hit case',
    figure: [`${won} of ${duels}`, ...lines].join('\n'),
    met: duels === 0 ? undefined : won === duels,
  }
}

function byteTargets(bytes: readonly BytesFigure[]): Target[] {
  const of = (asked: string) => bytes.find((figure) => figure.case === asked && figure.contender === FAR)
  const [small, list] = [of(findUnique.name), of(LIST.name)]
  const over = small && small.value - small.json
  return [
    atMost('Redis bytes, 100 rows', 0.6, 'its JSON', list?.memory, list?.json),
    {
      // Of the value: what Redis takes for a key and itself is more than that, whoever stores it.
      what: 'Redis bytes, a small row',
      limit: 'JSON + 120 B',
      figure: over === undefined ? '-' : `JSON + ${over.toFixed(0)} B`,
      met: over === undefined ? undefined : over <= 120,
    },
  ]
}

function atMost(what: string, factor: number, of: string, figure = Number.NaN, measure = Number.NaN): Target {
  return judged(what, `≤ ${factor} x ${of}`, figure / measure, (ratio) => ratio <= factor)
}

function atLeast(what: string, factor: number, of: string, figure = Number.NaN, measure = Number.NaN): Target {
  return judged(what, `≥ ${factor} x ${of}`, figure / measure, (ratio) => ratio >= factor)
}

function judged(what: string, limit: string, ratio: number, met: (ratio: number) => boolean): Target {
  if (Number.isNaN(ratio)) return { what, limit, figure: '-', met: undefined }
  return { what, limit, figure: `x${fixed(ratio)}`, met: met(ratio) }
}

const fixed = (ratio: number) => ratio.toFixed(2)

export function reportTargets(all: readonly Target[]): void {
  const said = ({ met }: Target) => (met === undefined ? 'not measured' : met ? 'met' : 'NOT MET')
  print('\ntargets')
  table(
    ['', 'target', 'figure', ''],
    all.map((target) => [target.what, target.limit, target.figure.split('\n')[0] ?? '', said(target)]),
  )
  for (const { what, figure } of all) {
    const [, ...lines] = figure.split('\n')
    for (const line of lines) print(`    not ${what}: ${line}`)
  }
}
