import { type Awaitable, whenKnown } from '../awaitable.ts'
import { type Envelope, MAX_HEADER, readEnvelope } from '../codec/envelope.ts'
import { encode, isNull } from '../codec/typed-json.ts'
import { CodecError } from '../errors.ts'
import type { MissCause, Tier } from '../events.ts'
import { isCounter, type Lease, type LookUp, type Registration } from '../stores/store.ts'
import { anyValuesTag } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import { graceUntil, isCurrent, LOCKED, recordOf, type SeenTag, type Stamp } from '../tags/tag-clocks.ts'
import { isDue } from './early-refresh.ts'
import { answers } from './own-entry.ts'
import { keyringOf, type ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'
import { type RecentEntry, withGuards } from './recent-entries.ts'
import { plainHit } from './recent-hit.ts'

/** The clocks of tags, as they were seen. */
export type Seen = ReadonlyMap<Tag, SeenTag>

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
  /** Invalidated, in its grace: to be renewed. */
  readonly isSoft: boolean
  readonly tags: readonly Tag[]
  /** The stamps it was filled under, one for each tag. */
  readonly stamps: readonly Stamp[]
  /** What the look-up saw: an answer of the database that is asked for now may be stored under it. */
  readonly seen: () => Seen
}

/** What the store knows of a read. A miss carries the clocks to fill under, seen **before** the database is asked. */
export type Found =
  | Hit
  | {
      readonly kind: 'miss'
      readonly cause: MissCause
      readonly seen: Seen
      /** Of an entry that was invalidated: the tags that changed. */
      readonly moved?: readonly Tag[]
      /** How long the query took that stored the entry before, ms. */
      readonly tookMs?: number
    }
  /** A writer has locked one of the tags: what is stored may be the past already, and what is read may not be stored. */
  | { readonly kind: 'held' }

/**
 * One round trip; a second one on a miss whose shapes are not known to be registered. `ignoring`: why the entry is of no use. Rejects with the store.
 */
export function lookUp(plan: ReadPlan, context: ReadContext, ignoring?: MissCause, pastNear = false): Awaitable<Found> {
  const { store } = context
  const ask = (tags: readonly Tag[]) =>
    (pastNear ? undefined : store.near?.(plan.key, tags)) ?? store.lookUp(plan.key, tags, { pastNear })
  return found(plan, context, ask, ignoring)
}

/** What is stored, for those who cannot store anything themselves; past copies in the process. Rejects with the store. */
export async function glance(plan: ReadPlan, context: ReadContext): Promise<Judgement> {
  const tags = context.recent.of(plan)?.tags ?? context.learned.of(plan.key) ?? plan.watched
  const looked = await context.store.lookUp(plan.key, tags, { pastNear: true })
  return judge(plan, looked, seenBy(tags, looked), context)
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
  const asked = recent?.asked ?? withGuards(tags, plan)
  return whenKnown(ask(asked), (looked) => {
    const { clocks, isNear } = looked
    const plain = recent && !ignoring ? plainHit(plan, recent, looked, context) : undefined
    if (recent && plain) {
      const served = { recent, ...plain, tier: tierOf(looked, context) }
      return hitOf(
        recent.envelope,
        { tags: recent.tags, stamps: recent.stamps, seen: () => seenBy(asked, looked) },
        served,
      )
    }
    // A guard that is locked only keeps tags from being derived; a value may depend on fewer tags than are asked for.
    if (!plan.own && clocks.lastIndexOf(LOCKED, tags.length - 1) >= 0) return LOCKED_OUT
    const seen = seenBy(asked, looked)
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

const LOCKED_OUT = { kind: 'held' } as const

function seenBy(tags: readonly Tag[], { clocks }: LookUp): Map<Tag, SeenTag> {
  const seen = new Map<Tag, SeenTag>()
  for (let i = 0; i < tags.length; i += 1) seen.set(tags[i] as Tag, clocks[i] as SeenTag)
  return seen
}

/** What the database may be asked under: no tag that is locked, and no shape that writers do not know of. */
function prepared(
  plan: ReadPlan,
  { learned, ...miss }: Judged & { readonly learned: readonly Tag[] | undefined },
  seen: Map<Tag, SeenTag>,
  context: ReadContext,
): Awaitable<Found> {
  // An entry that was read before may have depended on other records than this call names.
  const records = new Set<string>()
  for (const tag of seen.keys()) records.add(recordOf(tag))
  const others = (learned ?? plan.watched).filter((tag) => !records.has(recordOf(tag)))
  return whenKnown(allSeen(plan, others, seen, context), (isFree) => {
    if (!isFree || (plan.own && plan.watched.some((tag) => seen.get(tag) === LOCKED))) return LOCKED_OUT
    return withShapes(plan, { learned, ...miss }, seen, context)
  })
}

function withShapes(
  plan: ReadPlan,
  { learned, ...miss }: Judged & { readonly learned: readonly Tag[] | undefined },
  seen: Map<Tag, SeenTag>,
  context: ReadContext,
): Awaitable<Found> {
  const { store, registered } = context
  // The last result told which tags it depends on; this one is expected to depend on the same, or is not stored.
  const shapes = learned ? plan.shapes.filter((shape) => learned.includes(anyValuesTag(shape))) : plan.shapes
  const unregistered = shapes.filter((shape) => !registered.has(shape, seen.get(anyValuesTag(shape))))
  // Asked even when all are: misses of one tick then go on in one tick, and Prisma merges them into one statement.
  const answers = [store.register(unregistered), context.spellings.register(store, miss.moved)] as const
  const goOn = (registrations: readonly Registration[]): Found => {
    for (const [i, shape] of unregistered.entries()) {
      const stamp = registrations[i]
      if (stamp === undefined || stamp === LOCKED) return LOCKED_OUT
      registered.add(shape, stamp)
    }
    return { kind: 'miss', ...miss, seen }
  }
  const [registrations, spelling] = answers
  if (registrations instanceof Promise || spelling instanceof Promise) {
    return Promise.all(answers).then(([registrations]) => goOn(registrations))
  }
  return goOn(registrations)
}

type Judgement = Exclude<Found, { kind: 'miss' }> | Judged

interface Judged {
  readonly cause: MissCause
  readonly moved?: readonly Tag[]
  readonly tookMs?: number
}

function judge(plan: ReadPlan, looked: LookUp, seen: Map<Tag, SeenTag>, context: ReadContext): Awaitable<Judgement> {
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
  const stamps = recent?.stamps ?? stampsOfTags(tags, envelope)
  if (!stamps) return { cause: 'unreadable' }
  context.learned.learn(plan.key, envelope.tags.length === 0 ? undefined : tags)
  if (!answers(plan, tags, isNear)) return { cause: 'absent' }
  return whenKnown(allSeen(plan, tags, seen, context), (isFree) => {
    if (!isFree) return LOCKED_OUT
    const opening = { entry, envelope, readable, tags, stamps, recent }
    return judgeSeen(plan, opening, seen, tier, context)
  })
}

interface Opened {
  readonly entry: string
  readonly envelope: Envelope
  /** With its payload in the clear. */
  readonly readable: Envelope
  readonly tags: readonly Tag[]
  readonly stamps: readonly Stamp[]
  readonly recent: RecentEntry | undefined
}

/** All its tags are seen. */
function judgeSeen(
  plan: ReadPlan,
  { entry, envelope, readable, tags, stamps, recent }: Opened,
  seen: Seen,
  tier: Tier,
  context: ReadContext,
): Judgement {
  const { policy } = plan
  if (plan.own && tags.some((tag) => seen.get(tag) === LOCKED)) return LOCKED_OUT
  // First of all: an entry whose tags changed is never served, fresh, stale or otherwise, unless each of them changed
  // softly and its grace is not over.
  const moved = tags.filter((tag, i) => !isCurrent(stamps[i], seen.get(tag)))
  const { tookMs } = envelope
  const isSoft = moved.length > 0
  if (isSoft) {
    const now = context.clock()
    const inGrace = tags.every((tag, i) => {
      const clock = seen.get(tag)
      return isCurrent(stamps[i], clock) || graceUntil(stamps[i], clock) > now
    })
    if (!inGrace) return { cause: 'invalidated', moved, tookMs }
  }
  const ageMs = Math.max(0, context.clock() - envelope.readAt)
  // Another call may have stored it for longer than this one accepts.
  const freshForMs = Math.min(envelope.freshForMs, isNull(readable.payload) ? policy.nullTtlMs : policy.ttlMs)
  if (ageMs >= freshForMs + policy.swrMs) return { cause: 'expired', tookMs }
  // What is sealed is kept nowhere in the clear.
  const isKept = envelope.sealedWith === undefined
  const read = recent ?? (isKept ? context.recent.remember(plan, entry, envelope, { tags, stamps }) : { tags, stamps })
  const leftMs = isSoft ? 0 : Math.max(0, freshForMs - ageMs)
  const hit = hitOf(readable, { ...read, seen: () => seen }, { recent, ageMs, freshForMs: leftMs, tier })
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
  { payload, tookMs }: Pick<Envelope, 'payload' | 'tookMs'>,
  { tags, stamps, seen }: Pick<Hit, 'tags' | 'stamps' | 'seen'>,
  { recent, ageMs, freshForMs, tier }: Pick<Hit, 'recent' | 'ageMs' | 'freshForMs' | 'tier'>,
): Hit {
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
    stamps,
    seen,
  }
}

/** The stamp of each tag: an entry holds one for each record, in the order of its tags. */
function stampsOfTags(tags: readonly Tag[], { stamps }: Envelope): readonly Stamp[] | undefined {
  const byRecord = new Map<string, Stamp | undefined>()
  for (const tag of tags) {
    const record = recordOf(tag)
    if (!byRecord.has(record)) byRecord.set(record, stamps[byRecord.size])
  }
  if (byRecord.size !== stamps.length) return undefined
  return tags.map((tag) => byRecord.get(recordOf(tag)) as Stamp)
}

function tagsOf(plan: ReadPlan, { tags }: Envelope): readonly Tag[] {
  if (plan.own) return tags
  return tags.length === 0 ? plan.tags : tags.map((tag) => tagAt(plan, tag))
}

/** Of a counter: the store ends it when its time is over. */
function counted(entry: string, tier: Tier): Hit {
  const depends = { tags: [], stamps: [], seen: () => new Map() }
  return hitOf({ payload: encode(Number(entry)), tookMs: 0 }, depends, {
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

/**
 * Looks up what an entry depends on besides; `false` when one of these tags is locked. Each clock says its epoch and floor
 * again: a record that was lost in between must not pass for one without changes.
 */
function allSeen(
  plan: ReadPlan,
  tags: readonly Tag[],
  seen: Map<Tag, SeenTag>,
  { store }: ReadContext,
): Awaitable<boolean> {
  const unseen = tags.filter((tag) => !seen.has(tag))
  if (unseen.length === 0) return true
  const looked = (store.isRemote ? undefined : store.near?.(plan.key, unseen)) ?? store.lookUp(plan.key, unseen)
  return whenKnown(looked, ({ clocks }) => {
    for (const [i, tag] of unseen.entries()) seen.set(tag, clocks[i] as SeenTag)
    return !clocks.includes(LOCKED)
  })
}
