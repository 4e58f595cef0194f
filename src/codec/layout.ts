import { CodecError } from '../errors.ts'

/**
 * How a payload is laid out. It is two lines: the **shape**, then the **body**, both JSON; an empty shape says that the
 * body is the value. A shape before which a `D` stands asks for Decimals.
 *
 * A single value and the rows of a list are written differently, for they are read in different ways:
 *
 * - **A single value** is its own JSON, and its shape names only the places that need restoring. No parser beats the
 *   engine's at one object.
 * - **A list** is written as a column: rows become one column for each field, so that names stand once, equal values
 *   lie side by side (`cells.ts` makes them short), and reading them costs a third of parsing objects.
 *
 *     [{"id":0,"role":0,"createdAt":"d"}]
 *     [3,[1,2,3],["USER","USER","ADMIN"],[1700000000000,null,1700000060000]]
 *
 * The kinds stand in the shape, not inside the values, so that no text of a user can be taken for a mark of ours.
 */
export type Shape =
  /** JSON as it is. In a column: one element a value. */
  | typeof JSON_VALUE
  /** Values of one kind, or `null`. */
  | Kind
  /** Values that say themselves what they are; see `any-value.ts`. */
  | typeof ANY_VALUE
  /** A list, its elements in a column. In a column: `[sizes, elements of all lists]`; the size of `null` is `null`. */
  | readonly [Shape]
  /**
   * An object. As a single value it is JSON and only the fields named here are restored. In a column all fields are
   * named, and it is `[count, …columns]`, or `["1101", …columns]` where some are `null` and have no place in the columns.
   */
  | { readonly [field: string]: Shape }

export const JSON_VALUE = 0
export const ANY_VALUE = '*'

/** `d` Date · `D` Decimal · `i` BigInt · `b` Uint8Array · `B` Buffer · `n` a number that may be NaN, ±Infinity or -0 */
export type Kind = 'd' | 'D' | 'i' | 'b' | 'B' | 'n'

/** Deeper than any result; a value that contains itself must not end in a stack overflow. */
const MAX_DEPTH = 200

export function assertDepth(depth: number): void {
  if (depth > MAX_DEPTH) throw new CodecError('the value is nested too deeply to be stored')
}

/** Builds a Decimal of the client's own class, so that `instanceof Prisma.Decimal` holds for a cached value. */
export type DecimalFactory = (text: string) => unknown
