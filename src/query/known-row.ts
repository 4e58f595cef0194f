import type { Field, Model } from './model-graph.ts'

/**
 * What is known of a row: the text of each column, `''` for NULL, `undefined` where it cannot be told. A column gets its
 * text when it is asked for: a write knows a whole row, and invalidates by a few of its columns.
 */
export interface KnownRow {
  get(column: string): string | undefined
}

export const UNKNOWN_ROW: KnownRow = new Map<string, string>()

/** The texts of these values. They must not change afterwards: a transaction asks when it commits. */
export class ValuesAsTexts implements KnownRow {
  readonly #model: Model
  readonly #values: Readonly<Record<string, unknown>>
  readonly #textOf: (field: Field, value: unknown) => string | undefined
  readonly #texts = new Map<string, string | undefined>()

  constructor(
    model: Model,
    values: Readonly<Record<string, unknown>>,
    textOf: (field: Field, value: unknown) => string | undefined,
  ) {
    this.#model = model
    this.#values = values
    this.#textOf = textOf
  }

  get(column: string): string | undefined {
    if (!Object.hasOwn(this.#values, column)) return undefined
    if (this.#texts.has(column)) return this.#texts.get(column)
    const field = this.#model.fields.get(column)
    const text = field && field.kind !== 'relation' ? this.#textOf(field, this.#values[column]) : undefined
    this.#texts.set(column, text)
    return text
  }
}

/** The first of these that knows the column is believed. */
export function firstOf(...rows: readonly KnownRow[]): KnownRow {
  return {
    get(column) {
      for (const row of rows) {
        const text = row.get(column)
        if (text !== undefined) return text
      }
      return undefined
    },
  }
}

/** The row without what is known of these columns. */
export function without(row: KnownRow, columns: ReadonlySet<string>): KnownRow {
  return { get: (column) => (columns.has(column) ? undefined : row.get(column)) }
}

/** Of the row what is known of these columns, and no more. */
export function only(row: KnownRow, columns: readonly Pick<Field, 'name'>[]): KnownRow {
  return { get: (column) => (columns.some(({ name }) => name === column) ? row.get(column) : undefined) }
}
