import { setTimeout as sleep } from 'node:timers/promises'

/** Rejects, naming what was waited for, where a test would otherwise hang until the runner's own limit. */
export async function withTimeout<T>(promise: PromiseLike<T>, ms: number, what: string): Promise<T> {
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
export async function eventually<T>(probe: () => Promise<T | undefined>, ms: number, what: string): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const answer = await probe()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`${what} took longer than ${ms} ms`)
    await sleep(10)
  }
}
