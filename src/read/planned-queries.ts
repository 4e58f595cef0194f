import { LRUCache } from 'lru-cache'
import type { PlannedQuery } from './read-plan.ts'

/** Some four megabytes of texts, and what is known of their queries. */
const MAX_CHARACTERS = 2 * 1024 * 1024
const MAX_QUERIES = 5000

export type PlannedQueries = LRUCache<string, PlannedQuery>

/** Planning a query costs more than finding it here; a text that is longer than most is planned each time. */
export function plannedQueries(): PlannedQueries {
  return new LRUCache<string, PlannedQuery>({
    max: MAX_QUERIES,
    maxSize: MAX_CHARACTERS,
    maxEntrySize: 16 * 1024,
    sizeCalculation: (_, text) => text.length,
  })
}
