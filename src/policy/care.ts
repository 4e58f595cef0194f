import type { ModelCachePolicy } from './options.ts'
import { secondsOf } from './ttl.ts'

/** What the models that a read reaches ask of its entry, whichever of them was asked. */
export interface Care {
  readonly encrypts: boolean
  /** The longest life of all, time in which it is served stale included. */
  readonly longestMs: number
  /** Models whose reads are told. */
  readonly audited: readonly string[]
}

export function careOf(policies: Iterable<readonly [model: string, policy: ModelCachePolicy]>): Care {
  let encrypts = false
  let longestMs = Number.POSITIVE_INFINITY
  const audited: string[] = []
  for (const [model, policy] of policies) {
    encrypts ||= policy.encrypt === true
    if (policy.maxTtl !== undefined) longestMs = Math.min(longestMs, 1000 * secondsOf(policy.maxTtl))
    if (policy.audit) audited.push(model)
  }
  return { encrypts, longestMs, audited }
}

interface Lives {
  readonly ttlMs: number
  readonly swrMs: number
  readonly nullTtlMs: number
  readonly adaptive?: { readonly minMs: number; readonly maxMs: number; readonly firstMs: number }
}

/** The policy, its times cut to that length: fresh first, then stale. */
export function within<Policy extends Lives>(longestMs: number, policy: Policy): Policy {
  // With `adaptive`, what is not there may live longer than a row.
  const freshMs = Math.max(policy.ttlMs, policy.nullTtlMs)
  if (freshMs + policy.swrMs <= longestMs) return policy
  const cut = (ms: number) => Math.min(ms, longestMs)
  const { adaptive } = policy
  return {
    ...policy,
    ttlMs: cut(policy.ttlMs),
    nullTtlMs: cut(policy.nullTtlMs),
    swrMs: Math.min(policy.swrMs, longestMs - cut(freshMs)),
    ...(adaptive && {
      adaptive: { minMs: cut(adaptive.minMs), maxMs: cut(adaptive.maxMs), firstMs: cut(adaptive.firstMs) },
    }),
  }
}
