import { writeEnvelope } from '../codec/envelope.ts'
import { encode } from '../codec/typed-json.ts'
import { withoutUndefined } from '../codec/without-undefined.ts'
import type { SkipFillReason } from '../events.ts'
import { derivedTags } from '../query/derived-tags.ts'
import { anyValuesTag } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import { recordOf, type Stamp, stampsOf } from '../tags/tag-clocks.ts'
import type { Seen } from './look-up.ts'
import { showsOmitted } from './omitted-fields.ts'
import { keyringOf, type ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/** When and under which clocks the database was asked. */
export interface Asked {
  readonly at: number
  readonly seen: Seen
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
 * result, or `undefined` when it may not be shared. Must run before the caller sees the result: Prisma and the caller
 * change the object they are given.
 */
export function fill(plan: ReadPlan, result: unknown, asked: Asked, context: ReadContext): string | undefined {
  const tookMs = Math.max(0, Math.round(context.clock() - asked.at - (asked.lateMs ?? 0)))
  if (result === undefined) return skip('undefined')
  if (!context.connection.onlyCommitted(asked.ticket)) return skip('shared-connection')
  if (result === null && asked.wasMerged) return skip('merged')
  if (plan.omitted && showsOmitted(plan.omitted, result)) return skip('computed-needs')
  let payload: string
  try {
    payload = encode(plan.own === undefined ? result : withoutUndefined(result))
  } catch {
    return skip('unsupported-value')
  }
  const bytes = Buffer.byteLength(payload)
  if (bytes > context.maxValueBytes(plan.model)) skip('oversize')
  else
    store(
      plan,
      { payload, bytes, isNull: result === null, finer: finerTags(plan, result, context) },
      asked,
      tookMs,
      context,
    )
  return payload

  function skip(reason: SkipFillReason): undefined {
    context.events.emit({ type: 'skip-fill', model: plan.model, operation: plan.operation, key: plan.key, reason })
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
  context.background.run(
    write().then(
      () => {
        context.events.emit({ type: 'fill', ...told, bytes, ttlMs: keptForMs })
        asked.done?.(true, tookMs)
      },
      () => {
        context.events.emit({ type: 'skip-fill', ...told, reason: 'store-unavailable' })
        asked.done?.(false, tookMs)
      },
    ),
  )

  // Not `async`: the entry is on its way when this returns.
  function write(): Promise<void> {
    const tags = snapshot.finer ?? (isNull ? plan.watched : plan.tags)
    const stamps = stampsFor(tags, plan, asked.seen)
    if (!stamps) {
      // Others than the last time: the next miss begins with those of its query.
      context.learned.learn(key, undefined)
      return Promise.resolve()
    }
    const named = plan.own ? tags : tags === plan.tags ? [] : tags.map((tag) => nameOf(tag, plan))
    const envelope = { readAt: asked.at, freshForMs, keptForMs, tookMs, check, stamps, tags: named, payload }
    context.learned.learn(key, named.length === 0 ? undefined : tags)
    const written = plan.isSealed ? keyringOf(context).seal(key, envelope) : envelope
    return context.store.fill(key, writeEnvelope(written), keptForMs)
  }
}

/**
 * The stamps of the records these tags belong to, in their order. `undefined`: a record was not seen before the database was
 * asked, or a shape may not be known to writers, so that they would not tell of a change.
 */
function stampsFor(tags: readonly Tag[], plan: ReadPlan, seen: Seen): readonly Stamp[] | undefined {
  const ofRecords = stampsOf(seen)
  const unregistered = new Set(plan.shapes.map(anyValuesTag).filter((tag) => !seen.has(tag)))
  const stamps = new Map<string, Stamp>()
  for (const tag of tags) {
    const record = recordOf(tag)
    const stamp = ofRecords.get(record)
    if (!stamp || unregistered.has(tag)) return undefined
    stamps.set(record, stamp)
  }
  return [...stamps.values()]
}

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
