import type { PredictOptions } from '../policy/options.ts'
import type { ReadCache } from '../policy/resolve-policy.ts'
import { secondsOf } from '../policy/ttl.ts'
import { delegateName } from '../query/model-graph.ts'
import { planRead } from '../read/plan-read.ts'
import type { ReadCall, ReadContext } from '../read/read-context.ts'
import type { ReadPlan } from '../read/read-plan.ts'
import { type Hot, HotQueries } from './hot-queries.ts'
import type { WarmerTask } from './warmer.ts'

/** The warmer that `predict` makes. */
const PREDICT = 'predict'
/** Objects, lists and values in the arguments of a query that is remembered. */
const MAX_PARTS = 200

interface Settings {
  readonly sample: number
  readonly least: number
  readonly limit: number
  readonly concurrency: number
  readonly everyMs: number
  readonly models: ReadonlySet<string> | undefined
}

/**
 * Asks again, before they are over and before the hour comes in which they are asked for, the queries that callers are
 * likely to ask. What they are is remembered in this process alone, arguments and all, and nowhere else.
 */
export class Predictor {
  readonly #hot: HotQueries
  readonly #options: Settings
  readonly #context: ReadContext
  /** Apart from the other processes, which look at what they remember themselves. */
  readonly #phaseMs: number
  #isStopped = false

  constructor(options: PredictOptions, context: ReadContext) {
    const { sample = 0.1, maxQueries = 1000, least = 2, limit = 200, concurrency = 2, every = 60, models } = options
    const everyMs = 1000 * secondsOf(every)
    this.#options = { sample, least, limit, concurrency, everyMs, models: models && new Set(models) }
    this.#hot = new HotQueries(maxQueries)
    this.#context = context
    this.#phaseMs = Math.floor(context.random() * everyMs)
  }

  /** A caller's read. `copy` makes its arguments one's own. */
  saw(call: ReadCall, cache: ReadCache, plan: ReadPlan, copy: <T>(value: T) => T): void {
    const { sample, models } = this.#options
    if (this.#isStopped || this.#context.random() >= sample) return
    const { model, operation, args, dataPath } = call
    if (plan.policy.refresh || dataPath.length > 0 || (models && !models.has(model))) return
    this.#hot.saw(plan.key, 1 / sample, this.#context.clock(), () =>
      partsOf(args) <= MAX_PARTS
        ? { model, operation, args: copy(args), cache: copy(cache), ttlMs: plan.policy.ttlMs }
        : undefined,
    )
  }

  /** `client` is there when the task is done. */
  task(client: () => unknown): WarmerTask {
    const { limit, concurrency, everyMs } = this.#options
    return {
      name: PREDICT,
      limit,
      concurrency,
      leaseMs: 10_000,
      run: () => this.#reads(client() as Client),
      next: (now) => (Math.floor((now - this.#phaseMs) / everyMs) + 1) * everyMs + this.#phaseMs,
    }
  }

  stop(): void {
    this.#isStopped = true
    this.#hot.clear()
  }

  *#reads(client: Client): Iterable<() => unknown> {
    const { everyMs, least } = this.#options
    for (const hot of this.#hot.due(this.#context.clock(), everyMs, least)) {
      if (!this.#isSame(hot)) this.#hot.forget(hot.key)
      else {
        const { model, operation, args, cache } = hot
        const delegate = client[delegateName(model)]
        yield () => delegate?.[operation]?.({ ...args, ...(cache !== undefined && { cache }) })
      }
    }
  }

  /** Whether it would be stored under the key it was seen under. */
  #isSame({ key, model, operation, args, cache }: Hot): boolean {
    const call = { model, operation, args, dataPath: [], run: notHere, begun: this.#context.events.begin() }
    const plan = planRead(call, cache, this.#context)
    return plan.kind === 'cached' && plan.key === key
  }
}

type Client = { readonly [model: string]: { readonly [operation: string]: (args: unknown) => unknown } | undefined }

const notHere = () => Promise.reject(new Error('only planned'))

function partsOf(value: unknown, sum = 0): number {
  let parts = sum + 1
  if (typeof value === 'string') return parts + Math.floor(value.length / 64)
  if (value instanceof Uint8Array) return parts + Math.floor(value.length / 64)
  if (typeof value !== 'object' || value === null) return parts
  for (const member of Object.values(value)) if (parts <= MAX_PARTS) parts = partsOf(member, parts)
  return parts
}
