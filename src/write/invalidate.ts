import type { EventHub } from '../events.ts'
import type { ResilientStore } from '../stores/resilient-store.ts'
import type { Tag } from '../tags/tag.ts'

/** What made tags move, for events. */
export interface Cause {
  /** `write`, `transaction`, `raw`, `api`. */
  readonly cause: string
  readonly model?: string
  readonly operation?: string
}

export type Invalidate = (tags: Iterable<Tag>, cause: Cause) => Promise<void>

/**
 * Moves tags, in one round trip and in bounded time. When it resolves, no read that begins afterwards in this process is
 * served what was true before; where the store did not acknowledge, the tags wait in `resilientStore` and are delivered
 * before this process reads from it again.
 */
export function invalidator(store: ResilientStore, events: EventHub): Invalidate {
  return async (tags, cause) => {
    const moved = [...new Set(tags)]
    if (moved.length === 0) return
    const delivered = (await store.bump(moved)) === 'delivered'
    events.emit({ type: 'invalidate', tags: moved, delivered, ...cause })
  }
}
