import type { Awaitable } from '../awaitable.ts'
import { CacheConfigError, ConnectionLostError, StoreUnavailableError, storeError } from '../errors.ts'
import type { ShapeKey } from '../tags/shape-tags.ts'
import { everyShapeTag, type Tag } from '../tags/tag.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import type { Delivered, GuardedStore, GuardOptions, StoreCondition } from './guarded-store.ts'
import { inTime } from './in-time.ts'
import { InvalidationQueue } from './invalidation-queue.ts'
import { pageOf } from './key-order.ts'
import type { CacheStore, HowToLookUp, KnownRegistry, Lease, ShapeRegistry } from './store.ts'

/** One for all: to note where it was thrown takes longer than the query it stands in the way of, and nobody is shown it. */
const OPEN = new StoreUnavailableError('the circuit is open')

/** Above this many batches without an answer a hanging store is sent no more of them. */
const MAX_UNANSWERED = 1000
const PATIENCE = 5
/** The longest pause between two attempts, in units of the first, and of the time for which others leave the store alone. */
const LONGEST_PAUSE = 4
const SHARE_OF_GRACE = 0.7
/** Emptying a large namespace takes its time; a store that has not managed by then is tried again. */
const CLEAR_MS = 60_000

/**
 * Puts time limits, a circuit breaker and the queue of undelivered invalidations between the cache and its store. They
 * meet in one rule: **while an invalidation of ours has not arrived, nothing this process reads from the store can be
 * trusted.** So the circuit opens with the first failed invalidation (but only after several failed look-ups), recovery
 * delivers the queue before anything else, and only then are reads let through again.
 */
export class RemoteGuard implements GuardedStore {
  readonly name: string
  readonly isRemote = true
  readonly #store: CacheStore
  readonly #options: GuardOptions
  readonly #queue = new InvalidationQueue(this)
  readonly #breaker: CircuitBreaker
  /** Commands whose time was over before they were answered: while there are any, the store hangs. */
  #unanswered = 0
  /** Whether the store has been reached, or it was tried in vain: from then on commands have their own time limits. */
  #hasMet: boolean
  #meeting: Promise<void> | undefined
  #isClosed = false
  /** Until when the store is left alone after an outage, on the clock of `performance.now()`. */
  #quarantineEndsAt: number | undefined
  readonly claim?: NonNullable<CacheStore['claim']>
  readonly local?: NonNullable<CacheStore['local']>
  readonly renewLease?: NonNullable<CacheStore['renewLease']>
  readonly follow?: NonNullable<CacheStore['follow']>
  readonly intend?: NonNullable<GuardedStore['intend']>

  constructor(store: CacheStore, options: GuardOptions) {
    this.#store = store
    this.#options = options
    this.name = store.name
    this.#hasMet = store.connect === undefined
    this.#breaker = new CircuitBreaker({
      failures: options.failures,
      resetMs: options.resetMs,
      longestPauseMs: longestPauseMs(options),
      opensAtOnce: (error) => error instanceof ConnectionLostError,
      probe: () => this.#recover(),
      mayClose: () => this.#queue.size === 0,
      onProbeFailed: (error) => {
        this.#quarantineEndsAt = undefined
        options.onError('recovery', error)
      },
      onChange: () => {
        this.#quarantineEndsAt = undefined
        options.onCondition(this.condition())
      },
    })
    const { claim } = store
    if (claim) {
      this.claim = (lease, tags) => this.#attempt('look-up', options.timeoutMs, () => claim.call(store, lease, tags))
    }
    if (store.local) this.local = () => store.local!()
    if (store.renewLease) {
      this.renewLease = (lease) => inTime(options.timeoutMs * PATIENCE, () => store.renewLease!(lease))
    }
    if (store.intend) {
      this.intend = (tags, holder, leaseMs) => {
        if (!this.#hasMet || this.#breaker.isOpen || this.#unanswered > 0) return
        store.intend!(tags, holder, leaseMs).catch(() => {})
      }
    }
    if (store.follow) this.follow = (listener, heartbeatMs) => store.follow!(listener, heartbeatMs)
    store.onReconnect?.(() => this.#breaker.probeNow())
  }

  near(key: string, tags: readonly Tag[]) {
    return this.#breaker.isOpen ? undefined : this.#store.near?.(key, tags)
  }

  lookUp(key: string | undefined, tags: readonly Tag[], how?: HowToLookUp) {
    return this.#attempt('look-up', this.#options.timeoutMs, () => this.#store.lookUp(key, tags, how))
  }

  async endLease(lease: Lease) {
    // One that is not given back runs out.
    if (this.#breaker.isOpen) return
    await inTime(this.#options.timeoutMs * PATIENCE, async () => this.#store.endLease?.(lease))
  }

  register(shapes: readonly ShapeKey[]) {
    return this.#attempt('look-up', this.#options.timeoutMs, () => this.#store.register(shapes))
  }

  fill(key: string, entry: string, ttlMs: number, tags?: readonly Tag[]) {
    return this.#attempt('fill', this.#options.timeoutMs * PATIENCE, () => this.#store.fill(key, entry, ttlMs, tags))
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
    const undelivered = this.#queue.size
    return { state: undelivered > 0 ? 'undelivered' : this.#breaker.isOpen ? 'unavailable' : 'ok', undelivered }
  }

  async delivered(withinMs: number) {
    if (withinMs === 0 || this.#isClosed || this.#queue.size === 0) return
    // Who waits for the end has no use for the pause between two attempts.
    this.#breaker.probeNow()
    await this.#breaker.closedBy(performance.now() + withinMs)
  }

  async ready(withinMs: number) {
    const deadline = performance.now() + withinMs
    if (!this.#hasMet) await inTime(withinMs, () => this.#meet()).catch(() => {})
    this.#breaker.probeNow()
    await this.#breaker.closedBy(deadline)
    if (this.#isClosed) throw new StoreUnavailableError('the cache was disconnected')
    if (this.#breaker.isOpen || !this.#hasMet) throw new StoreUnavailableError(`not ready within ${withinMs} ms`)
  }

  rest() {
    if (this.#isClosed || this.#queue.size > 0 || !this.#store.rest) return
    this.#store.rest()
    this.#hasMet = false
    this.#meeting = undefined
    this.#breaker.pause()
  }

  remove(keys: readonly string[]) {
    return this.#reached(() => this.#store.remove(keys))
  }
  async *scan(pattern: string) {
    const found = this.#store.scan(pattern)[Symbol.asyncIterator]()
    const next = () => this.#reached(() => found.next())
    for (let page = await next(); !page.done; page = await next()) yield page.value
  }
  page(pattern: string, cursor: string, limit: number) {
    return this.#reached(() => pageOf(this.#store, pattern, cursor, limit))
  }
  peek(key: string) {
    return this.#reached(() => this.#store.peek(key))
  }
  clear() {
    return this.#reached(() => this.#store.clear())
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
  async ping() {
    if (!this.#hasMet) await this.#meet()
    return inTime(this.#options.timeoutMs * PATIENCE, () => this.#store.ping())
  }
  async close() {
    this.#isClosed = true
    this.#breaker.end()
    this.#queue.end()
    if (this.#queue.size > 0) this.#options.onError('invalidate', lostError(this.#queue.size))
    await this.#store.close()
  }

  async #attempt<T>(during: string, timeoutMs: number, run: () => Awaitable<T>): Promise<T> {
    if (!this.#hasMet) await this.#meet()
    if (this.#breaker.isOpen) throw OPEN
    return this.#breaker.run(
      () => inTime(timeoutMs, run),
      (error) => this.#options.onError(during, error),
    )
  }

  /** The first contact, once for all who come before it is made. Its time does not count as that of their commands. */
  #meet(): Promise<void> {
    this.#meeting ??= this.#connect()
    return this.#meeting
  }

  async #connect(): Promise<void> {
    try {
      await inTime(this.#options.connectTimeoutMs, async () => this.#store.connect?.())
    } catch (error) {
      this.#options.onError('connection', error)
      this.#breaker.open(0)
      throw error
    } finally {
      this.#hasMet = true
      this.#breaker.probeNow()
    }
  }

  /** For operators: without a time limit of ours. */
  #reached<T>(run: () => Promise<T>): Promise<T> {
    return awake(async () => {
      if (!this.#hasMet) await this.#meet()
      return run()
    })
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
    if (tags.length === 0) return { delivery: 'kept', registries: [] }
    if (this.#isClosed) {
      this.#options.onError('invalidate', lostError(tags.length))
      return { delivery: 'lost', registries: [] }
    }
    if (!this.#breaker.isOpen) this.#options.onError('invalidate', error)
    this.#queue.keep([...tags, ...known.map(({ model }) => everyShapeTag(model))])
    this.#breaker.open(0)
    await this.#breaker.closedBy(Math.min(begunAt, this.#breaker.openedAt) + this.#options.timeoutMs * PATIENCE)
    return { delivery: this.#breaker.isOpen ? 'kept' : 'delivered', registries: [] }
  }

  /** In bounded time; without waiting where an earlier command has not been answered yet. */
  async #send<T>(send: () => Promise<T>): Promise<{ readonly error?: unknown; readonly value?: T }> {
    if (this.#unanswered >= MAX_UNANSWERED) return { error: new StoreUnavailableError('the store does not answer') }
    try {
      if (!this.#hasMet) await this.#meet()
    } catch (error) {
      return { error }
    }
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

  /** Rejects when the store still does not answer; what was not delivered is kept. */
  async #recover(): Promise<number> {
    const timeoutMs = this.#options.timeoutMs * PATIENCE
    // It may have to be connected to first.
    await inTime(Math.max(timeoutMs, this.#options.connectTimeoutMs), () => this.#store.ping())
    await this.#queue.deliver({
      invalidate: (tags) => inTime(timeoutMs, () => this.#store.bump(tags)),
      invalidateEverything: () => inTime(CLEAR_MS, () => this.#store.clear()),
    })
    return Math.max(this.#store.graceLeftMs?.() ?? 0, this.#quarantineLeftMs())
  }

  /**
   * After an outage that outlasted the patience of writes others may have acknowledged some, and have not brought their
   * invalidations yet: they find the way back at another moment. Whoever reads before that is served what they changed.
   */
  #quarantineLeftMs(): number {
    const { timeoutMs, graceMs } = this.#options
    const now = performance.now()
    const wasLong = now - this.#breaker.openedAt > PATIENCE * timeoutMs
    this.#quarantineEndsAt ??= wasLong ? now + graceMs : now
    return Math.max(0, this.#quarantineEndsAt - now)
  }
}

/** Whoever is late to find the way back must have found it before others read again. */
function longestPauseMs({ resetMs, graceMs }: GuardOptions): number {
  const longest = resetMs * LONGEST_PAUSE
  return graceMs === 0 ? longest : Math.min(longest, Math.max(resetMs, SHARE_OF_GRACE * graceMs))
}

function lostError(count: number): StoreUnavailableError {
  const tags = count === 1 ? '1 tag' : `${count} tags`
  return new StoreUnavailableError(
    `the cache was disconnected before an invalidation of ${tags} had arrived: other processes may serve old results`,
  )
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
