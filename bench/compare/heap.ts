import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import type { Case } from './cases.ts'
import type { Contender } from './contender.ts'
import type { World } from './world.ts'

export interface HeapFigure {
  readonly case: string
  readonly contender: string
  readonly json: number
  /** Bytes of the heap an entry adds, all that is kept for it: tags, plans, lists of the store. */
  readonly heap: number
}

/** What an entry takes in this process: the heap after a collection, before and after so many different reads. */
export async function measureHeap(
  world: World,
  contender: Contender,
  asked: Case,
  entries: number,
): Promise<HeapFigure> {
  const opened = await contender.open(world)
  try {
    // What is made once, by the first reads of a kind, is not an entry's; what was there before us is gone by then.
    const first = Math.ceil(entries / 2)
    for (let variant = 0; variant < first; variant += 1) await opened.read(asked.query(variant))
    const before = await heapUsed(world, opened)
    let json = 0
    for (let variant = first; variant < first + entries; variant += 1) {
      const result = await opened.read(asked.query(variant))
      json += Buffer.byteLength(JSON.stringify(result))
    }
    const after = await heapUsed(world, opened)
    return { case: asked.name, contender: contender.name, json: json / entries, heap: (after - before) / entries }
  } finally {
    await opened.close()
  }
}

async function heapUsed(world: World, opened: { settled(): Promise<void> }): Promise<number> {
  await opened.settled()
  // The tap keeps every statement.
  world.sql.clear()
  let least = Number.POSITIVE_INFINITY
  // One collection frees what lets the next one free more: what was there before must be gone when counting begins.
  for (let same = 0; same < 5; same += 1) {
    collect()
    const { heapUsed, external } = process.memoryUsage()
    if (heapUsed + external < least - 20_000) same = 0
    least = Math.min(least, heapUsed + external)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  return least
}

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

export function reportHeap(figures: readonly HeapFigure[]): void {
  print(`\nin the process, bytes of heap an entry: ${figures[0]?.case}`)
  table(
    ['', 'JSON', 'heap', 'of JSON'],
    figures.map(({ contender, json, heap }) => [
      contender,
      json.toFixed(0),
      heap.toFixed(0),
      `x${(heap / json).toFixed(2)}`,
    ]),
  )
}
