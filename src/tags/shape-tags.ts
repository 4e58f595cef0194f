import { sha256 } from './digest.ts'
import type { Tag } from './tag.ts'

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
  const { fields, any, digest } = partsOf(text)
  let values = any
  if (texts) {
    values = ''
    for (let i = 0; i < fields.length; i += 1) values += `${fields[i]}=${texts[i]}&`
  }
  return `${model}?${values}${digest}`
}

export function equalityFields(text: string): readonly string[] {
  const end = text.indexOf('/')
  return end <= 0 ? [] : text.slice(0, end).replaceAll('~', '').split(/[,|]/)
}

interface Parts {
  readonly fields: readonly string[]
  /** Its fields, each with any value. */
  readonly any: string
  /** 48 bits tell the at most 128 shapes of a model apart. */
  readonly digest: string
}

/** The same texts come with every read and write. */
function partsOf(text: string): Parts {
  let parts = known.get(text)
  if (parts === undefined) {
    if (known.size >= MAX_KNOWN) known.clear()
    const fields = equalityFields(text)
    const any = fields.length === 0 ? '*&' : fields.map((field) => `${field}=*&`).join('')
    parts = { fields, any, digest: sha256(text).slice(0, 8) }
    known.set(text, parts)
  }
  return parts
}

const MAX_KNOWN = 4096
const known = new Map<string, Parts>()
