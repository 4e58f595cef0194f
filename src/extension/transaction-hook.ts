import type { EventHub } from '../events.ts'
import { NO_CHANGES, type WriteSet } from '../query/write-set.ts'
import type { Hold, Holds } from '../write/holds.ts'
import type { Intents } from '../write/intents.ts'
import type { Invalidate } from '../write/invalidate.ts'
import type { Outbox } from '../write/outbox.ts'
import type { TransactionScopes } from '../write/transaction-scopes.ts'
import type { AnyClient } from './client.ts'
import { transactionId } from './internal-params.ts'

export interface TransactionContext {
  readonly outbox: Outbox
  readonly invalidate: Invalidate
  readonly holds: Holds
  readonly intents: Intents
  readonly begin: () => () => void
  readonly events: EventHub
  readonly transactions: TransactionScopes
  /** Whether a rollback of this database undoes all that was written, and nothing stands between us and it. */
  readonly undoesAll: () => boolean
  /** How long Prisma lets a transaction last that does not say so itself, ms. */
  readonly timeoutMs: number
}

type Callback = (transactionClient: { $cache?: unknown }) => unknown

/**
 * `$transaction` as the extension replaces it, to learn how each transaction ends.
 *
 * The parent's method is applied to `this`, the outermost client: only then does the transaction's client carry our
 * hook and those of extensions applied after ours. What it throws at the call is thrown at the call here too.
 */
export function transactionHook(parent: AnyClient, context: TransactionContext) {
  const parentTransaction = parent.$transaction

  return function $transaction(this: unknown, input: unknown, options?: unknown): Promise<unknown> {
    const open = (given: unknown) => parentTransaction.call(this as AnyClient, given, options)
    const end = context.begin()
    try {
      if (typeof input !== 'function')
        return whenSettled(
          context.holds.batch(() => open(input)),
          end,
        )
      const timeout = (options as { timeout?: number } | null | undefined)?.timeout ?? context.timeoutMs
      const transaction = watched(input as Callback, timeout, context)
      return whenSettled(open(transaction.callback), async (committed) => {
        end()
        await transaction.settle(committed)
      })
    } catch (error) {
      end()
      throw error
    }
  }
}

/** The same outcome, once `then` is through. */
async function whenSettled(
  pending: PromiseLike<unknown>,
  then: (succeeded: boolean) => void | Promise<void>,
): Promise<unknown> {
  let succeeded = false
  try {
    const result = await pending
    succeeded = true
    return result
  } finally {
    await then(succeeded)
  }
}

/**
 * One interactive transaction. Its tags are invalidated when it has been committed, before the caller resumes, and also
 * when it may have been: an invalidation too many costs misses, one too few serves old rows. They are dropped only after
 * a rollback that certainly undid every write:
 *
 * - the callback threw, so that Prisma never sent COMMIT. (It rejected although the callback was through: the commit
 *   failed, timed out or lost its connection.)
 * - the transaction was not in doubt, see `Outbox`: nothing in it may have ended it before.
 * - it ended before its timeout. Prisma rolls back at the timeout, between two statements of one nested write if need
 *   be; the second is then committed by itself.
 * - the database undoes all: MySQL has tables outside transactions, and commits by itself before many statements.
 *
 * What was written strictly is locked from the end of the callback, before the commit, until it has been invalidated.
 */
function watched(input: Callback, timeoutMs: number, context: TransactionContext) {
  const { outbox, events, invalidate, holds, intents, transactions } = context
  const start = performance.now()
  let id: string | undefined
  let threw = false
  let hold: Hold | undefined

  async function callback(transactionClient: { $cache?: unknown }): Promise<unknown> {
    id = transactionId(transactionClient)
    const level = id === undefined ? 0 : outbox.open(id)
    if (id === undefined || !transactionClient.$cache) {
      const problem = 'another extension opens transactions without this one: apply cacheExtension last'
      events.emit({ type: 'error', during: 'transaction', error: new Error(problem) })
    }
    try {
      const add = (changes: WriteSet) => void (id !== undefined && outbox.add(id, changes))
      const result = await transactions.run({ add }, () => input(transactionClient))
      // All it wrote is known now, and nothing of it can be seen yet. Refused here, it is rolled back.
      const written = (id !== undefined && outbox.gathered(id)) || NO_CHANGES
      hold = (await holds.take(() => written)) ?? intents.leave({ ends: true, changes: () => written })
      return result
    } catch (error) {
      threw = true
      if (id !== undefined) outbox.ending(id, level)
      throw error
    }
  }

  async function settle(committed: boolean): Promise<void> {
    if (id === undefined) return
    const inTime = performance.now() - start < timeoutMs
    const isUndone = threw && inTime && context.undoesAll()
    if (!committed && !isUndone) outbox.doubt(id)
    const ended = outbox.close(id)
    if (ended && (committed || ended.inDoubt)) await invalidate(ended.writes, { cause: 'transaction' }, hold)
  }

  return { callback, settle }
}
