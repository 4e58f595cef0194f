import type { RowChange } from '../query/row-change.ts'
import type { Action, CatalogueRow, ColumnFacts, Found, FoundTable, FoundTrigger } from './catalogue.ts'

/**
 * What the statements for PostgreSQL and MySQL return alike, every column of it text or NULL:
 *
 *     what      | relation | name      | a                                   | b          | c
 *     table     | table    |           | `0`: no transactions                |            |
 *     column    | table    | column    | words: generated default not-null … | collation  | `1`: deterministic
 *     view      | view     |           | text                                |            |
 *     trigger   | table    |           | body                                | kinds      | `row`: before it, for each row
 *     routine   |          | routine   | body                                |            |
 *     parent    | child    | parent    |                                     |            |
 *     key       | holder   | target    | columns, as JSON                    | references | what is done: delete, update
 *     hidden    |          |           |                                     |            |
 */
export function foundIn(rows: readonly CatalogueRow[]): Found {
  const tables = new Map<string, FoundTable & { readonly columns: Map<string, ColumnFacts> }>()
  const views = new Map<string, string | undefined>()
  const triggers: FoundTrigger[] = []
  const routines = new Map<string, string | undefined>()
  const parents: { child: string; parent: string }[] = []
  const foreignKeys: Found['foreignKeys'][number][] = []
  let showsTriggers = true
  const tableOf = (name: string) => {
    const known = tables.get(name) ?? { columns: new Map(), isTransactional: true, replaces: false }
    tables.set(name, known)
    return known
  }
  for (const { what, relation, name, a, b, c } of rows) {
    if (what === 'table') tables.set(relation, { ...tableOf(relation), isTransactional: a !== '0' })
    else if (what === 'column')
      tableOf(relation).columns.set(name, merged(tableOf(relation).columns.get(name), a, b, c))
    else if (what === 'view') views.set(relation, joined(views, relation, a))
    else if (what === 'trigger')
      triggers.push({ table: relation, kinds: kindsOf(b), body: a || undefined, changesRow: c === 'row' })
    else if (what === 'routine') routines.set(name, joined(routines, name, a))
    else if (what === 'parent') parents.push({ child: relation, parent: name })
    else if (what === 'key')
      foreignKeys.push({ table: relation, target: name, columns: listOf(a), references: listOf(b), ...actions(c) })
    else if (what === 'hidden') showsTriggers = false
    else throw new TypeError(`the catalogue answered with ${what}`)
  }
  return { tables, views, triggers, routines, parents, foreignKeys, showsTriggers }
}

/** Two of one name, in two schemas or with other arguments: whichever is meant. */
function joined(known: ReadonlyMap<string, string | undefined>, name: string, text: string): string | undefined {
  if (text === '') return undefined
  return known.has(name) ? known.get(name) && `${known.get(name)}\n${text}` : text
}

function merged(known: ColumnFacts | undefined, words: string, collation: string, deterministic: string): ColumnFacts {
  const all = new Set(words.split(' '))
  const isDeterministic = deterministic === '1' && known?.collation?.isDeterministic !== false
  return {
    changesByItself: known?.changesByItself || all.has('generated') || all.has('on-update') || undefined,
    isAutoIncrement: known?.isAutoIncrement || all.has('serial') || undefined,
    hasDefault: known?.hasDefault || all.has('generated') || all.has('default') || undefined,
    collation: collation === '' ? known?.collation : { name: collation, isDeterministic },
  }
}

const KINDS: readonly RowChange['kind'][] = ['created', 'updated', 'deleted']

function kindsOf(words: string): readonly RowChange['kind'][] {
  return KINDS.filter((kind) => words.includes(kind))
}

function listOf(json: string): readonly string[] {
  return (JSON.parse(json) as unknown[]).map(String)
}

function actions(words: string): { onDelete: Action; onUpdate: Action } {
  const [onDelete = '', onUpdate = ''] = words.split(' ')
  return { onDelete: action(onDelete), onUpdate: action(onUpdate) }
}

function action(word: string): Action {
  return word === 'cascade' || word === 'set' ? word : 'none'
}
