import { accountId, accountOf } from './accounts.ts'
import type { Contestant } from './contestant.ts'
import type { DatabaseKind } from './database-kinds.ts'
import { diceOf } from './dice.ts'
import { NothingWritten, now, type Outcome } from './history.ts'
import type { Ledger, Unit } from './ledger.ts'
import { type Db, type Dice, type Prisma, READS } from './reads.ts'
import { hostOf, staffOf } from './staff.ts'
import type { Family } from './world.ts'
import { NOBODY, orderOf, postOf, productOf, userOf } from './world.ts'
import { batchable, familyStep, type Step, sharedStep, transfer } from './writes.ts'

export interface LoopOptions {
  readonly client: Contestant
  /** Nothing is cached: to learn how a family stands. */
  readonly plain: Prisma
  readonly ledger: Ledger
  readonly dice: Dice
  readonly family: number | undefined
  readonly families: number
  /** The share of steps that write. */
  readonly writes: number
  readonly database: DatabaseKind
  /** Versions of earlier incarnations are below. */
  readonly firstVersion: number
  readonly failed: (what: string) => void
  /** An invalidation waits. */
  readonly kept: () => void
}

/** How many reads are of the few that everybody makes at the time: only what is read often is hit, and raced for. */
const HOT = 0.7
const HOT_READS = 5
const HOT_NS = 1e9
/** Some of them for longer: until many other shapes have been read. */
const LASTING_NS = 1e10

function hot(dice: Dice, at: number): readonly [(typeof READS)[number], Dice] {
  const first = Math.floor(at / (dice.chance(0.3) ? LASTING_NS : HOT_NS)) * HOT_READS
  return [READS[(first + dice.below(HOT_READS)) % READS.length]!, diceOf(first + dice.below(2))]
}

/** Who has a family writes more than who has none: its rows are written by nobody else. */
const OWNERS_WRITE = 2.5
const OTHERS_WRITE = 0.5

/** One after the other: reads, writes, transactions, chosen by the dice. */
export class Loop {
  readonly #options: LoopOptions
  #rows = NOBODY
  #version: number

  constructor(options: LoopOptions) {
    this.#options = options
    this.#version = options.firstVersion
  }

  /** The family may have been left in any state. */
  async begin(): Promise<void> {
    const { family, plain } = this.#options
    if (family !== undefined) this.#rows = await familyOf(plain, family)
  }

  step(): Promise<void> {
    const { dice, family, writes } = this.#options
    if (!dice.chance(writes * (family === undefined ? OTHERS_WRITE : OWNERS_WRITE)))
      return this.#read(this.#options.client, 0)
    const throws = dice.below(10)
    if (throws < 7) return this.#single()
    return throws < 8 ? this.#batch() : this.#transaction()
  }

  async #read(db: Db, unit: number, begun?: number): Promise<void> {
    const { client, dice, families, ledger, failed, database } = this.#options
    const start = now()
    const [[name, read], choice] = dice.chance(HOT) ? hot(dice, start) : [dice.pick(READS), dice]
    try {
      const { data, from } = await client.watch(() => read(db, choice, families))
      // A transaction's own changes are in its sums.
      const seen = unit === 0 ? data : { states: data.states ?? [] }
      ledger.read(start, `${name} [${from}]`, seen, unit, database.hasSnapshots ? begun : start)
    } catch (error) {
      failed(`read: ${nameOf(error)}`)
      if (unit !== 0) throw error
    }
  }

  #nextStep(rows: Family): Step {
    const { dice, family, ledger, database } = this.#options
    const stamps = () => ledger.number()
    if (family === undefined || dice.chance(0.4)) return sharedStep(dice, stamps, database)
    this.#version += 1
    return familyStep(family, rows, this.#version, dice, stamps, database)
  }

  async #single(): Promise<void> {
    const { client, ledger } = this.#options
    const step = this.#nextStep(this.#rows)
    const unit = ledger.unit(false)
    unit.wrote(step.effects, step.adds)
    await this.#outcome(unit, step.what, step.next, async () => step.told(await step.query(client)))
  }

  /** A few writes, and a read at the end. */
  async #batch(): Promise<void> {
    const { client, ledger, dice } = this.#options
    const { steps, rows } = this.#steps(1 + dice.below(3))
    const unit = ledger.unit(false)
    for (const { effects, adds } of steps) unit.wrote(effects, adds)
    await this.#outcome(unit, 'batch', rows, async () => {
      const queries = steps.map((step) => batchable(step, client))
      const results = await client.prisma.$transaction([...queries, client.prisma.user.count() as never])
      try {
        return steps.flatMap((step, i) => step.told(results[i]))
      } catch (error) {
        // The others of it were made.
        throw new Error('a batch of which not all was written', { cause: error })
      }
    })
  }

  async #transaction(): Promise<void> {
    const { client, ledger, dice } = this.#options
    const { steps, rows } = dice.chance(0.4)
      ? { steps: transfer(dice, () => ledger.number()), rows: this.#rows }
      : this.#steps(1 + dice.below(3))
    const fails = dice.chance(0.25)
    const unit = ledger.unit(true)
    const begun = now()
    await this.#outcome(unit, 'transaction', rows, () =>
      client.prisma.$transaction(async (tx) => {
        const db: Db = { prisma: tx as unknown as Prisma, raw: (_, statement) => statement }
        const told = []
        for (const step of steps) {
          if (dice.chance(0.3)) await this.#read(db, unit.id, begun)
          unit.wrote(step.effects, step.adds)
          told.push(...step.told(await step.query(db)))
          if (dice.chance(0.5)) await this.#read(db, unit.id, begun)
        }
        if (fails) throw new RolledBack()
        unit.committing()
        return told
      }),
    )
  }

  /** Steps that follow each other; shared rows are taken in one order by all, or two transactions wait for each other. */
  #steps(count: number): { readonly steps: readonly Step[]; readonly rows: Family } {
    const steps: Step[] = []
    let rows = this.#rows
    for (let i = 0; i < count; i += 1) {
      const step = this.#nextStep(rows)
      rows = step.next ?? rows
      steps.push(step)
    }
    const shared = steps.filter(({ next }) => !next)
    return { steps: [...steps.filter(({ next }) => next), ...shared.slice(0, 1)], rows }
  }

  async #outcome(
    unit: Unit,
    what: string,
    rows: Family | undefined,
    run: () => Promise<ReturnType<Step['told']>>,
  ): Promise<void> {
    try {
      const { data: told, kept } = await this.#options.client.tell(run)
      unit.end(kept ? 'kept' : 'ok', told)
      if (kept) this.#options.kept()
      this.#rows = rows ?? this.#rows
    } catch (error) {
      const outcome = outcomeOf(error)
      unit.end(outcome)
      if (!(error instanceof RolledBack)) {
        this.#options.failed(outcome === 'aborted' ? `refused: ${nameOf(error)}` : `${what}: ${nameOf(error)}`)
      }
      if (outcome === 'unknown') await this.begin()
    }
  }
}

class RolledBack extends Error {}

/** Refused by a constraint, by another transaction that went first, or by the cache before anything was sent. */
const REFUSED = new Set(['P2002', 'P2003', 'P2025', 'P2034'])

function outcomeOf(error: unknown): Outcome {
  const { name } = error as Error
  const refused =
    error instanceof RolledBack ||
    error instanceof NothingWritten ||
    name === 'StoreUnavailableError' ||
    REFUSED.has(codeOf(error))
  return refused ? 'aborted' : 'unknown'
}

const codeOf = (error: unknown) => String((error as { code?: unknown } | undefined)?.code ?? '')

function nameOf(error: unknown): string {
  const { name, message } = error as Error
  return [name, codeOf(error) || message.trim().split('\n').at(-1)].join(' ')
}

async function familyOf(plain: Prisma, family: number): Promise<Family> {
  const [user, order, post, product, account, host, staff] = await Promise.all([
    plain.user.findUnique({ where: { id: userOf(family) }, include: { profile: true } }),
    plain.order.findUnique({ where: { id: orderOf(family) }, include: { lines: true } }),
    plain.post.findUnique({ where: { id: postOf(family) }, include: { tags: true, comments: true } }),
    plain.product.findUnique({ where: { id: productOf(family) }, include: { parts: true } }),
    plain.account.findUnique({ where: { id: accountId(family) }, include: { entries: true } }),
    plain.user.findUnique({ where: { id: hostOf(family) } }),
    plain.user.findMany({ where: { id: { in: [...staffOf(family)] } } }),
  ])
  return {
    user: user?.name ?? null,
    profile: user?.profile?.bio ?? null,
    lines: order && Object.fromEntries(order.lines.map(({ productId, quantity }) => [productId, quantity])),
    post: post && { stamp: post.title, author: post.authorId, published: post.published },
    tags: post?.tags.map(({ name }) => name) ?? [],
    comments: post?.comments.map(({ text, authorId }) => ({ text, author: authorId })) ?? [],
    product: product && { stamp: `${product.price}`, sku: product.sku },
    parts: product?.parts.map(({ label }) => label) ?? [],
    account: accountOf(account),
    host: host?.name ?? '-',
    staff: Object.fromEntries(
      staff.map(({ id, managerId, name, ratio, big, balance, role, active, meta }) => [
        id,
        {
          managerId,
          name: `${name}`,
          ratio,
          big: Number(big),
          balance: Number(balance),
          role,
          active,
          meta: Number(meta),
        },
      ]),
    ),
  }
}
