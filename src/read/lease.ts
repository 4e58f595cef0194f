import type { LeaseRule } from '../policy/resolve-policy.ts'
import type { Lease } from '../stores/store.ts'
import { outOfScope } from '../tags/scope-tags.ts'
import { changesText, newToken } from '../tags/tag-clocks.ts'
import { digest } from './cache-key.ts'
import { claimAndLookUp, type Seen } from './look-up.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/** Pauses between two looks at what another process is doing, ms: the first, by how much they grow, the longest. */
const FIRST_PAUSE_MS = 4
const GROWTH = 1.5
const LONGEST_PAUSE_MS = 25

/** What a read that missed is to do. */
export type Turn =
  /** Ask the database under these clocks; `lease` is to be given back when the entry is stored, or will not be. */
  | { readonly kind: 'ask'; readonly seen: Seen; readonly lease?: Lease }
  /** Another process has stored the answer meanwhile. */
  | { readonly kind: 'found'; readonly payload: string }

/**
 * One process asks the database, the others wait for its entry. What they are served is what any look-up would serve,
 * under the tags' clocks of a moment after they began: a lease decides who asks and never what is fresh, so losing
 * one, or having two, costs a query and nothing else.
 *
 * Waits for at most `waitMs`; never rejects.
 */
export async function takeTurn(plan: ReadPlan, missed: Seen, rule: LeaseRule, context: ReadContext): Promise<Turn> {
  const deadline = performance.now() + rule.waitMs
  let seen = missed
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * GROWTH, LONGEST_PAUSE_MS)) {
    const lease = leaseOf(plan, seen, rule)
    const claimed = await claimAndLookUp(plan, lease, context).catch(() => undefined)
    if (!claimed) return { kind: 'ask', seen }
    const { granted, found } = claimed
    if (granted && found.kind === 'miss' && isUnder(lease, plan, found.seen)) {
      return { kind: 'ask', seen: found.seen, lease }
    }
    // Not needed, or of clocks that are no more.
    if (granted) endLease(lease, context)
    if (found.kind === 'held') return { kind: 'ask', seen }
    if (found.kind !== 'miss') return { kind: 'found', payload: found.payload }
    ;({ seen } = found)
    if (performance.now() + pauseMs > deadline) return { kind: 'ask', seen }
    // Apart from each other: those who wait for one entry began together.
    if (!granted) await new Promise((resolve) => setTimeout(resolve, pauseMs * (0.75 + Math.random() / 2)))
  }
}

/** For a refresh behind a caller who has his answer: whoever is not granted it leaves it to the one who was. */
export async function tryForLease(
  plan: ReadPlan,
  { seen, ageMs }: { readonly seen: Seen; readonly ageMs: number },
  rule: LeaseRule,
  context: ReadContext,
): Promise<Lease | undefined> {
  const lease = leaseOf(plan, seen, rule)
  const { granted, found } = await claimAndLookUp(plan, lease, context)
  if (!granted) return undefined
  // A younger one has been renewed meanwhile.
  if ((found.kind === 'hit' || found.kind === 'stale') && found.ageMs >= ageMs) return lease
  endLease(lease, context)
  return undefined
}

/** Behind the caller's back; one that could not be given back runs out. */
export function endLease(lease: Lease, { store, background }: ReadContext): void {
  background.run(Promise.resolve(store.endLease?.(lease)).catch(() => {}))
}

/**
 * A lease is of a key **and** the clocks its entry would be filled under: who begins after an invalidation must not
 * wait for a query that began before it.
 */
function leaseOf(plan: ReadPlan, seen: Seen, { leaseMs }: LeaseRule): Lease {
  return { key: plan.key, under: underText(plan, seen), holder: newToken(), leaseMs }
}

function isUnder({ under }: Lease, plan: ReadPlan, seen: Seen): boolean {
  return under === underText(plan, seen)
}

/** Of tags that every process looks up, whether or not an earlier result told it of finer ones. */
function underText(plan: ReadPlan, seen: Seen): string {
  const ofScope = plan.tags.filter((tag) => outOfScope(tag) !== undefined)
  const tags = plan.guards.length === 0 ? plan.watched : [...plan.guards, ...plan.policy.userTags, ...ofScope]
  return digest(`${plan.check} ${changesText(tags.map((tag) => [tag, seen.get(tag)]))}`)
}
