import { CodecError } from '../errors.ts'

/** Deeper than `encode` writes: a level of a value takes two brackets at most. */
const MAX_NESTING = 512

/**
 * Refuses JSON whose lists and objects lie too deep in each other, before it is parsed: whoever walks such a value,
 * Prisma included, runs out of stack, and the caller's query would reject.
 *
 * @throws CodecError
 */
export function assertNesting(json: string): void {
  // Most results have few brackets, which is quickly seen.
  if ((hasMany(json, '[') || hasMany(json, '{')) && isTooDeep(json)) throw new CodecError('nested too deeply')
}

function hasMany(json: string, bracket: string): boolean {
  let at = -1
  for (let left = MAX_NESTING / 2; left > 0; left -= 1) {
    at = json.indexOf(bracket, at + 1)
    if (at < 0) return false
  }
  return true
}

function isTooDeep(json: string): boolean {
  let depth = 0
  for (let i = 0; i < json.length; i += 1) {
    switch (json.charCodeAt(i)) {
      case QUOTE:
        i = endOfText(json, i)
        break
      case LIST:
      case OBJECT:
        depth += 1
        if (depth > MAX_NESTING) return true
        break
      case LIST_END:
      case OBJECT_END:
        depth -= 1
    }
  }
  return false
}

const [QUOTE, LIST, OBJECT, LIST_END, OBJECT_END, BACKSLASH] = [34, 91, 123, 93, 125, 92]

/** Where the text that begins at `start` ends: at the next quote that no backslash stands before. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let backslashes = 0
    while (json.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return end
  }
  return json.length
}
