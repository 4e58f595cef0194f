import { CodecError } from '../errors.ts'
import type { Budget } from './budget.ts'

/**
 * The JSON scalars of one column, as they are or, where that is shorter, as
 *
 * - `{"t":["USER","ADMIN"],"i":"##$#"}` a table of the distinct values, and a character for each cell: its place in the
 *   table, counted from `#`
 * - `{"s":[1700000000,60,60],"m":1000}` whole numbers as steps from one to the next, in units of `m`. Besides, short
 *   numbers are parsed many times faster than times of 13 digits.
 *
 * A cell costs at least one character in each form: so no payload, however damaged, makes more rows than it has bytes.
 */
export type Cell = string | number | boolean | null
export type Cells = readonly Cell[] | Table | Steps

interface Table {
  readonly t: readonly Cell[]
  readonly i: string
}
interface Steps {
  readonly s: readonly (number | null)[]
  readonly m: number
}

/** Fewer are not worth the look. */
const LEAST = 4
const FIRST_PLACE = '#'.charCodeAt(0)
/** Up to `[`: the character after it is the backslash, which JSON writes as two. */
const MAX_PLACES = '['.charCodeAt(0) - FIRST_PLACE + 1
/** What times are whole multiples of: days, hours, seconds. */
const UNITS = [86_400_000, 3_600_000, 1000]

/** `isCopied`: readers make a value of its own for each row, where they share texts and numbers. */
export function pack(cells: readonly Cell[], budget: Budget, isCopied = false): Cells {
  const plain = { cells, length: cells.reduce<number>((sum, cell) => sum + lengthOf(cell) + 1, 0) }
  const others = cells.length < LEAST ? [] : [asTable(cells, isCopied), asSteps(cells)]
  const best = others.reduce<Form>((best, form) => (form && form.length < best.length ? form : best), plain)
  // A comma is counted that the last cell of a table, and of steps, does not have.
  budget.take(best.length - 1)
  return best.cells
}

/** @throws CodecError for what `pack` does not write: it comes from outside. */
export function unpack(cells: unknown): readonly unknown[] {
  if (Array.isArray(cells)) return cells
  const { t: table, i: places, s: steps, m: unit } = Object(cells) as Partial<Table & Steps>
  if (Array.isArray(table) && typeof places === 'string')
    return fromTable(checkedTable(table, places.length, false), places)
  if (Array.isArray(steps) && typeof unit === 'number') return fromSteps(steps, unit)
  throw new CodecError('not a column')
}

/** How the values of a column are made from its cells. */
export interface Making {
  readonly make: (cell: unknown) => unknown
  /** Another one of a value that was made; absent: rows may share it. */
  readonly copy?: ((value: unknown) => unknown) | undefined
}

/**
 * As `unpack`, with a value made of every cell that is not `null`. A place of a table is made once, however many rows
 * point to it: else a few bytes could ask for any amount of work.
 *
 * @throws CodecError as `unpack`, and for a table whose copies would take far more room than its bytes.
 */
export function unpackAs(cells: unknown, { make, copy }: Making): readonly unknown[] {
  const madeOf = (cell: unknown) => (cell === null ? null : make(cell))
  const { t: table, i: places } = Object(cells) as Partial<Table>
  if (!Array.isArray(table) || typeof places !== 'string') return unpack(cells).map(madeOf)
  const values = fromTable(checkedTable(table, places.length, copy !== undefined).map(madeOf), places)
  return copy ? values.map((value) => (value === null ? null : copy(value))) : values
}

interface Form {
  readonly cells: Cells
  /** Of its text, about. */
  readonly length: number
}

/** How many characters a table whose values are copied may stand for, for each of its own. */
const MAX_GROWTH = 16
const ALWAYS_ALLOWED = 64 * 1024
/** How many any table may: rows share its texts, but whoever writes the result out does not. */
const MAX_GROWN = 64 * 1024 * 1024

/** Writers use no table then, so that none is refused that was written by us. */
function growsTooMuch(table: readonly Cell[], rows: number, isCopied: boolean): boolean {
  const lengths = table.map(lengthOf)
  const grown = rows * Math.max(0, ...lengths)
  if (grown <= ALWAYS_ALLOWED) return false
  return grown > MAX_GROWN || (isCopied && grown > MAX_GROWTH * lengths.reduce((sum, length) => sum + length, rows))
}

function asTable(cells: readonly Cell[], isCopied: boolean): Form | undefined {
  const places = new Map<Cell, number>()
  let i = ''
  for (const cell of cells) {
    let place = places.get(cell)
    if (place === undefined) {
      if (places.size === MAX_PLACES || places.size * 2 > cells.length) return undefined
      places.set(cell, (place = places.size))
    }
    i += String.fromCharCode(FIRST_PLACE + place)
  }
  if (growsTooMuch([...places.keys()], cells.length, isCopied)) return undefined
  let length = cells.length + '{"t":[],"i":""}'.length
  for (const cell of places.keys()) length += lengthOf(cell) + 1
  return { cells: { t: [...places.keys()], i }, length }
}

function checkedTable(table: readonly unknown[], rows: number, isCopied: boolean): readonly unknown[] {
  // An object would be shared by all rows that point to it.
  if (table.length > MAX_PLACES || !table.every(isCell)) throw new CodecError('not a table of a column')
  if (growsTooMuch(table as readonly Cell[], rows, isCopied)) throw new CodecError('a table that takes too much room')
  return table
}

function fromTable(table: readonly unknown[], places: string): readonly unknown[] {
  const cells = new Array<unknown>(places.length)
  for (let i = 0; i < places.length; i += 1) {
    const place = places.charCodeAt(i) - FIRST_PLACE
    if (place < 0 || place >= table.length) throw new CodecError('a cell that is not in its table')
    cells[i] = table[place]
  }
  return cells
}

function asSteps(cells: readonly Cell[]): Form | undefined {
  let units = UNITS
  for (const cell of cells) {
    if (cell === null) continue
    if (!Number.isSafeInteger(cell)) return undefined
    if (units.length > 0) units = units.filter((unit) => (cell as number) % unit === 0)
  }
  const unit = units[0] ?? 1
  const steps: (number | null)[] = []
  let length = '{"s":[],"m":1}'.length
  let last = 0
  for (const cell of cells) {
    const step = cell === null ? null : (cell as number) / unit - last
    // The sum of the steps must be exact.
    if (step !== null && !Number.isSafeInteger(step)) return undefined
    steps.push(step)
    last += step ?? 0
    length += lengthOf(step) + 1
  }
  return { cells: { s: steps, m: unit }, length }
}

function fromSteps(steps: readonly unknown[], unit: number): readonly unknown[] {
  let sum = 0
  const cells = new Array<unknown>(steps.length)
  for (let i = 0; i < steps.length; i += 1) {
    const step = steps[i]
    if (step === null) cells[i] = null
    else if (typeof step === 'number') cells[i] = (sum += step) * unit
    else throw new CodecError('a step that is not a number')
  }
  return cells
}

function isCell(value: unknown): boolean {
  return typeof value !== 'object' || value === null
}

/** Of its JSON, about and never more: escapes are not counted. */
export function lengthOf(cell: Cell): number {
  if (typeof cell === 'string') return cell.length + 2
  if (typeof cell !== 'number') return 4
  return Number.isInteger(cell) && Math.abs(cell) < 1e15 ? digitsOf(cell) : String(cell).length
}

function digitsOf(integer: number): number {
  let digits = integer < 0 ? 2 : 1
  for (let rest = Math.abs(integer); rest >= 10; rest /= 10) digits += 1
  return digits
}
