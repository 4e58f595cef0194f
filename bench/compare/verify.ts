import { isDeepStrictEqual } from 'node:util'
import type { Query } from './cases.ts'
import type { Contender, Opened } from './contender.ts'
import type { World } from './world.ts'

export interface Verified {
  /** Every hit is what plain Prisma returns, types included. */
  readonly equal: boolean
  /** Neither equal nor the same but for types: its times mean nothing. */
  readonly wrong: boolean
  /** Beside its figures: `not equal: Date`; empty where there is nothing to say. */
  readonly mark: string
}

/** Reads each query twice and compares both times; the second time must not reach the database. Leaves it warm. */
export async function verify(
  world: World,
  { role }: Contender,
  opened: Opened,
  queries: readonly Query[],
): Promise<Verified> {
  const expected: unknown[] = []
  for (const query of queries) expected.push(await query.run(world.plain))
  const differs = new Set<string>()
  let asked = 0
  for (let time = 0; time < 2; time += 1) {
    world.sql.clear()
    for (const [i, query] of queries.entries()) {
      for (const kind of differences(expected[i], await opened.read(query))) differs.add(kind)
    }
    asked = world.sql.count()
    await opened.settled()
  }
  const marks = differs.size > 0 ? [`not equal: ${[...differs].join(', ')}`] : []
  if (role !== 'plain' && asked > 0) marks.push(`${asked} of ${queries.length} hits asked the database`)
  return { equal: differs.size === 0, wrong: differs.has(WRONG), mark: marks.join('; ') }
}

export const WRONG = 'VALUES'

/** The types that came back as something else. */
export function differences(expected: unknown, actual: unknown): Iterable<string> {
  if (isDeepStrictEqual(actual, expected)) return []
  if (expected instanceof Date) return [actual === expected.toJSON() ? 'Date' : WRONG]
  if (!isContainer(expected) || !isContainer(actual)) return [WRONG]
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
  return new Set([...keys].flatMap((key) => [...differences(expected[key], actual[key])]))
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
