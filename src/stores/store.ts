import type { Awaitable } from '../awaitable.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import type { Tag } from '../tags/tag.ts'
import type { LOCKED, SeenTag, Stamp } from '../tags/tag-clocks.ts'
import type { ConnectionLimits } from './connection-limits.ts'

export interface HowToLookUp {
  /** Not from a copy that is nearer than the store itself. */
  readonly pastNear?: boolean | undefined
}

/**
 * Where entries and the clocks of tags are kept. Implementations must pass the contract suite in `test/contract`.
 *
 * The promise between the methods: an entry filled under clocks obtained from `lookUp` before a `bump` of one of its tags
 * can be told by the clocks that any later `lookUp` returns. Nothing needs to be atomic between entries and clocks.
 *
 * Methods that may answer at once do so where that needs no promise. Times are milliseconds. Methods reject when the store cannot be reached; they never hang for longer than the client
 * under them does (`guardedStore` bounds that).
 */
export interface CacheStore {
  /** For events, `health()` and messages: `memory`, `redis`. */
  readonly name: string

  /** Whether a call may be slow or fail; such a store is used through `guardedStore`. */
  readonly isRemote: boolean

  /** Whether it keeps entries in this process, and at most `maxEntries` of them a model. */
  readonly boundsModels?: boolean

  /**
   * The entry, if any (`undefined`: only clocks are wanted), and the present clock of each tag, in the order of `tags`.
   * Records that are not there are made. One round trip.
   */
  lookUp(key: string | undefined, tags: readonly Tag[], how?: HowToLookUp): Promise<LookUp>

  /** What `lookUp` would say, where that takes no round trip; else `undefined`. */
  near?(key: string, tags: readonly Tag[]): LookUp | undefined

  /** Has every change of a record told to this process, whoever makes it. `heartbeatMs`: longest silence that is trusted. */
  follow?(listener: FeedListener, heartbeatMs: number): ClockFeed

  /** `false` while the server that answers may not be the one that has all invalidations. Takes no round trip. */
  isTrusted?(): boolean

  /**
   * Stores the entry for `ttlMs`, and has the clocks of `tags` live for longer than that, once they are looked up again.
   * Commands of one process take effect in order: a look-up begun after `fill` was called
   * sees the entry.
   */
  fill(key: string, entry: string, ttlMs: number, tags?: readonly Tag[]): Awaitable<void>

  /**
   * Adds to the integer kept under the key as its decimal digits and nothing else, in one step, and says the sum; one
   * that is not there counts from 0 and lives for `ttlMs` from now on, or until it is removed. `undefined`: something
   * else is kept there, or the sum is too large to be kept.
   */
  increment(key: string, by: number, ttlMs: number | undefined): Promise<number | undefined>

  /**
   * Takes the lease for its holder unless another has it, then looks up its key as `lookUp` does: whoever is granted it
   * sees what the holder before him stored. One round trip. Two holders at a time must be rare, no more: a lease decides
   * who asks the database, never what is fresh. Missing where no other process shares the store.
   */
  claim?(lease: Lease, tags: readonly Tag[]): Promise<LookUp & { readonly granted: boolean }>

  /** Ends a lease, unless it has run out and another has it by now. */
  endLease?(lease: Lease): Promise<void>

  /** Has a lease last for `leaseMs` from now; `false` when it has run out, and may be another's. */
  renewLease?(lease: Lease): Promise<boolean>

  /**
   * Enters shapes into the registries of their models, where writers of every process find them, and says the stamp of
   * each model then. While the epoch stands and neither `everyShapeTag` nor the `anyValuesTag` of the shape has changed
   * since, a writer that asks with `bump` is told of the shape: a registry that is lost takes its epoch with it, and a
   * shape that gives way to another (a registry holds `MAX_SHAPES`, the least recently registered goes) has its
   * `anyValuesTag` changed. Both in one step each. `LOCKED` while a writer locks the model: it could not know of the shape.
   */
  register(shapes: readonly ShapeKey[]): Awaitable<readonly Registration[]>

  /**
   * After this resolves every `lookUp` says that these tags have changed. Locks on them stay. One pipelined round trip; the
   * cost depends on the number of tags, never on the number of entries. Resolves with the registries that are not as
   * `known` says.
   *
   * `graceUntil` (epoch ms): the tags say until when entries from before may be served stale. A second soft change
   * gives no longer a grace than one that lives. A store that cannot do that leaves it out: entries are not served then.
   */
  bump(tags: readonly Tag[], known?: readonly KnownRegistry[], graceUntil?: number): Promise<readonly ShapeRegistry[]>

  /**
   * Puts `holder`'s lock on each tag, or renews it, for `leaseMs`. Until it is released or has run out, tags are `LOCKED`
   * to every reader. Locks of several holders on one tag do not touch each other. A lock that runs out changes the tag:
   * its holder may have committed and died. Then, as in `bump`, says which registries are not as they are `known`.
   */
  hold(
    tags: readonly Tag[],
    holder: string,
    leaseMs: number,
    known?: readonly KnownRegistry[],
  ): Promise<readonly ShapeRegistry[]>

  /**
   * Ends `holder`'s locks: `moved` change as in `bump`, locked or not; `kept` have not changed. One round trip. `known` as
   * in `bump`.
   */
  release(
    holder: string,
    moved: readonly Tag[],
    kept: readonly Tag[],
    known?: readonly KnownRegistry[],
  ): Promise<readonly ShapeRegistry[]>

  /**
   * Notes for `leaseMs`, or again, that `holder` is about to change the records these tags belong to. The note is ended by
   * `release`, which names those tags or others of their records; where that says that a registry was not as known, the note
   * stays for a second `release`. One that runs out changes all tags of its records: its holder may have committed and died.
   * Missing where no other process shares the store.
   */
  intend?(tags: readonly Tag[], holder: string, leaseMs: number): Promise<void>

  /** Removes entries by key; the number that existed. */
  remove(keys: readonly string[]): Promise<number>

  /** Keys that match a glob (`*`, `?`, `[…]`), in no order, each at least once. */
  scan(pattern: string): AsyncIterable<readonly string[]>

  /**
   * Some of the keys `scan` finds: from the beginning with `cursor` `''`, else where the page with that cursor ended. Each
   * key that is there all the while is on one of the pages, or on two. @default made of `scan`, in the order of the keys
   */
  page?(pattern: string, cursor: string, limit: number): Promise<KeyPage>

  /** Removes what matches from the other in-process stores of this prefix; missing where all clients share the entries. */
  removeElsewhere?(pattern: string): Promise<void>

  /** The stored bytes of one entry, for `inspect`. */
  peek(key: string): Promise<string | undefined>

  /** Removes every entry and every clock record of this namespace, and nothing outside it; the number of entries. */
  clear(): Promise<number>

  /**
   * Rejects when the store cannot answer now. After a lost connection it also makes sure that the store is still the one
   * that acknowledged our invalidations, and drops every record where it may not be.
   */
  ping(): Promise<void>

  /**
   * For how much longer a server that has just come may not be read from: other processes are still finding it, and may
   * bring invalidations with them. 0 when there is nothing to wait for.
   */
  graceLeftMs?(): number

  /** Entries, or copies of them, in this process; missing where there are none. Takes no round trip. */
  local?(): LocalSize

  /** What each server says of itself; missing where there are none. Never rejects: one that does not answer says so. */
  servers?(): Promise<readonly ServerInfo[]>

  /** Calls back when the store can be reached again, so that recovery need not wait for its timer. */
  onReconnect?(listener: () => void): void

  /** Resolves when the store has been reached for the first time, or again after `rest`; missing where there is nothing to reach. */
  connect?(): Promise<void>

  /** Lets go what the store itself opened, until `connect`. */
  rest?(): void

  /** Where it is, for messages; without secrets. Missing where the name says it all. */
  address?(): string

  /** Releases what the store itself opened. A client handed in by the application is left open. */
  close(): Promise<void>
}

export interface KeyPage {
  /** About `limit`. */
  readonly keys: readonly string[]
  /** `undefined`: there are no more. */
  readonly cursor: string | undefined
}

/** Whether an entry is an integer that is counted in the store itself: it has no envelope. */
export function isCounter(entry: string): boolean {
  return COUNTER.test(entry)
}

const COUNTER = /^-?\d{1,19}$/

/** Most shapes a model has; beyond it the least recently registered gives way. */
export const MAX_SHAPES = 128

/** The shapes in use of one model. */
export interface ShapeRegistry {
  readonly model: string
  /** Another one with every shape that comes or goes. */
  readonly version: string
  readonly texts: readonly string[]
}

/** The registry as a process knows it; `undefined`: not at all. */
export interface KnownRegistry {
  readonly model: string
  readonly version: string | undefined
}

export type Registration = Stamp | typeof LOCKED

/** One holder's right to ask the database for an entry. */
export interface Lease {
  /** The entry. */
  readonly key: string
  /** What it would be filled under; leases under different clocks do not exclude each other. */
  readonly under: string
  readonly holder: string
  /** It ends by then, also when its holder has died; ms. */
  readonly leaseMs: number
}

export interface LookUp {
  readonly entry: string | undefined
  /** In the order of the tags asked for. */
  readonly clocks: readonly SeenTag[]
  /** The entry is a copy; the store itself may have a newer one. */
  readonly isNear?: boolean
}

/** What lies in this process: the entries of a memory store, or copies of those in Redis. */
export interface LocalSize {
  readonly entries: number
  /** Keys and entries together, two bytes a character. */
  readonly bytes: number
  readonly maxEntries: number
  readonly maxBytes: number
  /** Pushed out for want of room since the process began. */
  readonly evictions: number
}

/** A Redis server in its own words (`INFO`). `null`: it does not say; of one that does not answer everything but its address. */
export interface ServerInfo {
  readonly address: string
  /** Why it did not answer. */
  readonly error: string | null
  /** Round trip of the question, ms. */
  readonly latencyMs: number | null
  readonly version: string | null
  readonly role: 'master' | 'replica' | null
  readonly uptimeSeconds: number | null
  readonly memory: {
    readonly usedBytes: number | null
    /** 0: no limit. */
    readonly maxBytes: number | null
    /** `allkeys-lru`, say. */
    readonly policy: string | null
    readonly fragmentation: number | null
  }
  readonly clients: { readonly connected: number | null; readonly blocked: number | null; readonly max: number | null }
  /** Of all its databases and applications, since it was started. */
  readonly counts: {
    readonly hits: number | null
    readonly misses: number | null
    readonly evicted: number | null
    readonly expired: number | null
    readonly rejectedConnections: number | null
  }
  readonly commandsPerSecond: number | null
  /** In the database the client uses, of all applications. */
  readonly keys: { readonly total: number | null; readonly expiring: number | null }
  readonly persistence: {
    readonly aof: boolean | null
    readonly lastSave: Date | null
    /** `false`: the last snapshot, or the last append, failed. */
    readonly ok: boolean | null
    readonly loading: boolean | null
  }
  readonly replicas: number | null
}

/** A change of one record: its clock before and after, and the slot hashes of the tags that changed. */
export interface RecordChange {
  readonly record: string
  readonly epoch: string
  readonly before: number
  readonly after: number
  /** `all`: every tag may have. */
  readonly hashes: readonly number[] | 'all'
}

export interface FeedListener {
  changed(change: RecordChange): void
  /** Anything may have changed, in one record or in all of them. */
  lost(record?: string): void
  /** From now on changes are told: at first, and again after all was lost. */
  live?(): void
  /** Now and then, while changes are told: the time to compare clocks, for a last message that was lost leaves no gap. */
  beat?(): void
}

export interface ClockFeed {
  isLive(): boolean
  close(): void
}

/** What a store is told when the extension is set up. */
export interface StoreContext {
  /** Everything the store keeps lies under this prefix: `{prefix}query:…` and `{prefix}clock:…`. */
  readonly prefix: string
  readonly clock: () => number
  /** How long an unused clock record must outlive the entries that depend on it. */
  readonly tagTtlMs: number
  /** How long a server that has just come is left alone by readers. */
  readonly graceMs: number
  /** How many replicas must have an invalidation before it counts as delivered. */
  readonly waitReplicas: number
  /** Longest time a query waits for the store, ms. */
  readonly timeoutMs: number
  /** @default what `connectionLimits` says */
  readonly connection?: ConnectionLimits | undefined
  readonly onError: (during: string, error: unknown) => void
  /** Nothing is written, nor are entries judged: for who looks at keys and bytes. The store is not noted as in use. */
  readonly looksOnly?: boolean | undefined
  /** Tags of models that must not be read from what a push keeps current; `undefined`: there are none. */
  readonly isStrict?: ((tag: Tag) => boolean) | undefined
  /** Most entries of a model that this process keeps, see `boundsModels`; of models that are not named: any number. */
  readonly maxEntries?: ReadonlyMap<string, number> | undefined
}

/** What `memoryStore()` and `redisStore()` return: a store that learns its namespace when the extension is set up. */
export type StoreFactory = (context: StoreContext) => CacheStore
