import type { Tag } from '../tags/tag.ts'

/** Above this many tags the memory for them is given back, and everything counts as changed. */
const MAX_TAGS = 10_000
/** For how long a process that has nothing else to do is kept alive by what it owes, ms. */
const KEEPS_ALIVE_MS = 2000

/** How the queue tells the store. Both reject when the store did not acknowledge. */
export interface Delivery {
  readonly invalidate: (tags: readonly Tag[]) => Promise<unknown>
  readonly invalidateEverything: () => Promise<unknown>
}

/**
 * Tags whose invalidation the store has not acknowledged. They leave the queue when it has, and not before: one that is
 * forgotten is an old answer in other processes until its entry expires.
 */
export class InvalidationQueue {
  readonly #tags = new Set<Tag>()
  #delivering = 0
  #isEverything = false
  #keepAlive: NodeJS.Timeout | undefined
  #isOver = false
  readonly #owner: object

  /** @param owner who delivers: is kept, also when everybody else has dropped it, until there is nothing left to deliver. */
  constructor(owner: object) {
    this.#owner = owner
  }

  /** Tags that wait; `Infinity`: so many came together that all are treated as changed. */
  get size(): number {
    return this.#isEverything ? Number.POSITIVE_INFINITY : this.#tags.size + this.#delivering
  }

  keep(tags: readonly Tag[]): void {
    if (!this.#isEverything) for (const tag of tags) this.#tags.add(tag)
    if (this.#tags.size > MAX_TAGS) {
      this.#tags.clear()
      this.#isEverything = true
    }
    this.#hold()
  }

  /** Resolves when the queue is empty; rejects with the delivery, and keeps what was not acknowledged. */
  async deliver(delivery: Delivery): Promise<void> {
    while (this.#tags.size > 0 || this.#isEverything) {
      if (this.#isEverything) await this.#deliverEverything(delivery)
      else await this.#deliverTags(delivery)
    }
    this.#release()
  }

  /** Nobody delivers any more. What is in the queue stays counted. */
  end(): void {
    this.#isOver = true
    this.#release()
  }

  async #deliverTags({ invalidate }: Delivery): Promise<void> {
    // Taken out before they are sent: a write that commits meanwhile puts its tags back in, and they are sent again.
    const tags = [...this.#tags]
    this.#tags.clear()
    this.#delivering = tags.length
    try {
      await invalidate(tags)
    } catch (error) {
      this.#delivering = 0
      this.keep(tags)
      throw error
    }
    this.#delivering = 0
  }

  async #deliverEverything({ invalidateEverything }: Delivery): Promise<void> {
    this.#isEverything = false
    try {
      await invalidateEverything()
    } catch (error) {
      this.#isEverything = true
      throw error
    }
  }

  /** A process that would end has some time for it. */
  #hold(): void {
    if (this.#isOver || owing.has(this.#owner)) return
    owing.add(this.#owner)
    this.#keepAlive = setTimeout(() => {}, KEEPS_ALIVE_MS)
  }

  #release(): void {
    owing.delete(this.#owner)
    clearTimeout(this.#keepAlive)
  }
}

const owing = new Set<object>()
