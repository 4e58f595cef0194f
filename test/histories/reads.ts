import type { ClientOf } from '../support/clients.ts'
import { accountReads } from './accounts.ts'
import type { Seen } from './history.ts'
import { staffReads } from './staff-reads.ts'
import {
  AUTHOR,
  BALANCE,
  emailOf,
  GROUPS,
  linesValue,
  listed,
  members,
  orderOf,
  POSTS,
  PRODUCTS,
  postOf,
  postState,
  productOf,
  productState,
  shown,
  skuOf,
  skusOf,
  TAGS,
  USERS,
  userOf,
  userState,
} from './world.ts'

export type Prisma = ClientOf<'postgresql'>

/** A client, or that of a transaction, and how it declares what a raw statement reads. */
export interface Db {
  readonly prisma: Prisma
  raw<P extends PromiseLike<unknown>>(models: string[], statement: P): P
}

export interface Dice {
  below(limit: number): number
  pick<T>(all: readonly T[]): T
  chance(probability: number): boolean
}

export type Read = (db: Db, dice: Dice, families: number) => Promise<Partial<Seen>>

const USER = { id: true, big: true, name: true } as const
const POST = { id: true, views: true, title: true } as const
const PRODUCT = { id: true, stock: true, price: true } as const

type Member = { id: number; big: bigint; name: string | null; balance?: unknown }
type States = Seen['states'][number][]

/** All of a group, from one statement: every row, its count of writes, and the sum of balances nobody can change. */
function group(group: number, rows: readonly Member[]): Partial<Seen> {
  const torn: string[] = []
  const ids = rows.map(({ id }) => id).sort((a, b) => a - b)
  if (listed(ids.map(String)) !== listed(members(group).map(String))) torn.push(`group ${group} has users ${ids}`)
  if (rows[0]?.balance !== undefined) {
    torn.push(
      ...balances(
        group,
        rows.reduce((sum, { balance }) => sum + Number(balance), 0),
      ),
    )
  }
  const writes = rows.reduce((sum, { big }) => sum + Number(big), 0)
  return { states: rows.map(userState), counters: [[`writes ${group}`, writes]], torn }
}

function balances(group: number, sum: number): string[] {
  const right = BALANCE * members(group).length
  return sum === right ? [] : [`balances of group ${group} add up to ${sum}, not ${right}`]
}

const sharedReads: Record<string, Read> = {
  async 'user by id'({ prisma }, dice) {
    const row = await prisma.user.findUnique({ where: { id: dice.pick(USERS) } })
    return { states: [userState(row!)] }
  },
  async 'user by email'({ prisma }, dice) {
    const row = await prisma.user.findUniqueOrThrow({ where: { email: emailOf(dice.pick(USERS)) }, select: USER })
    return { states: [userState(row)] }
  },
  async 'user first'({ prisma }, dice) {
    const row = await prisma.user.findFirst({ where: { email: emailOf(dice.pick(USERS)) }, orderBy: { id: 'asc' } })
    return { states: [userState(row!)] }
  },
  async 'group list'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    return group(id, await prisma.user.findMany({ where: { managerId: id } }))
  },
  async 'group list by names'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    const rows = await prisma.user.findMany({ where: { id: { in: [...members(id)] } }, select: USER })
    return group(id, rows)
  },
  async 'group of leader'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    const leader = await prisma.user.findUnique({ where: { id }, include: { reports: { select: USER } } })
    return { states: leader!.reports.map(userState) }
  },
  async 'group fluent'({ prisma }, dice) {
    const rows = await prisma.user.findUnique({ where: { id: dice.pick(GROUPS) } }).reports({ select: USER })
    return { states: rows!.map(userState) }
  },
  async 'group count'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    const count = await prisma.user.count({ where: { managerId: id } })
    return { torn: count === members(id).length ? [] : [`group ${id} has ${count} users`] }
  },
  async 'group aggregate'({ prisma }, dice) {
    const id = dice.pick(GROUPS)
    const { _sum } = await prisma.user.aggregate({ where: { managerId: id }, _sum: { big: true, balance: true } })
    return { counters: [[`writes ${id}`, Number(_sum.big)]], torn: balances(id, Number(_sum.balance)) }
  },
  async 'groups grouped'({ prisma }) {
    const where = { managerId: { not: null } }
    const rows = await prisma.user.groupBy({ by: ['managerId'], where, _sum: { big: true, balance: true } })
    const whole = rows.filter(({ managerId }) => GROUPS.some((id) => id === managerId))
    return {
      counters: whole.map(({ managerId, _sum }) => [`writes ${managerId}`, Number(_sum.big)] as const),
      torn: whole.flatMap(({ managerId, _sum }) => balances(managerId!, Number(_sum.balance))),
    }
  },
  async 'group raw'({ prisma, raw }, dice) {
    const id = dice.pick(GROUPS)
    const statement = prisma.$queryRaw<Member[]>`
      SELECT id, big, full_name AS name, balance FROM users WHERE "managerId" = ${id}`
    return group(id, await raw(['User'], statement))
  },
  async 'users all'({ prisma }) {
    const rows = await prisma.user.findMany({
      where: { id: { in: [...USERS] } },
      select: USER,
      orderBy: { big: 'desc' },
    })
    return { states: rows.map(userState) }
  },
  async 'post by id'({ prisma }, dice) {
    const row = await prisma.post.findUnique({ where: { id: dice.pick(POSTS) }, include: { author: true } })
    return { states: [postState(row!), userState(row!.author!)] }
  },
  async 'posts of user'({ prisma }, dice) {
    const where = { id: dice.pick(USERS) }
    const posts = { where: { id: { in: [...POSTS] } }, select: POST }
    const row = await prisma.user.findUnique({ where, select: { ...USER, posts } })
    return { states: [userState(row!), ...row!.posts.map(postState)] }
  },
  async 'posts of group'({ prisma }, dice) {
    const where = { author: { managerId: dice.pick(GROUPS) }, id: { in: [...POSTS] } }
    const rows = await prisma.post.findMany({ where, include: { author: { select: USER } } })
    return { states: rows.flatMap((row) => [postState(row), userState(row.author!)]) }
  },
  async 'product by sku'({ prisma }, dice) {
    const row = await prisma.product.findUnique({ where: { sku: skuOf(dice.pick(PRODUCTS)) } })
    return { states: [productState(row!)] }
  },
  async 'products all'({ prisma }) {
    const where = { id: { in: [...PRODUCTS] } }
    const rows = await prisma.product.findMany({ where, select: PRODUCT, orderBy: { price: 'asc' } })
    return {
      states: rows.map(productState),
      torn: rows.length === PRODUCTS.length ? [] : [`${rows.length} products`],
    }
  },
}

const each = (families: number) => Array.from({ length: families }, (_, family) => family)

/** Who of the families is in a list of posts, and who is not. */
function listedPosts(rows: readonly { id: number; title?: string }[], families: number, list: string): Partial<Seen> {
  const found = new Map(rows.map((row) => [row.id, row.title]))
  const states: States = []
  for (const family of each(families)) {
    const title = found.get(postOf(family))
    states.push([`owned ${family} ${list}`, null, shown(found.has(postOf(family)))])
    if (title !== undefined) states.push([`owned ${family}`, null, title])
  }
  return { states }
}

const familyReads: Record<string, Read> = {
  async 'owner by id'({ prisma }, dice, families) {
    const family = dice.below(families)
    const include = { profile: true, orders: { include: { lines: true } } } as const
    const row = await prisma.user.findUnique({ where: { id: userOf(family) }, include })
    const states: States = [[`owner ${family}`, null, row?.name ?? '-']]
    if (row) {
      states.push([`profile ${family}`, null, row.profile?.bio ?? '-'])
      states.push([`lines ${family}`, null, linesValue(row.orders[0]?.lines ?? null)])
    }
    return { states }
  },
  async 'owner by email'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.user.findUnique({ where: { email: emailOf(userOf(family)) } })
    return { states: [[`owner ${family}`, null, row?.name ?? '-']] }
  },
  async 'profile by user'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.profile.findUnique({ where: { userId: userOf(family) } })
    return { states: [[`profile ${family}`, null, row?.bio ?? '-']] }
  },
  async 'order by id'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.order.findUnique({ where: { id: orderOf(family) }, include: { lines: true } })
    return { states: [[`lines ${family}`, null, linesValue(row?.lines ?? null)]] }
  },
  async 'owned by id'({ prisma }, dice, families) {
    const family = dice.below(families)
    const include = { tags: true, comments: true } as const
    const row = await prisma.post.findUnique({ where: { id: postOf(family) }, include })
    const states: States = [[`owned ${family}`, null, row?.title ?? '-']]
    if (row) {
      states.push([`comments ${family}`, null, listed(row.comments.map(({ text }) => text))])
      for (const tag of TAGS) {
        states.push([`owned ${family} ${tag}`, null, shown(row.tags.some(({ name }) => name === tag))])
      }
    }
    return { states }
  },
  async 'owned bare'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.post.findFirst({ where: { id: postOf(family) } })
    return { states: [[`owned ${family}`, null, row?.title ?? '-']] }
  },
  async 'owned counts'({ prisma }, dice, families) {
    const family = dice.below(families)
    const select = { title: true, _count: { select: { comments: true } } } as const
    const row = await prisma.post.findUnique({ where: { id: postOf(family) }, select })
    const states: States = [[`owned ${family}`, null, row?.title ?? '-']]
    if (row) states.push([`comment count ${family}`, null, `${row._count.comments}`])
    return { states }
  },
  async 'owned by author'({ prisma }, _, families) {
    return listedPosts(await prisma.post.findMany({ where: { authorId: AUTHOR } }), families, `by ${AUTHOR}`)
  },
  async 'owned by owner'({ prisma }, dice, families) {
    const family = dice.below(families)
    const rows = await prisma.post.findMany({ where: { author: { id: userOf(family) } }, select: POST })
    return {
      states: [
        [`owned ${family} by owner`, null, shown(rows.length > 0)],
        ...rows.map(({ title }) => [`owned ${family}`, null, title] as const),
      ],
    }
  },
  async 'owned published'({ prisma }, _, families) {
    const where = { published: true, id: { gte: postOf(0) } }
    return listedPosts(await prisma.post.findMany({ where, select: POST }), families, 'published')
  },
  async 'tag with posts'({ prisma }, dice, families) {
    const name = dice.pick(TAGS)
    const row = await prisma.tag.findUnique({ where: { name }, include: { posts: true } })
    return listedPosts(row!.posts, families, name)
  },
  async 'posts of tag'({ prisma }, dice, families) {
    const name = dice.pick(TAGS)
    const rows = await prisma.post.findMany({ where: { tags: { some: { name } } }, select: { id: true } })
    return listedPosts(rows, families, name)
  },
  async 'comments of post'({ prisma }, dice, families) {
    const family = dice.below(families)
    const rows = await prisma.comment.findMany({ where: { postId: postOf(family) } })
    return { states: [[`comments ${family}`, null, listed(rows.map(({ text }) => text))]] }
  },
  async 'comments counted'({ prisma }, dice, families) {
    const family = dice.below(families)
    const count = await prisma.comment.count({ where: { postId: postOf(family) } })
    return { states: [[`comment count ${family}`, null, `${count}`]] }
  },
  async 'comments grouped'({ prisma }, _, families) {
    const rows = await prisma.comment.groupBy({ by: ['postId'], _count: { _all: true } })
    const counts = new Map(rows.map(({ postId, _count }) => [postId, _count._all]))
    return {
      states: each(families).map((family) => [`comment count ${family}`, null, `${counts.get(postOf(family)) ?? 0}`]),
    }
  },
  async 'comments raw'({ prisma, raw }, dice, families) {
    const family = dice.below(families)
    const statement = prisma.$queryRaw<
      { text: string }[]
    >`SELECT text FROM "Comment" WHERE "postId" = ${postOf(family)}`
    const rows = await raw(['Comment'], statement)
    return { states: [[`comments ${family}`, null, listed(rows.map(({ text }) => text))]] }
  },
  async 'goods by id'({ prisma }, dice, families) {
    const family = dice.below(families)
    const row = await prisma.product.findUnique({ where: { id: productOf(family) }, include: { parts: true } })
    const states: States = [[`goods ${family}`, null, row ? `${row.price}` : '-']]
    if (row) states.push([`parts ${row.sku}`, null, listed(row.parts.map(({ label }) => label))])
    return { states }
  },
  async 'goods by sku'({ prisma }, dice, families) {
    const sku = dice.pick(skusOf(dice.below(families)))
    const row = await prisma.product.findUnique({ where: { sku } })
    return { states: [[`goods ${sku}`, null, row ? `${row.price}` : '-']] }
  },
  async 'parts by sku'({ prisma }, dice, families) {
    const sku = dice.pick(skusOf(dice.below(families)))
    const rows = await prisma.part.findMany({ where: { productSku: sku } })
    return { states: [[`parts ${sku}`, null, listed(rows.map(({ label }) => label))]] }
  },
}

/** Mixed: neighbours in this list are read at the same time. */
export const READS: readonly (readonly [name: string, read: Read])[] = mixed([
  Object.entries(sharedReads),
  Object.entries(staffReads),
  Object.entries(accountReads),
  Object.entries(familyReads),
])

function mixed<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const placed = lists.flatMap((list) => list.map((item, i) => ({ item, at: i / list.length })))
  return placed.sort((a, b) => a.at - b.at).map(({ item }) => item)
}
