import { LRUCache } from 'lru-cache'
import type { Tag } from '../tags/tag.ts'

/** Some ten megabytes. */
const MAX_TAGS = 100_000

/**
 * The tags of entries that depend on others than their query tells, by key: known to whoever filled the entry or has
 * read it before, so that its next look-up asks for just these. Not knowing them costs a second round trip, nothing else.
 */
export class LearnedTags {
  readonly #tags = new LRUCache<string, readonly Tag[]>({
    maxSize: MAX_TAGS,
    sizeCalculation: (tags) => tags.length + 1,
  })

  of(key: string): readonly Tag[] | undefined {
    return this.#tags.get(key)
  }

  /** `undefined`: those its query tells. */
  learn(key: string, tags: readonly Tag[] | undefined): void {
    if (tags) this.#tags.set(key, tags)
    else if (this.#tags.has(key)) this.#tags.delete(key)
  }
}
