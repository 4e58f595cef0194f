/** How finely a window slides: what is counted leaves it in steps of a tenth of its length. */
const SLOTS = 10

interface Slot<Kind extends string> {
  step: number
  readonly counts: Map<Kind, number>
}

/** Counts of what happened within the last so many milliseconds, in bounded memory. */
export class SlidingWindow<Kind extends string> {
  readonly #stepMs: number
  readonly #clock: () => number
  readonly #slots: Slot<Kind>[] = Array.from({ length: SLOTS }, () => ({ step: -1, counts: new Map() }))

  constructor(lengthMs: number, clock: () => number) {
    this.#stepMs = lengthMs / SLOTS
    this.#clock = clock
  }

  add(kind: Kind, amount = 1): void {
    const step = this.#now()
    const slot = this.#slots[step % SLOTS] as Slot<Kind>
    if (slot.step !== step) {
      slot.step = step
      slot.counts.clear()
    }
    slot.counts.set(kind, (slot.counts.get(kind) ?? 0) + amount)
  }

  sum(kind: Kind): number {
    const now = this.#now()
    const isWithin = (step: number) => step <= now && step > now - SLOTS
    return this.#slots.reduce((sum, { step, counts }) => sum + (isWithin(step) ? (counts.get(kind) ?? 0) : 0), 0)
  }

  clear(): void {
    for (const slot of this.#slots) slot.step = -1
  }

  #now(): number {
    return Math.floor(this.#clock() / this.#stepMs)
  }
}
