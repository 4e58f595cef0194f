import type { EventHub } from '../events.ts'
import { digest } from '../read/cache-key.ts'
import type { Background } from '../read/read-context.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { ClockFeed } from '../stores/store.ts'
import type { Tag } from '../tags/tag.ts'
import { changesText, LOCKED, recordOf } from '../tags/tag-clocks.ts'

interface Watch {
  readonly tags: readonly Tag[]
  /** Told a digest of their clocks when any of them has changed. */
  readonly moved: (mark: string) => void
  /** As they were last seen. */
  clocks: readonly (string | undefined)[] | undefined
  isLooking: boolean
  isDirty: boolean
}

export interface ChangesContext {
  readonly store: GuardedStore
  readonly events: EventHub
  readonly background: Background
}

const HEARTBEAT_MS = 1000
const RETRY_MS = 1000

/**
 * Tells when tags have moved, whoever moved them: this process says so itself, of other processes the feed of
 * clocks does. What is told is only a reason to look: a tag has moved when its clock is another than the one seen last, so nothing is told twice, and nothing that happened while the connection was gone is missed.
 */
export class Changes {
  readonly #context: ChangesContext
  readonly #watches: Watch[] = []
  #feed: ClockFeed | undefined
  #end: () => void = () => {}
  #isStopped = false

  constructor(context: ChangesContext) {
    this.#context = context
  }

  watch(tags: readonly Tag[], moved: (mark: string) => void): void {
    this.#watches.push({ tags, moved, clocks: undefined, isLooking: false, isDirty: false })
  }

  /** From now on. */
  begin(): void {
    if (this.#watches.length === 0) return
    const { store, events } = this.#context
    const said = (tags: readonly Tag[]) => {
      for (const watch of this.#watches) if (tags.some((tag) => watch.tags.includes(tag))) this.#look(watch)
    }
    const everything = () => {
      for (const watch of this.#watches) this.#look(watch)
    }
    this.#end = events.on('invalidate', ({ tags }) => said(tags))
    const ofRecord = (record: string) => {
      for (const watch of this.#watches) if (watch.tags.some((tag) => recordOf(tag) === record)) this.#look(watch)
    }
    const listener = {
      changed: ({ record }: { readonly record: string }) => ofRecord(record),
      lost: (record?: string) => record !== undefined && ofRecord(record),
      live: everything,
    }
    this.#feed = store.follow?.(listener, HEARTBEAT_MS)
    everything()
  }

  stop(): void {
    this.#isStopped = true
    this.#end()
    this.#feed?.close()
  }

  #look(watch: Watch): void {
    watch.isDirty = true
    if (watch.isLooking || this.#isStopped) return
    watch.isLooking = true
    this.#context.background.run(this.#compare(watch))
  }

  async #compare(watch: Watch): Promise<void> {
    while (watch.isDirty && !this.#isStopped) {
      watch.isDirty = false
      const found = await Promise.resolve(this.#context.store.lookUp(undefined, watch.tags)).catch(() => undefined)
      // Locked: a write is under way, or replicas lag behind it; not everybody is told when that is over.
      if (!found || found.clocks.includes(LOCKED)) setTimeout(() => this.#look(watch), RETRY_MS).unref()
      if (!found) break
      const before = watch.clocks
      watch.clocks = watch.tags.map((tag, i) => {
        const clock = found.clocks[i]
        return clock === LOCKED ? before?.[i] : changesText([[tag, clock]])
      })
      if (before && watch.clocks.some((clock, i) => clock !== before[i])) watch.moved(digest(watch.clocks.join()))
    }
    watch.isLooking = false
  }
}
