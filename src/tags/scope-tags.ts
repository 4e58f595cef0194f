import { sha256 } from './digest.ts'
import type { Digest } from './keyed-digest.ts'
import type { Tag } from './tag.ts'

/** Characters of a name; of a fixed number, so that no scope and tag can be taken for another. */
const LENGTH = 22

/**
 * A scope as tags say it, 132 bits whatever it was made of: two scopes never share a tag, however they are spelt. Only
 * what has one spelling, `7` and `'7'`, has one name: who invalidates may have read it from elsewhere.
 */
export function scopeName(scope: string | number | boolean, digest: Digest = sha256): string {
  return digest(`scope\n${String(scope)}`).slice(0, LENGTH)
}

/** All that was asked in a scope, or what of it depends on a tag of the application's own. */
export function inScope(name: string, tag: Tag = ''): Tag {
  return `%${name}${tag}`
}

/** The tag it is in all scopes; `''` for the scope itself, and `undefined` for what is in none. */
export function outOfScope(tag: Tag): Tag | undefined {
  return tag.startsWith('%') ? tag.slice(LENGTH + 1) : undefined
}
