import { ConnectionLostError, StoreUnavailableError } from '../../errors.ts'
import { answer, type Command, connected, pipelined, type RedisClient, type Reply } from './redis-client.ts'
import type { RedisServers, ServersContext } from './redis-servers.ts'
import { compareWithNote, describe } from './server-note.ts'

/** A client's one server, or whichever Sentinel leads it to: another one only after the connection was lost. */
export class SingleServer implements RedisServers {
  readonly #client: RedisClient
  readonly #context: ServersContext
  readonly #connection: Connection
  readonly #listeners = new Set<() => void>()
  /** How often the connection had been lost when the server was last confirmed. */
  #confirmedAt: number | undefined
  #first: Promise<void> | undefined
  #graceEndsAt = 0

  constructor(client: RedisClient, context: ServersContext) {
    this.#client = client
    this.#context = context
    this.#connection = connectionOf(client)
  }

  async known(): Promise<void> {
    if (this.#confirmedAt === undefined) {
      this.#first ??= this.confirm().finally(() => {
        this.#first = undefined
      })
      await this.#first
    }
    this.assertKnown()
    if (this.graceLeftMs() > 0) throw new ConnectionLostError('the server has just come')
  }

  assertKnown(): void {
    if (this.#confirmedAt !== this.#connection.losses) throw new ConnectionLostError('the connection was lost')
  }

  async confirm(): Promise<void> {
    const { losses } = this.#connection
    if (this.#confirmedAt === losses) return
    const server = await describe(connected(this.#client))
    const again = this.#confirmedAt !== undefined
    const graceLeftMs = await compareWithNote([server], again, (commands) => this.send(commands), this.#context)
    this.#graceEndsAt = performance.now() + graceLeftMs
    // Lost again meanwhile: what was asked may have been yet another server.
    this.#confirmedAt = losses
  }

  async ping(): Promise<void> {
    await connected(this.#client).call('PING')
    await this.confirm()
  }

  graceLeftMs(): number {
    return Math.max(0, this.#graceEndsAt - performance.now())
  }

  async send(commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#looked(await pipelined(this.#client, [...commands]))
  }

  async sendSafely(commands: readonly Command[]): Promise<readonly Reply[]> {
    return this.#looked(await sendSafely(this.#client, commands, this.#context.waitReplicas))
  }

  placeOf(): unknown {
    return this
  }

  async get(keys: readonly string[]): Promise<readonly unknown[]> {
    return (await connected(this.#client).call('MGET', ...keys)) as unknown[]
  }

  async masters(): Promise<readonly RedisClient[]> {
    return [connected(this.#client)]
  }

  nodes(): readonly RedisClient[] {
    return [this.#client]
  }

  onReconnect(listener: () => void): void {
    this.#listeners.add(listener)
    this.#connection.ready.add(listener)
  }

  close(): void {
    for (const listener of this.#listeners) this.#connection.ready.delete(listener)
  }

  /** A master that was made a replica keeps its connections, and answers from then on with what it is told late. */
  #looked(replies: readonly Reply[]): readonly Reply[] {
    if (replies.some(([error]) => error?.message.startsWith('READONLY'))) this.#connection.losses += 1
    return replies
  }
}

/** How long a server may wait for its replicas; longer than this the invalidation is brought again later. */
const WAIT_MS = '100'

export async function sendSafely(
  server: RedisClient,
  commands: readonly Command[],
  waitReplicas: number,
): Promise<readonly Reply[]> {
  if (waitReplicas === 0 || commands.length === 0) return pipelined(server, [...commands])
  const replies = await pipelined(server, [...commands, ['wait', String(waitReplicas), WAIT_MS]])
  const reached = Number(answer(replies[commands.length]))
  if (reached < waitReplicas) {
    throw new StoreUnavailableError(`an invalidation reached ${reached} replicas, waitReplicas is ${waitReplicas}`)
  }
  return replies
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
  client.on?.('close', () => {
    connection.losses += 1
  })
  client.on?.('ready', () => {
    for (const listener of connection.ready) listener()
  })
  return connection
}
