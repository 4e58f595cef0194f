import { LRUCache } from 'lru-cache'
import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../tags/tag.ts'
import { HELD, newVersion, type SeenVersion, softened, type TagVersion } from '../tags/tag-versions.ts'
import type { Peer, PeerGroup } from './process-peers.ts'
import { type KnownRegistry, MAX_SHAPES, type Registration, type ShapeRegistry } from './store.ts'

/**
 * Tag versions of one in-process store. Versions are its own; locks and registered shapes are those of its group, and
 * whatever changes a version here changes it in every store of the group before the call returns.
 */
export class MemoryTags {
  readonly #group: PeerGroup
  readonly #others: () => Iterable<Peer>
  readonly #clock: () => number
  readonly #versions: LRUCache<Tag, TagVersion>

  /** `max`: most versions kept. One that is pushed out makes its entries miss, never stale. */
  constructor(group: PeerGroup, others: () => Iterable<Peer>, clock: () => number, max: number) {
    this.#group = group
    this.#others = others
    this.#clock = clock
    this.#versions = new LRUCache({ max })
  }

  seen(tag: Tag): SeenVersion {
    return this.#isHeld(tag) ? HELD : (this.#versions.get(tag) ?? null)
  }

  ensured(tag: Tag): TagVersion {
    if (this.#isHeld(tag)) return HELD
    let version = this.#versions.get(tag)
    if (version === undefined) this.#versions.set(tag, (version = newVersion()))
    return version
  }

  /** In every store of the group. */
  invalidate(tags: readonly Tag[], graceUntil?: number): void {
    this.invalidateHere(tags, graceUntil)
    for (const peer of this.#others()) peer.invalidate(tags, graceUntil)
  }

  /** In this store alone. */
  invalidateHere(tags: readonly Tag[], graceUntil?: number): void {
    for (const tag of tags) {
      // Absent means changed: a tag nobody reads costs nothing. Not deleted: to `lru-cache` the last deletion is a
      // `clear()`, which costs as much as it could hold.
      const before = this.#versions.get(tag)
      if (before === undefined) continue
      this.#versions.set(tag, graceUntil === undefined ? newVersion() : softened(before, graceUntil))
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
    const [everyShape, anyValues] = [everyShapeTag(model), anyValuesTag(shape)]
    if ([modelTag(model), everyShape, anyValues].some((tag) => this.#isHeld(tag))) return HELD
    const registry = registries.get(model) ?? { version: newVersion(), texts: new Set<string>() }
    registries.set(model, registry)
    if (!registry.texts.delete(text)) {
      registry.version = newVersion()
      for (const oldest of registry.texts) {
        if (registry.texts.size < MAX_SHAPES) break
        registry.texts.delete(oldest)
        this.invalidate([anyValuesTag({ model, text: oldest })])
      }
    }
    registry.texts.add(text)
    return { everyShape: this.ensured(everyShape), anyValues: this.ensured(anyValues) }
  }

  changed(known: readonly KnownRegistry[]): ShapeRegistry[] {
    return known.flatMap(({ model, version }) => {
      const registry = this.#group.registries.get(model)
      // Registries are not lost here: where there is none, no shape was ever registered.
      if (!registry || registry.version === version) return []
      return [{ model, version: registry.version, texts: [...registry.texts] }]
    })
  }

  clearHere(): void {
    this.#versions.clear()
  }

  #isHeld(tag: Tag): boolean {
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
}
