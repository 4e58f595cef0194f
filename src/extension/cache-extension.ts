import { catalogueReport } from '../catalogue/catalogue-report.ts'
import { CacheConfigError } from '../errors.ts'
import { NOT_TIMED } from '../events.ts'
import { callRules } from '../policy/call-options.ts'
import type { CacheOptions } from '../policy/options.ts'
import type { ReadCache } from '../policy/resolve-policy.ts'
import { validateOptions } from '../policy/validate-options.ts'
import { modelGraph } from '../query/model-graph.ts'
import { showing } from '../query/shown-columns.ts'
import { tagsAlone, type WriteSet, wholeModelsWriteSet, writeSet } from '../query/write-set.ts'
import { explainRead } from '../read/explain.ts'
import { planRawRead, planRead, RAW } from '../read/plan-read.ts'
import { type LookedUp, readAhead } from '../read/read-ahead.ts'
import type { ReadCall } from '../read/read-context.ts'
import type { Bypass, ReadPlan } from '../read/read-plan.ts'
import { answer, readThrough } from '../read/read-through.ts'
import { warnOfNothingCached } from '../setup/nothing-cached.ts'
import { openCache } from '../setup/open-cache.ts'
import { withSurroundings } from '../setup/surroundings.ts'
import { noteOptions } from '../setup/used-options.ts'
import { userTag } from '../tags/tag.ts'
import { Warming } from '../warming/warming.ts'
import { changedNothing, leavesTransactionOpen, undoesAll } from '../write/failed-write.ts'
import { Outbox } from '../write/outbox.ts'
import { type WriteContext, writeInvalidate } from '../write/write-invalidate.ts'
import { snapshotOf } from './args-snapshot.ts'
import type { AnyClient } from './client.ts'
import { connectionsOf } from './connections-of.ts'
import { decimalClass } from './decimal-class.ts'
import { ExplainScope } from './explain-scope.ts'
import { findManyByIds } from './find-by-ids.ts'
import { type HookCall, type HookTransaction, hookCall } from './internal-params.ts'
import { LaterExtensions } from './later-extensions.ts'
import { nearDelegates } from './near-delegates.ts'
import { RAW_READS, RAW_WRITES, READS, WRITES } from './operations.ts'
import type { PrismaCacheControl } from './prisma-control.ts'
import { RawStatements } from './raw-statements.ts'
import { transactionHook } from './transaction-hook.ts'
import type { CacheExtension, FindManyByIds } from './typed-client.ts'

/**
 * Caches the reads of a Prisma client and invalidates them on its writes.
 *
 *     prisma.$extends(cacheExtension)                     // config file and environment
 *     prisma.$extends(cacheExtension({ redis: url, … }))  // these options over them
 *
 * Options are checked once, here.
 * @throws CacheConfigError naming the option, the value seen and the fix.
 */
export const cacheExtension = ((optionsOrClient?: CacheOptions | AnyClient) => {
  if (isClient(optionsOrClient)) return extend(optionsOrClient, {})
  const options = validateOptions(optionsOrClient ?? {})
  return (client: AnyClient) => extend(client, options)
}) as unknown as CacheExtension<CacheOptions, PrismaCacheControl>

function isClient(value: unknown): value is AnyClient {
  return typeof (value as { $extends?: unknown } | undefined)?.$extends === 'function'
}

interface HookArguments {
  readonly model: string | undefined
  readonly operation: string
  readonly args: Record<string, unknown> | undefined
  readonly query: (args: unknown) => PromiseLike<unknown>
  readonly __internalParams: unknown
}

/** How an application speaks to the cache, where that is not by `cache` and `$cache` alone. */
export interface Surface {
  /** The arguments of a call with what they say to the cache put as `cache`. @throws CacheConfigError */
  cacheArguments(args: CallArguments, isRead: boolean): CallArguments
  /** Members of the client besides `$cache`. */
  members(control: PrismaCacheControl): Readonly<Record<string, unknown>>
}

type CallArguments = Readonly<Record<string, unknown>>

export function extend(client: AnyClient, given: CacheOptions, surface: Surface = OWN_SURFACE): AnyClient {
  const options = withSurroundings(given)
  if (surface === OWN_SURFACE) warnOfNothingCached(given, options)
  const cache = cacheOf(client, options, surface)
  noteOptions(cache.control, options)
  const extended = client.$extends({
    name: 'prisma-extension-query-cache',
    client: {
      ...surface.members(cache.control),
      $cache: cache.control,
      $transaction: cache.$transaction,
      $extends: cache.$extends,
      $disconnect: cache.$disconnect,
    },
    query: {
      // Always a promise: Prisma calls `.then` on whatever a hook returns, `null` included.
      $allOperations(call: HookArguments): Promise<unknown> {
        return call.model !== undefined && READS.has(call.operation) ? readHook(cache, call) : otherHook(cache, call)
      },
    },
  })
  cache.warming.begin(extended)
  const { ahead, send } = cache
  return ahead ? nearDelegates(extended, client, cache.graph, { ahead, send }) : extended
}

const OWN_SURFACE: Surface = { cacheArguments: (args) => args, members: () => ({}) }

type Cache = ReturnType<typeof cacheOf>

/** Not `async`: it is most of the calls, and each promise around a hit costs as much as finding it. */
function readHook(cache: Cache, { model = '', operation, args, query, __internalParams }: HookArguments) {
  try {
    const { transaction, dataPath } = hookCall(__internalParams)
    const { option, rest, sent } = splitArgs(args && cache.surface.cacheArguments(args, true), __internalParams)
    const send = () => query(sent)
    const run = transaction ? send : () => cache.send(model, operation, send)
    const call = { model, operation, args: rest, dataPath, run, begun: cache.begin() }
    const ahead = typeof option === 'function' ? (option as StandIn)[AHEAD] : undefined
    if (ahead) return cache.goOn({ ...call, begun: ahead.begun }, ahead, transaction)
    // Also where the read is not cached: a mistake must not wait for production to be told.
    const asked = cache.calls.read(option)
    const explaining = cache.explaining()
    if (!explaining) return cache.read(call, asked, transaction)
    return Promise.resolve(cache.pending()).then(() => explaining.explain(cache.explanation(call, asked)))
  } catch (error) {
    return Promise.reject(error)
  }
}

async function otherHook(cache: Cache, { model, operation, args, query, __internalParams }: HookArguments) {
  const { transaction, dataPath } = hookCall(__internalParams)
  const explaining = cache.explaining()
  if (explaining) return explaining.refuse()
  if (model === undefined) {
    if (!RAW_READS.has(operation) && !RAW_WRITES.has(operation)) return query(args)
    return cache.raw(operation, args, transaction, () => query(args))
  }
  const given = args && cache.surface.cacheArguments(args, false)
  if (!WRITES.has(operation)) return query(given)
  const { option, rest, sent } = splitArgs(given, __internalParams)
  const send = (asked: unknown) => query(asked === rest ? sent : asked)
  return cache.write(model, operation, rest, option, { transaction, dataPath }, send)
}

/**
 * `cache`, and the arguments without it. `sent`: what Prisma is to see of them. It makes an object of no arguments at all
 * and of `null` for hooks, and words its errors by what it is handed back.
 */
function splitArgs(args: CallArguments | undefined, internalParams: unknown) {
  const { args: given } = internalParams as { readonly args?: unknown }
  if (given === undefined || given === null) return { option: undefined, rest: {}, sent: given }
  if (args === undefined || !('cache' in args)) return { option: undefined, rest: args ?? {}, sent: args }
  const { cache: option, ...rest } = args
  return { option, rest, sent: rest }
}

function cacheOf(client: AnyClient, options: CacheOptions, surface: Surface) {
  const dataModel = client._runtimeDataModel
  if (!dataModel) {
    throw new CacheConfigError(
      'client',
      'this Prisma client shows no data model',
      'Use Prisma 7 (or report the version).',
    )
  }
  const { inlineSchema, activeProvider = '', transactionOptions } = client._engineConfig ?? {}
  const {
    control,
    read: readContext,
    ...opened
  } = openCache(options, {
    graph: modelGraph(dataModel, activeProvider, options.schema ?? inlineSchema),
    globalOmit: client._globalOmit ?? {},
    decimals: decimalClass(client),
    connections: [client._originalClient ?? client, ...connectionsOf(client)],
    // Past other extensions: what they do to queries of the application is not meant for this one.
    ask: (sql) => (client._originalClient ?? client).$queryRawUnsafe(sql),
  })
  const { policies, hidden, shapes, invalidate, holds, intents, catalogue } = opened
  const { graph, events, connection } = readContext
  const raw = new RawStatements(graph, policies)
  const later = new LaterExtensions(options.laterExtensions, () => {
    hidden.isPossible = true
    readContext.queries.clear()
    readContext.forms.clear()
  })
  const explainScope = new ExplainScope()
  const calls = callRules(options.callOptions)
  const warming = new Warming(options.warmers ?? [], options.predict, readContext)
  const writeContext: WriteContext = {
    outbox: new Outbox(),
    invalidate,
    holds,
    intents,
    begin: () => connection.begin(),
    orphanMs: (transactionOptions?.maxWait ?? 2000) + (transactionOptions?.timeout ?? 5000),
  }

  function read(
    call: ReadCall,
    cache: ReadCache,
    transaction: HookTransaction | undefined,
    plan: () => ReadPlan | Bypass = () => planRead(call, cache, readContext),
  ): Promise<unknown> {
    if (!transaction) {
      const learning = pending(() => isCached(call.model, call.operation, cache))
      if (learning) return learning.then(() => read(call, cache, transaction, plan))
      const warm = warming.scopes.current()
      if (warm) return warm.read((context) => readThrough(call, planned(call, plan), context))
      const own = planned(call, plan)
      if (own.kind === 'cached' && call.model !== RAW) warming.predictor?.saw(call, cache, own, snapshotOf)
      return readThrough(call, own, readContext)
    }
    const reason = transaction.kind === 'batch' ? 'batch-transaction' : 'interactive-transaction'
    return readThrough({ ...call, run: inTransaction(transaction, call.run) }, { kind: 'bypass', reason }, readContext)
  }

  /** The query, inside the interactive transaction it belongs to: when it may have ended that one, its end is in doubt. */
  function inTransaction(transaction: HookTransaction | undefined, run: () => PromiseLike<unknown>, mayEnd = false) {
    if (transaction?.kind !== 'interactive') return run
    return async () => {
      if (mayEnd) writeContext.outbox.doubt(transaction.id)
      try {
        return await run()
      } catch (error) {
        if (!leavesTransactionOpen(error, graph.provider)) writeContext.outbox.doubt(transaction.id)
        throw error
      }
    }
  }

  function isCached(model: string, operation: string, cache: ReadCache): boolean {
    return typeof policies.resolve(model, operation, cache) !== 'string'
  }

  /**
   * What is to be waited for before the database is known: by the first cached read or the first write, and not within a
   * transaction, whose connection may be the only one. What is written there is taken to change everything then.
   */
  function pending(isNeeded?: () => boolean): Promise<void> | undefined {
    return opened.transactions.known() ? undefined : catalogue.pending(isNeeded)
  }

  /** What is wrong with a call's `cache` is told; a fault of ours in planning is an event, and the query runs. */
  function planned({ model, operation }: ReadCall, plan: () => ReadPlan | Bypass): ReadPlan | Bypass {
    try {
      return plan()
    } catch (error) {
      if (error instanceof CacheConfigError) throw error
      events.emit({ type: 'error', during: 'plan', error, model, operation })
      return { kind: 'bypass', reason: 'plan-failed' }
    }
  }

  /** A fault of ours in working out what a write moves must cost precision, not the answer: everything moves then. */
  function moved(model: string, operation: string, args: Record<string, unknown>, result: unknown): WriteSet {
    try {
      const written = graph.models.get(model)
      if (written) return writeSet(graph, written, operation, args, result)
    } catch (error) {
      events.emit({ type: 'error', during: 'plan', error, model, operation })
    }
    return tagsAlone(wholeModelsWriteSet(graph, graph.models.values()))
  }

  /** As `read`, in front of Prisma. */
  function ahead(model: string, operation: string, args: Record<string, unknown> | undefined) {
    if (explainScope.current() || warming.scopes.current()) return undefined
    try {
      const given = args && surface.cacheArguments(args, true)
      const { cache: option, ...rest } = given ?? {}
      const asked = calls.read(option)
      const begun = events.begin()
      const call = { model, operation, args: rest, dataPath: NO_PATH, run: notHere, begun }
      // It is planned when the database is known.
      if (pending(() => isCached(model, operation, asked))) return undefined
      const plan = planRead(call, asked, readContext)
      const found = plan.kind === 'cached' ? readAhead(plan, readContext, begun) : undefined
      if (plan.kind === 'bypass' && plan.reason === 'not-admitted' && begun === NOT_TIMED) {
        plan.account?.refused()
        events.emit({ type: 'bypass', model, operation, reason: plan.reason })
        return { below: given && 'cache' in given ? rest : given }
      }
      // Prisma words its errors by what it is given: it is planned again with nothing added.
      if (!found && !given) return undefined
      if (plan.kind === 'cached') warming.predictor?.saw(call, asked, plan, snapshotOf)
      if (found && 'value' in found) return found
      // Prisma will look at them later, and the caller may have changed them by then.
      const taken = snapshotOf(rest)
      return found
        ? found.then((answered) => ('value' in answered ? answered : standingFor(taken, answered)))
        : standingFor(taken, { plan, begun })
    } catch {
      // It is planned again on the long way, which tells.
      return undefined
    }
  }

  return {
    graph,
    surface,
    calls,
    // `vary` may be called once a read.
    ahead: (opened.hasNear || readContext.store.isRemote) && !options.vary ? ahead : undefined,
    goOn(call: ReadCall, ahead: Ahead, transaction: HookTransaction | undefined) {
      if (transaction) return read(call, undefined, transaction)
      return 'found' in ahead ? answer(call, ahead, readContext) : readThrough(call, ahead.plan, readContext, true)
    },
    control: {
      ...control,
      async invalidate(target) {
        if (target?.models && !opened.transactions.current()) await pending()
        return control.invalidate(target)
      },
      async clear() {
        const cleared = await control.clear()
        await catalogue.forget()
        return cleared
      },
      async catalogue() {
        await pending()
        return catalogueReport(catalogue.state(), graph)
      },
      explain: (read) => explainScope.explain(read),
      findManyByIds: findManyByIds.bind(undefined, graph) as unknown as FindManyByIds,
      raw: raw.declare,
      warm: (name) => warming.warm(name),
      warmers: () => warming.names,
      disconnect(options) {
        warming.stop()
        return control.disconnect(options)
      },
    } satisfies PrismaCacheControl,
    $transaction: afterPending(
      pending,
      transactionHook(client, {
        ...writeContext,
        events,
        transactions: opened.transactions,
        undoesAll: () => later.none && undoesAll(graph.provider),
        timeoutMs: transactionOptions?.timeout ?? 5000,
      }),
    ),
    $extends: later.hook(client),
    /** Prisma connects again with the next query, and so does the cache. */
    async $disconnect() {
      await opened.rest()
      await client.$disconnect()
    },
    warming,
    read,
    pending,
    begin: () => events.begin(),
    send: readContext.merged.send.bind(readContext.merged),
    explaining: () => explainScope.current(),
    explanation: (call: ReadCall, option: ReadCache) => explainRead(call, option, catalogue.state(), readContext),

    async write(
      model: string,
      operation: string,
      asked: Record<string, unknown>,
      cache: unknown,
      { transaction, dataPath }: HookCall,
      query: (args: unknown) => PromiseLike<unknown>,
    ): Promise<unknown> {
      calls.write(cache)
      // The elements of a batch must reach Prisma in their order; it was waited for before it began.
      const learning = transaction ? undefined : pending()
      if (learning) await learning
      const userTags = ((cache as { invalidate?: readonly string[] } | undefined)?.invalidate ?? []).map(userTag)
      const shown = dataPath.length === 0 && later.none && transaction?.kind !== 'batch' ? shownBy() : undefined
      // `user.update(…).posts()` answers with posts: rows, but not the ones that were written.
      // And an extension behind us may answer with rows it made up.
      const writtenRows = (result: unknown) => (dataPath.length === 0 && later.none ? result : undefined)
      const changes = (result: unknown) => {
        const set = moved(model, operation, asked, writtenRows(result))
        return userTags.length === 0 ? set : { ...set, tags: new Set([...set.tags, ...userTags]), changes: set.changes }
      }
      const failure = later.none ? (error: unknown) => changedNothing(error, operation, graph.provider) : undefined
      const send = () => (shown ? query(shown.args).then(undefined, refusedAsAsked) : query(asked))
      const run = inTransaction(transaction, send)
      const call = { cause: 'write', model, operation, args: asked, transaction, run, changes, failure }
      const result = await writeInvalidate(call, writeContext)
      readContext.admission.queried()
      shown?.hide(result)
      return result

      function shownBy() {
        const written = graph.models.get(model)
        return written && showing(written, operation, asked, () => shapes.columnsOf(written))
      }

      /** The message of what Prisma refuses spells the arguments out: those of the caller. Nothing was sent. */
      function refusedAsAsked(error: unknown): PromiseLike<unknown> {
        if ((error as { name?: unknown } | null)?.name !== 'PrismaClientValidationError') throw error
        return query(asked)
      }
    },

    async raw(
      operation: string,
      args: unknown,
      transaction: HookTransaction | undefined,
      send: () => PromiseLike<unknown>,
    ): Promise<unknown> {
      if (raw.read(operation, args).kind === 'write' && !transaction) await pending()
      const statement = raw.read(operation, args)
      const run = inTransaction(transaction, send, transaction && raw.mayEndTransaction(args))
      if (statement.kind === 'write') {
        const call = { cause: 'raw', model: RAW, operation, transaction, run, changes: () => tagsAlone(statement.tags) }
        return writeInvalidate(call, writeContext)
      }
      const begun = events.begin()
      const call: ReadCall = { model: RAW, operation, args: args as Record<string, unknown>, dataPath: [], run, begun }
      return read(call, undefined, transaction, () =>
        statement.kind === 'read'
          ? planRawRead(call, statement, readContext)
          : { kind: 'bypass', reason: 'raw-undeclared' },
      )
    },
  }
}

/** What a transaction writes is worked out while it is open, when nothing can be asked any more. */
function afterPending(pending: () => Promise<void> | undefined, begin: AnyClient['$transaction']) {
  return function $transaction(this: unknown, input: unknown, options?: unknown): Promise<unknown> {
    const learning = typeof input === 'function' || Array.isArray(input) ? pending() : undefined
    return learning
      ? learning.then(() => begin.call(this as AnyClient, input, options))
      : begin.call(this as AnyClient, input, options)
  }
}

/** A read that was planned in front of Prisma, and perhaps looked up. */
type Ahead = LookedUp | { readonly plan: ReadPlan | Bypass; readonly begun: number }

/** Stands for it in the arguments: functions pass as they are. */
interface StandIn {
  readonly [AHEAD]?: Ahead
}
const AHEAD = Symbol('planned ahead')

function standingFor(args: Record<string, unknown>, ahead: Ahead) {
  return { args: { ...args, cache: Object.assign(() => {}, { [AHEAD]: ahead }) } }
}

const NO_PATH: readonly string[] = []
const notHere = () => Promise.reject(new Error('only planned'))
