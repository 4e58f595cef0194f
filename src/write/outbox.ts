import { GatheredWrites, type WriteSet } from '../query/write-set.ts'

/**
 * Writes that wait for their transaction, by its id. A transaction inside a transaction (a savepoint) has the same id and
 * adds to the same set: its writes wait for the outermost commit, and are kept when only the savepoint is rolled back,
 * which costs a miss at most.
 */
export class Outbox {
  readonly #open = new Map<string, { depth: number; inDoubt: boolean; readonly writes: GatheredWrites }>()

  open(transaction: string): void {
    const waiting = this.#open.get(transaction)
    if (waiting) waiting.depth += 1
    else this.#open.set(transaction, { depth: 1, inDoubt: false, writes: new GatheredWrites() })
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

  /** From now on nobody can say how this transaction will end. */
  doubt(transaction: string): void {
    const waiting = this.#open.get(transaction)
    if (waiting) waiting.inDoubt = true
  }

  isInDoubt(transaction: string): boolean {
    return this.#open.get(transaction)?.inDoubt ?? false
  }

  /** What is to be moved now, `undefined` while an outer level is still open. */
  close(transaction: string): WriteSet | undefined {
    const waiting = this.#open.get(transaction)
    if (!waiting) return undefined
    waiting.depth -= 1
    if (waiting.depth > 0) return undefined
    this.#open.delete(transaction)
    return waiting.writes
  }
}
