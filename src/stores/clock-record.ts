import { FIRST_SLOTS, GROW_AT, MAX_CLOCK, MAX_SLOTS, newToken } from '../tags/tag-clocks.ts'

/** The clock record of one model, in this process. `redis/record-scripts.ts` keeps the same in Redis. */
export class ClockRecord {
  epoch = newToken()
  now = 1
  #slots = new Uint32Array(FIRST_SLOTS)
  /** Slots that changed for the first time since the record last grew, and the clock it had then. */
  #used = 0
  #grownAt = 0

  /** The clock of the last change of the tag with this hash. */
  changedAt(hash: number): number {
    return this.#slots[hash & (this.#slots.length - 1)] as number
  }

  /** Notes that these tags change now. */
  advance(hashes: readonly number[]): void {
    if (this.now >= MAX_CLOCK) return this.begin()
    this.now += 1
    for (const hash of hashes) this.raise(hash, this.now)
    if (this.#used > this.#slots.length / GROW_AT && this.#slots.length < MAX_SLOTS) this.#grow()
  }

  /** Notes that a tag changed at a clock that has been. */
  raise(hash: number, clock: number): void {
    const slot = hash & (this.#slots.length - 1)
    const before = this.#slots[slot] as number
    if (before <= this.#grownAt) this.#used += 1
    if (clock > before) this.#slots[slot] = clock
  }

  /** Everything stored so far is dead. */
  begin(): void {
    this.epoch = newToken()
    this.now = 1
    this.#slots.fill(0)
    this.#used = 0
    this.#grownAt = 0
  }

  /** As many slots again with the clocks they have: every tag finds the one it had, or a later one. */
  #grow(): void {
    const slots = new Uint32Array(this.#slots.length * 2)
    slots.set(this.#slots)
    slots.set(this.#slots, this.#slots.length)
    this.#slots = slots
    this.#used = 0
    this.#grownAt = this.now
  }
}
