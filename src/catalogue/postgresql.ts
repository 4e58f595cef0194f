import type { AskedTables, CatalogueDialect } from './catalogue.ts'
import { foundIn } from './rows.ts'
import { textList } from './sql-text.ts'

/** Every user may read these tables; what a role may not do to a table it may still know of it. */
export const postgresql: CatalogueDialect = {
  statements: ({ tables }) => [statement(tables)],
  found: foundIn,
}

/** Relations of applications: neither PostgreSQL's own, nor those of an extension. */
const OWN = `n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'`
const notOfExtension = (catalogue: string, oid: string) =>
  `NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = '${catalogue}'::regclass AND e.objid = ${oid} AND e.deptype = 'e')`

/** Under any collation they hold texts equal that differ in case, or in blanks at the end. */
const FOLDED_TYPES = `'citext', 'bpchar'`

/** The body of those that are not written in SQL, but known to do no more than change the row: it hands NEW on. */
const WHOLE_ROW = 'new'

function statement(tables: AskedTables['tables']): string {
  const asked = `${OWN} AND c.relname IN (${textList(tables)})`
  const relations = 'FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace'
  const columnNames = (table: string, numbers: string) =>
    `(SELECT json_agg(a.attname ORDER BY u.i)::text FROM unnest(${numbers}) WITH ORDINALITY u(attnum, i)
      JOIN pg_attribute a ON a.attrelid = ${table} AND a.attnum = u.attnum)`
  const actionOf = (type: string) =>
    `CASE WHEN ${type} = 'c' THEN 'cascade' WHEN ${type} IN ('n', 'd') THEN 'set' ELSE 'none' END`
  return `
SELECT 'table' AS what, c.relname::text AS relation, NULL::text AS name, NULL::text AS a, NULL::text AS b, NULL::text AS c
${relations} WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND ${asked}
UNION ALL SELECT 'column', c.relname::text, a.attname::text,
  concat_ws(' ', CASE WHEN a.attgenerated <> '' THEN 'generated' END,
    CASE WHEN a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL THEN 'default' END),
  co.collname::text, CASE WHEN co.collisdeterministic AND COALESCE(d.typname, t.typname) NOT IN (${FOLDED_TYPES}) THEN '1' END
${relations} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type d ON d.oid = t.typbasetype LEFT JOIN pg_collation co ON co.oid = a.attcollation
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND ${asked}
UNION ALL SELECT 'view', c.relname::text, NULL, pg_get_viewdef(c.oid), NULL, NULL
${relations} WHERE c.relkind IN ('v', 'm') AND ${OWN} AND ${notOfExtension('pg_class', 'c.oid')}
UNION ALL SELECT 'trigger', c.relname::text, NULL, CASE WHEN l.lanname = 'plpgsql' THEN p.prosrc
    WHEN l.lanname = 'internal' OR p.proname IN ('moddatetime', 'insert_username', 'autoinc') THEN '${WHOLE_ROW}' END,
  concat_ws(' ', CASE WHEN g.tgtype & 4 > 0 THEN 'created' END, CASE WHEN g.tgtype & 16 > 0 THEN 'updated' END,
    CASE WHEN g.tgtype & 40 > 0 THEN 'deleted' END),
  CASE WHEN g.tgtype & 3 = 3 AND g.tgtype & 20 > 0 THEN 'row' END
${relations} JOIN pg_trigger g ON g.tgrelid = c.oid AND NOT g.tgisinternal
JOIN pg_proc p ON p.oid = g.tgfoid JOIN pg_language l ON l.oid = p.prolang WHERE ${OWN}
UNION ALL SELECT 'trigger', c.relname::text, NULL, pg_get_ruledef(r.oid),
  CASE r.ev_type WHEN '2' THEN 'updated' WHEN '3' THEN 'created' ELSE 'deleted' END, NULL
${relations} JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN' WHERE ${OWN}
UNION ALL SELECT 'routine', NULL, p.proname::text,
  CASE WHEN l.lanname NOT IN ('sql', 'plpgsql') THEN NULL
    WHEN p.prosrc = '' AND p.prokind IN ('f', 'p') THEN pg_get_functiondef(p.oid) ELSE p.prosrc END, NULL, NULL
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE ${OWN} AND p.prokind <> 'a' AND ${notOfExtension('pg_proc', 'p.oid')}
UNION ALL SELECT 'parent', c.relname::text, pc.relname::text, NULL, NULL, NULL
${relations} JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class pc ON pc.oid = i.inhparent
WHERE ${OWN} AND c.relkind IN ('r', 'p', 'f')
UNION ALL SELECT 'key', c.relname::text, tc.relname::text, ${columnNames('k.conrelid', 'k.conkey')},
  ${columnNames('k.confrelid', 'k.confkey')}, ${actionOf('k.confdeltype')} || ' ' || ${actionOf('k.confupdtype')}
${relations} JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f' JOIN pg_class tc ON tc.oid = k.confrelid
WHERE ${OWN} AND (k.confdeltype NOT IN ('a', 'r') OR k.confupdtype NOT IN ('a', 'r'))`
}
