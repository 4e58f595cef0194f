import { CacheConfigError } from '../errors.ts'
import type { CallOptions, ReadCacheOptions } from './options.ts'
import type { ReadCache } from './resolve-policy.ts'
import { secondsOf, type Ttl } from './ttl.ts'
import { assertReadCache, assertWriteCache } from './validate-options.ts'

/** Checks the `cache` of a read and of a write; what may be in it is bounded by the option `callOptions`. */
export interface CallRules {
  /** @throws CacheConfigError for what is wrong, or not allowed. */
  read(cache: unknown): ReadCache
  /** @throws CacheConfigError for what is wrong, or not allowed. */
  write(cache: unknown): void
}

export function callRules(rule: CallOptions | false | undefined): CallRules {
  const { allow, maxTtl } = rule || {}
  const bounded = (ttl: Ttl | undefined): Ttl | undefined =>
    ttl === undefined || maxTtl === undefined ? ttl : Math.min(secondsOf(ttl), secondsOf(maxTtl))

  function assertAllowed(cache: unknown): void {
    if (rule === false) throw refused('cache', 'Leave `cache` out of the arguments.')
    if (!allow || typeof cache !== 'object') return
    const other = Object.keys(cache as object).find((name) => !allow.includes(name as never))
    if (other !== undefined) throw refused(`cache.${other}`, `Allowed are: ${allow.join(', ') || 'none'}.`)
  }

  return {
    read(cache) {
      if (cache === undefined) return undefined
      if (typeof cache !== 'boolean') assertReadCache(cache)
      if (!rule && rule !== false) return cache as ReadCache
      assertAllowed(cache)
      if (typeof cache === 'boolean') return cache
      const { ttl, swr, nullTtl, ...rest } = cache as ReadCacheOptions
      return {
        ...rest,
        ...(ttl !== undefined && { ttl: bounded(ttl) }),
        ...(swr !== undefined && { swr: bounded(swr) }),
        ...(nullTtl !== undefined && { nullTtl: bounded(nullTtl) }),
      }
    },
    write(cache) {
      if (cache === undefined) return
      assertWriteCache(cache)
      assertAllowed(cache)
    },
  }
}

function refused(option: string, fix: string): CacheConfigError {
  return new CacheConfigError(option, 'the option `callOptions` does not allow it on a call', fix)
}
