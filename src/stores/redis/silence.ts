import type { ConnectionLimits } from '../connection-limits.ts'
import type { RedisClient } from './redis-client.ts'

/** A stretch of silence is counted in so many ticks of a timer: a loop that stood still has missed one of them. */
const TICKS = 4

const watched = new WeakMap<RedisClient, Silence>()

/** From now on a connection of this client that says nothing while replies are due is dropped. */
export function watchSilence(client: RedisClient, limits: ConnectionLimits): void {
  const known = watched.get(client)
  if (known) known.limits = limits
  else watched.set(client, new Silence(client, limits))
}

/** A reply that is due from this client, however long it takes. */
export function due<T>(client: RedisClient, reply: Promise<T>): Promise<T> {
  watched.get(client)?.expect(reply)
  return reply
}

/**
 * Ends the connection of a client without a farewell, which would wait for the other end. The client reconnects as it
 * does whenever a connection is lost.
 */
export function dropConnection(client: RedisClient): void {
  const { stream } = client
  if (stream?.destroy) stream.destroy()
  else client.disconnect(true)
}

/**
 * A socket whose packets are dropped never ends, and every command is queued on it, the PING that asks whether it still
 * works included. So the socket itself is watched: while replies are due, bytes must come, of whatever reply.
 *
 * Drops the connection of an application's own client as well. That is safe where commands are not blocking ones: what
 * was under way is sent again by a client that was told to, and fails in one that was not, as with any lost connection.
 */
class Silence {
  limits: ConnectionLimits
  readonly #client: RedisClient
  #due = 0
  #timer: NodeJS.Timeout | undefined
  /** Ticks since something was heard. */
  #silentFor = 0
  /** What had been heard at the last tick, and on which connection. */
  #bytes: number | undefined
  #stream: unknown
  #replies = 0
  #repliesBefore = 0

  constructor(client: RedisClient, limits: ConnectionLimits) {
    this.#client = client
    this.limits = limits
  }

  expect(reply: Promise<unknown>): void {
    this.#due += 1
    if (this.#timer === undefined) {
      this.#listen()
      this.#wait()
    }
    const settled = () => {
      this.#due -= 1
      this.#replies += 1
    }
    reply.then(settled, settled)
  }

  #wait(): void {
    // Not ended when the last reply is there: where commands come all the time that would be a timer for each.
    this.#timer = setTimeout(() => setImmediate(() => this.#tick()), this.limits.silenceMs / TICKS).unref()
  }

  #tick(): void {
    this.#timer = undefined
    if (this.#due === 0) return
    if (this.#listen()) this.#silentFor = 0
    else this.#silentFor += 1
    const { silenceMs, connectTimeoutMs } = this.limits
    const limitMs = this.#client.status === 'connecting' ? Math.max(silenceMs, connectTimeoutMs) : silenceMs
    if (this.#silentFor >= (TICKS * limitMs) / silenceMs) {
      this.#silentFor = 0
      dropConnection(this.#client)
    }
    this.#wait()
  }

  /** Whether anything has come since it was last called. */
  #listen(): boolean {
    const { stream } = this.#client
    const isHeard =
      stream !== this.#stream || stream?.bytesRead !== this.#bytes || this.#replies !== this.#repliesBefore
    this.#stream = stream
    this.#bytes = stream?.bytesRead
    this.#repliesBefore = this.#replies
    return isHeard
  }
}
