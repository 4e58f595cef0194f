import type { Field } from './model-graph.ts'

/**
 * Stands in the arguments of a form for a value that has a text: what is planned with it holds for all such values. Its
 * own text occurs in no text of a value, so that it is found again wherever planning has put it.
 */
export class Slot {
  readonly #field: Field
  readonly #place: number

  constructor(field: Field, place: number) {
    this.#field = field
    this.#place = place
  }

  /** @throws Error for another column than that of the form: its values may be spelt in another way. */
  textFor(field: Field): string {
    if (field !== this.#field) throw new Error(`the value of ${this.#field.name} was taken for one of ${field.name}`)
    return `${MARK}${this.#place}${MARK}`
  }
}

const MARK = '\u0000'

/** A text in which the texts of values are still missing: parts at odd places are places of values. */
export type SlottedText = readonly string[]

export function slotted(text: string): SlottedText {
  return text.split(MARK)
}

export function filled(text: SlottedText, values: readonly string[]): string {
  let all = text[0] as string
  for (let i = 1; i < text.length; i += 2) all += (values[Number(text[i])] as string) + (text[i + 1] as string)
  return all
}
