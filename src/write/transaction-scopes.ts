import { AsyncScope } from '../async-scope.ts'
import type { WriteSet } from '../query/write-set.ts'

/** An interactive transaction that is open around the caller. */
export interface TransactionScope {
  /** Moves these tags when it has been committed. */
  add(changes: WriteSet): void
}

interface Scope extends TransactionScope {
  isOpen: boolean
}

/**
 * Whether something happens inside `$transaction(async (tx) => …)`. A query says so itself; a function that is cached
 * does not, and may read through `tx` what will never be committed.
 */
export class TransactionScopes {
  readonly #scope = new AsyncScope<Scope>()

  async run<T>(transaction: TransactionScope, callback: () => PromiseLike<T> | T): Promise<T> {
    const scope = { add: transaction.add, isOpen: true }
    try {
      return await this.#scope.run(scope, callback)
    } finally {
      // What was begun in it and not waited for goes on outside.
      scope.isOpen = false
    }
  }

  current(): TransactionScope | undefined {
    const scope = this.#scope.current()
    return scope?.isOpen ? scope : undefined
  }
}
