import { ConnectionLostError, StoreUnavailableError } from '../../errors.ts'

/**
 * The part of an ioredis client (5 and 6, `Redis` and `Cluster`; iovalkey) that the store uses. Structural, so that no
 * Redis client is a dependency and any version that speaks this way fits.
 */
export interface RedisClient {
  readonly status?: string
  readonly isCluster?: boolean
  readonly options?: {
    readonly keyPrefix?: string | undefined
    readonly host?: string | undefined
    readonly port?: number | undefined
    readonly path?: string | null | undefined
    readonly db?: number | undefined
    /** With Sentinel, where it leads is known only of the connection. */
    readonly sentinels?: unknown
  }
  /** The socket, while there is one. */
  readonly stream?: {
    readonly remoteAddress?: string | undefined
    readonly remotePort?: number | undefined
    readonly bytesRead?: number
    readonly destroyed?: boolean
    destroy?(): unknown
    unref?(): unknown
  }
  call(command: string, ...args: string[]): Promise<unknown>
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> }
  duplicate?(override: object): RedisClient
  connect?(): Promise<unknown>
  subscribe?(channel: string): Promise<unknown>
  /** Cluster only. */
  nodes?(role: 'all'): RedisClient[]
  /** Cluster only. */
  refreshSlotsCache?(done?: () => void): void
  quit(): Promise<unknown>
  disconnect(reconnect?: boolean): void
  // biome-ignore lint/suspicious/noExplicitAny: listeners of ioredis differ by event
  on?(event: string, listener: (...args: any[]) => void): unknown
  // biome-ignore lint/suspicious/noExplicitAny: listeners of ioredis differ by event
  off?(event: string, listener: (...args: any[]) => void): unknown
}

/** Every command but `EVAL` and `EVALSHA` has its key first. */
export type Command = [name: string, ...args: string[]]
/** A refused command is a reply with an error; a lost connection rejects. */
export type Reply = [error: Error | null, result: unknown]

/** A command sent while the connection is down would wait in the client's queue, and the query with it. */
export function connected(client: RedisClient): RedisClient {
  if (client.status !== undefined && DOWN.has(client.status)) {
    throw new ConnectionLostError(`the Redis client is ${client.status}`)
  }
  return client
}

const DOWN: ReadonlySet<string> = new Set(['close', 'reconnecting', 'disconnecting', 'end'])

/** @throws what the server said instead of a result. */
export function answer(reply: Reply | undefined): unknown {
  if (!reply) throw new StoreUnavailableError('no reply')
  if (reply[0]) throw reply[0]
  return reply[1]
}
