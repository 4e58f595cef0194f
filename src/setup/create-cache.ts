import type { CacheControl } from '../control/cache-control.ts'
import { optionalPackage } from '../optional-package.ts'
import type { CacheOptions } from '../policy/options.ts'
import { validateOptions } from '../policy/validate-options.ts'
import { type ModelGraph, modelGraph, OPEN_GRAPH } from '../query/model-graph.ts'
import { schemaDataModel } from '../query/schema-data-model.ts'
import type { DecimalClass } from '../read/read-context.ts'
import { openCache } from './open-cache.ts'
import { withSurroundings } from './surroundings.ts'

/**
 * The cache without a Prisma client: for values of the application's own, and for processes that invalidate or look at
 * what others cache. Options, config file and environment are those of `cacheExtension`; with the same `redis` and
 * `prefix` it is the same cache.
 *
 *     const cache = createCache({ redis: url, prefix: 'shop:' })
 *
 * `schema`, the text of the Prisma schema, tells which models there are and what the database deletes or rewrites along
 * with them. Without it any name is taken for a model, and `invalidate({ models })` moves the models it is given alone.
 *
 * @throws CacheConfigError naming the option, the value seen and the fix.
 */
export function createCache(options: CacheOptions = {}): CacheControl {
  const all = withSurroundings(validateOptions(options))
  return openCache(all, { graph: graphOf(all.schema), globalOmit: {}, decimals: prismaDecimals() }).control
}

function graphOf(schema: string | undefined): ModelGraph {
  if (schema === undefined) return OPEN_GRAPH
  const { provider, dataModel } = schemaDataModel(schema)
  return modelGraph(dataModel, provider, schema)
}

/** The class of every Prisma 7 client, if Prisma is installed at all; asked for when a value holds a Decimal. */
function prismaDecimals(): DecimalClass {
  return {
    async ready() {
      const runtime = optionalPackage('@prisma/client/runtime/client') as
        | { readonly Decimal?: new (text: string) => object }
        | undefined
      const Decimal = runtime?.Decimal
      if (!Decimal) throw new TypeError('a Decimal cannot be read: @prisma/client is not installed')
      return (text) => new Decimal(text)
    },
  }
}
