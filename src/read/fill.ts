import type { Awaitable } from '../awaitable.ts'
import { OversizeError } from '../codec/budget.ts'
import { writeEnvelope } from '../codec/envelope.ts'
import { encode } from '../codec/typed-json.ts'
import { withoutUndefined } from '../codec/without-undefined.ts'
import { CodecError } from '../errors.ts'
import type { SkipFillReason } from '../events.ts'
import { derivedTags } from '../query/derived-tags.ts'
import { anyValuesTag } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import { LOCKED, recordOf, type Stamp, stampsOf } from '../tags/tag-clocks.ts'
import type { Seen } from './look-up.ts'
import { showsOmitted } from './omitted-fields.ts'
import { keyringOf, type ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/** When and under which clocks the database was asked. */
export interface Asked {
  readonly at: number
  readonly seen: Seen
  /** See `unregisteredTags`. */
  readonly unregistered: ReadonlySet<Tag>
  /** By how much the event loop was late since then, ms. */
  readonly lateMs?: number
  /** From `SharedConnection`. */
  readonly ticket: number
  /** Whether a `null` may be Prisma's own, see `MergedReads`. */
  readonly wasMerged?: boolean
  /** Called when the result is stored (`true`) or will not be, with how long the query took. */
  readonly done?: (isStored: boolean, tookMs: number) => void
}

interface Snapshot {
  readonly payload: string
  readonly bytes: number
  readonly isNull: boolean
  /** Tags it may depend on instead of those of its query. */
  readonly finer: readonly Tag[] | undefined
}

/**
 * Takes a snapshot of a result and stores it behind the caller's back; the snapshot, for reads that wait for the same
 * result, or `undefined` when it may not be shared, or is too large: they ask for themselves then, as without a cache. Must
 * run before the caller sees the result: Prisma and the caller change the object they are given.
 */
export function fill(plan: ReadPlan, result: unknown, asked: Asked, context: ReadContext): string | undefined {
  const begun = performance.now()
  const payload = snapshotOf(plan, result, asked, context)
  plan.account?.filled(performance.now() - begun)
  return payload
}

function snapshotOf(plan: ReadPlan, result: unknown, asked: Asked, context: ReadContext): string | undefined {
  const tookMs = Math.max(0, Math.round(context.clock() - asked.at - (asked.lateMs ?? 0)))
  if (result === undefined) return skip('undefined')
  if (!context.connection.onlyCommitted(asked.ticket)) return skip('shared-connection')
  if (result === null && asked.wasMerged) return skip('merged')
  if (plan.omitted && showsOmitted(plan.omitted, result)) return skip('computed-needs')
  if (context.oversize.has(plan)) return skip('oversize')
  const maxBytes = context.maxValueBytes(plan.model)
  let payload: string
  try {
    payload = encode(plan.own === undefined ? result : withoutUndefined(result), maxBytes)
  } catch (error) {
    return error instanceof OversizeError ? oversize() : skip('unsupported-value')
  }
  const bytes = Buffer.byteLength(payload)
  if (bytes > maxBytes) return oversize()
  const finer = finerTags(plan, result, context)
  store(plan, { payload, bytes, isNull: result === null, finer }, asked, tookMs, context)
  return payload

  function oversize(): undefined {
    context.oversize.add(plan)
    return skip('oversize')
  }

  function skip(reason: SkipFillReason): undefined {
    context.events.emit({ type: 'fill-skipped', model: plan.model, operation: plan.operation, key: plan.key, reason })
    asked.done?.(false, tookMs)
  }
}

function store(plan: ReadPlan, snapshot: Snapshot, asked: Asked, tookMs: number, context: ReadContext): void {
  const { model, operation, key, policy, check } = plan
  const { payload, bytes, isNull } = snapshot
  const lifeMs = policy.adaptive && !isNull ? context.lives.next(key, policy.adaptive, asked.at) : policy.ttlMs
  const longestMs = isNull ? policy.nullTtlMs : lifeMs
  const freshForMs = Math.round(longestMs * (1 - policy.jitter * context.random()))
  const keptForMs = freshForMs + policy.swrMs
  if (freshForMs <= 0) return asked.done?.(false, tookMs)
  const told = { model, operation, key } as const
  const stored = () => {
    context.events.emit({ type: 'fill', ...told, bytes, ttlMs: keptForMs })
    asked.done?.(true, tookMs)
  }
  const failed = (error: unknown) => {
    const reason = error instanceof CodecError ? 'oversize' : 'store-unavailable'
    context.events.emit({ type: 'fill-skipped', ...told, reason })
    asked.done?.(false, tookMs)
  }
  try {
    const written = write()
    if (written instanceof Promise) context.background.run(written.then(stored, failed))
    else stored()
  } catch (error) {
    failed(error)
  }

  /** Not `async`: the entry is on its way when this returns. @throws CodecError */
  function write(): Awaitable<void> {
    const tags = snapshot.finer ?? (isNull ? plan.watched : plan.tags)
    const stamps = stampsFor(tags, asked)
    if (!stamps) {
      // Others than the last time: the next miss begins with those of its query.
      context.learned.learn(key, undefined)
      return undefined
    }
    const named = plan.own ? tags : tags === plan.tags ? [] : tags.map((tag) => nameOf(tag, plan))
    const envelope = { readAt: asked.at, freshForMs, keptForMs, tookMs, check, stamps, tags: named, payload }
    context.learned.learn(key, named.length === 0 ? undefined : tags)
    const written = plan.isSealed ? keyringOf(context).seal(key, envelope) : envelope
    return context.store.fill(key, writeEnvelope(written), keptForMs, tags)
  }
}

/**
 * The stamps of the records these tags belong to, in their order. `undefined`: a record was not seen before the database was
 * asked, a tag was locked then, or writers did not know of a shape, so that they would not tell of a change.
 */
function stampsFor(tags: readonly Tag[], { seen, unregistered }: Asked): readonly Stamp[] | undefined {
  const ofRecords = stampsOf(seen)
  const stamps = new Map<string, Stamp>()
  for (const tag of tags) {
    const record = recordOf(tag)
    const stamp = ofRecords.get(record)
    if (!stamp || unregistered.has(tag) || seen.get(tag) === LOCKED) return undefined
    stamps.set(record, stamp)
  }
  return [...stamps.values()]
}

/**
 * Tags of shapes that are not known to be registered, to be asked for before the database is: a shape that is registered
 * later was not told of the writes in between.
 */
export function unregisteredTags({ shapes }: ReadPlan, seen: Seen, { registered }: ReadContext): ReadonlySet<Tag> {
  if (shapes.length === 0) return NONE
  const tags = new Set<Tag>()
  for (const shape of shapes) {
    const tag = anyValuesTag(shape)
    if (!registered.has(shape, seen.get(tag))) tags.add(tag)
  }
  return tags
}

const NONE: ReadonlySet<Tag> = new Set()

/** What the result depends on when it is asked itself; `undefined` where it tells nothing its query does not. */
function finerTags(plan: ReadPlan, result: unknown, context: ReadContext): readonly Tag[] | undefined {
  if (plan.parts.length === 0) return undefined
  const told = plan.parts.flatMap((part) => {
    const tags = part.derivation && derivedTags(context.graph, part.derivation, result)
    return tags ? [{ part, tags }] : []
  })
  const finer = new Map<(typeof plan.parts)[number], readonly Tag[]>()
  const derived = new Set<Tag>()
  for (const { part, tags } of told.sort((one, other) => one.tags.length - other.tags.length)) {
    if (derived.size + tags.length > context.precision.maxRowTags) break
    finer.set(part, tags)
    for (const tag of tags) derived.add(tag)
  }
  if (finer.size === 0) return undefined
  const ofPlaces = new Set(plan.parts.flatMap(({ tags }) => tags))
  const others = [...plan.tags, ...(result === null ? plan.absence : [])].filter((tag) => !ofPlaces.has(tag))
  return [...new Set([...others, ...plan.parts.flatMap((part) => finer.get(part) ?? part.tags)])]
}

function nameOf(tag: Tag, plan: ReadPlan): string {
  const place = plan.watched.indexOf(tag)
  return place < 0 ? tag : String(place)
}
