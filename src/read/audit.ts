import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/** Tells of a read that the cache answered or will store, once for each model with `audit` that it reaches. */
export function audit(plan: ReadPlan, status: 'hit' | 'stale' | 'miss', { events, clock }: ReadContext): void {
  const { audited, operation, key, scope } = plan
  for (const model of audited) events.emit({ type: 'audit', model, operation, key, status, at: clock(), scope })
}
