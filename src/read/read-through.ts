import type { Awaitable } from '../awaitable.ts'
import { queryError } from '../errors.ts'
import type { BypassReason, LeaseOutcome, MissCause } from '../events.ts'
import type { Validate } from '../policy/options.ts'
import type { LeaseRule, ResolvedPolicy } from '../policy/resolve-policy.ts'
import type { Lease } from '../stores/store.ts'
import type { Tag } from '../tags/tag.ts'
import { changesText } from '../tags/tag-clocks.ts'
import { audit } from './audit.ts'
import { fill, unregisteredTags } from './fill.ts'
import { freshValue } from './fresh-value.ts'
import { endLease, takeTurn, tryForLease } from './lease.ts'
import { type Found, type Hit, lookUp, type Seen } from './look-up.ts'
import { nearHit } from './near-hit.ts'
import type { LookedUp } from './read-ahead.ts'
import type { Landed, ReadCall, ReadContext } from './read-context.ts'
import type { Bypass, ReadPlan } from './read-plan.ts'
import type { RecentEntry } from './recent-entries.ts'
import { verifyHit } from './verify.ts'

/**
 * One cached read: plan → look-up → hit, stale or miss → fill. Nothing the cache does or fails to do reaches the caller.
 * `isNoNearHit`: it was looked for before.
 */
export function readThrough(
  call: ReadCall,
  plan: ReadPlan | Bypass,
  context: ReadContext,
  isNoNearHit = context.renewWithinMs !== undefined,
): Promise<unknown> {
  if (plan.kind === 'bypass') {
    plan.account?.refused()
    return Promise.resolve(bypass(call, plan.reason, context))
  }
  const hit = !isNoNearHit ? nearHit(plan, context, call.begun) : undefined
  return hit ? Promise.resolve(hit.value) : lookUpAndAnswer(call, plan, context)
}

function lookUpAndAnswer(call: ReadCall, plan: ReadPlan, context: ReadContext): Promise<unknown> {
  let looked: Awaitable<Found | undefined>
  try {
    looked = lookUp(plan, context)
  } catch {
    looked = undefined
  }
  const goOn = (found: Found | undefined) => answer(call, { plan, found, begun: call.begun }, context)
  return looked instanceof Promise ? looked.catch(() => undefined).then(goOn) : goOn(looked)
}

/** From the look-up on; it may have been made before there was a query, see `readAhead`. */
export function answer(call: ReadCall, { plan, found }: LookedUp, context: ReadContext): Promise<unknown> {
  if (!found) {
    const undelivered = context.store.condition().state === 'undelivered'
    return bypass(call, undelivered ? 'undelivered-invalidation' : 'store-unavailable', context)
  }
  if (found.kind === 'held') return bypass(call, 'write-in-progress', context)
  return found.kind === 'miss' ? miss(call, plan, found, context) : serve(call, plan, found, context)
}

async function serve(call: ReadCall, plan: ReadPlan, found: Hit, context: ReadContext): Promise<unknown> {
  const { kind: type, ageMs, freshForMs, tier, tags } = found
  if (context.renewWithinMs !== undefined && freshForMs <= context.renewWithinMs) {
    return miss(call, plan, await anew(plan, 'refresh', context), context)
  }
  const { model, operation, key } = plan
  const copy = await tryCopy(found.payload, plan, context, found.recent)
  if (!copy) return miss(call, plan, await anew(plan, 'unreadable', context), context)
  if (plan.policy.validate && !(await isGood(plan, found, plan.policy.validate, context))) {
    return miss(call, plan, await anew(plan, 'rejected', context), context)
  }
  plan.account?.hit()
  const ms = context.events.since(call.begun)
  context.events.emit({ type, model, operation, key, ageMs, freshForMs, tier, tags, ms })
  audit(plan, type, context)
  const served = () => ({ ...found, seen: found.seen() })
  if (found.isSoft) renew(call, plan, served(), context)
  else if (type === 'stale' || found.isDue) refresh(call, plan, served(), context)
  else if (context.verifications) verifyHit(call, plan, found, context)
  return context.observes ? call.run() : copy.value
}

function bypass(call: ReadCall, reason: BypassReason, context: ReadContext): Promise<unknown> {
  const lookUpMs = context.events.since(call.begun)
  const { model, operation } = call
  const tell = () =>
    context.events.emit({ type: 'bypass', model, operation, reason, lookUpMs, ms: context.events.since(call.begun) })
  return answered(call.run(), tell, tell)
}

/**
 * The answer, once it has been told of: a read counts when it is answered, well or not. A query is sent when somebody
 * first waits for it; by `await`, as writes are, for the elements of a batch inside a transaction must not overtake each
 * other.
 */
async function answered(query: PromiseLike<unknown>, tell: (value: unknown) => void, failed: () => void) {
  let value: unknown
  try {
    value = await query
  } catch (error) {
    failed()
    throw error
  }
  tell(value)
  return value
}

interface Miss {
  readonly cause: MissCause
  /** `undefined`: it could not be looked up; the result is not stored then. */
  readonly seen: Seen | undefined
  readonly moved?: readonly Tag[]
  readonly tookMs?: number
}

async function miss(call: ReadCall, plan: ReadPlan, missed: Miss, context: ReadContext): Promise<unknown> {
  const { cause, seen, moved } = missed
  const { model, operation, key, tags } = plan
  const { events } = context
  plan.account?.miss(moved !== undefined)
  if (moved)
    events.emit({ type: 'entry-invalidated', model, operation, key, tags: moved, by: context.droppedBy(moved) })
  const lookUpMs = events.since(call.begun)
  const told = {
    type: 'miss',
    model,
    operation,
    key,
    tags,
    cause,
    ...(moved && { invalidatedTags: moved }),
    lookUpMs,
  } as const
  const tell = (coalesced: boolean, freshForMs: number, lease?: LeaseOutcome) => {
    events.emit({ ...told, coalesced, ...(lease && { lease }), freshForMs, ms: events.since(call.begun) })
    audit(plan, 'miss', context)
  }
  const asked = (query: PromiseLike<unknown>, lease?: LeaseOutcome) =>
    answered(
      query,
      (value) => tell(false, leastFreshMs(plan.policy, value), lease),
      () => tell(false, 0, lease),
    )
  const shares = (value: unknown, lease?: LeaseOutcome) => {
    tell(true, leastFreshMs(plan.policy, value), lease)
    return value
  }
  if (!seen) return asked(call.run())
  // What is too large to be stored is too large to be shared: nobody waits for it.
  const joins = cause !== 'refresh' && !context.oversize.has(plan) && !context.observes
  const flight = joins ? context.flights.under(flightName(plan, seen)) : undefined
  if (flight) {
    const landed = await flight
    if (typeof landed === 'function') {
      tell(true, 0)
      return landed()
    }
    const shared = landed === undefined ? undefined : await tryCopy(landed, plan, context)
    if (shared) return shares(shared.value)
  }
  // No `await` between looking for a flight and leading one: equal reads of one tick would all lead.
  // Who waited for a query that told nothing waits no more.
  // And what was rejected would be found again, by whoever waits for another process.
  const isAlone = cause === 'refresh' || cause === 'rejected' || flight !== undefined || context.observes
  const rule = isAlone ? undefined : leaseRule(plan, missed.tookMs, context)
  if (!rule) return asked(ask(call, plan, { seen }, context).query)
  const turn = takeTurn(plan, seen, rule, context).then(async (taken): Promise<Asking | Shared> => {
    const copy = taken.kind === 'found' ? await tryCopy(taken.payload, plan, context) : undefined
    if (copy && taken.kind === 'found') return { value: copy.value, snapshot: taken.payload }
    const own = taken.kind === 'ask' ? taken : undefined
    return { ...ask(call, plan, own ?? { seen }, context), lease: own?.lease ? 'taken' : 'timed-out' }
  })
  context.flights.lead(
    flightName(plan, seen),
    turn.then(
      ({ snapshot }) => snapshot,
      () => undefined,
    ),
  )
  const took = await turn
  return 'query' in took ? asked(took.query, took.lease) : shares(took.value, 'shared')
}

/** Whatever jitter and the hits to come make of it. */
function leastFreshMs({ ttlMs, adaptive, nullTtlMs, jitter }: ResolvedPolicy, value: unknown): number {
  return Math.round((value === null ? nullTtlMs : (adaptive?.minMs ?? ttlMs)) * (1 - jitter))
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
  readonly snapshot: Promise<Landed>
  readonly lease?: LeaseOutcome
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
  { seen, lease }: { readonly seen: Seen; readonly lease?: Lease | undefined },
  context: ReadContext,
): Asking {
  const done = (isStored: boolean, tookMs: number) => {
    context.leaseWorth.learn(plan, tookMs, isStored)
    if (lease) endLease(lease, context)
  }
  const unregistered = unregisteredTags(plan, seen, context)
  const asked = { at: context.clock(), seen, unregistered, ticket: context.connection.ticket(), done }
  const lateMs = context.loopDelay?.begin()
  const begun = performance.now()
  const mayBeMerged = context.merged.watch(call.model, call.operation, call.args['where'])
  const query = Promise.resolve(call.run())
  const snapshot = query.then(
    (result): Landed => {
      plan.account?.queried(performance.now() - begun)
      const told = { ...asked, wasMerged: mayBeMerged(), ...(lateMs && { lateMs: lateMs() }) }
      const filled = fill(plan, result, told, context)
      return filled === undefined && result === undefined && call.sharesEnd ? () => undefined : filled
    },
    (error: unknown): Landed => {
      lateMs?.()
      if (lease) endLease(lease, context)
      if (!call.sharesEnd) return undefined
      return () => {
        throw error
      }
    },
  )
  context.flights.lead(flightName(plan, seen), snapshot)
  return { query, snapshot }
}

/** An entry that is to be renewed, and under which clocks. */
interface Outdated {
  readonly seen: Seen
  readonly tookMs: number
  readonly ageMs: number
}

/** Renews an entry that was served, behind the caller's back, once for all who were served it meanwhile, in all processes. */
function refresh(call: ReadCall, plan: ReadPlan, { seen, tookMs, ageMs }: Outdated, context: ReadContext): void {
  const name = flightName(plan, seen)
  if (context.flights.under(name)) return
  const { model, operation } = plan
  const failed = (error: unknown) =>
    context.events.emit({ type: 'error', during: 'refresh', error: queryError(error), model, operation })
  const rule = leaseRule(plan, tookMs, context)
  if (!rule) return context.background.run(ask(call, plan, { seen }, context).query.catch(failed))
  const turn = tryForLease(plan, { seen, ageMs }, rule, context).then(
    (lease) => lease && ask(call, plan, { seen, lease }, context),
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

/** As `refresh`, of an entry that was invalidated softly: under the clocks its tags have now. */
function renew(call: ReadCall, plan: ReadPlan, { seen, tookMs, ageMs }: Outdated, context: ReadContext): void {
  const name = `${flightName(plan, seen)} soft`
  if (context.flights.under(name)) return
  const looked = Promise.resolve(lookUp(plan, context, 'invalidated', true)).then(
    (found) => found.kind === 'miss' && refresh(call, plan, { seen: found.seen, tookMs, ageMs }, context),
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
 * A flight is named by key **and** what was seen of its tags: a read that begins after an invalidation sees another change,
 * and so never joins a query that began before it. Of all the tags it saw: where an earlier result told which, its result
 * may depend on others, but never on any whose guard is not among them. And by the query's digest, which a key of the
 * application's own does not hold.
 */
function flightName(plan: ReadPlan, seen: Seen): string {
  return `${plan.key} ${plan.check} ${changesText(seen)}`
}

/** An entry that cannot be served is read anew, and replaced. */
async function anew(plan: ReadPlan, cause: MissCause, context: ReadContext): Promise<Miss> {
  try {
    const found = await lookUp(plan, context, cause)
    if (found.kind === 'miss') return found
  } catch {
    // The store told of it.
  }
  return { cause, seen: undefined }
}

/** Asked about a copy of its own: the caller's is nobody else's. */
async function isGood(
  plan: ReadPlan,
  { kind: status, payload, recent, ageMs, tier, tags }: Hit,
  validate: Validate,
  context: ReadContext,
): Promise<boolean> {
  const { model, operation, key } = plan
  const copy = await tryCopy(payload, plan, context, recent)
  if (!copy) return false
  try {
    const info = { status, model, operation, key, tags, tier, ageMs }
    const verdict: unknown = validate(copy.value, info)
    if (typeof verdict === 'boolean') return verdict
    // Its rejection would end the process.
    if (verdict instanceof Promise) verdict.catch(() => {})
    throw new TypeError('`validate` must return true or false, and no promise of it')
  } catch (error) {
    context.events.emit({ type: 'error', during: 'validate', error, model, operation })
    return false
  }
}

/** A fresh value each time: what a caller does to it must not reach the next one. `undefined`: it could not be read. */
export async function tryCopy(
  payload: string,
  plan: ReadPlan,
  context: ReadContext,
  recent?: RecentEntry,
): Promise<{ value: unknown } | undefined> {
  try {
    return { value: await freshValue(payload, context, recent) }
  } catch (error) {
    const { model, operation } = plan
    context.events.emit({ type: 'error', during: 'decode', error, model, operation })
    return undefined
  }
}
