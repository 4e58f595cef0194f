import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import type { Case } from './cases.ts'
import type { Contender, Opened } from './contender.ts'
import { type StepCost, timeInTurn } from './timing.ts'
import type { World } from './world.ts'

export interface StepFigure extends StepCost {
  readonly database: string
  readonly case: string
}

/** Calls of each, one at a time, every query one nobody has asked before: what the first reader pays. */
export async function measureMisses(
  world: World,
  contenders: readonly Contender[],
  asked: Case,
  turns: number,
): Promise<StepFigure[]> {
  const opened: Opened[] = []
  try {
    for (const contender of contenders) opened.push(await contender.open(world))
    const steps = contenders.map(({ name }, i) => {
      const one = opened[i] as Opened
      let variant = 0
      return { name, run: () => one.read(asked.query(variant++)), after: () => one.settled() }
    })
    const costs = await timeInTurn(steps, turns)
    world.sql.clear()
    return costs.map((cost) => ({ ...cost, database: world.provider, case: asked.name }))
  } finally {
    for (const one of opened) await one.close()
  }
}

export function reportSteps(title: string, figures: readonly StepFigure[]): void {
  const [plain] = figures
  print(`\n${title}, ${plain?.database}`)
  table(
    ['', 'median µs', 'over plain, µs', 'of plain', 'CPU µs', 'over plain, CPU µs'],
    figures.map(({ name, micros, overMicros, cpuMicros }) => [
      name,
      micros.toFixed(0),
      overMicros.toFixed(0),
      `${((100 * overMicros) / (plain?.micros ?? 0)).toFixed(1)} %`,
      cpuMicros.toFixed(0),
      (cpuMicros - (plain?.cpuMicros ?? 0)).toFixed(0),
    ]),
  )
}
