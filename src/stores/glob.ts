/** Redis's glob as an expression: `*`, `?`, `[abc]`, `[^a-z]`, and `\` before a character meant literally. */
export function globExpression(pattern: string): RegExp {
  let source = ''
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at] as string
    const set = char === '[' ? /^\[(\^?)((?:\\.|[^\]\\])*)\]/.exec(pattern.slice(at)) : null
    if (set) {
      source += `[${set[1]}${(set[2] as string).replace(/[[\]^]/g, '\\$&')}]`
      at += set[0].length - 1
    } else if (char === '*') source += '[\\s\\S]*'
    else if (char === '?') source += '[\\s\\S]'
    else if (char === '\\' && at + 1 < pattern.length) source += literal(pattern[++at] as string)
    else source += literal(char)
  }
  return new RegExp(`^${source}$`)
}

/** A text that matches only itself. */
export function globLiteral(text: string): string {
  return text.replace(/[*?[\]\\^]/g, '\\$&')
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&')
}
