import type { CacheStore } from './store.ts'
import { withMethods } from './with-methods.ts'

/**
 * For databases whose reads are answered by replicas: for `lagMs` after an invalidation what it changed is not stored,
 * because a replica may still show the state before. The invalidation leaves a hold behind that nobody releases.
 */
export function lagBehind(store: CacheStore, lagMs: number): CacheStore {
  if (lagMs === 0) return store
  // Shapes that come while the lag lasts are refused, for every write holds its model; those that came before are told.
  const bump: CacheStore['bump'] = (tags, known) => store.hold(tags, LAG, lagMs, known)
  const release: CacheStore['release'] = async (holder, moved, kept, known) => {
    // In this order: between the two the tags are held by both.
    const [registries] = await Promise.all([bump(moved, known), store.release(holder, moved, kept)])
    return registries
  }
  return withMethods(store, { bump, release })
}

/** One holder for all: a later invalidation extends the hold of an earlier one. */
const LAG = 'lag'
