import { isNull } from '../codec/typed-json.ts'
import type { LookUp } from '../stores/store.ts'
import { isCurrent } from '../tags/tag-clocks.ts'
import { mayBeDue } from './early-refresh.ts'
import { answers } from './own-entry.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'
import type { RecentEntry } from './recent-entries.ts'

/**
 * How old an entry is that was read before and is plainly a hit, no tag changed since, and for how much longer it is
 * fresh. Compares what `judge` compares of an entry it has to parse; `undefined`: ask there. `found` begins with the
 * clocks of the entry's tags.
 */
export function plainHit(
  plan: ReadPlan,
  { bytes, envelope, tags, stamps }: RecentEntry,
  found: LookUp,
  context: ReadContext,
): { readonly ageMs: number; readonly freshForMs: number } | undefined {
  const { policy } = plan
  if (found.entry !== bytes || policy.refresh) return undefined
  if (plan.own && !answers(plan, tags, found.isNear === true)) return undefined
  for (let i = 0; i < tags.length; i += 1) if (!isCurrent(stamps[i], found.clocks[i])) return undefined
  const ageMs = Math.max(0, context.clock() - envelope.readAt)
  const leftMs = Math.min(envelope.freshForMs, isNull(envelope.payload) ? policy.nullTtlMs : policy.ttlMs) - ageMs
  // Whether it is renewed early is decided the long way.
  if (leftMs <= 0 || mayBeDue(leftMs, envelope.tookMs, policy.earlyRefresh)) return undefined
  return { ageMs, freshForMs: leftMs }
}
