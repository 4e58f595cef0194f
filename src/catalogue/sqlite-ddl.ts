/** The text of a statement without comments, and without what stands in quotes. */
export function withoutTexts(sql: string): string {
  return sql.replace(QUOTED, "''")
}

const QUOTED = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]/g

/** Collations that a CREATE TABLE gives to columns, in capitals, by the column's name in lower case. */
export function columnCollations(sql: string): ReadonlyMap<string, string> {
  const collations = new Map<string, string>()
  for (const definition of definitions(sql)) {
    const name = /^\s*(?:"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]]*)\]|([\w$]+))/
      .exec(definition)
      ?.slice(1)
      .find((it) => it !== undefined)
    const collation = /\bcollate\s+["'`[]?(\w+)/i.exec(definition.replace(/'(?:[^']|'')*'/g, "''"))?.[1]
    if (name !== undefined && collation !== undefined) collations.set(name.toLowerCase(), collation.toUpperCase())
  }
  return collations
}

/** What stands between the outermost brackets, comma by comma. */
function definitions(sql: string): string[] {
  const text = sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\//g, ' ')
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const match of text.matchAll(/'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[(),]/g)) {
    const [token] = match
    if (token === '(') {
      depth += 1
      if (depth === 1) start = match.index + 1
    } else if ((token === ',' && depth === 1) || (token === ')' && depth === 1)) {
      parts.push(text.slice(start, match.index))
      start = match.index + 1
      if (token === ')') depth = 0
    } else if (token === ')') depth -= 1
  }
  return parts
}
