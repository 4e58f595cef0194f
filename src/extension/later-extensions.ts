import type { AnyClient } from './client.ts'

/**
 * `$extends` as the extension replaces it, to learn of query extensions that are applied after ours. They stand between
 * us and the database: what a write returns, and the error it fails with, may then be theirs.
 */
export class LaterExtensions {
  #any = false

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
    if (this.#any) return
    this.#any = true
    process.emitWarning(
      'A query extension was applied after prisma-extension-query-cache. What it adds to arguments is not part of the ' +
        'cache key, and all clients extended from here share one cache. Apply cacheExtension last.',
      { code: 'PRISMA_QUERY_CACHE_ORDER' },
    )
  }
}
