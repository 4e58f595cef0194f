import type { Precision } from '../dependency.ts'
import { CacheConfigError, show } from '../errors.ts'
import type { BypassReason } from '../events.ts'
import { bareModel, type Model, type ModelGraph } from '../query/model-graph.ts'
import { namespaceTags, type Tag, userTags } from '../tags/tag.ts'
import { type Care, careOf } from './care.ts'
import type {
  CacheOptions,
  CachePolicy,
  LeaseOptions,
  ModelCachePolicy,
  RawRule,
  ReadCacheOptions,
  ReadOperation,
  Validate,
} from './options.ts'
import { secondsOf } from './ttl.ts'

/** Between what an entry's life may be, and what it is at first, ms. */
export interface LifeBounds {
  readonly minMs: number
  readonly maxMs: number
  readonly firstMs: number
}

/** Each policy laid over the ones before it. Seconds. */
interface Layers extends Record<Exclude<keyof CachePolicy, 'adaptive' | 'namespace' | 'validate'>, number> {
  adaptive?: { readonly min: number; readonly max: number } | undefined
  namespace?: string | undefined
  validate?: Validate | undefined
}

/** The policy of one read, in milliseconds. */
export interface ResolvedPolicy {
  /** The longest life; with `adaptive` it may be shorter. */
  readonly ttlMs: number
  readonly adaptive?: LifeBounds
  readonly swrMs: number
  readonly nullTtlMs: number
  readonly jitter: number
  readonly earlyRefresh: number
  /** The application's own tags, with all they lie under and the namespace's, sorted, each once. */
  readonly userTags: readonly Tag[]
  readonly key: string | undefined
  /** Whether a stored result is good. */
  readonly validate?: Validate
  readonly refresh: boolean
  /** One object for all calls of the operation that say nothing of their own. */
  readonly isShared: boolean
}

/** `LeaseOptions`, all said. */
export type LeaseRule = { readonly [option in keyof LeaseOptions]-?: number }

/** What `cache:` on a read may be. */
export type ReadCache = boolean | ReadCacheOptions | undefined

/** A call that asks for caching where no `ttl` is configured gets this many seconds. */
export const TTL_WHEN_ASKED = 60
const LEASE: LeaseRule = { waitMs: 500, leaseMs: 2000, minQueryMs: 20 }
const DEFAULTS = { ttl: 0, swr: 0, nullTtl: 60, jitter: 0.1, earlyRefresh: 0 } as const

export class Policies {
  readonly rawRules: readonly RawRule[]
  readonly #strict: boolean
  readonly #precision: Precision | undefined
  readonly #lease: LeaseRule | undefined
  readonly #leases = new Map<string, LeaseRule | undefined>()
  readonly #defaults: Layers
  readonly #models: ReadonlyMap<string, ModelCachePolicy | false>
  /** Policies without per-call options, by model and operation: one object for all their calls. */
  readonly #resolved = new Map<string, Map<string, ResolvedPolicy | BypassReason>>()

  /** @throws CacheConfigError for names the schema does not have. */
  constructor(options: CacheOptions, graph: ModelGraph) {
    this.#defaults = layered(DEFAULTS, options.defaults)
    this.#models = new Map(Object.entries(options.models ?? {}))
    this.rawRules = options.raw ?? []
    this.#strict = options.consistency === 'strict'
    this.#precision = options.invalidation
    this.#lease = leaseRule(options.lease ?? true, LEASE)
    for (const [model, policy] of this.#models) {
      if (policy && policy.lease !== undefined) this.#leases.set(model, leaseRule(policy.lease, this.#lease ?? LEASE))
    }
    this.#checkNames(graph)
    this.#checkSecrets(options)
    this.#checkScope(options)
  }

  /** The longest a configured entry can live, milliseconds. */
  get longestMs(): number {
    const policies = [...this.#models.values()].flatMap((model) =>
      model === false ? [] : [model, ...Object.values(model.operations ?? {})],
    )
    const lifeOf = ({ ttl = 0, swr = 0, adaptive }: CachePolicy) =>
      Math.max(secondsOf(ttl), secondsOf(adaptive?.max ?? 0)) + secondsOf(swr)
    const lives = policies.map((policy) => (policy ? lifeOf(policy) : 0))
    return 1000 * Math.max(lifeOf(this.#defaults), TTL_WHEN_ASKED, ...lives)
  }

  /** Whether hits have to be counted. */
  get hasAdaptive(): boolean {
    const models = [...this.#models.values()].flatMap((model) =>
      model ? [model, ...Object.values(model.operations ?? {})] : [],
    )
    return [this.#defaults, ...models].some((policy) => policy && policy.adaptive !== undefined)
  }

  /** Whether anything at all is written strictly. */
  get hasStrict(): boolean {
    return this.#strict || [...this.#models.values()].some((model) => model && model.consistency === 'strict')
  }

  /** Of a model, or of a tag of the application's own: it may stand for anything. */
  isStrict(model: string | undefined): boolean {
    const ofModel = model === undefined ? undefined : this.#models.get(model)
    const consistency = ofModel ? ofModel.consistency : undefined
    return consistency === undefined ? this.#strict : consistency === 'strict'
  }

  /** `undefined`: nobody said. */
  precision(model: string): Precision | undefined {
    const ofModel = this.#models.get(model)
    return (ofModel ? ofModel.invalidation : undefined) ?? this.#precision
  }

  /** `undefined`: every process asks the database itself. */
  lease(model: string): LeaseRule | undefined {
    return this.#leases.has(model) ? this.#leases.get(model) : this.#lease
  }

  /** Models that ask for care: what entries show of them is for nobody who merely looks after the cache. */
  get sensitiveModels(): ReadonlySet<string> {
    const sensitive = [...this.#models].filter(
      ([, policy]) => policy && (policy.encrypt || policy.audit || (policy.neverCache?.length ?? 0) > 0),
    )
    return new Set(sensitive.map(([model]) => model))
  }

  /** Of the largest result to be stored; `undefined`: the option for all. */
  maxBytes(model: string): number | undefined {
    return (this.#models.get(model) || undefined)?.maxBytes
  }

  /** By model, where it says how many entries a process keeps. */
  get maxEntries(): ReadonlyMap<string, number> {
    return new Map(
      [...this.#models].flatMap(([model, policy]) =>
        policy && policy.maxEntries !== undefined ? [[model, policy.maxEntries] as const] : [],
      ),
    )
  }

  /** What a read that reaches these models must heed. */
  care(models: Iterable<string>): Care {
    return careOf(
      [...models].flatMap((model) => {
        const policy = this.#models.get(model)
        return policy ? [[model, policy] as const] : []
      }),
    )
  }

  /** Models whose reads are told. */
  get audited(): readonly string[] {
    return this.care(this.#models.keys()).audited
  }

  of(model: string): ModelCachePolicy | false | undefined {
    return this.#models.get(model)
  }

  /** Defaults ← model ← operation ← the call's own `cache`. */
  resolve(model: string, operation: string, cache: ReadCache): ResolvedPolicy | BypassReason {
    if (cache === undefined) {
      let ofModel = this.#resolved.get(model)
      if (!ofModel) this.#resolved.set(model, (ofModel = new Map()))
      let resolved = ofModel.get(operation)
      if (!resolved) ofModel.set(operation, (resolved = this.#resolve(model, operation, undefined)))
      return resolved
    }
    return cache === false ? 'call-disabled' : this.#resolve(model, operation, cache)
  }

  #resolve(model: string, operation: string, cache: Exclude<ReadCache, false>): ResolvedPolicy | BypassReason {
    const ofModel = this.#models.get(model)
    if (ofModel === false) return 'model-disabled'
    const ofOperation = ofModel?.operations?.[operation as ReadOperation]
    if (ofOperation === false) return 'operation-disabled'
    const ofCall = cache === true || cache === undefined ? {} : cache
    const policy = layered(layered(layered(this.#defaults, ofModel), ofOperation), ofCall)
    if (policy.ttl === 0) {
      if (cache === undefined) return 'not-enabled'
      if (ofCall.ttl === 0) return 'call-disabled'
      policy.ttl = TTL_WHEN_ASKED
    }
    const { adaptive, namespace, validate } = policy
    const tags = [...(ofModel?.tags ?? []), ...(ofCall.tags ?? [])].flatMap(userTags)
    return {
      ttlMs: (adaptive?.max ?? policy.ttl) * 1000,
      ...(adaptive && {
        adaptive: { minMs: adaptive.min * 1000, maxMs: adaptive.max * 1000, firstMs: policy.ttl * 1000 },
      }),
      swrMs: policy.swr * 1000,
      nullTtlMs: Math.min(policy.nullTtl, policy.ttl) * 1000,
      jitter: policy.jitter,
      earlyRefresh: policy.earlyRefresh,
      userTags: [...new Set([...tags, ...(namespace === undefined ? [] : namespaceTags(namespace))])].sort(),
      key: ofCall.key,
      ...(validate && { validate }),
      refresh: ofCall.refresh ?? false,
      isShared: cache === undefined,
    }
  }

  #checkScope({ vary, requireScope }: CacheOptions): void {
    if (!requireScope || vary) return
    throw new CacheConfigError(
      'requireScope',
      'there is no `vary`',
      'Give `vary: () => scope`; without it nothing is cached.',
    )
  }

  #checkSecrets({ encryption }: CacheOptions): void {
    if (encryption) return
    for (const [name, policy] of this.#models) {
      if (!(policy || undefined)?.encrypt) continue
      const fix = 'Give `encryption: { keys, digestKey }`, or set CACHE_ENCRYPTION_KEYS and CACHE_DIGEST_KEY.'
      throw new CacheConfigError(`models.${name}.encrypt`, 'there are no keys to encrypt with', fix)
    }
  }

  #checkNames(graph: ModelGraph): void {
    for (const [name, policy] of this.#models) {
      const model = known(graph, `models.${name}`, name)
      if (policy === false) continue
      for (const other of policy.dependsOn ?? []) known(graph, `models.${name}.dependsOn`, other)
      for (const field of policy.neverCache ?? []) {
        if (graph.isOpen || model.fields.has(field)) continue
        const fields = [...model.fields.keys()].join(', ')
        throw new CacheConfigError(
          `models.${name}.neverCache`,
          `${name} has no field ${show(field)}`,
          `It has ${fields}.`,
        )
      }
    }
    for (const [i, rule] of this.rawRules.entries()) {
      for (const name of rule.reads ?? []) known(graph, `raw.${i}.reads`, name)
      for (const name of rule.writes ?? []) known(graph, `raw.${i}.writes`, name)
    }
  }
}

/** @throws CacheConfigError when the schema has no such model. */
export function known(graph: ModelGraph, option: string, name: string): Model {
  const model = graph.models.get(name)
  if (model) return model
  if (graph.isOpen) return bareModel(name)
  const models = [...graph.models.keys()]
  const near = models.find((other) => other.toLowerCase() === name.toLowerCase())
  const fix = near ? `Did you mean ${near}?` : `The schema has ${models.join(', ')}.`
  throw new CacheConfigError(option, `the schema has no model ${show(name)}`, fix)
}

function leaseRule(option: boolean | LeaseOptions, base: LeaseRule): LeaseRule | undefined {
  if (typeof option === 'boolean') return option ? base : undefined
  const { waitMs = base.waitMs, leaseMs = base.leaseMs, minQueryMs = base.minQueryMs } = option
  return { waitMs, leaseMs, minQueryMs }
}

function layered(base: Layers, over: CachePolicy | undefined): Layers {
  const { adaptive } = over ?? {}
  return {
    adaptive: adaptive
      ? { min: secondsOf(adaptive.min), max: secondsOf(adaptive.max) }
      : over?.ttl === undefined
        ? base.adaptive
        : undefined,
    namespace: over?.namespace ?? base.namespace,
    validate: over?.validate ?? base.validate,
    ttl: secondsOf(over?.ttl ?? base.ttl),
    swr: secondsOf(over?.swr ?? base.swr),
    nullTtl: secondsOf(over?.nullTtl ?? base.nullTtl),
    jitter: over?.jitter ?? base.jitter,
    earlyRefresh: over?.earlyRefresh ?? base.earlyRefresh,
  }
}
