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
 *
 * Being in an async scope makes every promise of the process dearer on Node 20, so transactions are run in one from the
 * first question on. Of those that were open by then it is not known who is inside: anybody may be.
 */
export class TransactionScopes {
  readonly #scope = new AsyncScope<Scope>()
  readonly #unscoped = new Set<TransactionScope>()
  #isAsked = false

  async run<T>(transaction: TransactionScope, callback: () => PromiseLike<T> | T): Promise<T> {
    if (!this.#isAsked) return this.#runUnscoped(transaction, callback)
    const scope = { add: transaction.add, isOpen: true }
    try {
      return await this.#scope.run(scope, callback)
    } finally {
      // What was begun in it and not waited for goes on outside.
      scope.isOpen = false
    }
  }

  /** That which may be around the caller. */
  current(): TransactionScope | undefined {
    this.#isAsked = true
    if (this.#unscoped.size === 0) return this.known()
    const [known, unscoped] = [this.known(), this.#unscoped]
    return {
      add(changes) {
        known?.add(changes)
        for (const one of unscoped) one.add(changes)
      },
    }
  }

  /** That which is around the caller, for those to whom it does not matter to be told of none. */
  known(): TransactionScope | undefined {
    const scope = this.#scope.current()
    return scope?.isOpen ? scope : undefined
  }

  async #runUnscoped<T>(transaction: TransactionScope, callback: () => PromiseLike<T> | T): Promise<T> {
    this.#unscoped.add(transaction)
    try {
      return await callback()
    } finally {
      this.#unscoped.delete(transaction)
    }
  }
}
