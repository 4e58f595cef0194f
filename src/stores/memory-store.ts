import * as v from 'valibot'
import { check, shape, wholeNumber } from '../input.ts'
import { type Tag, valueKey } from '../tags/tag.ts'
import { MemoryEntries } from './memory-entries.ts'
import { MemoryTags } from './memory-tags.ts'
import { join, type Peer, peerGroup, peersOf } from './process-peers.ts'
import type { CacheStore, LookUp, StoreContext, StoreFactory } from './store.ts'

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

/**
 * A store inside the process, bounded by entries and by bytes. Entries are those of the clients that are given this
 * store. Invalidations are those of every in-process store of the same prefix in this process, whichever copy of this
 * package made it. Nothing is known of other processes: where several write, use Redis.
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

function openSpace(maxEntries: number, maxBytes: number, context: StoreContext): CacheStore {
  const group = peerGroup(context.prefix)
  const others = () => peersOf(group, self)
  const tags = new MemoryTags(group, others, context.clock)
  const entries = new MemoryEntries(others, context, maxEntries, maxBytes)
  const self = peer(context.prefix, entries, tags)
  join(group, self)

  function lookUp(key: string | undefined, of: readonly Tag[]): LookUp {
    return { entry: key === undefined ? undefined : entries.live(key), clocks: of.map((tag) => tags.seen(tag)) }
  }

  return {
    name: 'memory',
    isRemote: false,
    boundsModels: true,
    near: lookUp,
    async lookUp(key, of) {
      return lookUp(key, of)
    },
    register(shapes) {
      return shapes.map((one) => tags.register(one))
    },
    fill(key, entry, ttlMs) {
      entries.fill(key, entry, ttlMs)
    },
    async increment(key, by, ttlMs) {
      return entries.increment(key, by, ttlMs)
    },
    async bump(of, known = [], graceUntil) {
      tags.invalidate(of, graceUntil)
      return tags.changed(known)
    },
    async hold(of, holder, leaseMs, known = []) {
      tags.hold(of, holder, leaseMs)
      return tags.changed(known)
    },
    async release(holder, moved, kept, known = []) {
      tags.release(holder, moved, kept)
      return tags.changed(known)
    },
    async remove(keys) {
      for (const one of others()) one.remove(keys)
      return entries.remove(keys)
    },
    async *scan(pattern) {
      yield entries.matching(pattern)
    },
    async removeElsewhere(pattern) {
      for (const one of others()) one.removeMatching?.(pattern)
    },
    async peek(key) {
      return entries.live(key)
    },
    async clear() {
      for (const one of others()) one.clear()
      group.registries.clear()
      tags.clearHere()
      return entries.clear()
    },
    async ping() {},
    local: () => entries.size(),
    // Other clients may have been given the same store.
    async close() {},
  }
}

/** What the other stores of the process tell this one. */
function peer(prefix: string, entries: MemoryEntries, tags: MemoryTags): Peer {
  return {
    invalidate(changed, graceUntil) {
      tags.invalidateHere(changed, graceUntil)
      // A value that was `set` depends on no tag of its own: this is how it hears that another took its place.
      entries.remove(changed.flatMap((tag) => valueKey(prefix, tag) ?? []))
    },
    remove: (keys) => void entries.remove(keys),
    removeMatching: (pattern) => void entries.remove(entries.matching(pattern)),
    clear() {
      tags.clearHere()
      entries.clear()
    },
    counter: (key) => entries.counter(key),
    count: (key, counter) => entries.count(key, counter),
  }
}
