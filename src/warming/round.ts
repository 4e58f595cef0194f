/** What became of the reads of one go. */
export interface Tally {
  /** Reads that are through. */
  done: number
  /** Reads there are to make, as far as that is known, at most the limit. */
  total: number
  /** Of those that are through: found as they are to be, and left alone. */
  fresh: number
  /** Asked of the database, and stored. */
  queried: number
  /** That the cache has nothing to do with: by their policy, or because the store does not answer. */
  uncached: number
}

/** Thrown into a warmer whose reads are over: it has made as many as it may, or is to stop. */
export class RoundOver extends Error {
  override readonly name = 'RoundOver'
}

/** From outside: the cache ends, or the right to warm is lost. */
type StoppedBy = 'stopped' | 'lost'

export interface RoundBounds {
  readonly limit: number
  readonly concurrency: number
}

/**
 * One go of a warmer: no more reads than `limit`, no more than `concurrency` at a time, wherever in it they are made.
 * Those beyond are refused.
 */
export class Round {
  readonly tally: Tally = { done: 0, total: 0, fresh: 0, queried: 0, uncached: 0 }
  readonly #bounds: RoundBounds
  readonly #moved: (tally: Readonly<Tally>) => void
  readonly #waiting: (() => void)[] = []
  #begun = 0
  #underWay = 0
  #idle: () => void = () => {}
  #isClosed = false
  #stoppedBy: StoppedBy | undefined

  /** `moved` is told whenever a read is through. */
  constructor(bounds: RoundBounds, moved: (tally: Readonly<Tally>) => void) {
    this.#bounds = bounds
    this.#moved = moved
  }

  get isOver(): boolean {
    return this.#isClosed || this.#stoppedBy !== undefined || this.#begun >= this.#bounds.limit
  }

  get stoppedBy(): StoppedBy | undefined {
    return this.#stoppedBy
  }

  get concurrency(): number {
    return this.#bounds.concurrency
  }

  /** How many there will be, where that is known before they are made. */
  expect(reads: number): void {
    this.tally.total = Math.max(this.tally.total, Math.min(reads, this.#bounds.limit))
  }

  /** @throws RoundOver */
  async read<T>(run: () => PromiseLike<T>): Promise<T> {
    if (this.isOver) throw new RoundOver()
    this.#begun += 1
    this.expect(this.#begun)
    if (this.#underWay >= this.#bounds.concurrency) await new Promise<void>((next) => this.#waiting.push(next))
    else this.#underWay += 1
    try {
      if (this.#stoppedBy) throw new RoundOver()
      return await run()
    } finally {
      // Whoever waits takes the place over.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#underWay -= 1
      if (this.#underWay === 0) this.#idle()
      if (!this.#stoppedBy) {
        this.tally.done += 1
        this.#moved(this.tally)
      }
    }
  }

  /** What has its turn ends as it will; nothing else is read. */
  stop(by: StoppedBy): void {
    this.#stoppedBy ??= by
  }

  /** No more reads come; resolves when those that came are through. */
  close(): Promise<void> {
    this.#isClosed = true
    return new Promise((resolve) => {
      this.#idle = resolve
      if (this.#underWay === 0) resolve()
    })
  }
}
