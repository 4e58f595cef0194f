import type { CacheOptions } from '../policy/options.ts'
import type { AnyClient } from './client.ts'

/**
 * `$extends` as the extension replaces it, to learn of query extensions that are applied after ours. They stand between
 * us and the database: what a write returns, the error it fails with, and which rows a read may show, may then be theirs.
 */
export class LaterExtensions {
  readonly #expected: CacheOptions['laterExtensions']
  readonly #onFirst: () => void
  #any = false

  /** `onFirst`: called once, when there is one that may change what passes through it. */
  constructor(expected: CacheOptions['laterExtensions'], onFirst: () => void) {
    this.#expected = expected
    this.#onFirst = onFirst
  }

  /** Whether results and errors of writes are Prisma's own. */
  get none(): boolean {
    return !this.#any
  }

  hook(parent: AnyClient) {
    const parentExtends = parent.$extends
    const seen = () => this.#seen()
    return function $extends(this: unknown, extension: unknown): AnyClient {
      // One given as a function calls this method again, with what it is made of.
      if (typeof extension === 'object' && extension !== null && 'query' in extension) seen()
      return parentExtends.call(this, extension)
    }
  }

  #seen(): void {
    if (this.#any || this.#expected === 'transparent') return
    this.#any = true
    this.#onFirst()
    if (this.#expected === 'changing') return
    process.emitWarning(
      'A query extension was applied after prisma-extension-query-cache. What it adds to arguments is not part of the ' +
        'cache key, and all clients extended from here share one cache. Apply cacheExtension last, or say with the ' +
        'option `laterExtensions` that it is meant so: see docs/interoperability.md.',
      { code: 'PRISMA_QUERY_CACHE_ORDER' },
    )
  }
}
