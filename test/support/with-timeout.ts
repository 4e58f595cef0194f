import { setTimeout as sleep } from 'node:timers/promises'

/**
 * How long a test waits for what must come, in milliseconds. It ends a test that would hang, with the name of what did not
 * come, and judges nothing: a busy machine may take a hundred times as long as an idle one. So no test chooses its own.
 */
export const PATIENCE_MS = 60_000

/** Rejects, naming what was waited for, where a test would otherwise hang. Give `ms` only for what must not come. */
export async function withTimeout<T>(promise: PromiseLike<T>, what: string, ms = PATIENCE_MS): Promise<T> {
  const timer = new AbortController()
  const late = sleep(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${ms} ms`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => {})
    timer.abort()
  }
}

/** Asks again every few milliseconds until `probe` answers something; for the world outside this process only. */
export async function eventually<T>(probe: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what} took longer than ${PATIENCE_MS} ms`)
    await sleep(10)
  }
}
