import type { WriteSet } from '../query/write-set.ts'
import type { Hold, Holds } from './holds.ts'
import type { Intents } from './intents.ts'
import type { Cause, Invalidate } from './invalidate.ts'
import type { Outbox } from './outbox.ts'

export interface WriteContext {
  readonly outbox: Outbox
  readonly invalidate: Invalidate
  readonly holds: Holds
  readonly intents: Intents
  /** A write begins that may be a transaction inside the database; returns what to call when it has ended. */
  readonly begin: () => () => void
  /** After how long a transaction nobody reported on must be over, ms. */
  readonly orphanMs: number
}

/** One write as it reaches the cache. */
export interface WriteCall extends Cause {
  readonly operation: string
  readonly transaction: { readonly kind: 'interactive' | 'batch'; readonly id: string } | undefined
  /** As they were asked, where they say which models are written. */
  readonly args?: unknown
  readonly run: () => PromiseLike<unknown>
  /** Whether an error says for certain that nothing was changed; absent: none does. */
  readonly failure?: ((error: unknown) => boolean) | undefined
  /**
   * What it changed, given what it returned; `undefined` when it failed and may have taken effect all the same.
   * Must not throw: the write is done, and the caller must learn so.
   */
  readonly changes: (result: unknown) => WriteSet
}

/**
 * One write: hold its tags if it is strict, run it, then move them, after commit and before the caller resumes. Prisma
 * resolves a write, with all that is nested in it, after its commit, and the elements of `$transaction([...])` after
 * theirs; inside an interactive transaction the tags wait for that one's commit, and are held just before it.
 */
export async function writeInvalidate(call: WriteCall, context: WriteContext): Promise<unknown> {
  const taking =
    call.transaction?.kind === 'interactive' ? undefined : context.holds.take(() => call.changes(undefined))
  // Where there is nothing to wait for, waiting would let reads that were called later reach Prisma first.
  const hold = (taking && (await taking)) ?? intentOf(call, context)
  // A batch is counted as a whole, by the transaction: when it is refused its elements are left waiting for ever.
  const end = call.transaction?.kind === 'batch' ? () => {} : context.begin()
  let result: unknown
  try {
    result = await call.run()
  } catch (error) {
    // Inside a transaction what a refused nested write did before it failed may stand (SQLite), and be committed.
    const stands = call.transaction?.kind === 'interactive' || !call.failure?.(error)
    if (stands) await settle(call, call.changes(undefined), context, hold)
    else if (hold === undefined || taking) await hold?.release([])
    // Nobody waits for the end of an intent.
    else void hold.release([])
    throw error
  } finally {
    end()
  }
  await settle(call, call.changes(result), context, hold)
  return result
}

/** The writes of an interactive transaction are announced by its commit. */
function intentOf({ transaction, model, operation, args, changes }: WriteCall, { intents }: WriteContext) {
  if (transaction?.kind === 'interactive') return undefined
  // The elements of a batch that is refused are left waiting for ever.
  const ends = transaction === undefined
  return intents.leave({ model, operation, args, ends, changes: () => changes(undefined) })
}

async function settle(
  call: WriteCall,
  changes: WriteSet,
  context: WriteContext,
  hold: Hold | undefined,
): Promise<void> {
  const { transaction, cause, model, operation } = call
  const told = { cause, operation, ...(model !== undefined && { model }) }
  if (transaction?.kind !== 'interactive') {
    await context.invalidate(changes, told, hold)
    return
  }
  if (context.outbox.add(transaction.id, changes)) {
    // It may have been committed already, and this write with it. The end of the transaction invalidates again.
    const doubtful = context.outbox.doubtful(transaction.id)
    if (doubtful) await context.invalidate(doubtful, told)
    return
  }
  // Another extension opened this transaction past us: its commit will not be reported. Moving the tags now covers a
  // commit that is under way, moving them again when the transaction must be over covers one that comes later.
  setTimeout(() => void context.invalidate(changes, told), context.orphanMs).unref()
  await context.holds.leave(changes, context.orphanMs)
  await context.invalidate(changes, told)
}
