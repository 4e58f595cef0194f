import { setImmediate as nextTurn } from 'node:timers/promises'
import type { CacheInfo } from '../../src/control/cache-info.ts'
import { withTimeout } from '../support/with-timeout.ts'
import type { Figures } from './figures.ts'
import { mentions } from './mentions.ts'
import { type Outcome, outcomeOf, sameOutcome, scribbleOver, show, showOutcome } from './outcome.ts'
import type { Read } from './reads.ts'
import type { Body, Scenario, Step } from './scenario.ts'
import { sameButForOrder } from './unordered.ts'
import { type CachedClient, type Client, promiseOf, type World } from './world.ts'
import type { Write } from './writes.ts'

/** The cached client and the plain one disagree, or the cache let something through that is no answer of Prisma's. */
export class Mismatch extends Error {
  override readonly name = 'Mismatch'
  readonly kind: MismatchKind
  /** The step it came to light after; -1: before the first one. */
  readonly step: number
  /** The read of the panel it concerns. */
  readonly read: number | undefined

  constructor(kind: MismatchKind, message: string, step: number, read?: number) {
    super(message)
    this.kind = kind
    this.step = step
    this.read = read
  }
}

type MismatchKind = 'answer' | 'error' | 'hangs' | 'swallowed error' | 'cached in a transaction'

/** Longer than any step takes, on a slow machine too: what takes longer hangs. */
const HANGS_MS = 30_000
const TRANSACTION = { timeout: HANGS_MS, maxWait: HANGS_MS }

/**
 * Plays a scenario through the cached clients, and after each step asks every read of the panel of them and of the plain
 * client. @throws Mismatch at the first difference.
 */
export async function play(world: World, scenario: Scenario, figures: Figures): Promise<void> {
  await world.reset()
  const game = new Game(world, scenario, figures)
  try {
    await game.play()
  } finally {
    game.end()
  }
}

interface Informed {
  readonly outcome: Outcome
  readonly info: CacheInfo | undefined
}

interface Answer extends Informed {
  /** The read of the panel. */
  readonly number: number
}

function isError(outcome: Outcome): outcome is Extract<Outcome, { error: unknown }> {
  return 'error' in outcome
}

class Game {
  readonly #world: World
  readonly #scenario: Scenario
  readonly #figures: Figures
  readonly #listening: (() => void)[]
  /** What the plain client last answered to each read of the panel. */
  #answers: readonly Outcome[] = []
  #step = -1
  #moved = new Set<string>()
  #swallowed: string | undefined

  constructor(world: World, scenario: Scenario, figures: Figures) {
    this.#world = world
    this.#scenario = scenario
    this.#figures = figures
    this.#listening = world.cached.flatMap(({ $cache }) => [
      $cache.on('invalidate', ({ tags }) => {
        for (const tag of tags) this.#moved.add(tag)
      }),
      $cache.on('error', ({ during, error }) => {
        this.#swallowed ??= `${during}: ${error instanceof Error ? error.stack : show(error)}`
      }),
    ])
  }

  end(): void {
    for (const stop of this.#listening) stop()
  }

  async play(): Promise<void> {
    await this.#compare(true)
    for (const [i, step] of this.#scenario.steps.entries()) {
      this.#step = i
      this.#moved = new Set()
      this.#figures.saw(`step ${step.do}`)
      await withTimeout(this.#perform(step), `step ${i}`, HANGS_MS).catch((error: unknown) => {
        throw error instanceof Error && error.message.startsWith(`step ${i} took`)
          ? this.#mismatch('hangs', error.message)
          : error
      })
      await this.#compare(step.do !== 'read' && step.do !== 'invalidate' && step.do !== 'clear')
    }
  }

  async #perform(step: Step): Promise<void> {
    const { cached } = this.#world
    const client = cached[step.client % cached.length]!
    switch (step.do) {
      case 'write':
        await this.#write(client, step.write)
        break
      case 'read':
        for (const read of step.reads) await this.#read(client, read)
        break
      case 'race':
        await this.#race(client, step.action, step.reads)
        break
      case 'batch':
        await this.#batch(client, step.operations)
        break
      case 'transaction':
        await this.#transaction(client, client, step.body)
        break
      case 'foreign write':
        await this.#write(this.#world.plain, step.write)
        await client.$cache.invalidate({ models: [step.write.model] })
        break
      case 'invalidate':
        await client.$cache.invalidate(step.target)
        break
      case 'clear':
        await client.$cache.clear()
    }
  }

  async #write(client: Client, write: Write): Promise<Outcome> {
    const outcome = await outcomeOf(() => promiseOf(this.#world, client, write))
    this.#figures.steps += 1
    this.#figures.saw(`tried ${write.kind === 'write' ? write.operation : write.form}`)
    this.#judge(outcome, () => show(write))
    this.#record(outcome, write)
    return outcome
  }

  /** Twice at once, and of two clients where there are two. */
  async #read(client: CachedClient, read: Read): Promise<void> {
    const { cached } = this.#world
    const expected = await this.#plainly(read)
    const clients = isError(expected) ? [client] : [client, cached[0]!]
    const ask = (one: Client) => outcomeOf(() => promiseOf(this.#world, one, read))
    const answers = await (this.#isMerged(read) ? inTurn(clients, ask) : Promise.all(clients.map(ask)))
    for (const answer of answers) this.#equal(answer, expected, read)
  }

  /** What the reads find meanwhile is either state's; what they leave behind must be gone or right afterwards. */
  async #race(client: CachedClient, action: Write | Body, reads: readonly number[]): Promise<void> {
    let over = false
    const acting = action.kind === 'body' ? this.#transaction(client, client, action) : this.#write(client, action)
    const ended = acting.finally(() => {
      over = true
    })
    const racing = reads
      .filter((number) => !this.#fails(number))
      .map(async (number) => {
        do {
          await outcomeOf(() => promiseOf(this.#world, client, this.#panel(number)))
          await nextTurn()
        } while (!over)
      })
    await Promise.all([ended, ...racing])
  }

  async #batch(client: CachedClient, operations: Extract<Step, { do: 'batch' }>['operations']): Promise<void> {
    const sent = operations
      .filter((operation) => operation.kind !== 'panel' || !this.#fails(operation.read))
      .map((operation) => (operation.kind === 'panel' ? this.#panel(operation.read) : operation))
    const outcome = await outcomeOf(() =>
      client.$transaction(sent.map((operation) => promiseOf(this.#world, client, operation))),
    )
    this.#judge(outcome, () => show(sent))
    this.#figures.saw(isError(outcome) ? 'refused batch' : 'done batch')
    if (isError(outcome)) return
    const results = outcome.value as unknown[]
    const lastWrite = sent.findLastIndex((operation) => operation.kind === 'write' || operation.kind === 'raw write')
    for (const [i, operation] of sent.entries()) {
      if (operation.kind === 'write' || operation.kind === 'raw write') {
        this.#figures.steps += 1
        this.#record({ value: results[i] }, operation)
      } else if (i > lastWrite && !this.#isMerged(operation)) {
        // What it read is what was committed.
        const expected = await this.#plainly(operation)
        if (!isError(expected)) this.#equal({ value: results[i] }, expected, operation)
      }
    }
  }

  async #transaction(outside: CachedClient, client: Client, body: Body): Promise<void> {
    const thrown = new Error('rolled back on purpose')
    const outcome = await outcomeOf(() =>
      client.$transaction(
        async (transaction: Client) => {
          for (const operation of body.operations) {
            const outcome = await this.#inTransaction(outside, transaction, operation)
            if (body.onError === 'throw' && outcome && isError(outcome)) throw outcome.error.cause
          }
          if (body.end === 'throw') throw thrown
        },
        client === outside ? TRANSACTION : undefined,
      ),
    )
    const kind = client === outside ? 'transaction' : 'savepoint'
    if (isError(outcome) && outcome.error.cause === thrown) {
      this.#figures.saw(`done ${kind} rolled back`)
      return
    }
    this.#judge(outcome, () => show(body))
    this.#figures.saw(isError(outcome) ? `refused ${kind}` : `done ${kind}`)
  }

  async #inTransaction(
    outside: CachedClient,
    transaction: Client,
    operation: Body['operations'][number],
  ): Promise<Outcome | undefined> {
    if (operation.kind === 'write' || operation.kind === 'raw write') return this.#write(transaction, operation)
    if (operation.kind === 'body') {
      await this.#transaction(outside, transaction, operation)
      return undefined
    }
    const read = operation.kind === 'panel' || operation.kind === 'outside' ? this.#panel(operation.read) : operation
    if (operation.kind === 'outside') {
      await this.#read(outside, read)
      return undefined
    }
    const { outcome, info } = await this.#informed(outside, () => promiseOf(this.#world, transaction, read))
    if (info && info.status !== 'bypass') {
      throw this.#mismatch('cached in a transaction', `${info.status} in a transaction: ${show(read)}`)
    }
    return outcome
  }

  #panel(number: number): Read {
    const { panel } = this.#scenario
    return panel[number % panel.length]!
  }

  #fails(number: number): boolean {
    return isError(this.#answers[number % this.#answers.length]!)
  }

  async #plainly(read: Read): Promise<Outcome> {
    const outcome = await outcomeOf(() => promiseOf(this.#world, this.#world.plain, read))
    if (isError(outcome) && outcome.error.name === 'PrismaClientRustPanicError') {
      throw new Error(`Prisma panics at this, and cannot be trusted after it: ${show(read)}`, {
        cause: outcome.error.cause,
      })
    }
    return outcome
  }

  /** Every read of the panel, against the plain client; `anew` when the data may have changed since the last time. */
  async #compare(anew: boolean): Promise<void> {
    const { panel } = this.#scenario
    const before = this.#answers
    if (anew) this.#answers = await inTurn(panel, (read) => this.#plainly(read))

    const first = await this.#ask([...panel.keys()], 0)
    for (const { number: i, outcome, info } of first) {
      const read = panel[i]!
      const isHit = info?.status === 'hit'
      this.#figures.reads += 1
      this.#figures.saw(`answer ${kindOf(this.#answers[i]!)}`)
      this.#equal(outcome, this.#answers[i]!, read, i, info)
      if (isHit) {
        this.#figures.hits += 1
        this.#figures.saw(`hit ${labelOf(read)}`)
        if (this.#step >= 0 && this.#isBeside(info.tags)) this.#figures.survived += 1
      }
      const previous = before[i]
      if (previous && anew) {
        const changed = !sameOutcome(previous, this.#answers[i]!)
        if (changed) this.#figures.changed += 1
        else if (info?.status === 'miss' && info.cause === 'invalidated') this.#figures.needless += 1
      }
      if ('value' in outcome) scribbleOver(outcome.value)
    }
    for (const { $cache } of this.#world.cached) await $cache.settled()

    // What the database was asked for a moment ago, once more: as it comes out of the cache.
    const asked = first.filter(({ outcome, info }) => info?.status === 'miss' && !isError(outcome))
    for (const { number: i, outcome, info } of await this.#ask(
      asked.map(({ number }) => number),
      1,
    )) {
      this.#figures.again += 1
      if (info?.status === 'hit') this.#figures.againHits += 1
      this.#equal(outcome, this.#answers[i]!, panel[i]!, i, info)
      if ('value' in outcome) scribbleOver(outcome.value)
    }
    if (this.#swallowed !== undefined) throw this.#mismatch('swallowed error', this.#swallowed)
  }

  /**
   * All at once, as the requests of a server come; by turns of the clients that share a store. Those that end in an error
   * are asked alone: of `findUnique`s in one tick Prisma makes one query, and when that fails the error is another one,
   * or none (`findUniqueOrThrow(…).posts()` is `undefined` then, two invalid ones are a panic). So are those whose answer
   * is another one when Prisma merges them.
   */
  async #ask(numbers: readonly number[], turn: number): Promise<Answer[]> {
    const { cached } = this.#world
    const ask = async (number: number): Promise<Answer> => {
      const client = cached[(this.#step + 1 + turn + number) % cached.length]!
      return { number, ...(await this.#informed(client, () => promiseOf(this.#world, client, this.#panel(number)))) }
    }
    const alone = (number: number) => this.#fails(number) || this.#isMerged(this.#panel(number))
    const answers = await Promise.all(numbers.filter((number) => !alone(number)).map(ask))
    return [...answers, ...(await inTurn(numbers.filter(alone), ask))]
  }

  /** Of such reads in one tick Prisma makes one query, and finds no row for a key that the database holds equal to another. */
  #isMerged(read: Read): boolean {
    if (read.kind !== 'read' || !read.operation.startsWith('findUnique')) return false
    return (
      this.#world.provider === 'mysql' ||
      this.#world.shapes.get(read.model)?.columns.some(({ folded }) => folded) === true
    )
  }

  async #informed(client: CachedClient, send: () => PromiseLike<unknown>): Promise<Informed> {
    const { data, reads } = await client.$cache.collectCacheInfo(() => outcomeOf(send))
    return { outcome: data, info: reads[0] }
  }

  /** A write to the model moved its tag and left the row's alone. */
  #isBeside(tags: readonly string[]): boolean {
    return tags.some((tag) => {
      const model = /^(\w+):\*$/.exec(tag)?.[1]
      return model !== undefined && this.#moved.has(model)
    })
  }

  #equal(outcome: Outcome, expected: Outcome, read: Read, number?: number, info?: CacheInfo): void {
    this.#figures.steps += 1
    if (sameOutcome(outcome, expected)) return
    if (sameButForOrder(this.#world.shapes, read, outcome, expected))
      return this.#figures.saw('answer in another order')
    const said = info ? `${info.status}${'tags' in info ? `, ${info.tags.join(' ')}` : ''}` : 'no report'
    throw this.#mismatch(
      'answer',
      [
        show(read),
        `  cached: ${showOutcome(outcome)} (${said})`,
        `  plain:  ${showOutcome(expected)}`,
        `  moved by this step: ${[...this.#moved].join(' ') || 'nothing'}`,
      ].join('\n'),
      number,
    )
  }

  /** Whatever goes wrong, the error an application sees is one of Prisma's. */
  #judge(outcome: Outcome, what: () => string): void {
    if (isError(outcome) && outcome.error.cause instanceof Mismatch) throw outcome.error.cause
    if (!isError(outcome) || /^(PrismaClient|DriverAdapter)/.test(outcome.error.name)) return
    throw this.#mismatch('error', `not an error of Prisma's: ${(outcome.error.cause as Error)?.stack}\n  ${what()}`)
  }

  #record(outcome: Outcome, write: Write): void {
    if (isError(outcome)) {
      this.#figures.saw(`refused ${outcome.error.code ?? outcome.error.name}`)
      return
    }
    if (write.kind === 'raw write') return this.#figures.saw(`done raw ${write.form}`)
    this.#figures.saw(`done ${write.operation}`)
    for (const { operation } of mentions(this.#world.shapes, write)) {
      if (operation !== undefined) this.#figures.saw(`done nested ${operation}`)
    }
  }

  #mismatch(kind: MismatchKind, message: string, read?: number): Mismatch {
    this.#figures.mismatches += 1
    return new Mismatch(kind, message, this.#step, read)
  }
}

async function inTurn<T, R>(list: readonly T[], act: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const one of list) results.push(await act(one))
  return results
}

function kindOf(outcome: Outcome): string {
  if ('error' in outcome) return String(outcome.error.code ?? outcome.error.name)
  if (outcome.value === null) return 'null'
  return Array.isArray(outcome.value) && outcome.value.length === 0 ? 'empty' : 'some'
}

function labelOf(read: Read): string {
  if (read.kind === 'raw read') return `raw ${read.form}`
  return read.hops.length > 0 ? `${read.operation}.…` : read.operation
}
