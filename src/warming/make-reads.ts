import { type Round, RoundOver } from './round.ts'

/**
 * Makes the reads that a warmer returns: a promise, a function that makes one, or a list of these, also one that comes
 * bit by bit (generators of both kinds). Prisma's promises do nothing before they are waited for, so those of a list are
 * begun here, as many at a time as the round allows.
 *
 * One that fails keeps no other from being made. Rejects with the first failure, when all are through.
 */
export async function makeReads(returned: unknown, round: Round): Promise<void> {
  const result = typeof returned === 'function' ? await returned() : await returned
  if (Array.isArray(result)) {
    round.expect(result.filter(isToMake).length)
    // Begun before they came here; those nobody comes to wait for must not end the process when they fail.
    for (const item of result) if (item instanceof Promise) item.catch(() => {})
  }
  const items = iteratorOf(result)
  if (!items) return
  const failures: unknown[] = []
  let isDone = false
  let pulled = 0

  /** Each takes the next one when it is through with the last. */
  async function work(): Promise<void> {
    while (!isDone && !round.isOver && failures.length < MAX_FAILURES) {
      const { done, value } = await (items as Iterator<unknown>).next()
      if (done) isDone = true
      else if (isToMake(value)) await make(value)
      // A row, say. A warmer that goes on with these for ever must not keep others from their turn.
      else if ((pulled += 1) % PAUSE_AFTER === 0) await new Promise((resume) => setImmediate(resume))
    }
  }

  async function make(read: ToMake): Promise<void> {
    try {
      await (typeof read === 'function' ? read() : read)
    } catch (error) {
      if (!(error instanceof RoundOver)) failures.push(error)
    }
  }

  await Promise.all(Array.from({ length: round.concurrency }, work))
  // A generator may have something to tidy up.
  if (!isDone) await items.return?.()
  if (failures.length > 0) throw failures[0]
}

type ToMake = PromiseLike<unknown> | (() => unknown)

/** A database that is gone fails every read. */
const MAX_FAILURES = 10
const PAUSE_AFTER = 1000

function isToMake(value: unknown): value is ToMake {
  return typeof value === 'function' || typeof (value as { then?: unknown } | null)?.then === 'function'
}

function iteratorOf(value: unknown): Iterator<unknown> | AsyncIterator<unknown> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { [Symbol.asyncIterator]: asynchronous, [Symbol.iterator]: synchronous } = value as Partial<
    AsyncIterable<unknown> & Iterable<unknown>
  >
  return asynchronous?.call(value) ?? synchronous?.call(value)
}
