import type { GuardedStore, GuardOptions } from './guarded-store.ts'
import { guardLocal } from './local-guard.ts'
import { RemoteGuard } from './remote-guard.ts'
import type { CacheStore } from './store.ts'

/** What stands between the cache and its store. */
export function guardedStore(store: CacheStore, options: GuardOptions): GuardedStore {
  return store.isRemote ? new RemoteGuard(store, options) : guardLocal(store, options.onError)
}
