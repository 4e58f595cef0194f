import { createHash } from 'node:crypto'

/** Characters of a digest: two queries of one cache have the same by chance once in 2^96. */
const LENGTH = 16
const MAX_KEYS = 4096
const known = new Map<string, string>()

/** What an entry says of its query, where the query's digest is in the key. */
export function checkOf(digest: string): string {
  return digest.slice(0, LENGTH)
}

/** The same of an entry whose key is a name of the application's own. */
export function checkOfKey(key: string): string {
  let check = known.get(key)
  if (check === undefined) {
    if (known.size >= MAX_KEYS) known.clear()
    known.set(key, (check = checkOf(createHash('sha256').update(key).digest('base64url'))))
  }
  return check
}
