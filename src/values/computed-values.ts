import type { ValueOptions } from '../policy/value-options.ts'
import type { ReadCall, ReadContext } from '../read/read-context.ts'
import type { Bypass, ReadPlan } from '../read/read-plan.ts'
import { readThrough } from '../read/read-through.ts'
import { scopeTags } from '../read/scope.ts'
import { idFor } from './bypassed.ts'
import { VALUES, type ValueContext } from './value-context.ts'
import { valuePlan } from './value-plan.ts'
import { dataCare, dataTags } from './value-tags.ts'

/**
 * Values that a function computes when none is stored. To the cache such a function is a query, and goes the same way:
 * the versions of the tags are those from before it was called, so a value that was computed across an invalidation is
 * dead on arrival; calls of one moment share one run of it.
 */
export class ComputedValues {
  readonly #context: ValueContext
  readonly #read: ReadContext

  constructor(context: ValueContext) {
    this.#context = context
    // To run somebody's function once more, only to compare, is not for us to do.
    this.#read = { ...context.read, verifications: undefined }
  }

  /** Rejects with what `run` throws, and with nothing else. */
  get(operation: string, run: () => unknown, plan: ReadPlan | Bypass): Promise<unknown> {
    return readThrough(callOf(operation, run, this.#read.events.begin()), plan, this.#read)
  }

  /** @throws CacheConfigError for models and fields the schema does not have. */
  plan(name: string, operation: string, options: ValueOptions): ReadPlan | Bypass {
    // It may read what its transaction has written, and will perhaps not commit.
    if (this.#context.transactions.current()) return { kind: 'bypass', reason: 'interactive-transaction' }
    const policy = this.#read.policies.resolve(VALUES, operation, options)
    if (typeof policy === 'string') return { kind: 'bypass', reason: policy }
    const data = dataTags(options, this.#read)
    if (typeof data === 'string') return { kind: 'bypass', reason: data }
    const id = idFor(name, operation, this.#context)
    if (typeof id === 'string') return { kind: 'bypass', reason: id }
    return valuePlan(id, operation, policy, {
      data: [...data, ...scopeTags(id.scope, policy.userTags, this.#read)],
      care: dataCare(options, this.#read),
    })
  }
}

function callOf(operation: string, run: () => unknown, begun: number): ReadCall {
  return { model: VALUES, operation, args: {}, dataPath: [], run: async () => run(), sharesEnd: true, begun }
}
