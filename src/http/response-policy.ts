import type { ResponseReads } from './cache-status.ts'
import type { HttpSettings, ResponsePolicy } from './options.ts'

/** What keeps a response from being everybody's, whatever its policy says. */
export interface Circumstances {
  /** The request had `Authorization`, or the response sets a cookie. */
  readonly isPersonal: boolean
}

export function policyOf(path: string, { policy, routes }: HttpSettings): ResponsePolicy | string | false {
  const route = routes.find(([pattern]) => matchesPath(pattern, path))
  return route ? route[1] : policy
}

/**
 * The text of `Cache-Control`; `undefined`: none. `max-age` counts from when the database was asked, like `Age`: caches
 * take the one from the other.
 */
export function cacheControlOf(
  policy: ResponsePolicy | string | false,
  reads: ResponseReads | undefined,
  { isPersonal }: Circumstances,
): string | undefined {
  if (policy === false) return undefined
  if (typeof policy === 'string') return policy
  const scope = isPersonal ? 'private' : (policy.scope ?? 'private')
  const seconds = freshSeconds(policy, reads)
  if (seconds <= 0) return `${scope}, no-cache`
  return `${scope}, max-age=${seconds}${policy.swr ? `, stale-while-revalidate=${policy.swr}` : ''}`
}

function freshSeconds({ ttl = 0 }: ResponsePolicy, reads: ResponseReads | undefined): number {
  // What the cache itself holds for over is not handed on as fresh.
  if (reads?.status === 'STALE') return 0
  if (ttl !== 'remaining') return ttl
  const remaining = Math.floor((reads?.freshForMs ?? 0) / 1000)
  return remaining === 0 ? 0 : remaining + ageSeconds(reads)
}

export function ageSeconds(reads: ResponseReads | undefined): number {
  return Math.floor((reads?.ageMs ?? 0) / 1000)
}

/** `*` stands for anything. In time that grows with the path alone: it is the client's. */
export function matchesPath(pattern: string, path: string): boolean {
  const parts = pattern.split('*')
  if (parts.length === 1) return pattern === path
  const [first = '', last = ''] = [parts[0], parts.at(-1)]
  if (path.length < first.length + last.length || !path.startsWith(first) || !path.endsWith(last)) return false
  let at = first.length
  const end = path.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = path.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
