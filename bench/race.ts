import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'
import type { SqlTap } from '../test/support/sql-tap.ts'
import { withTimeout } from '../test/support/with-timeout.ts'

/** A client whose reads are to be fresh, and the tap on its database connection. */
export interface Contestant {
  readonly prisma: ClientOf<Provider>
  readonly sql: SqlTap
  /** Resolves when what was answered has been stored. */
  settled(): Promise<void>
}

export interface RaceResult {
  readonly tries: number
  /** Reads begun after the write was acknowledged, while the slow read was still under way, that showed the state before it. */
  readonly joined: number
  /** The same, once the slow read was through and stored. */
  readonly stale: number
  /** Reads of the last kind that the cache answered correctly in one more try without asking the database. */
  readonly cached: number
}

type Client = ClientOf<Provider>
type Read = (client: Client, id: number, attempt: number) => PromiseLike<unknown>
type Write = (client: Client, id: number, value: number) => PromiseLike<unknown>

/** Each gives the stock of the product; `attempt` makes every attempt a query of its own, which no entry answers yet. */
const reads: readonly Read[] = [
  (client, id, attempt) =>
    client.product.findUnique({ where: { id, stock: { gte: -attempt } } }).then((row) => row?.stock),
  (client, id, attempt) =>
    client.product.findFirst({ where: { id, stock: { gte: -attempt } } }).then((row) => row?.stock),
  (client, id, attempt) =>
    client.product.findMany({ where: { id, stock: { gte: -attempt } } }).then(([row]) => row?.stock),
  (client, id, attempt) =>
    client.product
      .aggregate({ where: { id, stock: { gte: -attempt } }, _sum: { stock: true } })
      .then(({ _sum }) => _sum.stock),
  (client, id, attempt) =>
    client.part
      .findFirst({
        where: { product: { id, stock: { gte: -attempt } } },
        select: { product: { select: { stock: true } } },
      })
      .then((part) => part?.product.stock),
]

/** Each sets the stock of the product. */
const writes: readonly Write[] = [
  (client, id, stock) => client.product.update({ where: { id }, data: { stock } }),
  (client, id, stock) => client.product.updateMany({ where: { id }, data: { stock } }),
  (client, id, stock) =>
    client.product.upsert({ where: { id }, update: { stock }, create: { sku: `never ${id}`, price: 1, stock } }),
  (client, id, stock) => client.$transaction((tx) => tx.product.update({ where: { id }, data: { stock } })),
  (client, id, stock) =>
    client.$transaction([
      client.product.update({ where: { id }, data: { stock: -1 } }),
      client.product.update({ where: { id }, data: { stock } }),
    ]),
  (client, id, stock) => client.$executeRaw`UPDATE "catalog products" SET stock = ${stock} WHERE id = ${id}`,
  (client, id, stock) => client.part.update({ where: { id }, data: { product: { update: { stock } } } }),
]

/** Products 1 to `count`, each with a part of the same id. */
export async function prepareProducts(client: Client, count: number): Promise<void> {
  for (let i = 1; i <= count; i += 1) {
    await client.product.create({
      data: { id: i, sku: `sku ${i}`, price: 1, parts: { create: { id: i, label: 'part' } } },
    })
  }
}

/**
 * The classic race: a read has its answer from the database, a write commits and is acknowledged, and only then does
 * the read get to store what it saw. Every kind of read against every kind of write, in turn.
 */
export async function raceSlowReads(reader: Contestant, writer: Contestant, tries: number): Promise<RaceResult> {
  const result = { tries, joined: 0, stale: 0, cached: 0 }
  for (let attempt = 1; attempt <= tries; attempt += 1) {
    const id = 1 + (attempt % 3)
    const read = reads[attempt % reads.length] as Read
    const write = writes[Math.floor(attempt / reads.length) % writes.length] as Write

    const gate = reader.sql.hold(/^SELECT/)
    const slow = Promise.resolve(read(reader.prisma, id, attempt))
    // The control may answer from what an earlier race left behind: there is nothing to hold then.
    const held = Promise.race([gate.held.then(() => true), slow.then(() => false)])
    if (!(await withTimeout(held, 'the slow read'))) gate.open()
    await write(writer.prisma, id, attempt)
    if ((await read(reader.prisma, id, attempt)) !== attempt) result.joined += 1
    gate.open()
    await slow
    await reader.settled()

    if ((await read(reader.prisma, id, attempt)) !== attempt) result.stale += 1
    if ((await read(writer.prisma, id, attempt)) !== attempt) result.stale += 1
    await reader.settled()
    const asked = reader.sql.count(/^SELECT/)
    if ((await read(reader.prisma, id, attempt)) === attempt && reader.sql.count(/^SELECT/) === asked)
      result.cached += 1
    reader.sql.clear()
    writer.sql.clear()
  }
  return result
}

export interface FreeRunResult {
  readonly reads: number
  readonly writes: number
  /** Reads that showed less than what had been acknowledged before they began. */
  readonly stale: number
}

/**
 * Nobody waits for anybody: counters that only grow, read and incremented through several clients at once while answers
 * of the database are held back for a random while.
 */
export async function raceFreely(
  clients: readonly Contestant[],
  count: number,
  random: () => number,
): Promise<FreeRunResult> {
  const ids = [1, 2, 3]
  const acknowledged = new Map<number, number>()
  const result = { reads: 0, writes: 0, stale: 0 }
  const pick = <T>(all: readonly T[]) => all[Math.floor(random() * all.length)] as T

  async function readOnce(): Promise<void> {
    const { prisma, sql } = pick(clients)
    const id = pick(ids)
    if (random() < 0.3) {
      const gate = sql.hold(/^SELECT/)
      setTimeout(() => gate.open(), random() * 4)
    }
    const read = pick(reads)
    const atLeast = acknowledged.get(id) ?? 0
    const seen = Number(await read(prisma, id, 1))
    result.reads += 1
    if (!(seen >= atLeast)) result.stale += 1
  }

  async function writeOnce(): Promise<void> {
    const { prisma } = pick(clients)
    const id = pick(ids)
    const data = { stock: { increment: 1 } }
    const written =
      random() < 0.5
        ? await prisma.product.update({ where: { id }, data })
        : await prisma.$transaction((tx) => tx.product.update({ where: { id }, data }))
    result.writes += 1
    acknowledged.set(id, Math.max(acknowledged.get(id) ?? 0, written.stock))
  }

  const lane = async (share: number) => {
    while (result.reads < count) await (random() < share ? writeOnce() : readOnce())
  }
  await Promise.all([...Array.from({ length: 12 }, () => lane(0.1)), lane(1)])
  return result
}
