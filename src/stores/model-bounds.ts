import { LRUCache } from 'lru-cache'

/** Keeps at most so many entries of a model in this process, least recently used first. Told of keys, it holds no entry. */
export class ModelBounds {
  readonly #used = new Map<string, LRUCache<string, true>>()
  readonly #queries: string

  /** `prefix`: what all keys begin with; `remove`: takes an entry out of where it is kept. */
  constructor(maxEntries: ReadonlyMap<string, number>, prefix: string, remove: (key: string) => void) {
    this.#queries = `${prefix}query:`
    for (const [model, max] of maxEntries) {
      // After, not while: what is removed is told to `forget`, and a list must not be changed in the middle of a change.
      this.#used.set(
        model,
        new LRUCache({ max, disposeAfter: (_, key, reason) => void (reason === 'evict' && remove(key)) }),
      )
    }
  }

  /** It was stored, or read. */
  use(key: string): void {
    this.#of(key)?.set(key, true)
  }

  /** It is kept no more. */
  forget(key: string): void {
    const used = this.#of(key)
    if (used?.has(key)) used.delete(key)
  }

  #of(key: string): LRUCache<string, true> | undefined {
    if (!key.startsWith(this.#queries)) return undefined
    const begins = this.#queries.length
    return this.#used.get(key.slice(begins, key.indexOf(':', begins)))
  }
}

/** `undefined` where no model says so: then it costs nothing. */
export function modelBounds(
  { maxEntries, prefix }: { readonly maxEntries?: ReadonlyMap<string, number> | undefined; readonly prefix: string },
  remove: (key: string) => void,
): ModelBounds | undefined {
  return maxEntries?.size ? new ModelBounds(maxEntries, prefix, remove) : undefined
}
