import { LRUCache } from 'lru-cache'
import { globExpression } from './glob.ts'
import { modelBounds } from './model-bounds.ts'
import type { KeptEntry, Peer } from './process-peers.ts'
import type { LocalSize, StoreContext } from './store.ts'

const COUNTER = /^-?\d+$/

/**
 * Entries of one in-process store, bounded by their number and by their bytes. Other stores of the process have entries
 * of their own; only counters are the same in all of them, for a count of half the calls would be wrong and not just old.
 */
export class MemoryEntries {
  readonly #others: () => Iterable<Peer>
  readonly #clock: () => number
  readonly #values: string
  readonly #entries: LRUCache<string, KeptEntry>
  readonly #bounds: ReturnType<typeof modelBounds>
  #evictions = 0

  constructor(others: () => Iterable<Peer>, context: StoreContext, maxEntries: number, maxBytes: number) {
    this.#others = others
    this.#clock = context.clock
    this.#values = `${context.prefix}data:`
    this.#bounds = modelBounds(context, (key) => {
      if (this.#entries.delete(key)) this.#evictions += 1
    })
    this.#entries = new LRUCache<string, KeptEntry>({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ entry }, key) => 2 * (entry.length + key.length) + 1,
      dispose: (_, key, reason) => {
        if (reason === 'evict') this.#evictions += 1
        if (reason !== 'set') this.#bounds?.forget(key)
      },
    })
  }

  live(key: string): string | undefined {
    return this.#own(key)?.entry ?? this.#adopted(key)?.entry
  }

  fill(key: string, entry: string, ttlMs: number): void {
    const kept = { entry, expiresAt: this.#clock() + ttlMs }
    this.#entries.set(key, kept)
    // One that is larger than all of the store was not taken.
    if (this.#bounds && this.#entries.has(key)) this.#bounds.use(key)
    if (this.#isCounter(key, kept)) this.#tell(key, kept)
  }

  /** As `CacheStore.increment`. */
  increment(key: string, by: number, ttlMs = Number.POSITIVE_INFINITY): number | undefined {
    const before = this.#own(key) ?? this.#adopted(key)
    if (before !== undefined && !COUNTER.test(before.entry)) return undefined
    const sum = Number(before?.entry ?? 0) + by
    if (!Number.isSafeInteger(sum)) return undefined
    const counter = { entry: String(sum), expiresAt: before?.expiresAt ?? this.#clock() + ttlMs }
    this.#entries.set(key, counter)
    this.#tell(key, counter)
    return sum
  }

  counter(key: string): KeptEntry | undefined {
    const kept = this.#own(key)
    return kept && this.#isCounter(key, kept) ? kept : undefined
  }

  /** Takes a counter over from another store. */
  count(key: string, counter: KeptEntry): void {
    this.#entries.set(key, counter)
  }

  /** How many there were. */
  remove(keys: readonly string[]): number {
    return keys.filter((key) => this.#entries.delete(key)).length
  }

  /** How many there were. */
  clear(): number {
    const removed = this.#entries.size
    this.#entries.clear()
    return removed
  }

  /** Keys that match a glob. */
  matching(pattern: string): string[] {
    const matches = globExpression(pattern)
    return [...this.#entries.keys()].filter((key) => matches.test(key) && this.#own(key) !== undefined)
  }

  size(): LocalSize {
    const { size: entries, calculatedSize: bytes, max: maxEntries, maxSize: maxBytes } = this.#entries
    return { entries, bytes, maxEntries, maxBytes, evictions: this.#evictions }
  }

  #own(key: string): KeptEntry | undefined {
    const kept = this.#entries.get(key)
    if (!kept) return undefined
    if (kept.expiresAt > this.#clock()) {
      this.#bounds?.use(key)
      return kept
    }
    this.#entries.delete(key)
    return undefined
  }

  /** A counter that this store has not got: it was opened after the count began, or has pushed it out. */
  #adopted(key: string): KeptEntry | undefined {
    if (!key.startsWith(this.#values)) return undefined
    for (const peer of this.#others()) {
      const counter = peer.counter?.(key)
      if (!counter) continue
      this.#entries.set(key, counter)
      return counter
    }
    return undefined
  }

  #isCounter(key: string, { entry }: KeptEntry): boolean {
    return key.startsWith(this.#values) && COUNTER.test(entry)
  }

  #tell(key: string, counter: KeptEntry): void {
    for (const peer of this.#others()) peer.count?.(key, counter)
  }
}
