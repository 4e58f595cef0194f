import { GatheredWrites, type WriteSet } from '../query/write-set.ts'

interface Waiting {
  depth: number
  inDoubt: boolean
  /** Its innermost level is being rolled back. */
  isEnding: boolean
  readonly writes: GatheredWrites
}

/**
 * Writes that wait for their transaction, by its id. A transaction inside a transaction (a savepoint) has the same id and
 * adds to the same set: its writes wait for the outermost commit, and are kept when only the savepoint is rolled back,
 * which costs a miss at most.
 *
 * A transaction is in doubt when its writes may stand although it is rolled back. It stays so whatever comes after.
 */
export class Outbox {
  readonly #open = new Map<string, Waiting>()

  /** The level that begins: 1 for the transaction itself, 2 for one inside it. */
  open(transaction: string): number {
    const waiting = this.#open.get(transaction)
    if (waiting) {
      waiting.inDoubt ||= waiting.isEnding
      waiting.depth += 1
      return waiting.depth
    }
    this.#open.set(transaction, { depth: 1, inDoubt: false, isEnding: false, writes: new GatheredWrites() })
    return 1
  }

  /**
   * This level is about to be rolled back. If another one is open inside it, or begins until it is closed, its commit may
   * be taken for the commit of the whole: Prisma 7.10 counts levels, it does not name them.
   */
  ending(transaction: string, level: number): void {
    const waiting = this.#open.get(transaction)
    if (!waiting) return
    waiting.inDoubt ||= waiting.depth !== level
    waiting.isEnding = true
  }

  /** `false`: this transaction was never opened here; nobody will tell when it commits. */
  add(transaction: string, writes: WriteSet): boolean {
    const waiting = this.#open.get(transaction)
    if (!waiting) return false
    waiting.writes.add(writes)
    return true
  }

  /** What the outermost level, about to commit, has gathered; `undefined` inside it. */
  gathered(transaction: string): WriteSet | undefined {
    const waiting = this.#open.get(transaction)
    return waiting?.depth === 1 ? waiting.writes : undefined
  }

  doubt(transaction: string): void {
    const waiting = this.#open.get(transaction)
    if (waiting) waiting.inDoubt = true
  }

  /** What it has gathered, if it is in doubt. */
  doubtful(transaction: string): WriteSet | undefined {
    const waiting = this.#open.get(transaction)
    return waiting?.inDoubt ? waiting.writes : undefined
  }

  /** `undefined` while a level is still open. */
  close(transaction: string): Pick<Waiting, 'writes' | 'inDoubt'> | undefined {
    const waiting = this.#open.get(transaction)
    if (!waiting) return undefined
    waiting.depth -= 1
    waiting.isEnding = false
    if (waiting.depth > 0) return undefined
    this.#open.delete(transaction)
    return waiting
  }
}
