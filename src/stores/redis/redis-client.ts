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
