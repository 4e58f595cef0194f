import { createHash } from 'node:crypto'
import { rowTag, type Tag } from '../tags/tag.ts'
import { isPlainObject } from './canonical-text.ts'
import type { Field, Model, ModelGraph, UniqueKey } from './model-graph.ts'

/** Column values known of one row. */
export type KnownColumns = ReadonlyMap<string, unknown>

/** The tag of the one row a `where` pins by a unique key, `undefined` when it pins none that can be named. */
export function pinnedRow(graph: ModelGraph, model: Model, where: unknown): Tag | undefined {
  const columns = equalities(model, where)
  for (const key of model.uniques ?? []) {
    const tag = keyTag(graph, model, key, columns)
    if (tag) return tag
  }
  return undefined
}

/**
 * The tags of a row by each of its unique keys; `undefined` as soon as one of them cannot be told, for a reader may know
 * the row by just that key. `null` columns make no key: nobody can look a row up by one.
 */
export function rowTags(graph: ModelGraph, model: Model, columns: KnownColumns): Tag[] | undefined {
  if (!model.uniques) return undefined
  const tags: Tag[] = []
  for (const key of model.uniques) {
    if (!isNameable(graph, key)) continue
    if (key.fields.some((field) => columns.get(field.name) === null)) continue
    const tag = keyTag(graph, model, key, columns)
    if (!tag) return undefined
    tags.push(tag)
  }
  return tags
}

/** The columns a `where` fixes: top level, inside `AND`, and inside compound keys such as `authorId_title`. */
export function equalities(model: Model, where: unknown, into = new Map<string, unknown>()): Map<string, unknown> {
  if (!isPlainObject(where)) return into
  for (const [key, value] of Object.entries(where)) {
    if (key === 'AND') {
      for (const branch of Array.isArray(value) ? value : [value]) equalities(model, branch, into)
      continue
    }
    const field = model.fields.get(key)
    if (field) {
      if (field.kind !== 'relation' && isFixed(value)) into.set(key, fixedValue(value))
    } else if (model.uniques?.some((unique) => unique.name === key)) equalities(model, value, into)
  }
  return into
}

function isFixed(filter: unknown): boolean {
  if (filter === undefined) return false
  if (!isPlainObject(filter)) return true
  // Anything beside `equals` may widen it: `mode: 'insensitive'` matches other rows than the one spelt out.
  return (
    Object.entries(filter).every(([key, value]) => (key === 'equals') === (value !== undefined)) && 'equals' in filter
  )
}

function fixedValue(filter: unknown): unknown {
  return isPlainObject(filter) ? filter['equals'] : filter
}

function keyTag(graph: ModelGraph, model: Model, key: UniqueKey, columns: KnownColumns): Tag | undefined {
  if (key.fields.length === 0) return undefined
  const values: [string, string][] = []
  for (const field of key.fields) {
    const text = columnText(graph, field, columns.get(field.name))
    if (text === undefined) return undefined
    values.push([field.name, text])
  }
  return rowTag(model.name, values)
}

/** Whether any value of the key could be given a text; where not, readers depend on the model and nobody needs the tag. */
function isNameable(graph: ModelGraph, key: UniqueKey): boolean {
  return key.fields.length > 0 && key.fields.every((field) => columnKind(graph, field) !== undefined)
}

type ColumnKind = 'integer' | 'boolean' | 'enum' | 'text' | 'uuid'

/**
 * Which columns can name a row. The text must be the same for every spelling the database holds equal, for the reader
 * spells the value of its query and the writer the value of the row. Dates, decimals, floats and bytes are rounded by
 * the column's precision; MySQL's and SQL Server's collations hold equal what Unicode folding does not: they name no row.
 */
function columnKind(graph: ModelGraph, field: Field): ColumnKind | undefined {
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

function columnText(graph: ModelGraph, field: Field, value: unknown): string | undefined {
  switch (columnKind(graph, field)) {
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'enum':
      return typeof value === 'string' ? value : undefined
    case 'text':
      return typeof value === 'string' ? hashed(folded(value)) : undefined
    case 'uuid':
      // PostgreSQL reads a UUID in any case, with or without hyphens and braces.
      return typeof value === 'string' ? hashed(value.toLowerCase().replace(/[^0-9a-f]/g, '')) : undefined
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
  return createHash('sha256').update(text).digest('base64url').slice(0, 22)
}
