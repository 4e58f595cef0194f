import { processWide } from '../../process-wide.ts'
import { afterLoopTime } from '../loop-time.ts'
import { connectRedis } from './connect.ts'
import type { RedisClient } from './redis-client.ts'
import { dropConnection } from './silence.ts'

/** One cache's part in a connection that this package made. */
export interface OwnConnection {
  readonly client: RedisClient
  /** Closes the connection, unless other caches use it. */
  rest(): void
  /** Connects again after `rest`. */
  wake(): void
  close(): void
}

/** Pauses before the connection is made again, ms; each is twice as long as the one before. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

const abandoned = new FinalizationRegistry<() => void>((close) => close())

/**
 * A connection to this URL, the one that other caches of the process have, where there is one: an application that makes
 * a client for each request would have a socket for each otherwise. It ends with the last of the caches that use it,
 * whether they were disconnected or dropped.
 */
export function openConnection(url: string, connectTimeoutMs: number): OwnConnection {
  const all = processWide('connections@1', () => new Map<string, SharedConnection>())
  const name = `${connectTimeoutMs} ${url}`
  const shared = all.get(name) ?? new SharedConnection(url, connectTimeoutMs, all, name)
  all.set(name, shared)
  const part = shared.join()
  const own: OwnConnection = {
    client: shared.client,
    rest: part.rest,
    wake: part.wake,
    close() {
      abandoned.unregister(own)
      part.close()
    },
  }
  // `part` does not hold `own`.
  abandoned.register(own, part.close, own)
  return own
}

/** Reconnects for ever while a cache uses it, and keeps no process alive. */
class SharedConnection {
  readonly client: RedisClient
  readonly #all: Map<string, SharedConnection>
  readonly #name: string
  readonly #parts = new Set<object>()
  readonly #users = new Set<object>()
  #timer: NodeJS.Timeout | undefined
  #pauseMs = FIRST_PAUSE_MS
  #isReady: () => void = () => {}

  constructor(url: string, connectTimeoutMs: number, all: Map<string, SharedConnection>, name: string) {
    const client = connectRedis(url, connectTimeoutMs)
    this.client = client
    this.#all = all
    this.#name = name
    // Caches listen for themselves; without any listener ioredis writes to the console.
    client.on?.('error', () => {})
    client.on?.('connecting', () => this.#expectReady(connectTimeoutMs))
    client.on?.('ready', () => {
      this.#pauseMs = FIRST_PAUSE_MS
      this.#isReady()
    })
    client.on?.('end', () => {
      this.#isReady()
      this.#reconnect()
    })
  }

  join(): Omit<OwnConnection, 'client'> {
    const part = {}
    const wake = () => {
      this.#users.add(part)
      this.#connect()
    }
    const rest = () => {
      this.#users.delete(part)
      if (this.#users.size > 0) return
      this.#disconnect()
    }
    this.#parts.add(part)
    this.#users.add(part)
    return {
      wake,
      rest,
      close: () => {
        this.#parts.delete(part)
        if (this.#parts.size === 0) this.#all.delete(this.#name)
        rest()
      },
    }
  }

  /** ioredis looks at the time until there is a socket, and not until the server has said a word. */
  #expectReady(withinMs: number): void {
    this.#isReady()
    this.#isReady = afterLoopTime(withinMs, () => dropConnection(this.client), false)
  }

  #disconnect(): void {
    clearTimeout(this.#timer)
    if (this.client.status === 'end') return
    this.client.disconnect()
    // It would wait for the other end to agree, in a timer that keeps the process alive.
    dropConnection(this.client)
  }

  #reconnect(): void {
    if (this.#users.size === 0) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#connect(), this.#pauseMs).unref()
    this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS)
  }

  #connect(): void {
    clearTimeout(this.#timer)
    // What fails is told by the client's events, and tried again.
    if (this.client.status === 'end') this.client.connect?.().catch(() => {})
  }
}
