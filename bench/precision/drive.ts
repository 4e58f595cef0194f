import type { Call } from './trace.ts'

export interface Driven {
  /** A caller takes the call with this number. */
  started?(at: number): void
  /** The caller waited so many milliseconds. */
  ended?(at: number, call: Call, ms: number): void
}

/** A row that is gone, or two writers at odds: what the shop would show its user. */
const REFUSED = new Set(['P2025', 'P2034', 'P2028'])

/**
 * Runs the calls in their order, so many in flight, each caller waiting for its answer before it takes the next call.
 * Returns how many writes the database refused because of another one in flight.
 */
export async function drive(
  calls: readonly Call[],
  inFlight: number,
  perform: (call: Call) => PromiseLike<unknown>,
  { started, ended }: Driven,
): Promise<number> {
  let refused = 0
  let next = 0
  const caller = async () => {
    while (next < calls.length) {
      const at = next++
      started?.(at)
      const call = calls[at] as Call
      const begun = performance.now()
      try {
        await perform(call)
      } catch (error) {
        if (!REFUSED.has(String((error as { code?: unknown }).code))) throw error
        refused += 1
      }
      ended?.(at, call, performance.now() - begun)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, caller))
  return refused
}
