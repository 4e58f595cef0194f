import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../tags/tag.ts'
import { LOCKED, newToken, placeOf, type SeenTag, type TagClock } from '../tags/tag-clocks.ts'
import { ClockRecord } from './clock-record.ts'
import type { Peer, PeerGroup } from './process-peers.ts'
import { type KnownRegistry, MAX_SHAPES, type Registration, type ShapeRegistry } from './store.ts'

/** The clocks of one model, and which of its tags are in the grace of a soft invalidation, by slot hash. */
interface Kept {
  readonly clocks: ClockRecord
  readonly soft: Map<number, NonNullable<TagClock['soft']>>
}

/**
 * The clock records of one in-process store. Records are its own; locks and registered shapes are those of its group, and
 * whatever changes a tag here changes it in every store of the group before the call returns.
 */
export class MemoryTags {
  readonly #group: PeerGroup
  readonly #others: () => Iterable<Peer>
  readonly #clock: () => number
  /** As many as there are models, and some for the application's own tags. */
  readonly #records = new Map<string, Kept>()

  constructor(group: PeerGroup, others: () => Iterable<Peer>, clock: () => number) {
    this.#group = group
    this.#others = others
    this.#clock = clock
  }

  seen(tag: Tag): SeenTag {
    if (this.#group.holds.size > 0 && this.#isLocked(tag)) return LOCKED
    const { record, hash } = placeOf(tag)
    const { clocks, soft } = this.#record(record)
    if (soft.size > 0) this.#endGrace(clocks, soft, hash)
    return { epoch: clocks.epoch, now: clocks.now, changed: clocks.changedAt(hash), soft: soft.get(hash) }
  }

  /** In every store of the group. */
  invalidate(tags: readonly Tag[], graceUntil?: number): void {
    this.invalidateHere(tags, graceUntil)
    for (const peer of this.#others()) peer.invalidate(tags, graceUntil)
  }

  /** In this store alone. */
  invalidateHere(tags: readonly Tag[], graceUntil?: number): void {
    const byRecord = new Map<Kept, number[]>()
    for (const tag of tags) {
      // A record that nobody has looked up has nothing stored under it.
      const { record, hash } = placeOf(tag)
      const kept = this.#records.get(record)
      if (!kept) continue
      const hashes = byRecord.get(kept)
      if (hashes) hashes.push(hash)
      else byRecord.set(kept, [hash])
    }
    for (const [kept, hashes] of byRecord) {
      if (graceUntil === undefined) kept.clocks.advance(hashes)
      else this.#soften(kept, hashes, graceUntil)
    }
  }

  hold(tags: readonly Tag[], holder: string, leaseMs: number): void {
    const { holds } = this.#group
    for (const tag of tags) {
      let holders = holds.get(tag)
      if (!holders) holds.set(tag, (holders = new Map()))
      holders.set(holder, Math.max(holders.get(holder) ?? 0, this.#clock() + leaseMs))
    }
  }

  release(holder: string, moved: readonly Tag[], kept: readonly Tag[]): void {
    this.invalidate(moved)
    for (const tag of [...moved, ...kept]) this.#end(tag, holder)
  }

  register(shape: ShapeKey): Registration {
    const { registries } = this.#group
    const { model, text } = shape
    const tags = [everyShapeTag(model), modelTag(model), anyValuesTag(shape)]
    if (tags.some((tag) => this.#isLocked(tag))) return LOCKED
    const registry = registries.get(model) ?? { version: newToken(), texts: new Set<string>() }
    registries.set(model, registry)
    if (!registry.texts.delete(text)) {
      registry.version = newToken()
      for (const oldest of registry.texts) {
        if (registry.texts.size < MAX_SHAPES) break
        registry.texts.delete(oldest)
        this.invalidate([anyValuesTag({ model, text: oldest })])
      }
    }
    registry.texts.add(text)
    const { clocks } = this.#record(model)
    return { epoch: clocks.epoch, clock: clocks.now }
  }

  changed(known: readonly KnownRegistry[]): ShapeRegistry[] {
    return known.flatMap(({ model, version }) => {
      const registry = this.#group.registries.get(model)
      // Registries are not lost here: where there is none, no shape was ever registered.
      if (!registry || registry.version === version) return []
      return [{ model, version: registry.version, texts: [...registry.texts] }]
    })
  }

  /** Everything that was stored is dead, and every registration with it. */
  clearHere(): void {
    for (const { clocks, soft } of this.#records.values()) {
      clocks.begin()
      soft.clear()
    }
  }

  #record(name: string): Kept {
    let kept = this.#records.get(name)
    if (!kept) this.#records.set(name, (kept = { clocks: new ClockRecord(), soft: new Map() }))
    return kept
  }

  /** A grace that is over makes the change a hard one. */
  #endGrace(clocks: ClockRecord, soft: Kept['soft'], hash: number): void {
    const found = soft.get(hash)
    if (!found || found.until > this.#clock()) return
    clocks.raise(hash, found.clock)
    soft.delete(hash)
  }

  #isLocked(tag: Tag): boolean {
    const holders = this.#group.holds.get(tag)
    if (!holders) return false
    for (const [holder, until] of holders) {
      if (until > this.#clock()) continue
      this.invalidate([tag])
      this.#end(tag, holder)
    }
    return holders.size > 0
  }

  #end(tag: Tag, holder: string): void {
    const holders = this.#group.holds.get(tag)
    if (holders?.delete(holder) && holders.size === 0) this.#group.holds.delete(tag)
  }

  #soften({ clocks, soft }: Kept, hashes: readonly number[], until: number): void {
    clocks.advance([])
    for (const hash of hashes) {
      this.#endGrace(clocks, soft, hash)
      // What is in the grace of another change must not be given a longer one.
      const first = soft.get(hash)
      soft.set(hash, { clock: clocks.now, until: Math.min(until, first?.until ?? until) })
    }
  }
}
