import { type ShapeKey, valuesTag } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { Conjunction } from './conditions.ts'
import type { Field, Model, UniqueKey } from './model-graph.ts'
import { pinningKey } from './row-key.ts'

/**
 * What queries have in common that differ in values only. `fields` are compared by equality, sorted by name; a row can
 * matter to such a query only with its values in them. `columns` decide the result besides; `undefined`: any column.
 */
export interface Shape extends ShapeKey {
  readonly fields: readonly ShapeField[]
  readonly columns: ReadonlySet<string> | undefined
  /**
   * Its readers depend on each row they were shown besides, and are concerned only by rows that come to have its values,
   * or stay with them: a row that goes is either one they know, or one they never saw.
   */
  readonly isOfArrivals: boolean
  /**
   * Of a shape of single rows, whose `fields` are a key: foreign keys of those rows. Its readers also depend on the value
   * of each alone, so that a writer who knows not which rows it changed but where they belong need not move all.
   */
  readonly regions: readonly string[]
}

export interface ShapeField {
  readonly name: string
  /**
   * Its readers also depend on the values of the other fields alone, so that a writer who knows those and not this one
   * (an update shows the new value, not the old) need not move the whole shape.
   */
  readonly isOptional: boolean
}

/** The shape of queries with such conditions and columns. */
export function shapeOf(
  model: Model,
  conjunction: Conjunction,
  columns: ReadonlySet<string>,
  isOfArrivals = false,
): Shape {
  const names = [...conjunction.keys()].sort()
  return remembered(columns, `${columns.size}${isOfArrivals ? '+' : '/'}${names.join()}`, () =>
    shapeOfNames(model, names, columns, isOfArrivals),
  )
}

/** A place that is read asks for the same few shapes with every result. */
function remembered(columns: ReadonlySet<string>, name: string, make: () => Shape): Shape {
  let shapes = shapesOf.get(columns)
  if (!shapes) shapesOf.set(columns, (shapes = new Map()))
  let shape = shapes.get(name)
  if (!shape) shapes.set(name, (shape = make()))
  return shape
}

/** By the set of columns, which is that of one place and so of one model; it may still grow while a read is planned. */
const shapesOf = new WeakMap<ReadonlySet<string>, Map<string, Shape>>()

function shapeOfNames(
  model: Model,
  names: readonly string[],
  columns: ReadonlySet<string>,
  isOfArrivals: boolean,
): Shape {
  const fields = names.map((name) => ({
    name,
    isOptional: names.length > 1 && changesOftenAndUnseen(model, model.fields.get(name)),
  }))
  const others = spelt(model, columns, names)
  const compared = fields.map(({ name, isOptional }) => name + (isOptional ? '~' : '')).join()
  const text = `${compared}/${isOfArrivals ? '+' : ''}${others?.join() ?? '*'}`
  return { model: model.name, text, fields, columns: others && new Set(others), isOfArrivals, regions: [] }
}

/** The shape of reads that depend on single rows, known by a key and by where they belong. */
export function shapeOfRows(
  model: Model,
  key: UniqueKey,
  regions: readonly string[],
  columns: ReadonlySet<string>,
): Shape {
  const names = key.fields.map(({ name }) => name)
  const others = spelt(model, columns, [...names, ...regions])
  return {
    model: model.name,
    text: `${names.join()}${regions.length > 0 ? '|' : ''}${regions.join()}/${others?.join() ?? '*'}`,
    fields: names.map((name) => ({ name, isOptional: false })),
    columns: others && new Set(others),
    isOfArrivals: false,
    regions,
  }
}

/**
 * Whether it compares all columns of a unique key. A row that comes to exist with values that cannot be told then moves
 * `unknownCreatedTag` and spares the shape: readers who found the row of their key need not know. All others of such a
 * shape must depend on that tag, also those who compare the key with NULL.
 */
export function comparesKey(model: Model, fields: readonly Pick<ShapeField, 'name'>[]): boolean {
  return pinningKey(model, new Map(fields.map(({ name }) => [name, 'any']))) !== undefined
}

/** A row that is read under a shape of rows. */
export function keyTag(shape: Shape, texts: readonly string[]): Tag {
  return valuesTag(shape, [...texts, ...shape.regions.map(() => '*')])
}

/** Rows of one region, of which a writer knows no more. */
export function regionTag(shape: Shape, region: number, text: string): Tag {
  return valuesTag(shape, [...shape.fields.map(() => '*'), ...shape.regions.map((_, i) => (i === region ? text : '*'))])
}

/** `undefined` for what is not the text of a shape: it comes from the store. */
export function parseShape(model: string, text: string): Shape | undefined {
  const parts = /^((?:\w+~?(?:,\w+~?)*)?)(?:\|(\w+(?:,\w+)*))?\/(\+?)(\*|(?:[\w.]+(?:,\w+)*)?)$/.exec(text)
  if (!parts) return undefined
  const [, fields = '', regions = '', arrivals, columns = ''] = parts
  return {
    model,
    text,
    fields: listed(fields).map((name) => ({ name: name.replace('~', ''), isOptional: name.endsWith('~') })),
    columns: columns === '*' ? undefined : new Set(listed(columns)),
    isOfArrivals: arrivals === '+',
    regions: listed(regions),
  }
}

/** Every tag of these values that a read depends on, besides `everyShapeTag` and `anyValuesTag`. */
export function valueTags(shape: Shape, conjunction: Conjunction): Tag[] {
  const texts = shape.fields.map(({ name }) => conjunction.get(name) as string)
  const without = shape.fields.flatMap(({ isOptional }, i) =>
    isOptional ? [valuesTag(shape, texts.with(i, '*'))] : [],
  )
  return [valuesTag(shape, texts), ...without]
}

/** All columns of a model, but none of the relations that join tables hold. */
const ALL_COLUMNS = '.'

/** `undefined`: any column, also one that is not known. */
function spelt(model: Model, columns: ReadonlySet<string>, but: readonly string[]): string[] | undefined {
  if (columns.has('*')) return undefined
  if (!showsAll(model, columns)) return [...columns].filter((name) => !but.includes(name)).sort()
  return [ALL_COLUMNS, ...[...columns].filter((name) => model.fields.get(name)?.kind === 'relation').sort()]
}

/** Whether a change of these columns can matter. */
export function concerns(model: Model, shape: Shape, changed: ReadonlySet<string>): boolean {
  if (!shape.columns) return true
  for (const column of changed) {
    if (shape.columns.has(ALL_COLUMNS) && model.fields.get(column)?.kind !== 'relation') return true
    if (shape.columns.has(column) || shape.fields.some(({ name }) => name === column)) return true
    if (shape.regions.includes(column)) return true
  }
  return false
}

export function showsAll(model: Model, columns: ReadonlySet<string>): boolean {
  if (columns.has('*')) return true
  for (const field of model.fields.values()) if (field.kind !== 'relation' && !columns.has(field.name)) return false
  return true
}

/** Keys seldom change, and of the few values of a boolean or an enum all can be moved. */
function changesOftenAndUnseen(model: Model, field: Field | undefined): boolean {
  if (!field || field.kind === 'enum' || field.type === 'Boolean') return false
  if (model.uniques?.some((key) => key.fields.includes(field))) return false
  return ![...model.fields.values()].some((relation) => relation.foreignKey?.from.includes(field.name))
}

function listed(names: string): string[] {
  return names === '' ? [] : names.split(',')
}
