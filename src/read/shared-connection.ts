import { processWide } from '../process-wide.ts'

/**
 * On a driver with one connection for everybody (SQLite) a read sees rows of a transaction that is still open and may
 * be rolled back. Such a read may be answered but never stored: the version protocol guards against commits that come
 * later, not against commits that never come.
 *
 * Two caches over one client (`base.$extends(a)` and `base.$extends(b)`) use one connection, so what is open is counted
 * by client, and on `globalThis`: each of them may come from a copy of this package of its own.
 */
export class SharedConnection {
  readonly #isShared: boolean
  readonly #count: OpenCount

  /** `client`: whose connection it is; without one it is nobody else's. */
  constructor(provider: string, client: object = {}) {
    this.#isShared = provider === 'sqlite'
    this.#count = countOf(client)
  }

  /** A transaction, or a write that may be one inside the database, begins; call what is returned when it has ended. */
  begin(): () => void {
    const count = this.#count
    count.open += 1
    count.begun += 1
    return () => {
      count.open -= 1
    }
  }

  /** Taken before the database is asked. */
  ticket(): number {
    return this.#count.open === 0 ? this.#count.begun : -1
  }

  /** Whether nothing was open at any moment since the ticket was taken. */
  onlyCommitted(ticket: number): boolean {
    return !this.#isShared || ticket === this.#count.begun
  }
}

interface OpenCount {
  open: number
  begun: number
}

function countOf(client: object): OpenCount {
  const counts = processWide('open-transactions@1', () => new WeakMap<object, OpenCount>())
  let count = counts.get(client)
  if (!count) counts.set(client, (count = { open: 0, begun: 0 }))
  return count
}
