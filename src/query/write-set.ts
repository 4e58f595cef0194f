import { modelTag, type Tag, unknownRowsTag, wholeModel } from '../tags/tag.ts'
import { isPlainObject } from './canonical-text.ts'
import { type Field, type ForeignKey, type Model, type ModelGraph, oppositeField } from './model-graph.ts'
import { equalities, type KnownColumns, rowTags } from './row-key.ts'

type Args = Readonly<Record<string, unknown>>

/** Rows named one by one; above this a write moves `Model:*` instead, so that one bulk write stays one small pipeline. */
const MAX_NAMED_ROWS = 64

/**
 * Every tag a write moves, from its arguments and, once it ran, the rows it returned. Nested writes to any depth, both
 * ends of a relation, and what the database itself does to other tables (Cascade, SetNull), transitively. Where the rows
 * cannot be told it widens to the model: moving too much costs a miss, moving too little serves the past.
 *
 * `result` is `undefined` when the outcome is not known (the query failed on the way back): rows are then taken from
 * the arguments alone.
 */
export function writeSet(graph: ModelGraph, model: Model, operation: string, args: Args, result: unknown): Set<Tag> {
  const walk = new Walk(graph)
  const { where, data } = args
  const returned = Array.isArray(result) && result.length > 0 && result.length <= MAX_NAMED_ROWS ? result : undefined
  switch (operation) {
    case 'create':
      walk.created(model, data, result)
      break
    case 'createMany':
      for (const row of listOf(data)) walk.created(model, row, undefined)
      break
    case 'createManyAndReturn':
      // The returned rows are not paired with `data`: duplicates may have been skipped.
      for (const row of returned ?? listOf(undefined)) walk.created(model, undefined, row)
      break
    case 'update':
      walk.updated(model, where, data, result)
      break
    case 'updateMany':
      walk.updated(model, where, data, undefined)
      break
    case 'updateManyAndReturn':
      if (returned) for (const row of returned) walk.updated(model, undefined, data, row)
      else walk.updated(model, where, data, undefined)
      break
    case 'upsert':
      walk.created(model, args['create'], result)
      walk.updated(model, where, args['update'], result)
      break
    case 'delete':
      walk.deleted(model, where, result)
      break
    case 'deleteMany':
      walk.deleted(model, where, undefined)
      break
    default:
      // An operation newer than this package.
      walk.anything(model)
  }
  return walk.tags
}

/** The models, and every model that refers to one of them, whatever its foreign key says of deletes: TRUNCATE asks none. */
export function withReferring(graph: ModelGraph, models: Iterable<Model>): Set<Model> {
  const all = new Set(models)
  // A set that grows while it is walked: the walk reaches what it adds.
  for (const model of all) {
    for (const { holder } of model.referencedBy) {
      const referring = graph.models.get(holder)
      if (referring) all.add(referring)
    }
  }
  return all
}

/** The tags of a statement whose models are known and nothing else: any row, and what the database does on its own. */
export function wholeModelsWriteSet(graph: ModelGraph, models: Iterable<Model>): Set<Tag> {
  const walk = new Walk(graph)
  for (const model of models) walk.anything(model)
  return walk.tags
}

class Walk {
  readonly tags = new Set<Tag>()
  readonly #graph: ModelGraph
  readonly #followed = new Set<string>()

  constructor(graph: ModelGraph) {
    this.#graph = graph
  }

  created(model: Model, data: unknown, row: unknown): void {
    this.#rows(model, [known(dataColumns(model, data), row)])
    this.#relations(model, data)
  }

  updated(model: Model, where: unknown, data: unknown, row: unknown): void {
    const changed = changedColumns(model, data)
    const pinned = equalities(model, where)
    const before = known(known(undefined, row, changed), pinned)
    const after = known(known(known(undefined, pinned, changed), dataColumns(model, data)), row)
    this.#rows(model, [before, after])
    this.#keysChanged(model, changed)
    this.#relations(model, data)
  }

  deleted(model: Model, where: unknown, row: unknown): void {
    this.#rows(model, [known(equalities(model, where), row)])
    this.#rowsGone(model)
  }

  anything(model: Model): void {
    this.#whole(model)
    this.#rowsGone(model)
    this.#keysChanged(model, new Set(model.fields.keys()))
  }

  #rows(model: Model, rows: readonly KnownColumns[]): void {
    this.tags.add(modelTag(model.name))
    for (const columns of rows) {
      const tags = this.tags.size > MAX_NAMED_ROWS * 2 ? undefined : rowTags(this.#graph, model, columns)
      if (tags) for (const tag of tags) this.tags.add(tag)
      else this.tags.add(unknownRowsTag(model.name))
    }
  }

  #whole(model: Model): void {
    for (const tag of wholeModel(model.name)) this.tags.add(tag)
  }

  #relations(model: Model, data: unknown): void {
    if (!isPlainObject(data)) return
    for (const [name, nested] of Object.entries(data)) {
      const field = model.fields.get(name)
      const target = field?.kind === 'relation' ? this.#graph.models.get(field.type) : undefined
      if (field && target && isPlainObject(nested)) this.#nested(model, field, target, nested)
    }
  }

  #nested(model: Model, field: Field, target: Model, operations: Record<string, unknown>): void {
    const link = linkBetween(this.#graph, model, field, target)
    for (const [operation, argument] of Object.entries(operations)) {
      if (argument === undefined) continue
      // `set: []` cuts links too: it is one operation whatever it lists.
      for (const item of operation === 'set' ? [argument] : listOf(argument)) {
        this.#nestedOperation(target, link, operation, item)
      }
    }
  }

  #nestedOperation(target: Model, link: Link, operation: string, item: unknown): void {
    const { where, data, create, update } = isPlainObject(item) ? item : ({} as Record<string, unknown>)
    switch (operation) {
      case 'create':
        this.created(target, item, undefined)
        this.#linked(target, link, undefined)
        break
      case 'createMany':
        for (const row of listOf(data)) this.created(target, row, undefined)
        break
      case 'connectOrCreate':
        this.created(target, create, undefined)
        this.#linked(target, link, where)
        break
      case 'connect':
        this.#linked(target, link, item)
        break
      case 'update':
        // `{ where?, data }`, or for a single relation the data itself; a column called `data` makes it either.
        if (isPlainObject(data)) this.updated(target, where, data, undefined)
        if (!isPlainObject(data) || target.fields.has('data')) this.updated(target, undefined, item, undefined)
        break
      case 'updateMany':
        this.updated(target, where, data, undefined)
        break
      case 'upsert':
        this.created(target, create, undefined)
        this.updated(target, where, update, undefined)
        this.#linked(target, link, undefined)
        break
      case 'delete':
        this.deleted(target, item, undefined)
        break
      case 'deleteMany':
        this.deleted(target, item, undefined)
        break
      case 'disconnect':
        this.#linked(target, link, item)
        break
      case 'set':
        this.#linked(target, link, undefined)
        break
      default:
        // An operation newer than this package.
        this.anything(target)
    }
  }

  /** A link to the row `where` pins was made or cut; `undefined`: to rows that cannot be told. */
  #linked(target: Model, link: Link, where: unknown): void {
    if (link.kind === 'held-by-target') {
      const columns = new Set(link.foreignKey.from)
      const pinned = equalities(target, where)
      this.#rows(target, [pinned, known(undefined, pinned, columns)])
      this.#keysChanged(target, columns)
      // One-to-one: whichever row held the link until now loses it.
      if (link.single) this.#whole(target)
    } else if (link.kind === 'held-by-source') {
      // One-to-one: another row of the source's own model may lose its link to that target.
      if (link.single) this.#whole(link.source)
    } else {
      this.tags.add(modelTag(target.name)).add(modelTag(link.source.name))
      if (link.kind === 'unknown') {
        this.anything(target)
        this.anything(link.source)
      }
    }
  }

  /** Rows of `model` were deleted: what refers to them is deleted or rewritten by the database. */
  #rowsGone(model: Model): void {
    if (!this.#follow(`${model.name} gone`)) return
    for (const key of model.referencedBy) {
      if (key.onDelete === 'none') continue
      const holder = this.#graph.models.get(key.holder)
      if (!holder) continue
      this.#whole(holder)
      if (key.onDelete === 'follow') this.#rowsGone(holder)
      else this.#keysChanged(holder, rewritten(holder, key))
    }
  }

  /** `columns` of `model` changed: foreign keys that refer to them follow. */
  #keysChanged(model: Model, columns: ReadonlySet<string>): void {
    for (const key of model.referencedBy) {
      const touched = key.references.length === 0 || key.references.some((column) => columns.has(column))
      if (key.onUpdate === 'none' || !touched || columns.size === 0) continue
      const holder = this.#graph.models.get(key.holder)
      if (!holder || !this.#follow(`${model.name} → ${key.holder}.${key.from.join()}`)) continue
      this.#whole(holder)
      this.#keysChanged(holder, rewritten(holder, key))
    }
  }

  #follow(step: string): boolean {
    if (this.#followed.has(step)) return false
    this.#followed.add(step)
    return true
  }
}

type Link =
  | { readonly kind: 'held-by-target'; readonly foreignKey: ForeignKey; readonly single: boolean }
  | { readonly kind: 'held-by-source'; readonly source: Model; readonly single: boolean }
  | { readonly kind: 'join-table' | 'unknown'; readonly source: Model }

/** Which side holds the columns of a relation, seen from the model whose `data` names it. */
function linkBetween(graph: ModelGraph, source: Model, field: Field, target: Model): Link {
  const opposite = oppositeField(graph, source, field)
  // Without the schema text neither side can be told to hold the key.
  if (!source.uniques || !target.uniques || !opposite) return { kind: 'unknown', source }
  if (field.foreignKey) return { kind: 'held-by-source', source, single: opposite.isList !== true }
  if (opposite.foreignKey) {
    return { kind: 'held-by-target', foreignKey: opposite.foreignKey, single: field.isList !== true }
  }
  return { kind: 'join-table', source }
}

function rewritten(holder: Model, key: ForeignKey): ReadonlySet<string> {
  return new Set(key.from.length > 0 ? key.from : holder.fields.keys())
}

/** Columns whose value after the write may differ from before. */
function changedColumns(model: Model, data: unknown): Set<string> {
  const changed = new Set<string>()
  if (!isPlainObject(data)) return new Set(model.fields.keys())
  for (const [name, value] of Object.entries(data)) {
    if (value === undefined) continue
    const field = model.fields.get(name)
    if (field?.kind !== 'relation') changed.add(name)
    else for (const column of field.foreignKey?.from ?? []) changed.add(column)
  }
  return changed
}

/** The columns `data` sets to a plain value, `{ set: x }` included; not what it increments. */
function dataColumns(model: Model, data: unknown): Map<string, unknown> {
  const columns = new Map<string, unknown>()
  if (!isPlainObject(data)) return columns
  for (const [name, value] of Object.entries(data)) {
    const field = model.fields.get(name)
    if (!field || field.kind === 'relation' || value === undefined) continue
    if (!isPlainObject(value)) columns.set(name, value)
    else if ('set' in value) columns.set(name, value['set'])
  }
  return columns
}

/** `base` with the columns of `row` laid over it, those in `except` left out. */
function known(base: KnownColumns | undefined, row: unknown, except?: ReadonlySet<string>): Map<string, unknown> {
  const columns = new Map(base)
  const entries = row instanceof Map ? row : isPlainObject(row) ? Object.entries(row) : []
  for (const [name, value] of entries) if (!except?.has(name)) columns.set(name, value)
  return columns
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
