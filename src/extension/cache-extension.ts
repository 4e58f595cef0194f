import { systemClock } from '../clock.ts'
import { environmentOptions, environmentRedis } from '../config/environment.ts'
import { loadConfig } from '../config/load-config.ts'
import { type CacheControl, cacheControl } from '../control/cache-control.ts'
import { InfoScopes } from '../control/cache-info.ts'
import { Drops } from '../control/drops.ts'
import { Statistics } from '../control/stats.ts'
import { CacheConfigError, storeError } from '../errors.ts'
import { EventHub } from '../events.ts'
import type { CacheOptions } from '../policy/options.ts'
import { Policies, type ReadCache } from '../policy/resolve-policy.ts'
import { assertReadCache, assertWriteCache, validateOptions } from '../policy/validate-options.ts'
import { modelGraph } from '../query/model-graph.ts'
import { showing } from '../query/shown-columns.ts'
import { tagsAlone, type WriteSet, wholeModelsWriteSet, writeSet } from '../query/write-set.ts'
import { AdaptiveTtl } from '../read/adaptive-ttl.ts'
import { explainRead } from '../read/explain.ts'
import { LearnedTags } from '../read/learned-tags.ts'
import { LeaseWorth } from '../read/lease-worth.ts'
import { clientFingerprint, planRawRead, planRead, RAW } from '../read/plan-read.ts'
import { plannedQueries } from '../read/planned-queries.ts'
import { Background, type ReadCall, type ReadContext, Verifications } from '../read/read-context.ts'
import type { Bypass, ReadPlan } from '../read/read-plan.ts'
import { readThrough } from '../read/read-through.ts'
import { RecentEntries } from '../read/recent-entries.ts'
import { RegisteredShapes } from '../read/registered-shapes.ts'
import { SharedConnection } from '../read/shared-connection.ts'
import { SingleFlight } from '../read/single-flight.ts'
import { memoryStore } from '../stores/memory-store.ts'
import { nearTier } from '../stores/near-tier.ts'
import { connectRedis } from '../stores/redis/connect.ts'
import type { RedisClient } from '../stores/redis/redis-client.ts'
import { ownRedisStore, redisStore } from '../stores/redis/redis-store.ts'
import { lagBehind } from '../stores/replica-lag.ts'
import { resilientStore } from '../stores/resilient-store.ts'
import type { StoreFactory } from '../stores/store.ts'
import { modelOf, userTag } from '../tags/tag.ts'
import { changedNothing } from '../write/failed-write.ts'
import { Holds } from '../write/holds.ts'
import { invalidator } from '../write/invalidate.ts'
import { Outbox } from '../write/outbox.ts'
import { ShapesInUse } from '../write/shapes-in-use.ts'
import { type WriteContext, writeInvalidate } from '../write/write-invalidate.ts'
import type { AnyClient } from './client.ts'
import { decimalClass } from './decimal-class.ts'
import { ExplainScope } from './explain-scope.ts'
import { type HookCall, type HookTransaction, hookCall } from './internal-params.ts'
import { LaterExtensions } from './later-extensions.ts'
import { RAW_READS, RAW_WRITES, READS, WRITES } from './operations.ts'
import { RawStatements } from './raw-statements.ts'
import { transactionHook } from './transaction-hook.ts'
import type { CacheExtension } from './typed-client.ts'

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
}) as unknown as CacheExtension<CacheOptions, CacheControl>

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

function extend(client: AnyClient, given: CacheOptions): AnyClient {
  const cache = openCache(client, withSurroundings(given))
  return client.$extends({
    name: 'prisma-extension-query-cache',
    client: { $cache: cache.control, $transaction: cache.$transaction, $extends: cache.$extends },
    query: {
      // Always a promise: Prisma calls `.then` on whatever a hook returns, `null` included.
      $allOperations(call: HookArguments): Promise<unknown> {
        return call.model !== undefined && READS.has(call.operation) ? readHook(cache, call) : otherHook(cache, call)
      },
    },
  })
}

type Cache = ReturnType<typeof openCache>

/** Not `async`: it is most of the calls, and each promise around a hit costs as much as finding it. */
function readHook(cache: Cache, { model = '', operation, args, query, __internalParams }: HookArguments) {
  try {
    const { transaction, dataPath } = hookCall(__internalParams)
    const { cache: option, ...rest } = args ?? {}
    // Also where the read is not cached: a mistake must not wait for production to be told.
    if (option !== undefined && typeof option !== 'boolean') assertReadCache(option)
    const call = { model, operation, args: rest, dataPath, run: () => query(rest) }
    const explaining = cache.explaining()
    if (!explaining) return cache.read(call, option as ReadCache, transaction)
    explaining.explain(cache.explanation(call, option as ReadCache))
    return Promise.resolve(undefined)
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
  if (!WRITES.has(operation)) return query(args)
  const { cache: option, ...rest } = args ?? {}
  return cache.write(model, operation, rest, option, { transaction, dataPath }, query)
}

/**
 * Options given here ← config file ← environment. `models` and `defaults` merge, everything else is taken whole; what is
 * `undefined` in one layer says nothing, so that `prefix: process.env.PREFIX` leaves the layer below.
 */
function withSurroundings(given: CacheOptions): CacheOptions {
  const file = given.configFile === false ? {} : loadConfig(given.configFile)
  // `store` and `redis` answer one question; the first layer that answers it counts, and the others are not looked at.
  const chosen = [given, file].find((layer) => layer.store ?? layer.redis)
  const env = environmentOptions(process.env)
  const { store, redis } = chosen ?? { store: undefined, redis: environmentRedis(process.env) }
  return {
    ...layered(env, file, given),
    store,
    redis,
    defaults: layered(env.defaults, file.defaults, given.defaults),
    models: layered(file.models, given.models),
  }
}

function layered<T extends object>(...layers: readonly (T | undefined)[]): T {
  const entries = layers.flatMap((layer) => Object.entries(layer ?? {}))
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as T
}

function openCache(client: AnyClient, options: CacheOptions) {
  const dataModel = client._runtimeDataModel
  if (!dataModel) {
    throw new CacheConfigError(
      'client',
      'this Prisma client shows no data model',
      'Use Prisma 7 (or report the version).',
    )
  }
  const { inlineSchema, activeProvider = '', transactionOptions } = client._engineConfig ?? {}
  const graph = modelGraph(dataModel, activeProvider, options.schema ?? inlineSchema)
  const policies = new Policies(options, graph)
  const events = new EventHub()
  const statistics = new Statistics(events)
  const infos = new InfoScopes(events)
  const clock = options.clock ?? systemClock
  const prefix = options.prefix ?? 'prisma:'
  const onError = (during: string, error: unknown) => events.emit({ type: 'error', during, error: storeError(error) })
  const tagTtlMs = Math.max(24 * 3600 * 1000, 2 * policies.longestMs)
  const { breaker = {}, waitReplicas = 0, replicaLag = 0, timeoutMs = 50 } = options
  const opened = storeFactory(options)({
    prefix,
    clock,
    tagTtlMs,
    graceMs: breaker.graceMs ?? 3000,
    waitReplicas,
    timeoutMs,
    onError,
    isStrict: policies.hasStrict ? (tag) => policies.isStrict(modelOf(tag)) : undefined,
  })
  const store = resilientStore(lagBehind(opened, replicaLag * 1000), {
    timeoutMs,
    failures: breaker.failures ?? 5,
    resetMs: breaker.resetMs ?? 1000,
    onError,
    onCondition: (condition) => events.emit({ type: 'store', ...condition }),
  })
  const shapes = new ShapesInUse(graph)
  const invalidate = invalidator(store, shapes, events)
  const connection = new SharedConnection(graph.provider)
  const background = new Background()
  const verifications = options.verify?.sample ? new Verifications(options.verify) : undefined
  const raw = new RawStatements(graph, policies)
  const later = new LaterExtensions()
  const explainScope = new ExplainScope()
  const globalOmit = client._globalOmit ?? {}

  const lives = new AdaptiveTtl()
  if (policies.hasAdaptive) events.on('hit', ({ key }) => lives.hit(key))

  const readContext: ReadContext = {
    graph,
    policies,
    precision: {
      of: (model) => policies.precision(model),
      maxTags: options.maxTags ?? 16,
      maxRowTags: options.maxRowTags ?? 32,
    },
    store,
    events,
    clock,
    random: Math.random,
    prefix,
    fingerprint: clientFingerprint(graph.models.values(), [graph.provider, globalOmit, options.version ?? '']),
    globalOmit,
    vary: options.vary,
    maxValueBytes: options.maxValueBytes ?? 1024 * 1024,
    lives,
    leaseWorth: new LeaseWorth(),
    flights: new SingleFlight(),
    queries: plannedQueries(),
    preambles: new WeakMap(),
    registered: new RegisteredShapes(),
    learned: new LearnedTags(),
    recent: new RecentEntries(),
    connection,
    decimals: decimalClass(client),
    background,
    verifications,
  }
  const writeContext: WriteContext = {
    outbox: new Outbox(),
    invalidate,
    holds: new Holds(store, shapes, {
      enabled: policies.hasStrict,
      leaseMs: options.holdMs ?? 10_000,
      rejects: options.onUnavailable === 'reject',
      isStrict: (tag) => policies.isStrict(modelOf(tag)),
    }),
    begin: () => connection.begin(),
    orphanMs: (transactionOptions?.maxWait ?? 2000) + (transactionOptions?.timeout ?? 5000),
  }

  function read(
    call: ReadCall,
    cache: ReadCache,
    transaction: HookTransaction | undefined,
    plan: () => ReadPlan | Bypass = () => planRead(call, cache, readContext),
  ): Promise<unknown> {
    if (!transaction) return readThrough(call, planned(call, plan), readContext)
    const reason = transaction.kind === 'batch' ? 'batch-transaction' : 'interactive-transaction'
    return readThrough(call, { kind: 'bypass', reason }, readContext)
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

  const control = cacheControl({
    graph,
    store,
    events,
    statistics,
    infos,
    invalidate,
    background,
    clock,
    prefix,
    declareRaw: raw.declare,
    drops: new Drops(events, clock),
    explain: (read) => explainScope.explain(read),
  })

  return {
    control: {
      ...control,
      disconnect() {
        verifications?.stop()
        return control.disconnect()
      },
    },
    $transaction: transactionHook(client, { ...writeContext, events }),
    $extends: later.hook(client),
    read,
    explaining: () => explainScope.current(),
    explanation: (call: ReadCall, option: ReadCache) => explainRead(call, option, readContext),

    async write(
      model: string,
      operation: string,
      asked: Record<string, unknown>,
      cache: unknown,
      { transaction, dataPath }: HookCall,
      query: (args: unknown) => PromiseLike<unknown>,
    ): Promise<unknown> {
      if (cache !== undefined) assertWriteCache(cache)
      const userTags = ((cache as { invalidate?: readonly string[] } | undefined)?.invalidate ?? []).map(userTag)
      const shown = dataPath.length === 0 && later.none && transaction?.kind !== 'batch' ? shownBy() : undefined
      // `user.update(…).posts()` answers with posts: rows, but not the ones that were written.
      // And an extension behind us may answer with rows it made up.
      const writtenRows = (result: unknown) => (dataPath.length === 0 && later.none ? result : undefined)
      const changes = (result: unknown) => {
        const set = moved(model, operation, asked, writtenRows(result))
        return userTags.length === 0 ? set : { ...set, tags: new Set([...set.tags, ...userTags]), changes: set.changes }
      }
      const failure = later.none ? changedNothing : undefined
      const run = () => (shown ? query(shown.args).then(undefined, refusedAsAsked) : query(asked))
      const call = { cause: 'write', model, operation, transaction, run, changes, failure }
      const result = await writeInvalidate(call, writeContext)
      shown?.hide(result)
      return result

      function shownBy() {
        const written = graph.models.get(model)
        return written && showing(written, operation, asked, shapes.columnsOf(written))
      }

      /** The message of what Prisma refuses spells the arguments out: those of the caller. Nothing was sent. */
      function refusedAsAsked(error: unknown): PromiseLike<unknown> {
        if ((error as { name?: unknown } | null)?.name !== 'PrismaClientValidationError') throw error
        return query(asked)
      }
    },

    raw(
      operation: string,
      args: unknown,
      transaction: HookTransaction | undefined,
      run: () => PromiseLike<unknown>,
    ): Promise<unknown> {
      const statement = raw.read(operation, args)
      if (statement.kind === 'write') {
        const call = { cause: 'raw', model: RAW, operation, transaction, run, changes: () => tagsAlone(statement.tags) }
        return writeInvalidate(call, writeContext)
      }
      const call: ReadCall = { model: RAW, operation, args: args as Record<string, unknown>, dataPath: [], run }
      return read(call, undefined, transaction, () =>
        statement.kind === 'read'
          ? planRawRead(call, statement, readContext)
          : { kind: 'bypass', reason: 'raw-undeclared' },
      )
    },
  }
}

function storeFactory(options: CacheOptions): StoreFactory {
  const far = farFactory(options)
  if (options.near === undefined) return far
  const near = typeof options.near === 'string' ? { coherence: options.near } : options.near
  const { coherence, maxEntries = 10_000, maxBytes = 64 * 1024 * 1024, heartbeatMs = 1000 } = near
  return nearTier(far, { coherence, maxEntries, maxBytes, heartbeatMs })
}

function farFactory({ store, redis }: CacheOptions): StoreFactory {
  if (store !== undefined) return store === 'memory' ? memoryStore() : store
  if (redis === undefined) return memoryStore()
  return typeof redis === 'string' ? ownRedisStore(connectRedis(redis)) : redisStore(redis as RedisClient)
}
