import { NOT_TIMED } from '../events.ts'
import { audit } from './audit.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'
import { plainHit } from './recent-hit.ts'

/**
 * The short way of a hit: an entry that was read before, under versions that can be had without a round trip. For
 * whatever is not plainly a hit the long way is asked.
 */
export function nearHit(
  plan: ReadPlan,
  context: ReadContext,
  begun = NOT_TIMED,
): { readonly value: unknown } | undefined {
  const recent = context.recent.of(plan)
  if (!recent?.copy || plan.policy.validate || context.verifications || context.observes) return undefined
  const found = context.store.near?.(plan.key, recent.asked)
  const plain = found && plainHit(plan, recent, found, context)
  if (!plain) return undefined
  let value: unknown
  try {
    value = recent.copy()
  } catch {
    return undefined
  }
  const { model, operation, key } = plan
  const { events } = context
  plan.account?.hit()
  const ms = events.since(begun)
  events.emit({ type: 'hit', model, operation, key, ...plain, tier: 'near', tags: recent.tags, ms })
  audit(plan, 'hit', context)
  return { value }
}
