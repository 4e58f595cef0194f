import type { EventHub } from '../events.ts'
import type { WriteSet } from '../query/write-set.ts'
import type { DeliveryOutcome, GuardedStore } from '../stores/guarded-store.ts'
import type { Tag } from '../tags/tag.ts'
import type { Hold } from './holds.ts'
import type { ShapesInUse } from './shapes-in-use.ts'
import type { Spellings } from './spellings.ts'

/** What made tags move, for events. */
export interface Cause {
  /** `write`, `transaction`, `raw`, `api`. */
  readonly cause: string
  readonly model?: string
  readonly operation?: string
}

/**
 * `hold`: what was taken for this write, and ends with it. `graceUntil` (epoch ms), where there is none: until then
 * entries may still be served stale, while they are renewed.
 */
export type Invalidate = (
  changes: WriteSet,
  cause: Cause,
  hold?: Hold | undefined,
  graceUntil?: number | undefined,
) => Promise<DeliveryOutcome>

/**
 * Moves tags, in one round trip and in bounded time; in two when shapes have come into use that this process had not
 * heard of. When it resolves, no read that begins afterwards in this process is served what was true before; where the
 * store did not acknowledge, the tags wait in `guardedStore` and are delivered before this process reads from it again.
 *
 * To be called after the commit: a shape that is not registered yet when the registries are compared will be read from
 * a database that shows the change.
 */
export function invalidator(
  store: GuardedStore,
  shapes: ShapesInUse,
  spellings: Spellings,
  events: EventHub,
): Invalidate {
  return async (changes, cause, hold, graceUntil) => {
    const spelt = [...changes.tags, ...shapes.movedBy(changes)]
    const moved = new Set([...spelt, ...spellings.widened(spelt)])
    if (moved.size === 0) {
      await hold?.release([])
      return 'delivered'
    }
    const begun = events.begin()
    const known = [...shapes.known(changes.changes.keys()), spellings.known()]
    const first = await (hold ? hold.release([...moved], known) : store.bump([...moved], known, graceUntil))
    shapes.learn(first.registries)
    const found = first.registries.length > 0 ? [...shapes.movedBy(changes)] : []
    const wide = spellings.besides([...spelt, ...found], first.registries)
    const missing = [...new Set([...found, ...wide])].filter((tag) => !moved.has(tag))
    const second = await again(missing, first.registries.length > 0)
    const delivery = first.delivery === 'delivered' ? second.delivery : first.delivery
    const ms = events.since(begun)
    const isLost = delivery === 'lost' && { isLost: true }
    const told = { tags: [...moved, ...missing], delivered: delivery === 'delivered', ...isLost, ...cause, ms }
    events.emit({ type: 'invalidate', ...told })
    return delivery

    /** An intent outlives what was told of shapes: those tags may be on their way when this process is killed. */
    async function again(tags: readonly Tag[], wasTold: boolean) {
      if (hold && wasTold) return hold.release(tags)
      return tags.length > 0 ? store.bump(tags, [], graceUntil) : { delivery: 'delivered' as const }
    }
  }
}
