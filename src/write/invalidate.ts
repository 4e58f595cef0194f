import type { EventHub } from '../events.ts'
import type { ResilientStore } from '../stores/resilient-store.ts'
import type { Tag } from '../tags/tag.ts'
import type { Hold } from './holds.ts'

/** What made tags move, for events. */
export interface Cause {
  /** `write`, `transaction`, `raw`, `api`. */
  readonly cause: string
  readonly model?: string
  readonly operation?: string
}

/** `hold`: what was taken for this write, and ends with it. */
export type Invalidate = (tags: Iterable<Tag>, cause: Cause, hold?: Hold | undefined) => Promise<void>

/**
 * Moves tags, in one round trip and in bounded time. When it resolves, no read that begins afterwards in this process is
 * served what was true before; where the store did not acknowledge, the tags wait in `resilientStore` and are delivered
 * before this process reads from it again.
 */
export function invalidator(store: ResilientStore, events: EventHub): Invalidate {
  return async (tags, cause, hold) => {
    const moved = [...new Set(tags)]
    if (moved.length === 0) return void (await hold?.release(moved))
    const delivered = (await (hold ? hold.release(moved) : store.bump(moved))) === 'delivered'
    events.emit({ type: 'invalidate', tags: moved, delivered, ...cause })
  }
}
