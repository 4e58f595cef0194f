import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag, unknownCreatedTag } from '../tags/tag.ts'
import { isPlainObject } from './canonical-text.ts'
import { columnText, isNameable, knownText } from './column-text.ts'
import { both, type Conjunction } from './conditions.ts'
import type { Field, Model, ModelGraph, UniqueKey } from './model-graph.ts'
import type { Link, Place, ShownRows } from './read-places.ts'
import { pinningKey } from './row-key.ts'
import { comparesKey, keyTag, regionTag, type Shape, shapeOf, shapeOfRows, valueTags } from './shape.ts'

type ResultRow = Readonly<Record<string, unknown>>
type ValueIn = (row: ResultRow) => unknown

/**
 * What a result tells of its own dependencies and its arguments do not: of which parents it shows the children, which
 * rows stand on its page, and where these belong. A result can depend on those rows instead of on all of the model.
 */
export interface Derivation {
  readonly place: Place
  /** From rows of the place it hangs on; without it, by the conditions of the place alone. */
  readonly link: Link | undefined
  /** The rows it shows, one by one: then of other rows only those matter that arrive. */
  readonly rows: KnownRows | undefined
  /** Shapes its tags are of. */
  readonly shapes: readonly ShapeKey[]
  /** Moved by every write to the model, and before any tag that is derived. */
  readonly guard: Tag
}

interface KnownRows {
  readonly key: UniqueKey
  readonly shape: Shape
  /** Where to find the value of each region: in a row, or, `undefined`, in the conditions. */
  readonly regions: readonly (ValueIn | undefined)[]
  /** The conditions pin the rows: there are no others. */
  readonly arePinned: boolean
}

/** How the dependencies of a place could be told from a result, if at all. */
export function derivation(
  graph: ModelGraph,
  place: Place,
  places: readonly Place[],
  maxTags: number,
): Derivation | undefined {
  const { model } = place
  if (maxTags === 0 || !model.uniques) return undefined
  const link = isTelling(graph, place) ? place.link : undefined
  const conditions = link ? withColumns(place.rows, link.there) : place.rows
  const rows = knownRows(graph, place, conditions, places, maxTags)
  if (!link && !rows) return undefined
  const membership = rows?.arePinned ? [] : conditions.map((conjunction) => membershipShape(place, conjunction, rows))
  const shapes = rows ? [...membership, rows.shape] : membership
  return { place, link, rows, shapes: shapes.map(({ model, text }) => ({ model, text })), guard: modelTag(model.name) }
}

/** The tags a result depends on for this place; `undefined` when it does not tell. */
export function derivedTags(
  graph: ModelGraph,
  { place, link, rows }: Derivation,
  result: unknown,
): readonly Tag[] | undefined {
  const { model, shown } = place
  const tags = new Set<Tag>([everyShapeTag(model.name)])
  let conditions = place.rows
  if (link) {
    const linked = linkedRows(graph, place, link, result)
    if (!linked) return undefined
    // Without parents there are no children; the shape of parents says when there are.
    conditions = linked.length === 0 ? [] : both(linked, place.rows, Number.POSITIVE_INFINITY)
  }
  if (!rows?.arePinned) {
    for (const conjunction of conditions) {
      const shape = membershipShape(place, conjunction, rows)
      tags.add(anyValuesTag(shape))
      for (const tag of valueTags(shape, conjunction)) tags.add(tag)
      if (comparesKey(model, shape.fields)) tags.add(unknownCreatedTag(model.name))
    }
  }
  if (!rows || !shown) return [...tags]
  const found = rowsAt(result, shown.path)
  // A row that is not there may come under a key that cannot be told.
  if (rows.arePinned && found.length < conditions.length) return undefined
  tags.add(anyValuesTag(rows.shape))
  for (const row of found) {
    const key = rows.key.fields.map((field) => columnText(graph, field, row[field.name]))
    if (!areTexts(key)) return undefined
    tags.add(keyTag(rows.shape, key))
  }
  for (const [i, name] of rows.shape.regions.entries()) {
    const field = model.fields.get(name) as Field
    const valueIn = rows.regions[i]
    const texts = valueIn
      ? found.map((row) => knownText(graph, field, valueIn(row)))
      : conditions.map((row) => row.get(name))
    if (!areTexts(texts)) return undefined
    for (const text of texts) tags.add(regionTag(rows.shape, i, text))
  }
  return [...tags]
}

function areTexts(texts: readonly (string | undefined)[]): texts is readonly string[] {
  return texts.every((text) => text !== undefined)
}

function membershipShape(place: Place, conjunction: Conjunction, rows: KnownRows | undefined): Shape {
  if (!rows) return shapeOf(place.model, conjunction, place.columns)
  // On a page that begins further down, a row that goes lets the others move up.
  return shapeOf(place.model, conjunction, place.deciding, place.shown?.isFirst)
}

/** Whether the rows a place hangs on show what leads to it, and its conditions do not say so already. */
function isTelling(graph: ModelGraph, { link, model, rows, shown }: Place): boolean {
  if (!link || link.here.includes('*')) return false
  if (rows.every((row) => link.there.every((column) => row.has(column)))) return false
  const isShown = link.here.every((column) => link.from.shown?.columns.has(column)) || isShownThere(link, shown)
  return isShown && link.there.every((column) => isNameableColumn(graph, model.fields.get(column)))
}

/** A single related row shows by itself what led to it; of a list that is empty nothing is seen. */
function isShownThere(link: Link, shown: ShownRows | undefined): boolean {
  return shown?.isList === false && link.there.every((column) => shown.columns.has(column))
}

function isNameableColumn(graph: ModelGraph, field: Field | undefined): field is Field {
  return field !== undefined && field.kind !== 'relation' && isNameable(graph, field)
}

/** The rows of a page, or a row that is pinned and where it belongs; more rows than `maxTags` are not known one by one. */
function knownRows(
  graph: ModelGraph,
  place: Place,
  conditions: readonly Conjunction[],
  places: readonly Place[],
  maxTags: number,
): KnownRows | undefined {
  const { model, shown, rows } = place
  if (!shown || (shown.path.length > 0 && !shown.isList)) return undefined
  const arePinned = rows.every((row) => pinningKey(model, row))
  if (!arePinned && (shown.take === undefined || shown.take > maxTags)) return undefined
  const key = model.uniques?.find(
    ({ fields }) =>
      fields.length > 0 && fields.every((field) => isNameable(graph, field) && shown.columns.has(field.name)),
  )
  if (!key) return undefined
  const regions = regionsOf(graph, place, conditions, places).filter(([name]) =>
    key.fields.every((field) => field.name !== name),
  )
  // Without a region the tags that the conditions tell are as good.
  if (arePinned && regions.length === 0) return undefined
  const shape = shapeOfRows(model, key, regions.map(([name]) => name).sort(), place.columns)
  const values = new Map(regions)
  return { key, shape, regions: shape.regions.map((name) => values.get(name)), arePinned }
}

/** Foreign keys whose values the conditions say, or rows of the result show, or the row each refers to. */
function regionsOf(
  graph: ModelGraph,
  { model, shown }: Place,
  conditions: readonly Conjunction[],
  places: readonly Place[],
): (readonly [string, ValueIn | undefined])[] {
  const regions: (readonly [string, ValueIn | undefined])[] = []
  for (const { name, foreignKey } of model.fields.values()) {
    const [column, ...more] = foreignKey?.from ?? NONE
    const [referred] = foreignKey?.references ?? NONE
    if (!column || !referred || more.length > 0 || !isNameableColumn(graph, model.fields.get(column))) continue
    const path = [...(shown?.path ?? []), name].join('.')
    const parent = places.find((place) => place.shown?.path.join('.') === path)
    if (conditions.every((row) => row.has(column))) regions.push([column, undefined])
    else if (shown?.columns.has(column)) regions.push([column, (row) => row[column]])
    else if (parent?.shown?.columns.has(referred)) regions.push([column, (row) => valueIn(row[name], referred)])
  }
  return regions
}

const NONE: readonly string[] = []

function valueIn(row: unknown, column: string): unknown {
  return isPlainObject(row) ? row[column] : undefined
}

function linkedRows(
  graph: ModelGraph,
  { model, shown }: Place,
  { from, here, there }: Link,
  result: unknown,
): readonly Conjunction[] | undefined {
  const found = new Map<string, Conjunction>()
  const isShownHere = here.every((column) => from.shown?.columns.has(column))
  for (const row of rowsAt(result, from.shown?.path ?? [])) {
    const holder = isShownHere ? row : row[shown?.path.at(-1) ?? '']
    // Nothing stands there, and what would lead to it is not shown.
    if (!isPlainObject(holder)) return undefined
    const values = (isShownHere ? here : there).map((column) => holder[column])
    if (values.includes(null)) continue
    const texts = there.map((column, i) => textIn(graph, model, column, values[i]))
    if (texts.some((text) => text === undefined)) return undefined
    found.set(texts.join(), new Map(there.map((column, i) => [column, texts[i] as string])))
  }
  return [...found.values()]
}

function textIn(graph: ModelGraph, model: Model, column: string, value: unknown): string | undefined {
  const field = model.fields.get(column)
  return field && columnText(graph, field, value)
}

function rowsAt(result: unknown, path: readonly string[]): readonly ResultRow[] {
  let rows = listed(result)
  for (const name of path) rows = rows.flatMap((row) => listed(row[name]))
  return rows
}

function listed(value: unknown): ResultRow[] {
  return (Array.isArray(value) ? value : [value]).filter(isPlainObject)
}

function withColumns(rows: readonly Conjunction[], columns: readonly string[]): readonly Conjunction[] {
  return rows.map((row) => new Map([...row, ...columns.map((column) => [column, ''] as const)]))
}
