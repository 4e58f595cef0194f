import { ConnectionLostError, StoreUnavailableError } from '../../errors.ts'
import { answer, type Command, connected, type RedisClient, type Reply } from './redis-client.ts'
import type { RedisServers, ServersContext } from './redis-servers.ts'
import { alone, called, outOfOrder, pipelined } from './send-commands.ts'
import { compareWithNote, describe } from './server-note.ts'
import { dropConnection, watchSilence } from './silence.ts'
import { listenWeakly } from './weak-listeners.ts'
import { isRefused, refusal, WriteCheck } from './write-check.ts'

/** A client's one server, or whichever Sentinel leads it to: another one only after the connection was lost. */
export class SingleServer implements RedisServers {
  readonly #client: RedisClient
  readonly #context: ServersContext
  readonly #connection: Connection
  readonly #writes: WriteCheck
  readonly #listeners = new Set<() => void>()
  readonly #endReady: () => void
  /** How often the connection had been lost when the server was last confirmed. */
  #confirmedAt: number | undefined
  #first: Promise<void> | undefined
  #graceEndsAt = 0

  constructor(client: RedisClient, context: ServersContext) {
    this.#client = client
    this.#context = context
    this.#connection = connectionOf(client)
    this.#writes = new WriteCheck(context.looksOnly ? Number.POSITIVE_INFINITY : context.connection.writeCheckMs)
    watchSilence(client, context.connection)
    this.#endReady = listenWeakly(client, 'ready', this, isReady)
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
    await this.takesWrites()
    this.#graceEndsAt = performance.now() + graceLeftMs
    // Lost again meanwhile: what was asked may have been yet another server.
    this.#confirmedAt = losses
  }

  async ping(): Promise<void> {
    await called(this.#client, 'PING')
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

  async takesWrites(): Promise<void> {
    if (this.#context.looksOnly) return
    this.#writes.begin(this.#client)
    this.#assertTaken(await pipelined(this.#client, [this.#probe()]))
  }

  async read(commands: readonly Command[]): Promise<readonly Reply[]> {
    const [first] = commands
    const isDue = this.#writes.isDue(this.#client)
    if (first && commands.length === 1 && !isDue) return this.#looked([await alone(this.#client, first)])
    if (!isDue) return this.send(commands)
    const replies = await this.send([...commands, this.#probe()])
    this.#assertTaken(replies.slice(commands.length))
    return replies.slice(0, commands.length)
  }

  async masters(): Promise<readonly RedisClient[]> {
    return [connected(this.#client)]
  }

  nodes(): readonly RedisClient[] {
    return [this.#client]
  }

  onReconnect(listener: () => void): void {
    this.#listeners.add(listener)
  }

  close(): void {
    this.#endReady()
  }

  tellReady(): void {
    for (const listener of this.#listeners) listener()
  }

  #probe(): Command {
    return ['unlink', this.#context.probePrefix]
  }

  /** A master that was made a replica keeps its connections, and answers from then on with what it is told late. */
  #looked(replies: readonly Reply[]): readonly Reply[] {
    if (replies.some(isRefused)) this.#connection.losses += 1
    return replies
  }

  #assertTaken(replies: readonly Reply[]): void {
    const refused = this.#looked(replies).find(isRefused)?.[0]
    if (refused) throw refusal(refused)
  }

  /** What is no reply to its command is the reply to something else: this one's, and all that come, are out of order. */
  outOfOrder(): Error {
    return outOfOrder(this.#client)
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
}

/** One a client, however many caches share it: what one of them finds is true for all. */
const connections = new WeakMap<RedisClient, Connection>()

function connectionOf(client: RedisClient): Connection {
  const known = connections.get(client)
  if (known) return known
  const connection: Connection = { losses: 0 }
  connections.set(client, connection)
  client.on?.('close', () => {
    connection.losses += 1
  })
  client.on?.('error', (error: Error) => {
    // More replies than commands: since one of them came twice, others may have been taken for what they were not.
    if (error.message?.startsWith('Command queue state error')) dropConnection(client)
  })
  return connection
}

function isReady(server: SingleServer): void {
  server.tellReady()
}
