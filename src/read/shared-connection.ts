/**
 * On a driver with one connection for everybody (SQLite) a read sees rows of a transaction that is still open and may
 * be rolled back. Such a read may be answered but never stored: the version protocol guards against commits that come
 * later, not against commits that never come.
 */
export class SharedConnection {
  readonly #isShared: boolean
  #open = 0
  #opened = 0

  constructor(provider: string) {
    this.#isShared = provider === 'sqlite'
  }

  /** A transaction, or a write that may be one inside the database, begins; call what is returned when it has ended. */
  begin(): () => void {
    this.#open += 1
    this.#opened += 1
    return () => {
      this.#open -= 1
    }
  }

  /** Taken before the database is asked. */
  ticket(): number {
    return this.#open === 0 ? this.#opened : -1
  }

  /** Whether nothing was open at any moment since the ticket was taken. */
  onlyCommitted(ticket: number): boolean {
    return !this.#isShared || ticket === this.#opened
  }
}
