import type { Model, ModelGraph } from './model-graph.ts'

/** What can be told of a raw statement from its text, without a grammar of every dialect. */
export interface StatementScan {
  /** It may change data: it holds a writing keyword, or its first word is none of those that only read. */
  readonly writes: boolean
  /** It may empty tables, and with CASCADE every table that refers to one of them. */
  readonly truncates: boolean
  /** Models whose table is named anywhere in the text; `undefined` when the text cannot tell what it touches. */
  readonly models: ReadonlySet<Model> | undefined
}

/**
 * Errs towards "writes" and towards more tables: a name inside a comment or a string counts as well. What it cannot see
 * is what the database does out of sight: a function that writes, called from a SELECT, and triggers.
 */
export function scanStatement(graph: ModelGraph, sql: string): StatementScan {
  const words = new Set(wordsOf(sql))
  const first = /^[\s(]*(\w+)/.exec(sql.replace(COMMENTS, ' '))?.[1]?.toLowerCase() ?? ''
  const locksOnly = sql.toLowerCase().replace(ROW_LOCKS, ' ')
  const writes = !READS.has(first) || wordsOf(locksOnly).some((word) => WRITING_KEYWORDS.has(word))
  if (!NAMES_ITS_TABLES.has(first)) return { writes, truncates: false, models: undefined }
  const models = new Set<Model>()
  for (const model of graph.models.values()) {
    if (isNamed(model.table, words, sql)) models.add(model)
    for (const field of model.fields.values()) {
      // The join table of an implicit many-to-many relation belongs to both ends.
      if (field.relationName !== undefined && isNamed(`_${field.relationName}`, words, sql)) models.add(model)
    }
  }
  return { writes, truncates: words.has('truncate'), models: models.size > 0 ? models : undefined }
}

/**
 * Whether a statement may end the transaction it runs in: COMMIT and its likes, a list of statements, and whatever is
 * not known to leave it open. (MySQL commits before any DDL; PostgreSQL and SQLite do not, but need not be believed.)
 */
export function mayEndTransaction(sql: string): boolean {
  return !/^\s*(select|with|values|insert|update|delete|merge|set|show)\b[^;]*;?\s*$/i.test(sql)
}

const COMMENTS = /--[^\n]*|\/\*[\s\S]*?\*\//g
/** `SELECT … FOR UPDATE` locks rows; it changes none. */
const ROW_LOCKS = /\bfor\s+(no\s+key\s+)?update\b/g
const READS: ReadonlySet<string> = new Set([
  'select',
  'with',
  'values',
  'table',
  'show',
  'explain',
  'pragma',
  'describe',
])
const NAMES_ITS_TABLES: ReadonlySet<string> = new Set([
  'select',
  'with',
  'values',
  'insert',
  'update',
  'delete',
  'replace',
  'merge',
  'truncate',
])
const WRITING_KEYWORDS: ReadonlySet<string> = new Set([
  'insert',
  'update',
  'delete',
  'replace',
  'merge',
  'truncate',
  'into',
  'alter',
  'drop',
  'create',
  'call',
  'copy',
  'exec',
  'execute',
  'do',
  'load',
  'rename',
  'analyze',
  'attach',
])

function wordsOf(sql: string): string[] {
  return sql.toLowerCase().match(/[\p{L}\p{N}_$]+/gu) ?? []
}

function isNamed(table: string, words: ReadonlySet<string>, sql: string): boolean {
  const name = table.toLowerCase()
  // A name that is not one word stands in quotes: anywhere in the text will do.
  return /^[\p{L}\p{N}_$]+$/u.test(name) ? words.has(name) : sql.toLowerCase().includes(name)
}
