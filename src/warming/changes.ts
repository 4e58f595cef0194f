import type { EventHub } from '../events.ts'
import { digest } from '../read/cache-key.ts'
import type { Background } from '../read/read-context.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { VersionFeed } from '../stores/store.ts'
import type { Tag } from '../tags/tag.ts'
import { HELD } from '../tags/tag-versions.ts'

interface Watch {
  readonly tags: readonly Tag[]
  /** Told the versions' digest when any of them has moved. */
  readonly moved: (mark: string) => void
  /** As they were last seen. */
  versions: readonly (string | undefined)[] | undefined
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
 * Tells when tags have moved, whoever moved them: this process says so itself, of other processes Redis does
 * (`CLIENT TRACKING`, one connection). What is told is only a reason to look: a tag has moved when its version is another
 * than the one seen last, so nothing is told twice, and nothing that happened while the connection was gone is missed.
 */
export class Changes {
  readonly #context: ChangesContext
  readonly #watches: Watch[] = []
  #feed: VersionFeed | undefined
  #end: () => void = () => {}
  #isStopped = false

  constructor(context: ChangesContext) {
    this.#context = context
  }

  watch(tags: readonly Tag[], moved: (mark: string) => void): void {
    this.#watches.push({ tags, moved, versions: undefined, isLooking: false, isDirty: false })
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
    this.#feed = store.follow?.({ moved: said, lost: () => {}, live: everything }, HEARTBEAT_MS)
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
      // A tag without a version would move without anybody noticing.
      const seen = await Promise.resolve(this.#context.store.ensureVersions(watch.tags)).catch(() => undefined)
      // Held: a write is under way, or replicas lag behind it; not everybody is told when that is over.
      if (!seen || seen.includes(HELD)) setTimeout(() => this.#look(watch), RETRY_MS).unref()
      if (!seen) break
      const before = watch.versions
      watch.versions = seen.map((version, i) => (version === HELD ? before?.[i] : version))
      if (before && watch.versions.some((version, i) => version !== before[i]))
        watch.moved(digest(watch.versions.join()))
    }
    watch.isLooking = false
  }
}
