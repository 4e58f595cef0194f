import { LRUCache } from 'lru-cache'
import type { Part } from '../query/read-set.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { Omitted } from './omitted-fields.ts'

/** What is the same whenever a query is asked. */
export interface PlannedQuery {
  readonly digest: string
  /** Sorted, each once: an entry holds their versions in this order. */
  readonly tags: readonly Tag[]
  /** The same by place, where a result may tell of finer ones; what no place accounts for is in none. */
  readonly parts: readonly Part[]
  /** Tags that say whether anything was written while tags were derived from the result. */
  readonly guards: readonly Tag[]
  /** What a result of `null` depends on besides. */
  readonly absence: readonly Tag[]
  /** `tags` and `absence`: what every look-up asks for. */
  readonly watched: readonly Tag[]
  /** Shapes among them: registered before the database is asked. */
  readonly shapes: readonly ShapeKey[]
  /** What `omit` keeps out of the result, at any depth. */
  readonly omitted: Omitted | undefined
}

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
