/** A short text of small numbers, one character each; versions are named in the order they appear in. */
export class Text {
  readonly #bytes = Buffer.alloc(256)
  readonly #names = new Uint8Array(64)
  #length = 0
  #named = 0
  #counted = false

  begin(counted: boolean): void {
    this.#length = 0
    this.#named = 0
    this.#counted = counted
    this.#names.fill(0)
  }

  number(number: number): void {
    this.#bytes[this.#length] = number
    this.#length += 1
  }

  numbers(numbers: readonly number[]): void {
    this.number(numbers.length)
    for (const number of numbers) this.number(number)
  }

  version(version: number | undefined): void {
    if (version === undefined) this.number(0)
    else if (this.#counted) this.number(version)
    else this.number((this.#names[version] ||= this.#named += 1))
  }

  versions(versions: readonly (number | undefined)[]): void {
    this.number(versions.length)
    for (const version of versions) this.version(version)
  }

  end(): string {
    // What does not fit would be left out, and states that differ in it taken for one.
    if (this.#length > this.#bytes.length) throw new RangeError(`${this.#length} parts`)
    return this.#bytes.toString('latin1', 0, this.#length)
  }
}
