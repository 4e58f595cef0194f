import type { FieldNameOf, ModelNameOf } from '../policy/model-names.ts'
import type { CacheConfig, ModelCachePolicy, RawRule, WarmerOptions } from '../policy/options.ts'

/** A config whose names of models and fields are those of `Client`. */
export type CacheConfigOf<Client> = Omit<CacheConfig, 'models' | 'raw' | 'warmers'> & {
  readonly models?: { readonly [M in ModelNameOf<Client>]?: ModelPolicyOf<Client, M> | false }
  readonly raw?: readonly RawRuleOf<Client>[]
  readonly warmers?: readonly WarmerOf<Client>[]
}

type ModelPolicyOf<Client, M extends string> = Omit<ModelCachePolicy, 'neverCache' | 'dependsOn'> & {
  readonly neverCache?: readonly FieldNameOf<Client, M>[]
  readonly dependsOn?: readonly ModelNameOf<Client>[]
}

type RawRuleOf<Client> = Omit<RawRule, 'reads' | 'writes'> & {
  readonly reads?: readonly ModelNameOf<Client>[]
  readonly writes?: readonly ModelNameOf<Client>[]
}

// biome-ignore lint/suspicious/noExplicitAny: as in `WarmerOptions`, where the client is not known
type WarmerOf<Client> = WarmerOptions<unknown extends Client ? any : Client, ModelNameOf<Client>>

/**
 * The contents of a `cache.config.*` file, with model and field names checked by the type system:
 *
 *     export default defineCacheConfig<PrismaClient>({ models: { User: { ttl: 60 } } })
 *
 * Returns what it is given; what is wrong in a way types cannot see is told when the extension is set up.
 */
export function defineCacheConfig<Client = unknown>(config: CacheConfigOf<Client>): CacheConfig {
  return config as CacheConfig
}
