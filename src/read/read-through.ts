import { type DecimalFactory, decode, holdsDecimals } from '../codec/typed-json.ts'
import type { BypassReason, MissCause } from '../events.ts'
import type { LeaseRule } from '../policy/resolve-policy.ts'
import type { Lease } from '../stores/store.ts'
import type { Tag } from '../tags/tag.ts'
import type { TagVersion } from '../tags/tag-versions.ts'
import { fill } from './fill.ts'
import { endLease, takeTurn, tryForLease } from './lease.ts'
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
  if (found.isSoft) renew(call, plan, found, context)
  else if (type === 'stale' || found.isDue) refresh(call, plan, found, context)
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
  readonly tookMs?: number
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
  // Who waited for a query that told nothing waits no more.
  const rule = cause === 'refresh' || flight ? undefined : leaseRule(plan, missed.tookMs, context)
  if (!rule) {
    context.events.emit({ ...told, coalesced: false })
    return ask(call, plan, { versions }, context).query
  }
  const turn = takeTurn(plan, versions, rule, context).then(async (taken): Promise<Asking | Shared> => {
    const copy = taken.kind === 'found' ? await tryCopy(taken.payload, plan, context) : undefined
    context.events.emit({ ...told, coalesced: copy !== undefined })
    if (copy && taken.kind === 'found') return { value: copy.value, snapshot: taken.payload }
    return ask(call, plan, taken.kind === 'ask' ? taken : { versions }, context)
  })
  context.flights.lead(
    flightName(plan, versions),
    turn.then(
      ({ snapshot }) => snapshot,
      () => undefined,
    ),
  )
  const took = await turn
  return 'query' in took ? took.query : took.value
}

/** `undefined`: this process asks without regard to the others. */
function leaseRule(plan: ReadPlan, tookMs: number | undefined, context: ReadContext): LeaseRule | undefined {
  if (!context.store.claim) return undefined
  const rule = context.policies.lease(plan.model)
  return rule && context.leaseWorth.isWorth(plan, tookMs, rule) ? rule : undefined
}

/** What the database has been asked. */
interface Asking {
  readonly query: Promise<unknown>
  /** Never rejects: those who waited ask for themselves, for an error, with its stack, belongs to one caller. */
  readonly snapshot: Promise<string | undefined>
}

/** What another process was told by the database. */
interface Shared {
  readonly value: unknown
  readonly snapshot: string
}

/** Asks the database, and stores a snapshot of the answer before anybody else can touch it. */
function ask(
  call: ReadCall,
  plan: ReadPlan,
  { versions, lease }: { readonly versions: ReadonlyMap<Tag, TagVersion>; readonly lease?: Lease | undefined },
  context: ReadContext,
): Asking {
  const done = (isStored: boolean, tookMs: number) => {
    context.leaseWorth.learn(plan, tookMs, isStored)
    if (lease) endLease(lease, context)
  }
  const asked = { at: context.clock(), versions, ticket: context.connection.ticket(), done }
  const query = Promise.resolve(call.run())
  const snapshot = query.then(
    (result) => fill(plan, result, asked, context),
    () => {
      if (lease) endLease(lease, context)
      return undefined
    },
  )
  context.flights.lead(flightName(plan, versions), snapshot)
  return { query, snapshot }
}

/** An entry that is to be renewed, and under which versions. */
interface Outdated {
  readonly versions: ReadonlyMap<Tag, TagVersion>
  readonly tookMs: number
  readonly ageMs: number
}

/** Renews an entry that was served, behind the caller's back, once for all who were served it meanwhile, in all processes. */
function refresh(call: ReadCall, plan: ReadPlan, { versions, tookMs, ageMs }: Outdated, context: ReadContext): void {
  const name = flightName(plan, versions)
  if (context.flights.under(name)) return
  const { model, operation } = plan
  const failed = (error: unknown) => context.events.emit({ type: 'error', during: 'refresh', error, model, operation })
  const rule = leaseRule(plan, tookMs, context)
  if (!rule) return context.background.run(ask(call, plan, { versions }, context).query.catch(failed))
  const turn = tryForLease(plan, { versions, ageMs }, rule, context).then(
    (lease) => lease && ask(call, plan, { versions, lease }, context),
    // Let the next one who is served it try.
    () => undefined,
  )
  context.flights.lead(
    name,
    turn.then(
      (asking) => asking?.snapshot,
      () => undefined,
    ),
  )
  context.background.run(turn.then((asking) => asking?.query).catch(failed))
}

/** As `refresh`, of an entry that was invalidated softly: under the versions its tags have now. */
function renew(call: ReadCall, plan: ReadPlan, { versions, tookMs, ageMs }: Outdated, context: ReadContext): void {
  const name = `${flightName(plan, versions)} soft`
  if (context.flights.under(name)) return
  const looked = lookUp(plan, context, 'invalidated', true).then(
    (found) => found.kind === 'miss' && refresh(call, plan, { versions: found.versions, tookMs, ageMs }, context),
    // The next one who is served it tries again.
    () => {},
  )
  context.flights.lead(
    name,
    looked.then(() => undefined),
  )
  context.background.run(looked)
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
