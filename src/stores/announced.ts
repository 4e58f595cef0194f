import { peerGroup, peersOf } from './process-peers.ts'
import type { CacheStore } from './store.ts'
import { withMethods } from './with-methods.ts'

/**
 * A remote store whose changes are told to the stores of this process before they are sent, and again once they are
 * acknowledged. Without it, the copies of a second client of this process would wait for the push of the server.
 * Twice, because a look-up that was answered in between may have brought the old version back.
 */
export function announced(store: CacheStore, prefix: string): CacheStore {
  if (!store.isRemote) return store
  const group = peerGroup(prefix)

  async function telling<T>(tell: () => void, send: () => Promise<T>): Promise<T> {
    tell()
    try {
      return await send()
    } finally {
      tell()
    }
  }
  const invalidate = (tags: readonly string[]) => () => {
    for (const peer of peersOf(group)) peer.invalidate(tags)
  }
  const changes: Pick<CacheStore, 'bump' | 'hold' | 'release' | 'remove' | 'clear'> = {
    bump: (tags, known, graceUntil) => telling(invalidate(tags), () => store.bump(tags, known, graceUntil)),
    hold: (tags, ...rest) => telling(invalidate(tags), () => store.hold(tags, ...rest)),
    release: (holder, moved, kept, known) =>
      telling(invalidate([...moved, ...kept]), () => store.release(holder, moved, kept, known)),
    remove(keys) {
      const remove = () => {
        for (const peer of peersOf(group)) peer.remove(keys)
      }
      return telling(remove, () => store.remove(keys))
    },
    clear() {
      const clear = () => {
        for (const peer of peersOf(group)) peer.clear()
      }
      return telling(clear, () => store.clear())
    },
  }
  return withMethods(store, changes)
}
