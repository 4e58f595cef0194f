import { LRUCache } from 'lru-cache'
import type { Envelope } from '../codec/envelope.ts'
import { type DecimalFactory, prepared } from '../codec/typed-json.ts'
import type { Tag } from '../tags/tag.ts'
import type { ReadPlan } from './read-plan.ts'

/** An entry that was read before: while its bytes are the same, nothing of it need be found out again. */
export interface RecentEntry {
  readonly bytes: string
  readonly envelope: Envelope
  /** Those the entry depends on, in the order of the envelope's versions. Handed out with events. */
  readonly tags: readonly Tag[]
  /** What a look-up asks for: these, and the guards of its query. */
  readonly asked: readonly Tag[]
  /** Makes a value of its own with each call; from the second hit on, for most entries are never hit twice. */
  copy: (() => unknown) | undefined
}

/** Characters of entries; what is kept of them parsed takes about as much again. */
const MAX_CHARACTERS = 16 * 1024 * 1024
const MAX_ENTRIES = 20_000

/**
 * Entries as they were last read, by key: reading one again costs a copy instead of parsing its bytes. They say nothing
 * about whether it is still good: that is compared with each hit.
 */
export class RecentEntries {
  readonly #entries = new LRUCache<string, RecentEntry>({
    max: MAX_ENTRIES,
    maxSize: MAX_CHARACTERS,
    maxEntrySize: MAX_CHARACTERS / 16,
    sizeCalculation: ({ bytes }) => bytes.length,
  })

  of(plan: ReadPlan): RecentEntry | undefined {
    const recent = this.#entries.get(plan.key)
    return recent?.envelope.check === plan.check ? recent : undefined
  }

  /** What the entry under a key depended on when it was last read. */
  tagsOf(key: string): readonly Tag[] | undefined {
    return this.#entries.peek(key)?.tags
  }

  /** It was read, and decoded, once. */
  remember(plan: ReadPlan, bytes: string, envelope: Envelope, tags: readonly Tag[]): RecentEntry {
    const asked = plan.guards.length === 0 ? tags : [...tags, ...plan.guards]
    // Events hand the list to listeners, and a hit is judged by it.
    const recent = { bytes, envelope, tags: Object.freeze([...tags]), asked, copy: undefined }
    this.#entries.set(plan.key, recent)
    return recent
  }
}

/** A value of its own. @throws CodecError */
export function copyOf(recent: RecentEntry, decimal: DecimalFactory): unknown {
  recent.copy ??= prepared(recent.envelope.payload, decimal)
  return recent.copy()
}
