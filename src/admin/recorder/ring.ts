/** The last so many, the oldest giving way. */
export class Ring<Item> {
  readonly #items: Item[] = []
  readonly #size: number
  #next = 0

  constructor(size: number) {
    this.#size = size
  }

  push(item: Item): void {
    this.#items[this.#next] = item
    this.#next = (this.#next + 1) % this.#size
  }

  /** Newest first. */
  list(): Item[] {
    const { length } = this.#items
    return Array.from({ length }, (_, i) => this.#items[(this.#next - 1 - i + 2 * length) % length] as Item)
  }
}

/** Rows of numbers, one for each step of time, over the last `rows` steps; a row that is asked for anew begins with zeros. */
export class TimeRows {
  readonly stepMs: number
  readonly #rows: number
  readonly #columns: number
  readonly #cells: Float64Array
  /** The step each row is of. */
  readonly #steps: Float64Array

  constructor(rows: number, stepMs: number, columns: number) {
    this.stepMs = stepMs
    this.#rows = rows
    this.#columns = columns
    this.#cells = new Float64Array(rows * columns)
    this.#steps = new Float64Array(rows).fill(-1)
  }

  /** The row of a moment, to be written to. */
  at(now: number): Float64Array {
    const step = Math.floor(now / this.stepMs)
    const row = step % this.#rows
    const cells = this.#cells.subarray(row * this.#columns, (row + 1) * this.#columns)
    if (this.#steps[row] !== step) {
      cells.fill(0)
      this.#steps[row] = step
    }
    return cells
  }

  /** Adds the rows of the steps from `first` on to `sums`; whether there was one. */
  add(first: number, count: number, sums: Float64Array): boolean {
    let any = false
    for (let step = first; step < first + count; step += 1) {
      const row = step % this.#rows
      if (this.#steps[row] !== step) continue
      any = true
      for (let i = 0; i < this.#columns; i += 1)
        sums[i] = (sums[i] as number) + (this.#cells[row * this.#columns + i] as number)
    }
    return any
  }
}
