import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import { check, shape, wholeNumber } from '../input.ts'
import { anyValuesTag, type ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, modelTag, type Tag } from '../tags/tag.ts'
import { HELD, newVersion, softened, type TagVersion } from '../tags/tag-versions.ts'
import { globExpression } from './glob.ts'
import { modelBounds } from './model-bounds.ts'
import {
  type CacheStore,
  type KnownRegistry,
  type LookUp,
  MAX_SHAPES,
  type ShapeRegistry,
  type StoreContext,
  type StoreFactory,
} from './store.ts'

export interface MemoryStoreOptions {
  /** Most entries kept; the least recently used go first. @default 10_000 */
  readonly maxEntries?: number
  /** Most bytes kept, keys and payloads together, two bytes a character. @default 67_108_864 (64 MiB) */
  readonly maxBytes?: number
}

const bounds = shape({
  maxEntries: v.optional(wholeNumber(1, 2 ** 24, 'entries')),
  maxBytes: v.optional(wholeNumber(1, 2 ** 40, 'bytes')),
})

const COUNTER = /^-?\d+$/

/** Tags are small; one that is pushed out makes its entries miss, never stale. */
const TAGS_PER_ENTRY = 10

/**
 * A store inside the process, bounded by entries and by bytes. It knows the writes of the clients that share it and of
 * nobody else: where several processes write, use Redis.
 */
export function memoryStore(options: MemoryStoreOptions = {}): StoreFactory {
  check(bounds, options, 'memoryStore')
  const maxEntries = options.maxEntries ?? 10_000
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024
  const spaces = new Map<string, CacheStore>()
  // One space a prefix: clients that are given the same store and prefix see each other's entries and writes.
  return (context) => {
    let space = spaces.get(context.prefix)
    if (!space) spaces.set(context.prefix, (space = openSpace(maxEntries, maxBytes, context)))
    return space
  }
}

interface Kept {
  readonly entry: string
  readonly expiresAt: number
}

function openSpace(maxEntries: number, maxBytes: number, context: StoreContext): CacheStore {
  const { clock } = context
  let evictions = 0
  const bounds = modelBounds(context, (key) => {
    if (entries.delete(key)) evictions += 1
  })
  const entries = new LRUCache<string, Kept>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ entry }, key) => 2 * (entry.length + key.length) + 1,
    dispose(_, key, reason) {
      if (reason === 'evict') evictions += 1
      if (reason !== 'set') bounds?.forget(key)
    },
  })
  const versions = new LRUCache<Tag, TagVersion>({ max: maxEntries * TAGS_PER_ENTRY })
  /** Until when, by tag and holder. Never pushed out by anything else: there are as many as writes under way. */
  const holds = new Map<Tag, Map<string, number>>()
  /** As many as there are models; least recently registered shapes first. */
  const registries = new Map<string, { version: string; readonly texts: Set<string> }>()

  function live(key: string): string | undefined {
    const kept = entries.get(key)
    if (!kept) return undefined
    if (kept.expiresAt > clock()) {
      bounds?.use(key)
      return kept.entry
    }
    entries.delete(key)
    return undefined
  }

  function lookUp(key: string | undefined, tags: readonly Tag[]): LookUp {
    const seen = tags.map((tag) => (isHeld(tag) ? HELD : (versions.get(tag) ?? null)))
    return { entry: key === undefined ? undefined : live(key), versions: seen }
  }

  function isHeld(tag: Tag): boolean {
    const holders = holds.get(tag)
    if (!holders) return false
    for (const [holder, until] of holders) if (until <= clock()) end(tag, holder, true)
    return holders.size > 0
  }

  function end(tag: Tag, holder: string, moves: boolean): void {
    if (moves) move(tag)
    const holders = holds.get(tag)
    if (holders?.delete(holder) && holders.size === 0) holds.delete(tag)
  }

  function move(tag: Tag, graceUntil?: number): void {
    // Absent means changed: a tag nobody reads costs nothing. Not deleted: to `lru-cache` the last deletion is a
    // `clear()`, which costs as much as it could hold.
    const before = versions.get(tag)
    if (before === undefined) return
    versions.set(tag, graceUntil === undefined ? newVersion() : softened(before, graceUntil))
  }

  function ensured(tag: Tag): TagVersion {
    if (isHeld(tag)) return HELD
    let version = versions.get(tag)
    if (version === undefined) versions.set(tag, (version = newVersion()))
    return version
  }

  function register(shape: ShapeKey) {
    const { model, text } = shape
    const [everyShape, anyValues] = [everyShapeTag(model), anyValuesTag(shape)]
    if ([modelTag(model), everyShape, anyValues].some(isHeld)) return HELD
    const registry = registries.get(model) ?? { version: newVersion(), texts: new Set<string>() }
    registries.set(model, registry)
    if (!registry.texts.delete(text)) {
      registry.version = newVersion()
      for (const oldest of registry.texts) {
        if (registry.texts.size < MAX_SHAPES) break
        registry.texts.delete(oldest)
        move(anyValuesTag({ model, text: oldest }))
      }
    }
    registry.texts.add(text)
    return { everyShape: ensured(everyShape), anyValues: ensured(anyValues) }
  }

  function changed(known: readonly KnownRegistry[]): ShapeRegistry[] {
    return known.flatMap(({ model, version }) => {
      const registry = registries.get(model)
      // Registries are not lost here: where there is none, no shape was ever registered.
      if (!registry || registry.version === version) return []
      return [{ model, version: registry.version, texts: [...registry.texts] }]
    })
  }

  return {
    name: 'memory',
    isRemote: false,
    boundsModels: true,
    near: lookUp,
    async lookUp(key, tags) {
      return lookUp(key, tags)
    },
    async ensureVersions(tags) {
      return tags.map(ensured)
    },
    async register(shapes) {
      return shapes.map(register)
    },
    async fill(key, entry, _tags, ttlMs) {
      entries.set(key, { entry, expiresAt: clock() + ttlMs })
      // One that is larger than all of the store was not taken.
      if (bounds && entries.has(key)) bounds.use(key)
    },
    async increment(key, by, ttlMs = Number.POSITIVE_INFINITY) {
      const before = live(key)
      if (before !== undefined && !COUNTER.test(before)) return undefined
      const expiresAt = before === undefined ? clock() + ttlMs : (entries.peek(key)?.expiresAt ?? 0)
      const sum = Number(before ?? 0) + by
      if (!Number.isSafeInteger(sum)) return undefined
      entries.set(key, { entry: String(sum), expiresAt })
      return sum
    },
    async bump(tags, known = [], graceUntil) {
      for (const tag of tags) move(tag, graceUntil)
      return changed(known)
    },
    async hold(tags, holder, leaseMs, known = []) {
      for (const tag of tags) {
        let holders = holds.get(tag)
        if (!holders) holds.set(tag, (holders = new Map()))
        holders.set(holder, Math.max(holders.get(holder) ?? 0, clock() + leaseMs))
      }
      return changed(known)
    },
    async release(holder, moved, kept, known = []) {
      for (const tag of moved) end(tag, holder, true)
      for (const tag of kept) end(tag, holder, false)
      return changed(known)
    },
    async remove(keys) {
      return keys.filter((key) => entries.delete(key)).length
    },
    async *scan(pattern) {
      const matches = globExpression(pattern)
      yield [...entries.keys()].filter((key) => matches.test(key) && live(key) !== undefined)
    },
    async peek(key) {
      return live(key)
    },
    async clear() {
      const removed = entries.size
      versions.clear()
      registries.clear()
      entries.clear()
      return removed
    },
    async ping() {},
    local: () => ({ entries: entries.size, bytes: entries.calculatedSize, maxEntries, maxBytes, evictions }),
    async close() {},
  }
}
