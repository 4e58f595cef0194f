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

/**
 * A tag that was invalidated softly says in its version which one it had before, and until when entries under that one
 * may still be served: `<new><old><until>`, and the same again for the ones before, each of a fixed length. It stands in
 * the version itself, so whatever moves the tag for good ends every grace in the same step.
 */
export const VERSION_LENGTH = 12
const UNTIL_LENGTH = 9
export const GRACE_LENGTH = VERSION_LENGTH + UNTIL_LENGTH
/** Graces a version remembers; the oldest goes, and its entries miss. */
export const MAX_GRACES = 4

/** Epoch milliseconds, as they stand in a version. */
export function untilText(until: number): string {
  return Math.max(0, Math.round(until)).toString(36).padStart(UNTIL_LENGTH, '0')
}

/** What a soft invalidation makes of the version `before`. In Redis the `SOFTEN` script does the same. */
export function softened(before: TagVersion, until: number): TagVersion {
  const graces = before.slice(VERSION_LENGTH, VERSION_LENGTH + GRACE_LENGTH * (MAX_GRACES - 1))
  return `${newVersion()}${before.slice(0, VERSION_LENGTH)}${untilText(until)}${graces}`
}

/** Until when an entry under `held` may be served although its tag has the version `now`, epoch ms; 0: not at all. */
export function graceUntil(held: TagVersion, now: SeenVersion | undefined): number {
  if (!now || now === HELD) return 0
  const old = held.slice(0, VERSION_LENGTH)
  for (let at = VERSION_LENGTH; at + GRACE_LENGTH <= now.length; at += GRACE_LENGTH) {
    if (!now.startsWith(old, at)) continue
    return Number.parseInt(now.slice(at + VERSION_LENGTH, at + GRACE_LENGTH), 36)
  }
  return 0
}
