import { StoreUnavailableError } from '../errors.ts'

/** Rejects after `ms`. A reply that lay in the socket while the event loop was blocked still counts as in time. */
export function inTime<T>(ms: number, run: () => Promise<T>, late?: () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let settled = false
    const timer = setTimeout(() => {
      // Timers run before the sockets are read: give the reply that may be waiting there one turn of the loop.
      setImmediate(() => {
        if (settled) return
        late?.()
        reject(new StoreUnavailableError(`no answer within ${ms} ms`))
      })
    }, ms)
    run().then(
      (value) => {
        settled = true
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        settled = true
        clearTimeout(timer)
        reject(error instanceof Error ? error : new StoreUnavailableError(String(error)))
      },
    )
  })
}
