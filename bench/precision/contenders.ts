import type { CacheControl, CacheOptions } from '../../src/index.ts'
import { freshPrefix } from '../environment.ts'
import type { ExtensibleClient, ShopClient } from './shop-client.ts'

export interface CachedClient extends ShopClient {
  readonly $cache: CacheControl
}

export interface Contender {
  readonly name: string
  /** A store of nobody else, that nothing is evicted from and nothing expires in: only invalidations cause misses. */
  cache(store: StoreKind): Cache
}

/** Clients that are given it share their entries. */
export type Cache = (client: ExtensibleClient) => CachedClient

/** Redis by its URL. */
export type StoreKind = 'memory' | { readonly redis: string }

/** The package, from wherever it was loaded. */
export type Package = typeof import('../../src/index.ts')

type Invalidation = NonNullable<CacheOptions['invalidation']>

/** In the order of what they know. */
export function contenders(ours: Package): readonly Contender[] {
  return (['model', 'row', 'shape'] as const).map((invalidation) => contender(ours, invalidation))
}

function contender({ cacheExtension, memoryStore }: Package, invalidation: Invalidation): Contender {
  return {
    name: invalidation,
    cache(store) {
      const place = store === 'memory' ? { store: memoryStore({ maxEntries: 1 << 15, maxBytes: 1 << 30 }) } : store
      const extension = cacheExtension({ ...OPTIONS, ...place, invalidation, prefix: freshPrefix() })
      return (client) => client.$extends(extension) as CachedClient
    },
  }
}

const HOUR = 3600

const OPTIONS: CacheOptions = {
  configFile: false,
  defaults: { ttl: HOUR, nullTtl: HOUR, jitter: 0 },
  timeoutMs: 10_000,
}
