import type { Coherence } from '../../src/index.ts'
import type { Invalidation, Mode } from './contestant.ts'
import type { Served } from './database-kinds.ts'

/** What a worker is told when it is started. */
export interface WorkerOptions {
  readonly slot: number
  /** Counts the processes of a slot, from 1. */
  readonly incarnation: number
  readonly workers: number
  readonly concurrency: number
  readonly seed: number
  /** The share of steps that write. */
  readonly writes: number
  readonly mode: Mode
  readonly invalidation: Invalidation | undefined
  readonly near: Coherence | undefined
  readonly provider: Served
  readonly database: string
  readonly redis: string
  readonly prefix: string
  readonly ttlMs: number
  /** Where it notes what it does. */
  readonly history: string
  readonly delays: Delays
}

/** How often time passes between the database and the cache, and how much of it at most. */
export interface Delays {
  readonly chance: number
  readonly ms: number
}

export type ToWorker =
  | { readonly kind: 'die at the next commit' }
  | { readonly kind: 'clock'; readonly offsetMs: number }
  /** Ends the loops. */
  | { readonly kind: 'stop' }
  /** Reads everything once more, and compares it with what the database says. */
  | { readonly kind: 'final' }
  | { readonly kind: 'end' }

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'compared'; readonly different: readonly string[]; readonly compared: number }
  /** Sent now and then: a killed worker sends nothing at its end. */
  | {
      readonly kind: 'figures'
      readonly hits: number
      readonly reads: number
      readonly errors: Readonly<Record<string, number>>
    }
