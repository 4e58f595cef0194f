import fc from 'fast-check'
import { Late } from './late.ts'
import { type RawRead, rawReads } from './raw.ts'
import type { Column, ModelShape, Relation } from './schema.ts'
import {
  type Args,
  columnOf,
  entry,
  freshValue,
  type Grammar,
  objectOf,
  record,
  someOf,
  sometimes,
  someValue,
  uniqueKey,
  weighted,
  weightOf,
} from './values.ts'

/** One read, as data. */
export type Read = ModelRead | RawRead

export interface ModelRead {
  readonly kind: 'read'
  readonly model: string
  readonly operation: string
  readonly args: Args
  /** The fluent API: `.posts(args).…` behind the operation. */
  readonly hops: readonly Hop[]
  /** The option of the cached client; a plain one is not given it. */
  readonly cache?: unknown
}

interface Hop {
  readonly relation: string
  readonly args: Args
}

export function reads(grammar: Grammar): fc.Arbitrary<Read> {
  return grammar.once('reads', () =>
    weighted<Read>(
      [
        12,
        weighted(
          ...[...grammar.shapes.values()].map((shape) => [weightOf(shape), modelReads(grammar, shape)] as const),
        ),
      ],
      [1, rawReads(grammar)],
    ),
  )
}

function modelReads(grammar: Grammar, shape: ModelShape): fc.Arbitrary<ModelRead> {
  const read = (operation: string, args: fc.Arbitrary<Args>, hops: fc.Arbitrary<Hop[]> = fc.constant([])) =>
    fc
      .tuple(args, hops, cacheOptions)
      .map(([args, hops, cache]) => ({ kind: 'read', model: shape.name, operation, args, hops, ...cache }) as const)
  const unique = fc
    .tuple(uniqueWhere(grammar, shape), selection(grammar, shape, 2), loading(grammar))
    .map(([where, selected, loaded]) => ({ where, ...selected, ...loaded }))
  const uniqueOnly = uniqueWhere(grammar, shape).map((where) => ({ where }))
  const list = listArgs(grammar, shape, 2)
  // Which row is first must not be the database's choice.
  const first = fc
    .tuple(list, totalOrder(grammar, shape))
    .map(([args, orderBy]): Args => ({ ...args, orderBy: args['take'] === undefined ? orderBy : args['orderBy'] }))
  return weighted(
    [4, read('findUnique', unique)],
    [2, read('findUniqueOrThrow', unique)],
    [2, read('findFirst', first)],
    [1, read('findFirstOrThrow', first)],
    [6, read('findMany', list)],
    [2, read('count', count(grammar, shape))],
    [2, read('aggregate', aggregate(grammar, shape))],
    [2, read('groupBy', groupBy(grammar, shape))],
    ...(shape.relations.length === 0
      ? []
      : ([
          [2, read('findUnique', uniqueOnly, hops(grammar, shape))],
          [
            1,
            read(
              'findFirst',
              first.map(({ where, orderBy }) => ({ ...(where ? { where } : {}), orderBy })),
              hops(grammar, shape),
            ),
          ],
          [1, read('findUniqueOrThrow', uniqueOnly, hops(grammar, shape))],
        ] as const)),
  )
}

const cacheOptions: fc.Arbitrary<{ cache?: unknown }> = weighted(
  [14, fc.constant({})],
  [
    6,
    fc
      .constantFrom<unknown>(
        true,
        { ttl: 30 },
        { swr: 10 },
        { tags: ['t1'] },
        { tags: ['t2', 't1'] },
        { key: 'k1' },
        { key: 'k2', tags: ['t1'] },
      )
      .map((cache) => ({ cache })),
  ],
  [1, fc.constantFrom<unknown>(false, { refresh: true }, { ttl: 0 }).map((cache) => ({ cache }))],
)

function loading(grammar: Grammar): fc.Arbitrary<Args> {
  return grammar.isPostgres
    ? sometimes({ relationLoadStrategy: [2, fc.constantFrom('join', 'query')] })
    : fc.constant({})
}

/** A unique key, now and then with a condition beside it. */
function uniqueWhere(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return grammar.once(`unique ${shape.name}`, () =>
    weighted(
      [4, uniqueKey(shape)],
      // Rows that are yet to be: their absence is an answer too.
      [2, uniqueKey(shape, freshValue)],
      [1, fc.tuple(where(grammar, shape, 1), uniqueKey(shape)).map(([more, key]) => ({ ...more, ...key }))],
      [1, fc.tuple(uniqueKey(shape), uniqueKey(shape)).map(([one, other]) => ({ ...one, ...other }))],
    ),
  )
}

/** A filter that fixes a row without being a unique one, in one of its spellings. */
function pinned(shape: ModelShape): fc.Arbitrary<Args> {
  const key = shape.uniques.map((names) =>
    record(
      Object.fromEntries(
        names.map((name) => {
          const value = someValue(columnOf(shape, name))
          return [name, weighted<unknown>([2, value], [1, value.map((equals) => ({ equals }))])]
        }),
      ),
    ),
  )
  return weighted(
    [3, fc.oneof(...key)],
    [1, fc.oneof(...key).map((one) => ({ AND: one }))],
    [1, fc.tuple(fc.oneof(...key), fc.oneof(...key)).map((both) => ({ AND: both }))],
    [1, fc.tuple(fc.oneof(...key), fc.oneof(...key)).map(([one, other]) => ({ ...one, OR: [other] }))],
    [1, fc.tuple(fc.oneof(...key), fc.oneof(...key)).map((both) => ({ OR: both }))],
    [1, fc.oneof(...key).map((one) => ({ NOT: one }))],
  )
}

export function where(grammar: Grammar, shape: ModelShape, depth: number): fc.Arbitrary<Args> {
  return grammar.once(`where ${shape.name} ${depth}`, () => {
    const onColumn = weighted(
      ...shape.columns.map((column) => {
        // One column of one model: it would hardly ever be asked for.
        const weight = column.kind === 'Json' ? 4 : 1
        return [weight, entry(column.name, filter(grammar, shape, column))] as const
      }),
    )
    if (depth === 0) return weighted([1, pinned(shape)], [3, objectOf(onColumn, 2)])
    const inner = where(grammar, shape, depth - 1)
    const onRelation = shape.relations.map((relation) => entry(relation.name, relationFilter(grammar, relation, depth)))
    const connective = fc.oneof(
      entry('AND', weighted<unknown>([1, inner], [2, fc.array(inner, { maxLength: 2 })])),
      entry('OR', fc.array(inner, { maxLength: 2 })),
      entry('NOT', weighted<unknown>([2, inner], [1, fc.array(inner, { maxLength: 2 })])),
    )
    return weighted(
      [3, pinned(shape)],
      [
        5,
        objectOf(
          weighted(
            [4, onColumn],
            [2, connective],
            ...(onRelation.length ? [[3, fc.oneof(...onRelation)] as const] : []),
          ),
          2,
          1,
        ),
      ],
      [1, fc.constant({})],
    )
  })
}

/** Conditions on the model's own columns alone, as nested `updateMany` and `deleteMany` take them. */
export function scalarWhere(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return where(grammar, shape, 0)
}

const ORDERED = new Set(['Int', 'Float', 'Decimal', 'BigInt', 'DateTime', 'String'])

function filter(grammar: Grammar, shape: ModelShape, column: Column): fc.Arbitrary<unknown> {
  const value = someValue(column)
  if (column.list) {
    return fc.oneof(
      objectOf(fc.oneof(entry('has', value), entry('isEmpty', fc.boolean())), 1, 1),
      fc.array(value, { maxLength: 2 }).map((equals) => ({ equals })),
    )
  }
  if (column.kind === 'Json') return jsonFilter(grammar)
  const orNull = column.nullable ? weighted<unknown>([3, value], [1, fc.constant(null)]) : value
  const several = fc.array(value, { maxLength: 3 })
  // PostgreSQL refuses LIKE where different texts are equal.
  const hasLike = column.kind === 'String' && !(grammar.isPostgres && column.folded)
  const operators = [
    entry('equals', orNull),
    entry('not', orNull),
    entry(
      'not',
      value.map((equals) => ({ equals })),
    ),
    ...(column.kind === 'Boolean' ? [] : [entry('in', several), entry('notIn', several)]),
    ...(ORDERED.has(column.kind) ? ['lt', 'lte', 'gt', 'gte'].map((name) => entry(name, value)) : []),
    ...(hasLike ? ['contains', 'startsWith', 'endsWith'].map((name) => entry(name, value)) : []),
    ...(column.kind === 'Int' && !shape.readOnly
      ? [entry('gte', fc.constant(new Late('field', `${shape.delegate}.fields.${column.name}`)))]
      : []),
  ]
  return weighted<unknown>(
    [4, orNull],
    [4, objectOf(fc.oneof(...operators), 1, 1)],
    [1, objectOf(fc.oneof(...operators), 2, 1)],
    [hasLike && grammar.isPostgres ? 2 : 0, value.map((equals) => ({ equals, mode: 'insensitive' }))],
  )
}

function jsonFilter(grammar: Grammar): fc.Arbitrary<unknown> {
  const nulls = fc.constantFrom('DbNull', 'JsonNull', 'AnyNull').map((name) => new Late('null', name))
  const json = fc.constantFrom<unknown>({ a: 1 }, [1, 'x', null], 'text', 5, true)
  return fc.oneof(
    nulls.map((equals) => ({ equals })),
    json.map((equals) => ({ equals })),
    fc.oneof(nulls, json).map((not) => ({ not })),
    fc.constantFrom(1, 2).map((equals) => ({ path: grammar.isPostgres ? ['a'] : '$.a', equals })),
  )
}

function relationFilter(grammar: Grammar, relation: Relation, depth: number): fc.Arbitrary<unknown> {
  const inner = where(grammar, grammar.shape(relation.to), depth - 1)
  if (relation.list) return objectOf(fc.oneof(...['some', 'every', 'none'].map((name) => entry(name, inner))), 2, 1)
  return weighted<unknown>(
    [2, inner],
    [1, inner.map((is) => ({ is }))],
    [1, inner.map((isNot) => ({ isNot }))],
    [relation.required ? 0 : 1, fc.constantFrom(null, { is: null }, { isNot: null })],
  )
}

/** `select`, `include`, `omit`, or none of them. */
export function selection(grammar: Grammar, shape: ModelShape, depth: number): fc.Arbitrary<Args> {
  return grammar.once(`selection ${shape.name} ${depth}`, () => {
    const columns = shape.columns.map((column) => column.name)
    const shown = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]))
    const nothing = fc.constant({})
    const omitted = someOf(columns, 1, Math.min(2, columns.length - 1)).map((names) => ({ omit: shown(names) }))
    const selected = someOf(columns, 1, 3).map(shown)
    if (depth === 0 || shape.relations.length === 0) {
      return weighted<Args>([4, nothing], [1, omitted], [2, selected.map((select) => ({ select }))])
    }
    const related = objectOf(
      weighted(
        [5, fc.oneof(...shape.relations.map((relation) => entry(relation.name, nested(grammar, relation, depth - 1))))],
        ...(shape.relations.some((relation) => relation.list)
          ? [[2, entry('_count', counted(grammar, shape))] as const]
          : []),
        [1, entry(shape.relations[0]?.name ?? '', fc.constant(false))],
      ),
      2,
      1,
    )
    const included = related.map((include) => ({ include }))
    return weighted<Args>(
      [6, nothing],
      [1, omitted],
      [2, selected.map((select) => ({ select }))],
      [3, included],
      [2, fc.tuple(selected, related).map(([own, others]) => ({ select: { ...own, ...others } }))],
      [1, fc.tuple(included, omitted).map(([include, omit]) => ({ ...include, ...omit }))],
    )
  })
}

function nested(grammar: Grammar, relation: Relation, depth: number): fc.Arbitrary<unknown> {
  const target = grammar.shape(relation.to)
  if (relation.list) return weighted<unknown>([2, fc.constant(true)], [2, listArgs(grammar, target, depth)])
  return weighted<unknown>([2, fc.constant(true)], [1, selection(grammar, target, depth)])
}

function counted(grammar: Grammar, shape: ModelShape): fc.Arbitrary<unknown> {
  const lists = shape.relations.filter((relation) => relation.list)
  const one = lists.map((relation) =>
    entry(
      relation.name,
      weighted<unknown>(
        [2, fc.constant(true)],
        [1, where(grammar, grammar.shape(relation.to), 1).map((filter) => ({ where: filter }))],
      ),
    ),
  )
  return weighted<unknown>([1, fc.constant(true)], [2, objectOf(fc.oneof(...one), 2, 1).map((select) => ({ select }))])
}

/** The arguments of `findMany`, top level or nested, and of `findFirst`. */
function listArgs(grammar: Grammar, shape: ModelShape, depth: number): fc.Arbitrary<Args> {
  return grammar.once(`list ${shape.name} ${depth}`, () => {
    const filtered = sometimes({ where: [7, where(grammar, shape, depth)] })
    const whole = sometimes({ orderBy: [4, orderBy(grammar, shape)] })
    const page = fc.tuple(
      totalOrder(grammar, shape).map((order) => ({ orderBy: order })),
      sometimes({
        take: [7, fc.constantFrom(1, 2, -1, -2, 0)],
        skip: [3, fc.constantFrom(0, 1, 2)],
        cursor: [2, uniqueKey(shape)],
        distinct: [2, someOf(comparable(shape), 1, 2)],
      }),
    )
    return fc
      .tuple(
        filtered,
        weighted<Args>([3, whole], [1, page.map(([order, rest]) => ({ ...order, ...rest }))]),
        selection(grammar, shape, depth),
        depth === 2 ? loading(grammar) : fc.constant({}),
      )
      .map((parts) => Object.assign({}, ...parts) as Args)
  })
}

const direction = fc.constantFrom('asc', 'desc')

function orderBy(grammar: Grammar, shape: ModelShape): fc.Arbitrary<unknown> {
  return grammar.once(`order ${shape.name}`, () => {
    const one = orders(grammar, shape)
    return weighted<unknown>([2, one], [1, fc.array(one, { minLength: 1, maxLength: 2 })])
  })
}

/** Ends in a unique key: which rows a page holds must not be the database's choice. */
function totalOrder(grammar: Grammar, shape: ModelShape): fc.Arbitrary<unknown> {
  const key = shape.uniques[0] ?? []
  return fc
    .tuple(fc.array(orders(grammar, shape), { maxLength: 1 }), direction)
    .map(([first, last]) => [...first, ...key.map((name) => ({ [name]: last }))])
}

function orders(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return grammar.once(`orders ${shape.name}`, () => {
    const columns = shape.columns
      .filter((column) => !column.list && column.kind !== 'Json')
      .map((column) =>
        entry(
          column.name,
          column.nullable
            ? weighted<unknown>(
                [1, direction],
                [1, record({ sort: direction, nulls: fc.constantFrom('first', 'last') })],
              )
            : direction,
        ),
      )
    const relations = shape.relations.map((relation) => {
      if (relation.list)
        return entry(
          relation.name,
          direction.map((_count) => ({ _count })),
        )
      const target = grammar.shape(relation.to)
      const column = fc.constantFrom(...comparable(target))
      return entry(
        relation.name,
        fc.tuple(column, direction).map(([name, way]) => ({ [name]: way })),
      )
    })
    return objectOf(
      weighted([3, fc.oneof(...columns)], ...(relations.length ? [[2, fc.oneof(...relations)] as const] : [])),
      1,
      1,
    )
  })
}

function comparable(shape: ModelShape): string[] {
  return shape.columns.filter(({ list, kind }) => !list && kind !== 'Json' && kind !== 'Bytes').map(({ name }) => name)
}

/** Of several equal values one is shown; PostgreSQL takes the one it comes upon first, and any update changes that. */
function grouping({ isPostgres }: Grammar, shape: ModelShape): string[] {
  return comparable(shape).filter((name) => !(isPostgres && columnOf(shape, name).folded))
}

function numeric(shape: ModelShape): string[] {
  const kinds = new Set(['Int', 'Float', 'Decimal', 'BigInt'])
  return shape.columns.filter(({ list, kind }) => !list && kinds.has(kind)).map(({ name }) => name)
}

function page(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return weighted<Args>(
    [4, fc.constant({})],
    [
      1,
      fc
        .tuple(
          totalOrder(grammar, shape),
          sometimes({
            take: [6, fc.constantFrom(1, 2, -2)],
            skip: [3, fc.constantFrom(1, 2)],
            cursor: [3, uniqueKey(shape)],
          }),
        )
        .map(([order, rest]) => ({ orderBy: order, ...rest })),
    ],
  )
}

function chosen(names: readonly string[], most = 3): fc.Arbitrary<Args> {
  return someOf(names, 1, most).map((some) => Object.fromEntries(some.map((name) => [name, true])))
}

function count(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  const names = ['_all', ...shape.columns.map(({ name }) => name)]
  return fc
    .tuple(sometimes({ where: [6, where(grammar, shape, 2)], select: [3, chosen(names)] }), page(grammar, shape))
    .map(([own, paged]) => ({ ...own, ...paged }))
}

function figures(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  const names = ['_all', ...shape.columns.map(({ name }) => name)]
  const sums = numeric(shape)
  const ends = grouping(grammar, shape).filter((name) => ORDERED.has(columnOf(shape, name).kind))
  return objectOf(
    fc.oneof(
      entry('_count', weighted<unknown>([1, fc.constant(true)], [2, chosen(names)])),
      ...(sums.length ? [entry('_sum', chosen(sums)), entry('_avg', chosen(sums))] : []),
      entry('_min', chosen(ends)),
      entry('_max', chosen(ends)),
    ),
    2,
    1,
  )
}

function aggregate(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return fc
    .tuple(sometimes({ where: [6, where(grammar, shape, 2)] }), page(grammar, shape), figures(grammar, shape))
    .map((parts) => Object.assign({}, ...parts) as Args)
}

function groupBy(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  const sums = numeric(shape)
  return someOf(grouping(grammar, shape), 1, 2).chain((by) => {
    const order = fc.tuple(...by.map((name) => direction.map((way) => ({ [name]: way }))))
    const having = fc.oneof(
      ...by.map((name) =>
        entry(
          name,
          someValue(columnOf(shape, name)).map((not) => ({ not })),
        ),
      ),
      ...(sums.length
        ? [
            fc
              .tuple(
                fc.constantFrom(...sums),
                fc.constantFrom('_sum', '_avg', '_min', '_max', '_count'),
                fc.constantFrom('gt', 'lt'),
              )
              .map(([name, figure, than]) => [name, { [figure]: { [than]: 1 } }] as const),
          ]
        : []),
    )
    return fc
      .tuple(
        sometimes({
          where: [5, where(grammar, shape, 1)],
          having: [3, objectOf(having, 1, 1)],
          take: [1, fc.constantFrom(1, 2)],
          skip: [1, fc.constantFrom(1)],
        }),
        weighted<Args>([1, fc.constant({})], [2, figures(grammar, shape)]),
        order,
      )
      .map(([own, shown, orderBy]) => ({ by, ...own, ...shown, orderBy }))
  })
}

/** One or two relations to follow; a list ends the way. */
function hops(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Hop[]> {
  return grammar.once(`hops ${shape.name}`, () =>
    fc.oneof(
      ...shape.relations.map((relation) => {
        const target = grammar.shape(relation.to)
        const hop = (args: fc.Arbitrary<Args>) => args.map((args): Hop => ({ relation: relation.name, args }))
        if (relation.list) return hop(listArgs(grammar, target, 1)).map((one) => [one])
        const last = hop(selection(grammar, target, 1)).map((one) => [one])
        const onward = target.relations.map((next) =>
          hop(fc.constant({})).chain((first) =>
            (next.list
              ? listArgs(grammar, grammar.shape(next.to), 0)
              : selection(grammar, grammar.shape(next.to), 0)
            ).map((args) => [first, { relation: next.name, args }]),
          ),
        )
        return fc.oneof(last, ...onward)
      }),
    ),
  )
}
