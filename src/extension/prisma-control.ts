import type { CatalogueReport } from '../catalogue/catalogue-report.ts'
import type { CacheControl, RawOptions } from '../control/cache-control.ts'
import type { WarmOutcome } from '../events.ts'
import type { Explanation } from '../read/explain.ts'
import type { FindManyByIds } from './typed-client.ts'

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
   * What is known of what the database does by itself, after its catalogue has been asked for, if it had not been. So an
   * application can have it read as it starts, before the first request.
   */
  catalogue(): Promise<CatalogueReport>
  /**
   * The rows of these ids, in their order; `null` where there is none, and twice what is asked for twice. One look-up and
   * one query for those that are missing, a thousand at a time; every row is an entry of its own, the one of `findUnique`.
   *
   *     const users = await prisma.$cache.findManyByIds(prisma.user, [3, 1, 2], { select: { name: true } })
   *     await prisma.$cache.findManyByIds(prisma.user, emails, { by: 'email', cache: { ttl: 60 } })
   *
   * `by` names another unique key than `id`, a compound one by its name: `by: 'postId_tagId'`. Within an interactive
   * transaction give the transaction's own model, `tx.user`: nothing is cached then.
   *
   * @throws CacheConfigError for what is no model of a client, or no unique key of it.
   */
  readonly findManyByIds: FindManyByIds
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
