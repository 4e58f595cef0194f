import type { ConnectionLimits } from '../connection-limits.ts'
import type { Command, RedisClient, Reply } from './redis-client.ts'

/**
 * The server, or the masters, behind a client: where a command goes, and whether who answers can be trusted. A server
 * that came back, or a replica that took over, may have lost invalidations that were acknowledged.
 */
export interface RedisServers {
  /** Rejects unless the servers are those that were confirmed, and no longer new; the first call confirms them. */
  known(): Promise<void>
  /** @throws ConnectionLostError when a connection was lost, or a server changed, since they were confirmed. */
  assertKnown(): void
  /** Compares the servers with the note and drops the versions of those that are new. Rejects when they do not answer. */
  confirm(): Promise<void>
  /** Rejects when the servers do not answer now; confirms them. */
  ping(): Promise<void>
  /** For how much longer the newest of them may not be read from. */
  graceLeftMs(): number
  /** Every command to the master of its key; one round trip, and in the order given, for each master. */
  send(commands: readonly Command[]): Promise<readonly Reply[]>
  /** As `send`; rejects when one of the masters could not tell that enough replicas have what it was sent. */
  sendSafely(commands: readonly Command[]): Promise<readonly Reply[]>
  /** Keys of one place may be given to one script. */
  placeOf(key: string): unknown
  /** Rejects when one of the masters refuses writes: from then on none of them is known. */
  takesWrites(): Promise<void>
  /**
   * As `send`, for look-ups. Rejects as `takesWrites`, of which the servers that are read from are asked along with it from
   * time to time. `keys`: what the commands read.
   */
  read(commands: readonly Command[], keys: readonly string[]): Promise<readonly Reply[]>
  /** Drops the connections whose replies came out of order, and says so. */
  outOfOrder(): Error
  /** Those that hold keys, for commands that ask each of them. */
  masters(): Promise<readonly RedisClient[]>
  /** All that the client knows of, reachable or not. */
  nodes(): readonly RedisClient[]
  onReconnect(listener: () => void): void
  close(): void
}

export interface ServersContext {
  /** Key of the note that says which servers the records were made on. */
  readonly noteKey: string
  /** See `StoreContext`. */
  readonly looksOnly?: boolean | undefined
  readonly graceMs: number
  readonly waitReplicas: number
  /** What keys begin with that never exist: to remove one changes nothing, and is refused where writes are. */
  readonly probePrefix: string
  /** Longest time a query waits for the store, ms. */
  readonly timeoutMs: number
  readonly connection: ConnectionLimits
  /** Removes every record that lies on this server, or goes on until `isDone` says that somebody else has. */
  readonly dropRecords: (server: RedisClient, isDone: () => Promise<boolean>) => Promise<void>
}
