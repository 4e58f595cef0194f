import { decode, encode, holdsDecimals } from '../codec/typed-json.ts'
import { queryError, StoreUnavailableError, storeError } from '../errors.ts'
import { arrayText, canonicalText, entriesText, isPlainObject } from '../query/canonical-text.ts'
import type { Model, ModelGraph } from '../query/model-graph.ts'
import type { Tag } from '../tags/tag.ts'
import { isCurrent, type Stamp } from '../tags/tag-clocks.ts'
import { showsOmitted } from './omitted-fields.ts'
import type { ReadCall, ReadContext } from './read-context.ts'
import type { ReadPlan } from './read-plan.ts'

interface Served {
  readonly call: ReadCall
  readonly plan: ReadPlan
  readonly payload: string
  readonly ageMs: number
  /** Those it depends on, and the stamp of each. */
  readonly tags: readonly Tag[]
  readonly stamps: readonly Stamp[]
  /** When it was served, by the context's clock. */
  readonly at: number
}

/** One step of a verification, and the step to take a moment later, if the answer is still open. */
type Step = () => Promise<Step | undefined>

/**
 * Asks the database for a sample of what was served, behind the caller's back. A difference alone proves nothing: a
 * write may have been committed since, its invalidation on its way. So it counts as stale only when a moment later the
 * database still differs and no tag has moved, neither before that second look nor after it.
 */
export function verifyHit(
  call: ReadCall,
  plan: ReadPlan,
  { payload, ageMs, tags, stamps }: Pick<Served, 'payload' | 'ageMs' | 'tags' | 'stamps'>,
  context: ReadContext,
): void {
  const { verifications } = context
  if (!verifications || context.random() >= verifications.sample || !verifications.begin()) return
  const served: Served = { call, plan, payload, ageMs, tags, stamps, at: context.clock() }
  take(() => compare(served, context))

  function take(step: Step): void {
    context.background.run(
      step().then(
        (next) => (next ? verifications?.later(() => take(next)) : verifications?.end()),
        (error: unknown) => {
          verifications?.end()
          failed(served, error, context)
        },
      ),
    )
  }
}

async function compare(served: Served, context: ReadContext): Promise<Step | undefined> {
  const same = await agrees(served, context)
  if (same === undefined) return undefined
  if (same) return tell('fresh', served, context)
  if (await moved(served, context)) return tell('late', served, context)
  return () => confirm(served, context)
}

async function confirm(served: Served, context: ReadContext): Promise<Step | undefined> {
  if (await moved(served, context)) return tell('late', served, context)
  const same = await agrees(served, context)
  if (same === undefined) return undefined
  if (same) return tell('fresh', served, context)
  if (await moved(served, context)) return tell('late', served, context)
  // Not waited for: a store that hangs now would keep `settled()` waiting. Sent first: whoever hears of it reads anew.
  void remove(served, context)
  return tell('stale', served, context)
}

async function moved({ plan, tags, stamps }: Served, context: ReadContext): Promise<boolean> {
  const now = await context.store.lookUp(plan.key, tags).catch((error: unknown) => {
    throw storeError(error)
  })
  return tags.some((_, i) => !isCurrent(stamps[i], now.clocks[i]))
}

async function remove(served: Served, context: ReadContext): Promise<void> {
  try {
    await context.store.remove([served.plan.key])
  } catch (error) {
    failed(served, storeError(error), context)
  }
}

function tell(outcome: 'fresh' | 'late' | 'stale', { plan, ageMs, at }: Served, context: ReadContext): undefined {
  const { model, operation, key } = plan
  const told = { type: 'verify', model, operation, key, ageMs } as const
  if (outcome !== 'late') context.events.emit({ ...told, outcome })
  else context.events.emit({ ...told, outcome, invalidatedWithinMs: Math.max(0, context.clock() - at) })
}

function failed({ plan: { model, operation } }: Served, error: unknown, context: ReadContext): void {
  context.events.emit({ type: 'error', during: 'verify', error: toldOf(error), model, operation })
}

const toldOf = (error: unknown) => (error instanceof StoreUnavailableError ? error : queryError(error))

/** Whether the database says what was served; `undefined` when its answer is not one to compare with. */
async function agrees({ call, plan, payload }: Served, context: ReadContext): Promise<boolean | undefined> {
  const ticket = context.connection.ticket()
  const mayBeMerged = context.merged.watch(call.model, call.operation, call.args['where'])
  const result = await answerOf(call)
  // As in `fill`: rows that may be uncommitted, and rows with fields fetched for another extension, are not stored.
  if (!context.connection.onlyCommitted(ticket)) return undefined
  if ((result === null || result === NO_RECORD) && mayBeMerged()) return undefined
  if (result === NO_RECORD) return false
  if (result === undefined || (plan.omitted && showsOmitted(plan.omitted, result))) return undefined
  if (encode(result) === payload) return true
  const served = decode(payload, holdsDecimals(payload) ? await context.decimals.ready() : noDecimal)
  const lists = resultLists(call, context.graph)
  return textOf(served, lists) === textOf(result, lists)
}

const NO_RECORD = Symbol('no record')

/** An `…OrThrow` that throws has answered: the row that was served is gone. */
async function answerOf(call: ReadCall): Promise<unknown> {
  try {
    return await call.run()
  } catch (error) {
    if (call.operation.endsWith('OrThrow') && (error as { code?: unknown } | null)?.code === 'P2025') return NO_RECORD
    throw error
  }
}

function noDecimal(): never {
  throw new TypeError('no Decimal was expected')
}

/** Which lists of a result are in an order that was asked for. Lists of scalars and JSON always are in their own. */
interface Lists {
  readonly ordered: boolean
  readonly relations: ReadonlyMap<string, Lists>
}

function resultLists({ model: name, args, dataPath }: ReadCall, graph: ModelGraph): Lists {
  const model = graph.models.get(name)
  if (!model) return { ordered: /\border\s+by\b/i.test(statementOf(args)), relations: new Map() }
  let lists = listsOf(graph, model, args)
  for (let step = 1; step < dataPath.length; step += 2) lists = lists.relations.get(dataPath[step] as string) ?? lists
  return lists
}

/** Tagged templates and TypedSQL carry their text, the `…Unsafe` forms have it first in a list. */
function statementOf(args: unknown): string {
  return String(Array.isArray(args) ? args[0] : (args as { sql?: unknown }).sql)
}

function listsOf(graph: ModelGraph, model: Model, args: Readonly<Record<string, unknown>>): Lists {
  const relations = new Map<string, Lists>()
  const shown = args['select'] ?? args['include']
  for (const [key, nested] of isPlainObject(shown) ? Object.entries(shown) : []) {
    const field = model.fields.get(key)
    const target = field?.kind === 'relation' ? graph.models.get(field.type) : undefined
    if (target) relations.set(key, listsOf(graph, target, isPlainObject(nested) ? nested : {}))
  }
  return { ordered: args['orderBy'] !== undefined, relations }
}

function textOf(value: unknown, lists: Lists): string {
  if (Array.isArray(value)) {
    const texts = value.map((row) => textOf(row, lists))
    return arrayText(lists.ordered ? texts : texts.sort())
  }
  if (!isPlainObject(value) || lists.relations.size === 0) return canonicalText(value)
  return entriesText(
    Object.entries(value).map(([key, member]) => {
      const nested = lists.relations.get(key)
      return [key, nested ? textOf(member, nested) : canonicalText(member)]
    }),
  )
}
