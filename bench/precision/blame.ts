import type { CacheControl } from '../../src/index.ts'

/** Entries that a write of one kind spoilt for reads of another although the answer had not changed. */
export interface Spoilt {
  readonly write: string
  readonly read: string
  /** Needless misses whose entry such a write was the first to invalidate. */
  first: number
  /** Those that nothing but such writes had invalidated: what would be hits if these were told apart. */
  alone: number
  /** Tags that were moved, without their values, and how often. */
  readonly tags: Map<string, number>
}

interface Move {
  readonly at: number
  readonly write: string
}

const UNKNOWN = '(no write seen)'

/** Knows from events which write moved which tag, and so which writes are behind a miss. */
export class Blame {
  readonly pairs = new Map<string, Spoilt>()
  /** Tags moved, by kind of write. */
  readonly moved = new Map<string, { writes: number; tags: number }>()
  readonly #moves = new Map<string, Move[]>()
  readonly #filled = new Map<string, number>()
  #writing: { readonly at: number; readonly write: string } = { at: -1, write: UNKNOWN }

  listen(cache: CacheControl): void {
    cache.on('invalidate', ({ tags }) => {
      const { write } = this.#writing
      const count = this.moved.get(write)
      if (count) count.tags += tags.length
      for (const tag of tags) {
        const moves = this.#moves.get(tag)
        if (moves) moves.push(this.#writing)
        else this.#moves.set(tag, [this.#writing])
      }
    })
  }

  writes(write: string, at: number): void {
    this.#writing = { at, write }
    const count = this.moved.get(write)
    if (count) count.writes += 1
    else this.moved.set(write, { writes: 1, tags: 0 })
  }

  filled(query: string, at: number): void {
    this.#filled.set(query, at)
  }

  /** To be told before the entry that follows is `filled`. */
  needless(read: string, query: string, moved: readonly string[]): void {
    const filledAt = this.#filled.get(query) ?? 0
    const found = moved.flatMap((tag) =>
      (this.#moves.get(tag) ?? []).filter(({ at }) => at > filledAt).map((move) => ({ ...move, tag })),
    )
    const begun = Math.min(...found.map(({ at }) => at))
    const first = found.filter(({ at }) => at === begun)
    const write = first[0]?.write ?? UNKNOWN
    const pair = this.#pair(write, read)
    pair.first += 1
    if (found.every((move) => move.write === write)) pair.alone += 1
    for (const { tag } of first) {
      const name = withoutValues(tag)
      pair.tags.set(name, (pair.tags.get(name) ?? 0) + 1)
    }
  }

  #pair(write: string, read: string): Spoilt {
    const key = `${write} → ${read}`
    let pair = this.pairs.get(key)
    if (!pair) this.pairs.set(key, (pair = { write, read, first: 0, alone: 0, tags: new Map() }))
    return pair
  }
}

/** `Post:id=1` → `Post:id=…`; the `*` that stands for any value stays. */
function withoutValues(tag: string): string {
  return tag.replace(/=(?!\*)[^&]*/g, '=…')
}
