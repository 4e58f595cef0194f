import type { CacheControl, CacheOptions } from '../../src/index.ts'
import { freshPrefix } from '../environment.ts'
import type { Client } from './cases.ts'
import { type Contender, HOUR, rename } from './contender.ts'
import type { World } from './world.ts'

/** The package, from wherever it was loaded. */
export type Package = typeof import('../../src/index.ts')

/** Names the targets ask for. */
export const NEAR = 'ours, memory'
export const FAR = 'ours, redis'
/** Memory in front of Redis, where a hit asks Redis for versions alone. */
export const VALIDATED = 'ours, near + far, validated'
/** The same, where Redis pushes what changes. */
export const SUBSCRIBED = 'ours, near + far, subscribed'

/** This package with the store that `place` names, everything else as a user has it who changes nothing. */
export function ours(
  { cacheExtension }: Package,
  name: string,
  from: Contender['from'],
  place: (world: World) => Pick<CacheOptions, 'redis' | 'store' | 'near'>,
): Contender {
  return {
    name,
    role: 'ours',
    from,
    async open(world) {
      const options = { ...OPTIONS, ...place(world), prefix: freshPrefix() }
      const client = world.plain.$extends(cacheExtension(options)) as unknown as CachedClient
      return {
        read: (query) => query.run(client),
        rename: (id, name) => rename({ ...world, plain: client }, id, name),
        readTagged: (id, tags) =>
          client.user.findUnique({ where: { id }, cache: { tags } } as { where: { id: number } }),
        settled: () => client.$cache.settled(),
        close: () => client.$cache.disconnect(),
      }
    },
  }
}

type CachedClient = Client & { readonly $cache: CacheControl }

/** Of a benchmark: nothing expires, and a busy machine is not mistaken for a slow server. */
export const OPTIONS: CacheOptions = {
  configFile: false,
  defaults: { ttl: HOUR, jitter: 0 },
  // A machine that stands still for a moment must not turn hits into queries.
  timeoutMs: 10_000,
  // A Redis that has just come is read from at once: nobody else has anything to tell it.
  breaker: { quarantineMs: 0 },
  // Of 10 000 rows.
  maxValueBytes: 1 << 24,
}
