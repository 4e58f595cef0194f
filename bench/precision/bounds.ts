import type { Call, TracedRead, TracedWrite } from './trace.ts'

/** What the database said to each read of a trace, in its order. */
export interface Answer {
  /** The same as to the last read of the same query: this one could have been a hit. */
  readonly unchanged: boolean
  /** SELECTs of a plain client. */
  readonly selects: number
}

/** A perfect cache of some knowledge, simulated: never expires, evicts or errs, and knows what each call touches. */
export interface Bound {
  readonly name: string
  /** What is forgotten by: of the names in `Read.needs`. */
  readonly dependencies: (needs: readonly string[]) => readonly string[]
}

const EVERYTHING = '*'

export const BOUNDS: readonly Bound[] = [
  { name: 'bound: whole cache', dependencies: () => [EVERYTHING] },
  { name: 'bound: model', dependencies: (needs) => needs.map(modelOf) },
  { name: 'bound: row', dependencies: (needs) => needs },
]

/** Of every read whether it hits. */
export function simulate({ dependencies }: Bound, trace: readonly Call[]): boolean[] {
  const changedAt = new Map<string, number>()
  const storedAt = new Map<string, number>()
  const hits: boolean[] = []
  const read = ({ query, needs }: TracedRead, now: number) => {
    const stored = storedAt.get(query)
    hits.push(stored !== undefined && dependencies(needs).every((name) => (changedAt.get(name) ?? -1) < stored))
    storedAt.set(query, now)
  }
  const write = ({ changes }: TracedWrite, now: number) => {
    for (const name of changes) for (const moved of [name, modelOf(name), EVERYTHING]) changedAt.set(moved, now)
  }
  for (const [now, call] of trace.entries()) {
    if (call.type === 'read') read(call, now)
    else write(call, now)
  }
  return hits
}

function modelOf(need: string): string {
  return need.split(':')[0] as string
}
