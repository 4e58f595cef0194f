import type { RowChange } from '../query/row-change.ts'
import type {
  Action,
  CatalogueDialect,
  CatalogueRow,
  ColumnFacts,
  Found,
  FoundTable,
  FoundTrigger,
} from './catalogue.ts'
import { columnCollations, withoutTexts } from './sqlite-ddl.ts'

/** Everything is in the text of the statements that made it, and in what two pragmas say of tables. */
export const sqlite: CatalogueDialect = { statements: () => [STATEMENT], found }

const STATEMENT = `
SELECT type AS what, tbl_name AS relation, name, CAST(sql AS TEXT) AS a, NULL AS b, NULL AS c
FROM sqlite_master WHERE type IN ('table', 'view', 'trigger') AND name NOT LIKE 'sqlite_%'
UNION ALL SELECT 'column', m.name, x.name, CAST(x.hidden AS TEXT), CASE WHEN x.dflt_value IS NULL THEN '0' ELSE '1' END,
  CAST(x.pk AS TEXT)
FROM sqlite_master m, pragma_table_xinfo(m.name) x
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.sql NOT LIKE 'CREATE VIRTUAL%'
UNION ALL SELECT 'key', m.name, f."table", f."from", f."to", f.id || '/' || f.on_delete || '/' || f.on_update
FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'`

function found(rows: readonly CatalogueRow[]): Found {
  const tables = new Map<string, FoundTable & { readonly columns: Map<string, ColumnFacts> }>()
  const views = new Map<string, string | undefined>()
  const triggers: FoundTrigger[] = []
  const keys = new Map<
    string,
    { table: string; target: string; columns: string[]; references: string[]; onDelete: Action; onUpdate: Action }
  >()
  const collations = new Map<string, ReadonlyMap<string, string>>()
  for (const { what, relation, name, a, b, c } of rows) {
    if (what === 'table') {
      const isReplacing = /\bON\s+CONFLICT\s+REPLACE\b/i.test(withoutTexts(a))
      tables.set(name, { columns: new Map(), isTransactional: true, replaces: isReplacing })
      collations.set(name, columnCollations(a))
    } else if (what === 'view') {
      // A view can be a model: what it is made of has no columns of its own to tell of.
      views.set(name, a)
      tables.set(name, { columns: new Map(), isTransactional: true, replaces: false })
    } else if (what === 'trigger') triggers.push(readTrigger(relation, a))
    else if (what === 'column') {
      const collation = collations.get(relation)?.get(name.toLowerCase()) ?? 'BINARY'
      tables.get(relation)?.columns.set(name, {
        changesByItself: a === '2' || a === '3' || undefined,
        // A key may be the row's own number, which is given to a row that comes without.
        hasDefault: a !== '0' || b === '1' || c !== '0' || undefined,
        collation: { name: collation, isDeterministic: collation === 'BINARY' },
      })
    } else if (what === 'key') {
      const [id = '', onDelete = '', onUpdate = ''] = c.split('/')
      const key = keys.get(`${id} ${relation}`) ?? {
        table: relation,
        target: name,
        columns: [],
        references: [],
        onDelete: action(onDelete),
        onUpdate: action(onUpdate),
      }
      key.columns.push(a)
      // Left out, it is the key of the table that is referred to.
      if (b !== '') key.references.push(b)
      keys.set(`${id} ${relation}`, key)
    } else throw new TypeError(`the catalogue answered with ${what}`)
  }
  for (const key of keys.values())
    key.target = [...tables.keys()].find((name) => areOneName(name, key.target)) ?? key.target
  const foreignKeys = [...keys.values()].filter(({ onDelete, onUpdate }) => onDelete !== 'none' || onUpdate !== 'none')
  return { tables, views, triggers, routines: new Map(), parents: [], foreignKeys, showsTriggers: true }
}

const IDENTIFIER = String.raw`(?:"(?:[^"]|"")*"|\`[^\`]*\`|\[[^\]]*\]|[\w$]+)`
const HEAD = new RegExp(
  String.raw`^\s*create\s+(?:temp\w*\s+)?trigger\s+(?:if\s+not\s+exists\s+)?${IDENTIFIER}(?:\s*\.\s*${IDENTIFIER})?\s+` +
    String.raw`(?:before\s+|after\s+|instead\s+of\s+)?(delete|insert|update)\b`,
  'i',
)
const KIND = { insert: 'created', update: 'updated', delete: 'deleted' } as const

/** Its body writes by statements of its own: a row on its way into the table it cannot change. */
function readTrigger(table: string, sql: string): FoundTrigger {
  const head = HEAD.exec(sql)
  const event = head?.[1]?.toLowerCase() as keyof typeof KIND | undefined
  const kinds: readonly RowChange['kind'][] = event ? [KIND[event]] : ['created', 'updated', 'deleted']
  const begin = /\bbegin\b/i.exec(sql.slice(head?.[0].length ?? 0))
  return { table, kinds, changesRow: false, body: begin ? sql.slice((head?.[0].length ?? 0) + begin.index) : sql }
}

function areOneName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function action(word: string): Action {
  if (/^cascade$/i.test(word)) return 'cascade'
  return /^set (null|default)$/i.test(word) ? 'set' : 'none'
}
