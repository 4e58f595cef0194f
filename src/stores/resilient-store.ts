import { CacheConfigError, ConnectionLostError, StoreUnavailableError, storeError } from '../errors.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { inTime } from './in-time.ts'
import { pageOf } from './key-order.ts'
import type { CacheStore, HowToLookUp, KnownRegistry, Lease, ShapeRegistry } from './store.ts'

export interface ResilienceOptions {
  /** Longest time a query waits for a look-up, ms. Invalidations and fills get five times as long. */
  readonly timeoutMs: number
  /** Round trips that must fail in a row before the store is left alone. */
  readonly failures: number
  /** First pause before the store is tried again, ms; doubles up to four times itself. */
  readonly resetMs: number
  readonly onError: (during: string, error: unknown) => void
  /** Told when the store is left alone, and when it is used again. */
  readonly onCondition: (condition: StoreCondition) => void
}

/** A store as the read and write paths see it: bounded in time, and honest about what it could not deliver. */
export interface ResilientStore extends Omit<CacheStore, 'bump' | 'release' | 'page'> {
  page: NonNullable<CacheStore['page']>
  /**
   * Resolves in bounded time: `kept` when the store did not acknowledge and the tags wait for it, and with them those of
   * all shapes of the models whose registries could not be compared. Never rejects.
   */
  bump(tags: readonly Tag[], known?: readonly KnownRegistry[], graceUntil?: number): Promise<Delivered>
  /** As `bump` for what moved; a hold that could not be released runs out. */
  release(
    holder: string,
    moved: readonly Tag[],
    kept: readonly Tag[],
    known?: readonly KnownRegistry[],
  ): Promise<Delivered>
  /** As `remove`, for those who cannot wait: rejects in bounded time. */
  removeInTime(keys: readonly string[]): Promise<number>
  condition(): StoreCondition
  /** Waits for invalidations that have not arrived, and no longer than that. Never rejects. */
  delivered(withinMs: number): Promise<void>
}

export type Delivery = 'delivered' | 'kept'

export interface Delivered {
  readonly delivery: Delivery
  /** Registries that are not as they were known. */
  readonly registries: readonly ShapeRegistry[]
}

export interface StoreCondition {
  /** `undelivered`: reads bypass until the waiting invalidations are in · `unavailable`: the circuit is open. */
  readonly state: 'ok' | 'unavailable' | 'undelivered'
  /** Tags waiting to be invalidated; `Infinity` when too many came together and the whole namespace will be dropped. */
  readonly undelivered: number
}

/** One for all: to note where it was thrown takes longer than the query it stands in the way of, and nobody is shown it. */
const OPEN = new StoreUnavailableError('the circuit is open')

/** Above this many waiting tags the memory for them is given back and everything is treated as changed. */
const MAX_UNDELIVERED = 10_000
/** Above this many batches without an answer a hanging store is sent no more of them. */
const MAX_UNANSWERED = 1000
const PATIENCE = 5
/** The longest pause between two attempts, in units of the first. Others wait for what we keep. */
const LONGEST_PAUSE = 4
/** Emptying a large namespace takes its time; a store that has not managed by then is tried again. */
const CLEAR_MS = 60_000

/**
 * Time-outs, a circuit breaker, and the queue of undelivered invalidations in one place, because they are one rule:
 * **while an invalidation of ours has not arrived, nothing this process reads from the store can be trusted.** So the
 * circuit opens with the first failed invalidation (but only after several failed look-ups), recovery delivers the
 * queue before anything else, and only then are reads let through again. No query ever is the probe: recovery has its
 * own timer.
 */
export function resilientStore(store: CacheStore, options: ResilienceOptions): ResilientStore {
  return store.isRemote ? new RemoteStore(store, options) : localStore(store, options)
}

function localStore(store: CacheStore, { onError }: ResilienceOptions): ResilientStore {
  let lost = false
  let closed = false

  async function deliver(send: () => Promise<readonly ShapeRegistry[]>): Promise<Delivered> {
    try {
      return { delivery: 'delivered', registries: await send() }
    } catch (error) {
      // A store that said it cannot fail: nothing in it can be trusted any more, and the write must not fail with it.
      lost = true
      onError('invalidate', error)
      return { delivery: 'kept', registries: [] }
    }
  }

  return {
    name: store.name,
    isRemote: false,
    near: (key, tags) => (lost || closed ? undefined : store.near?.(key, tags)),
    async lookUp(key, tags, how) {
      if (lost || closed) throw new StoreUnavailableError(closed ? 'closed' : 'the store lost an invalidation')
      return store.lookUp(key, tags, how)
    },
    ensureVersions: (tags) => store.ensureVersions(tags),
    register: (shapes) => store.register(shapes),
    fill: (key, entry, tags, ttlMs) => store.fill(key, entry, tags, ttlMs),
    increment: (key, by, ttlMs) => store.increment(key, by, ttlMs),
    hold: (tags, holder, leaseMs, known) => store.hold(tags, holder, leaseMs, known),
    bump: (tags, known, graceUntil) => deliver(() => store.bump(tags, known, graceUntil)),
    release: (holder, moved, kept, known) => deliver(() => store.release(holder, moved, kept, known)),
    remove: (keys) => store.remove(keys),
    removeInTime: (keys) => store.remove(keys),
    scan: (pattern) => store.scan(pattern),
    ...(store.removeElsewhere && { removeElsewhere: (pattern) => store.removeElsewhere!(pattern) }),
    page: (pattern, cursor, limit) => pageOf(store, pattern, cursor, limit),
    peek: (key) => store.peek(key),
    clear: () => store.clear(),
    ping: () => store.ping(),
    close() {
      closed = true
      return store.close()
    },
    ...(store.local && { local: () => store.local!() }),
    condition: () => ({ state: lost || closed ? 'unavailable' : 'ok', undelivered: 0 }),
    delivered: async () => {},
  }
}

class RemoteStore implements ResilientStore {
  readonly name: string
  readonly isRemote = true
  readonly #store: CacheStore
  readonly #options: ResilienceOptions
  readonly #undelivered = new Set<Tag>()
  #delivering = 0
  #overflown = false
  #open = false
  #failures = 0
  /** Attempts begun so far, and how many of them had begun when the last failure was counted. */
  #attempts = 0
  #counted = 0
  #suspendedAt = 0
  /** Commands whose time was over before they were answered: while there are any, the store hangs. */
  #unanswered = 0
  #recovery: NodeJS.Timeout | undefined
  #recovering = false
  /** Writes that wait for the delivery of what they changed. */
  readonly #waiting = new Set<() => void>()
  #closed = false
  readonly claim?: NonNullable<CacheStore['claim']>
  readonly local?: NonNullable<CacheStore['local']>
  readonly renewLease?: NonNullable<CacheStore['renewLease']>
  readonly follow?: NonNullable<CacheStore['follow']>

  constructor(store: CacheStore, options: ResilienceOptions) {
    this.#store = store
    this.#options = options
    this.name = store.name
    const { claim } = store
    if (claim) {
      this.claim = (lease, tags) => this.#attempt('look-up', options.timeoutMs, () => claim.call(store, lease, tags))
    }
    if (store.local) this.local = () => store.local!()
    if (store.renewLease) {
      this.renewLease = (lease) => inTime(options.timeoutMs * PATIENCE, () => store.renewLease!(lease))
    }
    if (store.follow) this.follow = (listener, heartbeatMs) => store.follow!(listener, heartbeatMs)
    store.onReconnect?.(() => {
      if (this.#open && !this.#closed) this.#recoverAfter(0, options.resetMs)
    })
  }

  near(key: string, tags: readonly Tag[]) {
    return this.#open ? undefined : this.#store.near?.(key, tags)
  }

  lookUp(key: string | undefined, tags: readonly Tag[], how?: HowToLookUp) {
    return this.#attempt('look-up', this.#options.timeoutMs, () => this.#store.lookUp(key, tags, how))
  }

  async endLease(lease: Lease) {
    // One that is not given back runs out.
    if (!this.#open) await inTime(this.#options.timeoutMs * PATIENCE, async () => this.#store.endLease?.(lease))
  }

  ensureVersions(tags: readonly Tag[]) {
    return this.#attempt('look-up', this.#options.timeoutMs, () => this.#store.ensureVersions(tags))
  }

  register(shapes: readonly ShapeKey[]) {
    return this.#attempt('look-up', this.#options.timeoutMs, () => this.#store.register(shapes))
  }

  fill(key: string, entry: string, tags: readonly Tag[], ttlMs: number) {
    return this.#attempt('fill', this.#options.timeoutMs * PATIENCE, () => this.#store.fill(key, entry, tags, ttlMs))
  }

  increment(key: string, by: number, ttlMs: number | undefined) {
    return this.#attempt('increment', this.#options.timeoutMs, () => this.#store.increment(key, by, ttlMs))
  }

  removeInTime(keys: readonly string[]) {
    return this.#attempt('remove', this.#options.timeoutMs * PATIENCE, () => this.#store.remove(keys))
  }

  async hold(
    tags: readonly Tag[],
    holder: string,
    leaseMs: number,
    known?: readonly KnownRegistry[],
  ): Promise<readonly ShapeRegistry[]> {
    if (this.#unanswered > 0) throw new StoreUnavailableError('the store does not answer')
    const { error, value = [] } = await this.#send(() => this.#store.hold(tags, holder, leaseMs, known))
    if (error !== undefined) throw error
    return value
  }

  bump(tags: readonly Tag[], known: readonly KnownRegistry[] = [], graceUntil?: number): Promise<Delivered> {
    // One that has to be brought later has no grace: by then the change it tells of is old.
    return this.#deliver(tags, known, () => this.#store.bump(tags, known, graceUntil))
  }

  release(
    holder: string,
    moved: readonly Tag[],
    kept: readonly Tag[],
    known: readonly KnownRegistry[] = [],
  ): Promise<Delivered> {
    return this.#deliver(moved, known, () => this.#store.release(holder, moved, kept, known))
  }

  condition(): StoreCondition {
    const undelivered = this.#overflown ? Number.POSITIVE_INFINITY : this.#undelivered.size + this.#delivering
    return { state: undelivered > 0 ? 'undelivered' : this.#open ? 'unavailable' : 'ok', undelivered }
  }

  async delivered(withinMs: number) {
    if (withinMs === 0 || this.#closed || this.condition().undelivered === 0) return
    // Who waits for the end has no use for the pause between two attempts.
    this.#recoverAfter(0, this.#options.resetMs)
    await this.#resumedBy(performance.now() + withinMs)
  }

  remove(keys: readonly string[]) {
    return awake(() => this.#store.remove(keys))
  }
  async *scan(pattern: string) {
    const found = this.#store.scan(pattern)[Symbol.asyncIterator]()
    for (let next = await awake(() => found.next()); !next.done; next = await awake(() => found.next()))
      yield next.value
  }
  page(pattern: string, cursor: string, limit: number) {
    return awake(() => pageOf(this.#store, pattern, cursor, limit))
  }
  peek(key: string) {
    return awake(() => this.#store.peek(key))
  }
  clear() {
    return awake(() => this.#store.clear())
  }
  /** Never rejects, whatever a store does: a health check that nobody waits for would end the process. */
  async servers() {
    try {
      return await awake(async () => this.#store.servers?.() ?? [])
    } catch (error) {
      this.#options.onError('connection', error)
      return []
    }
  }
  ping() {
    return inTime(this.#options.timeoutMs * PATIENCE, () => this.#store.ping())
  }
  async close() {
    this.#closed = true
    this.#open = true
    clearTimeout(this.#recovery)
    await this.#store.close()
  }

  async #attempt<T>(during: string, timeoutMs: number, run: () => Promise<T>): Promise<T> {
    if (this.#open) throw OPEN
    const attempt = ++this.#attempts
    try {
      const result = await inTime(timeoutMs, run)
      this.#failures = 0
      return result
    } catch (error) {
      this.#failed(attempt, during, error)
      throw error
    }
  }

  #failed(attempt: number, during: string, error: unknown): void {
    // Reads in flight together fail together: one stalled round trip is one failure, however many waited for it.
    if (attempt <= this.#counted) return
    this.#counted = this.#attempts
    this.#failures += 1
    this.#options.onError(during, error)
    if (error instanceof ConnectionLostError) this.#suspend(0)
    else if (this.#failures >= this.#options.failures) this.#suspend(this.#options.resetMs)
  }

  /**
   * Sends an invalidation whatever the circuit says: other processes may be reading while this one has not yet noticed
   * that the store is back. What fails is kept, and the write waits for its delivery as long as its budget allows: a
   * connection that was cut is often back within it.
   */
  async #deliver(
    tags: readonly Tag[],
    known: readonly KnownRegistry[],
    send: () => Promise<readonly ShapeRegistry[]>,
  ): Promise<Delivered> {
    const begunAt = performance.now()
    const { error, value: registries = [] } = await this.#send(send)
    if (error === undefined) return { delivery: 'delivered', registries }
    if (!this.#open) this.#options.onError('invalidate', error)
    // After `close` nobody brings it again; the application's own client may be there, and other processes still read.
    if (this.#closed || tags.length === 0) return { delivery: 'kept', registries: [] }
    this.#keep([...tags, ...known.map(({ model }) => everyShapeTag(model))])
    this.#suspend(0)
    await this.#resumedBy(Math.min(begunAt, this.#suspendedAt) + this.#options.timeoutMs * PATIENCE)
    return { delivery: this.#open ? 'kept' : 'delivered', registries: [] }
  }

  /** In bounded time; without waiting where an earlier command has not been answered yet. */
  async #send<T>(send: () => Promise<T>): Promise<{ readonly error?: unknown; readonly value?: T }> {
    if (this.#unanswered >= MAX_UNANSWERED) return { error: new StoreUnavailableError('the store does not answer') }
    const waits = this.#unanswered === 0
    // A store may throw as well as reject.
    const reply = (async () => send())()
    const late = () => {
      this.#unanswered += 1
      const answered = () => {
        this.#unanswered -= 1
      }
      reply.then(answered, answered)
    }
    if (!waits) {
      late()
      return { error: new StoreUnavailableError('the store does not answer') }
    }
    try {
      return { value: await inTime(this.#options.timeoutMs * PATIENCE, () => reply, late) }
    } catch (error) {
      return { error }
    }
  }

  #keep(tags: readonly Tag[]): void {
    if (this.#overflown) return
    for (const tag of tags) this.#undelivered.add(tag)
    if (this.#undelivered.size <= MAX_UNDELIVERED) return
    this.#undelivered.clear()
    this.#overflown = true
  }

  #suspend(firstPauseMs: number): void {
    if (this.#open || this.#closed) return
    this.#open = true
    this.#suspendedAt = performance.now()
    this.#options.onCondition(this.condition())
    this.#recoverAfter(firstPauseMs, this.#options.resetMs)
  }

  #resumedBy(deadline: number): Promise<void> {
    const leftMs = deadline - performance.now()
    if (!this.#open || leftMs <= 0) return Promise.resolve()
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        this.#waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, leftMs)
      this.#waiting.add(done)
    })
  }

  #recoverAfter(pauseMs: number, nextPauseMs: number): void {
    if (this.#closed) return
    clearTimeout(this.#recovery)
    // Unreferenced: an outage must not keep a process alive that has nothing else to do.
    this.#recovery = setTimeout(() => {
      // One at a time: two that deliver side by side would each take the other's tags for delivered.
      if (this.#recovering) return
      this.#recovering = true
      this.#recover().then(
        (graceLeftMs) => {
          this.#recovering = false
          // Others are still finding this server: until they have, what they keep has not been delivered.
          if (graceLeftMs > 0) this.#recoverAfter(graceLeftMs, nextPauseMs)
          // Kept since the last look.
          else if (this.condition().undelivered > 0) this.#recoverAfter(0, nextPauseMs)
          else this.#resume()
        },
        (error: unknown) => {
          this.#recovering = false
          this.#options.onError('recovery', error)
          const longest = this.#options.resetMs * LONGEST_PAUSE
          // Apart from each other, lest a fleet comes back as one.
          this.#recoverAfter(nextPauseMs * (0.75 + Math.random() / 2), Math.min(nextPauseMs * 2, longest))
        },
      )
    }, pauseMs).unref()
  }

  #resume(): void {
    this.#failures = 0
    this.#open = this.#closed
    this.#options.onCondition(this.condition())
    for (const done of this.#waiting) done()
  }

  /** Rejects when the store still does not answer; what was not delivered is kept. */
  async #recover(): Promise<number> {
    const timeoutMs = this.#options.timeoutMs * PATIENCE
    await inTime(timeoutMs, () => this.#store.ping())
    while (this.#undelivered.size > 0 || this.#overflown) {
      if (this.#overflown) await this.#dropEverything()
      else await this.#bringKept(timeoutMs)
    }
    return this.#store.graceLeftMs?.() ?? 0
  }

  async #bringKept(timeoutMs: number): Promise<void> {
    // Taken out before they are sent: a write that commits meanwhile puts its tags back in, and they are sent again.
    const tags = [...this.#undelivered]
    this.#undelivered.clear()
    this.#delivering = tags.length
    try {
      await inTime(timeoutMs, () => this.#store.bump(tags))
    } catch (error) {
      this.#keep(tags)
      throw error
    } finally {
      this.#delivering = 0
    }
  }

  async #dropEverything(): Promise<void> {
    this.#overflown = false
    try {
      await inTime(CLEAR_MS, () => this.#store.clear())
    } catch (error) {
      this.#overflown = true
      throw error
    }
  }
}

/**
 * The socket of a client of ours does not keep the process alive, so something else must while a script waits for it.
 * Operators' calls have no time limit of ours, hence no timer.
 */
async function awake<T>(run: () => Promise<T>): Promise<T> {
  const hold = setInterval(() => {}, 2 ** 30)
  try {
    return await run()
  } catch (error) {
    // A mistake of the caller's, a cursor that is none say, is no fault of the store.
    throw error instanceof CacheConfigError ? error : storeError(error)
  } finally {
    clearInterval(hold)
  }
}
