/**
 * So many at once, and as many again in each period. For doors through which a handful of operators come: what a library
 * would add, several clients, stores and penalties, is not wanted here.
 */
export class TokenBucket {
  readonly #size: number
  readonly #perMs: number
  readonly #now: () => number
  #left: number
  #at: number

  constructor(size: number, periodMs: number, now: () => number) {
    this.#size = size
    this.#perMs = size / periodMs
    this.#now = now
    this.#left = size
    this.#at = now()
  }

  /** Takes one; else the milliseconds until there is one. */
  take(): true | number {
    const now = this.#now()
    // A clock that is set back gives nothing, and takes nothing.
    this.#left = Math.min(this.#size, this.#left + Math.max(0, now - this.#at) * this.#perMs)
    this.#at = now
    if (this.#left < 1) return Math.ceil((1 - this.#left) / this.#perMs)
    this.#left -= 1
    return true
  }
}
