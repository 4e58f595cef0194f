import { CacheConfigError } from '../errors.ts'
import type { EventHub } from '../events.ts'

/** Says that processes of one prefix do not spell tags alike: it is correct, and invalidates far more than it need. */
export function warnOfSpellings(prefix: string, events: EventHub): void {
  const error = new CacheConfigError(
    'encryption.digestKey',
    `not all processes with the prefix ${JSON.stringify(prefix)} have the same`,
    'Until they have, each write invalidates whole models. Give all of them the same key, or each group a `prefix`.',
  )
  events.emit({ type: 'error', during: 'spelling', error })
  process.emitWarning(error.message, { code: 'PRISMA_QUERY_CACHE_DIGEST_KEYS' })
}
