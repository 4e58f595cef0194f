import type { EventHub } from '../events.ts'
import { NO_CHANGES, type WriteSet } from '../query/write-set.ts'
import type { Hold, Holds } from '../write/holds.ts'
import type { Invalidate } from '../write/invalidate.ts'
import type { Outbox } from '../write/outbox.ts'
import type { TransactionScopes } from '../write/transaction-scopes.ts'
import type { AnyClient } from './client.ts'
import { transactionId } from './internal-params.ts'

export interface TransactionContext {
  readonly outbox: Outbox
  readonly invalidate: Invalidate
  readonly holds: Holds
  readonly begin: () => () => void
  readonly events: EventHub
  readonly transactions: TransactionScopes
}

/**
 * `$transaction` as the extension replaces it, to learn how each interactive transaction ends:
 *
 * - it resolved: committed; the tags move before the caller resumes
 * - the callback threw: rolled back; the tags are dropped
 * - it rejected although the callback was through (commit failed, timed out, connection lost): unknown; the tags move
 * - the same happened to a transaction within it (a savepoint that could not be released): unknown, whatever comes after.
 *   Prisma 7.10 loses count of its savepoints then, and commits a transaction whose callback threw
 *
 * What was written strictly is held from the end of the callback, before the commit, until the tags have moved.
 *
 * The parent's method is applied to `this`, the outermost client: only then does the transaction's client carry our
 * hook and those of extensions applied after ours.
 */
export function transactionHook(parent: AnyClient, context: TransactionContext) {
  const { outbox, events, invalidate, holds, transactions } = context
  const parentTransaction = parent.$transaction

  return async function $transaction(this: unknown, input: unknown, options?: unknown): Promise<unknown> {
    if (typeof input !== 'function') {
      const end = context.begin()
      try {
        return await holds.batch(() => parentTransaction.call(this, input, options))
      } finally {
        end()
      }
    }
    let id: string | undefined
    let threw = false
    let hold: Hold | undefined
    const end = context.begin()

    const callback = async (transactionClient: { $cache?: unknown }) => {
      id = transactionId(transactionClient)
      if (id !== undefined) outbox.open(id)
      if (id === undefined || !transactionClient.$cache) {
        const problem = 'another extension opens transactions without this one: apply cacheExtension last'
        events.emit({ type: 'error', during: 'transaction', error: new Error(problem) })
      }
      try {
        const add = (changes: WriteSet) => void (id !== undefined && outbox.add(id, changes))
        const result = await transactions.run({ add }, () => input(transactionClient))
        // All it wrote is known now, and nothing of it can be seen yet. Refused here, it is rolled back.
        hold = await holds.take(() => (id !== undefined && outbox.gathered(id)) || NO_CHANGES)
        return result
      } catch (error) {
        threw = true
        throw error
      }
    }

    let committed = false
    try {
      const result = await parentTransaction.call(this, callback, options)
      committed = true
      return result
    } finally {
      end()
      if (id !== undefined && !committed && !threw) outbox.doubt(id)
      const inDoubt = id !== undefined && outbox.isInDoubt(id)
      const changes = id === undefined ? undefined : outbox.close(id)
      if (changes && (committed || !threw || inDoubt)) await invalidate(changes, { cause: 'transaction' }, hold)
    }
  }
}
