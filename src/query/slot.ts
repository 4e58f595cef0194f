import type { Field } from './model-graph.ts'

/**
 * Stands in the arguments of a form for a value: what is planned with it holds for all values of the form. Its own text
 * occurs in no text of a value, so that it is found again wherever planning has put it.
 */
export class Slot {
  /** What the canonical text of the arguments has in its place. */
  readonly text: string
  readonly #field: Field | undefined

  /** `field`: the column that must equal the value; `undefined` where no tag holds it. */
  constructor(place: number, field: Field | undefined) {
    this.text = `${MARK}${place}${MARK}`
    this.#field = field
  }

  /** What tags of this column have in its place. @throws Error for another column: its values may be spelt in another way. */
  textFor(field: Field): string | undefined {
    if (this.#field === undefined) return undefined
    if (field !== this.#field) throw new Error(`the value of ${this.#field.name} was taken for one of ${field.name}`)
    return this.text
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
