import type { ClientOf } from '../test/support/clients.ts'
import type { Provider } from '../test/support/provider.ts'

export type Client = ClientOf<Provider>
export type Operation = (client: Client) => PromiseLike<unknown>
type Operations = Readonly<Record<string, Operation>>

/** Users, products, and two posts of each user. */
export const ROWS = 200

/** What the soak does, by chance: reads and writes of every kind, over the rows of `fillTables`. */
export function soakLoad(random: () => number) {
  const below = (n: number) => Math.floor(random() * n)
  const pick = (operations: Operations) => Object.values(operations)[below(Object.keys(operations).length)] as Operation
  const id = () => 1 + below(ROWS)

  const panel: Operations = {
    user: (db) => db.user.findUnique({ where: { id: 7 } }),
    users: (db) =>
      db.user.findMany({ orderBy: { id: 'asc' }, take: 20, include: { posts: { orderBy: { id: 'asc' } } } }),
    posts: (db) => db.post.findMany({ orderBy: { id: 'asc' }, include: { tags: { orderBy: { name: 'asc' } } } }),
    count: (db) => db.post.count(),
    sum: (db) => db.product.aggregate({ _sum: { stock: true } }),
  }

  const reads: Operations = {
    ...panel,
    byId: (db) => db.user.findUnique({ where: { id: id() } }),
    byEmail: (db) => db.user.findUnique({ where: { email: `${id()}@example.test` } }),
    nobody: (db) => db.user.findUnique({ where: { id: ROWS * 100 + id() } }),
    list: (db) => db.post.findMany({ where: { authorId: id() }, orderBy: { id: 'asc' } }),
    groups: (db) => db.post.groupBy({ by: ['authorId'], _count: true, orderBy: { authorId: 'asc' }, take: 10 }),
    fluent: (db) => db.user.findUnique({ where: { id: id() } }).posts(),
    tick: (db) => Promise.all(Array.from({ length: 10 }, () => db.product.findUnique({ where: { id: id() } }))),
  }

  const writes: Operations = {
    update: (db) => db.user.update({ where: { id: id() }, data: { name: `${random()}` } }),
    stock: (db) => db.product.update({ where: { id: id() }, data: { stock: { increment: 1 } } }),
    bulk: (db) => db.post.updateMany({ where: { authorId: id() }, data: { views: { increment: 1 } } }),
    nested: async (db) => {
      const title = `${random()}`
      await db.user.update({
        where: { id: id() },
        data: { posts: { create: { title, tags: { connect: { name: 'a' } } } } },
      })
      await db.post.deleteMany({ where: { title } })
    },
    upsert: (db) =>
      db.tag.upsert({ where: { name: `${below(20)}` }, create: { name: `${below(20)}` }, update: { color: 'x' } }),
    transaction: (db) =>
      db.$transaction(async (tx) => {
        const [from, to] = [id(), id()].sort((a, b) => a - b) as [number, number]
        await tx.product.update({ where: { id: from }, data: { stock: { decrement: 1 } } })
        await tx.product.update({ where: { id: to }, data: { stock: { increment: 1 } } })
      }),
    rollback: (db) =>
      db.$transaction(async (tx) => {
        await tx.user.update({ where: { id: id() }, data: { name: 'never' } })
        throw new Error('back')
      }),
    batch: (db) =>
      db.$transaction([
        db.user.findMany({ take: 1 }),
        db.user.update({ where: { id: id() }, data: { active: random() < 0.5 } }),
      ]),
    raw: (db) => db.$executeRaw`UPDATE users SET ratio = ratio + 1 WHERE id = ${id()}`,
  }

  return { panel, next: () => pick(random() < 0.15 ? writes : reads), nextRead: () => pick(reads) }
}

export async function fillTables(db: Client): Promise<void> {
  await db.tag.create({ data: { name: 'a' } })
  for (let row = 1; row <= ROWS; row += 1) {
    await db.user.create({
      data: { email: `${row}@example.test`, posts: { create: [{ title: 'one' }, { title: 'two' }] } },
    })
    await db.product.create({ data: { sku: `${row}`, price: row } })
  }
}
