import { OversizeError } from '../codec/budget.ts'
import { writeEnvelope } from '../codec/envelope.ts'
import { encode } from '../codec/typed-json.ts'
import { withoutUndefined } from '../codec/without-undefined.ts'
import type { SkipFillReason } from '../events.ts'
import { within } from '../policy/care.ts'
import { secondsOf } from '../policy/ttl.ts'
import type { IncrementOptions, SetOptions } from '../policy/value-options.ts'
import { tagsAlone } from '../query/write-set.ts'
import { keyringOf } from '../read/read-context.ts'
import { scopeTags } from '../read/scope.ts'
import { isCounter, type LookUp } from '../stores/store.ts'
import type { Tag } from '../tags/tag.ts'
import { LOCKED, recordOf, type SeenTag, stampsOf } from '../tags/tag-clocks.ts'
import { bypassed, idFor, unavailable } from './bypassed.ts'
import { VALUES, type ValueContext } from './value-context.ts'
import type { ValueId } from './value-key.ts'
import { dataCare, dataTags } from './value-tags.ts'

type Named = readonly [name: string, value: unknown]

interface Prepared {
  readonly id: ValueId
  readonly payload: string
  readonly bytes: number
}

/** Whether all of them were stored. @throws CacheConfigError for models and fields the schema does not have. */
export async function setValues(
  entries: readonly Named[],
  options: SetOptions,
  context: ValueContext,
): Promise<boolean> {
  const { ttl, namespace, tags } = options
  const policy = context.read.policies.resolve(VALUES, 'set', { ttl, namespace, tags })
  const data = dataTags(options, context.read)
  if (typeof policy === 'string') return bypassed('set', policy, context) ?? false
  if (typeof data === 'string') return bypassed('set', data, context) ?? false
  const care = dataCare(options, context.read)
  const kept = {
    tags: [...new Set([...policy.userTags, ...data])].sort(),
    ...within(care.longestMs, policy),
    isSealed: care.encrypts,
  }
  const prepared = entries.flatMap(([name, value]) => prepare(name, value, kept.tags.length === 0, context) ?? [])
  const areStored = prepared.length === 0 || (await store(prepared, kept, context))
  return areStored && prepared.length === entries.length
}

function prepare(name: string, value: unknown, mayCount: boolean, context: ValueContext): Prepared | undefined {
  const found = idFor(name, 'set', context)
  if (typeof found === 'string') return bypassed('set', found, context)
  const id = found
  if (value === undefined) return skip('undefined')
  const maxBytes = context.read.maxValueBytes(VALUES)
  let payload: string
  try {
    const counts = mayCount && Number.isSafeInteger(value) && !Object.is(value, -0)
    payload = counts ? String(value) : encode(withoutUndefined(value), maxBytes)
  } catch (error) {
    return skip(error instanceof OversizeError ? 'oversize' : 'unsupported-value')
  }
  const bytes = Buffer.byteLength(payload)
  return bytes > maxBytes ? skip('oversize') : { id, payload, bytes }

  function skip(reason: SkipFillReason): undefined {
    context.read.events.emit({ type: 'fill-skipped', model: VALUES, operation: 'set', key: id.key, reason })
  }
}

interface Kept {
  readonly tags: readonly Tag[]
  readonly userTags: readonly Tag[]
  readonly ttlMs: number
  readonly isSealed: boolean
}

async function store(some: readonly Prepared[], { tags, userTags, ttlMs, isSealed }: Kept, context: ValueContext) {
  const { store, clock, events } = context.read
  // An outage is no time to gather what is to be told after it: nothing is stored.
  if (store.condition().state !== 'ok') return unavailable('set', context) ?? false
  // Before the value is there: who computes one now has not seen it, and copies elsewhere are of the one before.
  const moved = store.bump(some.map(({ id }) => id.own))
  try {
    const tagsOf = ({ id, payload }: Prepared) =>
      isCounter(payload) ? [] : [...tags, ...scopeTags(id.scope, userTags, context.read)]
    const all = [...new Set(some.flatMap(tagsOf))]
    const { clocks }: Pick<LookUp, 'clocks'> = all.length === 0 ? { clocks: [] } : await store.lookUp(undefined, all)
    if (clocks.includes(LOCKED)) return bypassed('set', 'write-in-progress', context) ?? false
    const kept = { readAt: clock(), freshForMs: ttlMs, keptForMs: ttlMs, tookMs: 0 }
    const ofRecords = stampsOf(new Map(all.map((tag, i) => [tag, clocks[i] as SeenTag])))
    const fills = some.map((one) => {
      const { id, payload } = one
      const own = tagsOf(one)
      const stamps = [...new Set(own.map(recordOf))].flatMap((record) => ofRecords.get(record) ?? [])
      const envelope = { ...kept, check: id.check, stamps, tags: own, payload }
      const written = isSealed ? keyringOf(context.read).seal(id.key, envelope) : envelope
      const entry = isCounter(payload) ? payload : writeEnvelope(written)
      return store.fill(id.key, entry, ttlMs, own)
    })
    await Promise.all(fills)
    for (const { id, bytes } of some) {
      events.emit({ type: 'fill', model: VALUES, operation: 'set', key: id.key, bytes, ttlMs })
    }
    return true
  } catch {
    return unavailable('set', context) ?? false
  } finally {
    await moved
  }
}

/**
 * How many there were. What is being computed for them is not stored. Resolves in bounded time; a value that was `set`
 * and could not be removed lives on, and an event says so.
 */
export async function dropValues(ids: readonly ValueId[], context: ValueContext): Promise<number> {
  const { read, invalidate, transactions } = context
  const moved = tagsAlone(ids.map(({ own }) => own))
  transactions.current()?.add(moved)
  const told = invalidate(moved, { cause: 'api' })
  const removed = await read.store.removeInTime(ids.map(({ key }) => key)).catch(() => unavailable('delete', context))
  await told
  return removed ?? 0
}

/** The sum; `undefined`: it could not be counted, or nobody knows whether it was. */
export async function increment(
  name: string,
  by: number,
  { ttl }: IncrementOptions,
  context: ValueContext,
): Promise<number | undefined> {
  const { store, events } = context.read
  const id = idFor(name, 'increment', context)
  if (typeof id === 'string') return bypassed('increment', id, context)
  const ttlMs = ttl === undefined ? undefined : Math.ceil(secondsOf(ttl) * 1000)
  try {
    const sum = await store.increment(id.key, by, ttlMs)
    if (sum !== undefined) return sum
  } catch {
    return unavailable('increment', context)
  }
  const error = new TypeError('no counter is kept under this key, or it is at its end')
  events.emit({ type: 'error', during: 'increment', error, model: VALUES, operation: 'increment' })
  return undefined
}
