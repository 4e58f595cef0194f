import { inTime } from '../in-time.ts'
import { afterLoopTime } from '../loop-time.ts'
import type { ClockFeed, FeedListener } from '../store.ts'
import type { RedisClient } from './redis-client.ts'
import type { RedisKeys } from './redis-keys.ts'
import { dropConnection } from './silence.ts'

export interface FeedContext {
  readonly keys: RedisKeys
  /** The masters as they are now; rejects while they are not known. */
  readonly masters: () => Promise<readonly RedisClient[]>
  /** Rejects when a master refuses writes: what is changed by those who find others is not told here. */
  readonly takesWrites: () => Promise<void>
  readonly heartbeatMs: number
  readonly connectTimeoutMs: number
  readonly onError: (during: string, error: unknown) => void
}

/** Pauses between attempts, ms. */
const SOONEST = 100
const LATEST = 5000

/**
 * Tells of every change to a clock record, whoever made it: the script that makes it publishes it. A message names the clock
 * before and after, so whoever listens notices what is missing between two of them; a last message that is lost is noticed
 * by comparing clocks, for which `beat` says when.
 *
 * Each master is listened to by a connection of its own. A connection that is lost, or whose heartbeat is not answered in
 * time, ends the feed until all of them are there again.
 */
export function clockFeed(listener: FeedListener, context: FeedContext): ClockFeed {
  const feed = new MastersFeed(listener, context)
  const handle: ClockFeed = {
    isLive: () => feed.isLive,
    close() {
      dropped.unregister(handle)
      feed.close()
    },
  }
  // Its connections and timers outlive a cache that was dropped, and must not keep it: whoever has the handle does.
  held.set(handle, [listener, context])
  dropped.register(handle, feed, handle)
  return handle
}

const held = new WeakMap<ClockFeed, readonly [FeedListener, FeedContext]>()
const dropped = new FinalizationRegistry<MastersFeed>((feed) => feed.close())

class MastersFeed {
  isLive = false
  readonly #listener: WeakRef<FeedListener>
  readonly #context: WeakRef<FeedContext>
  #connections: RedisClient[] = []
  #isClosed = false
  #pauseMs = SOONEST
  #cancel: () => void = () => {}
  /** Whatever an earlier attempt still has to say counts no more. */
  #attempt = 0
  #beats = 0

  constructor(listener: FeedListener, context: FeedContext) {
    this.#listener = new WeakRef(listener)
    this.#context = new WeakRef(context)
    void this.#open()
  }

  close(): void {
    this.#isClosed = true
    this.#end()
  }

  async #open(): Promise<void> {
    const mine = ++this.#attempt
    const context = this.#context.deref()
    if (!context) return
    try {
      for (const master of await context.masters()) {
        if (!this.#isMine(mine)) return
        await this.#follow(master, mine, context.keys.channel, context.connectTimeoutMs)
      }
      if (!this.#isMine(mine)) return
      this.isLive = true
      this.#pauseMs = SOONEST
      this.#beat(mine)
      this.#listener.deref()?.live?.()
    } catch (error) {
      if (this.#isMine(mine)) this.#lost(error)
    }
  }

  /** A server that hangs answers none of this. Is not given the context: listeners of the connection would hold it. */
  async #follow(master: RedisClient, mine: number, channel: string, limitMs: number): Promise<void> {
    const connection = master.duplicate?.(OVERRIDES)
    if (!connection) throw new Error('the Redis client cannot be duplicated')
    this.#connections.push(connection)
    connection.on?.('error', () => {})
    connection.on?.('connecting', () => setImmediate(() => connection.stream?.unref?.()))
    connection.on?.('close', () => {
      if (this.#isMine(mine)) this.#lost(new Error('the connection of the clock feed was lost'))
    })
    connection.on?.('message', (_channel: string, message: unknown) => {
      if (this.#isMine(mine)) this.#tell(String(message))
    })
    await inTime(limitMs, async () => {
      await connection.connect?.()
      await connection.subscribe?.(channel)
    })
  }

  #isMine(attempt: number): boolean {
    return attempt === this.#attempt && !this.#isClosed
  }

  #tell(message: string): void {
    const listener = this.#listener.deref()
    const [, epoch, before, after, what, key] = MESSAGE.exec(message) ?? []
    const record = key === undefined ? undefined : this.#context.deref()?.keys.recordOf(key)
    if (epoch === undefined || what === undefined || record === undefined) return listener?.lost()
    if (what === 'lost') return listener?.lost(record)
    const hashes = what === '*' ? 'all' : what === '' ? [] : what.split(',').map(Number)
    listener?.changed({ record, epoch, before: Number(before), after: Number(after), hashes })
  }

  /** One heartbeat is under way at most; the next one finds it unanswered. A server that takes no writes has none. */
  #beat(mine: number): void {
    const context = this.#context.deref()
    if (!context) return
    let isAnswered = false
    const { heartbeatMs, takesWrites } = context
    const token = String((this.#beats += 1))
    Promise.all([...this.#connections.map((connection) => connection.call('PING', token)), takesWrites()]).then(
      (replies) => {
        // With what was asked: the answer to an earlier heartbeat says nothing of this moment.
        isAnswered = replies.slice(0, -1).every((reply) => String(reply).endsWith(token))
      },
      (error: unknown) => this.#isMine(mine) && this.#lost(error),
    )
    this.#cancel = afterLoopTime(
      heartbeatMs,
      () => {
        if (!this.#isMine(mine)) return
        if (isAnswered) {
          this.#listener.deref()?.beat?.()
          this.#beat(mine)
        } else this.#lost(new Error(`the clock feed did not answer within ${heartbeatMs} ms`))
      },
      false,
    )
  }

  #lost(error: unknown): void {
    this.#end()
    this.#listener.deref()?.lost()
    if (this.#pauseMs === SOONEST) this.#context.deref()?.onError('version-feed', error)
    const again = setTimeout(() => this.#open(), this.#pauseMs).unref()
    this.#cancel = () => clearTimeout(again)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LATEST)
  }

  #end(): void {
    this.#attempt += 1
    this.isLive = false
    this.#cancel()
    for (const connection of this.#connections.splice(0)) {
      connection.disconnect()
      // It would wait for the other end to agree, which may be gone.
      dropConnection(connection)
    }
  }
}

const MESSAGE = /^(\S{1,40}) (\d{1,10}) (\d{1,10}) (\S{0,100000}) (.+)$/s

const OVERRIDES = {
  protocol: 2,
  lazyConnect: true,
  // A connection that comes back by itself would have missed what was published meanwhile.
  retryStrategy: null,
  reconnectOnError: null,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
}
