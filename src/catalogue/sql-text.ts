/** Names as literals of a list; of an empty one nothing is ever a member. */
export function textList(names: readonly string[]): string {
  return names.length === 0 ? "''" : names.map(textLiteral).join(', ')
}

/** Names come from a schema file, never from data; a backslash, which dialects read differently, is in none. */
function textLiteral(name: string): string {
  return `'${name.replaceAll("'", "''").replaceAll('\\', '')}'`
}
