import { modelTag, type Tag, unknownRowsTag } from '../tags/tag.ts'
import { isPlainObject } from './canonical-text.ts'
import { type Field, type Model, type ModelGraph, RELATION_QUANTIFIERS } from './model-graph.ts'
import { pinnedRow } from './row-key.ts'

/** What a read depends on and what its result contains, known from its arguments alone, before any I/O. */
export interface ReadSet {
  readonly tags: ReadonlySet<Tag>
  /** Every model the result depends on. */
  readonly models: ReadonlySet<Model>
  /** Models whose rows are part of the result, with the scalar fields it shows of them. */
  readonly returned: ReadonlyMap<Model, ReadonlySet<string>>
  /** Something in the arguments that this walk does not know; what it would depend on is unknown too. */
  readonly obstacle?: 'unknown-argument' | 'computed-field'
}

/**
 * Walks every place where a query can reach a model: `where` (relation filters), `select`, `include`, `_count`,
 * `orderBy`, `cursor`, `having`. A model that is reached anywhere is a dependency: its rows, or the absence of them,
 * decide the result.
 */
export function readSet(
  graph: ModelGraph,
  model: Model,
  args: Readonly<Record<string, unknown>>,
  yields: 'rows' | 'aggregate',
): ReadSet {
  const walk = new Walk(graph)
  if (yields === 'rows') walk.query(model, args)
  else walk.aggregate(model, args)
  // A cursor names a second row: where it stands, and whether it exists, decides the page.
  const row = args['cursor'] === undefined ? pinnedRow(graph, model, args['where']) : undefined
  // A read pinned to one row survives writes to the others, unless the same model is reached a second time.
  if (row && !walk.reached.has(model)) walk.tags.add(unknownRowsTag(model.name)).add(row)
  else walk.tags.add(modelTag(model.name))
  for (const reached of walk.reached) walk.tags.add(modelTag(reached.name))
  const { tags, returned, obstacle } = walk
  return { tags, returned, models: new Set([model, ...walk.reached]), ...(obstacle && { obstacle }) }
}

class Walk {
  readonly tags = new Set<Tag>()
  readonly returned = new Map<Model, Set<string>>()
  /** Models reached through a relation. */
  readonly reached = new Set<Model>()
  obstacle?: 'unknown-argument' | 'computed-field'
  readonly #graph: ModelGraph

  constructor(graph: ModelGraph) {
    this.#graph = graph
  }

  query(model: Model, args: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(args)) {
      if (value === undefined) continue
      if (key === 'select' || key === 'include') this.#selection(model, value)
      else this.#argument(model, key, value)
    }
    this.#show(model, args['select'] === undefined ? allScalars(model, args['omit']) : [])
  }

  /** `count`, `aggregate`, `groupBy`: figures about the rows; a value of a row shows only where one is named. */
  aggregate(model: Model, args: Readonly<Record<string, unknown>>): void {
    for (const [key, value] of Object.entries(args)) {
      if (value === undefined || key === 'select' || key === '_count' || key === 'having') continue
      if (key === 'by') this.#show(model, Array.isArray(value) ? value.map(String) : [String(value)])
      else if (FIGURES.has(key)) this.#show(model, isPlainObject(value) ? Object.keys(value) : [])
      else this.#argument(model, key, value)
    }
  }

  #argument(model: Model, key: string, value: unknown): void {
    if (key === 'where') this.#where(model, value)
    else if (key === 'orderBy') for (const order of Array.isArray(value) ? value : [value]) this.#orderBy(model, order)
    else if (!PLAIN_ARGUMENTS.has(key)) this.obstacle = 'unknown-argument'
  }

  #where(model: Model, where: unknown): void {
    if (Array.isArray(where)) {
      for (const branch of where) this.#where(model, branch)
      return
    }
    if (!isPlainObject(where)) return
    for (const [key, value] of Object.entries(where)) this.#condition(model, key, value)
  }

  #condition(model: Model, key: string, value: unknown): void {
    if (value === undefined) return
    if (key === 'AND' || key === 'OR' || key === 'NOT') return this.#where(model, value)
    const field = model.fields.get(key)
    if (field?.kind === 'relation') this.#relationFilter(field, value)
    else if (!field && !isCompoundKey(model, key, value)) this.obstacle = 'unknown-argument'
  }

  #relationFilter(field: Field, filter: unknown): void {
    const target = this.#reach(field)
    if (!target || !isPlainObject(filter)) return
    for (const [key, value] of Object.entries(filter)) {
      if (RELATION_QUANTIFIERS.has(key)) this.#where(target, value)
      else this.#condition(target, key, value)
    }
  }

  #selection(model: Model, selection: unknown): void {
    if (!isPlainObject(selection)) return
    for (const [key, value] of Object.entries(selection)) {
      if (value === undefined || value === false) continue
      const field = model.fields.get(key)
      if (key === '_count') this.#count(model, value)
      else if (field?.kind === 'relation') {
        const target = this.#reach(field)
        if (target) this.query(target, isPlainObject(value) ? value : {})
      } else if (field) this.#show(model, [key])
      // A name the model does not have belongs to a result extension, or Prisma refuses it.
      else this.obstacle = 'computed-field'
    }
  }

  /** `_count: true` counts every list relation of the model. */
  #count(model: Model, count: unknown): void {
    const select = isPlainObject(count) ? count['select'] : undefined
    for (const field of model.fields.values()) {
      if (field.kind !== 'relation') continue
      const counted = isPlainObject(select) ? select[field.name] : true
      if (counted === undefined || counted === false) continue
      const target = this.#reach(field)
      if (target && isPlainObject(counted)) this.#where(target, counted['where'])
    }
  }

  #orderBy(model: Model, order: unknown): void {
    if (!isPlainObject(order)) return
    for (const [key, value] of Object.entries(order)) {
      const field = model.fields.get(key)
      if (field?.kind !== 'relation' || value === undefined) continue
      const target = this.#reach(field)
      if (target) this.#orderBy(target, value)
    }
  }

  #reach(field: Field): Model | undefined {
    const target = this.#graph.models.get(field.type)
    if (target) this.reached.add(target)
    else this.obstacle = 'unknown-argument'
    return target
  }

  #show(model: Model, fields: Iterable<string>): void {
    let shown = this.returned.get(model)
    if (!shown) this.returned.set(model, (shown = new Set()))
    for (const field of fields) shown.add(field)
  }
}

/** Arguments that reach no further model. */
const PLAIN_ARGUMENTS: ReadonlySet<string> = new Set('omit cursor take skip distinct relationLoadStrategy'.split(' '))
const FIGURES: ReadonlySet<string> = new Set(['_sum', '_avg', '_min', '_max'])

function isCompoundKey(model: Model, key: string, value: unknown): boolean {
  return isPlainObject(value) && (!model.uniques || model.uniques.some((unique) => unique.name === key))
}

function allScalars(model: Model, omit: unknown): string[] {
  return [...model.fields.values()]
    .filter((field) => field.kind !== 'relation' && !(isPlainObject(omit) && omit[field.name] === true))
    .map((field) => field.name)
}
