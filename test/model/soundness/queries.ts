import fc from 'fast-check'
import { type Column, columnOf, type ModelName, type ModelShape, type Relation, shapeOf, shapes } from './schema.ts'
import { type Args, type Read, type Row, Tables } from './tables.ts'
import { assertKeys, type Write } from './writes.ts'

type Values = fc.Arbitrary<unknown>

const made = new Map<string, fc.Arbitrary<unknown>>()
function once<T>(name: string, make: () => fc.Arbitrary<T>): fc.Arbitrary<T> {
  let arbitrary = made.get(name)
  if (!arbitrary) made.set(name, (arbitrary = make()))
  return arbitrary as fc.Arbitrary<T>
}

/** Each with its weight. */
function weighted<T>(...choices: readonly (readonly [weight: number, of: fc.Arbitrary<T>])[]): fc.Arbitrary<T> {
  return fc.oneof(...choices.filter(([weight]) => weight > 0).map(([weight, arbitrary]) => ({ weight, arbitrary })))
}

/** Properties that are there so often, of ten times. */
function sometimes(properties: Readonly<Record<string, readonly [times: number, of: Values]>>): fc.Arbitrary<Args> {
  const absent = Symbol('absent')
  const all = Object.entries(properties).map(
    ([name, [times, of]]) => [name, weighted<unknown>([times, of], [10 - times, fc.constant(absent)])] as const,
  )
  return fc
    .record(Object.fromEntries(all), { noNullPrototype: true })
    .map((whole) => Object.fromEntries(Object.entries(whole).filter(([, value]) => value !== absent)))
}

const record = (properties: Readonly<Record<string, Values>>): fc.Arbitrary<Args> =>
  fc.record(properties, { noNullPrototype: true }) as fc.Arbitrary<Args>
const some = (names: readonly string[], least = 1) => fc.subarray([...names], { minLength: least })
const namesOf = (shape: ModelShape) => shape.columns.map(({ name }) => name)
const valueIn = ({ pool }: Column) => fc.constantFrom(...pool)
const valueOrNull = (column: Column) =>
  column.nullable ? weighted<unknown>([3, valueIn(column)], [1, fc.constant(null)]) : valueIn(column)

const entry = (name: string, of: Values) => of.map((value) => [name, value] as const)

export function whereOf(shape: ModelShape, depth: number): fc.Arbitrary<Args> {
  return once(`where ${shape.name} ${depth}`, () => {
    const condition = weighted<readonly [string, unknown]>(
      [8, fc.oneof(...shape.columns.map((column) => entry(column.name, columnFilter(column))))],
      [depth > 0 ? 3 : 0, depth > 0 ? branches(shape, depth - 1) : fc.constant(['AND', []] as const)],
      [depth > 0 ? 3 : 0, depth > 0 ? relationFilters(shape, depth - 1) : fc.constant(['AND', []] as const)],
      [1, compoundKey(shape)],
    )
    const several = fc.array(condition, { minLength: 2, maxLength: 3 })
    return weighted<readonly (readonly [string, unknown])[]>(
      [1, fc.constant([])],
      [5, condition.map((one) => [one])],
      [3, several],
    ).map((all) => Object.fromEntries(all))
  })
}

function columnFilter(column: Column): Values {
  const value = valueIn(column)
  const isNumber = typeof column.pool[0] === 'number'
  const isText = typeof column.pool[0] === 'string' && column.name !== 'role'
  return weighted<unknown>(
    [6, value],
    [column.nullable ? 3 : 0, fc.constant(null)],
    [2, value.map((equals) => ({ equals }))],
    [3, fc.array(valueOrNull(column), { maxLength: 4 }).map((all) => ({ in: all.filter((one) => one !== null) }))],
    [1, record({ in: fc.array(value, { minLength: 1, maxLength: 2 }), not: valueOrNull(column) })],
    [1, valueOrNull(column).map((not) => ({ not }))],
    [1, fc.array(value, { maxLength: 2 }).map((notIn) => ({ notIn }))],
    [1, record({ equals: value, not: value })],
    [1, value.map((equals) => ({ equals, in: undefined }))],
    [isNumber ? 2 : 0, value.map((gt) => ({ gt }))],
    [isNumber ? 1 : 0, record({ equals: value, lte: value })],
    [isText ? 1 : 0, value.map((contains) => ({ contains }))],
    [isText ? 1 : 0, value.map((equals) => ({ equals, mode: 'insensitive' }))],
    [isText ? 1 : 0, fc.array(value, { maxLength: 2 }).map((all) => ({ in: all, mode: 'insensitive' }))],
    [1, fc.constant(undefined)],
  )
}

function branches(shape: ModelShape, depth: number): fc.Arbitrary<readonly [string, unknown]> {
  const where = whereOf(shape, depth)
  const several = fc.array(where, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    entry('OR', several),
    entry('AND', weighted<unknown>([1, where], [1, several])),
    entry('NOT', weighted<unknown>([1, where], [1, several])),
  )
}

function relationFilters(shape: ModelShape, depth: number): fc.Arbitrary<readonly [string, unknown]> {
  return fc.oneof(...shape.relations.map((relation) => entry(relation.name, relationFilter(relation, depth))))
}

function relationFilter(relation: Relation, depth: number): Values {
  const where = whereOf(shapeOf(relation.to), depth)
  const quantified = (name: string) => where.map((one) => ({ [name]: one }))
  if (relation.list) return fc.oneof(quantified('some'), quantified('none'), quantified('every'))
  return weighted<unknown>(
    [4, where],
    [2, quantified('is')],
    [1, quantified('isNot')],
    [1, record({ is: where, isNot: where })],
    [relation.required ? 0 : 1, fc.constantFrom(null, { is: null }, { isNot: null })],
  )
}

function compoundKey(shape: ModelShape): fc.Arbitrary<readonly [string, unknown]> {
  const names = shape.uniques.find(({ length }) => length > 1)
  if (!names) return entry('AND', fc.constant([]))
  return entry(names.join('_'), record(Object.fromEntries(names.map((name) => [name, valueIn(column(shape, name))]))))
}

/** By a unique key, at times with more beside it. */
function uniqueOf(shape: ModelShape): fc.Arbitrary<Args> {
  return once(`unique ${shape.name}`, () => {
    const keys = fc.oneof(
      ...shape.uniques.map((names) => {
        const columns = record(Object.fromEntries(names.map((name) => [name, valueIn(column(shape, name))])))
        return names.length === 1 ? columns : columns.map((values) => ({ [names.join('_')]: values }))
      }),
    )
    return weighted<Args>(
      [3, keys],
      [1, fc.tuple(whereOf(shape, 0), keys).map(([where, key]) => ({ ...where, ...key }))],
    )
  })
}

function column(shape: ModelShape, name: string): Column {
  return columnOf(shape, name) as Column
}

function selectionOf(shape: ModelShape, depth: number): fc.Arbitrary<Args> {
  return once(`selection ${shape.name} ${depth}`, () => {
    const nested: Record<string, readonly [number, Values]> = {}
    const lists = shape.relations.filter(({ list }) => list)
    if (depth > 0) {
      for (const relation of shape.relations) nested[relation.name] = [2, nestedArgs(relation, depth - 1)]
      const filtered = fc.oneof(
        fc.constant(true),
        fc
          .constantFrom(...(lists.length > 0 ? lists : shape.relations))
          .chain(({ name, to }) =>
            weighted<unknown>(
              [1, fc.constant({ select: { [name]: true } })],
              [1, whereOf(shapeOf(to), 0).map((where) => ({ select: { [name]: { where } } }))],
            ),
          ),
      )
      if (lists.length > 0) nested['_count'] = [1, filtered]
    }
    const others = sometimes(nested)
    const select = fc.tuple(some(namesOf(shape)), others).map(([names, related]) => ({
      select: { ...Object.fromEntries(names.map((name) => [name, true])), ...related },
    }))
    return weighted<Args>(
      [3, fc.constant({})],
      [5, select],
      [depth > 0 ? 3 : 0, others.map((include) => ({ include }))],
      [1, some(namesOf(shape)).map((names) => ({ omit: Object.fromEntries(names.slice(1).map((it) => [it, true])) }))],
    )
  })
}

function nestedArgs(relation: Relation, depth: number): Values {
  const target = shapeOf(relation.to)
  if (!relation.list) return weighted<unknown>([1, fc.constant(true)], [1, selectionOf(target, depth)])
  const page = sometimes({
    where: [4, whereOf(target, Math.min(depth, 1))],
    orderBy: [4, orderOf(target)],
    take: [3, fc.constantFrom(1, 2, -1)],
    skip: [1, fc.constant(1)],
    distinct: [1, some(namesOf(target)).map((names) => names.slice(0, 1))],
    cursor: [1, uniqueOf(target)],
  })
  return weighted<unknown>(
    [1, fc.constant(true)],
    [3, fc.tuple(page, selectionOf(target, depth)).map(([args, selection]) => ({ ...args, ...selection }))],
  )
}

function orderOf(shape: ModelShape): Values {
  return once(`order ${shape.name}`, () => {
    const direction = fc.constantFrom('asc', 'desc')
    const byColumn = fc.constantFrom(...namesOf(shape)).chain((name) => direction.map((it) => ({ [name]: it })))
    const byRelation = fc
      .constantFrom(...shape.relations)
      .chain(({ name, to, list }) =>
        list
          ? direction.map((it) => ({ [name]: { _count: it } }))
          : fc
              .constantFrom(...namesOf(shapeOf(to)))
              .chain((other) => direction.map((it) => ({ [name]: { [other]: it } }))),
      )
    const order = weighted<unknown>([3, byColumn], [1, byRelation])
    return weighted<unknown>([3, order], [1, fc.array(order, { minLength: 1, maxLength: 2 })])
  })
}

/** Reads of every kind; most are of the model in `focus`. */
function readsAbout(focus: ModelName): fc.Arbitrary<Read> {
  return once(`reads about ${focus}`, () => weighted([3, readsOf(focus)], [2, modelNames.chain(readsOf)]))
}

function readsOf(model: ModelName): fc.Arbitrary<Read> {
  return once(`reads of ${model}`, () => {
    const shape = shapeOf(model)
    const read = (operation: Read['operation'], ...args: fc.Arbitrary<Args>[]) =>
      fc.tuple(...args).map((parts): Read => ({ model, operation, args: Object.assign({}, ...parts) as Args }))
    const page = {
      where: [8, whereOf(shape, 2)],
      orderBy: [5, orderOf(shape)],
      take: [4, fc.constantFrom(1, 2, 3, -1)],
      skip: [1, fc.constant(1)],
      cursor: [2, uniqueOf(shape)],
      distinct: [1, some(namesOf(shape)).map((names) => names.slice(0, 2))],
    } as const
    const counted = fc.oneof(
      fc.constant({}),
      some(['_all', ...namesOf(shape)]).map((names) => ({ select: chosen(names) })),
    )
    const numbers = shape.columns.filter(({ pool }) => typeof pool[0] === 'number').map(({ name }) => name)
    const figures = sometimes({
      _count: [5, fc.constant(true)],
      ...(numbers.length > 0 && { _sum: [5, some(numbers).map(chosen)] }),
      _max: [3, some(namesOf(shape)).map(chosen)],
    })
    const having = fc.constantFrom(...namesOf(shape)).map((name) => ({ [name]: { _count: { gt: 1 } } }))
    const groups = sometimes({
      by: [10, some(namesOf(shape)).map((names) => names.slice(0, 2))],
      where: [6, whereOf(shape, 1)],
      _count: [5, fc.constant(true)],
      having: [2, having],
    })
    const { distinct, ...undistinguished } = page
    return weighted<Read>(
      [6, read('findMany', sometimes(page), selectionOf(shape, 2))],
      [3, read('findFirst', sometimes(page), selectionOf(shape, 2))],
      [4, read('findUnique', record({ where: uniqueOf(shape) }), selectionOf(shape, 2))],
      [5, read('findMany', firstPage(shape), selectionOf(shape, 0))],
      [2, read('findFirst', firstPage(shape), selectionOf(shape, 0))],
      [2, read('count', sometimes(undistinguished), counted)],
      [2, read('aggregate', sometimes(undistinguished), figures)],
      [1, read('groupBy', groups)],
    )
  })
}

/** A few rows of those with one value, in an order; at times those after them. */
function firstPage(shape: ModelShape): fc.Arbitrary<Args> {
  const where = fc
    .constantFrom(...shape.columns)
    .chain((one) => valueOrNull(one).map((value) => ({ [one.name]: value })))
  return sometimes({
    where: [7, where],
    orderBy: [8, orderOf(shape)],
    take: [10, fc.constantFrom(1, 2)],
    skip: [2, fc.constant(1)],
    cursor: [2, uniqueOf(shape)],
    distinct: [2, some(namesOf(shape)).map((names) => names.slice(0, 1))],
  })
}

const chosen = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]))

export const modelNames: fc.Arbitrary<ModelName> = weighted(
  [4, fc.constant<ModelName>('User')],
  [4, fc.constant<ModelName>('Post')],
  [2, fc.constant<ModelName>('Comment')],
  [1, fc.constant<ModelName>('Profile')],
  [1, fc.constant<ModelName>('Tag')],
)

/** `within`: the relation it is nested in, whose other end is given. */
function createOf(shape: ModelShape, depth: number, within?: Relation): fc.Arbitrary<Args> {
  return once(`create ${shape.name} ${depth} ${within?.to} ${within?.opposite}`, () => {
    const back = shape.relations.find(({ name }) => name === within?.opposite)
    const relations = shape.relations.filter((relation) => relation !== back)
    const keys = shape.relations.flatMap(({ key }) => key ?? [])
    const columns = Object.fromEntries(
      shape.columns
        .filter(({ name, ticks }) => name !== back?.key && !ticks)
        .map((one) => {
          const times =
            one.initial === 'counted' ? 1 : keys.includes(one.name) ? 8 : one.initial || one.nullable ? 4 : 10
          return [one.name, [times, valueOrNull(one)] as const]
        }),
    )
    return withRelations(sometimes(columns), relations, depth, 'create')
  })
}

function updateOf(shape: ModelShape, depth: number, within?: Relation): fc.Arbitrary<Args> {
  return once(`update ${shape.name} ${depth} ${within?.to} ${within?.opposite}`, () => {
    const back = shape.relations.find(({ name }) => name === within?.opposite)
    const relations = shape.relations.filter((relation) => relation !== back)
    const columns = Object.fromEntries(
      shape.columns
        .filter(({ name, ticks }) => name !== back?.key && !ticks)
        .map((one) => [one.name, [one.name === 'id' ? 1 : 3, changeOf(one)] as const]),
    )
    const single = fc.oneof(...Object.entries(columns).map(([name, [, of]]) => of.map((value) => ({ [name]: value }))))
    return withRelations(weighted<Args>([1, single], [1, sometimes(columns)]), relations, depth, 'update')
  })
}

function changeOf(one: Column): Values {
  const value = valueOrNull(one)
  const isCounter = typeof one.pool[0] === 'number' && one.name !== 'id' && !one.name.endsWith('Id')
  return weighted<unknown>(
    [4, value],
    [1, value.map((set) => ({ set }))],
    [isCounter ? 3 : 0, fc.constant({ increment: 1 })],
  )
}

/** A relation takes the place of its foreign key. */
function withRelations(
  columns: fc.Arbitrary<Args>,
  relations: readonly Relation[],
  depth: number,
  kind: 'create' | 'update',
): fc.Arbitrary<Args> {
  if (depth === 0 || relations.length === 0) return columns
  const one = fc
    .constantFrom(...relations)
    .chain((relation) => fc.tuple(fc.constant(relation), nestedIn(relation, depth - 1, kind)))
  const nested = fc.tuple(columns, fc.array(one, { minLength: 1, maxLength: 2 })).map(([data, all]): Args => {
    const related = Object.fromEntries(all.map(([relation, operations]) => [relation.name, operations]))
    const keys = all.flatMap(([relation]) => relation.key ?? [])
    return { ...Object.fromEntries(Object.entries(data).filter(([name]) => !keys.includes(name))), ...related }
  })
  return weighted<Args>([2, columns], [2, nested])
}

function nestedIn(relation: Relation, depth: number, kind: 'create' | 'update'): Values {
  return once(`nested ${kind} ${relation.to} ${relation.opposite} ${depth}`, () => {
    const target = shapeOf(relation.to)
    const create = createOf(target, depth, relation)
    const update = updateOf(target, depth, relation)
    const unique = uniqueOf(target)
    const flat = updateOf(target, 0, relation)
    const where = whereOf(target, 0)
    const many = (of: Values): Values =>
      relation.list ? weighted<unknown>([2, of], [1, fc.array(of, { minLength: 1, maxLength: 2 })]) : of
    type Choice = readonly [weight: number, operation: string, of: Values]
    const links: Choice[] = [
      [2, 'create', many(create)],
      [3, 'connect', many(unique)],
      [1, 'connectOrCreate', many(record({ where: unique, create }))],
    ]
    const lists: Choice[] = [
      [2, 'disconnect', many(unique)],
      [2, 'set', fc.array(unique, { maxLength: 2 })],
      [3, 'update', many(record({ where: unique, data: update }))],
      [2, 'updateMany', many(record({ where, data: flat }))],
      [1, 'upsert', many(record({ where: unique, create, update }))],
      [1, 'delete', many(unique)],
      [1, 'deleteMany', many(where)],
    ]
    const singles: Choice[] = [
      [2, 'disconnect', fc.constant(true)],
      [3, 'update', update],
      [1, 'upsert', record({ create, update })],
      [1, 'delete', fc.constant(true)],
    ]
    const bulk: Choice[] =
      relation.list && !relation.manyToMany
        ? [[1, 'createMany', fc.array(createOf(target, 0, relation), { maxLength: 2 }).map((data) => ({ data }))]]
        : []
    const choices = kind === 'create' ? [...links, ...bulk] : [...links, ...bulk, ...(relation.list ? lists : singles)]
    return weighted(
      ...choices.map(([weight, operation, of]) => [weight, of.map((value) => ({ [operation]: value }))] as const),
    )
  })
}

/** Writes of every kind, many of which some rule of the database refuses; most are to the model in `focus`. */
function writesAbout(focus: ModelName): fc.Arbitrary<Write> {
  return once(`writes about ${focus}`, () => weighted([3, writesTo(focus)], [2, modelNames.chain(writesTo)]))
}

function writesTo(model: ModelName): fc.Arbitrary<Write> {
  return once(`writes to ${model}`, () => {
    const shape = shapeOf(model)
    const write = (operation: string, args: Readonly<Record<string, Values>>, showsRow = true) =>
      fc
        .tuple(record(args), showsRow ? weighted([1, fc.constant({})], [1, selectionOf(shape, 0)]) : fc.constant({}))
        .map(([one, selection]): Write => ({ model, operation, args: { ...one, ...selection } }))
    const create = createOf(shape, 2)
    const update = updateOf(shape, 2)
    const flat = updateOf(shape, 0)
    const rows = fc.array(createOf(shape, 0), { minLength: 1, maxLength: 2 })
    const where = weighted<unknown>([4, whereOf(shape, 1)], [1, fc.constant(undefined)])
    const unique = uniqueOf(shape)
    return weighted<Write>(
      [4, write('create', { data: create })],
      [1, write('createMany', { data: rows }, false)],
      [1, write('createManyAndReturn', { data: rows })],
      [8, write('update', { where: unique, data: update })],
      [3, write('updateMany', { where, data: flat }, false)],
      [2, fc.constantFrom(...shape.columns).chain((one) => write('updateMany', sameColumn(one), false))],
      [2, write('updateManyAndReturn', { where, data: flat })],
      [2, write('upsert', { where: unique, create, update })],
      [3, write('delete', { where: unique })],
      [2, write('deleteMany', { where }, false)],
    )
  })
}

/** Rows with a value are given another. */
function sameColumn(one: Column): Readonly<Record<string, Values>> {
  return {
    where: valueOrNull(one).map((value) => ({ [one.name]: value })),
    data: changeOf(one).map((change) => ({ [one.name]: change })),
  }
}

/** A read that this row may decide, by the number of a choice: one that asks for its values, or stands at it. */
export function aimedAt(model: ModelName, row: Row, choice: number): Read {
  const shape = shapeOf(model)
  const names = namesOf(shape)
  const at = (step: number) => names[Math.floor(choice / step) % names.length] as string
  const compared = [at(1), at(11), at(121)].slice(0, 1 + (choice % 3))
  const where = Object.fromEntries(compared.map((name) => [name, row[name]]))
  const select = chosen([at(7), at(77)])
  const orderBy = { [at(13)]: 'asc' }
  const [key] = shape.uniques[0] as readonly [string]
  const pool = columnOf(shape, at(17))?.pool ?? []
  const others = { [at(17)]: pool[choice % pool.length] }
  switch (choice % 8) {
    case 0:
    case 1:
      return { model, operation: 'count', args: { where } }
    case 2:
      return { model, operation: 'findFirst', args: { where, select } }
    case 3:
      return { model, operation: 'findMany', args: { where, select, orderBy, take: 1 } }
    case 4:
      return {
        model,
        operation: 'findMany',
        args: { where: others, select, orderBy, take: 1, cursor: { [key]: row[key] } },
      }
    case 5:
      return { model, operation: 'findMany', args: { select, orderBy: { [key]: 'asc' }, distinct: [at(13)], take: 2 } }
    default:
      return { model, operation: 'findMany', args: { where, select } }
  }
}

export interface Scenario {
  readonly contents: Contents
  readonly reads: readonly Read[]
  readonly writes: readonly Write[]
  /** How reads are aimed at what the writes change, see `aimedAt`. */
  readonly aims: readonly number[]
}

/** Reads that are cached, and writes that follow one another. */
export const scenarios: fc.Arbitrary<Scenario> = modelNames.chain((focus) =>
  fc.record({
    contents: someContents(),
    reads: fc.array(readsAbout(focus), { minLength: 10, maxLength: 10 }),
    writes: fc.array(writesAbout(focus), { minLength: 1, maxLength: 6, size: 'max' }),
    aims: fc.array(fc.nat(99_999), { minLength: 4, maxLength: 4 }),
  }),
)

interface Contents {
  readonly rows: Readonly<Record<ModelName, readonly Row[]>>
  readonly links: readonly (readonly [post: number, tag: number])[]
}

/** Candidates, of which those are taken that break no rule. */
export function someContents(): fc.Arbitrary<Contents> {
  return once('contents', () => {
    const rowsOf = (shape: ModelShape) =>
      fc.array(record(Object.fromEntries(shape.columns.map((one) => [one.name, valueOrNull(one)]))), {
        minLength: 2,
        maxLength: 5,
        size: 'max',
      })
    const rows = record(Object.fromEntries([...shapes.values()].map((shape) => [shape.name, rowsOf(shape)])))
    const links = fc.array(fc.tuple(fc.nat(4), fc.nat(2)), { maxLength: 4, size: 'max' })
    return fc.record({ rows, links }) as fc.Arbitrary<Contents>
  })
}

export function tablesOf({ rows, links }: Contents): Tables {
  const tables = new Tables()
  for (const { name, columns, uniques } of shapes.values()) {
    const keys = columns.filter((one) => uniques.some((names) => names.join() === one.name) && one.name !== 'userId')
    for (const [i, row] of rows[name].entries()) {
      tables.rows[name].push({ ...row, ...Object.fromEntries(keys.map((key) => [key.name, key.pool[i]])) })
      if (keys.some(({ pool }) => i >= pool.length) || !keepsRules(tables)) tables.rows[name].pop()
    }
  }
  for (const [postAt, tagAt] of links) {
    const [post, tag] = [tables.rows.Post[postAt], tables.rows.Tag[tagAt]]
    const isThere = tables.links.some((link) => link.post === post && link.tag === tag)
    if (post && tag && !isThere) tables.links.push({ post, tag })
  }
  return tables
}

function keepsRules(tables: Tables): boolean {
  try {
    assertKeys(tables)
    return true
  } catch {
    return false
  }
}
