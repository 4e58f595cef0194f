import { type Awaitable, whenKnown } from '../awaitable.ts'
import { type Envelope, MAX_HEADER, readEnvelope } from '../codec/envelope.ts'
import { encode, isNull } from '../codec/typed-json.ts'
import { CodecError } from '../errors.ts'
import type { MissCause, Tier } from '../events.ts'
import { isCounter, type Lease, type LookUp, type Registration } from '../stores/store.ts'
import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { graceUntil, HELD, type SeenVersion, type TagVersion } from '../tags/tag-versions.ts'
import { isDue } from './early-refresh.ts'
import { answers } from './own-entry.ts'
import { keyringOf, type ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'
import type { RecentEntry } from './recent-entries.ts'
import { plainHit } from './recent-hit.ts'
import type { RegisteredShapes } from './registered-shapes.ts'

/** The versions tags have, by tag; `null` where nobody holds one. */
type Seen = Map<Tag, SeenVersion>

export interface Hit {
  readonly kind: 'hit' | 'stale'
  readonly payload: string
  /** The same, read before. */
  readonly recent?: RecentEntry | undefined
  readonly ageMs: number
  /** For how much longer; 0 of what is stale. */
  readonly freshForMs: number
  readonly tier: Tier
  /** How long its query took, ms. */
  readonly tookMs: number
  /** Fresh, and to be renewed before its time. */
  readonly isDue: boolean
  /** Invalidated, in its grace: to be renewed under other versions than its own. */
  readonly isSoft: boolean
  readonly tags: readonly Tag[]
  /** Under which it was filled; they are those the tags have now, unless it is in its grace. */
  readonly versions: () => ReadonlyMap<Tag, TagVersion>
}

/** What the store knows of a read. A miss carries the versions to fill under, taken **before** the database is asked. */
export type Found =
  | Hit
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
 * One round trip; a second one on a miss of which versions that were met before are gone, or whose shapes are not
 * known to be registered. `ignoring`: why the entry is of no use. Rejects with the store.
 */
export function lookUp(plan: ReadPlan, context: ReadContext, ignoring?: MissCause, pastNear = false): Awaitable<Found> {
  const { store } = context
  const ask = (tags: readonly Tag[]) =>
    (pastNear ? undefined : store.near?.(plan.key, tags)) ?? store.lookUp(plan.key, tags, { pastNear, creating: true })
  return found(plan, context, ask, ignoring)
}

/** What is stored, for those who cannot store anything themselves; past copies in the process. Rejects with the store. */
export async function glance(plan: ReadPlan, context: ReadContext): Promise<Judgement> {
  const tags = context.recent.of(plan)?.tags ?? context.learned.of(plan.key) ?? plan.watched
  const looked = await context.store.lookUp(plan.key, tags, { pastNear: true })
  return judge(plan, looked, new Map(tags.map((tag, i) => [tag, looked.versions[i] ?? null])), context)
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
      if (!claimed) return store.lookUp(plan.key, tags, { pastNear: true })
      ;({ granted } = claimed)
      return claimed
    }
    return { found: await found(plan, context, claim), granted }
  } catch (error) {
    if (granted) context.background.run(Promise.resolve(store.endLease?.(lease)).catch(() => {}))
    throw error
  }
}

function found(
  plan: ReadPlan,
  context: ReadContext,
  ask: (tags: readonly Tag[]) => Awaitable<LookUp>,
  ignoring?: MissCause,
): Awaitable<Found> {
  const begun = performance.now()
  const learned = context.learned.of(plan.key)
  // What is asked for besides, or less, than a miss needs is made good when it is one.
  const recent = context.recent.of(plan)
  const tags = recent?.tags ?? learned ?? plan.watched
  const asked = recent?.asked ?? (plan.guards.length === 0 ? tags : [...tags, ...plan.guards])
  return whenKnown(ask(asked), (looked) => {
    const { versions, isNear } = looked
    const plain = recent && !ignoring ? plainHit(plan, recent, looked, context) : undefined
    if (recent && plain) return hitOf(recent.envelope, recent.tags, { recent, ...plain, tier: tierOf(looked, context) })
    // A guard that is held only keeps tags from being derived; a value may depend on fewer tags than are asked for.
    if (!plan.own && versions.lastIndexOf(HELD, tags.length - 1) >= 0) return HELD_BACK
    const seen: Seen = new Map()
    for (let i = 0; i < asked.length; i += 1) seen.set(asked[i] as Tag, versions[i] ?? null)
    const verdict = ignoring ? { cause: ignoring } : judge(plan, looked, seen, context)
    return whenKnown(verdict, (judged): Awaitable<Found> => {
      // Another process may have renewed what a copy here is too old for.
      if (isNear && !ignoring && !('kind' in judged && judged.kind === 'hit'))
        return lookUp(plan, context, ignoring, true)
      if ('kind' in judged) return judged
      const known = { learned: plan.own ? undefined : learned, ...judged }
      return whenKnown(prepared(plan, known, seen, context), (missed) => {
        plan.account?.lookedUp(performance.now() - begun)
        return missed
      })
    })
  })
}

const HELD_BACK = { kind: 'held' } as const

/** What the database may be asked under: a version for every tag, and no shape that writers do not know of. */
function prepared(
  plan: ReadPlan,
  { learned, ...miss }: Judged & { readonly learned: readonly Tag[] | undefined },
  seen: Seen,
  context: ReadContext,
  isSecondTry = false,
): Awaitable<Found> {
  const { store, registered } = context
  const shapes = learned ? plan.shapes.filter((shape) => learned.includes(anyValuesTag(shape))) : plan.shapes
  const unregistered = shapes.filter((shape) => !isRegistered(shape, seen, registered))
  const theirs = new Set(unregistered.flatMap((shape) => [everyShapeTag(shape.model), anyValuesTag(shape)]))
  const missing = (tag: Tag) => (seen.get(tag) ?? null) === null && !theirs.has(tag)
  // The last result told which tags it depends on; this one is expected to depend on the same, or is not stored.
  const needed = (learned ?? plan.watched).filter(missing)
  const absent = [...needed, ...plan.guards.filter((tag) => missing(tag) && !needed.includes(tag))]
  if (plan.own && plan.watched.some((tag) => seen.get(tag) === HELD)) return HELD_BACK
  // Asked even when none is absent: misses of one tick then go on in one tick, and Prisma merges them into one statement.
  const answers = [
    store.ensureVersions(absent),
    store.register(unregistered),
    context.spellings.register(store, miss.moved),
  ] as const
  const goOn = (created: readonly TagVersion[], registrations: readonly Registration[]): Awaitable<Found> => {
    // A guard that is held only keeps tags from being derived.
    const held = created.indexOf(HELD)
    if (held >= 0 && held < needed.length) return HELD_BACK
    for (const [i, tag] of absent.entries()) seen.set(tag, created[i] as TagVersion)
    for (const [i, shape] of unregistered.entries()) {
      const versions = registrations[i]
      if (versions === undefined || versions === HELD) return HELD_BACK
      registered.add(shape, versions)
      // Later than what the look-up saw, and the ones under which writers know of the shape.
      seen.set(everyShapeTag(shape.model), versions.everyShape).set(anyValuesTag(shape), versions.anyValues)
    }
    // Registered under another version than the others of its model: the registry was lost in between, and it with it.
    const isLost = shapes.some((shape) => !isRegistered(shape, seen, registered))
    if (isLost) return isSecondTry ? HELD_BACK : prepared(plan, { learned, ...miss }, seen, context, true)
    return { kind: 'miss', ...miss, versions: seen as Map<Tag, TagVersion> }
  }
  const [created, registrations, spelling] = answers
  if (created instanceof Promise || registrations instanceof Promise || spelling instanceof Promise) {
    return Promise.all(answers).then(([created, registrations]) => goOn(created, registrations))
  }
  return goOn(created, registrations)
}

type Judgement = Exclude<Found, { kind: 'miss' }> | Judged

interface Judged {
  readonly cause: MissCause
  readonly moved?: readonly Tag[]
  readonly tookMs?: number
}

function isRegistered(shape: ShapeKey, seen: Seen, registered: RegisteredShapes): boolean {
  const everyShape = seen.get(everyShapeTag(shape.model)) ?? null
  return registered.has(shape, { everyShape, anyValues: seen.get(anyValuesTag(shape)) ?? null })
}

function judge(plan: ReadPlan, looked: LookUp, seen: Seen, context: ReadContext): Awaitable<Judgement> {
  const { policy } = plan
  const { entry, isNear = false } = looked
  if (policy.refresh) return { cause: 'refresh' }
  if (entry === undefined) return { cause: 'absent' }
  const tier = tierOf(looked, context)
  if (plan.own && isCounter(entry)) return answers(plan, [], isNear) ? counted(entry, tier) : { cause: 'absent' }
  const before = context.recent.of(plan)
  const recent = before?.bytes === entry ? before : undefined
  let envelope: Envelope
  try {
    envelope = recent?.envelope ?? readEntry(plan, entry, context)
  } catch (error) {
    context.events.emit({ type: 'error', during: 'decode', error, model: plan.model, operation: plan.operation })
    return { cause: 'unreadable' }
  }
  if (envelope.check !== plan.check) return { cause: 'absent' }
  const readable = recent ? envelope : opened(plan, envelope, context)
  if (!readable) return { cause: 'unreadable' }
  const tags = recent?.tags ?? tagsOf(plan, envelope)
  if (tags.length !== envelope.versions.length) return { cause: 'unreadable' }
  context.learned.learn(plan.key, envelope.tags.length === 0 ? undefined : tags)
  if (!answers(plan, tags, isNear)) return { cause: 'absent' }
  return whenKnown(allSeen(plan, tags, seen, context), (isFree) => {
    if (!isFree) return HELD_BACK
    const opening = { entry, envelope, readable, tags, recent }
    return judgeSeen(plan, opening, seen, tier, context)
  })
}

interface Opened {
  readonly entry: string
  readonly envelope: Envelope
  /** With its payload in the clear. */
  readonly readable: Envelope
  readonly tags: readonly Tag[]
  readonly recent: RecentEntry | undefined
}

/** All its tags are seen. */
function judgeSeen(
  plan: ReadPlan,
  { entry, envelope, readable, tags, recent }: Opened,
  seen: Seen,
  tier: Tier,
  context: ReadContext,
): Judgement {
  const { policy } = plan
  if (plan.own && tags.some((tag) => seen.get(tag) === HELD)) return HELD_BACK
  // First of all: an entry whose tags moved is never served, fresh, stale or otherwise, unless each of them was moved
  // softly, from the very version the entry holds, and its grace is not over. An absent version counts as moved: eviction,
  // a flushed or restarted store and expiry may cost a miss, never a stale answer.
  const moved = tags.filter((tag, i) => seen.get(tag) !== envelope.versions[i])
  const { tookMs } = envelope
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
  const freshForMs = Math.min(envelope.freshForMs, isNull(readable.payload) ? policy.nullTtlMs : policy.ttlMs)
  if (ageMs >= freshForMs + policy.swrMs) return { cause: 'expired', tookMs }
  // What is sealed is kept nowhere in the clear.
  const isKept = envelope.sealedWith === undefined
  const read = recent ?? (isKept ? context.recent.remember(plan, entry, envelope, tags) : { tags })
  const leftMs = isSoft ? 0 : Math.max(0, freshForMs - ageMs)
  const hit = hitOf(readable, read.tags, { recent, ageMs, freshForMs: leftMs, tier })
  if (leftMs === 0) return { ...hit, kind: 'stale', isSoft }
  return { ...hit, isDue: isDue(leftMs, tookMs, policy.earlyRefresh, context.random) }
}

/** @throws CodecError for what is no entry, or larger than any that is stored here. */
function readEntry(plan: ReadPlan, entry: string, { maxValueBytes }: ReadContext): Envelope {
  // Sealed, a payload takes a third more.
  if (entry.length > 2 * maxValueBytes(plan.model) + MAX_HEADER) throw new CodecError('too large an entry')
  return readEnvelope(entry)
}

/** A plain one. */
function hitOf(
  { payload, tookMs, versions }: Pick<Envelope, 'payload' | 'tookMs' | 'versions'>,
  tags: readonly Tag[],
  served: Pick<Hit, 'recent' | 'ageMs' | 'freshForMs' | 'tier'>,
): Hit {
  const { recent, ageMs, freshForMs, tier } = served
  return {
    kind: 'hit',
    payload,
    recent,
    ageMs,
    freshForMs,
    tookMs,
    tier,
    isDue: false,
    isSoft: false,
    tags,
    versions: () => new Map(tags.map((tag, i) => [tag, versions[i] as TagVersion])),
  }
}

function tagsOf(plan: ReadPlan, { tags }: Envelope): readonly Tag[] {
  if (plan.own) return tags
  return tags.length === 0 ? plan.tags : tags.map((tag) => tagAt(plan, tag))
}

/** Of a counter: the store ends it when its time is over. */
function counted(entry: string, tier: Tier): Hit {
  return hitOf({ payload: encode(Number(entry)), tookMs: 0, versions: [] }, [], {
    recent: undefined,
    ageMs: 0,
    freshForMs: 0,
    tier,
  })
}

function tierOf({ isNear }: LookUp, { store }: ReadContext): Tier {
  return isNear || !store.isRemote ? 'near' : 'far'
}

/** With what was encoded; `undefined`: not to be had, or not sealed where it must be, and so perhaps of somebody else's making. */
function opened(plan: ReadPlan, envelope: Envelope, context: ReadContext): Envelope | undefined {
  if (envelope.sealedWith === undefined && !plan.isSealed) return envelope
  try {
    if (envelope.sealedWith === undefined) throw new CodecError('an entry that must be sealed is not')
    return { ...envelope, payload: keyringOf(context).open(plan.key, envelope) }
  } catch (error) {
    context.events.emit({ type: 'error', during: 'decrypt', error, model: plan.model, operation: plan.operation })
    return undefined
  }
}

/** An entry names those of its tags that every look-up asks for by their place among them. */
function tagAt(plan: ReadPlan, tag: string): Tag {
  return /^\d+$/.test(tag) ? (plan.watched[Number(tag)] ?? tag) : tag
}

/** Looks up what an entry depends on besides; `false` when one of these tags is held. */
function allSeen(plan: ReadPlan, tags: readonly Tag[], seen: Seen, context: ReadContext): Awaitable<boolean> {
  const unseen = tags.filter((tag) => !seen.has(tag))
  if (unseen.length === 0) return true
  return context.store.lookUp(plan.key, unseen).then(({ versions }) => {
    for (const [i, tag] of unseen.entries()) seen.set(tag, versions[i] ?? null)
    return !versions.includes(HELD)
  })
}
