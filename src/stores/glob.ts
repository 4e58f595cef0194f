/** Redis's glob as an expression: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before a character meant literally. */
export function globExpression(pattern: string): RegExp {
  const [first = '', ...others] = betweenStars(pattern)
  const last = others.pop()
  if (last === undefined) return new RegExp(`^${first}$`)
  // What stands between two stars is taken where it comes first, and never looked for again: if the rest does not match
  // behind there, it does not match behind a later place. An expression that tried them all would take a minute for
  // `*?*?*?*?*?*?*?*?*?*?!`, in which the process answers nobody. A group that is not tried again is written as what is
  // looked ahead for, and then said.
  const between = others.filter((part) => part !== '').map((part, i) => `(?=(${ANY}*?${part}))\\${i + 1}`)
  return new RegExp(`^${first}${between.join('')}${ANY}*${last}$`)
}

const ANY = '[\\s\\S]'

/** Expressions of the parts of a pattern that its stars divide. */
function betweenStars(pattern: string): string[] {
  const parts: string[] = []
  let source = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string
    if (char === '[') {
      const set = characterSet(pattern, at)
      source += set.source
      at = set.end
    } else if (char === '*') {
      parts.push(source)
      source = ''
    } else if (char === '?') source += ANY
    else if (char === '\\' && at + 1 < pattern.length) source += literal(pattern[++at] as string)
    else source += literal(char)
  }
  return [...parts, source]
}

/** As Redis reads one: `\` makes any character literal, a range may be written backwards, the end of the pattern ends it. */
function characterSet(pattern: string, open: number): { readonly source: string; readonly end: number } {
  const negated = pattern[open + 1] === '^'
  let members = ''
  let at = open + (negated ? 2 : 1)
  for (; at < pattern.length && pattern[at] !== ']'; at += 1) {
    if (pattern[at] === '\\' && at + 1 < pattern.length) members += literal(pattern[++at] as string)
    else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const [low, high] = [pattern[at] as string, pattern[at + 2] as string].sort()
      members += `${literal(low as string)}-${literal(high as string)}`
      at += 2
    } else members += literal(pattern[at] as string)
  }
  if (members === '') return { source: negated ? '[\\s\\S]' : '(?!)', end: at }
  return { source: `[${negated ? '^' : ''}${members}]`, end: at }
}

/** A text that matches only itself. */
export function globLiteral(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
