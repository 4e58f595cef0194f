import type { CacheEventOf, MissCause } from '../../events.ts'

const KEPT = 40
const SHOWN = 20
/** How long one is remembered. */
const LIFE_MS = 3_600_000

export interface SlowMiss {
  readonly at: number
  readonly key: string
  readonly model: string
  readonly operation: string
  readonly cause: MissCause
  readonly ms: number
  /** The part of it that the cache took. */
  readonly lookUpMs: number | null
}

/** The misses that took longest, of the last five minutes and of the last hour each so many. */
export class SlowMisses {
  readonly #recent: SlowMiss[] = []
  readonly #all: SlowMiss[] = []

  add(event: CacheEventOf<'miss'>, at: number): void {
    const { key, model, operation, cause, ms, lookUpMs } = event
    if (ms === undefined) return
    const isSlow = (list: SlowMiss[], lifeMs: number) => {
      forget(list, at - lifeMs)
      return list.length < KEPT || ms > (list.at(-1) as SlowMiss).ms
    }
    for (const [list, lifeMs] of [
      [this.#recent, LIFE_MS / 12],
      [this.#all, LIFE_MS],
    ] as const) {
      if (isSlow(list, lifeMs)) insert(list, { at, key, model, operation, cause, ms, lookUpMs: lookUpMs ?? null })
    }
  }

  /** Slowest first. */
  list(windowMs: number, now: number): SlowMiss[] {
    const within = new Set([...this.#recent, ...this.#all].filter(({ at }) => at > now - windowMs))
    const byKey = new Map<string, SlowMiss>()
    for (const miss of within) if (miss.ms > (byKey.get(miss.key)?.ms ?? -1)) byKey.set(miss.key, miss)
    return [...byKey.values()].sort((one, other) => other.ms - one.ms).slice(0, SHOWN)
  }
}

function insert(list: SlowMiss[], miss: SlowMiss): void {
  const place = list.findIndex(({ ms }) => ms < miss.ms)
  list.splice(place < 0 ? list.length : place, 0, miss)
  if (list.length > KEPT) list.length = KEPT
}

function forget(list: SlowMiss[], before: number): void {
  // Looked at only when there is something: this runs with every miss.
  if (!list.some(({ at }) => at < before)) return
  list.splice(0, list.length, ...list.filter(({ at }) => at >= before))
}
