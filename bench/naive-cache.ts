import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'

/**
 * The control: what one writes in an afternoon. Look, ask, store; after a write, forget everything. It invalidates more
 * than any real cache and is stale all the same, because nothing ties a fill to the moment its answer was true.
 */
export function naiveCache(client: ClientOf<Provider>, entries: Map<string, unknown>): ClientOf<Provider> {
  const extended = client.$extends({
    query: {
      async $allOperations({ model, operation, args, query }) {
        if (!/^(find|count|aggregate|groupBy)/.test(operation)) {
          const result = await query(args)
          entries.clear()
          return result
        }
        const key = `${model}.${operation} ${JSON.stringify(args)}`
        if (entries.has(key)) return structuredClone(entries.get(key))
        const result = await query(args)
        entries.set(key, structuredClone(plain(result)))
        return result
      },
    },
  })
  return extended as unknown as ClientOf<Provider>
}

/** Decimals cannot be cloned; nothing here looks at them. */
function plain(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
}
