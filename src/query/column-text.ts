import { createHash } from 'node:crypto'
import type { Field, ModelGraph } from './model-graph.ts'

/** Whether the values of this column can be given a text; where not, nobody depends on one of them. */
export function isNameable(graph: ModelGraph, field: Field): boolean {
  return columnKind(graph, field) !== undefined
}

/**
 * A value of a row as tags spell it: `''` for NULL, and for a value that has no text one that no condition has.
 * `undefined`: it cannot be told.
 */
export function knownText(graph: ModelGraph, field: Field, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (value === null) return ''
  return isNameable(graph, field) ? columnText(graph, field, value) : UNNAMED
}

const UNNAMED = '!'

export type ColumnKind = 'integer' | 'boolean' | 'enum' | 'text' | 'uuid'

/**
 * Which columns can name a row. The text must be the same for every spelling the database holds equal, for the reader
 * spells the value of its query and the writer the value of the row. Dates, decimals, floats and bytes are rounded by
 * the column's precision; MySQL's and SQL Server's collations hold equal what Unicode folding does not: they name no row.
 */
export function columnKind(graph: ModelGraph, field: Field): ColumnKind | undefined {
  if (field.isList !== false) return undefined
  if (field.kind === 'enum') return 'enum'
  switch (field.type) {
    case 'Int':
    case 'BigInt':
      return 'integer'
    case 'Boolean':
      return 'boolean'
    case 'String':
      if (!CODE_POINT_COLLATIONS.has(graph.provider)) return undefined
      if (field.nativeType === 'Uuid') return 'uuid'
      return field.nativeType === undefined || TEXT_TYPES.has(field.nativeType) ? 'text' : undefined
    default:
      return undefined
  }
}

const CODE_POINT_COLLATIONS: ReadonlySet<string> = new Set(['sqlite', 'postgresql', 'postgres', 'cockroachdb'])
const TEXT_TYPES: ReadonlySet<string> = new Set(['Text', 'VarChar', 'Char', 'Citext', 'String'])

/**
 * The one text of a value in a tag; `undefined` when it has none. Concealed are values of all columns alike, for a value
 * is carried along foreign keys; and all by one key, for readers and writers of all processes must say the same.
 */
export function columnText(graph: ModelGraph, field: Field, value: unknown): string | undefined {
  const text = spelling(graph, field, value)
  if (text === undefined) return undefined
  const isHashed = typeof value === 'string' && field.kind !== 'enum'
  if (!graph.conceal) return isHashed ? hashed(text) : text
  return concealed(graph, text)
}

/** A value as tags say it, by its text. */
export function concealed({ conceal }: ModelGraph, text: string): string {
  return conceal ? conceal(text).slice(0, LENGTH) : text
}

/** One for all the database holds equal. */
function spelling(graph: ModelGraph, field: Field, value: unknown): string | undefined {
  switch (columnKind(graph, field)) {
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'enum':
      return typeof value === 'string' ? value : undefined
    case 'text':
      return typeof value === 'string' ? folded(value) : undefined
    case 'uuid':
      // PostgreSQL reads a UUID in any case, with or without hyphens and braces.
      return typeof value === 'string' ? value.toLowerCase().replace(/[^0-9a-f]/g, '') : undefined
    default:
      return undefined
  }
}

/** Case, accents and trailing blanks do not count under `citext`, `NOCASE` and `char(n)`; folding them costs a needless miss at most. */
function folded(text: string): string {
  // Upper case last: lower-casing spells a sigma by its place in the word.
  return text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().toUpperCase().trimEnd()
}

/** Tags are keys in a store that operators read: e-mail addresses and API keys do not belong there in clear. */
function hashed(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, LENGTH)
}

/** 132 bits. */
const LENGTH = 22
