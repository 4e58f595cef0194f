import type { Awaitable } from '../awaitable.ts'
import type { Clock } from '../clock.ts'
import type { Keyring } from '../codec/seal.ts'
import type { DecimalFactory } from '../codec/typed-json.ts'
import { CodecError } from '../errors.ts'
import type { EventHub, InvalidatedBy, Scope } from '../events.ts'
import type { VerifyOptions } from '../policy/options.ts'
import type { Policies, ResolvedPolicy } from '../policy/resolve-policy.ts'
import type { GlobalOmit, ModelGraph } from '../query/model-graph.ts'
import type { PrecisionRules } from '../query/read-set.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Digest } from '../tags/keyed-digest.ts'
import type { Tag } from '../tags/tag.ts'
import type { AdaptiveTtl } from './adaptive-ttl.ts'
import type { Admission } from './admission.ts'
import type { LearnedTags } from './learned-tags.ts'
import type { LeaseWorth } from './lease-worth.ts'
import type { LoopDelay } from './loop-delay.ts'
import type { MergedReads } from './merged-reads.ts'
import type { OversizeResults } from './oversize-results.ts'
import type { PlannedForms } from './planned-forms.ts'
import type { PlannedQueries } from './planned-queries.ts'
import type { RecentEntries } from './recent-entries.ts'
import type { RegisteredShapes } from './registered-shapes.ts'
import type { ShapeAllowance } from './shape-allowance.ts'
import type { SharedConnection } from './shared-connection.ts'
import type { SingleFlight } from './single-flight.ts'

/** What every step of a read works with; made once, when the extension is set up. */
export interface ReadContext {
  readonly graph: ModelGraph
  readonly policies: Policies
  readonly precision: PrecisionRules
  readonly store: GuardedStore
  /** Who spells the values in tags how. */
  readonly spellings: SpellingNote
  readonly events: EventHub
  /** What last moved one of these tags; `null`: nothing in this process. */
  readonly droppedBy: (tags: readonly string[]) => InvalidatedBy | null
  readonly clock: Clock
  /** 0 ≤ x < 1, for jitter. */
  readonly random: () => number
  readonly prefix: string
  /** Schema, global `omit`, wire version: clients that differ in one of them never read each other's entries. */
  readonly fingerprint: string
  readonly globalOmit: GlobalOmit
  readonly vary: (() => Scope) | undefined
  /** Whether nothing is cached outside of a scope. */
  readonly requireScope: boolean
  /** Secrets of the cache; `undefined`: nothing is sealed, and digests are plain hashes. */
  readonly encryption: Encryption | undefined
  /** Of a result of a read of this model. */
  readonly maxValueBytes: (model: string) => number
  readonly oversize: OversizeResults
  /** How long what is hit often lives, where a policy says `adaptive`. */
  readonly lives: AdaptiveTtl
  /** Which misses one process asks for all. */
  readonly leaseWorth: LeaseWorth
  /** What the event loop adds to the time of queries; absent where a query itself holds the loop up (SQLite). */
  readonly loopDelay?: LoopDelay | undefined
  readonly flights: SingleFlight<Landed>
  /** What is known of queries that were asked before, by their text: hits are asked again and again. */
  readonly queries: PlannedQueries
  /** What reads depend on that differ in values only. */
  readonly forms: PlannedForms
  /** What the texts of queries begin with, by policy. */
  readonly preambles: WeakMap<ResolvedPolicy, string>
  readonly admission: Admission
  /** Nothing is served, for the cache to be watched before it is used. */
  readonly observes: boolean
  readonly registered: RegisteredShapes
  readonly allowance: ShapeAllowance
  readonly learned: LearnedTags
  readonly recent: RecentEntries
  readonly connection: SharedConnection
  readonly merged: MergedReads
  readonly decimals: DecimalClass
  /** Asked again of the database is what is fresh for no longer than this, ms; `undefined`: nothing that is fresh. */
  readonly renewWithinMs?: number
  /** Work nobody waits for (fills, refreshes), so that `settled()` can. */
  readonly background: Background
  /** `undefined`: hits are not verified. */
  readonly verifications: Verifications | undefined
}

export interface SpellingNote {
  /** Sees to it that writers know of this process' spelling. Rejects with the store. */
  register(store: GuardedStore, moved?: readonly Tag[]): Awaitable<void>
}

export interface Encryption {
  readonly keyring: Keyring
  /** Names queries. */
  readonly digest: Digest
}

/** @throws CodecError where there is none: what is sealed cannot be read, and what must be sealed not be written. */
export function keyringOf({ encryption }: Pick<ReadContext, 'encryption'>): Keyring {
  if (!encryption) throw new CodecError('there is no `encryption`')
  return encryption.keyring
}

/** The client's own Decimal class. */
export interface DecimalClass {
  ready(): Promise<DecimalFactory>
}

export class Background {
  readonly #work = new Set<Promise<unknown>>()

  run(work: Promise<unknown>): void {
    const tracked = work.finally(() => this.#work.delete(tracked))
    this.#work.add(tracked)
  }

  async settled(): Promise<void> {
    while (this.#work.size > 0) await Promise.allSettled(this.#work)
  }
}

/** How many verifications are under way, and those that wait for their moment. */
export class Verifications {
  readonly sample: number
  readonly #afterMs: number
  readonly #maxInFlight: number
  readonly #moments = new Set<NodeJS.Timeout>()
  #underWay = 0
  #stopped = false

  constructor({ sample, afterMs = 1000, maxInFlight = 4 }: VerifyOptions) {
    this.sample = sample
    this.#afterMs = afterMs
    this.#maxInFlight = maxInFlight
  }

  /** `false`: there are enough of them. */
  begin(): boolean {
    if (this.#stopped || this.#underWay >= this.#maxInFlight) return false
    this.#underWay += 1
    return true
  }

  end(): void {
    this.#underWay -= 1
  }

  /** Neither the process nor `settled()` waits for the moment. */
  later(work: () => void): void {
    if (this.#stopped) return
    const moment = setTimeout(() => {
      this.#moments.delete(moment)
      work()
    }, this.#afterMs).unref()
    this.#moments.add(moment)
  }

  stop(): void {
    this.#stopped = true
    for (const moment of this.#moments) clearTimeout(moment)
    this.#moments.clear()
  }
}

/** One read as it reaches the cache; `run` asks the database. */
export interface ReadCall {
  readonly model: string
  readonly operation: string
  readonly args: Readonly<Record<string, unknown>>
  /** The path of the fluent API, `user.findUnique(…).posts()`: same arguments, another result. */
  readonly dataPath: readonly string[]
  readonly run: () => PromiseLike<unknown>
  /** When it did, see `EventHub.begin`. */
  readonly begun: number
  /** Who waited for it takes its error, or its `undefined`, for his own. A query's error, with its stack, belongs to one caller. */
  readonly sharesEnd?: boolean
}

/** What became of a question to the database: a snapshot of the answer, how it ended without one, or nothing that may be shared. */
export type Landed = string | Ended | undefined
/** Returns or throws what the question did. */
export type Ended = () => unknown
