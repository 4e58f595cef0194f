import { type Envelope, readEnvelope } from '../codec/envelope.ts'
import { isNull } from '../codec/typed-json.ts'
import type { MissCause, Tier } from '../events.ts'
import type { Lease, LookUp } from '../stores/store.ts'
import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { graceUntil, HELD, type SeenVersion, type TagVersion } from '../tags/tag-versions.ts'
import { isDue } from './early-refresh.ts'
import type { ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'
import type { RecentEntry } from './recent-entries.ts'
import type { RegisteredShapes } from './registered-shapes.ts'

/** The versions tags have, by tag; `null` where nobody holds one. */
type Seen = Map<Tag, SeenVersion>

/** What the store knows of a read. A miss carries the versions to fill under, taken **before** the database is asked. */
export type Found =
  | {
      readonly kind: 'hit' | 'stale'
      readonly payload: string
      /** The same, read before. */
      readonly recent?: RecentEntry | undefined
      readonly ageMs: number
      readonly tier: Tier
      /** How long its query took, ms. */
      readonly tookMs: number
      /** Fresh, and to be renewed before its time. */
      readonly isDue: boolean
      /** Invalidated, in its grace: to be renewed under other versions than its own. */
      readonly isSoft: boolean
      /** Under which it was filled; they are those the tags have now, unless it is in its grace. */
      readonly versions: ReadonlyMap<Tag, TagVersion>
    }
  | {
      readonly kind: 'miss'
      readonly cause: MissCause
      readonly versions: ReadonlyMap<Tag, TagVersion>
      /** Of an entry that was invalidated: the tags that moved. */
      readonly moved?: readonly Tag[]
      /** How long the query took that stored the entry before, ms. */
      readonly tookMs?: number
    }
  /** A writer holds one of the tags: what is stored may be the past already, and what is read may not be stored. */
  | { readonly kind: 'held' }

/**
 * One round trip for a hit; a second one on a miss whose tags nobody holds a version of yet, or whose shapes are not
 * known to be registered. `ignoring`: why the entry is of no use. Rejects with the store.
 */
export function lookUp(plan: ReadPlan, context: ReadContext, ignoring?: MissCause, pastNear = false): Promise<Found> {
  const { store } = context
  const ask = (tags: readonly Tag[]) =>
    (pastNear ? undefined : store.near?.(plan.key, tags)) ?? store.lookUp(plan.key, tags, pastNear)
  return found(plan, context, ask, ignoring)
}

/** As `lookUp`, after having tried for a lease in the same round trip. */
export async function claimAndLookUp(
  plan: ReadPlan,
  lease: Lease,
  context: ReadContext,
): Promise<{ readonly granted: boolean; readonly found: Found }> {
  const { store } = context
  let granted = false
  try {
    const claim = async (tags: readonly Tag[]): Promise<LookUp> => {
      const claimed = await store.claim?.(lease, tags)
      if (!claimed) return store.lookUp(plan.key, tags, true)
      ;({ granted } = claimed)
      return claimed
    }
    return { found: await found(plan, context, claim), granted }
  } catch (error) {
    if (granted) context.background.run(Promise.resolve(store.endLease?.(lease)).catch(() => {}))
    throw error
  }
}

async function found(
  plan: ReadPlan,
  context: ReadContext,
  ask: (tags: readonly Tag[]) => Promise<LookUp> | LookUp,
  ignoring?: MissCause,
): Promise<Found> {
  const learned = context.learned.of(plan.key)
  const tags = learned ?? plan.watched
  const asked = plan.guards.length === 0 ? tags : [...tags, ...plan.guards]
  const { entry, versions, isNear } = await ask(asked)
  // A guard that is held only keeps tags from being derived.
  if (versions.lastIndexOf(HELD, tags.length - 1) >= 0) return { kind: 'held' }
  const seen: Seen = new Map(asked.map((tag, i) => [tag, versions[i] ?? null]))
  const tier = isNear || !context.store.isRemote ? 'near' : 'far'
  const judged = ignoring ? { cause: ignoring } : await judge(plan, { entry, tier }, seen, context)
  // Another process may have renewed what a copy here is too old for.
  if (isNear && !ignoring && !('kind' in judged && judged.kind === 'hit')) return lookUp(plan, context, ignoring, true)
  return 'kind' in judged ? judged : prepared(plan, { learned, ...judged }, seen, context)
}

/** What the database may be asked under: a version for every tag, and no shape that writers do not know of. */
async function prepared(
  plan: ReadPlan,
  { learned, ...miss }: Judged & { readonly learned: readonly Tag[] | undefined },
  seen: Seen,
  context: ReadContext,
  isSecondTry = false,
): Promise<Found> {
  const { store, registered } = context
  const shapes = learned ? plan.shapes.filter((shape) => learned.includes(anyValuesTag(shape))) : plan.shapes
  const unregistered = shapes.filter((shape) => !isRegistered(shape, seen, registered))
  const theirs = new Set(unregistered.flatMap((shape) => [everyShapeTag(shape.model), anyValuesTag(shape)]))
  const missing = (tag: Tag) => (seen.get(tag) ?? null) === null && !theirs.has(tag)
  // The last result told which tags it depends on; this one is expected to depend on the same, or is not stored.
  const needed = (learned ?? plan.watched).filter(missing)
  const absent = [...needed, ...plan.guards.filter((tag) => missing(tag) && !needed.includes(tag))]
  // Asked even when none is absent: misses of one tick then go on in one tick, and Prisma merges them into one statement.
  const [created, registrations] = await Promise.all([store.ensureVersions(absent), store.register(unregistered)])
  // A guard that is held only keeps tags from being derived.
  if (created.slice(0, needed.length).includes(HELD)) return { kind: 'held' }
  for (const [i, tag] of absent.entries()) seen.set(tag, created[i] as TagVersion)
  for (const [i, shape] of unregistered.entries()) {
    const versions = registrations[i]
    if (versions === undefined || versions === HELD) return { kind: 'held' }
    registered.add(shape, versions)
    // Later than what the look-up saw, and the ones under which writers know of the shape.
    seen.set(everyShapeTag(shape.model), versions.everyShape).set(anyValuesTag(shape), versions.anyValues)
  }
  // Registered under another version than the others of its model: the registry was lost in between, and it with it.
  const isLost = shapes.some((shape) => !isRegistered(shape, seen, registered))
  if (isLost) return isSecondTry ? { kind: 'held' } : prepared(plan, { learned, ...miss }, seen, context, true)
  return { kind: 'miss', ...miss, versions: seen as Map<Tag, TagVersion> }
}

interface Judged {
  readonly cause: MissCause
  readonly moved?: readonly Tag[]
  readonly tookMs?: number
}

function isRegistered(shape: ShapeKey, seen: Seen, registered: RegisteredShapes): boolean {
  const everyShape = seen.get(everyShapeTag(shape.model)) ?? null
  return registered.has(shape, { everyShape, anyValues: seen.get(anyValuesTag(shape)) ?? null })
}

async function judge(
  plan: ReadPlan,
  { entry, tier }: { readonly entry: string | undefined; readonly tier: Tier },
  seen: Seen,
  context: ReadContext,
): Promise<Exclude<Found, { kind: 'miss' }> | Judged> {
  const { policy } = plan
  if (policy.refresh) return { cause: 'refresh' }
  if (entry === undefined) return { cause: 'absent' }
  const before = context.recent.of(plan)
  const recent = before?.bytes === entry ? before : undefined
  let envelope: Envelope
  try {
    envelope = recent?.envelope ?? readEnvelope(entry)
  } catch (error) {
    context.events.emit({ type: 'error', during: 'decode', error, model: plan.model, operation: plan.operation })
    return { cause: 'unreadable' }
  }
  if (envelope.check !== plan.check) return { cause: 'absent' }
  const tags = recent?.tags ?? (envelope.tags.length === 0 ? plan.tags : envelope.tags.map((tag) => tagAt(plan, tag)))
  if (tags.length !== envelope.versions.length) return { cause: 'unreadable' }
  context.learned.learn(plan.key, envelope.tags.length === 0 ? undefined : tags)
  if (!(await allSeen(plan, tags, seen, context))) return { kind: 'held' }
  // First of all: an entry whose tags moved is never served, fresh, stale or otherwise, unless each of them was moved
  // softly, from the very version the entry holds, and its grace is not over. An absent version counts as moved: eviction, a flushed or restarted store and expiry may cost a miss, never a stale answer.
  const moved = tags.filter((tag, i) => seen.get(tag) !== envelope.versions[i])
  const { payload, tookMs } = envelope
  const isSoft = moved.length > 0
  if (isSoft) {
    const now = context.clock()
    const inGrace = tags.every((tag, i) => {
      const held = envelope.versions[i] as TagVersion
      return seen.get(tag) === held || graceUntil(held, seen.get(tag)) > now
    })
    if (!inGrace) return { cause: 'invalidated', moved, tookMs }
  }
  const ageMs = Math.max(0, context.clock() - envelope.readAt)
  // Another call may have stored it for longer than this one accepts.
  const freshForMs = Math.min(envelope.freshForMs, isNull(payload) ? policy.nullTtlMs : policy.ttlMs)
  if (ageMs >= freshForMs + policy.swrMs) return { cause: 'expired', tookMs }
  const versions = new Map(tags.map((tag, i) => [tag, envelope.versions[i] as TagVersion]))
  if (!recent) context.recent.remember(plan, entry, envelope, tags)
  const isFresh = ageMs < freshForMs && !isSoft
  return {
    kind: isFresh ? 'hit' : 'stale',
    payload,
    recent,
    ageMs,
    tookMs,
    tier,
    isDue: isFresh && isDue(freshForMs - ageMs, tookMs, policy.earlyRefresh, context.random),
    isSoft,
    versions,
  }
}

/** An entry names those of its tags that every look-up asks for by their place among them. */
function tagAt(plan: ReadPlan, tag: string): Tag {
  return /^\d+$/.test(tag) ? (plan.watched[Number(tag)] ?? tag) : tag
}

/** Looks up what an entry depends on besides; `false` when one of these tags is held. */
async function allSeen(plan: ReadPlan, tags: readonly Tag[], seen: Seen, context: ReadContext): Promise<boolean> {
  const unseen = tags.filter((tag) => !seen.has(tag))
  if (unseen.length === 0) return true
  const { versions } = await context.store.lookUp(plan.key, unseen)
  for (const [i, tag] of unseen.entries()) seen.set(tag, versions[i] ?? null)
  return !versions.includes(HELD)
}
