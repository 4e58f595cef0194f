import type { Tag } from '../../tags/tag.ts'
import type { FeedListener, VersionFeed } from '../store.ts'
import type { RedisClient } from './redis-client.ts'

export interface FeedContext {
  /** What the keys of tags begin with. */
  readonly tagPrefix: string
  readonly tagOf: (key: string) => Tag
  /** The masters as they are now; rejects while they are not known. */
  readonly masters: () => Promise<readonly RedisClient[]>
  readonly heartbeatMs: number
  readonly onError: (during: string, error: unknown) => void
}

const CHANNEL = '__redis__:invalidate'
/** Pauses between attempts, ms. */
const SOONEST = 100
const LATEST = 5000

/**
 * Tells of every change to the key of a tag, by whomever: the server itself pushes it (`CLIENT TRACKING … BCAST`), also
 * when the key expired, was evicted or flushed. So no writer needs to announce anything, and none can forget to.
 *
 * Each master is listened to by a connection of its own that is redirected to itself, in RESP2, where clients hand the
 * push out as a message; in RESP3 they drop it. A connection that is lost, or whose heartbeat is not answered in time,
 * ends the feed until all of them are there again: pushes may have been lost with it. Pushes and the answer to a
 * heartbeat come in order, so whatever was changed before a heartbeat was answered has been told.
 */
export function versionFeed(listener: FeedListener, context: FeedContext): VersionFeed {
  let connections: RedisClient[] = []
  /** Those of the attempt under way: a server that hangs answers none of them. */
  let opening: RedisClient[] = []
  let isLive = false
  let isClosed = false
  let pauseMs = SOONEST
  let timer: NodeJS.Timeout | undefined
  /** Whatever an earlier attempt still has to say counts no more. */
  let attempt = 0

  const open = async (): Promise<void> => {
    const mine = ++attempt
    const isMine = () => mine === attempt && !isClosed
    const opened: RedisClient[] = []
    opening = opened
    try {
      for (const master of await context.masters()) {
        const connection = master.duplicate?.(OVERRIDES)
        if (!connection) throw new Error('the Redis client cannot be duplicated')
        opened.push(connection)
        connection.on?.('error', () => {})
        connection.on?.('close', () => isMine() && lost(new Error('the connection of the version feed was lost')))
        connection.on?.('messageBuffer', (channel: Buffer, keys: readonly Buffer[] | null) => {
          if (isMine() && String(channel) === CHANNEL) told(keys)
        })
        await connection.connect?.()
        ;(connection as { stream?: { unref?(): void } }).stream?.unref?.()
        const id = String(await connection.call('CLIENT', 'ID'))
        await connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', id, 'BCAST', 'PREFIX', context.tagPrefix)
        await connection.subscribe?.(CHANNEL)
      }
      if (!isMine()) throw new Error('superseded')
      connections = opened
      isLive = true
      pauseMs = SOONEST
      beat(mine)
      listener.live?.()
    } catch (error) {
      for (const connection of opened) connection.disconnect()
      if (isMine()) lost(error)
    }
  }

  const told = (keys: readonly Buffer[] | null): void => {
    // `FLUSHDB` and `FLUSHALL`.
    if (keys === null) listener.lost()
    else listener.moved(keys.map((key) => context.tagOf(String(key))))
  }

  /** One heartbeat is under way at most; the next one finds it unanswered. */
  const beat = (mine: number): void => {
    timer = setTimeout(() => {
      let isAnswered = false
      const answered = Promise.all(connections.map((connection) => connection.call('PING')))
      answered.then(
        () => {
          isAnswered = true
        },
        () => {},
      )
      timer = setTimeout(() => {
        if (mine !== attempt || isClosed) return
        if (isAnswered) beat(mine)
        else lost(new Error(`the version feed did not answer within ${context.heartbeatMs} ms`))
      }, context.heartbeatMs).unref()
    }, 0).unref()
  }

  const lost = (error: unknown): void => {
    attempt += 1
    isLive = false
    listener.lost()
    for (const connection of connections.splice(0)) connection.disconnect()
    clearTimeout(timer)
    if (isClosed) return
    if (pauseMs === SOONEST) context.onError('version-feed', error)
    timer = setTimeout(open, pauseMs).unref()
    pauseMs = Math.min(pauseMs * 2, LATEST)
  }

  void open()
  return {
    isLive: () => isLive,
    close() {
      isClosed = true
      isLive = false
      clearTimeout(timer)
      for (const connection of [...connections.splice(0), ...opening.splice(0)]) connection.disconnect()
    },
  }
}

const OVERRIDES = {
  protocol: 2,
  lazyConnect: true,
  // A connection that comes back by itself would be one that tracks nothing.
  retryStrategy: null,
  reconnectOnError: null,
  autoResubscribe: false,
  maxRetriesPerRequest: 0,
  enableReadyCheck: false,
}
