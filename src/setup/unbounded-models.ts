import type { CacheStore } from '../stores/store.ts'

/**
 * Says once a process that `maxEntries` of a model bounds nothing where all entries are in Redis. No error: which store
 * there is may be told by the environment, and the option be meant for where it is the memory.
 */
export function warnOfUnboundedModels(maxEntries: ReadonlyMap<string, number>, store: CacheStore): void {
  if (maxEntries.size === 0 || store.boundsModels || isWarned) return
  isWarned = true
  process.emitWarning(
    `\`maxEntries\` of ${[...maxEntries.keys()].join(', ')} bounds the entries kept in this process, and the store ` +
      `"${store.name}" keeps none here: add \`near\`, or bound Redis by its \`maxmemory\`.`,
    { code: 'PRISMA_QUERY_CACHE_MAX_ENTRIES' },
  )
}

let isWarned = false
