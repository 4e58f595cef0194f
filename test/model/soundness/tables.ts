import { isPlainObject } from '../../../src/query/canonical-text.ts'
import { columnOf, type ModelName, type ModelShape, type Relation, relationOf, shapeOf } from './schema.ts'

export type Args = Readonly<Record<string, unknown>>
export type Row = Record<string, unknown>

/** Rows in the order they came, and which posts have which tags. */
export class Tables {
  readonly rows: Record<ModelName, Row[]> = { User: [], Profile: [], Post: [], Comment: [], Tag: [] }
  links: { readonly post: Row; readonly tag: Row }[] = []

  copy(): Tables {
    const copy = new Tables()
    const copies = new Map<Row, Row>()
    for (const [name, rows] of Object.entries(this.rows) as [ModelName, Row[]][]) {
      for (const row of rows) copies.set(row, { ...row })
      copy.rows[name] = rows.map((row) => copies.get(row) as Row)
    }
    copy.links = this.links.map(({ post, tag }) => ({ post: copies.get(post) as Row, tag: copies.get(tag) as Row }))
    return copy
  }

  /** Rows that are not in the other tables, or not as they are here. */
  *beside(other: Tables): Iterable<readonly [ModelName, Row]> {
    for (const [name, rows] of Object.entries(this.rows) as [ModelName, Row[]][]) {
      const texts = new Set(other.rows[name].map((row) => JSON.stringify(row)))
      for (const row of rows) if (!texts.has(JSON.stringify(row))) yield [name, row]
    }
  }

  /** The rows at the other end, in the order of their table. */
  related(row: Row, relation: Relation): Row[] {
    const others = this.rows[relation.to]
    if (relation.manyToMany) {
      const linked = new Set(this.links.flatMap(({ post, tag }) => (post === row ? [tag] : tag === row ? [post] : [])))
      return others.filter((other) => linked.has(other))
    }
    if (relation.key) return others.filter((other) => other['id'] === row[relation.key as string])
    const key = relationOf(shapeOf(relation.to), relation.opposite)?.key as string
    return others.filter((other) => other[key] === row['id'])
  }
}

/** What SQL says of a condition: NULL makes it `undefined`. */
type Truth = boolean | undefined

const all = (truths: readonly Truth[]): Truth =>
  truths.includes(false) ? false : truths.includes(undefined) ? undefined : true
const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth)
const some = (truths: readonly Truth[]): Truth => not(all(truths.map(not)))

export function matches(tables: Tables, shape: ModelShape, row: Row, where: unknown): Truth {
  if (!isPlainObject(where)) return true
  return all(
    Object.entries(where).map(([key, value]): Truth => {
      if (value === undefined) return true
      const of = (branch: unknown) => matches(tables, shape, row, branch)
      if (key === 'AND') return all(listOf(value).map(of))
      if (key === 'OR') return some(listOf(value).map(of))
      if (key === 'NOT') return all(listOf(value).map((branch) => not(of(branch))))
      const relation = relationOf(shape, key)
      if (relation) return relationMatches(tables, row, relation, value)
      if (columnOf(shape, key)) return columnMatches(row[key], value)
      return of(value)
    }),
  )
}

function columnMatches(value: unknown, filter: unknown): Truth {
  if (!isPlainObject(filter)) return equal(value, filter)
  const folded = (one: unknown) =>
    filter['mode'] === 'insensitive' && typeof one === 'string' ? one.toLowerCase() : one
  return all(
    Object.entries(filter).map(([operator, operand]): Truth => {
      if (operand === undefined || operator === 'mode') return true
      const [left, right] = [folded(value), folded(operand)]
      switch (operator) {
        case 'equals':
          return equal(left, right)
        case 'not':
          return isPlainObject(right) ? not(columnMatches(left, right)) : not(equal(left, right))
        case 'in':
          return some(listOf(right).map((one) => equal(left, folded(one))))
        case 'notIn':
          return not(some(listOf(right).map((one) => equal(left, folded(one)))))
      }
      if (left === null) return undefined
      if (operator === 'contains') return String(left).includes(String(right))
      if (operator === 'gt') return (left as number) > (right as number)
      return (left as number) <= (right as number)
    }),
  )
}

function equal(value: unknown, other: unknown): Truth {
  if (other === null) return value === null
  return value === null ? undefined : value === other
}

function relationMatches(tables: Tables, row: Row, relation: Relation, filter: unknown): Truth {
  const target = shapeOf(relation.to)
  const related = tables.related(row, relation)
  const anyOf = (where: unknown) => related.some((other) => matches(tables, target, other, where) === true)
  if (!isPlainObject(filter)) return related.length === 0
  return all(
    Object.entries(filter).map(([quantifier, where]): Truth => {
      if (where === undefined) return true
      switch (quantifier) {
        case 'some':
          return anyOf(where)
        case 'is':
          return where === null ? related.length === 0 : anyOf(where)
        case 'none':
          return !anyOf(where)
        case 'isNot':
          return where === null ? related.length > 0 : !anyOf(where)
        case 'every':
          return related.every((other) => matches(tables, target, other, where) !== false)
        default:
          return anyOf({ [quantifier]: where })
      }
    }),
  )
}

export interface Read {
  readonly model: ModelName
  readonly operation: 'findUnique' | 'findFirst' | 'findMany' | 'count' | 'aggregate' | 'groupBy'
  readonly args: Args
}

/** What the database answers to a read. */
export function answer(tables: Tables, { model, operation, args }: Read): unknown {
  const shape = shapeOf(model)
  const rows = page(tables, shape, tables.rows[model], args)
  switch (operation) {
    case 'findMany':
      return rows.map((row) => shown(tables, shape, row, args))
    case 'findUnique':
    case 'findFirst':
      return rows[0] ? shown(tables, shape, rows[0], args) : null
    case 'count': {
      const select = args['select']
      return isPlainObject(select) ? counts(rows, select) : rows.length
    }
    case 'aggregate':
      return figures(rows, args)
    case 'groupBy':
      return groups(rows, args)
  }
}

function page(tables: Tables, shape: ModelShape, candidates: readonly Row[], args: Args): Row[] {
  const { take, skip, cursor, distinct } = args
  const isBackwards = typeof take === 'number' && take < 0
  let sorted = ordered(tables, shape, candidates, args['orderBy'])
  if (isBackwards) sorted = sorted.toReversed()
  if (cursor !== undefined) {
    const at = sorted.findIndex((row) => matches(tables, shape, row, cursor) === true)
    sorted = at < 0 ? [] : sorted.slice(at)
  }
  let rows = sorted.filter((row) => matches(tables, shape, row, args['where']) === true)
  if (distinct !== undefined) {
    const textOf = (row: Row) => JSON.stringify(listOf(distinct).map((name) => row[String(name)]))
    const seen = new Set<string>()
    rows = rows.filter((row) => !seen.has(textOf(row)) && seen.add(textOf(row)))
  }
  const from = typeof skip === 'number' ? skip : 0
  rows = rows.slice(from, typeof take === 'number' ? from + Math.abs(take) : undefined)
  return isBackwards ? rows.toReversed() : rows
}

function ordered(tables: Tables, shape: ModelShape, rows: readonly Row[], orderBy: unknown): Row[] {
  const orders = orderBy === undefined ? [] : listOf(orderBy)
  return rows.toSorted((one, other) => {
    for (const order of orders) {
      const direction = directionOf(order)
      const compared = compare(orderValue(tables, shape, one, order), orderValue(tables, shape, other, order))
      if (compared !== 0) return direction === 'desc' ? -compared : compared
    }
    return 0
  })
}

function directionOf(order: unknown): unknown {
  return isPlainObject(order) ? directionOf(Object.values(order)[0]) : order
}

function orderValue(tables: Tables, shape: ModelShape, row: Row, order: unknown): unknown {
  const [name = '', by] = Object.entries(order as Args)[0] ?? []
  const relation = relationOf(shape, name)
  if (!relation) return row[name]
  const related = tables.related(row, relation)
  if (relation.list) return related.length
  return related[0] ? orderValue(tables, shapeOf(relation.to), related[0], by) : null
}

function compare(one: unknown, other: unknown): number {
  if (one === other) return 0
  if (one === null) return 1
  if (other === null) return -1
  return (one as number) < (other as number) ? -1 : 1
}

function shown(tables: Tables, shape: ModelShape, row: Row, args: Args): Row {
  const { select, include, omit } = args
  const result: Row = {}
  const chosen = isPlainObject(select) ? select : isPlainObject(include) ? include : {}
  for (const { name } of shape.columns) {
    const isShown = isPlainObject(select) ? select[name] : !(isPlainObject(omit) && omit[name])
    if (isShown) result[name] = row[name]
  }
  for (const [name, nested] of Object.entries(chosen)) {
    if (nested === undefined || nested === false) continue
    const relation = relationOf(shape, name)
    if (name === '_count') result[name] = relationCounts(tables, shape, row, nested)
    else if (relation) {
      const target = shapeOf(relation.to)
      const its = isPlainObject(nested) ? nested : {}
      const rows = page(tables, target, tables.related(row, relation), its)
      const found = rows.map((other) => shown(tables, target, other, its))
      result[name] = relation.list ? found : (found[0] ?? null)
    }
  }
  return result
}

function relationCounts(tables: Tables, shape: ModelShape, row: Row, count: unknown): Row {
  const select = isPlainObject(count) && isPlainObject(count['select']) ? count['select'] : undefined
  const result: Row = {}
  for (const relation of shape.relations) {
    const counted = select ? select[relation.name] : true
    if (!relation.list || counted === undefined || counted === false) continue
    const where = isPlainObject(counted) ? counted['where'] : undefined
    const target = shapeOf(relation.to)
    const related = tables.related(row, relation)
    result[relation.name] = related.filter((other) => matches(tables, target, other, where) === true).length
  }
  return result
}

function counts(rows: readonly Row[], select: Args): Row {
  const chosen = Object.entries(select).filter(([, isChosen]) => isChosen === true)
  return Object.fromEntries(
    chosen.map(([name]) => [name, rows.filter((row) => name === '_all' || row[name] !== null).length]),
  )
}

function figures(rows: readonly Row[], args: Args): Row {
  const result: Row = {}
  for (const [name, columns] of Object.entries(args)) {
    if (name === '_count') result[name] = columns === true ? rows.length : counts(rows, columns as Args)
    if (name !== '_sum' && name !== '_max') continue
    for (const column of Object.keys(columns as Args)) {
      const values = rows.map((row) => row[column]).filter((value) => value !== null) as number[]
      const figure = name === '_sum' ? values.reduce((sum, value) => sum + value, 0) : values.sort(compare).at(-1)
      result[`${name} ${column}`] = values.length === 0 ? null : figure
    }
  }
  return result
}

function groups(rows: readonly Row[], args: Args): unknown[] {
  const by = listOf(args['by']).map(String)
  const found = new Map<string, Row[]>()
  for (const row of rows) {
    const name = JSON.stringify(by.map((column) => row[column]))
    found.set(name, [...(found.get(name) ?? []), row])
  }
  const having = Object.entries((args['having'] ?? {}) as Args)
  return [...found]
    .filter(([, group]) =>
      having.every(([column, filter]) => columnMatches(counts(group, { [column]: true })[column], sumFilter(filter))),
    )
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, group]) => [name, figures(group, args)])
}

function sumFilter(filter: unknown): unknown {
  return isPlainObject(filter) ? filter['_count'] : filter
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
