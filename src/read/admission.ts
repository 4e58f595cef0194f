import { LRUCache } from 'lru-cache'
import type { Dependency } from '../dependency.ts'
import type { EventHub } from '../events.ts'

/** How a form of reads fares in this process. Times are milliseconds; of what was estimated, the sum since the start. */
export interface FormAccount {
  readonly model: string
  readonly operation: string
  /** The columns and options of its arguments, without a value. */
  readonly form: string
  /** `false`: its reads bypass the cache, but for a share that shows whether caching pays again. */
  readonly isAdmitted: boolean
  /** Whether caching paid when it was judged last; `null`: too few reads were counted. Also where nothing is refused. */
  readonly pays: boolean | null
  readonly hits: number
  readonly misses: number
  /** Misses of which an entry had been there, and was invalidated. */
  readonly invalidated: number
  /** Reads that bypassed the cache because it did not pay. */
  readonly refused: number
  /** The time of the queries that hits spared. */
  readonly savedMs: number
  /** The time that look-ups, planning and fills took. */
  readonly spentMs: number
  /** The least that its query took lately. */
  readonly queryMs: number
}

/** Reads between two judgements. */
const ROUND = 32
/** With fewer in all a form is not refused: a list of rows that is read for the first time misses all of them. */
const BEFORE_REFUSAL = 8 * ROUND
/** The same where caching as a whole does not pay in this process: then a form that starts with misses goes on so. */
const BEFORE_REFUSAL_WHERE_LOSING = 2 * ROUND
/** Reads of all forms by which it is told whether caching as a whole pays. */
const TELLING_OF_ALL = 1024
/** With fewer misses, by their weight, a form is not refused: the first ones take long, before code is compiled. */
const TELLING = 8
/**
 * Promises, the garbage of misses and the caches of the processor take time that no clock around our own code shows: by so
 * much the processor time of a process with nothing but misses rises for each millisecond that is measured.
 */
const UNSEEN = 4
/** What the commands of a miss take of this process, where the store is a server, ms. Found in the same way. */
const REMOTE_MS = 0.3
/** What returns must pay by so much more than it costs, or forms on the edge come and go. */
const MARGIN = 1.25
/** Of a form that is refused, the reads of one part in so many of its values go on using the cache. */
const PARTS = 32
/** After so many reads another part of the values has its turn; forms without values take turns sooner. */
const TURN = 1024
const SHORT_TURN = 32

interface AdmissionOptions {
  /** `false`: accounts are kept, and all reads are admitted. */
  readonly refuses: boolean
  /** Look-ups are round trips. */
  readonly isRemote: boolean
  /** @default it waits for nothing but its database */
  readonly usage?: () => Usage
}

/** Of a process since it began, ms: its processor time, and how long its event loop ran and waited. */
export interface Usage {
  readonly cpu: number
  readonly active: number
  readonly idle: number
}

const IDLE: Usage = { cpu: 0, active: 0, idle: 0 }

/**
 * Whether caching pays, form by form: what hits saved and what misses cost, by measured time. Reads of a form that does
 * not pay bypass the cache, but for those of a small part of its values: of them the cache is as warm as it would be of
 * all, so their hits show what all would have (spatial sampling: Waldspurger, Park, Garthwaite, Ahmad, "Efficient MRC
 * Construction with SHARDS", FAST 2015). No answer depends on it.
 */
export class Admission {
  readonly #events: EventHub
  readonly #refuses: boolean
  readonly #load: Load
  /** One for a form; forms of which the reads are planned one by one have one for a model and operation. */
  readonly #accounts: LRUCache<string, Account>
  /** How many forms are refused, by model and operation. */
  readonly #refused = new Map<string, number>()

  constructor(events: EventHub, { refuses, isRemote, usage = () => IDLE }: AdmissionOptions) {
    this.#events = events
    this.#refuses = refuses
    this.#load = new Load(isRemote, usage)
    this.#accounts = new LRUCache({
      max: MAX_FORMS,
      dispose: (account) => {
        if (account.isAdmitted) return
        this.#count(account, -1)
        // Plans know it still, and go on counting: when it is refused again, it comes back.
        account.isAdmitted = true
      },
    })
  }

  of(model: string, operation: string, form: string): Account {
    const name = nameOf({ model, operation, form })
    let account = this.#accounts.get(name)
    if (!account) {
      account = new Account({ model, operation, form }, this.#load, this.#refuses ? this.#changed : undefined)
      this.#accounts.set(name, account)
    }
    return account
  }

  /** The database was asked for something that is in no account: a write. */
  queried(): void {
    this.#load.queried()
  }

  /** Whether a read of them may be refused: where not, nobody needs to know its form. */
  mayRefuse(model: string, operation: string): boolean {
    return this.#refused.size > 0 && this.#refused.has(`${model} ${operation}`)
  }

  /** Of the forms that are known, those that were planned last first. */
  accounts(): Account[] {
    return [...this.#accounts.values()]
  }

  counts(): { readonly admitted: number; readonly refused: number } {
    let refused = 0
    for (const count of this.#refused.values()) refused += count
    return { admitted: this.#accounts.size - refused, refused }
  }

  readonly #changed = (account: Account): void => {
    const name = nameOf(account)
    if (this.#accounts.peek(name) !== account) this.#accounts.set(name, account)
    this.#count(account, account.isAdmitted ? -1 : 1)
    const { model, operation, form, isAdmitted } = account
    this.#events.emit({ type: 'admission', model, operation, form, state: isAdmitted ? 'admitted' : 'refused' })
  }

  #count({ model, operation }: Account, by: number): void {
    const name = `${model} ${operation}`
    const count = (this.#refused.get(name) ?? 0) + by
    if (count === 0) this.#refused.delete(name)
    else this.#refused.set(name, count)
  }
}

const MAX_FORMS = 2000

function nameOf({ model, operation, form }: Pick<FormAccount, 'model' | 'operation' | 'form'>): string {
  return `${model} ${operation} ${form}`
}

/** What is known of one form. Counts lose half their weight with each judgement, so that the present counts most. */
export class Account {
  readonly model: string
  readonly operation: string
  readonly form: string
  isAdmitted = true
  /** What its first read was planned to depend on; of no form that is planned read by read. */
  dependencies: (() => readonly Dependency[]) | undefined
  readonly #load: Load
  readonly #onChange: ((account: Account) => void) | undefined
  readonly #query = new Least()
  readonly #lookUp = new Least()
  readonly #plan = new Least()
  readonly #fill = new Least()
  #hits = 0
  #misses = 0
  #plans = 0
  #fills = 0
  #round = 0
  #pays: boolean | null = null
  #refused = 0
  /** Reads since it was refused first, those that use the cache too: else the turn of the only part would never end. */
  #turned = 0
  readonly #all = { hits: 0, misses: 0, invalidated: 0, savedMs: 0, spentMs: 0 }

  constructor(
    { model, operation, form }: Pick<FormAccount, 'model' | 'operation' | 'form'>,
    load: Load,
    onChange?: (account: Account) => void,
  ) {
    this.model = model
    this.operation = operation
    this.form = form
    this.#load = load
    this.#onChange = onChange
  }

  /** Whether a read is looked up and stored. `values`: texts of those that tell it from others of its form. */
  admits(values: readonly string[]): boolean {
    if (this.isAdmitted) return true
    const turn = Math.floor(this.#turned / (values.length === 0 ? SHORT_TURN : TURN))
    this.#turned += 1
    return (partOf(values) + turn) % PARTS === 0
  }

  /** A read bypassed the cache: not when it was planned, which may be done twice, or only to explain it. */
  refused(): void {
    this.#refused += 1
    this.#load.queried()
  }

  hit(): void {
    const savedMs = this.#savedMs()
    this.#hits += 1
    this.#all.hits += 1
    this.#all.savedMs += savedMs
    this.#load.saved(savedMs)
    this.#read()
  }

  miss(wasInvalidated: boolean): void {
    this.#misses += 1
    this.#all.misses += 1
    if (wasInvalidated) this.#all.invalidated += 1
    this.#spend(this.#lookUpMs())
    this.#read()
  }

  planned(ms: number): void {
    this.#plan.add(ms)
    this.#plans += 1
    this.#spend(UNSEEN * this.#plan.ms)
  }

  /** From the question to the store until the database was asked. */
  lookedUp(ms: number): void {
    this.#lookUp.add(ms)
  }

  queried(ms: number): void {
    this.#query.add(ms)
    this.#load.queried()
  }

  filled(ms: number): void {
    this.#fill.add(ms)
    this.#fills += 1
    this.#spend(UNSEEN * this.#fill.ms)
  }

  told(): FormAccount {
    const { model, operation, form, isAdmitted } = this
    const [pays, refused, queryMs] = [this.#pays, this.#refused, this.#query.ms]
    return { model, operation, form, isAdmitted, pays, ...this.#all, refused, queryMs }
  }

  /** By a hit. */
  #savedMs(): number {
    return Math.max(0, this.#load.felt(this.#query.ms, this.#load.queryMs) - this.#lookUpMs())
  }

  #spend(ms: number): void {
    this.#all.spentMs += ms
    this.#load.spent(ms)
  }

  #lookUpMs(): number {
    return this.#load.isRemote ? this.#load.felt(this.#lookUp.ms, REMOTE_MS) : this.#lookUp.ms
  }

  #read(): void {
    this.#load.read()
    this.#round += 1
    if (this.#round < ROUND) return
    this.#round = 0
    const saved = this.#hits * this.#savedMs()
    const work = this.#plans * this.#plan.ms + this.#fills * this.#fill.ms
    const spent = this.#misses * this.#lookUpMs() + UNSEEN * work
    const least = this.#load.isLosing ? BEFORE_REFUSAL_WHERE_LOSING : BEFORE_REFUSAL
    // Where another process stores what is hit here, nobody knows yet what a query takes.
    const isEnough = this.#query.isKnown && (!this.isAdmitted || this.#all.hits + this.#all.misses >= least)
    const pays = this.isAdmitted ? saved >= spent || this.#misses < TELLING : saved > MARGIN * spent
    this.#hits /= 2
    this.#misses /= 2
    this.#plans /= 2
    this.#fills /= 2
    if (isEnough) this.#pays = pays
    if (!this.#onChange || !isEnough || pays === this.isAdmitted) return
    this.isAdmitted = pays
    this.#onChange(this)
  }
}

/**
 * How busy this process is, and what a query takes of it. Where it is busy all the time, what it waits for is its own
 * queue: then a hit saves no more than the processor time of a query, however long one takes.
 */
class Load {
  readonly isRemote: boolean
  /** Processor time of a query with all around it, ms. */
  queryMs = Number.POSITIVE_INFINITY
  /** Whether the hits of all forms saved less than their misses cost, by the last thousands of reads. */
  isLosing = false
  readonly #all = { reads: 0, savedMs: 0, spentMs: 0 }
  #busy = 0
  #queries = 0
  #spentMs = 0
  readonly #usage: () => Usage
  #before: Usage

  constructor(isRemote: boolean, usage: () => Usage) {
    this.isRemote = isRemote
    this.#usage = usage
    this.#before = usage()
  }

  spent(ms: number): void {
    this.#spentMs += ms
    this.#all.spentMs += ms
  }

  saved(ms: number): void {
    this.#all.savedMs += ms
  }

  /** A read that used the cache. */
  read(): void {
    this.#all.reads += 1
    if (this.#all.reads < TELLING_OF_ALL) return
    this.isLosing = this.#all.savedMs < this.#all.spentMs
    this.#all.reads /= 2
    this.#all.savedMs /= 2
    this.#all.spentMs /= 2
  }

  queried(): void {
    this.#queries += 1
    if (this.#queries < QUERIES) return
    const [now, before] = [this.#usage(), this.#before]
    const [active, idle] = [now.active - before.active, now.idle - before.idle]
    this.queryMs = Math.max(0, now.cpu - before.cpu - this.#spentMs) / this.#queries
    this.#busy = active + idle > 0 ? active / (active + idle) : 0
    this.#before = now
    this.#queries = 0
    this.#spentMs = 0
  }

  /** What a wait of so long costs its caller, of which so much is work of this process. */
  felt(waitMs: number, workMs: number): number {
    const work = Math.min(waitMs, workMs)
    return work + (1 - this.#busy) * (waitMs - work)
  }
}

/** Queries between two looks at the load. */
const QUERIES = 256

/** The least of what was measured lately: what took longer waited for something else as well. */
class Least {
  #before = Number.POSITIVE_INFINITY
  #now = Number.POSITIVE_INFINITY
  #count = 0

  get isKnown(): boolean {
    return Math.min(this.#before, this.#now) < Number.POSITIVE_INFINITY
  }

  /** 0 where nothing was measured. */
  get ms(): number {
    return this.isKnown ? Math.min(this.#before, this.#now) : 0
  }

  add(ms: number): void {
    this.#now = Math.min(this.#now, ms)
    this.#count += 1
    if (this.#count < ROUND) return
    this.#count = 0
    this.#before = this.#now
    this.#now = Number.POSITIVE_INFINITY
  }
}

/** FNV-1a: equal values are always in the same part. */
function partOf(values: readonly string[]): number {
  let hash = 0x811c9dc5
  for (const value of values) {
    for (let i = 0; i < value.length; i += 1) hash = Math.imul(hash ^ value.charCodeAt(i), 0x01000193)
  }
  return (hash >>> 0) % PARTS
}
