import { storeError } from '../errors.ts'
import type { EventHub } from '../events.ts'
import type { CacheLogger } from '../policy/options.ts'

const NAME = 'prisma-extension-query-cache'

/**
 * Says in a line that the store was lost and why, and in another one that it is back; that an invalidation is lost for
 * good it says once. `where` is the address of the store, without secrets.
 */
export function logStore(logger: CacheLogger, events: EventHub, where: () => string): void {
  const info = (message: string) => (logger.info ?? logger.warn).call(logger, `${NAME}: ${message}`)
  const warn = (message: string) => logger.warn(`${NAME}: ${message}`)
  let reason = 'it does not answer'
  let isLost = false
  let hasLost = false
  events.on('error', ({ error }) => {
    reason = storeError(error).message
  })
  events.on('store', ({ state, undelivered }) => {
    if ((state !== 'ok') === isLost) return
    isLost = state !== 'ok'
    if (!isLost) return info(`${where()} is back, queries are cached again`)
    const waiting = undelivered === 0 ? '' : ' Other processes may serve old results until it is told what has changed.'
    warn(
      `${where()} cannot be used: ${reason}. Queries go to the database until it is back, which is found out by itself.${waiting}`,
    )
  })
  events.on('invalidate', ({ isLost: isLostForGood }) => {
    if (!isLostForGood || hasLost) return
    hasLost = true
    warn(
      `a write was made after $cache.disconnect(), and ${where()} could not be told: other processes may serve old results. Disconnect the cache last.`,
    )
  })
}
