import type { Provider } from '../../test/support/provider.ts'

/** What one process is asked to do. Each job has a process of its own: no contender finds code compiled by another. */
export interface Job {
  readonly kind: 'verify' | 'time' | 'check' | 'promises'
  readonly contender: string
  readonly provider: Provider
  readonly databaseUrl: string
  readonly redisUrl: string
  /** Of the built package. */
  readonly packageUrl: string
  readonly seed: number
  readonly skew: number
  readonly scale: number
  readonly mix: string
  readonly calls: number
  readonly inFlight: number
  /** The first of the calls, told apart in the latencies. */
  readonly cold: number
  /** Processes whose CPU time counts, with their children. */
  readonly servers: Readonly<Record<string, number | undefined>>
}

export interface Percentiles {
  readonly p50: number
  readonly p99: number
}

export interface Latency {
  /** Milliseconds. */
  readonly read: Percentiles
  readonly write: Percentiles
}

/** How far a run had come when the call with this number began; all counts are since the first call. */
export interface Mark {
  readonly at: number
  readonly ms: number
  /** Of the application's process. */
  readonly cpuMicros: number
  readonly statements: number
}

export interface Timing {
  readonly marks: readonly Mark[]
  readonly cold: Latency
  readonly warm: Latency
  readonly hitRatio: number | undefined
  readonly refused: number
  readonly errors: Readonly<Record<string, number>>
  readonly redisKeys: number
  readonly redisBytes: number
  /** Microseconds for each call, by server. */
  readonly serverCpu: Readonly<Record<string, number | undefined>>
}

export interface Checked {
  readonly checked: number
  readonly stale: number
  /** The first few. */
  readonly examples: readonly string[]
}

/** Promises made for each call, Prisma's own included. */
export interface PromiseCounts {
  readonly hit: number
  readonly miss: number
  readonly write: number
}

export interface Verified {
  readonly reads: number
  /** Types that came back as something else; `VALUES` where the values differ. */
  readonly differences: readonly string[]
}
