import { AsyncScope } from '../async-scope.ts'
import { StoreUnavailableError, storeError } from '../errors.ts'
import type { WriteSet } from '../query/write-set.ts'
import type { Delivered, GuardedStore } from '../stores/guarded-store.ts'
import type { KnownRegistry } from '../stores/store.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { newToken } from '../tags/tag-clocks.ts'
import type { ShapesInUse } from './shapes-in-use.ts'

export interface HoldsOptions {
  /** Whether anything is written strictly. */
  readonly enabled: boolean
  /** How long a hold outlives its holder, ms. */
  readonly leaseMs: number
  /** Whether a write is refused when its hold cannot be taken. */
  readonly rejects: boolean
  /** Whether what this tag names is written under `consistency: 'strict'`. */
  readonly isStrict: (tag: Tag) => boolean
}

/** Tags that nobody reads from the cache until it is known what the write did to them. */
export interface Hold {
  readonly tags: readonly Tag[]
  /** Gives the tags that moved a new version, the other held ones the version back they had. */
  release(moved: readonly Tag[], known?: readonly KnownRegistry[]): Promise<Delivered>
}

/**
 * The holds of `consistency: 'strict'`. A hold is taken before a write can commit, on everything it may move, so that
 * there is no moment at which a commit is visible in the database and entries from before it are still served; not even
 * when the process dies in between, for the hold outlives it and, running out, changes what it held.
 */
export class Holds {
  readonly #store: GuardedStore
  readonly #shapes: ShapesInUse
  readonly #options: HoldsOptions
  readonly #batch = new AsyncScope<Batch>()

  constructor(store: GuardedStore, shapes: ShapesInUse, options: HoldsOptions) {
    this.#store = store
    this.#shapes = shapes
    this.#options = options
  }

  /**
   * `undefined`, and no promise of it: nothing here is written strictly. A caller that waited all the same would reach
   * Prisma after reads that were called later.
   *
   * The promise rejects with StoreUnavailableError when the hold could not be taken and writes are to be refused then.
   */
  take(changes: () => WriteSet): Promise<Hold> | undefined {
    if (!this.#options.enabled) return undefined
    const set = changes()
    const held = this.#toHold(set)
    return held.length === 0 ? undefined : this.#take(set, held)
  }

  async #take(set: WriteSet, held: readonly Tag[]): Promise<Hold> {
    const holder = newToken()
    const { leaseMs } = this.#options
    const renew = () => this.#store.hold(held, holder, leaseMs)
    const known = this.#shapes.known(set.changes.keys())
    const copies = new Map(known.map(({ model, version }) => [model, version]))
    try {
      // No shape comes while its model is held: those that are known now are all there will be when the write is done.
      const brought = await this.#store.hold(held, holder, leaseMs, known)
      this.#shapes.learn(brought)
      for (const { model, version } of brought) copies.set(model, version)
    } catch (error) {
      if (this.#options.rejects) throw refusal(error)
      // In doubt it was taken: it is released all the same.
    }
    // A hold that is not renewed any more (the process died, or is cut off) runs out.
    const renewal = setInterval(() => void renew().catch(() => {}), leaseMs / 3)
    renewal.unref()
    const batch = this.#batch.current()
    const hold: Hold = {
      tags: held,
      release: async (moved, now) => {
        clearInterval(renewal)
        batch?.holds.delete(hold)
        // An older copy may have come in late; which shapes it lacks is not known.
        const replaced = (now ?? []).filter(({ model, version }) => copies.has(model) && copies.get(model) !== version)
        const changed = new Set([...moved, ...replaced.map(({ model }) => everyShapeTag(model))])
        return this.#store.release(
          holder,
          [...changed],
          held.filter((tag) => !changed.has(tag)),
          now,
        )
      },
    }
    batch?.holds.add(hold)
    if (batch?.isOver) await hold.release(hold.tags)
    return hold
  }

  /** For a transaction whose end nobody reports: holds what it wrote for as long as it can last. */
  async leave(set: WriteSet, lastsMs: number): Promise<void> {
    if (!this.#options.enabled) return
    const held = this.#toHold(set)
    if (held.length > 0) await this.#store.hold(held, newToken(), lastsMs).catch(() => {})
  }

  /** Which shapes a change concerns is told by its outcome: until then all of the model are held. */
  #toHold({ tags, changes }: WriteSet): Tag[] {
    const held = new Set([...tags, ...[...changes.keys()].map(everyShapeTag)])
    return [...held].filter(this.#options.isStrict)
  }

  /**
   * A `$transaction([...])`: when it is over so are the holds of its elements, also of those that Prisma leaves waiting
   * for ever because another one was refused. What those did is not known; who does know tells it besides.
   */
  batch<T>(run: () => PromiseLike<T>): PromiseLike<T> {
    if (!this.#options.enabled) return run()
    const batch: Batch = { holds: new Set(), isOver: false }
    const release = async () => {
      batch.isOver = true
      await Promise.all([...batch.holds].map((hold) => hold.release(hold.tags)))
    }
    try {
      return this.#batch.run(batch, run).finally(release)
    } catch (error) {
      void release()
      throw error
    }
  }
}

interface Batch {
  readonly holds: Set<Hold>
  /** A hold that is taken from now on is given back at once: its element never runs. */
  isOver: boolean
}

function refusal(cause: unknown): StoreUnavailableError {
  return new StoreUnavailableError(
    'the write was refused: the cache could not be told to hold what it changes, and `onUnavailable` is "reject"',
    { cause: storeError(cause) },
  )
}
