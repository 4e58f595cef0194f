import type { GuardedStore, StoreCondition } from '../stores/guarded-store.ts'

/** How the cache is. Never rejects. */
export interface CacheHealth {
  /** `ok`, or: reads go to the database because the store does not answer, or invalidations wait for it. */
  readonly state: StoreCondition['state']
  readonly store: string
  /** Round trip to the store; `null` when it did not answer. */
  readonly latencyMs: number | null
  readonly undelivered: number
}

export async function healthOf(store: GuardedStore): Promise<CacheHealth> {
  const begun = performance.now()
  const latencyMs = await store.ping().then(
    () => performance.now() - begun,
    () => null,
  )
  const { state, undelivered } = store.condition()
  return {
    state: latencyMs === null && state === 'ok' ? 'unavailable' : state,
    store: store.name,
    latencyMs,
    undelivered,
  }
}
