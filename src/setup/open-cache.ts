import type { AskDatabase } from '../catalogue/known-database.ts'
import { systemClock } from '../clock.ts'
import { Alerts } from '../control/alerts.ts'
import { auditedControl } from '../control/audit.ts'
import { type CacheControl, cacheControl } from '../control/cache-control.ts'
import { InfoScopes } from '../control/cache-info.ts'
import { consoleLogger } from '../control/console-logger.ts'
import { Drops } from '../control/drops.ts'
import { HealthCheck } from '../control/health-check.ts'
import { Statistics } from '../control/stats.ts'
import { logStore } from '../control/store-log.ts'
import { storeError } from '../errors.ts'
import { EventHub, type Scope } from '../events.ts'
import type { CacheOptions } from '../policy/options.ts'
import { Policies } from '../policy/resolve-policy.ts'
import type { GlobalOmit, ModelGraph } from '../query/model-graph.ts'
import { AdaptiveTtl } from '../read/adaptive-ttl.ts'
import { Admission } from '../read/admission.ts'
import { LearnedTags } from '../read/learned-tags.ts'
import { LeaseWorth } from '../read/lease-worth.ts'
import { LoopDelay } from '../read/loop-delay.ts'
import { MergedReads } from '../read/merged-reads.ts'
import { OversizeResults } from '../read/oversize-results.ts'
import { clientFingerprint } from '../read/plan-read.ts'
import { plannedForms } from '../read/planned-forms.ts'
import { plannedQueries } from '../read/planned-queries.ts'
import { Background, type DecimalClass, type ReadContext, Verifications } from '../read/read-context.ts'
import { RecentEntries } from '../read/recent-entries.ts'
import { RegisteredShapes } from '../read/registered-shapes.ts'
import { ShapeAllowance } from '../read/shape-allowance.ts'
import { SharedConnection } from '../read/shared-connection.ts'
import { SingleFlight } from '../read/single-flight.ts'
import { connectionLimits } from '../stores/connection-limits.ts'
import { guardedStore } from '../stores/guards.ts'
import { lagBehind } from '../stores/replica-lag.ts'
import { modelOf } from '../tags/tag.ts'
import { valueRoom } from '../values/values.ts'
import { Holds } from '../write/holds.ts'
import { Intents } from '../write/intents.ts'
import { type Invalidate, invalidator } from '../write/invalidate.ts'
import { ShapesInUse } from '../write/shapes-in-use.ts'
import { Spellings } from '../write/spellings.ts'
import { TransactionScopes } from '../write/transaction-scopes.ts'
import { storePlace, warnOfMixedStores } from './mixed-stores.ts'
import { type LearnedGraph, type OpenCatalogue, openCatalogue } from './open-catalogue.ts'
import { processUsage } from './process-usage.ts'
import { openSecrets } from './secrets.ts'
import { warnOfSpellings } from './spelling-warning.ts'
import { storeFactory } from './store-factory.ts'
import { warnOfUnboundedModels } from './unbounded-models.ts'

/** As long as a write waits for its invalidation, in units of `timeoutMs`. */
const WRITE_PATIENCE = 5
/** Seconds between two looks, where alerts are wanted. */
const HEALTH_EVERY = 30

/** What a cache is opened over: of a Prisma client, of the text of a schema, or of nothing. */
export interface Ground {
  readonly graph: ModelGraph
  /** Where there is a database to be asked. */
  readonly ask?: AskDatabase | undefined
  readonly globalOmit: GlobalOmit
  readonly decimals: DecimalClass
  /** The client under all extensions, and what else is certainly its database. */
  readonly connections?: readonly [client: object, ...others: (object | string)[]] | undefined
}

/** A cache, whoever asks it. */
export interface OpenCache {
  readonly control: CacheControl
  readonly read: ReadContext
  readonly policies: Policies
  readonly shapes: ShapesInUse
  readonly holds: Holds
  readonly intents: Intents
  readonly invalidate: Invalidate
  readonly hidden: HiddenConditions
  readonly transactions: TransactionScopes
  /** Waits for work under way, then lets the connection go until the cache is used again. */
  rest(): Promise<void>
  readonly catalogue: OpenCatalogue
  /** Whether a look-up may take no round trip. */
  readonly hasNear: boolean
}

/**
 * Whether somebody may choose rows by conditions that are in no arguments: policies of the database, which read what `vary`
 * says, or an extension behind us. A write to a column they compare concerns reads that do not name it; so these depend
 * on rows and models then, where nobody said otherwise.
 */
export interface HiddenConditions {
  isPossible: boolean
}

/** @throws CacheConfigError for names the schema does not have. */
export function openCache(
  options: CacheOptions,
  { graph: plain, globalOmit, decimals, ask, connections }: Ground,
): OpenCache {
  const secrets = options.encryption && openSecrets(options.encryption)
  // One object for all who work with it: what is learned of the database later is put into it.
  const graph: LearnedGraph = { ...plain, omit: globalOmit, ...(secrets && { conceal: secrets.conceal }) }
  const policies = new Policies(options, graph)
  const events = new EventHub()
  const statistics = new Statistics(events)
  const infos = new InfoScopes(events)
  const clock = options.clock ?? systemClock
  const prefix = options.prefix ?? 'prisma:'
  const onError = (during: string, error: unknown) => events.emit({ type: 'error', during, error: storeError(error) })
  const tagTtlMs = Math.max(24 * 3600 * 1000, 2 * policies.longestMs)
  const { breaker = {}, waitReplicas = 0, replicaLag = 0, timeoutMs = 50 } = options
  const { quarantineMs: graceMs = 3000 } = breaker
  const connection = connectionLimits(options.connection ?? {}, timeoutMs)
  const opened = storeFactory(options)({
    prefix,
    clock,
    tagTtlMs,
    graceMs,
    waitReplicas,
    timeoutMs,
    connection,
    onError,
    isStrict: policies.hasStrict ? (tag) => policies.isStrict(modelOf(tag)) : undefined,
    maxEntries: policies.maxEntries,
  })
  warnOfUnboundedModels(policies.maxEntries, opened)
  const { logger = consoleLogger } = options
  if (logger) logStore(logger, events, () => `${opened.name} at ${opened.address?.() ?? 'its place'}`)
  const store = guardedStore(lagBehind(opened, replicaLag * 1000), {
    timeoutMs,
    connectTimeoutMs: connection.connectTimeoutMs,
    failures: breaker.failures ?? 5,
    resetMs: breaker.resetMs ?? 1000,
    graceMs,
    onError,
    onCondition: (condition) => events.emit({ type: 'store', ...condition }),
  })
  const shapes = new ShapesInUse(graph)
  const spellings = new Spellings(secrets?.spelling ?? 'plain', graph, () => warnOfSpellings(prefix, events))
  const invalidate = invalidator(store, shapes, spellings, events)
  const background = new Background()
  const verifications = options.verify?.sample ? new Verifications(options.verify) : undefined
  const hidden = { isPossible: options.vary !== undefined }
  const lives = new AdaptiveTtl()
  if (policies.hasAdaptive) events.on('hit', ({ key }) => lives.hit(key))

  const drops = new Drops(events, clock)
  const catalogue = openCatalogue(graph, { options: options.catalogue, ask, store, events, clock, background, prefix })
  const nameClient = () => clientFingerprint(graph, [globalOmit, options.version ?? '', graph.isUnclear ?? false])
  let fingerprint = nameClient()
  let preambles: ReadContext['preambles'] = new WeakMap()
  const [queries, forms] = [plannedQueries(), plannedForms()]
  catalogue.onLearned(() => {
    // Plans name tags by what is known of the columns: none of them may outlive it, nor be found under the same key.
    fingerprint = nameClient()
    preambles = new WeakMap()
    queries.clear()
    forms.clear()
  })
  const read: ReadContext = {
    droppedBy: (tags) => drops.by(tags),
    graph,
    policies,
    spellings,
    precision: {
      of: (model) => policies.precision(model) ?? (hidden.isPossible ? 'row' : 'shape'),
      because: (model) => (policies.precision(model) === undefined ? 'hidden-conditions' : 'option'),
      maxTags: options.maxTags ?? 16,
      maxRowTags: options.maxRowTags ?? 32,
    },
    store,
    events,
    clock,
    random: Math.random,
    prefix,
    get fingerprint() {
      return fingerprint
    },
    globalOmit,
    vary: options.vary,
    requireScope: options.requireScope ?? false,
    encryption: secrets,
    maxValueBytes: (model) => policies.maxBytes(model) ?? options.maxValueBytes ?? 1024 * 1024,
    oversize: new OversizeResults(clock),
    lives,
    leaseWorth: new LeaseWorth(),
    loopDelay: graph.provider === 'sqlite' ? undefined : new LoopDelay(),
    flights: new SingleFlight(),
    queries,
    forms,
    get preambles() {
      return preambles
    },
    admission: new Admission(events, {
      refuses: options.admission !== 'always',
      isRemote: store.isRemote,
      usage: processUsage,
    }),
    observes: options.observe ?? false,
    registered: new RegisteredShapes(),
    allowance: new ShapeAllowance(clock),
    learned: new LearnedTags(),
    recent: new RecentEntries(),
    connection: new SharedConnection(graph.provider, connections?.[0]),
    merged: new MergedReads(graph, connections?.[0]),
    decimals,
    background,
    verifications,
  }
  const place = storePlace(options)
  if (connections && place) warnOfMixedStores({ schema: read.fingerprint, connections }, prefix, place)
  const holds = new Holds(store, shapes, {
    enabled: policies.hasStrict,
    leaseMs: options.lockTtlMs ?? 10_000,
    rejects: options.onUnavailable === 'reject',
    isStrict: (tag) => policies.isStrict(modelOf(tag)),
  })
  const { alerts: asked, healthIntervalSeconds = asked ? HEALTH_EVERY : undefined } = options
  const alerts = asked ? new Alerts(asked === true ? {} : asked, events, clock, () => store.condition()) : undefined
  const health =
    healthIntervalSeconds === undefined
      ? undefined
      : new HealthCheck(healthIntervalSeconds * 1000, { store, events, alerts })
  const transactions = new TransactionScopes()
  function scope(): Scope {
    try {
      return options.vary?.()
    } catch {
      return undefined
    }
  }

  const plainControl = cacheControl({
    graph,
    store,
    events,
    statistics,
    admission: read.admission,
    infos,
    invalidate(changes, ...rest) {
      // Inside a transaction: now, for whoever asked, and when what else it changed can be seen.
      transactions.current()?.add(changes)
      return invalidate(changes, ...rest)
    },
    background,
    clock,
    prefix,
    drops,
    sensitiveModels: policies.sensitiveModels,
    tagsOf: (key) => read.recent.tagsOf(key) ?? read.learned.of(key),
    values: valueRoom({ read, invalidate, transactions, version: options.version ?? '' }),
    alerts: () => alerts?.raised() ?? [],
    connectTimeoutMs: connection.connectTimeoutMs,
    stop() {
      verifications?.stop()
      health?.stop()
      alerts?.stop()
    },
  })
  const control = auditedControl(plainControl, { events, policies, clock, prefix, scope })
  return {
    hidden,
    control,
    async rest() {
      await background.settled()
      await store.delivered(WRITE_PATIENCE * timeoutMs)
      store.rest()
    },
    read,
    policies,
    shapes,
    holds,
    intents: new Intents(store),
    invalidate,
    transactions,
    catalogue,
    hasNear: opened.near !== undefined,
  }
}
