import { StoreUnavailableError } from '../errors.ts'
import type { Delivered, GuardedStore } from './guarded-store.ts'
import { pageOf } from './key-order.ts'
import type { CacheStore, ShapeRegistry } from './store.ts'

/** Guards a store inside the process. It is neither timed nor retried: it answers, or has a fault that no retry mends. */
export function guardLocal(store: CacheStore, onError: (during: string, error: unknown) => void): GuardedStore {
  let hasLost = false
  let isClosed = false

  async function deliver(send: () => Promise<readonly ShapeRegistry[]>): Promise<Delivered> {
    try {
      return { delivery: 'delivered', registries: await send() }
    } catch (error) {
      // A store that said it cannot fail: nothing in it can be trusted any more, and the write must not fail with it.
      hasLost = true
      onError('invalidate', error)
      return { delivery: 'kept', registries: [] }
    }
  }

  return {
    name: store.name,
    isRemote: false,
    near: (key, tags) => (hasLost || isClosed ? undefined : store.near?.(key, tags)),
    async lookUp(key, tags, how) {
      if (hasLost || isClosed) throw new StoreUnavailableError(isClosed ? 'closed' : 'the store lost an invalidation')
      return store.lookUp(key, tags, how)
    },
    register: (shapes) => store.register(shapes),
    fill: (key, entry, ttlMs, tags) => store.fill(key, entry, ttlMs, tags),
    increment: (key, by, ttlMs) => store.increment(key, by, ttlMs),
    hold: (tags, holder, leaseMs, known) => store.hold(tags, holder, leaseMs, known),
    bump: (tags, known, graceUntil) => deliver(() => store.bump(tags, known, graceUntil)),
    release: (holder, moved, kept, known) => deliver(() => store.release(holder, moved, kept, known)),
    remove: (keys) => store.remove(keys),
    removeInTime: (keys) => store.remove(keys),
    scan: (pattern) => store.scan(pattern),
    ...(store.removeElsewhere && { removeElsewhere: (pattern) => store.removeElsewhere!(pattern) }),
    page: (pattern, cursor, limit) => pageOf(store, pattern, cursor, limit),
    peek: (key) => store.peek(key),
    clear: () => store.clear(),
    ping: () => store.ping(),
    close() {
      isClosed = true
      return store.close()
    },
    ...(store.local && { local: () => store.local!() }),
    condition: () => ({ state: hasLost || isClosed ? 'unavailable' : 'ok', undelivered: 0 }),
    delivered: async () => {},
    ready: async () => {},
    rest() {},
  }
}
