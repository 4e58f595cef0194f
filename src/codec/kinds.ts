import { CodecError } from '../errors.ts'
import { isDecimal, isPlainObject } from '../query/canonical-text.ts'
import type { DecimalFactory, Kind } from './layout.ts'

/** What a value is to the codec: one bit each, so that a column's values can be told from the sum of theirs. */
export const NULL = 1
export const TEXT_OR_BOOLEAN = 2
export const NUMBER = 4
const ODD_NUMBER = 8
const BIGINT = 16
const DATE = 32
const DECIMAL = 64
const BYTES = 128
const BUFFER = 256
export const LIST = 512
export const OBJECT = 1024

export const KIND_OF: ReadonlyMap<number, Kind> = new Map([
  [ODD_NUMBER, 'n'],
  [NUMBER | ODD_NUMBER, 'n'],
  [BIGINT, 'i'],
  [DATE, 'd'],
  [DECIMAL, 'D'],
  [BYTES, 'b'],
  [BUFFER, 'B'],
])

/** @throws CodecError for a value that could not be given back exactly. */
export function classOf(value: unknown): number {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return TEXT_OR_BOOLEAN
    case 'number':
      // JSON has no word for them; it writes `null`, and -0 as 0.
      return Number.isFinite(value) && !Object.is(value, -0) ? NUMBER : ODD_NUMBER
    case 'bigint':
      return BIGINT
    case 'object':
      return value === null ? NULL : classOfObject(value)
    default:
      throw new CodecError(`a value of type ${typeof value} cannot be stored`)
  }
}

function classOfObject(value: object): number {
  if (Array.isArray(value)) return LIST
  if (isPlainObject(value)) return OBJECT
  if (value instanceof Date && !Number.isNaN(value.getTime())) return DATE
  if (Buffer.isBuffer(value)) return BUFFER
  if (value instanceof Uint8Array && value.constructor === Uint8Array) return BYTES
  if (isDecimal(value)) return DECIMAL
  throw new CodecError(`an instance of ${value.constructor?.name} cannot be stored`)
}

/** The JSON of a value of that kind, `null` aside. */
export function kindToJson(kind: Kind, value: unknown): string | number {
  switch (kind) {
    case 'd':
      return (value as Date).getTime()
    case 'i':
      // A number is shorter in a column, and faster to read.
      return Number.isSafeInteger(Number(value)) ? Number(value) : digits(String(value))
    case 'n':
      return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? (value as number) : String(value)
    case 'D':
      return digits(String(value))
    default: {
      const { buffer, byteOffset, byteLength } = value as Uint8Array
      return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    }
  }
}

/**
 * Characters of a BigInt or a Decimal, far beyond what databases hold. The time to read a number grows faster than its
 * length, so a few long ones among stored bytes could stop the process for seconds.
 */
const MAX_DIGITS = 1000
const PREFIXED = /^-?0[a-z]/i

function digits(text: string): string {
  if (text.length > MAX_DIGITS) throw new CodecError('a number has too many digits')
  return text
}

/** The farthest a Date reaches, milliseconds either side of 1970. */
const MAX_TIME = 8.64e15

/** @throws for JSON that `kindToJson` does not write: it comes from outside. */
export function kindFromJson(kind: Kind, json: unknown, decimal: DecimalFactory): unknown {
  switch (kind) {
    case 'd':
      return dateFrom(json)
    case 'i':
      if (Number.isSafeInteger(json)) return BigInt(json as number)
      if (typeof json === 'string' && json !== '') return BigInt(digits(json))
      break
    case 'n':
      if (typeof json === 'number') return json
      if (typeof json === 'string' && ODD_NUMBERS.has(json)) return Number(json)
      break
    case 'D':
      // Decimals in hexadecimal are converted digit by digit, and none is written.
      if (typeof json === 'string' && !PREFIXED.test(json)) return decimal(digits(json))
      break
    case 'b':
      if (typeof json === 'string') return new Uint8Array(Buffer.from(json, 'base64'))
      break
    case 'B':
      if (typeof json === 'string') return Buffer.from(json, 'base64')
      break
  }
  throw misfit(kind)
}

export function dateFrom(json: unknown): Date {
  if (typeof json !== 'number' || !(Math.abs(json) <= MAX_TIME)) throw misfit('d')
  return new Date(json)
}

/** Whether rows must not share a value of this kind, and its copy takes as much room as its text. */
export function isCopied(kind: Kind): boolean {
  return kind === 'D' || kind === 'b' || kind === 'B'
}

/** Another one of what `kindFromJson` made: nothing that is done to either reaches the other. */
export function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return new Date(value)
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  if (value instanceof Uint8Array) return value.slice()
  // A Decimal of a Decimal costs a fifth of parsing its text once more.
  const { constructor: Class } = value as { constructor: new (decimal: object) => object }
  return new Class(value)
}

function misfit(kind: string): CodecError {
  return new CodecError(`a value does not fit its kind ${JSON.stringify(kind)}`)
}

const ODD_NUMBERS: ReadonlySet<string> = new Set(['-0', 'NaN', 'Infinity', '-Infinity'])
