import { ConnectionLostError } from '../../../errors.ts'
import type { RedisClient, Reply } from '../redis-client.ts'

/** The part of a client of node-redis (`redis` 4, 5 and 6) that the store uses. */
export interface NodeRedisClient {
  readonly isOpen: boolean
  readonly isReady: boolean
  readonly options?: object | undefined
  sendCommand(args: string[], options?: object): Promise<unknown>
  connect(): Promise<unknown>
  /** Version 5 and later. */
  destroy?(): void
  /** Version 4. */
  disconnect?(): unknown
  quit?(): Promise<unknown>
  unref?(): void
  // biome-ignore lint/suspicious/noExplicitAny: listeners differ by event
  on(event: string, listener: (...args: any[]) => void): unknown
}

interface Options {
  readonly socket?: { readonly host?: string; readonly port?: number; readonly path?: string }
  readonly database?: number
}

export function isNodeRedis(client: object): client is NodeRedisClient {
  const { sendCommand, connect, isOpen } = client as Partial<NodeRedisClient>
  return typeof sendCommand === 'function' && typeof connect === 'function' && typeof isOpen === 'boolean'
}

/** What the server says begins with a code, `WRONGTYPE` say; what the client says of a connection is a sentence. */
const SERVER_ERROR = /^[A-Z][A-Z0-9]*(?: |$)/

/** Whatever the application has set for its own commands: replies are texts, and the store has a time limit of its own. */
const COMMAND_OPTIONS = { typeMapping: {}, timeout: undefined }

/** A client of node-redis in the manner of ioredis. Commands of one tick leave together, so a pipeline is a tick. */
export function nodeRedis(client: NodeRedisClient): RedisClient {
  let wasReady = client.isReady
  client.on('ready', () => {
    wasReady = true
  })
  const send = (args: string[]) => client.sendCommand(args, COMMAND_OPTIONS)
  const end = () => {
    if (!client.isOpen) return
    if (client.destroy) client.destroy()
    else void Promise.resolve(client.disconnect?.()).catch(() => {})
  }
  /** Ends the connection, and makes another: it does not reconnect by itself after it was told to end. */
  const renew = () => {
    if (!client.isOpen) return
    end()
    client.connect().catch(() => {})
  }
  const { socket, database } = (client.options ?? {}) as Options
  return {
    get status() {
      if (client.isReady) return 'ready'
      if (!client.isOpen) return 'end'
      return wasReady ? 'reconnecting' : 'connecting'
    },
    options: { host: socket?.host, port: socket?.port, path: socket?.path, db: database },
    stream: { destroy: renew },
    call: (command, ...args) => send([command, ...args]),
    pipeline: (commands) => ({ exec: () => together(commands.map(send)) }),
    connect: () => client.connect(),
    async quit() {
      end()
    },
    disconnect: (reconnect) => (reconnect ? renew() : end()),
    on(event, listener) {
      // A client that was told not to reconnect ends with an error, and says nothing else.
      const whenEnded = (error: unknown) => !client.isOpen && listener(error)
      if (event === 'end' || event === 'close') {
        client.on('end', listener)
        client.on('error', whenEnded)
      }
      if (event === 'close') client.on('reconnecting', listener)
      if (event === 'ready' || event === 'error') client.on(event, listener)
    },
  }
}

async function together(sent: readonly Promise<unknown>[]): Promise<Reply[]> {
  const settled = await Promise.allSettled(sent)
  return settled.map((one): Reply => {
    if (one.status === 'fulfilled') return [null, one.value]
    const { message } = one.reason as Error
    if (!SERVER_ERROR.test(message)) throw new ConnectionLostError(message)
    return [one.reason, null]
  })
}
