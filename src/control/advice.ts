import type { Account, FormAccount } from '../read/admission.ts'
import { hintOf } from '../read/explain.ts'
import type { UncachedReads } from './stats.ts'

/**
 * - `pays`: hits save more time than look-ups, plans and fills take
 * - `written-too-often`: most of its misses found an entry that a write had invalidated
 * - `never-repeated`: fewer than one read in ten is a hit
 * - `cheap-query`: it is hit, and its query takes too little time for hits to make up for misses
 * - `too-few-reads`: it was not judged yet
 */
export type FormVerdict = 'pays' | 'written-too-often' | 'never-repeated' | 'cheap-query' | 'too-few-reads'

/** How a form of reads fares, and why. Times are estimates, in milliseconds. */
export interface FormAdvice extends FormAccount {
  readonly verdict: FormVerdict
  /** The share of its reads that bypassed the cache because caching did not pay, 0 to 1. */
  readonly refusedShare: number
  /** What would let fewer writes invalidate it, as `explain` words it; empty where no write did. */
  readonly hints: readonly string[]
}

/** What the reads of this process so far say about what to cache. Nothing in it is a value of arguments. */
export interface CacheAdvice {
  /** Forms of cached reads, those that save most time first. */
  readonly forms: readonly FormAdvice[]
  /** Reads without a `ttl` that are made often, and more often than their model is written: try one. */
  readonly uncached: readonly UncachedReads[]
}

const SELDOM = 0.1
/** Fewer reads say nothing. */
const OFTEN = 100

export function advice(accounts: readonly Account[], uncached: readonly UncachedReads[]): CacheAdvice {
  const forms = accounts.map(formAdvice).filter(({ hits, misses, refused }) => hits + misses + refused > 0)
  const gain = ({ savedMs, spentMs }: FormAccount) => savedMs - spentMs
  return {
    forms: forms.sort((one, other) => gain(other) - gain(one)),
    uncached: uncached
      .filter(({ reads, writes }) => reads >= OFTEN && reads > writes)
      .sort((one, other) => other.reads - one.reads),
  }
}

function formAdvice(account: Account): FormAdvice {
  const told = account.told()
  const { hits, misses, invalidated, refused } = told
  const hints = invalidated === 0 ? [] : (account.dependencies?.() ?? []).map(hintOf)
  return {
    ...told,
    verdict: verdict(told),
    refusedShare: refused === 0 ? 0 : refused / (hits + misses + refused),
    hints: [...new Set(hints.filter((hint) => hint !== null))],
  }
}

function verdict({ pays, hits, misses, invalidated }: FormAccount): FormVerdict {
  if (pays === null) return 'too-few-reads'
  if (pays) return 'pays'
  if (invalidated > misses / 2) return 'written-too-often'
  return hits < SELDOM * (hits + misses) ? 'never-repeated' : 'cheap-query'
}
