import { CodecError } from '../errors.ts'
import { anyFromJson } from './any-value.ts'
import { unpack, unpackAs } from './cells.ts'
import { copyJson } from './copy-json.ts'
import { copyOf, dateFrom, isCopied, kindFromJson } from './kinds.ts'
import { ANY_VALUE, type DecimalFactory, JSON_VALUE, type Kind, type Shape } from './layout.ts'

/** The values of one place in all rows of a list. */
export interface Column {
  readonly size: number
  /** What can be changed in them is nobody else's; the list itself may be the column's own. */
  fresh(): readonly unknown[]
}

export interface Reading {
  readonly decimal: DecimalFactory
  /** `fresh` is called once: what was parsed need not be kept, and may be handed out itself. */
  readonly once: boolean
}

/** @throws CodecError (or what parsing throws) for a body that does not fit its shape: both come from outside. */
export function openColumn(shape: unknown, body: unknown, reading: Reading): Column {
  if (Array.isArray(shape) && shape.length === 1) return listsColumn(shape[0], body, reading)
  if (typeof shape === 'object' && shape !== null) return rowsColumn(shape as Fields, body, reading)
  if (shape !== JSON_VALUE && shape !== ANY_VALUE) return kindColumn(shape as Kind, body, reading)
  const cells = unpack(body)
  if (shape === JSON_VALUE) return jsonColumn(cells, reading)
  return column(cells.length, () => cells.map((cell) => anyFromJson(cell, reading.decimal)))
}

type Fields = Readonly<Record<string, Shape>>

function column(size: number, fresh: () => readonly unknown[]): Column {
  return { size, fresh }
}

function jsonColumn(cells: readonly unknown[], { once }: Reading): Column {
  const areScalars = once || cells.every((cell) => typeof cell !== 'object' || cell === null)
  return column(cells.length, areScalars ? () => cells : () => cells.map(copyJson))
}

function kindColumn(kind: Kind, body: unknown, { once, decimal }: Reading): Column {
  if (kind === 'd') {
    const cells = unpack(body)
    const first = datesOf(cells)
    return column(cells.length, once ? () => first : () => datesOf(cells))
  }
  const copy = isCopied(kind) ? copyOf : undefined
  const values = unpackAs(body, { make: (cell) => kindFromJson(kind, cell, decimal), copy })
  return column(values.length, once || !copy ? () => values : () => values.map(copy))
}

/** Apart from the other kinds, for there are so many of them. */
function datesOf(cells: readonly unknown[]): readonly unknown[] {
  const dates: unknown[] = []
  for (let i = 0; i < cells.length; i += 1) dates.push(cells[i] === null ? null : dateFrom(cells[i]))
  return dates
}

function rowsColumn(fields: Fields, body: unknown, reading: Reading): Column {
  const names = Object.keys(fields)
  const [count, ...bodies] = Array.isArray(body) ? body : []
  // Assigning to this name would set the prototype of every row.
  if (names.length === 0 || names.includes('__proto__')) throw new CodecError('not the fields of rows')
  if (names.length !== bodies.length) throw new CodecError('not one column for each field')
  const columns = names.map((name, i) => openColumn(fields[name], bodies[i], reading))
  const size = columns[0]?.size ?? 0
  if (columns.some((one) => one.size !== size)) throw new CodecError('columns of different lengths')
  if (typeof count === 'string') return sparseRows(names, columns, size, count)
  if (count !== size) throw new CodecError('not as many rows as there are')
  return column(size, () => rowsOf(names, columns, size))
}

/** Some of them are `null`: a relation to one that a row does not have. */
function sparseRows(names: readonly string[], columns: readonly Column[], size: number, places: string): Column {
  if (places.replaceAll('0', '') !== '1'.repeat(size)) throw new CodecError('not as many rows as there are')
  return column(places.length, () => {
    const rows = rowsOf(names, columns, size)
    let next = 0
    return Array.from(places, (place) => (place === '0' ? null : rows[next++]))
  })
}

function rowsOf(names: readonly string[], columns: readonly Column[], size: number): readonly unknown[] {
  const values = columns.map((one) => one.fresh())
  const rows: unknown[] = []
  for (let i = 0; i < size; i += 1) {
    const row: Record<string, unknown> = {}
    for (let k = 0; k < names.length; k += 1) row[names[k] as string] = (values[k] as readonly unknown[])[i]
    rows.push(row)
  }
  return rows
}

function listsColumn(shape: unknown, body: unknown, reading: Reading): Column {
  if (!Array.isArray(body) || body.length !== 2) throw new CodecError('not the sizes of lists and their elements')
  const sizes = unpack(body[0])
  const elements = openColumn(shape, body[1], reading)
  let sum = 0
  for (const size of sizes) {
    if (size === null) continue
    if (!Number.isInteger(size) || (size as number) < 0) throw new CodecError('not the size of a list')
    sum += size as number
  }
  if (sum !== elements.size) throw new CodecError('not as many elements as there are')
  return column(sizes.length, () => {
    const all = elements.fresh()
    let next = 0
    return sizes.map((size) => (size === null ? null : all.slice(next, (next += size as number))))
  })
}
