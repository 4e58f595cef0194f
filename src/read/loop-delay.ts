/** How often it is looked whether the loop is late, ms. */
const EVERY_MS = 5

/**
 * How much later than it should the event loop came to things, while somebody measures: what it was busy with meanwhile,
 * or the machine with other processes, is no part of how long a query takes. Looked at from a timer, and only while a
 * query is under way.
 */
export class LoopDelay {
  #measuring = 0
  #timer: NodeJS.Timeout | undefined
  #lookedAt = 0
  /** Since somebody measured first, ms. */
  #lateMs = 0

  /** Begins to measure; the function it returns ends that, and says by how much the loop was late, ms. */
  begin(): () => number {
    if (this.#measuring === 0) {
      this.#lookedAt = performance.now()
      this.#timer = setInterval(() => this.#look(), EVERY_MS).unref()
    }
    this.#measuring += 1
    // What it was late by before belongs to those who measured then.
    this.#look()
    const before = this.#lateMs
    return () => {
      this.#look()
      this.#measuring -= 1
      if (this.#measuring === 0) clearInterval(this.#timer)
      return this.#lateMs - before
    }
  }

  #look(): void {
    const now = performance.now()
    const passedMs = now - this.#lookedAt
    // Timers are always a little late.
    if (passedMs > 2 * EVERY_MS) this.#lateMs += passedMs - EVERY_MS
    this.#lookedAt = now
  }
}
