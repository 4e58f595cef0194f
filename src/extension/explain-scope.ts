import { AsyncScope } from '../async-scope.ts'
import { CacheConfigError } from '../errors.ts'
import type { Explanation } from '../read/explain.ts'

interface Scope {
  explanation?: Explanation
  notARead?: boolean
}

/**
 * `$cache.explain(read)`: a Prisma promise says what it is only by being awaited. So it is, in a scope in which the hook
 * explains the read instead of making it.
 */
export class ExplainScope {
  readonly #scope = new AsyncScope<Scope>()

  /** What explains instead of executing; `undefined` outside of `explain`. */
  current(): { explain(explanation: Explanation): void; refuse(): void } | undefined {
    const scope = this.#scope.current()
    if (!scope) return undefined
    return {
      explain(explanation) {
        scope.explanation ??= explanation
      },
      refuse() {
        scope.notARead = true
      },
    }
  }

  async explain(read: PromiseLike<unknown>): Promise<Explanation> {
    const scope: Scope = {}
    // What becomes of a read that is not made (`null` for a list, say, in another extension) is nobody's concern.
    await this.#scope.run(scope, () => read).catch(() => {})
    if (scope.explanation && !scope.notARead) return scope.explanation
    const fix = 'Give a read of this client that nothing has awaited yet.'
    throw new CacheConfigError('explain', scope.notARead ? 'what was given is not a read' : 'nothing was read', fix)
  }
}
