import * as v from 'valibot'
import { CacheConfigError } from '../errors.ts'
import { check, listOf, shape } from '../input.ts'
import { secondsSchema } from '../policy/ttl.ts'
import { tagName } from '../policy/validate-options.ts'

const strategy = shape({
  ttl: v.optional(secondsSchema),
  swr: v.optional(secondsSchema),
  tags: v.optional(listOf(tagName, 'Give a list of tags.')),
})

/** Seconds. A result of which only `swr` is said expires at once, and is served from then on. */
const NO_TTL = 0.001

type Args = Readonly<Record<string, unknown>>

/**
 * `cacheStrategy` as `cache`. A write may not have one by its type; there, as by the extension of Prisma, it is left out.
 *
 * @throws CacheConfigError
 */
export function cacheArguments(args: Args, isRead: boolean): Args {
  if (!('cacheStrategy' in args)) return args
  const { cacheStrategy, ...rest } = args
  if (!isRead || cacheStrategy === undefined) return rest
  if (rest['cache'] !== undefined) {
    throw new CacheConfigError('cacheStrategy', '`cache` is given as well', 'Give one of the two.')
  }
  return { ...rest, cache: cacheOf(cacheStrategy) }
}

function cacheOf(given: unknown) {
  const { ttl = 0, swr = 0, tags = [] } = check(strategy, given, 'cacheStrategy')
  if (ttl === 0 && swr === 0) return false
  const fresh = ttl === 0 ? NO_TTL : ttl
  return { ttl: fresh, nullTtl: fresh, swr, tags }
}
