import { audit } from './audit.ts'
import { freshValue } from './fresh-value.ts'
import { type Found, lookUp } from './look-up.ts'
import { nearHit } from './near-hit.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

interface Answer {
  readonly value: unknown
}

/** A read whose look-up is done; `answer` goes on from here. */
export interface LookedUp {
  readonly plan: ReadPlan
  /** `undefined`: the store did not answer. */
  readonly found: Found | undefined
  /** From `EventHub.begin`. */
  readonly begun: number
}

/**
 * The part of a read that needs no query, before Prisma is asked for one: a plain hit, or what the store says instead.
 * `undefined`: the store takes no round trip, so asking it first gains nothing.
 */
export function readAhead(
  plan: ReadPlan,
  context: ReadContext,
  begun: number,
): Answer | Promise<Answer | LookedUp> | undefined {
  const hit = nearHit(plan, context, begun)
  if (hit) return hit
  return context.store.isRemote ? askAhead(plan, context, begun) : undefined
}

async function askAhead(plan: ReadPlan, context: ReadContext, begun: number): Promise<Answer | LookedUp> {
  let found: Found | undefined
  try {
    found = await lookUp(plan, context)
    // What is to be renewed, judged by the application or compared may need the query.
    const isPlain =
      found.kind === 'hit' && !found.isDue && !plan.policy.validate && !context.verifications && !context.observes
    if (found.kind !== 'hit' || !isPlain) return { plan, found, begun }
    const made = freshValue(found.payload, context, found.recent)
    const value = made instanceof Promise ? await made : made
    const { model, operation, key } = plan
    plan.account?.hit()
    const { ageMs, freshForMs, tier, tags } = found
    const ms = context.events.since(begun)
    context.events.emit({ type: 'hit', model, operation, key, ageMs, freshForMs, tier, tags, ms })
    audit(plan, 'hit', context)
    return { value }
  } catch {
    // What cannot be decoded is read anew, and told, on the way that has a query.
    return { plan, found, begun }
  }
}
