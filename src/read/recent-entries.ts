import { LRUCache } from 'lru-cache'
import type { Envelope } from '../codec/envelope.ts'
import { type DecimalFactory, prepared } from '../codec/typed-json.ts'
import { anyValuesTag } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { Stamp } from '../tags/tag-clocks.ts'
import type { ReadPlan } from './read-plan.ts'

/** An entry that was read before: while its bytes are the same, nothing of it need be found out again. */
export interface RecentEntry {
  readonly bytes: string
  readonly envelope: Envelope
  /** Those the entry depends on. Handed out with events. */
  readonly tags: readonly Tag[]
  /** The stamp of each of them. */
  readonly stamps: readonly Stamp[]
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
  remember(
    plan: ReadPlan,
    bytes: string,
    envelope: Envelope,
    { tags, stamps }: Pick<RecentEntry, 'tags' | 'stamps'>,
  ): RecentEntry {
    const asked = withGuards(tags, plan)
    // Events hand the list to listeners, and a hit is judged by it.
    const recent = { bytes, envelope, tags: Object.freeze([...tags]), stamps, asked, copy: undefined }
    this.#entries.set(plan.key, recent)
    return recent
  }
}

/**
 * What a look-up asks for besides the tags of an entry: should it be a miss, the guards name its flight, and the tags of
 * shapes say whether they are still registered, which would take another round trip.
 */
export function withGuards(tags: readonly Tag[], { guards, shapes }: ReadPlan): readonly Tag[] {
  if (guards.length === 0 && shapes.length === 0) return tags
  const others = [...guards, ...shapes.map(anyValuesTag)].filter((tag) => !tags.includes(tag))
  return others.length === 0 ? tags : [...tags, ...others]
}

/** A value of its own. @throws CodecError */
export function copyOf(recent: RecentEntry, decimal: DecimalFactory): unknown {
  recent.copy ??= prepared(recent.envelope.payload, decimal)
  return recent.copy()
}
