import { isFieldReference, isPlainObject } from './canonical-text.ts'
import { ANYTHING, both, type Conjunction, carried, conjunctions } from './conditions.ts'
import {
  type Field,
  isConnective,
  type Model,
  type ModelGraph,
  omitOf,
  oppositeField,
  relationFilterKey,
} from './model-graph.ts'

/** Where a query meets a model: which rows can matter to its result, and which of their columns. */
export interface Place {
  readonly model: Model
  /** A row matters only if it satisfies one of these, before a write or after it. */
  rows: readonly Conjunction[]
  /** Columns that are shown, compared, sorted or joined by; `'*'` is any. A relation through a join table counts as one. */
  readonly columns: Set<string>
  /** Those of them that decide which rows there are, and in which order. */
  readonly deciding: Set<string>
  /** Of rows that stand in the result. */
  readonly shown?: ShownRows | undefined
  /** How rows of the result lead to the rows here. */
  readonly link?: Link | undefined
}

/** Rows that can be found in a result. */
export interface ShownRows {
  /** Names of relations that lead to them. */
  readonly path: readonly string[]
  readonly isList: boolean
  readonly columns: Set<string>
  /** No rows are left out before these. */
  isFirst: boolean
  /** At most so many. */
  take: number | undefined
}

/** Rows of `from` have in `here` what the rows they lead to have in `there`. */
export interface Link {
  readonly from: Place
  readonly here: readonly string[]
  readonly there: readonly string[]
}

export type Obstacle = 'unknown-argument' | 'computed-field'

/** What a query yields: one row or none, rows, or figures about rows. */
export type Yields = 'row' | 'rows' | 'aggregate'

export interface ReadPlaces {
  /** The first is the model that was asked. */
  readonly places: readonly Place[]
  /** Models whose rows are part of the result, with the scalar fields it shows of them. */
  readonly returned: ReadonlyMap<Model, ReadonlySet<string>>
  /** Something in the arguments that this walk does not know; what it would depend on is unknown too. */
  readonly obstacle?: Obstacle | undefined
}

/** Beyond this many conjunctions conditions are left out, which widens what a read depends on. */
const MAX_CONJUNCTIONS = 12

/**
 * Walks every place where a query can reach a model: `where` (relation filters), `select`, `include`, `_count`,
 * `orderBy`, `cursor`, `having`. Rows that are in its result, rows that keep others out, and rows that are not there:
 * all that decides the result must be admitted by one of the places.
 */
export function readPlaces(
  graph: ModelGraph,
  model: Model,
  args: Readonly<Record<string, unknown>>,
  yields: Yields,
): ReadPlaces {
  const walk = new Walk(graph)
  const root = walk.reach(model, [ANYTHING], yields === 'aggregate' ? undefined : shownRows([], yields === 'rows'))
  if (root.shown && yields === 'row') root.shown.take = 1
  if (yields === 'aggregate') walk.aggregate(root, args)
  else walk.query(root, args)
  return walk
}

class Walk implements ReadPlaces {
  readonly places: Place[] = []
  readonly returned = new Map<Model, Set<string>>()
  obstacle?: Obstacle | undefined
  readonly #graph: ModelGraph

  constructor(graph: ModelGraph) {
    this.#graph = graph
  }

  reach(model: Model, rows: readonly Conjunction[], shown?: ShownRows, link?: Link): Place {
    const place: Place = { model, rows, columns: new Set(), deciding: new Set(), shown, link }
    this.places.push(place)
    return place
  }

  query(place: Place, args: Readonly<Record<string, unknown>>): void {
    const { shown } = place
    if (shown) {
      shown.isFirst = !['skip', 'cursor', 'distinct'].some((key) => args[key] !== undefined && args[key] !== 0)
      if (typeof args['take'] === 'number') shown.take = Math.abs(args['take'])
    }
    this.#narrow(place, args['where'])
    for (const [key, value] of Object.entries(args)) {
      if (value === undefined) continue
      if (key === 'select' || key === 'include') this.#selection(place, value)
      else this.#argument(place, key, value, args)
    }
    this.#show(place, args['select'] === undefined ? allScalars(this.#graph, place.model, args['omit']) : [])
  }

  /** `count`, `aggregate`, `groupBy`: figures about the rows; a value of a row shows only where one is named. */
  aggregate(place: Place, args: Readonly<Record<string, unknown>>): void {
    const { model } = place
    this.#narrow(place, args['where'])
    for (const [key, value] of Object.entries(args)) {
      if (value === undefined) continue
      if (key === 'select' || key === '_count' || key === 'having') mention(place, value)
      else if (key === 'by') this.#show(place, Array.isArray(value) ? value.map(String) : [String(value)])
      else if (FIGURES.has(key)) this.#show(place, isPlainObject(value) ? Object.keys(value) : [])
      else if (key === 'orderBy') {
        this.#argument(place, key, value, args)
        for (const order of listOf(value)) mention(place, order)
      } else this.#argument(place, key, value, args)
    }
    if (!this.returned.has(model)) this.#show(place, [])
  }

  #argument(place: Place, key: string, value: unknown, args: Readonly<Record<string, unknown>>): void {
    if (key === 'where') this.#where(place, value)
    else if (key === 'orderBy') for (const order of listOf(value)) this.#orderBy(place, order)
    else if (key === 'cursor') this.#cursor(place, value, args['orderBy'])
    else if (key === 'distinct') for (const column of listOf(value)) decide(place, String(column))
    else if (!PLAIN_ARGUMENTS.has(key)) this.obstacle = 'unknown-argument'
  }

  #narrow(place: Place, where: unknown): void {
    place.rows = both(place.rows, conjunctions(this.#graph, place.model, where, MAX_CONJUNCTIONS), MAX_CONJUNCTIONS)
  }

  #where(place: Place, where: unknown): void {
    if (Array.isArray(where)) {
      for (const branch of where) this.#where(place, branch)
      return
    }
    if (!isPlainObject(where)) return
    for (const [key, value] of Object.entries(where)) this.#condition(place, key, value)
  }

  #condition(place: Place, key: string, value: unknown): void {
    const { model } = place
    if (value === undefined) return
    if (isConnective(model, key)) return this.#where(place, value)
    const field = model.fields.get(key)
    if (field?.kind === 'relation') return this.#relationFilter(place, field, value)
    if (field) {
      decide(place, key, ...referredTo(value))
    } else if (!isCompoundKey(model, key, value)) this.obstacle = 'unknown-argument'
    else decide(place, ...Object.keys(value))
  }

  #relationFilter(place: Place, field: Field, filter: unknown): void {
    const other = this.#graph.models.get(field.type)
    if (!isPlainObject(filter) || !other) {
      this.#through(place, field)
      return
    }
    const direct: Record<string, unknown> = {}
    let quantified = false
    for (const [key, value] of Object.entries(filter)) {
      if (value === undefined) continue
      const meaning = relationFilterKey(field, other, key)
      if (meaning === 'either') this.obstacle = 'unknown-argument'
      quantified ||= meaning !== 'column'
      // `every` is decided by the rows that do not satisfy it.
      if (meaning !== 'column') this.#filtered(place, field, value, key !== 'every')
      else direct[key] = value
    }
    if (!quantified || Object.keys(direct).length > 0) this.#filtered(place, field, direct, true)
  }

  #filtered(place: Place, field: Field, where: unknown, narrows: boolean, as?: 'counted'): void {
    const target = this.#through(place, field, as)
    if (!target) return
    if (narrows) this.#narrow(target, where)
    this.#where(target, where)
  }

  #selection(place: Place, selection: unknown): void {
    const { model } = place
    if (!isPlainObject(selection)) return
    for (const [key, value] of Object.entries(selection)) {
      if (value === undefined || value === false) continue
      const field = model.fields.get(key)
      if (key === '_count') this.#count(place, value)
      else if (field?.kind === 'relation') {
        const target = this.#through(place, field, 'shown')
        if (target) this.query(target, isPlainObject(value) ? value : {})
      } else if (field) this.#show(place, [key])
      // A name the model does not have belongs to a result extension, or Prisma refuses it.
      else this.obstacle = 'computed-field'
    }
  }

  /** `_count: true` counts every list relation of the model. */
  #count(place: Place, count: unknown): void {
    const select = isPlainObject(count) ? count['select'] : undefined
    for (const field of place.model.fields.values()) {
      if (field.kind !== 'relation') continue
      const counted = isPlainObject(select) ? select[field.name] : true
      if (counted === undefined || counted === false) continue
      const where = isPlainObject(counted) ? counted['where'] : undefined
      this.#filtered(place, field, where, true, 'counted')
    }
  }

  #orderBy(place: Place, order: unknown): void {
    if (!isPlainObject(order)) return
    for (const [key, value] of Object.entries(order)) {
      if (value === undefined) continue
      const field = place.model.fields.get(key)
      if (field?.kind === 'relation') {
        const target = this.#through(place, field)
        if (target) this.#orderBy(target, value)
      } else if (field) decide(place, key)
      // `_count` of a relation is decided by its link alone; `_relevance` by whatever it names.
      else if (key !== '_count') decide(place, '*')
    }
  }

  /** A cursor names a second row, inside the conditions or not: where it stands, and whether it exists, decides the page. */
  #cursor(place: Place, cursor: unknown, orderBy: unknown): void {
    const row = this.reach(place.model, conjunctions(this.#graph, place.model, cursor, 1))
    this.#where(row, cursor)
    for (const order of listOf(orderBy)) mention(row, order)
    decide(place, ...row.columns)
  }

  /** The place at the other end of a relation; both ends depend on the columns that link them. */
  #through(place: Place, field: Field, as?: 'shown' | 'counted'): Place | undefined {
    const target = this.#graph.models.get(field.type)
    if (!target) {
      this.obstacle = 'unknown-argument'
      return undefined
    }
    const { here, there } = linkColumns(this.#graph, place.model, field, target)
    for (const column of here) place.columns.add(column)
    // A filter or an order through a relation decides by the column that holds it; what is shown of it does not.
    if (!as) decide(place, ...here)
    const ends = [
      { model: place.model, columns: here },
      { model: target, columns: there },
    ] as const
    const path = place.shown?.path
    const shown = as === 'shown' && path ? shownRows([...path, field.name], field.isList !== false) : undefined
    const link = as && place.shown ? { from: place, here, there } : undefined
    const reached = this.reach(target, carried(this.#graph, place.rows, ...ends), shown, link)
    decide(reached, ...there)
    return reached
  }

  #show({ model, columns, shown }: Place, fields: Iterable<string>): void {
    let returned = this.returned.get(model)
    if (!returned) this.returned.set(model, (returned = new Set()))
    for (const field of fields) {
      returned.add(field)
      columns.add(field)
      shown?.columns.add(field)
    }
  }
}

/** Arguments that reach no further model. */
const PLAIN_ARGUMENTS: ReadonlySet<string> = new Set('omit take skip relationLoadStrategy'.split(' '))
const FIGURES: ReadonlySet<string> = new Set(['_sum', '_avg', '_min', '_max'])

/**
 * The columns by which rows of two models belong together. Rows of a join table are columns of neither; there the
 * relation itself counts as one of both.
 */
function linkColumns(graph: ModelGraph, source: Model, field: Field, target: Model) {
  const opposite = oppositeField(graph, source, field)
  if (!source.uniques || !target.uniques || !opposite) return { here: ['*'], there: ['*'] }
  if (field.foreignKey) return { here: field.foreignKey.from, there: field.foreignKey.references }
  if (opposite.foreignKey) return { here: opposite.foreignKey.references, there: opposite.foreignKey.from }
  return { here: [field.name], there: [opposite.name] }
}

function decide(place: Place, ...columns: readonly string[]): void {
  for (const column of columns) {
    place.columns.add(column)
    place.deciding.add(column)
  }
}

function shownRows(path: readonly string[], isList: boolean): ShownRows {
  return { path, isList, columns: new Set(), isFirst: true, take: undefined }
}

/** Every column named anywhere within. */
function mention(place: Place, value: unknown): void {
  if (Array.isArray(value)) for (const part of value) mention(place, part)
  else if (isPlainObject(value)) {
    for (const [key, part] of Object.entries(value)) {
      if (part === undefined || part === false) continue
      const field = place.model.fields.get(key)
      if (field?.kind === 'relation') decide(place, '*')
      else if (field) decide(place, key)
      decide(place, ...referredTo(part))
      mention(place, part)
    }
  }
}

/** Columns a value refers to instead of being one: `prisma.product.fields.cost`. */
function referredTo(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(referredTo)
  if (isPlainObject(value)) return Object.values(value).flatMap(referredTo)
  return typeof value === 'object' && value !== null && isFieldReference(value) ? [value.name] : []
}

function isCompoundKey(model: Model, key: string, value: unknown): value is Record<string, unknown> {
  return isPlainObject(value) && (!model.uniques || model.uniques.some((unique) => unique.name === key))
}

function allScalars(graph: ModelGraph, model: Model, omit: unknown): string[] {
  const omitted = omitOf(graph.omit, model, omit)
  return [...model.fields.values()]
    .filter((field) => field.kind !== 'relation' && omitted[field.name] !== true)
    .map((field) => field.name)
}

function listOf(value: unknown): readonly unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value]
}
