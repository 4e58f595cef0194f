/**
 * Values a label was seen with. Models, operations and reasons are bounded by the schema and by this package, but not
 * everywhere (a cache without a schema takes any name for a model), and every value is a time series that stays: beyond
 * the bound they are `other`.
 */
export class BoundedLabel {
  readonly #seen = new Set<string>()

  of(value: string | undefined): string {
    if (value === undefined) return 'none'
    if (this.#seen.has(value)) return value
    if (this.#seen.size >= MAX_VALUES) return 'other'
    this.#seen.add(value)
    return value
  }
}

export const MAX_VALUES = 200
