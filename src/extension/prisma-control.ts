import type { CacheControl, RawOptions } from '../control/cache-control.ts'
import type { WarmOutcome } from '../events.ts'
import type { Explanation } from '../read/explain.ts'

/** `prisma.$cache` */
export interface PrismaCacheControl extends CacheControl {
  /**
   * How a read is cached and what invalidates it, and how it could be made finer. The read is not executed.
   *
   *     await prisma.$cache.explain(prisma.post.findMany({ where: { authorId: 5 } }))
   *
   * @throws CacheConfigError for anything but a read of this client.
   */
  explain(read: PromiseLike<unknown>): Promise<Explanation>
  /**
   * Warms now: the warmer of this name, or all of them, one after the other. Resolves when that is done, and never rejects
   * for what went wrong with it: how each ended is told by its `state`, and how far it is meanwhile by `warm` events.
   *
   * @throws CacheConfigError for a name that no warmer has.
   */
  warm(name?: string): Promise<readonly WarmOutcome[]>
  /** The names of the warmers there are. */
  warmers(): readonly string[]
  /** Declares what a raw statement touches: `prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw`…`)`. Stays lazy, and may stand in `$transaction([...])`. */
  raw<P extends PromiseLike<unknown>>(options: RawOptions, statement: P): P
}
