import { knownText } from './column-text.ts'
import type { Field, Model, ModelGraph } from './model-graph.ts'

/**
 * The text of a value after it was written to the column; `undefined` where the database may have stored another one.
 * MySQL takes 0 for the next number; where it is not strict, and with `skipDuplicates`, which is INSERT IGNORE, it cuts
 * strings and clamps numbers. A row that the write returned tells the stored value: believe that one instead.
 */
export function writtenText(graph: ModelGraph, model: Model, field: Field, value: unknown): string | undefined {
  if (value === null && field.isAutoIncrement) return undefined
  if (graph.provider === 'mysql' && !isStoredByMysql(model, field, value)) return undefined
  // A code page may not have the characters.
  if (graph.provider === 'sqlserver' && typeof value === 'string' && !isAscii(value)) return undefined
  return knownText(graph, field, value)
}

function isStoredByMysql(model: Model, field: Field, value: unknown): boolean {
  if (typeof value === 'string' && field.kind !== 'enum') return isAscii(value) && value.length <= maxLength(field)
  if (typeof value !== 'number' && typeof value !== 'bigint') return true
  if (field.type !== 'Int' && field.type !== 'BigInt') return true
  if (Number(value) === 0 && mayNumberRows(model, field)) return false
  const [least, most] = range(field)
  return value >= least && value <= most
}

/** The schema need not say so; but AUTO_INCREMENT is of the first column of a key. */
function mayNumberRows(model: Model, field: Field): boolean {
  return field.isAutoIncrement === true || model.uniques?.some(({ fields }) => fields[0]?.name === field.name) !== false
}

/** In characters, which are bytes here. A native type that is not known keeps nothing for certain. */
function maxLength({ nativeType, nativeSize }: Field): number {
  if (nativeType === undefined) return 191
  return nativeSize ?? { TinyText: 255, Text: 65_535, MediumText: 65_535, LongText: 65_535 }[nativeType] ?? 0
}

function range({ type, nativeType = type === 'BigInt' ? 'BigInt' : 'Int' }: Field): readonly [bigint, bigint] {
  const bits = { TinyInt: 8n, SmallInt: 16n, MediumInt: 24n, Int: 32n, BigInt: 64n }[nativeType.replace('Unsigned', '')]
  if (bits === undefined) return [1n, 0n]
  return nativeType.startsWith('Unsigned') ? [0n, 2n ** bits - 1n] : [-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n]
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text)
}
