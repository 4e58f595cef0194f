import { sha256 } from './digest.ts'
import { everyShapeTag, type Tag } from './tag.ts'

/**
 * A shape is what queries have in common that differ in values only: a model, the columns they compare by equality, and
 * the columns that decide their results. `text` is its one spelling, `authorId,status~/createdAt,title`; columns of
 * the first part are not repeated in the second, and `*` there stands for all. (`~`, `+`, `|` and `.`: see `query/shape.ts`.)
 */
export interface ShapeKey {
  readonly model: string
  readonly text: string
}

/**
 * Moved when the values of a row that changed are not known, and when the shape is given up. Its tag holds a digest of
 * the columns, so that shapes of equal conditions and other columns are told apart without spelling them out.
 */
export function anyValuesTag({ model, text }: ShapeKey): Tag {
  return valuesTag({ model, text }, undefined)
}

/** `texts`: the canonical text of each equality column's value, in the order of the shape; `undefined`: any. */
export function valuesTag({ model, text }: ShapeKey, texts: readonly string[] | undefined): Tag {
  const fields = equalityFields(text)
  const values = fields.map((field, i) => `${field}=${texts ? texts[i] : '*'}&`).join('')
  return `${everyShapeTag(model).slice(0, -1)}${values}${fields.length === 0 && !texts ? '*&' : ''}${digestOf(text)}`
}

export function equalityFields(text: string): readonly string[] {
  const end = text.indexOf('/')
  return end <= 0 ? [] : text.slice(0, end).replaceAll('~', '').split(/[,|]/)
}

/** 48 bits tell the at most 128 shapes of a model apart. */
function digestOf(text: string): string {
  let digest = digests.get(text)
  if (digest === undefined) {
    if (digests.size >= MAX_DIGESTS) digests.clear()
    digest = sha256(text).slice(0, 8)
    digests.set(text, digest)
  }
  return digest
}

const MAX_DIGESTS = 4096
const digests = new Map<string, string>()
