import { ConnectionLostError } from '../../errors.ts'
import { connected, type RedisClient } from './redis-client.ts'

/** Thirty days, renewed by every connection: nothing of ours is kept without an end. Without the note versions are dropped. */
const NOTE_SECONDS = '2592000'

/**
 * Tells a Redis that came back from one that never went. A restarted server, or a replica that took its place, may have
 * lost invalidations it acknowledged and kept the versions from before them. So the `run_id` of the server is noted
 * beside the versions; on every connection, the first and each later one, the two are compared before anything is read,
 * and where they differ, or cannot be compared after a loss, every version is dropped.
 *
 * A cluster's nodes come and go without the client losing its connection; there this sees nothing.
 */
export class ServerIdentity {
  readonly #client: RedisClient
  readonly #noteKey: string
  readonly #dropVersions: () => Promise<void>
  readonly #connection: Connection
  readonly #listeners = new Set<() => void>()
  /** How often the connection had been lost when the server was last confirmed. */
  #confirmedAt: number | undefined
  #first: Promise<void> | undefined

  constructor(client: RedisClient, noteKey: string, dropVersions: () => Promise<void>) {
    this.#client = client
    this.#noteKey = noteKey
    this.#dropVersions = dropVersions
    this.#connection = connectionOf(client)
    if (client.isCluster) this.#confirmedAt = 0
  }

  /** Confirms the server of the first connection; after a lost one rejects until `confirm` was called. */
  async known(): Promise<void> {
    if (this.#confirmedAt === this.#connection.losses) return
    if (this.#confirmedAt === undefined) {
      this.#first ??= this.confirm().finally(() => {
        this.#first = undefined
      })
      await this.#first
    }
    this.assertKnown()
  }

  /** @throws ConnectionLostError when the connection was lost since the server was confirmed. */
  assertKnown(): void {
    if (this.#confirmedAt !== this.#connection.losses) throw new ConnectionLostError('the connection was lost')
  }

  async confirm(): Promise<void> {
    const { losses } = this.#connection
    if (this.#confirmedAt === losses) return
    const client = connected(this.#client)
    // Not every provider lets its users ask; then nothing can be said of the first connection, and all is new after a loss.
    const info = await client.call('INFO', 'server').catch(() => '')
    const runId = /^run_id:(\S+)/m.exec(String(info))?.[1]
    if (runId === undefined) {
      if (this.#confirmedAt !== undefined) await this.#dropVersions()
    } else {
      if (runId !== (await client.call('GET', this.#noteKey))) await this.#dropVersions()
      // A full Redis refuses this; the next connection drops the versions again then.
      await client.call('SET', this.#noteKey, runId, 'EX', NOTE_SECONDS).catch(() => {})
    }
    // Lost again meanwhile: what was asked may have been yet another server.
    this.#confirmedAt = losses
  }

  /** The note belongs to the namespace and goes with it. */
  async forget(): Promise<void> {
    if (!this.#client.isCluster) await connected(this.#client).call('UNLINK', this.#noteKey)
  }

  onReconnect(listener: () => void): void {
    this.#listeners.add(listener)
    this.#connection.ready.add(listener)
  }

  close(): void {
    for (const listener of this.#listeners) this.#connection.ready.delete(listener)
  }
}

interface Connection {
  losses: number
  readonly ready: Set<() => void>
}

/** One listener a client, however many extensions share it. */
const connections = new WeakMap<RedisClient, Connection>()

function connectionOf(client: RedisClient): Connection {
  const known = connections.get(client)
  if (known) return known
  const connection: Connection = { losses: 0, ready: new Set() }
  connections.set(client, connection)
  if (!client.isCluster) {
    client.on?.('close', () => {
      connection.losses += 1
    })
  }
  client.on?.('ready', () => {
    for (const listener of connection.ready) listener()
  })
  return connection
}
