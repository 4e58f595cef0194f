import { findConfig } from '../config/load-config.ts'
import type { CacheOptions, ModelCachePolicy } from '../policy/options.ts'

/**
 * Says once a process that a config file was looked for in vain and no model is cached: the process may have begun in
 * another directory than it was meant to. `given` are the options given in code, `all` those of file and environment too.
 */
export function warnOfNothingCached(given: CacheOptions, all: CacheOptions): void {
  const { defaults, models = {} } = all
  if (isWarned || given.configFile !== undefined || [defaults, ...Object.values(models)].some(hasTtl)) return
  if (findConfig(undefined) !== undefined) return
  isWarned = true
  process.emitWarning(
    `There is no cache.config.* in ${process.cwd()}, and no model has a \`ttl\`: reads are cached only where a call asks ` +
      'for it. Give the path as `configFile`, or `configFile: false` if it is meant so.',
    { code: 'PRISMA_QUERY_CACHE_NOTHING_CACHED' },
  )
}

function hasTtl(policy: ModelCachePolicy | false | undefined): boolean {
  return policy !== false && [policy, ...Object.values(policy?.operations ?? {})].some((one) => one && Boolean(one.ttl))
}

let isWarned = false
