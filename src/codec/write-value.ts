import { CodecError } from '../errors.ts'
import { anyToJson } from './any-value.ts'
import { Budget } from './budget.ts'
import { type Cell, lengthOf, pack } from './cells.ts'
import { classOf, isCopied, KIND_OF, kindToJson, LIST, NULL, NUMBER, OBJECT, TEXT_OR_BOOLEAN } from './kinds.ts'
import { ANY_VALUE, assertDepth, JSON_VALUE, type Shape } from './layout.ts'

/** A shape, and what stands in the body for it. */
export interface Written {
  readonly shape: Shape
  readonly body: unknown
}

type Fields = Readonly<Record<string, unknown>>

/** More than is worth keeping. A value that contains itself several times must not fill the memory first. */
const MAX_CELLS = 1_000_000
const PLAIN = NULL | TEXT_OR_BOOLEAN | NUMBER

/** @throws CodecError for a value that could not be given back exactly, OversizeError for one beyond the budget. */
export function writeSingle(value: unknown, budget: Budget, depth = 0): Written {
  assertDepth(depth)
  const is = classOf(value)
  if (is === LIST) return writeList(value as readonly unknown[], budget, depth)
  if (is === OBJECT) return writeObject(value as Fields, budget, depth)
  const kind = KIND_OF.get(is)
  if (value instanceof Uint8Array) budget.assert(value.byteLength)
  const body = kind ? kindToJson(kind, value) : (value as Cell)
  budget.take(lengthOf(body))
  return kind ? { shape: kind, body } : json(body)
}

function writeList(values: readonly unknown[], budget: Budget, depth: number): Written {
  // One row is as short as it is.
  const length = values.length < 2 ? jsonLength(values, depth) : Number.NaN
  if (!Number.isNaN(length)) {
    budget.take(length)
    return json(values)
  }
  const { shape, body } = writeColumn(values, budget, depth + 1)
  return shape === JSON_VALUE && Array.isArray(body) ? json(values) : { shape: [shape], body }
}

function writeObject(object: Fields, budget: Budget, depth: number): Written {
  let shapes: Record<string, Shape> | undefined
  let body: Record<string, unknown> | undefined
  for (const key of Object.keys(object)) {
    budget.take(key.length + '"":'.length)
    const field = writeSingle(object[key], budget, depth + 1)
    if (field.shape === JSON_VALUE) continue
    // A shape has no place for it, nor would a reader take it. What was taken is not taken again.
    if (key === '__proto__') return { shape: ANY_VALUE, body: anyToJson(object, depth, new Budget(Infinity)) }
    shapes ??= {}
    // Spread, not assigned: a key called `__proto__` beside it stays a property.
    body ??= { ...object }
    shapes[key] = field.shape
    body[key] = field.body
  }
  return shapes ? { shape: shapes, body } : json(object)
}

/** The values of one place in all rows of a list. */
function writeColumn(values: readonly unknown[], budget: Budget, depth: number): Written {
  assertDepth(depth)
  budget.assert(values.length)
  if (values.length > MAX_CELLS) throw new CodecError('the value has too many parts to be stored')
  let are = 0
  for (const value of values) are |= classOf(value)
  are &= ~NULL
  if ((are & ~PLAIN) === 0) return { shape: JSON_VALUE, body: pack(values as readonly Cell[], budget) }
  const kind = KIND_OF.get(are)
  if (kind) {
    const cells = values.map((value): Cell => (value === null ? null : kindToJson(kind, value)))
    return { shape: kind, body: pack(cells, budget, isCopied(kind)) }
  }
  if (are === LIST) return writeLists(values as readonly (readonly unknown[] | null)[], budget, depth)
  const fields = are === OBJECT ? fieldsOfAll(values as readonly (Fields | null)[]) : undefined
  if (fields) return writeRows(values as readonly (Fields | null)[], fields, budget, depth)
  let length = 0
  for (const value of values) {
    length += jsonLength(value, depth)
    if (Number.isNaN(length)) return { shape: ANY_VALUE, body: values.map((one) => anyToJson(one, depth, budget)) }
    budget.assert(length)
  }
  budget.take(length)
  return { shape: JSON_VALUE, body: values }
}

function writeRows(
  values: readonly (Fields | null)[],
  fields: readonly string[],
  budget: Budget,
  depth: number,
): Written {
  const rows = values.filter((row) => row !== null)
  budget.assert(rows.length * fields.length)
  const shapes: Record<string, Shape> = {}
  const body: unknown[] = [
    rows.length === values.length ? rows.length : values.map((row) => (row === null ? '0' : '1')).join(''),
  ]
  for (const field of fields) {
    const column = writeColumn(
      rows.map((row) => row[field]),
      budget,
      depth + 1,
    )
    shapes[field] = column.shape
    body.push(column.body)
  }
  return { shape: shapes, body }
}

function writeLists(values: readonly (readonly unknown[] | null)[], budget: Budget, depth: number): Written {
  const elements: unknown[] = []
  for (const list of values) for (const element of list ?? []) elements.push(element)
  const { shape, body } = writeColumn(elements, budget, depth + 1)
  return {
    shape: [shape],
    body: [
      pack(
        values.map((list) => list?.length ?? null),
        budget,
      ),
      body,
    ],
  }
}

/** The fields of every object, if they are the same in the same order and can be columns. */
function fieldsOfAll(values: readonly (Fields | null)[]): readonly string[] | undefined {
  let fields: readonly string[] | undefined
  for (const row of values) {
    if (row === null) continue
    const own = Object.keys(row)
    if (!fields) {
      if (own.length === 0 || own.includes('__proto__')) return undefined
      fields = own
    } else if (own.length !== fields.length) return undefined
    for (let i = 0; i < own.length; i += 1) if (own[i] !== fields[i]) return undefined
  }
  return fields
}

/** Of its JSON, about and never more; `NaN` where `JSON.parse` would not give the value back. */
function jsonLength(value: unknown, depth: number): number {
  assertDepth(depth)
  const is = classOf(value)
  if (is & PLAIN) return lengthOf(value as Cell)
  if (is !== LIST && is !== OBJECT) return Number.NaN
  let length = 1
  for (const member of is === LIST ? (value as readonly unknown[]) : Object.values(value as object)) {
    length += jsonLength(member, depth + 1) + 1
    if (Number.isNaN(length)) break
  }
  return length
}

function json(value: unknown): Written {
  return { shape: JSON_VALUE, body: value }
}
