import { Late } from './late.ts'
import type { ModelRead, Read } from './reads.ts'
import type { Args } from './values.ts'

/**
 * The same read but for one place: a flipped direction, another operator, a condition less. Two reads as near as this
 * are the ones a key that leaves something out would take for one another. Not every one is legal; both clients must
 * refuse such a one alike. Nothing is taken out of a unique key or of `having`: Prisma panics at what is left, and
 * answers nothing any more after that. Nor out of the order of a page, or of what is to be first: which rows those are
 * must not be the database's choice, which every update of a row may change.
 */
export function nearMiss(read: Read, choice: number): Read {
  if (read.kind === 'raw read') {
    const values = read.statement.values.map((value) => (value === 1 ? 2 : value))
    return { ...read, statement: { ...read.statement, values } }
  }
  const whole = new Set([
    'having',
    ...(read.operation.startsWith('findUnique') ? ['where'] : []),
    ...(read.operation.startsWith('findFirst') ? ['orderBy'] : []),
  ])
  const others: ModelRead[] = [...neighbours(read.args, whole)].map((args) => ({
    ...read,
    args: args as ModelRead['args'],
  }))
  const operation = OPERATIONS[read.operation]
  // The first of all rows, in no order, is any.
  if (operation && (read.operation !== 'findMany' || isPage(read.args))) others.push({ ...read, operation })
  if (read.hops.length > 0) others.push(selecting(read), { ...read, hops: read.hops.slice(0, -1) })
  return others[choice % others.length] ?? read
}

/** The fluent read as Prisma passes it on: with the same arguments, for another result. */
function selecting(read: ModelRead): ModelRead {
  const select = read.hops.reduceRight<Args | undefined>(
    (inner, { relation, args }) => ({ [relation]: inner ? { ...args, select: inner } : { ...args } }),
    undefined,
  )
  return { ...read, hops: [], args: { ...read.args, select } }
}

const OPERATIONS: Readonly<Record<string, string>> = {
  findUnique: 'findFirst',
  findUniqueOrThrow: 'findUnique',
  findFirst: 'findFirstOrThrow',
  findFirstOrThrow: 'findMany',
  findMany: 'findFirst',
}

const WORDS: Readonly<Record<string, string>> = {
  AND: 'OR',
  OR: 'NOT',
  NOT: 'AND',
  some: 'every',
  every: 'none',
  none: 'some',
  is: 'isNot',
  isNot: 'is',
  equals: 'not',
  not: 'equals',
  in: 'notIn',
  notIn: 'in',
  lt: 'lte',
  lte: 'lt',
  gt: 'gte',
  gte: 'gt',
  contains: 'startsWith',
  startsWith: 'endsWith',
  endsWith: 'contains',
  include: 'select',
  _sum: '_avg',
  _avg: '_sum',
  _min: '_max',
  _max: '_min',
  take: 'skip',
}

const VALUES: Readonly<Record<string, string>> = { asc: 'desc', desc: 'asc', first: 'last', last: 'first' }
const NULLS: Readonly<Record<string, string>> = { DbNull: 'JsonNull', JsonNull: 'AnyNull', AnyNull: 'DbNull' }

/** Shows some of the rows there are. */
function isPage(args: object): boolean {
  return ['take', 'skip', 'cursor', 'distinct'].some((key) => key in args)
}

/** `whole`: the arguments that nothing is taken out of; `true`, this value. */
function* neighbours(value: unknown, whole: ReadonlySet<string> | boolean): Generator<unknown> {
  if (typeof value === 'boolean') yield !value
  else if (typeof value === 'number') yield value + 1
  else if (typeof value === 'bigint') yield value + 1n
  else if (typeof value === 'string')
    yield VALUES[value] ?? (value === value.toLowerCase() ? value.toUpperCase() : `${value} `)
  else if (value instanceof Date) yield new Date(value.getTime() + 1)
  else if (value instanceof Uint8Array) yield new Uint8Array([...value, 0])
  else if (value instanceof Late) {
    if (value.kind === 'null') yield new Late('null', NULLS[value.text] ?? 'DbNull')
    if (value.kind === 'Decimal') yield new Late('Decimal', `${value.text}1`.replace(/^(\d+)1$/, '$1.1'))
  } else if (Array.isArray(value)) {
    if (value.length > 1) yield [...value].reverse()
    if (value.length === 1) yield value[0]
    for (const [i, element] of value.entries()) {
      if (whole !== true) yield value.toSpliced(i, 1)
      for (const other of neighbours(element, whole === true)) yield value.with(i, other)
    }
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value)
    for (const [i, [key, member]] of entries.entries()) {
      const orders = key === 'orderBy' && isPage(value)
      const kept = whole === true || orders || (whole !== false && (key === 'where' || key === 'by' || whole.has(key)))
      if (!kept) yield Object.fromEntries(entries.toSpliced(i, 1))
      const word = WORDS[key]
      if (word) yield Object.fromEntries(entries.with(i, [word, member]))
      const inner = whole === true || orders || (whole !== false && whole.has(key))
      for (const other of neighbours(member, inner)) yield Object.fromEntries(entries.with(i, [key, other]))
    }
  }
}
