import type { Catalogue, ColumnFacts, Found, FoundTrigger, TableFacts, TablesWritten } from './catalogue.ts'
import { assignedColumns, KINDS, type Kind, mentions } from './mentions.ts'

/**
 * What follows from a catalogue for each table that was asked about. A table is written besides another one by triggers,
 * rules, routines and foreign keys, to any depth; and what is shown of it elsewhere, through a view or the table it is a
 * partition of, changes with it. Where a step cannot be told, the answer is `any`.
 */
export function catalogueOf(found: Found, joinTables: ReadonlySet<string>, readAt: number): Catalogue {
  const graph = new WriteGraph(found, joinTables)
  const tables = new Map<string, TableFacts>()
  for (const [name, { columns, isTransactional }] of found.tables) {
    const triggers = found.triggers.filter(({ table, changesRow }) => table === name && changesRow)
    tables.set(name, {
      columns: withTriggers(columns, triggers),
      writes: {
        created: graph.writtenWith(name, 'created'),
        updated: graph.writtenWith(name, 'updated'),
        deleted: graph.writtenWith(name, 'deleted'),
      },
      foreignKeys: found.foreignKeys.filter(({ table }) => table === name),
      isTransactional,
    })
  }
  return { tables, readAt, showsTriggers: found.showsTriggers }
}

/** Columns a trigger may set before the row is written; each of `columns` is there, by its own spelling. */
function withTriggers(columns: ReadonlyMap<string, ColumnFacts>, triggers: readonly FoundTrigger[]) {
  const all = new Map(columns)
  for (const { kinds, body } of triggers) {
    const assigned = body === undefined ? undefined : assignedColumns(body)
    const updates = kinds.includes('updated')
    for (const [name, facts] of all) {
      if (assigned && !assigned.has(name.toLowerCase())) continue
      all.set(name, { ...facts, isRewritten: true, hasDefault: true, ...(updates && { changesByItself: true }) })
    }
  }
  return all
}

/** What a body touches, itself or through the routines it names. */
interface Reach {
  readonly relations: ReadonlySet<string>
  readonly kinds: readonly Kind[]
  /** Part of it cannot be told. */
  readonly isUnclear: boolean
}

/** Rows of a relation are written. `byKey`: for a row they refer to was. */
interface Step {
  readonly name: string
  readonly kind: Kind
  readonly byKey?: boolean
}

class WriteGraph {
  readonly #found: Found
  readonly #joinTables: ReadonlySet<string>
  readonly #relations: ReadonlySet<string>
  readonly #reached = new Map<string, Reach>()

  constructor(found: Found, joinTables: ReadonlySet<string>) {
    this.#found = found
    this.#joinTables = joinTables
    this.#relations = new Set([
      ...found.tables.keys(),
      ...found.views.keys(),
      ...found.triggers.map(({ table }) => table),
      ...found.parents.flatMap(({ child, parent }) => [child, parent]),
      ...found.foreignKeys.flatMap(({ table, target }) => [table, target]),
    ])
  }

  writtenWith(table: string, kind: Kind): TablesWritten {
    const { tables } = this.#found
    // Foreign keys of tables with a model are followed row by row when the write is known.
    const first = this.#next({ name: table, kind }, (holder) => !tables.has(holder))
    if (!first) return 'any'
    const isReplacing = tables.get(table)?.replaces === true && kind !== 'deleted'
    const waiting = [...first, ...(isReplacing ? [{ name: table, kind: 'deleted' as const }] : [])]
    const followed = new Set<string>()
    const written = new Set<string>()
    for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
      // A link that goes with the row at one end shows in nothing that does not show that row.
      if (!step.byKey || !this.#joinTables.has(step.name)) written.add(step.name)
      const spelt = `${step.kind} ${step.name}`
      if (followed.has(spelt)) continue
      followed.add(spelt)
      const next = this.#next(step, () => true)
      if (!next) return 'any'
      waiting.push(...next)
    }
    const changed = [...written, ...this.#showing([table, ...written])]
    return new Set(changed.filter((name) => tables.has(name)))
  }

  /** What a write writes at the next step; `undefined`: anything. `follows`: whose foreign keys count. */
  #next({ name, kind }: Step, follows: (holder: string) => boolean): Step[] | undefined {
    const { triggers, views, parents, foreignKeys } = this.#found
    const next: Step[] = parents.flatMap(({ child, parent }) => (parent === name ? [{ name: child, kind }] : []))
    for (const trigger of triggers) {
      if (trigger.table !== name || !trigger.kinds.includes(kind)) continue
      const { relations, kinds, isUnclear } = this.#reach(trigger.body)
      if (isUnclear) return undefined
      for (const relation of relations) for (const done of kinds) next.push({ name: relation, kind: done })
    }
    if (views.has(name)) for (const shown of this.#shownBy(name)) next.push({ name: shown, kind })
    for (const key of foreignKeys) {
      if (key.target !== name || !follows(key.table)) continue
      const done = kind === 'deleted' ? key.onDelete : kind === 'updated' ? key.onUpdate : 'none'
      if (done === 'none') continue
      next.push({ name: key.table, kind: done === 'cascade' ? kind : 'updated', byKey: true })
    }
    return next
  }

  /** Views, and tables with partitions, in which rows of these are seen. */
  #showing(names: readonly string[]): Set<string> {
    const all = new Set(names)
    // A set that grows while it is walked: the walk reaches what it adds.
    for (const name of all) {
      for (const { child, parent } of this.#found.parents) if (child === name) all.add(parent)
      for (const view of this.#found.views.keys()) if (this.#shownBy(view).has(name)) all.add(view)
    }
    for (const name of names) all.delete(name)
    return all
  }

  /** What a view reads. */
  #shownBy(view: string): Set<string> {
    const { relations, isUnclear } = this.#reach(this.#found.views.get(view))
    const shown = new Set(isUnclear ? this.#relations : relations)
    shown.delete(view)
    return shown
  }

  #reach(body: string | undefined): Reach {
    if (body === undefined) return UNCLEAR
    const known = this.#reached.get(body)
    if (known) return known
    const relations = new Set<string>()
    const routines = new Set<string>()
    const kinds = new Set<Kind>()
    let isUnclear = false
    const read = (text: string) => {
      const named = mentions(text, { relations: this.#relations, routines: this.#found.routines.keys() })
      for (const name of named.relations) relations.add(name)
      for (const name of named.routines) routines.add(name)
      for (const kind of named.kinds) kinds.add(kind)
      isUnclear ||= named.isDynamic
    }
    read(body)
    // A set that grows while it is walked.
    for (const routine of routines) {
      const source = this.#found.routines.get(routine)
      if (source === undefined) isUnclear = true
      else read(source)
    }
    const reach = { relations, kinds: [...kinds], isUnclear }
    this.#reached.set(body, reach)
    return reach
  }
}

const UNCLEAR: Reach = { relations: new Set(), kinds: KINDS, isUnclear: true }
