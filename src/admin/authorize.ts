import { createHash, timingSafeEqual } from 'node:crypto'
import { CacheConfigError } from '../errors.ts'

/** What whoever sent a request may do; anything falsy: nothing. */
export type Grant =
  | boolean
  | null
  | undefined
  | {
      /** Who it is, for the audit: a name, never a credential. */
      readonly actor?: string | undefined
      /** Looking only. @default false */
      readonly readOnly?: boolean | undefined
    }

/** Decides about every request. What it throws refuses the request. */
export type Authorize = (request: Request) => Grant | Promise<Grant>

const SHORTEST_SECRET = 16

/**
 * Lets in whoever sends `Authorization: Bearer <secret>`. Compared in constant time, whatever the lengths.
 *
 *     adminHandler(prisma.$cache, { authorize: bearerToken(process.env.CACHE_ADMIN_TOKEN) })
 *
 * @throws CacheConfigError for a secret of fewer than 16 characters, or none: an unset variable must not open a door.
 */
export function bearerToken(
  secret: string | undefined,
  grant: { readonly actor?: string; readonly readOnly?: boolean } = {},
): (request: Request) => Grant {
  if (typeof secret !== 'string' || secret.length < SHORTEST_SECRET) {
    const problem = typeof secret === 'string' ? `got ${secret.length} characters` : `got ${typeof secret}`
    throw new CacheConfigError('bearerToken', problem, `Give a secret of ${SHORTEST_SECRET} characters or more.`)
  }
  const wanted = digest(secret)
  return (request) => {
    const [, given] = /^Bearer +([^\s]+) *$/i.exec(request.headers.get('authorization') ?? '') ?? []
    // Digests are of one length, and say nothing of where two secrets differ.
    return given !== undefined && timingSafeEqual(digest(given), wanted) ? grant : false
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
