import type { Awaitable } from '../awaitable.ts'
import { StoreUnavailableError, storeError } from '../errors.ts'
import { afterLoopTime } from './loop-time.ts'

/** Rejects after `ms` in which the event loop was running: a reply that lay in the socket while it was blocked is in time. */
export function inTime<T>(ms: number, run: () => Awaitable<T>, late?: () => void): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = afterLoopTime(ms, () => {
      late?.()
      reject(new StoreUnavailableError(`no answer within ${ms} ms`))
    })
    Promise.resolve(run()).then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error: unknown) => {
        cancel()
        reject(error instanceof Error ? error : storeError(error))
      },
    )
  })
}
