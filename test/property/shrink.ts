import { Late } from './late.ts'
import type { Mismatch } from './play.ts'
import type { Scenario } from './scenario.ts'

/** Plays a scenario; the mismatch it ends in, if it does. */
export type Replay = (scenario: Scenario) => Promise<Mismatch | undefined>

/**
 * A small scenario that fails still. A scenario is plain data, and is cut down as such: fast-check's own shrinking knows
 * neither after which step the failure showed nor which read it was, and a run of hundreds of queries is too dear to find
 * that out by halves.
 */
export async function shrink(
  scenario: Scenario,
  found: Mismatch,
  replay: Replay,
  untilMs: number,
): Promise<{ scenario: Scenario; mismatch: Mismatch }> {
  let best = { scenario, mismatch: found }
  const fails = async (candidate: Scenario) => {
    if (Date.now() > untilMs) return false
    const mismatch = await replay(candidate)
    // Cut too far, a scenario may fail in another way, or make no sense.
    if (mismatch?.kind !== found.kind) return false
    best = { scenario: candidate, mismatch }
    return true
  }

  const { step, read } = found
  await fails({ ...scenario, steps: scenario.steps.slice(0, step + 1) })
  if (read !== undefined) await fails({ ...best.scenario, panel: best.scenario.panel.slice(read, read + 1) })

  let before: Scenario
  do {
    before = best.scenario
    for (let size = before.steps.length; size >= 1; size = Math.floor(size / 2)) {
      for (let at = best.scenario.steps.length - size; at >= 0; at -= size) {
        const { steps, panel } = best.scenario
        if (at < steps.length) await fails({ panel, steps: steps.toSpliced(at, size) })
      }
    }
    for (let at = best.scenario.panel.length - 1; at >= 0; at -= 1) {
      await fails({ ...best.scenario, panel: best.scenario.panel.toSpliced(at, 1) })
    }
    // Each part left out that can be, the outer ones first; after a success the same place holds the next part.
    for (let place = 0; ; ) {
      const candidate = without(best.scenario, place)
      if (!candidate) break
      if (!(await fails(candidate as Scenario))) place += 1
    }
  } while (before !== best.scenario && Date.now() < untilMs)
  return best
}

/** `value` without its `place`-th part, counted from the outside in; `undefined` when it has fewer. */
function without(value: unknown, place: number): unknown {
  for (const [number, smaller] of enumerate(smallerOnes(value))) if (number === place) return smaller
  return undefined
}

function* enumerate<T>(values: Iterable<T>): Generator<readonly [number, T]> {
  let number = 0
  for (const value of values) yield [number++, value]
}

function* smallerOnes(value: unknown): Generator<unknown> {
  if (
    typeof value !== 'object' ||
    value === null ||
    value instanceof Late ||
    value instanceof Date ||
    value instanceof Uint8Array
  )
    return
  if (Array.isArray(value)) {
    if (value.length > 1 || !isPrimitive(value[0])) for (const i of value.keys()) yield value.toSpliced(i, 1)
    for (const [i, element] of value.entries()) for (const smaller of smallerOnes(element)) yield value.with(i, smaller)
  } else {
    const entries = Object.entries(value)
    for (const [i, [key]] of entries.entries()) if (!FRAME.has(key)) yield Object.fromEntries(entries.toSpliced(i, 1))
    for (const [i, [key, member]] of entries.entries()) {
      // Prisma panics at an empty condition there, and answers nothing any more after that.
      if (key === 'having') continue
      for (const smaller of smallerOnes(member)) yield Object.fromEntries(entries.with(i, [key, smaller]))
    }
  }
}

function isPrimitive(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/** What a scenario cannot be played without. */
const FRAME: ReadonlySet<string> = new Set(
  'panel steps do write action read reads target kind model operation args hops statement pieces values form operations body end onError client'.split(
    ' ',
  ),
)
