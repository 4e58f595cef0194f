import type { CacheInfo } from '../control/cache-info.ts'

export type CacheStatus = 'HIT' | 'STALE' | 'MISS' | 'BYPASS'

/** What the cache did for a response, all its reads together. */
export interface ResponseReads {
  readonly status: CacheStatus
  /** Of the oldest answer that came from the cache; `undefined`: none did. */
  readonly ageMs: number | undefined
  /** For how much longer every answer is fresh; 0 where one was stale, or its read did not use the cache. */
  readonly freshForMs: number
}

/** The worst first: what is stale shows, a miss says that the database was waited for. */
const ORDER: readonly CacheInfo['status'][] = ['stale', 'miss', 'bypass', 'hit']

/** `undefined`: the response was made without a read. */
export function readsTogether(reads: readonly CacheInfo[]): ResponseReads | undefined {
  const worst = ORDER.find((status) => reads.some((read) => read.status === status))
  if (!worst) return undefined
  const ages = reads.flatMap((read) => ('ageMs' in read ? [read.ageMs] : []))
  return {
    status: worst.toUpperCase() as CacheStatus,
    ageMs: ages.length === 0 ? undefined : Math.max(...ages),
    freshForMs: Math.min(...reads.map((read) => ('freshForMs' in read ? read.freshForMs : 0))),
  }
}
