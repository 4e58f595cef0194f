import { everyShapeTag, modelTag, type Tag, unknownCreatedTag, unknownRowsTag, wholeModel } from '../tags/tag.ts'
import { isPlainObject } from './canonical-text.ts'
import { knownText } from './column-text.ts'
import { conjunctions } from './conditions.ts'
import { changedColumns, changingByThemselves, dataColumns, hasNestedWrites } from './data-columns.ts'
import { firstOf, type KnownRow, only, UNKNOWN_ROW, ValuesAsTexts, without } from './known-row.ts'
import type { Field, Model, ModelGraph } from './model-graph.ts'
import { across, type Link, type LinkedTo, linkBetween, linkedTo, rewritten, UNLINKED } from './relation-link.ts'
import type { RowChange } from './row-change.ts'
import { rowTags } from './row-key.ts'
import { writtenText } from './written-text.ts'

type Args = Readonly<Record<string, unknown>>

/** Rows named one by one; above this a write moves `Model:*` instead, so that one bulk write stays one small pipeline. */
const MAX_NAMED_ROWS = 64

/** What a write did to the database, as far as can be told. */
export interface WriteSet {
  /** Tags it moves, whatever is cached. */
  readonly tags: ReadonlySet<Tag>
  /** Rows it changed, by model: the shapes in use tell which of theirs move. */
  readonly changes: ReadonlyMap<string, readonly RowChange[]>
}

export const NO_CHANGES: WriteSet = { tags: new Set(), changes: new Map() }

/** Moves these tags and nothing else. */
export function tagsAlone(tags: Iterable<Tag>): WriteSet {
  return { ...NO_CHANGES, tags: new Set(tags) }
}

/** Several writes as one. */
export class GatheredWrites implements WriteSet {
  readonly tags = new Set<Tag>()
  readonly changes = new Map<string, RowChange[]>()

  add({ tags, changes }: WriteSet): void {
    for (const tag of tags) this.tags.add(tag)
    for (const [model, some] of changes) for (const change of some) this.change(model, change)
  }

  change(model: string, change: RowChange): void {
    if (this.tags.has(everyShapeTag(model))) return
    const changes = this.changes.get(model) ?? []
    if (changes.length === 0) this.changes.set(model, changes)
    changes.push(change)
    if (changes.length > MAX_NAMED_ROWS) this.tags.add(everyShapeTag(model))
    if (this.tags.has(everyShapeTag(model))) this.changes.delete(model)
  }
}

/**
 * Every tag a write moves, from its arguments and, once it ran, the rows it returned. Nested writes to any depth, both
 * ends of a relation, and what the database itself does to other tables (Cascade, SetNull), transitively. Where the rows
 * cannot be told it widens to the model: moving too much costs a miss, moving too little serves the past.
 *
 * `result` is `undefined` when the outcome is not known (the query failed on the way back): rows are then taken from
 * the arguments alone.
 */
export function writeSet(graph: ModelGraph, model: Model, operation: string, args: Args, result: unknown): WriteSet {
  const walk = new Walk(graph)
  const { where, data } = args
  // `id IN (SELECT … LIMIT n)`: the rows are chosen by one statement and written by another.
  const found: Found = args['limit'] === undefined ? 'as-written' : 'before'
  const updateFound = (updated: unknown) => (hasNestedWrites(model, updated) ? 'before' : 'as-written')
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
      if (returned) for (const row of returned) walk.created(model, undefined, row)
      else for (const row of listOf(data)) walk.created(model, row, undefined)
      break
    case 'update':
      walk.updated(model, where, data, result, updateFound(data))
      break
    case 'updateMany':
      walk.updated(model, where, data, undefined, found)
      break
    case 'updateManyAndReturn':
      if (returned) for (const row of returned) walk.updated(model, where, data, row, found)
      else walk.updated(model, where, data, undefined, found)
      break
    case 'upsert':
      walk.created(model, args['create'], result)
      walk.updated(model, where, args['update'], result, updateFound(args['update']))
      break
    case 'delete':
      walk.deleted(model, where, isOfTheDelete(graph, model, args) ? result : undefined)
      break
    case 'deleteMany':
      walk.deleted(model, where, undefined, found)
      break
    default:
      // An operation newer than this package.
      walk.anything(model)
  }
  return walk
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

/**
 * The tags of a statement whose models are known and nothing else: any row, and any row of the models to which the
 * database does something on its own, whatever the shapes in use.
 */
export function wholeModelsWriteSet(graph: ModelGraph, models: Iterable<Model>): Set<Tag> {
  const walk = new Walk(graph)
  for (const model of models) walk.anything(model)
  return new Set([...walk.tags, ...[...walk.changes.keys()].flatMap(wholeModel)])
}

class Walk extends GatheredWrites {
  readonly #graph: ModelGraph
  readonly #followed = new Set<string>()

  constructor(graph: ModelGraph) {
    super()
    this.#graph = graph
  }

  /** `parent`: what the row has of the one it was created under; columns it may have but that cannot be told are there too. */
  created(model: Model, data: unknown, row: unknown, parent: LinkedTo = UNLINKED): void {
    const given = this.#given(model, data)
    const initial = isPlainObject(data) ? this.#initial(model, data, parent) : UNKNOWN_ROW
    const after = firstOf(this.#shown(model, row), given, parent.created, initial)
    this.#change(model, { kind: 'created', before: undefined, after, changed: undefined })
    this.#relations(model, data, after)
  }

  updated(model: Model, where: unknown, data: unknown, row: unknown, found: Found = 'as-written'): void {
    const changed = changedColumns(model, data)
    const given = this.#given(model, data)
    const shown = this.#shown(model, row)
    for (const pinned of this.#rows(model, where, found)) {
      const before = firstOf(without(shown, changed), pinned)
      const after = firstOf(shown, given, without(pinned, changed))
      this.#change(model, { kind: 'updated', before, after, changed })
      // A relation is followed from the key the row has; of one that changes, neither end is sure.
      this.#relations(model, data, without(firstOf(after, before), changed))
    }
    this.#keysChanged(model, changed)
  }

  deleted(model: Model, where: unknown, row: unknown, found: Found = 'as-written'): void {
    const shown = this.#shown(model, row)
    const rows = this.#rows(model, where, found).map((pinned) => firstOf(shown, pinned))
    for (const before of rows) this.#change(model, { kind: 'deleted', before, after: undefined, changed: undefined })
    this.#rowsGone(model, rows)
  }

  anything(model: Model): void {
    this.#whole(model)
    this.#rowsGone(model, [UNKNOWN_ROW])
    this.#keysChanged(model, new Set(model.fields.keys()))
  }

  #change(model: Model, change: RowChange): void {
    this.tags.add(modelTag(model.name))
    for (const row of [change.before, change.after]) if (row) this.#rowTags(model, row, change.kind === 'created')
    this.change(model.name, change)
    this.#alsoWritten(model, [change.kind])
  }

  /** What the database writes besides, or shows elsewhere, by itself. */
  #alsoWritten(model: Model, kinds: readonly RowChange['kind'][]): void {
    for (const kind of kinds) {
      const names = this.#graph.isUnclear ? 'any' : model.alsoWritten?.[kind]
      for (const name of names === 'any' ? this.#graph.models.keys() : (names ?? [])) {
        const other = this.#graph.models.get(name)
        if (!other || !this.#follow(`${name} as well`)) continue
        // What is written with this one in turn is among the names; a view that shows it is not written at all.
        this.#wholeTags(other)
        this.#rowsGone(other, [UNKNOWN_ROW])
        this.#keysChanged(other, new Set(other.fields.keys()))
      }
    }
  }

  #rowTags(model: Model, row: KnownRow, isNew: boolean): void {
    const { tags, areAll } = rowTags(this.#graph, model, row)
    const isFull = this.tags.size > MAX_NAMED_ROWS * 2
    if (!isFull) for (const tag of tags) this.tags.add(tag)
    // Who reads a row that is there need not know of others that came to exist.
    if (isFull || !areAll) this.tags.add(isNew ? unknownCreatedTag(model.name) : unknownRowsTag(model.name))
    if (isFull && isNew) this.tags.add(unknownRowsTag(model.name))
  }

  #whole(model: Model): void {
    this.#wholeTags(model)
    this.#alsoWritten(model, ALL_KINDS)
  }

  #wholeTags(model: Model): void {
    for (const tag of wholeModel(model.name)) this.tags.add(tag)
    this.changes.delete(model.name)
  }

  /** What is known of the rows a write names, one entry for each of them or for each kind of them. */
  #rows(model: Model, where: unknown, found: Found): readonly KnownRow[] {
    return conjunctions(this.#graph, model, where, MAX_NAMED_ROWS).map((row) => still(model, row, found))
  }

  /** What the columns have that the write returned. */
  #shown(model: Model, row: unknown): KnownRow {
    if (!isPlainObject(row)) return UNKNOWN_ROW
    // A copy: the caller gets the row, and may change it before the transaction commits.
    return new ValuesAsTexts(model, { ...row }, (field, value) => knownText(this.#graph, field, value))
  }

  /** What the columns have that `data` mentions, where the database is certain to store just that. */
  #given(model: Model, data: unknown): KnownRow {
    return new ValuesAsTexts(model, dataColumns(model, data), (field, value) =>
      field.isRewritten ? undefined : writtenText(this.#graph, model, field, value),
    )
  }

  /** What the columns have that `data` does not mention. */
  #initial(model: Model, data: Record<string, unknown>, parent: LinkedTo): KnownRow {
    const linked = new Set(parent.columns)
    for (const name of Object.keys(data)) {
      const columns = data[name] === undefined ? undefined : model.fields.get(name)?.foreignKey?.from
      for (const column of columns ?? []) linked.add(column)
    }
    return {
      get: (column) => {
        const field = model.fields.get(column)
        if (!field?.initial || data[column] !== undefined || linked.has(column)) return undefined
        return knownText(this.#graph, field, field.initial.value)
      },
    }
  }

  #relations(model: Model, data: unknown, row: KnownRow): void {
    if (!isPlainObject(data)) return
    for (const [name, nested] of Object.entries(data)) {
      const field = model.fields.get(name)
      const target = field?.kind === 'relation' ? this.#graph.models.get(field.type) : undefined
      if (field && target && isPlainObject(nested)) this.#nested(model, field, target, nested, row)
    }
  }

  #nested(model: Model, field: Field, target: Model, operations: Record<string, unknown>, row: KnownRow): void {
    const link = linkBetween(this.#graph, model, field, target)
    const linked = linkedTo(this.#graph, model, link, target, row)
    for (const [operation, argument] of Object.entries(operations)) {
      if (argument === undefined) continue
      // `set: []` cuts links too: it is one operation whatever it lists.
      for (const item of operation === 'set' ? [argument] : listOf(argument)) {
        this.#nestedOperation(target, link, linked, operation, item)
      }
    }
  }

  #nestedOperation(target: Model, link: Link, linked: LinkedTo, operation: string, item: unknown): void {
    const { where, data, create, update } = isPlainObject(item) ? item : ({} as Record<string, unknown>)
    switch (operation) {
      case 'create':
        this.created(target, item, undefined, linked)
        this.#displaced(target, link)
        break
      case 'createMany':
        for (const row of listOf(data)) this.created(target, row, undefined, linked)
        break
      case 'connectOrCreate':
        this.created(target, create, undefined, linked)
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
        this.updated(target, where, data, undefined, 'before')
        break
      case 'upsert':
        this.created(target, create, undefined, linked)
        this.updated(target, where, update, undefined, 'before')
        this.#displaced(target, link)
        break
      case 'delete':
        this.deleted(target, item, undefined, 'before')
        break
      case 'deleteMany':
        this.deleted(target, item, undefined, 'before')
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
      const changed = new Set([...link.foreignKey.from, ...changingByThemselves(target)])
      for (const pinned of this.#rows(target, where, 'before')) {
        const rest = without(pinned, changed)
        // Made or cut, and from whichever row: the columns of the link may have had any value.
        this.#change(target, { kind: 'updated', before: rest, after: rest, changed })
      }
      this.#keysChanged(target, changed)
    } else if (link.kind === 'join-table') {
      const rows = this.#rows(target, where, 'before')
      for (const row of rows) this.#relinked(target, link.opposite, row)
    }
    this.#displaced(target, link)
  }

  /** A row of a join table came or went: the row it belongs to is the same, what it is related to is not. */
  #relinked(model: Model, relation: Field, row: KnownRow): void {
    this.tags.add(modelTag(model.name))
    this.change(model.name, { kind: 'updated', before: row, after: row, changed: new Set([relation.name]) })
    this.#alsoWritten(model, ['updated'])
  }

  /** A link was made whose other end may have had another: of a one-to-one relation that one is cut. */
  #displaced(target: Model, link: Link): void {
    if (link.kind === 'held-by-target' && link.single) this.#whole(target)
    if (link.kind === 'held-by-source' && link.single) this.#whole(link.source)
    if (link.kind === 'join-table') {
      this.#relinked(link.source, link.field, UNKNOWN_ROW)
    }
    if (link.kind === 'unknown') {
      this.anything(target)
      this.anything(link.source)
    }
  }

  /** Rows of `model` were deleted: what refers to them is deleted or rewritten by the database. */
  #rowsGone(model: Model, rows: readonly KnownRow[]): void {
    // Which rows a second visit is about (a relation to itself, two ways to one model) is not followed any more.
    const first = this.#follow(`${model.name} gone`)
    if (!first && !this.#follow(`${model.name} gone, any`)) return
    for (const key of model.referencedBy) {
      if (key.onDelete === 'none') continue
      const holder = this.#graph.models.get(key.holder)
      if (!holder) continue
      const changed = rewritten(holder, key)
      const ends = { referred: { model, columns: key.references }, holding: { model: holder, columns: key.from } }
      const holders = first ? rows.map((row) => across(this.#graph, row, ends.referred, ends.holding)) : [UNKNOWN_ROW]
      if (key.onDelete === 'follow') {
        for (const before of holders) {
          this.#change(holder, { kind: 'deleted', before, after: undefined, changed: undefined })
        }
        this.#rowsGone(holder, holders)
      } else {
        for (const before of holders) {
          this.#change(holder, { kind: 'updated', before, after: UNKNOWN_ROW, changed })
        }
        this.#keysChanged(holder, changed)
      }
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

const ALL_KINDS: readonly RowChange['kind'][] = ['created', 'updated', 'deleted']

/**
 * Whether the statement that writes rows looks at the conditions itself, or the rows were found by a statement before it
 * and are written by their ids (`limit`, most nested writes, and the row they hang on): another writer may have come between,
 * and then only their ids are still what they were. `test/prisma-canary/statements.test.ts` pins which is which.
 *
 * On MySQL that holds under REPEATABLE READ as well, where the statement before may see a snapshot of long ago: an UPDATE
 * or DELETE looks at its conditions in the rows as they are now.
 */
type Found = 'as-written' | 'before'

function still(model: Model, row: KnownRow, found: Found): KnownRow {
  if (found === 'as-written') return row
  const [id] = model.uniques ?? []
  return only(row, id?.fields ?? [])
}

/**
 * Whether the row a delete returns is the one it deleted. Where the database has no RETURNING, and where relations are
 * shown, it is read by a statement before, perhaps from an older snapshot: the DELETE may have met another row.
 */
function isOfTheDelete({ provider }: ModelGraph, model: Model, args: Args): boolean {
  return DELETES_RETURNING.has(provider) && !showsRelations(model, args)
}

const DELETES_RETURNING: ReadonlySet<string> = new Set(['sqlite', 'postgresql', 'postgres', 'cockroachdb'])

function showsRelations(model: Model, { select, include }: Args): boolean {
  const shown = select ?? include
  return isPlainObject(shown) && Object.keys(shown).some((name) => model.fields.get(name)?.kind !== 'scalar')
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [value]
}
