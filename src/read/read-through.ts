import { type DecimalFactory, decode, holdsDecimals } from '../codec/typed-json.ts'
import type { BypassReason, MissCause } from '../events.ts'
import type { Tag } from '../tags/tag.ts'
import type { TagVersion } from '../tags/tag-versions.ts'
import { fill } from './fill.ts'
import { type Found, lookUp } from './look-up.ts'
import { nearHit } from './near-hit.ts'
import type { ReadCall, ReadContext } from './read-context.ts'
import type { Bypass, ReadPlan } from './read-plan.ts'
import { copyOf, type RecentEntry } from './recent-entries.ts'
import { verifyHit } from './verify.ts'

/** One cached read: plan → look-up → hit, stale or miss → fill. Nothing the cache does or fails to do reaches the caller. */
export function readThrough(call: ReadCall, plan: ReadPlan | Bypass, context: ReadContext): Promise<unknown> {
  const hit = plan.kind === 'cached' ? nearHit(plan, context) : undefined
  return hit ? Promise.resolve(hit.value) : theLongWay(call, plan, context)
}

async function theLongWay(call: ReadCall, plan: ReadPlan | Bypass, context: ReadContext): Promise<unknown> {
  if (plan.kind === 'bypass') return bypass(call, plan.reason, context)
  let found: Found
  try {
    found = await lookUp(plan, context)
  } catch {
    const undelivered = context.store.condition().state === 'undelivered'
    return bypass(call, undelivered ? 'undelivered-invalidation' : 'store-unavailable', context)
  }
  if (found.kind === 'held') return bypass(call, 'held', context)
  if (found.kind === 'miss') return miss(call, plan, found, context)
  const { kind: type, ageMs, tier } = found
  const { model, operation, key } = plan
  const copy = await tryCopy(found.payload, plan, context, found.recent)
  if (!copy) return miss(call, plan, await unreadable(plan, context), context)
  context.events.emit({ type, model, operation, key, ageMs, tier, tags: [...found.versions.keys()] })
  if (type === 'stale') refresh(call, plan, found.versions, context)
  else if (context.verifications) verifyHit(call, plan, found, context)
  return copy.value
}

function bypass(call: ReadCall, reason: BypassReason, context: ReadContext): PromiseLike<unknown> {
  context.events.emit({ type: 'bypass', model: call.model, operation: call.operation, reason })
  return call.run()
}

interface Miss {
  readonly cause: MissCause
  /** `undefined`: could not be had; the result is not stored then. */
  readonly versions: ReadonlyMap<Tag, TagVersion> | undefined
  readonly moved?: readonly Tag[]
}

async function miss(call: ReadCall, plan: ReadPlan, missed: Miss, context: ReadContext): Promise<unknown> {
  const { cause, versions, moved } = missed
  const { model, operation, key, tags } = plan
  const told = { type: 'miss', model, operation, key, tags, cause, ...(moved && { moved }) } as const
  if (!versions) {
    context.events.emit({ ...told, coalesced: false })
    return call.run()
  }
  const flight = cause === 'refresh' ? undefined : context.flights.under(flightName(plan, versions))
  if (flight) {
    const snapshot = await flight
    const shared = snapshot === undefined ? undefined : await tryCopy(snapshot, plan, context)
    if (shared) {
      context.events.emit({ ...told, coalesced: true })
      return shared.value
    }
  }
  // No `await` between looking for a flight and leading one: equal reads of one tick would all lead.
  context.events.emit({ ...told, coalesced: false })
  return ask(call, plan, versions, context)
}

/** Asks the database, and stores a snapshot of the answer before anybody else can touch it. */
function ask(
  call: ReadCall,
  plan: ReadPlan,
  versions: ReadonlyMap<Tag, TagVersion>,
  context: ReadContext,
): Promise<unknown> {
  const asked = { at: context.clock(), versions, ticket: context.connection.ticket() }
  const query = Promise.resolve(call.run())
  context.flights.lead(
    flightName(plan, versions),
    query.then(
      (result) => fill(plan, result, asked, context),
      // Those who waited ask for themselves: an error, with its stack, belongs to one caller.
      () => undefined,
    ),
  )
  return query
}

/** Renews an expired entry behind the caller's back, once for all who were served it meanwhile. */
function refresh(call: ReadCall, plan: ReadPlan, versions: ReadonlyMap<Tag, TagVersion>, context: ReadContext): void {
  if (context.flights.under(flightName(plan, versions))) return
  const { model, operation } = plan
  context.background.run(
    ask(call, plan, versions, context).catch((error: unknown) =>
      context.events.emit({ type: 'error', during: 'refresh', error, model, operation }),
    ),
  )
}

/**
 * A flight is named by key **and** versions: a read that begins after an invalidation sees other versions, and so never
 * joins a query that began before it. Of all the tags it saw: where an earlier result told which, its result may depend
 * on others, but never on any whose guard is not among them. And by the query's digest, which a key of the application's
 * own does not hold.
 */
function flightName(plan: ReadPlan, versions: ReadonlyMap<Tag, TagVersion>): string {
  return `${plan.key} ${plan.check} ${[...versions].join()}`
}

/** An entry that cannot be decoded is read anew, and replaced. */
async function unreadable(plan: ReadPlan, context: ReadContext): Promise<Miss> {
  const cause = 'unreadable'
  const found = await lookUp(plan, context, cause).catch(() => undefined)
  return found?.kind === 'miss' ? found : { cause, versions: undefined }
}

/** A fresh value each time: what a caller does to it must not reach the next one. `undefined`: it could not be read. */
async function tryCopy(
  payload: string,
  plan: ReadPlan,
  context: ReadContext,
  recent?: RecentEntry,
): Promise<{ value: unknown } | undefined> {
  try {
    const decimal = holdsDecimals(payload) ? await context.decimals.ready() : NO_DECIMALS
    return { value: recent ? copyOf(recent, decimal) : decode(payload, decimal) }
  } catch (error) {
    const { model, operation } = plan
    context.events.emit({ type: 'error', during: 'decode', error, model, operation })
    return undefined
  }
}

const NO_DECIMALS: DecimalFactory = () => {
  throw new TypeError('no Decimal was expected')
}
