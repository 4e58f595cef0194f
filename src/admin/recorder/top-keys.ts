import { LRUCache } from 'lru-cache'
import type { Tier } from '../../events.ts'

const MAX_KEYS = 2000
/** After so long a hit counts half. */
const HALF_LIFE_MS = 5 * 60_000
const MINUTE = 60_000

interface Counted {
  readonly model: string
  readonly operation: string
  hits: number
  misses: number
  bytes: number | null
  tier: Tier | null
  readonly since: number
  /** Hits, the later the more: as they count at `at`. */
  score: number
  at: number
}

export interface KeyActivity extends Omit<Readonly<Counted>, 'score' | 'at' | 'since'> {
  readonly key: string
  /** Hits of late, a minute. */
  readonly perMinute: number
}

/** The keys that were hit most of late, of those that were used last. */
export class TopKeys {
  readonly #keys = new LRUCache<string, Counted>({ max: MAX_KEYS })

  hit(key: string, model: string, operation: string, tier: Tier, now: number): void {
    const counted = this.#of(key, model, operation, now)
    counted.hits += 1
    counted.tier = tier
    counted.score = decayed(counted, now) + 1
    counted.at = now
  }

  miss(key: string, model: string, operation: string, now: number): void {
    this.#of(key, model, operation, now).misses += 1
  }

  filled(key: string, bytes: number): void {
    const counted = this.#keys.peek(key)
    if (counted) counted.bytes = bytes
  }

  list(count: number, now: number): KeyActivity[] {
    return [...this.#keys.entries()]
      .map(([key, counted]) => ({ key, counted, score: decayed(counted, now) }))
      .filter(({ score }) => score > 0.01)
      .sort((one, other) => other.score - one.score)
      .slice(0, count)
      .map(({ key, counted: { model, operation, hits, misses, bytes, tier, since }, score }) => {
        // At a steady rate the score settles at the hits of one and a half half-lives; a key that has just come has not
        // had the time for that, and what it was hit in less than a minute is not multiplied.
        const settled = 1 - 0.5 ** (Math.max(MINUTE, now - since) / HALF_LIFE_MS)
        const perMinute = (score * Math.LN2 * MINUTE) / HALF_LIFE_MS / settled
        return { key, model, operation, hits, misses, bytes, tier, perMinute }
      })
  }

  #of(key: string, model: string, operation: string, now: number): Counted {
    let counted = this.#keys.get(key)
    if (!counted) {
      counted = { model, operation, hits: 0, misses: 0, bytes: null, tier: null, score: 0, at: now, since: now }
      this.#keys.set(key, counted)
    }
    return counted
  }
}

function decayed({ score, at }: Counted, now: number): number {
  return score * 0.5 ** (Math.max(0, now - at) / HALF_LIFE_MS)
}
