import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import { findMany, type Query } from './cases.ts'
import type { Contender, Opened } from './contender.ts'
import { type Effort, timeHits } from './timing.ts'
import type { World } from './world.ts'

export interface ScalingFigure {
  readonly of: 'rows' | 'tags'
  readonly size: number
  /** CPU µs a hit, by contender. */
  readonly cpuMicros: { readonly [contender: string]: number }
}

const ROWS = [1, 10, 100, 1000, 10_000]
const TAGS = [1, 5, 15, 50]

/** Few queries of a size: more lists of 10 000 rows are a lot to hold. */
const VARIANTS = 4

/** A hit by the number of rows it returns. */
export async function measureRows(
  world: World,
  contenders: readonly Contender[],
  effort: Effort,
): Promise<ScalingFigure[]> {
  const figures: ScalingFigure[] = []
  for (const size of ROWS) {
    const queries = Array.from({ length: VARIANTS }, (_, variant) => findMany(size).query(variant))
    figures.push({ of: 'rows', size, cpuMicros: await costs(world, contenders, queries, effort, size < 100) })
  }
  return figures
}

/** A hit by the number of tags the application gave it. */
export async function measureTags(
  world: World,
  contenders: readonly Contender[],
  effort: Effort,
): Promise<ScalingFigure[]> {
  const figures: ScalingFigure[] = []
  for (const size of TAGS) {
    const tags = Array.from({ length: size }, (_, i) => `tag-${i}`)
    const tagged = contenders.map((contender) => ({
      ...contender,
      async open(within: World): Promise<Opened> {
        const opened = await contender.open(within)
        return { ...opened, read: (query) => (opened.readTagged as Tagged)(Number(query.key), tags) }
      },
    }))
    const queries = Array.from({ length: VARIANTS }, (_, i): Query => ({ key: `${i + 1}`, run: async () => {} }))
    figures.push({ of: 'tags', size, cpuMicros: await costs(world, tagged, queries, effort, size < 100) })
  }
  return figures
}

type Tagged = NonNullable<Opened['readTagged']>

async function costs(
  world: World,
  contenders: readonly Contender[],
  queries: readonly Query[],
  effort: Effort,
  compiles: boolean,
): Promise<{ [contender: string]: number }> {
  const opened: Opened[] = []
  try {
    for (const contender of contenders) {
      const one = await contender.open(world)
      opened.push(one)
      for (const query of queries) await one.read(query)
      await one.settled()
      world.sql.clear()
      for (const query of queries) await one.read(query)
      const asked = world.sql.count()
      if (asked > 0 && contender.role !== 'plain') throw new Error(`${contender.name}: what is timed is no hit`)
    }
    // Untimed: one at a time a contender makes too few calls for its code to be compiled.
    if (compiles) await timeHits(opened, queries, { rounds: 0, ms: effort.ms })
    const timed = await timeHits(opened, queries, effort, { inFlight: false })
    world.sql.clear()
    return Object.fromEntries(contenders.map(({ name }, i) => [name, timed[i]?.cpuMicros ?? Number.NaN]))
  } finally {
    for (const one of opened) await one.close()
  }
}

export function reportScaling(figures: readonly ScalingFigure[]): void {
  const [first] = figures
  print(`\na hit by its number of ${first?.of}: CPU µs`)
  table(
    ['', ...figures.map(({ size }) => `${size}`)],
    Object.keys(first?.cpuMicros ?? {}).map((name) => [
      name,
      ...figures.map(({ cpuMicros }) => (cpuMicros[name] ?? Number.NaN).toFixed(1)),
    ]),
  )
}
