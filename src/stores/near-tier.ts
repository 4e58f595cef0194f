import { LRUCache } from 'lru-cache'
import type { Tag } from '../tags/tag.ts'
import { HELD, type SeenVersion, type TagVersion } from '../tags/tag-versions.ts'
import { modelBounds } from './model-bounds.ts'
import { join, leave, type Peer, peerGroup } from './process-peers.ts'
import type { CacheStore, HowToLookUp, LookUp, StoreContext, StoreFactory } from './store.ts'

export interface NearOptions {
  /**
   * How a copy in the process is known to be current.
   * - `revalidate`: its versions are compared with those in the store, one small round trip a hit: as fresh as the store
   * - `push`: no round trip; the server pushes every change of a version. A process sees its own writes at once, and
   *   those of others when the push has arrived, see the README
   */
  readonly coherence: 'revalidate' | 'push'
  readonly maxEntries: number
  /** Keys and entries together, two bytes a character. */
  readonly maxBytes: number
  /** `push`: how long a feed that does not answer is trusted, ms. */
  readonly heartbeatMs: number
}

/** A copy in this process, and the version of `REMOVED` under which it was made. */
interface Copy {
  readonly entry: string
  readonly removed: TagVersion
}

/** A look-up under way, and the tags that moved meanwhile: what it says of them may be the past. */
interface Pending {
  readonly spoiled: Set<Tag>
  isLost: boolean
}

/** Moved when entries are removed by key: their versions do not say so, and other processes have copies. */
const REMOVED: Tag = '~removed'
const TAGS_PER_ENTRY = 10

/**
 * Copies of entries in the process, in front of a store that all processes share. A copy alone says nothing: like an
 * entry it is good only under the versions its tags have now, which come from the store with each hit (`revalidate`) or
 * are kept current by its feed (`push`).
 *
 * A version is remembered only from a look-up that began while the feed was live, and only if nothing was told of its tag
 * until the reply was here: what the feed tells later makes it unknown again, and what was unknown is asked for.
 */
export function nearTier(far: StoreFactory, options: NearOptions): StoreFactory {
  return (context) => {
    const store = far(context)
    return store.isRemote ? openTier(store, options, context) : store
  }
}

function openTier(far: CacheStore, options: NearOptions, context: StoreContext): CacheStore {
  const { isStrict } = context
  const values = `${context.prefix}data:`
  const { maxEntries, maxBytes } = options
  let evictions = 0
  const bounds = modelBounds(context, (key) => {
    if (copies.delete(key)) evictions += 1
  })
  const copies = new LRUCache<string, Copy>({
    max: maxEntries,
    maxSize: maxBytes,
    sizeCalculation: ({ entry }, key) => 2 * (entry.length + key.length) + 1,
    dispose(_, key, reason) {
      if (reason === 'evict') evictions += 1
      if (reason !== 'set') bounds?.forget(key)
    },
  })
  const known = new LRUCache<Tag, TagVersion>({ max: maxEntries * TAGS_PER_ENTRY })
  const pending = new Set<Pending>()
  let removed: SeenVersion = null
  let isEnsuring = false

  function spoil(tags: readonly Tag[]): void {
    for (const tag of tags) known.delete(tag)
    for (const { spoiled } of pending) for (const tag of tags) spoiled.add(tag)
  }

  function dropCopies(keys: readonly string[]): void {
    for (const key of keys) copies.delete(key)
  }

  function dropAll(): void {
    copies.clear()
    forget()
  }

  function forget(): void {
    known.clear()
    for (const one of pending) one.isLost = true
  }

  const follow = options.coherence === 'push' ? far.follow : undefined
  const listen = () => follow?.call(far, { moved: spoil, lost: forget }, options.heartbeatMs)
  let feed = listen()

  const group = peerGroup(context.prefix)
  /** Clients of this process tell each other what they change: the push comes later. */
  const peer: Peer = {
    invalidate: spoil,
    remove: dropCopies,
    clear: dropAll,
  }
  join(group, peer)

  async function asked(key: string | undefined, tags: readonly Tag[], how?: HowToLookUp): Promise<LookUp> {
    const look: Pending = { spoiled: new Set(), isLost: feed?.isLive() !== true }
    pending.add(look)
    try {
      const found = await far.lookUp(key, tags, how)
      if (!look.isLost) {
        for (const [i, tag] of tags.entries()) {
          const version = found.versions[i]
          if (version && version !== HELD && !look.spoiled.has(tag)) known.set(tag, version)
        }
      }
      return found
    } finally {
      pending.delete(look)
    }
  }

  /** Before, for nobody may read them any more as they were; and after, for a look-up may have been answered in between. */
  async function moving<T>(tags: readonly Tag[], send: () => Promise<T>): Promise<T> {
    spoil(tags)
    try {
      return await send()
    } finally {
      spoil(tags)
    }
  }

  /** Once there is a version, copies can be made under it; without one they could not be told from removed ones. */
  function seeRemoved(version: SeenVersion): void {
    removed = version
    if (version !== null || isEnsuring) return
    isEnsuring = true
    const done = () => {
      isEnsuring = false
    }
    void Promise.resolve(far.ensureVersions([REMOVED])).then(done, done)
  }

  function near(key: string, tags: readonly Tag[]): LookUp | undefined {
    if (!feed?.isLive() || far.isTrusted?.() === false) return undefined
    const copy = copies.get(key)
    if (!copy || known.get(REMOVED) !== copy.removed) return undefined
    const versions = new Array<TagVersion>(tags.length)
    for (let i = 0; i < tags.length; i += 1) {
      const tag = tags[i] as Tag
      const version = known.get(tag)
      // Strict promises what a push cannot keep.
      if (version === undefined || isStrict?.(tag)) return undefined
      versions[i] = version
    }
    bounds?.use(key)
    return { entry: copy.entry, versions, isNear: true }
  }

  function keep(key: string, copy: Copy): void {
    copies.set(key, copy)
    if (bounds && copies.has(key)) bounds.use(key)
  }

  return {
    name: far.name,
    isRemote: true,
    boundsModels: true,

    ...(follow && { near }),

    async lookUp(key, tags, how) {
      if (key === undefined) return asked(key, tags, how)
      const copy = how?.pastNear ? undefined : copies.get(key)
      const { entry, versions } = await asked(copy ? undefined : key, [...tags, REMOVED], how)
      const now = versions.at(-1) ?? null
      const ofTags = versions.slice(0, -1)
      seeRemoved(now)
      if (copy) {
        if (copy.removed === now) {
          bounds?.use(key)
          return { entry: copy.entry, versions: ofTags, isNear: true }
        }
        copies.delete(key)
        return far.lookUp(key, tags, how)
      }
      if (entry !== undefined && now !== null && now !== HELD) keep(key, { entry, removed: now })
      return { entry, versions: ofTags }
    },

    // Past the copies: whoever claims has found none that serves.
    ...(far.claim && { claim: (lease, tags) => far.claim!(lease, tags) }),
    ...(far.endLease && { endLease: (lease) => far.endLease!(lease) }),
    ...(far.renewLease && { renewLease: (lease) => far.renewLease!(lease) }),
    ...(far.follow && { follow: (listener, heartbeatMs) => far.follow!(listener, heartbeatMs) }),
    ensureVersions: (tags) => far.ensureVersions(tags),
    register: (shapes) => far.register(shapes),

    fill(key, entry, tags, ttlMs) {
      if (removed === null || removed === HELD) copies.delete(key)
      else keep(key, { entry, removed })
      return far.fill(key, entry, tags, ttlMs)
    },

    increment: (key, by, ttlMs) => far.increment(key, by, ttlMs),
    bump: (tags, known_, graceUntil) => moving(tags, () => far.bump(tags, known_, graceUntil)),
    hold: (tags, holder, leaseMs, known_) => moving(tags, () => far.hold(tags, holder, leaseMs, known_)),
    release: (holder, moved, kept, known_) =>
      moving([...moved, ...kept], () => far.release(holder, moved, kept, known_)),

    async remove(keys) {
      dropCopies(keys)
      const count = await far.remove(keys)
      // Copies of values depend on tags of theirs, which whoever removes one moves.
      if (keys.every((key) => key.startsWith(values))) return count
      await moving([REMOVED], () => far.bump([REMOVED]))
      return count
    },
    scan: (pattern) => far.scan(pattern),
    ...(far.page && { page: (pattern, cursor, limit) => far.page!(pattern, cursor, limit) }),
    peek: (key) => far.peek(key),
    async clear() {
      dropAll()
      try {
        return await far.clear()
      } finally {
        dropAll()
      }
    },
    ping: () => far.ping(),
    graceLeftMs: () => far.graceLeftMs?.() ?? 0,
    local: () => ({ entries: copies.size, bytes: copies.calculatedSize, maxEntries, maxBytes, evictions }),
    servers: async () => far.servers?.() ?? [],
    onReconnect: (listener) => far.onReconnect?.(listener),
    ...(far.connect && {
      async connect() {
        feed ??= listen()
        await far.connect?.()
      },
    }),
    rest() {
      feed?.close()
      feed = undefined
      // Nobody tells of what changes until it is followed again.
      forget()
      far.rest?.()
    },
    ...(far.address && { address: () => far.address!() }),
    async close() {
      leave(group, peer)
      feed?.close()
      await far.close()
    },
  }
}
