import { processWide } from '../process-wide.ts'
import type { Tag } from '../tags/tag.ts'

/** What one store of a process is told by the others of its prefix. Every call takes effect before it returns. */
export interface Peer {
  /** The tags have changed; `graceUntil` as in `CacheStore.bump`. */
  invalidate(tags: readonly Tag[], graceUntil?: number): void
  remove(keys: readonly string[]): void
  removeMatching?(pattern: string): void
  clear(): void
  /** The counter under a key, if this store has it. */
  counter?(key: string): KeptEntry | undefined
  count?(key: string, counter: KeptEntry): void
}

export interface KeptEntry {
  readonly entry: string
  readonly expiresAt: number
}

/** The shapes in use of one model; the least recently registered first. */
interface Registry {
  version: string
  readonly texts: Set<string>
}

/** What the in-process stores of one prefix share. The stores hold it; it ends with the last of them. */
export interface PeerGroup {
  readonly peers: Set<WeakRef<Peer>>
  /** Until when a tag is locked, by tag and holder. There are as many as there are writes under way. */
  readonly holds: Map<Tag, Map<string, number>>
  readonly registries: Map<string, Registry>
}

/**
 * The group of this prefix. Stores in one process may belong to clients of one database, and nothing here can say for
 * certain whether they do. So they share what is safe to share: each invalidation, lock and registered shape. Entries
 * stay apart: an entry handed to a client of another database would be a wrong answer, an invalidation is only a miss.
 */
export function peerGroup(prefix: string): PeerGroup {
  const all = processWide('peer-groups@1', () => new Map<string, WeakRef<PeerGroup>>())
  for (const [name, ref] of all) if (!ref.deref()) all.delete(name)
  let group = all.get(prefix)?.deref()
  if (!group) {
    group = { peers: new Set(), holds: new Map(), registries: new Map() }
    all.set(prefix, new WeakRef(group))
  }
  return group
}

/** Has `peer` told of everything from now on, for as long as somebody else holds it. */
export function join(group: PeerGroup, peer: Peer): void {
  group.peers.add(new WeakRef(peer))
}

export function leave(group: PeerGroup, peer: Peer): void {
  for (const ref of group.peers) if (ref.deref() === peer) group.peers.delete(ref)
}

/** The stores of the group that are still in use, without `self`. */
export function* peersOf({ peers }: PeerGroup, self?: Peer): Generator<Peer> {
  for (const ref of peers) {
    const peer = ref.deref()
    if (!peer) peers.delete(ref)
    else if (peer !== self) yield peer
  }
}
