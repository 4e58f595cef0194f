import { type Envelope, readEnvelope } from '../codec/envelope.ts'
import { isNull } from '../codec/typed-json.ts'
import type { MissCause } from '../events.ts'
import { HELD, type SeenVersion, type TagVersion, unchanged } from '../tags/tag-versions.ts'
import type { ReadPlan } from './plan-read.ts'
import type { ReadContext } from './read-context.ts'

/** What the store knows of a read. A miss carries the versions to fill under, taken **before** the database is asked. */
export type Found =
  | {
      readonly kind: 'hit' | 'stale'
      readonly payload: string
      readonly ageMs: number
      readonly versions: readonly TagVersion[]
    }
  | { readonly kind: 'miss'; readonly cause: MissCause; readonly versions: readonly TagVersion[] }
  /** A writer holds one of the tags: what is stored may be the past already, and what is read may not be stored. */
  | { readonly kind: 'held' }

/** One round trip for a hit; a second one on a miss whose tags nobody holds a version of yet. Rejects with the store. */
export async function lookUp(plan: ReadPlan, context: ReadContext): Promise<Found> {
  const { entry, versions } = await context.store.lookUp(plan.key, plan.tags)
  if (versions.includes(HELD)) return { kind: 'held' }
  const judged = judge(plan, entry, versions, context)
  if (typeof judged !== 'string') return judged
  const absent = plan.tags.filter((_, i) => versions[i] === null)
  // Asked even when none is absent: misses of one tick then go on in one tick, and Prisma merges them into one statement.
  const created = await context.store.ensureVersions(absent)
  if (created.includes(HELD)) return { kind: 'held' }
  let next = 0
  return {
    kind: 'miss',
    cause: judged,
    versions: versions.map((version) => version ?? (created[next++] as TagVersion)),
  }
}

function judge(
  plan: ReadPlan,
  entry: string | undefined,
  versions: readonly SeenVersion[],
  context: ReadContext,
): Extract<Found, { kind: 'hit' | 'stale' }> | MissCause {
  const { policy } = plan
  if (policy.refresh) return 'refresh'
  if (entry === undefined) return 'absent'
  let envelope: Envelope
  try {
    envelope = readEnvelope(entry)
  } catch (error) {
    context.events.emit({ type: 'error', during: 'decode', error, model: plan.model, operation: plan.operation })
    return 'unreadable'
  }
  if (envelope.check !== plan.check) return 'absent'
  // First of all: an entry whose tags moved is never served, fresh, stale or otherwise.
  if (!unchanged(envelope.versions, versions)) return 'invalidated'
  const { payload } = envelope
  const ageMs = Math.max(0, context.clock() - envelope.readAt)
  // Another call may have stored it for longer than this one accepts.
  const freshForMs = Math.min(envelope.freshForMs, isNull(payload) ? policy.nullTtlMs : policy.ttlMs)
  if (ageMs < freshForMs) return { kind: 'hit', payload, ageMs, versions: envelope.versions }
  if (ageMs < freshForMs + policy.swrMs) return { kind: 'stale', payload, ageMs, versions: envelope.versions }
  return 'expired'
}
