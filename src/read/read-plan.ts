import type { BypassReason, Scope } from '../events.ts'
import type { Care } from '../policy/care.ts'
import type { ResolvedPolicy } from '../policy/resolve-policy.ts'
import type { Part } from '../query/read-set.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { Account } from './admission.ts'
import type { Omitted } from './omitted-fields.ts'

/** What is the same whenever a query is asked. */
export interface PlannedQuery {
  readonly digest: string
  /** What its entries say, where the key is made of the digest. */
  readonly check: string
  /** Sorted, each once: an entry holds their versions in this order. */
  readonly tags: readonly Tag[]
  /** The same by place, where a result may tell of finer ones; what no place accounts for is in none. */
  readonly parts: readonly Part[]
  /** Tags that say whether anything was written while tags were derived from the result. */
  readonly guards: readonly Tag[]
  /** What a result of `null` depends on besides. */
  readonly absence: readonly Tag[]
  /** `tags` and `absence`: what every look-up asks for. */
  readonly watched: readonly Tag[]
  /** Shapes among them: registered before the database is asked. */
  readonly shapes: readonly ShapeKey[]
  /** What `omit` keeps out of the result, at any depth. */
  readonly omitted: Omitted | undefined
  /** What the models it reaches ask for. */
  readonly care: Care
  /** In which it was asked. */
  readonly scope: Scope
  /** Whether caching reads like it pays; `undefined` of what is cached in any case. */
  readonly account?: Account | undefined
  /** Of the last call without options of its own, and the policy it was planned under. */
  last?: { readonly under: ResolvedPolicy; readonly plan: ReadPlan }
}

/** Everything about a read that is known before any I/O. */
export interface ReadPlan extends Omit<PlannedQuery, 'digest' | 'care' | 'last'> {
  readonly kind: 'cached'
  readonly model: string
  readonly operation: string
  readonly key: string
  /** What its entry says of the query: a part of the digest, all of it when `key` is the application's own word. */
  readonly check: string
  readonly policy: ResolvedPolicy
  /** Its entry must be. */
  readonly isSealed: boolean
  /** Models to tell of. */
  readonly audited: readonly string[]
  /**
   * Of a value that is known by its key alone, to calls that say different tags or none: the tag that moves when it is
   * deleted or written over. Its entry names all its tags.
   */
  readonly own?: Tag
}

export interface Bypass {
  readonly kind: 'bypass'
  readonly reason: BypassReason
  /** Of the form that is not admitted. */
  readonly account?: Account
}
