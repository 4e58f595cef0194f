import type { Clock } from '../clock.ts'
import { queryError, StoreUnavailableError } from '../errors.ts'
import type { CatalogueProblem, EventHub } from '../events.ts'
import type { CatalogueOptions } from '../policy/options.ts'
import { secondsOf } from '../policy/ttl.ts'
import type { ModelGraph } from '../query/model-graph.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import { inTime } from '../stores/in-time.ts'
import { joinTables, withCatalogue } from './apply-catalogue.ts'
import type { AskedTables, Catalogue, CatalogueDialect, CatalogueRow } from './catalogue.ts'
import { catalogueOf } from './effects.ts'
import { readStored, writeStored } from './stored-catalogue.ts'

/** Sends one statement of ours to the database, outside of every transaction. */
export type AskDatabase = (sql: string) => PromiseLike<unknown>

export interface KnownDatabaseContext {
  readonly ask: AskDatabase
  /** `undefined`: the catalogue of this provider cannot be read. */
  readonly dialect: CatalogueDialect | undefined
  readonly store: Pick<GuardedStore, 'isRemote' | 'lookUp' | 'fill' | 'remove'>
  readonly events: EventHub
  readonly clock: Clock
  /** Work nobody waits for. */
  readonly background: { run(work: Promise<unknown>): void }
  /** Where it is kept for the other processes. */
  readonly key: string
  readonly options: CatalogueOptions
  /** Hands on the models as the database has them; `undefined`: that is not known. */
  readonly know: (models: ModelGraph['models'] | undefined) => void
}

export type CatalogueState = 'known' | 'unknown' | 'off'

/** How long a database that did not answer is left alone, ms. */
const REST_MS = 60_000
/** More rows than that are not worked through. */
const MAX_ROWS = 100_000

/**
 * Learns what the database does by itself, once, when somebody first needs it, and again when that is old.
 *
 * Nobody is ever wrong for want of it. A read depends on the same tags whether or not its process knows (where its plan
 * does depend on what is known, that is part of its key), and a writer that does not know invalidates everything, which
 * is more than any writer that knows. So processes that know and processes that do not can share a store.
 */
export class KnownDatabase {
  readonly #models: ModelGraph['models']
  readonly #context: KnownDatabaseContext
  readonly #maxAgeMs: number
  #state: CatalogueState = 'unknown'
  /** When it is to be asked, epoch ms. */
  #dueAt = Number.NEGATIVE_INFINITY
  /** What the first ones wait for. */
  #first: Promise<void> | undefined
  /** Another one with each `forget`: what was asked before is not learned any more. */
  #round = 0

  constructor(models: ModelGraph['models'], context: KnownDatabaseContext) {
    this.#models = models
    this.#context = context
    this.#maxAgeMs = 1000 * secondsOf(context.options.maxAge ?? 3600)
  }

  get state(): CatalogueState {
    return this.#state
  }

  /**
   * What a read or write waits for before it goes on, and never in vain for longer than `timeoutMs`; `undefined`: nothing.
   * Not to be asked for inside a transaction: the one connection there is may be the transaction's own. `isNeeded`: asked
   * before the database is.
   */
  pending(isNeeded?: () => boolean): Promise<void> | undefined {
    const now = this.#context.clock()
    const isDue = now >= this.#dueAt
    if (!isDue && !this.#first) return undefined
    if (isNeeded && !isNeeded()) return undefined
    if (!isDue) return this.#first
    this.#dueAt = now + REST_MS
    const isFirst = this.#state === 'unknown' && !this.#first
    const learned = this.#learn(this.#round)
    this.#context.background.run(learned)
    if (isFirst) this.#first = this.#inTime(learned)
    return this.#first
  }

  /** Asks anew, of the database itself, when it is needed next. */
  async forget(): Promise<void> {
    this.#round += 1
    this.#dueAt = Number.NEGATIVE_INFINITY
    this.#first = undefined
    this.#state = 'unknown'
    this.#context.know(undefined)
    if (this.#context.store.isRemote) await this.#context.store.remove([this.#context.key])
  }

  async #inTime(learned: Promise<void>): Promise<void> {
    const round = this.#round
    try {
      await inTime(this.#context.options.timeoutMs ?? 1000, () => learned)
    } catch {
      if (round === this.#round) this.#unknown('late')
    } finally {
      if (round === this.#round) this.#first = undefined
    }
  }

  /** Never rejects. */
  async #learn(round: number): Promise<void> {
    const { dialect, events } = this.#context
    if (!dialect) {
      this.#dueAt = Number.POSITIVE_INFINITY
      return this.#unknown('unsupported')
    }
    try {
      const stored = await this.#stored()
      const catalogue = stored ?? (await this.#asked(dialect))
      if (round !== this.#round) return
      this.#learned(catalogue, stored ? 'store' : 'database')
    } catch (error) {
      if (round !== this.#round) return
      events.emit({ type: 'error', during: 'catalogue', error: queryError(error) })
      if (this.#state !== 'known') this.#unknown('failed')
    }
  }

  #learned(catalogue: Catalogue, source: 'store' | 'database'): void {
    const { know, options, events, background, store, key } = this.#context
    const models = withCatalogue(this.#models, catalogue, options)
    this.#state = 'known'
    this.#dueAt = catalogue.readAt + this.#maxAgeMs
    know(models)
    const unclear = [...models.values()].filter(({ alsoWritten }) => Object.values(alsoWritten ?? {}).includes('any'))
    const names = unclear.map(({ name }) => name)
    events.emit({ type: 'catalogue', state: 'known', source, unclear: names })
    if (names.length > 0) warn(`What a write to ${names.join(', ')} does in the database cannot be told: it`)
    const text = source === 'database' && store.isRemote ? writeStored(catalogue) : undefined
    // What is not kept is asked for by the next process, too.
    if (text !== undefined) background.run(Promise.resolve(store.fill(key, text, this.#maxAgeMs)).catch(() => {}))
  }

  #unknown(reason: CatalogueProblem): void {
    if (this.#state === 'known') return
    this.#context.events.emit({ type: 'catalogue', state: 'unknown', reason })
    if (reason !== 'late') warn('The catalogue of the database cannot be read: every write')
  }

  async #stored(): Promise<Catalogue | undefined> {
    const { store, key, clock } = this.#context
    if (!store.isRemote) return undefined
    // A store that is still being connected to must not keep the database from being asked in time.
    const found = await inTime(STORED_MS, () => store.lookUp(key, [], { pastNear: true })).catch(() => undefined)
    const catalogue = found?.entry === undefined ? undefined : readStored(found.entry)
    const age = catalogue ? clock() - catalogue.readAt : Number.NaN
    return age >= 0 && age < this.#maxAgeMs ? catalogue : undefined
  }

  async #asked(dialect: CatalogueDialect): Promise<Catalogue> {
    const readAt = this.#context.clock()
    const asked = this.#tables()
    const answers = await Promise.all(dialect.statements(asked).map((sql) => this.#context.ask(MARK + sql)))
    const rows = answers.flatMap((answer) => (answer as readonly Readonly<Record<string, unknown>>[]).map(rowOf))
    if (rows.length > MAX_ROWS) throw new StoreUnavailableError('the catalogue is too large to be worked through')
    return catalogueOf(dialect.found(rows), asked.joinTables, readAt)
  }

  #tables(): AskedTables {
    const models = [...this.#models.values()]
    const joins = new Set(models.flatMap((model) => joinTables(this.#models, model)))
    return {
      tables: [...new Set([...models.map(({ table }) => table), ...joins])],
      joinTables: joins,
      schemas: [...new Set(models.flatMap(({ schema }) => schema ?? []))],
    }
  }
}

function rowOf(row: Readonly<Record<string, unknown>>): CatalogueRow {
  const text = (name: string) => (row[name] === null || row[name] === undefined ? '' : String(row[name]))
  return {
    what: text('what'),
    relation: text('relation'),
    name: text('name'),
    a: text('a'),
    b: text('b'),
    c: text('c'),
  }
}

let isWarned = false

/** Once a process: whoever reads logs should know why the cache keeps so little. */
function warn(what: string): void {
  if (isWarned) return
  isWarned = true
  process.emitWarning(
    `${what} invalidates everything that is cached. See docs/catalogue.md for the rights that are needed, and for the ` +
      'option `catalogue`, by which you can say it yourself.',
    { code: 'PRISMA_QUERY_CACHE_CATALOGUE' },
  )
}

/** How long the store is waited for, ms: the database has the same answer. */
const STORED_MS = 250

/** Begins every statement of ours, so that it can be told from the application's in a log. */
const MARK = '/* prisma-extension-query-cache: catalogue */'
