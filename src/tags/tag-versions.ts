import { randomFillSync } from 'node:crypto'

/**
 * The version of a tag: a random token. Never a counter (an evicted counter starts again and climbs back to a value an
 * old entry still holds) and never a clock (two machines disagree). `null` is a tag nobody holds a version of.
 */
export type TagVersion = string
export type SeenVersion = TagVersion | null

/**
 * Said instead of a version while a writer holds the tag: its change may be committed and is not announced yet, so
 * nothing may be served or stored under this tag. No version, and unlike every version.
 */
export const HELD = '~'

const VERSION_BYTES = 9
const pool = Buffer.allocUnsafe(VERSION_BYTES * 256)
let used = pool.length

/** 72 random bits in 12 characters that need no escaping in an envelope. */
export function newVersion(): TagVersion {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += VERSION_BYTES
  return pool.toString('base64url', used - VERSION_BYTES, used)
}
