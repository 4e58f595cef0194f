import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import type { Case } from './cases.ts'
import type { Contender, Opened } from './contender.ts'
import { farFloor, floor, hook } from './floors.ts'
import { type Cost, type Effort, IN_FLIGHT, timeHits } from './timing.ts'
import { type Verified, verify } from './verify.ts'
import type { World } from './world.ts'

export interface HitFigure extends Cost, Verified {
  readonly database: string
  readonly case: string
  readonly contender: string
  readonly role: Contender['role']
  readonly from: Contender['from']
}

const VARIANTS = 64

/** What a hit of each contender costs, after it has shown that it returns what Prisma returns. */
export async function measureHits(
  world: World,
  contenders: readonly Contender[],
  asked: Case,
  effort: Effort,
): Promise<HitFigure[]> {
  const queries = Array.from({ length: VARIANTS }, (_, variant) => asked.query(variant))
  const opened: Opened[] = []
  try {
    const verified: Verified[] = []
    for (const contender of contenders) {
      const one = await contender.open(world)
      opened.push(one)
      verified.push(await verify(world, contender, one, queries))
    }
    const costs = await timeHits(opened, queries, effort)
    world.sql.clear()
    return contenders.map(({ name, role, from }, i) => ({
      database: world.provider,
      case: asked.name,
      contender: name,
      role,
      from,
      ...(verified[i] as Verified),
      ...(costs[i] as Cost),
    }))
  } finally {
    for (const one of opened) await one.close()
  }
}

export function reportHits(figures: readonly HitFigure[]): void {
  const [first] = figures
  const plain = figures.find(({ role }) => role === 'plain')
  print(`\nhit: ${first?.case}, ${first?.database}`)
  table(
    ['', 'µs', 'CPU µs', 'of plain', 'of its floor', `${IN_FLIGHT} in flight: CPU µs`, 'calls/s', 'of plain', ''],
    figures.map((figure) => [
      figure.contender,
      figure.micros.toFixed(1),
      figure.cpuMicros.toFixed(1),
      ratio(figure.cpuMicros, plain?.cpuMicros),
      ratio(figure.cpuMicros, floorOf(figures, figure.from)),
      figure.cpuMicrosInFlight.toFixed(1),
      figure.perSecond.toFixed(0),
      ratio(figure.perSecond, plain?.perSecond),
      figure.mark,
    ]),
  )
}

/**
 * Below this no extension can go: from memory the hook and a copy, from Redis the hook and the far floor, whose parsing
 * makes the copy. Who stands around Prisma instead of in it pays for no hook, and can.
 */
export function floorOf(figures: readonly HitFigure[], from: Contender['from']): number | undefined {
  const of = (name: string) => figures.find(({ contender }) => contender === name)?.cpuMicros ?? Number.NaN
  if (from === 'memory') return of(floor.name)
  return from === 'redis' ? of(hook.name) + of(farFloor.name) : undefined
}

const ratio = (part: number, whole = Number.NaN) => (part / whole > 0 ? `x${(part / whole).toFixed(2)}` : '-')
