import type { CacheStore } from './store.ts'

/** The store with some methods of another kind. */
export function withMethods(store: CacheStore, methods: Partial<CacheStore>): CacheStore {
  return Object.assign(Object.create(bound(store)) as CacheStore, methods)
}

/** Every method of the store, bound to it: an application's own store may be an instance of a class. */
function bound(store: CacheStore): CacheStore {
  const methods = new Map<PropertyKey, unknown>()
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (!methods.has(name)) methods.set(name, value.bind(target))
      return methods.get(name)
    },
  })
}
