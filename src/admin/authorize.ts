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

/** Who asks, as far as `authorize` says. */
export interface Viewer {
  readonly actor: string | undefined
  /** May look, and change nothing. */
  readonly isReadOnly: boolean
}

/** Decides about every request. What it throws refuses the request. */
export type Authorize = (request: Request) => Grant | Promise<Grant>

const SHORTEST_SECRET = 16
const IN_A_HEADER = /^[\x21-\x7e]+$/

/**
 * Lets in whoever sends `Authorization: Bearer <secret>`. Compared in constant time, whatever the lengths.
 *
 *     adminHandler(prisma.$cache, { authorize: bearerToken(process.env.CACHE_ADMIN_TOKEN) })
 *
 * @throws CacheConfigError for a secret of fewer than 16 characters, or none: an unset variable must not open a door. And for
 * one that no header can hold, which would let nobody in.
 */
export function bearerToken(
  secret: string | undefined,
  grant: { readonly actor?: string; readonly readOnly?: boolean } = {},
): (request: Request) => Grant {
  if (typeof secret !== 'string' || secret.length < SHORTEST_SECRET) {
    const problem = typeof secret === 'string' ? `got ${secret.length} characters` : `got ${typeof secret}`
    throw new CacheConfigError('bearerToken', problem, `Give a secret of ${SHORTEST_SECRET} characters or more.`)
  }
  if (!IN_A_HEADER.test(secret)) {
    throw new CacheConfigError(
      'bearerToken',
      'the secret has spaces, or characters that are not ASCII',
      'Make one with `openssl rand -base64 32`.',
    )
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
