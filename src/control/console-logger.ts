import type { CacheLogger } from '../policy/options.ts'

/** Where the cache speaks when nobody said otherwise: an application whose cache is gone should find out by its log. */
export const consoleLogger: CacheLogger = {
  warn: (message) => console.warn(message),
}
