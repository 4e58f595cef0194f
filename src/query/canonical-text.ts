import { Slot } from './slot.ts'

/** A value that has no text of its own: another instance of it could not be told apart, so nothing may be keyed by it. */
export class UnsupportedArgument extends Error {
  override readonly name = 'UnsupportedArgument'
}

/**
 * One text for one value: every kind Prisma accepts gets its own mark, so that `1`, `1n`, `"1"`, `Decimal(1)`,
 * `Prisma.DbNull` and `Prisma.JsonNull` never meet; object keys are sorted by code unit (a locale's order differs between
 * machines); `undefined` properties are dropped, as Prisma drops them.
 */
export function canonicalText(value: unknown): string {
  return textOf(value, true)
}

/** The same, but keys in their own order: SQLite compares JSON as text. */
export function orderedText(value: unknown): string {
  return textOf(value, false)
}

function textOf(value: unknown, sorts: boolean): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'number':
      return Object.is(value, -0) ? '0' : String(value)
    case 'boolean':
      return value ? 't' : 'f'
    case 'bigint':
      return `n${value}`
    case 'undefined':
      return 'u'
    case 'object':
      return value === null
        ? '~'
        : Array.isArray(value)
          ? arrayText(value.map((item) => textOf(item, sorts)))
          : objectText(value, sorts)
    default:
      throw new UnsupportedArgument(`a ${typeof value}`)
  }
}

export function arrayText(parts: readonly string[]): string {
  return `[${parts.join(',')}]`
}

/** `entries` need not be sorted. */
export function entriesText(entries: readonly (readonly [key: string, text: string])[], sorts = true): string {
  const sorted = sorts && entries.length > 1 ? [...entries].sort(byKey) : entries
  let all = '{'
  for (const [key, text] of sorted) all += `${all.length > 1 ? ',' : ''}${quoted(key)}:${text}`
  return `${all}}`
}

/** The text of a key. Names of arguments and fields come with every call. */
export function quoted(key: string): string {
  const known = quotedKeys.get(key)
  if (known !== undefined) return known
  const text = JSON.stringify(key)
  if (quotedKeys.size < MAX_KEYS) quotedKeys.set(key, text)
  return text
}

const MAX_KEYS = 2000
const quotedKeys = new Map<string, string>()

function byKey(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}

function objectText(value: object, sorts: boolean): string {
  if (isPlainObject(value)) {
    return entriesText(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => [key, textOf(member, sorts)]),
      sorts,
    )
  }
  if (value instanceof Slot) return value.text
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new UnsupportedArgument('an invalid Date')
    return `d${value.getTime()}`
  }
  if (value instanceof Uint8Array)
    return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}`
  if (isDecimal(value)) return `D${value.toFixed()}`
  if (isNullKind(value)) return `e${value._getName()}`
  if (isFieldReference(value)) return `r${value.modelName}.${value.name}`
  if (isStatement(value)) return `q${orderedText(value.sql)}${orderedText(value.values)}`
  throw new UnsupportedArgument(value.constructor?.name ?? 'an object without a constructor')
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** By shape, not by class: each generated client may carry its own copy of decimal.js under a minified name. */
export function isDecimal(value: object): value is { toFixed(): string; constructor: new (text: string) => object } {
  const decimal = value as { d?: unknown; s?: unknown; toFixed?: unknown }
  return Object.prototype.toString.call(value) === '[object Decimal]' && typeof decimal.toFixed === 'function'
}

/** `Prisma.DbNull`, `Prisma.JsonNull`, `Prisma.AnyNull`. */
function isNullKind(value: object): value is { _getName(): string } {
  return typeof (value as { _getName?: unknown })._getName === 'function'
}

/** `prisma.user.fields.email`. */
export function isFieldReference(value: object): value is { modelName: string; name: string } {
  const reference = value as { modelName?: unknown; name?: unknown; typeName?: unknown }
  return typeof reference.modelName === 'string' && typeof reference.name === 'string' && 'typeName' in reference
}

/** A tagged template (`Sql`) or TypedSQL: text with placeholders, and the values. */
function isStatement(value: object): value is { sql: string; values: readonly unknown[] } {
  const statement = value as { sql?: unknown; values?: unknown }
  return typeof statement.sql === 'string' && Array.isArray(statement.values)
}
