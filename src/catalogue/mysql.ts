import type { AskedTables, CatalogueDialect } from './catalogue.ts'
import { foundIn } from './rows.ts'
import { textList } from './sql-text.ts'

/**
 * MySQL and MariaDB. A user is shown what it may use: triggers only with the right TRIGGER, and without it nothing says
 * that there are some. Several statements, for one would have to bring columns of different collations into one.
 */
export const mysql: CatalogueDialect = { statements, found: foundIn }

function statements({ tables, schemas }: AskedTables): readonly string[] {
  const asked = textList(tables)
  const inSchema = (column: string) =>
    schemas.length === 0 ? `${column} = DATABASE()` : `(${column} = DATABASE() OR ${column} IN (${textList(schemas)}))`
  return [
    `SELECT 'table' AS what, t.TABLE_NAME AS relation, NULL AS name, IF(e.TRANSACTIONS = 'NO', '0', '1') AS a, NULL AS b,
  NULL AS c
FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ON e.ENGINE = t.ENGINE
WHERE ${inSchema('t.TABLE_SCHEMA')} AND t.TABLE_NAME IN (${asked})`,
    `SELECT 'column' AS what, TABLE_NAME AS relation, COLUMN_NAME AS name,
  CONCAT_WS(' ', IF(GENERATION_EXPRESSION <> '' OR EXTRA LIKE '%GENERATED ALWAYS%' OR EXTRA LIKE '%STORED GENERATED%'
    OR EXTRA LIKE '%VIRTUAL GENERATED%', 'generated', NULL), IF(EXTRA LIKE '%on update%', 'on-update', NULL),
    IF(EXTRA LIKE '%auto_increment%', 'serial', NULL),
    IF((COLUMN_DEFAULT IS NOT NULL AND COLUMN_DEFAULT <> 'NULL') OR EXTRA LIKE '%auto_increment%' OR IS_NULLABLE = 'NO',
    'default', NULL)) AS a,
  COLLATION_NAME AS b, IF(COLLATION_NAME LIKE '%\\_bin' OR COLLATION_NAME = 'binary', '1', '0') AS c
FROM information_schema.COLUMNS WHERE ${inSchema('TABLE_SCHEMA')} AND TABLE_NAME IN (${asked})`,
    `SELECT 'view' AS what, TABLE_NAME AS relation, NULL AS name, VIEW_DEFINITION AS a, NULL AS b, NULL AS c
FROM information_schema.VIEWS WHERE ${inSchema('TABLE_SCHEMA')}`,
    `SELECT 'trigger' AS what, EVENT_OBJECT_TABLE AS relation, NULL AS name, ACTION_STATEMENT AS a,
  CASE EVENT_MANIPULATION WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'updated' ELSE 'deleted' END AS b,
  IF(ACTION_TIMING = 'BEFORE' AND EVENT_MANIPULATION <> 'DELETE', 'row', NULL) AS c
FROM information_schema.TRIGGERS WHERE ${inSchema('TRIGGER_SCHEMA')}`,
    `SELECT 'routine' AS what, NULL AS relation, ROUTINE_NAME AS name, ROUTINE_DEFINITION AS a, NULL AS b, NULL AS c
FROM information_schema.ROUTINES WHERE ${inSchema('ROUTINE_SCHEMA')}`,
    // Both tables are narrowed: one that is only joined is made for every database of the server.
    `SELECT 'key' AS what, k.TABLE_NAME AS relation, k.REFERENCED_TABLE_NAME AS name,
  CONCAT('[', GROUP_CONCAT(JSON_QUOTE(k.COLUMN_NAME) ORDER BY k.ORDINAL_POSITION), ']') AS a,
  CONCAT('[', GROUP_CONCAT(JSON_QUOTE(k.REFERENCED_COLUMN_NAME) ORDER BY k.ORDINAL_POSITION), ']') AS b,
  CONCAT(CASE WHEN r.DELETE_RULE = 'CASCADE' THEN 'cascade' WHEN r.DELETE_RULE LIKE 'SET%' THEN 'set' ELSE 'none' END, ' ',
    CASE WHEN r.UPDATE_RULE = 'CASCADE' THEN 'cascade' WHEN r.UPDATE_RULE LIKE 'SET%' THEN 'set' ELSE 'none' END) AS c
FROM information_schema.REFERENTIAL_CONSTRAINTS r JOIN information_schema.KEY_COLUMN_USAGE k
  ON k.CONSTRAINT_SCHEMA = r.CONSTRAINT_SCHEMA AND k.CONSTRAINT_NAME = r.CONSTRAINT_NAME AND k.TABLE_NAME = r.TABLE_NAME
WHERE ${inSchema('r.CONSTRAINT_SCHEMA')} AND ${inSchema('k.TABLE_SCHEMA')} AND (r.DELETE_RULE LIKE 'SET%' OR r.DELETE_RULE = 'CASCADE'
  OR r.UPDATE_RULE LIKE 'SET%' OR r.UPDATE_RULE = 'CASCADE')
GROUP BY k.TABLE_NAME, k.REFERENCED_TABLE_NAME, r.CONSTRAINT_NAME, r.DELETE_RULE, r.UPDATE_RULE`,
    hiddenTriggers(asked, inSchema),
  ]
}

/** A row where there are tables whose triggers the user is not shown. Rights by a role are listed under the role. */
function hiddenTriggers(asked: string, inSchema: (column: string) => string): string {
  const self = `p.PRIVILEGE_TYPE = 'TRIGGER' AND p.GRANTEE IN (
    CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), ''''),
    CURRENT_ROLE(), CONCAT('''', CURRENT_ROLE(), ''''), CONCAT('''', CURRENT_ROLE(), '''@'''''))`
  return `SELECT DISTINCT 'hidden' AS what, NULL AS relation, NULL AS name, NULL AS a, NULL AS b, NULL AS c
FROM information_schema.TABLES t WHERE ${inSchema('t.TABLE_SCHEMA')} AND t.TABLE_NAME IN (${asked})
AND NOT EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES p WHERE ${self})
AND NOT EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES p WHERE t.TABLE_SCHEMA LIKE p.TABLE_SCHEMA AND ${self})
AND NOT EXISTS (SELECT 1 FROM information_schema.TABLE_PRIVILEGES p
  WHERE t.TABLE_SCHEMA = p.TABLE_SCHEMA AND t.TABLE_NAME = p.TABLE_NAME AND ${self})`
}
