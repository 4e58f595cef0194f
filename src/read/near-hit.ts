import { isNull } from '../codec/typed-json.ts'
import { mayBeDue } from './early-refresh.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/**
 * The short way of a hit: an entry that was read before, under versions that can be had without a round trip. Compares
 * what the long way compares, see `judge`; for whatever is not plainly a hit the long way is asked.
 */
export function nearHit(plan: ReadPlan, context: ReadContext): { readonly value: unknown } | undefined {
  const { policy, key } = plan
  const recent = context.recent.of(plan)
  if (!recent?.copy || policy.refresh || context.verifications) return undefined
  const found = context.store.near?.(key, recent.asked)
  if (found?.entry !== recent.bytes) return undefined
  const { envelope, tags } = recent
  for (let i = 0; i < tags.length; i += 1) if (found.versions[i] !== envelope.versions[i]) return undefined
  const ageMs = Math.max(0, context.clock() - envelope.readAt)
  const leftMs = Math.min(envelope.freshForMs, isNull(envelope.payload) ? policy.nullTtlMs : policy.ttlMs) - ageMs
  // Whether it is renewed early is decided the long way.
  if (leftMs <= 0 || mayBeDue(leftMs, envelope.tookMs, policy.earlyRefresh)) return undefined
  let value: unknown
  try {
    value = recent.copy()
  } catch {
    return undefined
  }
  const { model, operation } = plan
  context.events.emit({ type: 'hit', model, operation, key, ageMs, tier: 'near', tags })
  return { value }
}
