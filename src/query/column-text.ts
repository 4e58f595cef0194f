import { sha256 } from '../tags/digest.ts'
import type { Collation, Field, ModelGraph } from './model-graph.ts'

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

/** `text`: any string has a text · `ascii`, `word`: only strings of certain characters have one; see `hasText`. */
export type ColumnKind = 'integer' | 'boolean' | 'enum' | 'uuid' | 'text' | 'ascii' | 'word'

/**
 * Which columns can name a row, and how. The text must be the same for all values that the database holds equal, because
 * the reader spells the value of its query and the writer the value of the row. Dates, decimals, floats and bytes are
 * rounded by the column's precision, and a year may be written in two digits: they name no row.
 */
export function columnKind(graph: ModelGraph, field: Field): ColumnKind | undefined {
  if (field.isList !== false) return undefined
  if (field.kind === 'enum') return 'enum'
  switch (field.type) {
    case 'Int':
    case 'BigInt':
      return field.nativeType === 'Year' || field.nativeType === 'Oid' ? undefined : 'integer'
    case 'Boolean':
      return 'boolean'
    case 'String':
      return stringKind(graph, field)
    default:
      return undefined
  }
}

function stringKind({ provider }: ModelGraph, { nativeType, collation }: Field): ColumnKind | undefined {
  if (nativeType === 'Uuid' || nativeType === 'UniqueIdentifier') return 'uuid'
  // Compared by its lower case, whatever the collation.
  if (nativeType === 'Citext') return 'text'
  if (nativeType !== undefined && !TEXT_TYPES.has(nativeType)) return undefined
  switch (provider) {
    // The collations of SQLite fold the case of ASCII letters and trailing blanks; `folded` does both.
    case 'sqlite':
      return 'text'
    case 'postgresql':
    case 'postgres':
    case 'cockroachdb':
      return collation?.isDeterministic ? 'text' : 'ascii'
    case 'mysql':
    case 'sqlserver':
      if (!collation) return 'word'
      return collation.isDeterministic ? 'text' : 'ascii'
    default:
      return undefined
  }
}

const TEXT_TYPES: ReadonlySet<string> = new Set(
  'Text VarChar Char String TinyText MediumText LongText NVarChar NChar NText'.split(' '),
)

/**
 * Whether all strings that the database may hold equal to this one have the same `folded` text, or no text at all. Which
 * letters a collation holds equal beyond ASCII cannot be told here: the text would be another one, and a reader would
 * miss the write. Without a text both the reader and the writer widen, so a string that has none may equal one that has.
 */
function hasText(kind: ColumnKind, { collation }: Field, text: string): boolean {
  if (kind === 'text') return true
  return (kind === 'ascii' ? ASCII : WORD).test(text) && !(mayBeHungarian(collation) && HUNGARIAN_DOUBLES.test(text))
}

/** Without `\`` and `~`, which Chinese collations of MariaDB hold equal to letters. */
const ASCII = /^[ -_a-}]*$/
const WORD = /^[\w-]*$/

/** `ccs` is equal to `cscs` where Hungarian is sorted; collations of PostgreSQL may have any name. */
const HUNGARIAN_DOUBLES = /ccs|ddz|ggy|lly|nny|ssz|tty|zzs/i

function mayBeHungarian(collation: Collation | undefined): boolean {
  return !collation || !MYSQL_COLLATION.test(collation.name) || /hungarian|_hu_/.test(collation.name)
}

/** `utf8mb4_unicode_ci`, `uca1400_ai_ci` */
const MYSQL_COLLATION = /^[a-z0-9]+(_[a-z0-9]+)*_c[is]$/

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

/** Whether `columnText` can tell the text of this value; it costs less than the text. */
export function hasColumnText(graph: ModelGraph, field: Field, value: unknown): boolean {
  return isTold(columnKind(graph, field), field, value)
}

function isTold(kind: ColumnKind | undefined, field: Field, value: unknown): boolean {
  switch (kind) {
    case 'integer':
      return typeof value === 'bigint' || Number.isSafeInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case undefined:
      return false
    default:
      if (typeof value !== 'string') return false
      if (kind === 'uuid') return uuidText(value) !== undefined
      return kind === 'enum' || hasText(kind, field, value)
  }
}

/** One for all the database holds equal; `undefined` where that cannot be told. */
function spelling(graph: ModelGraph, field: Field, value: unknown): string | undefined {
  const kind = columnKind(graph, field)
  if (!isTold(kind, field, value)) return undefined
  if (typeof value !== 'string' || kind === 'enum') return String(value)
  return kind === 'uuid' ? uuidText(value) : folded(graph, value)
}

/** Databases read a UUID in any case, with or without hyphens and braces; SQL Server ignores what comes after it. */
function uuidText(value: string): string | undefined {
  const digits = value.toLowerCase().replace(/[^0-9a-z]/g, '')
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined
}

/**
 * The same for all strings that some collation of the provider's holds equal. It must not depend on what is known of the
 * column: another process may know less, and the text it invalidates must be the one that is read here. Where it is the
 * same for too many strings, that costs a needless miss.
 */
function folded({ provider }: ModelGraph, text: string): string {
  // Upper case last: lower-casing spells a sigma by its place in the word.
  const upper = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase().toUpperCase().trimEnd()
  if (provider === 'sqlite') return numberText(text) ?? upper
  return (
    upper
      // Punctuation may be ignored, and numbers compared by their value: then `1-07` is `107`, or `1-7`.
      .replace(/[^\p{L}\p{N}]/gu, '')
      .replace(/0+(?=[1-9])/g, '')
      .replace(/00+/g, '0')
      // Lithuanian, classical Latin, Finnish, and Central European on a Macintosh.
      .replace(/[JY]/g, 'I')
      .replace(/[VW]/g, 'U')
      .replace(/N/g, 'M')
      .replace(/CH+/g, 'C')
  )
}

/** SQLite turns a string that looks like a number into that number where the column's declared type says so (`STRING` does). */
function numberText(text: string): string | undefined {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? String(Number(text)) : undefined
}

/** Tags are keys in a store that operators read: e-mail addresses and API keys do not belong there in clear. */
function hashed(text: string): string {
  return sha256(text).slice(0, LENGTH)
}

/** 132 bits. */
const LENGTH = 22
