import { LRUCache } from 'lru-cache'
import type { Tag } from '../tags/tag.ts'
import { isCurrent, LOCKED, recordOf, type SeenTag, type Stamp, slotHash } from '../tags/tag-clocks.ts'
import { modelBounds } from './model-bounds.ts'
import { join, leave, type Peer, peerGroup } from './process-peers.ts'
import type { CacheStore, LookUp, RecordChange, StoreContext, StoreFactory } from './store.ts'

export interface NearOptions {
  /**
   * How a copy in the process is known to be current.
   * - `revalidate`: its clocks are compared with those in the store, one small round trip a hit: as fresh as the store
   * - `push`: no round trip; every change of a clock is pushed. A process sees its own writes at once, and
   *   those of others when the push has arrived, see the README
   */
  readonly coherence: 'revalidate' | 'push'
  readonly maxEntries: number
  /** Keys and entries together, two bytes a character. */
  readonly maxBytes: number
  /** `push`: how long a feed that does not answer is trusted, ms. */
  readonly heartbeatMs: number
}

/** A copy in this process, and the clock of `REMOVED` under which it was made. */
interface Copy {
  readonly entry: string
  readonly removed: Stamp
}

/** What this process knows of a record: the clock it has heard of, and when tags last changed, by slot hash. */
interface KnownRecord {
  readonly epoch: string
  now: number
  readonly changed: Map<number, number>
  /** The clock the store had at the last heartbeat: by the next one it must have been heard of. */
  due: number
}

/** A look-up under way, and what changed meanwhile: what it says of that may be the past. */
interface Pending {
  readonly spoiled: Set<Tag>
  /** The latest clock that was told of a record. */
  readonly heard: Map<string, number>
  readonly lost: Set<string>
  isLost: boolean
}

/** Changed when entries are removed by key: their clocks do not say so, and other processes have copies. */
const REMOVED: Tag = '~removed'
/** Tags of one record that are remembered; beyond it they are asked for again. */
const MAX_KNOWN = 50_000

/**
 * Copies of entries in the process, in front of a store that all processes share. A copy alone says nothing: like an
 * entry it is good only by the clocks its tags have now, which come from the store with each hit (`revalidate`) or are kept
 * current by its feed (`push`).
 *
 * A clock is remembered only from a look-up that began while the feed was live, and only if nothing of this process changed
 * its tag until the reply was here. A message that does not begin where the one before ended makes the record unknown, and
 * what is unknown is asked for.
 */
export function nearTier(far: StoreFactory, options: NearOptions): StoreFactory {
  return (context) => {
    const store = far(context)
    return store.isRemote ? openTier(store, options, context) : store
  }
}

const stampOf = ({ epoch, now }: Exclude<SeenTag, typeof LOCKED>): Stamp => ({ epoch, clock: now })

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
  const known = new Map<string, KnownRecord>()
  const pending = new Set<Pending>()
  let removed: SeenTag = LOCKED

  function spoil(tags: readonly Tag[]): void {
    for (const tag of tags) known.get(recordOf(tag))?.changed.delete(slotHash(tag))
    for (const { spoiled } of pending) for (const tag of tags) spoiled.add(tag)
  }

  function dropCopies(keys: readonly string[]): void {
    for (const key of keys) copies.delete(key)
  }

  function dropAll(): void {
    copies.clear()
    forget()
  }

  function forget(record?: string): void {
    if (record === undefined) known.clear()
    else known.delete(record)
    for (const one of pending) {
      if (record === undefined) one.isLost = true
      else one.lost.add(record)
    }
  }

  function hear({ record, epoch, before, after, hashes }: RecordChange): void {
    for (const { heard } of pending) heard.set(record, Math.max(after, heard.get(record) ?? 0))
    const found = known.get(record)
    if (!found) return
    if (found.epoch !== epoch || before > found.now) return forget(record)
    if (after <= found.now) return
    found.now = after
    if (hashes === 'all') return found.changed.clear()
    for (const hash of hashes) if (found.changed.has(hash)) found.changed.set(hash, after)
  }

  function learn(tag: Tag, { epoch, now, changed, soft }: Exclude<SeenTag, typeof LOCKED>): void {
    const record = recordOf(tag)
    let found = known.get(record)
    if (found?.epoch !== epoch) known.set(record, (found = { epoch, now, changed: new Map(), due: 0 }))
    const hash = slotHash(tag)
    const before = found.changed.get(hash)
    // What was heard since may concern the tag, unless that is known.
    if (before === undefined && found.now > now) return
    if (found.changed.size >= MAX_KNOWN) found.changed.clear()
    if (soft) found.changed.delete(hash)
    else found.changed.set(hash, Math.max(changed, before ?? 0))
  }

  /** A clock that the store had a heartbeat ago and nobody has told of since: its message was lost. */
  async function compareClocks(): Promise<void> {
    const records = [...known.keys()]
    for (const [record, { now, due }] of known) if (due > now) forget(record)
    const { clocks } = await far.lookUp(undefined, records)
    for (const [i, record] of records.entries()) {
      const [clock, found] = [clocks[i], known.get(record)]
      if (!found) continue
      if (clock === undefined || clock === LOCKED || clock.epoch !== found.epoch) forget(record)
      else found.due = clock.now
    }
  }

  const listener = {
    changed: hear,
    lost: forget,
    beat: () => void compareClocks().catch(() => forget()),
  }
  const follow = options.coherence === 'push' ? far.follow : undefined
  const listen = () => follow?.call(far, listener, options.heartbeatMs)
  let feed = listen()

  const group = peerGroup(context.prefix)
  /** Clients of this process tell each other what they change: the push comes later. */
  const peer: Peer = {
    invalidate: spoil,
    remove: dropCopies,
    clear: dropAll,
  }
  join(group, peer)

  async function asked(key: string | undefined, tags: readonly Tag[]): Promise<LookUp> {
    const look: Pending = { spoiled: new Set(), heard: new Map(), lost: new Set(), isLost: feed?.isLive() !== true }
    pending.add(look)
    try {
      const found = await far.lookUp(key, tags)
      if (!look.isLost) {
        for (const [i, tag] of tags.entries()) {
          const clock = found.clocks[i]
          if (!clock || clock === LOCKED || look.spoiled.has(tag) || look.lost.has(recordOf(tag))) continue
          // A later change was told meanwhile, and may concern the tag.
          if ((look.heard.get(recordOf(tag)) ?? 0) > clock.now) continue
          learn(tag, clock)
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

  function clockOf(tag: Tag): SeenTag | undefined {
    const found = known.get(recordOf(tag))
    const changed = found?.changed.get(slotHash(tag))
    return found && changed !== undefined ? { epoch: found.epoch, now: found.now, changed } : undefined
  }

  function near(key: string, tags: readonly Tag[]): LookUp | undefined {
    if (!feed?.isLive() || far.isTrusted?.() === false) return undefined
    const copy = copies.get(key)
    if (!copy || !isCurrent(copy.removed, clockOf(REMOVED))) return undefined
    const clocks = new Array<SeenTag>(tags.length)
    for (let i = 0; i < tags.length; i += 1) {
      const tag = tags[i] as Tag
      const clock = clockOf(tag)
      // Strict promises what a push cannot keep.
      if (clock === undefined || isStrict?.(tag)) return undefined
      clocks[i] = clock
    }
    bounds?.use(key)
    return { entry: copy.entry, clocks, isNear: true }
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
      if (key === undefined) return asked(key, tags)
      const copy = how?.pastNear ? undefined : copies.get(key)
      const { entry, clocks } = await asked(copy ? undefined : key, [...tags, REMOVED])
      removed = clocks.at(-1) ?? LOCKED
      const ofTags = clocks.slice(0, -1)
      if (copy) {
        if (isCurrent(copy.removed, removed)) {
          bounds?.use(key)
          return { entry: copy.entry, clocks: ofTags, isNear: true }
        }
        copies.delete(key)
        return far.lookUp(key, tags, how)
      }
      if (entry !== undefined && removed !== LOCKED) keep(key, { entry, removed: stampOf(removed) })
      return { entry, clocks: ofTags }
    },

    // Past the copies: whoever claims has found none that serves.
    ...(far.claim && { claim: (lease, tags) => far.claim!(lease, tags) }),
    ...(far.endLease && { endLease: (lease) => far.endLease!(lease) }),
    ...(far.renewLease && { renewLease: (lease) => far.renewLease!(lease) }),
    ...(far.follow && { follow: (listener, heartbeatMs) => far.follow!(listener, heartbeatMs) }),
    register: (shapes) => far.register(shapes),

    fill(key, entry, ttlMs, tags) {
      if (removed === LOCKED) copies.delete(key)
      else keep(key, { entry, removed: stampOf(removed) })
      return far.fill(key, entry, ttlMs, tags)
    },

    increment: (key, by, ttlMs) => far.increment(key, by, ttlMs),
    bump: (tags, known_, graceUntil) => moving(tags, () => far.bump(tags, known_, graceUntil)),
    hold: (tags, holder, leaseMs, known_) => moving(tags, () => far.hold(tags, holder, leaseMs, known_)),
    release: (holder, moved, kept, known_) =>
      moving([...moved, ...kept], () => far.release(holder, moved, kept, known_)),

    ...(far.intend && { intend: (tags, holder, leaseMs) => far.intend!(tags, holder, leaseMs) }),

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
