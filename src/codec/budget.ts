import { CodecError } from '../errors.ts'

/** The value would be longer, written, than it may be. */
export class OversizeError extends CodecError {}

/**
 * How many characters may still be written. Taken is never more than will be: escapes, names and brackets are not all
 * counted. So what fits is never refused, and what does not is given up soon, before its text is made.
 */
export class Budget {
  #left: number

  constructor(most: number) {
    this.#left = most
  }

  /** @throws OversizeError */
  take(characters: number): void {
    this.assert(characters)
    this.#left -= characters
  }

  /** That so many are left, which are taken one by one later. @throws OversizeError */
  assert(characters: number): void {
    if (characters > this.#left) throw new OversizeError('the value is too large to be stored')
  }
}
