import { type Awaitable, whenKnown } from '../awaitable.ts'
import { OversizeError } from '../codec/budget.ts'
import { writeEnvelope } from '../codec/envelope.ts'
import { encode } from '../codec/typed-json.ts'
import { withoutUndefined } from '../codec/without-undefined.ts'
import { CodecError } from '../errors.ts'
import type { SkipFillReason } from '../events.ts'
import { derivedTags } from '../query/derived-tags.ts'
import { anyValuesTag } from '../tags/shape-tags.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { HELD, type SeenVersion, type TagVersion } from '../tags/tag-versions.ts'
import { showsOmitted } from './omitted-fields.ts'
import { keyringOf, type ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

/** When and under which versions the database was asked. */
export interface Asked {
  readonly at: number
  readonly versions: ReadonlyMap<Tag, TagVersion>
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
  readonly finer: Finer | undefined
}

interface Finer {
  readonly tags: readonly Tag[]
  /** Those of them that only the result tells. */
  readonly derived: readonly Tag[]
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

  // Not `async`: where nothing is derived the entry is on its way when this returns.
  function write(): Awaitable<void> {
    const coarse = isNull ? plan.watched : plan.tags
    const { finer } = snapshot
    if (!finer) return put(coarse, asked.versions)
    if (areKnown(finer.tags, asked.versions)) return put(finer.tags, asked.versions)
    const finest = () => finerVersions(plan, finer, asked.versions, context)
    if (!context.store.isRemote) {
      return whenKnown(finest(), (versions) => (versions ? put(finer.tags, versions) : put(coarse, asked.versions)))
    }
    // At once, for whoever asks next; then again, when the finer tags have versions.
    const first = put(coarse, asked.versions)
    return Promise.all([finest(), first]).then(([versions]) => (versions ? put(finer.tags, versions) : undefined))
  }

  /** @throws CodecError */
  function put(tags: readonly Tag[], known: ReadonlyMap<Tag, TagVersion>): Awaitable<void> {
    if (!areKnown(tags, known)) {
      // Others than the last time: the next miss begins with those of its query.
      context.learned.learn(key, undefined)
      return undefined
    }
    const versions = tags.map((tag) => known.get(tag) as TagVersion)
    const named = plan.own ? tags : tags === plan.tags ? [] : tags.map((tag) => nameOf(tag, plan))
    const envelope = { readAt: asked.at, freshForMs, keptForMs, tookMs, check, versions, tags: named, payload }
    context.learned.learn(key, named.length === 0 ? undefined : tags)
    const written = plan.isSealed ? keyringOf(context).seal(key, envelope) : envelope
    return context.store.fill(key, writeEnvelope(written), tags, keptForMs)
  }
}

/** What the result depends on when it is asked itself; `undefined` where it tells nothing its query does not. */
function finerTags(plan: ReadPlan, result: unknown, context: ReadContext): Finer | undefined {
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
  const tags = new Set([...others, ...plan.parts.flatMap((part) => finer.get(part) ?? part.tags)])
  return { tags: [...tags], derived: [...tags].filter((tag) => !plan.watched.includes(tag)) }
}

/**
 * Versions of tags that were not known before the database was asked. They are good only if no write has been announced
 * between then and now: a write moves the guard before the tags that are derived, so one that had moved a derived tag
 * before its version was taken here has moved the guard as well, and one that moves it later invalidates the entry.
 */
function finerVersions(
  plan: ReadPlan,
  { tags, derived }: Finer,
  asked: ReadonlyMap<Tag, TagVersion>,
  { store }: ReadContext,
): Awaitable<ReadonlyMap<Tag, TagVersion> | undefined> {
  const unknown = derived.filter((tag) => !isVersion(asked.get(tag)))
  // A shape that was not registered before the database was asked is not known to writers.
  const registered = new Set(plan.shapes.flatMap((shape) => [everyShapeTag(shape.model), anyValuesTag(shape)]))
  if (unknown.some((tag) => registered.has(tag))) return undefined
  return whenKnown(store.ensureVersions(unknown), (created) => {
    const looked =
      (store.isRemote ? undefined : store.near?.(plan.key, plan.guards)) ?? store.lookUp(plan.key, plan.guards)
    return whenKnown(looked, (guards) => {
      const stood = (tag: Tag, i: number) => asked.get(tag) === guards.versions[i] && guards.versions[i] !== HELD
      if (!plan.guards.every(stood)) return undefined
      const versions = new Map(asked)
      for (const [i, tag] of unknown.entries()) versions.set(tag, created[i] as TagVersion)
      return areKnown(tags, versions) ? versions : undefined
    })
  })
}

function areKnown(tags: readonly Tag[], versions: ReadonlyMap<Tag, SeenVersion>): boolean {
  return tags.every((tag) => isVersion(versions.get(tag)))
}

/** Nobody may hold the tag, and somebody must have given it a version. */
function isVersion(version: SeenVersion | undefined): boolean {
  return version !== undefined && version !== null && version !== HELD
}

function nameOf(tag: Tag, plan: ReadPlan): string {
  const place = plan.watched.indexOf(tag)
  return place < 0 ? tag : String(place)
}
