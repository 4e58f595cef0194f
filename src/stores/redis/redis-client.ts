import { ConnectionLostError } from '../../errors.ts'

/**
 * The part of an ioredis client (5 and 6, `Redis` and `Cluster`; iovalkey) that the store uses. Structural, so that no
 * Redis client is a dependency and any version that speaks this way fits.
 */
export interface RedisClient {
  readonly status?: string
  readonly isCluster?: boolean
  readonly options?: { readonly keyPrefix?: string | undefined; readonly scaleReads?: unknown }
  call(command: string, ...args: string[]): Promise<unknown>
  pipeline(commands: string[][]): { exec(): Promise<[error: Error | null, result: unknown][] | null> }
  /** Cluster only. */
  nodes?(role: 'master'): RedisClient[]
  quit(): Promise<unknown>
  disconnect(): void
  // biome-ignore lint/suspicious/noExplicitAny: listeners of ioredis differ by event
  on?(event: string, listener: (...args: any[]) => void): unknown
}

/** A command sent while the connection is down would wait in the client's queue, and the query with it. */
export function connected(client: RedisClient): RedisClient {
  if (client.status !== undefined && DOWN.has(client.status)) {
    throw new ConnectionLostError(`the Redis client is ${client.status}`)
  }
  return client
}

const DOWN: ReadonlySet<string> = new Set(['close', 'reconnecting', 'disconnecting', 'end'])
