import fc from 'fast-check'
import { type RawWrite, rawWrites } from './raw.ts'
import { scalarWhere, selection, where } from './reads.ts'
import type { Column, ModelShape, Relation } from './schema.ts'
import {
  type Args,
  entry,
  freshValue,
  type Grammar,
  nullValue,
  objectOf,
  record,
  someOf,
  sometimes,
  someValue,
  uniqueKey,
  weighted,
  weightOf,
} from './values.ts'

/** One write, as data. */
export type Write = ModelWrite | RawWrite

export interface ModelWrite {
  readonly kind: 'write'
  readonly model: string
  readonly operation: string
  readonly args: Args
  /** The fluent API behind a write: its result shows nothing of the row but that relation. */
  readonly hop?: string
  readonly cache?: unknown
}

/** How deep `data` may nest. */
const DEPTH = 3

export function writes(grammar: Grammar): fc.Arbitrary<Write> {
  return grammar.once('writes', () => {
    const models = [...grammar.shapes.values()].filter((shape) => !shape.readOnly)
    const onModel = weighted(...models.map((shape) => [weightOf(shape), modelWrites(grammar, shape)] as const))
    return weighted<Write>([12, onModel], [1, rawWrites()])
  })
}

/** Writes that touch one model by name, for writers that the cache does not see. */
export function flatWrites(grammar: Grammar): fc.Arbitrary<ModelWrite> {
  const models = [...grammar.shapes.values()].filter((shape) => !shape.readOnly)
  return fc.oneof(
    ...models.map((shape) =>
      weighted<ModelWrite>(
        [2, write(shape, 'updateMany', updateMany(grammar, shape))],
        [1, write(shape, 'deleteMany', deleteMany(grammar, shape))],
        [1, write(shape, 'createMany', createMany(grammar, shape))],
      ),
    ),
  )
}

function write(shape: ModelShape, operation: string, args: fc.Arbitrary<Args>): fc.Arbitrary<ModelWrite> {
  return fc
    .tuple(args, sometimes({ cache: [1, fc.constantFrom({ invalidate: ['t1'] }, { invalidate: ['t1', 't2'] })] }))
    .map(([args, cache]) => ({ kind: 'write', model: shape.name, operation, args, ...cache }))
}

function modelWrites(grammar: Grammar, shape: ModelShape): fc.Arbitrary<ModelWrite> {
  const key = uniqueTarget(grammar, shape)
  const shown = weighted<Args>([3, fc.constant({})], [2, selection(grammar, shape, 1)])
  const returning = <T extends Record<string, fc.Arbitrary<unknown>>>(parts: T) =>
    fc.tuple(record(parts), shown).map(([own, selected]) => ({ ...own, ...selected }) as Args)
  const flat = flatSelection(shape)
  const created = create(grammar, shape, DEPTH)
  const updated = update(grammar, shape, DEPTH)
  const upsert = returning({ where: key, create: created, update: updated })
  const followed = shape.relations.map((relation) =>
    weighted<ModelWrite>(
      [1, write(shape, 'create', record({ data: created }))],
      [3, write(shape, 'update', record({ where: key, data: updated }))],
      [1, write(shape, 'upsert', record({ where: key, create: created, update: updated }))],
      [1, write(shape, 'delete', record({ where: key }))],
    ).map((one) => ({ ...one, hop: relation.name })),
  )
  return weighted<ModelWrite>(
    [5, write(shape, 'create', returning({ data: created }))],
    [7, write(shape, 'update', returning({ where: key, data: updated }))],
    [3, write(shape, 'upsert', upsert)],
    [2, write(shape, 'delete', returning({ where: key }))],
    [2, write(shape, 'createMany', createMany(grammar, shape))],
    [grammar.hasReturning ? 1 : 0, write(shape, 'createManyAndReturn', merged(createMany(grammar, shape), flat))],
    [3, write(shape, 'updateMany', updateMany(grammar, shape))],
    [grammar.hasReturning ? 2 : 0, write(shape, 'updateManyAndReturn', merged(updateMany(grammar, shape), flat))],
    [1, write(shape, 'deleteMany', deleteMany(grammar, shape))],
    [followed.length ? 2 : 0, fc.oneof(...followed, write(shape, 'create', returning({ data: created })))],
  )
}

function merged(one: fc.Arbitrary<Args>, other: fc.Arbitrary<Args>): fc.Arbitrary<Args> {
  return fc.tuple(one, other).map(([first, second]) => ({ ...first, ...second }))
}

/** What `…AndReturn` shows: columns, and relations to one row. */
function flatSelection(shape: ModelShape): fc.Arbitrary<Args> {
  const shown = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, true]))
  const columns = shape.columns.map((column) => column.name)
  const single = shape.relations.filter((relation) => relation.key).map((relation) => relation.name)
  return weighted<Args>(
    [3, fc.constant({})],
    [2, someOf(columns, 1, 3).map((names) => ({ select: shown(names) }))],
    [1, someOf(columns, 1, Math.min(2, columns.length - 1)).map((names) => ({ omit: shown(names) }))],
    [single.length ? 1 : 0, someOf(single, 1, 1).map((names) => ({ include: shown(names) }))],
  )
}

/** The row a write is about; now and then only under a condition. */
function uniqueTarget(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return weighted<Args>([8, uniqueKey(shape)], [1, merged(where(grammar, shape, 1), uniqueKey(shape))])
}

function createMany(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  const row = scalars(shape, 'create', 'unchecked')
  return fc
    .tuple(
      weighted<unknown>([1, row], [2, fc.array(row, { minLength: 1, maxLength: 3 })]),
      grammar.isPostgres ? sometimes({ skipDuplicates: [5, fc.constant(true)] }) : fc.constant({}),
    )
    .map(([data, options]) => ({ data, ...options }))
}

function updateMany(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return fc
    .tuple(
      sometimes({ where: [9, where(grammar, shape, 1)], limit: [1, fc.constantFrom(1, 2)] }),
      scalars(shape, 'update', 'unchecked'),
    )
    .map(([options, data]) => ({ ...options, data }))
}

function deleteMany(grammar: Grammar, shape: ModelShape): fc.Arbitrary<Args> {
  return fc
    .tuple(where(grammar, shape, 1), sometimes({ limit: [3, fc.constantFrom(1, 2)] }))
    .map(([filter, options]) => ({ where: filter, ...options }))
}

type Inputs = 'checked' | 'unchecked'

/** Columns with values; `without` is the foreign key that the surrounding relation fills in. */
function scalars(shape: ModelShape, verb: 'create' | 'update', inputs: Inputs, without?: string): fc.Arbitrary<Args> {
  const columns = shape.columns.filter(
    (column) => column.name !== without && !column.computed && (inputs === 'unchecked' || !column.unchecked),
  )
  if (verb === 'update') {
    const changes = columns.map((column) => entry(column.name, change(column)))
    return changes.length ? objectOf(fc.oneof(...changes), 2) : fc.constant({})
  }
  return sometimes(
    Object.fromEntries(
      columns.map((column) => {
        const isForeignKey = column.unchecked && column.name !== 'id'
        const optional = column.optional || column.nullable
        const times = !optional ? 10 : isForeignKey ? 7 : column.name === 'id' ? 3 : 2
        return [
          column.name,
          [times, isForeignKey ? orNull(column, someValue) : listOr(column, orNull(column, freshValue))],
        ]
      }),
    ),
  )
}

function orNull(column: Column, some: (column: Column) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return column.nullable ? weighted<unknown>([3, some(column)], [1, fc.constant(nullValue(column))]) : some(column)
}

function listOr(column: Column, one: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return column.list ? fc.array(one, { maxLength: 3 }) : one
}

function change(column: Column): fc.Arbitrary<unknown> {
  const isForeignKey = column.unchecked && column.name !== 'id'
  const value = listOr(column, orNull(column, isForeignKey ? someValue : freshValue))
  if (column.list) {
    return fc.oneof(
      value,
      value.map((set) => ({ set })),
      value.map((push) => ({ push })),
    )
  }
  const plain = column.kind === 'Json' ? value : weighted<unknown>([3, value], [1, value.map((set) => ({ set }))])
  if (!['Int', 'Float', 'Decimal'].includes(column.kind)) return plain
  const step = fc.constantFrom('increment', 'decrement', 'multiply').map((operation) => ({ [operation]: 1 }))
  return weighted<unknown>([2, plain], [1, step])
}

/** The `data` of a create. `from`: the relation of the parent that it is nested in. */
function create(grammar: Grammar, shape: ModelShape, depth: number, from?: Relation): fc.Arbitrary<Args> {
  return grammar.once(`create ${shape.name} ${depth} ${from?.to}.${from?.opposite}`, () => {
    const back = shape.relations.find((relation) => from && relation.name === from.opposite)
    const others = shape.relations.filter((relation) => relation !== back)
    const unchecked = withNested(
      scalars(shape, 'create', 'unchecked', back?.key),
      others.filter((relation) => !relation.key),
      depth,
      (relation) => nestedInCreate(grammar, relation, depth - 1),
    )
    const required = others.filter((relation) => relation.key && relation.required)
    const links = record(
      Object.fromEntries(required.map((relation) => [relation.name, nestedInCreate(grammar, relation, depth - 1)])),
    )
    const checked = fc
      .tuple(
        withNested(
          scalars(shape, 'create', 'checked'),
          others.filter((relation) => !required.includes(relation)),
          depth,
          (relation) => nestedInCreate(grammar, relation, depth - 1),
        ),
        links,
      )
      .map(([own, linked]) => ({ ...own, ...linked }))
    return weighted([3, unchecked], [2, checked])
  })
}

function update(grammar: Grammar, shape: ModelShape, depth: number, from?: Relation): fc.Arbitrary<Args> {
  return grammar.once(`update ${shape.name} ${depth} ${from?.to}.${from?.opposite}`, () => {
    const back = shape.relations.find((relation) => from && relation.name === from.opposite)
    const others = shape.relations.filter((relation) => relation !== back)
    const nested = (relation: Relation) => nestedInUpdate(grammar, relation, depth - 1)
    const unchecked = withNested(
      scalars(shape, 'update', 'unchecked', back?.key),
      others.filter((relation) => !relation.key),
      depth,
      nested,
    )
    const checked = withNested(scalars(shape, 'update', 'checked'), others, depth, nested)
    return weighted([2, unchecked], [3, checked])
  })
}

/** Columns alone, or with one or two relations, the more likely the nearer to the root. */
function withNested(
  own: fc.Arbitrary<Args>,
  relations: readonly Relation[],
  depth: number,
  nested: (relation: Relation) => fc.Arbitrary<unknown>,
): fc.Arbitrary<Args> {
  if (depth === 0 || relations.length === 0) return own
  const related = objectOf(fc.oneof(...relations.map((relation) => entry(relation.name, nested(relation)))), 2, 1)
  return weighted(
    [4 - depth, own],
    [depth + 1, fc.tuple(own, related).map(([columns, others]) => ({ ...columns, ...others }))],
  )
}

function oneOrSome(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return weighted<unknown>([3, arbitrary], [1, fc.array(arbitrary, { minLength: 1, maxLength: 2 })])
}

type Choice = readonly [weight: number, operation: string, value: fc.Arbitrary<unknown>]

function nestedInCreate(grammar: Grammar, relation: Relation, depth: number): fc.Arbitrary<unknown> {
  return grammar.once(`nested create ${relation.to}.${relation.opposite} ${depth}`, () => {
    const choices = linking(grammar, relation, depth)
    return relation.list ? several(choices) : one(choices)
  })
}

/** What makes links: offered in `create` and in `update`. */
function linking(grammar: Grammar, relation: Relation, depth: number): Choice[] {
  const target = grammar.shape(relation.to)
  const many = relation.list ? oneOrSome : (value: fc.Arbitrary<unknown>) => value
  const connect: Choice = [3, 'connect', many(uniqueKey(target))]
  if (depth < 0) return [connect]
  const made = create(grammar, target, depth, relation)
  return [
    connect,
    [2, 'create', many(made)],
    [2, 'connectOrCreate', many(record({ where: uniqueKey(target), create: made }))],
    ...(relation.list && !relation.manyToMany ? [[1, 'createMany', createManyNested(grammar, relation)] as const] : []),
  ]
}

function createManyNested(grammar: Grammar, relation: Relation): fc.Arbitrary<Args> {
  const target = grammar.shape(relation.to)
  const key = target.relations.find((other) => other.name === relation.opposite)?.key
  const row = scalars(target, 'create', 'unchecked', key)
  return fc
    .tuple(
      fc.array(row, { minLength: 1, maxLength: 2 }),
      grammar.isPostgres ? sometimes({ skipDuplicates: [5, fc.constant(true)] }) : fc.constant({}),
    )
    .map(([data, options]) => ({ data, ...options }))
}

function nestedInUpdate(grammar: Grammar, relation: Relation, depth: number): fc.Arbitrary<unknown> {
  return grammar.once(`nested update ${relation.to}.${relation.opposite} ${depth}`, () => {
    const target = grammar.shape(relation.to)
    const links = linking(grammar, relation, depth)
    if (depth < 0) return relation.list ? several(links) : one(links)
    const made = create(grammar, target, depth, relation)
    const changed = update(grammar, target, depth, relation)
    const filter = scalarWhere(grammar, target)
    const key = uniqueKey(target)
    if (relation.list) {
      const back = target.relations.find((other) => other.name === relation.opposite)
      const columns = scalars(target, 'update', 'unchecked', back?.key)
      return several([
        ...links,
        // Cutting a link that a row must have is refused, most of the time by the client itself.
        [back?.required ? 1 : 6, 'set', weighted<unknown>([1, fc.constant([])], [2, oneOrSome(key)])],
        [back?.required ? 1 : 6, 'disconnect', oneOrSome(key)],
        [3, 'update', oneOrSome(record({ where: key, data: changed }))],
        [2, 'upsert', oneOrSome(record({ where: key, create: made, update: changed }))],
        [2, 'updateMany', oneOrSome(record({ where: filter, data: columns }))],
        [2, 'delete', oneOrSome(key)],
        [2, 'deleteMany', oneOrSome(filter)],
      ])
    }
    const away: Choice[] = relation.required
      ? []
      : [
          [4, 'disconnect', weighted<unknown>([3, fc.constant(true)], [1, filter])],
          [2, 'delete', weighted<unknown>([3, fc.constant(true)], [1, filter])],
        ]
    return one([
      ...links,
      ...away,
      [3, 'update', weighted<unknown>([2, changed], [1, record({ where: filter, data: changed })])],
      [2, 'upsert', record({ create: made, update: changed })],
      [1, 'upsert', record({ create: made, update: changed, where: filter })],
    ])
  })
}

function one(choices: readonly Choice[]): fc.Arbitrary<unknown> {
  return weighted(
    ...choices.map(([weight, operation, value]) => [weight, value.map((it) => ({ [operation]: it }))] as const),
  )
}

function several(choices: readonly Choice[]): fc.Arbitrary<unknown> {
  const single = one(choices) as fc.Arbitrary<object>
  return weighted<unknown>(
    [4, single],
    [1, fc.tuple(single, single).map(([first, second]) => ({ ...first, ...second }))],
  )
}
