import { LRUCache } from 'lru-cache'
import type { LifeBounds } from '../policy/resolve-policy.ts'

interface Life {
  readonly ttlMs: number
  readonly since: number
  hits: number
}

/** Hits a life at which it is made twice as long, and below which half as long. */
const HOT = 8
const COLD = 2
const MAX_KEYS = 50_000

/**
 * Lives by how often an entry is hit in this process: with each fill a hot one is given twice the life it had, a cold one
 * half. What counts is how many hits a whole life would have seen, so an entry that was invalidated early is not taken
 * for a cold one.
 */
export class AdaptiveTtl {
  readonly #lives = new LRUCache<string, Life>({ max: MAX_KEYS })

  hit(key: string): void {
    const life = this.#lives.get(key)
    if (life) life.hits += 1
  }

  /** The life of what is read `now`; `firstMs` where nothing is known of it. */
  next(key: string, { minMs, maxMs, firstMs }: LifeBounds, now: number): number {
    const life = this.#lives.get(key)
    let ttlMs = firstMs
    if (life) {
      const lived = Math.max(1, now - life.since)
      const hitsOfALife = (life.hits * life.ttlMs) / lived
      ttlMs = life.ttlMs * (hitsOfALife >= HOT ? 2 : hitsOfALife < COLD ? 0.5 : 1)
    }
    ttlMs = Math.min(maxMs, Math.max(minMs, ttlMs))
    this.#lives.set(key, { ttlMs, since: now, hits: 0 })
    return ttlMs
  }
}
