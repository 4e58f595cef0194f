import { accountStates, accountWrites, commonAccountWrites } from './accounts.ts'
import type { DatabaseKind } from './database-kinds.ts'
import type { Add, Effect } from './history.ts'
import type { Db, Dice } from './reads.ts'
import { type Employee, staffStates } from './staff.ts'
import { commonStaffWrites, staffWrites } from './staff-writes.ts'
import {
  AUTHOR,
  authorOf,
  emailOf,
  type Family,
  familyStates,
  GROUPS,
  groupOf,
  members,
  orderOf,
  POSTS,
  PRODUCTS,
  postOf,
  postState,
  productOf,
  productState,
  skuOf,
  skusOf,
  TAGS,
  USERS,
  userOf,
  userState,
} from './world.ts'

/** One write as the application would make it, and what it does to the objects of the check. */
export interface Step {
  readonly what: string
  readonly effects: readonly Effect[]
  readonly adds: readonly Add[]
  /** Of Prisma's own promises, which a batch wants. */
  query(db: Db): Promise<unknown>
  /** It is to return the rows that it wrote. */
  readonly returns?: true
  /** The states that the answer tells of. */
  told(result: unknown): readonly Effect[]
  /** Of a step on a family: its rows afterwards. */
  readonly next?: Family
}

/** A value nobody wrote before. */
export type Stamps = () => number

type Batchable = ReturnType<Db['prisma']['user']['update']>
export const batchable = (step: Step, db: Db) => step.query(db) as Batchable

const USER = { id: true, big: true, name: true } as const
const POST = { id: true, views: true, title: true } as const
const PRODUCT = { id: true, stock: true, price: true } as const

type UserRow = Parameters<typeof userState>[0]
type PostRow = Parameters<typeof postState>[0]
type ProductRow = Parameters<typeof productState>[0]

const writesOf = (users: readonly number[]): Add[] =>
  GROUPS.map((group): Add => [`writes ${group}`, users.filter((id) => groupOf(id) === group).length]).filter(
    ([, by]) => by > 0,
  )

function userStep(
  what: string,
  ids: readonly number[],
  stamp: string,
  rest: Pick<Step, 'query' | 'returns' | 'told'>,
): Step {
  return { what, effects: ids.map((id): Effect => [`user ${id}`, null, stamp]), adds: writesOf(ids), ...rest }
}

const oneUser = (result: unknown) => [userState(result as UserRow)]
const untold = () => []

export type MakeStep = (dice: Dice, stamps: Stamps) => Step

const sharedWrites: readonly MakeStep[] = [
  (dice, stamps) => {
    const id = dice.pick(USERS)
    return updateUser(id, 0, `${stamps()}`)
  },
  (dice, stamps) => {
    const [id, name] = [dice.pick(USERS), `${stamps()}`]
    return userStep('update user by email', [id], name, {
      query: ({ prisma }) =>
        prisma.user.update({ where: { email: emailOf(id) }, data: { name, big: { increment: 1 } }, select: USER }),
      told: oneUser,
    })
  },
  (dice, stamps) => {
    const [id, name] = [dice.pick(USERS), `${stamps()}`]
    return userStep('upsert user', [id], name, {
      query: ({ prisma }) =>
        prisma.user.upsert({
          where: { id },
          update: { name, big: { increment: 1 } },
          create: { email: `never-${id}` },
          select: USER,
        }),
      told: oneUser,
    })
  },
  (dice, stamps) => {
    const [id, name] = [dice.pick(USERS), `${stamps()}`]
    return userStep('updateMany one user', [id], name, {
      query: ({ prisma }) => prisma.user.updateMany({ where: { id }, data: { name, big: { increment: 1 } } }),
      told: untold,
    })
  },
  (dice, stamps) => {
    const [group, name] = [dice.pick(GROUPS), `${stamps()}`]
    return userStep('updateMany group', members(group), name, {
      query: ({ prisma }) =>
        prisma.user.updateMany({ where: { managerId: group }, data: { name, big: { increment: 1 } } }),
      told: untold,
    })
  },
  (dice, stamps) => {
    const [group, name] = [dice.pick(GROUPS), `${stamps()}`]
    return userStep('updateManyAndReturn group', members(group), name, {
      returns: true,
      query: ({ prisma }) =>
        prisma.user.updateManyAndReturn({
          where: { managerId: group },
          data: { name, big: { increment: 1 } },
          select: USER,
        }),
      told: (rows) => (rows as UserRow[]).map(userState),
    })
  },
  (dice, stamps) => {
    const [id, name] = [dice.pick(USERS), `${stamps()}`]
    return userStep('raw update user', [id], name, {
      query: ({ prisma }) => prisma.$executeRaw`UPDATE users SET full_name = ${name}, big = big + 1 WHERE id = ${id}`,
      told: untold,
    })
  },
  (dice, stamps) => {
    const [post, stamp] = [dice.pick(POSTS), `${stamps()}`]
    const id = authorOf(post)
    const data = { title: stamp, views: { increment: 1 } }
    const step = userStep('update user with post', [id], stamp, {
      query: ({ prisma }) =>
        prisma.user.update({
          where: { id },
          data: { name: stamp, big: { increment: 1 }, posts: { update: { where: { id: post }, data } } },
          select: { ...USER, posts: { where: { id: post }, select: POST } },
        }),
      told: (result) => {
        const row = result as UserRow & { posts: PostRow[] }
        return [userState(row), ...row.posts.map(postState)]
      },
    })
    return { ...step, effects: [...step.effects, [`post ${post}`, null, stamp]] }
  },
  (dice, stamps) => {
    const [id, title] = [dice.pick(POSTS), `${stamps()}`]
    return {
      what: 'update post',
      effects: [[`post ${id}`, null, title]],
      adds: [],
      query: ({ prisma }) =>
        prisma.post.update({ where: { id }, data: { title, views: { increment: 1 } }, select: POST }),
      told: (row) => [postState(row as PostRow)],
    }
  },
  (dice, stamps) => {
    const [id, price] = [dice.pick(PRODUCTS), stamps()]
    return {
      what: 'update product by sku',
      effects: [[`product ${id}`, null, `${price}`]],
      adds: [],
      query: ({ prisma }) =>
        prisma.product.update({
          where: { sku: skuOf(id) },
          data: { price, stock: { increment: 1 } },
          select: PRODUCT,
        }),
      told: (row) => [productState(row as ProductRow)],
    }
  },
]

function updateUser(id: number, gift: number, name: string): Step {
  const balance = gift === 0 ? {} : { balance: { increment: gift } }
  return userStep('update user', [id], name, {
    query: ({ prisma }) =>
      prisma.user.update({ where: { id }, data: { name, big: { increment: 1 }, ...balance }, select: USER }),
    told: oneUser,
  })
}

/** From one to another of a group, in the order of ids: two transfers never wait for each other. */
export function transfer(dice: Dice, stamps: Stamps): readonly [Step, Step] {
  const group = members(dice.pick(GROUPS))
  const first = dice.below(group.length - 1)
  const second = first + 1 + dice.below(group.length - 1 - first)
  const gift = dice.below(9) - 4 || 5
  return [updateUser(group[first]!, gift, `${stamps()}`), updateUser(group[second]!, -gift, `${stamps()}`)]
}

/** The next write on rows of all. */
export function sharedStep(dice: Dice, stamps: Stamps, database: DatabaseKind): Step {
  const makers = dice.chance(0.5) ? sharedWrites : [...commonStaffWrites, ...commonAccountWrites]
  const step = dice.pick(makers)(dice, stamps)
  return step.returns && !database.hasReturning ? sharedStep(dice, stamps, database) : step
}

/** The next write of a family; `version` is that of its next state. */
export function familyStep(
  family: number,
  rows: Family,
  version: number,
  dice: Dice,
  stamps: Stamps,
  { hasReturning }: DatabaseKind,
): Step {
  const makers = dice.pick([familyWrites, [...staffWrites, createUser, deleteUser], accountWrites])
  const choices = makers
    .flatMap((make) => make(family, rows, version, dice, stamps) ?? [])
    .filter(({ returns }) => hasReturning || !returns)
  const { what, next, query } = dice.pick(choices)
  const before = allStates(family, rows)
  const changed = [...allStates(family, next)].filter(([object, value]) => before.get(object) !== value)
  const effects = changed.map(([object, value]): Effect => [object, version, value])
  return { what, effects, adds: [], query, told: untold, next }
}

const allStates = (family: number, rows: Family) =>
  new Map([...familyStates(family, rows), ...staffStates(family, rows.staff), ...accountStates(family, rows.account)])

type FamilyStep = Pick<Step, 'what' | 'query' | 'returns'> & { readonly next: Family }
export type MakeFamilyStep = (
  family: number,
  rows: Family,
  version: number,
  dice: Dice,
  stamps: Stamps,
) => FamilyStep | undefined

const createUser: MakeFamilyStep = (family, rows, version, dice, stamps) => {
  if (rows.user !== null) return undefined
  const [id, name, product] = [userOf(family), `${stamps()}`, dice.pick(PRODUCTS)]
  const bio = dice.chance(0.7) ? `${stamps()}` : null
  const orders = { create: { id: orderOf(family), lines: { create: { productId: product, quantity: version } } } }
  return {
    what: 'create user with profile and order',
    next: { ...rows, user: name, profile: bio, lines: { [product]: version } },
    query: ({ prisma }) =>
      prisma.user.create({
        data: { id, email: emailOf(id), name, orders, ...(bio !== null && { profile: { create: { bio } } }) },
      }),
  }
}

const deleteUser: MakeFamilyStep = (family, rows, _, dice) => {
  // Rarely: everything hangs on it.
  if (rows.user === null || dice.chance(0.5)) return undefined
  const own = userOf(family)
  const post = rows.post && { ...rows.post, author: rows.post.author === own ? null : rows.post.author }
  const comments = rows.comments.filter(({ author }) => author !== own)
  const leave = (row: Employee): Employee => (row.managerId === own ? { ...row, managerId: null } : row)
  const staff = Object.fromEntries(Object.entries(rows.staff).map(([id, row]) => [id, leave(row)]))
  return {
    what: 'delete user with everything',
    next: { ...rows, user: null, profile: null, lines: null, post, comments, staff },
    query: ({ prisma }) => prisma.user.delete({ where: { id: own } }),
  }
}

const familyWrites: readonly MakeFamilyStep[] = [
  createUser,
  (family, rows, _, __, stamps) => {
    if (rows.user === null) return undefined
    const name = `${stamps()}`
    return {
      what: 'update owned user',
      next: { ...rows, user: name },
      query: ({ prisma }) => prisma.user.update({ where: { id: userOf(family) }, data: { name } }),
    }
  },
  (family, rows, _, __, stamps) => {
    if (rows.user === null) return undefined
    const [name, bio] = [`${stamps()}`, `${stamps()}`]
    const profile = { upsert: { create: { bio }, update: { bio } } }
    return {
      what: 'update user with profile',
      next: { ...rows, user: name, profile: bio },
      query: ({ prisma }) => prisma.user.update({ where: { email: emailOf(userOf(family)) }, data: { name, profile } }),
    }
  },
  deleteUser,
  (family, rows, version, dice) => {
    if (rows.lines === null) return undefined
    const [productId, orderId] = [dice.pick(PRODUCTS), orderOf(family)]
    return {
      what: 'upsert line',
      next: { ...rows, lines: { ...rows.lines, [productId]: version } },
      query: ({ prisma }) =>
        prisma.orderLine.upsert({
          where: { orderId_productId: { orderId, productId } },
          update: { quantity: version },
          create: { orderId, productId, quantity: version },
        }),
    }
  },
  (family, rows) => {
    if (rows.lines === null) return undefined
    return {
      what: 'delete order with lines',
      next: { ...rows, lines: null },
      query: ({ prisma }) => prisma.order.delete({ where: { id: orderOf(family) } }),
    }
  },
  (family, rows, version) => {
    if (rows.user === null || rows.lines !== null) return undefined
    const lines = { createMany: { data: PRODUCTS.slice(0, 2).map((productId) => ({ productId, quantity: version })) } }
    return {
      what: 'create order',
      next: { ...rows, lines: Object.fromEntries(PRODUCTS.slice(0, 2).map((id) => [id, version])) },
      query: ({ prisma }) => prisma.order.create({ data: { id: orderOf(family), customerId: userOf(family), lines } }),
    }
  },
  (family, rows, _, dice, stamps) => {
    if (rows.post !== null) return undefined
    const [title, text, published] = [`${stamps()}`, `${stamps()}`, dice.chance(0.5)]
    const author = rows.user !== null && dice.chance(0.5) ? userOf(family) : AUTHOR
    const tags = TAGS.filter(() => dice.chance(0.4))
    return {
      what: 'create post with tags and comment',
      next: { ...rows, post: { stamp: title, author, published }, tags, comments: [{ text, author: null }] },
      query: ({ prisma }) =>
        prisma.post.create({
          data: {
            id: postOf(family),
            title,
            published,
            authorId: author,
            tags: { connect: tags.map((name) => ({ name })) },
            comments: { create: { text } },
          },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    if (rows.post === null) return undefined
    const [title, published] = [`${stamps()}`, dice.chance(0.5)]
    const author = rows.user !== null && dice.chance(0.5) ? userOf(family) : AUTHOR
    return {
      what: 'update owned post',
      next: { ...rows, post: { stamp: title, author, published } },
      query: ({ prisma }) =>
        prisma.post.update({ where: { id: postOf(family) }, data: { title, published, authorId: author } }),
    }
  },
  (family, rows, _, __, stamps) => {
    if (rows.post === null) return undefined
    const [title, published] = [`${stamps()}`, !rows.post.published]
    return {
      what: 'updateMany owned post',
      next: { ...rows, post: { ...rows.post, stamp: title, published } },
      query: ({ prisma }) =>
        prisma.post.updateMany({ where: { id: { in: [postOf(family)] } }, data: { title, published } }),
    }
  },
  (family, rows) => {
    if (rows.post === null) return undefined
    const id = postOf(family)
    return {
      what: 'delete post with comments',
      next: { ...rows, post: null, tags: [], comments: [] },
      query: ({ prisma }) => prisma.post.delete({ where: { id } }),
    }
  },
  (family, rows, _, dice) => {
    if (rows.post === null) return undefined
    const name = dice.pick(TAGS)
    const id = postOf(family)
    const connected = rows.tags.includes(name)
    const other = rows.tags.filter((tag) => tag !== name)
    const tags = connected ? other : [...other, name]
    const what = connected ? { disconnect: { name } } : { connect: { name } }
    if (dice.chance(0.5)) {
      return {
        what: 'link from the tag',
        next: { ...rows, tags },
        query: ({ prisma }) =>
          prisma.tag.update({
            where: { name },
            data: { posts: connected ? { disconnect: { id } } : { connect: { id } } },
          }),
      }
    }
    return {
      what: 'link from the post',
      next: { ...rows, tags },
      query: ({ prisma }) => prisma.post.update({ where: { id }, data: { tags: what } }),
    }
  },
  (family, rows, _, dice) => {
    if (rows.post === null) return undefined
    const tags = TAGS.filter(() => dice.chance(0.5))
    return {
      what: 'set links',
      next: { ...rows, tags },
      query: ({ prisma }) =>
        prisma.post.update({
          where: { id: postOf(family) },
          data: { tags: { set: tags.map((name) => ({ name })) } },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    if (rows.post === null || rows.comments.length > 3) return undefined
    const author = rows.user !== null && dice.chance(0.6) ? userOf(family) : null
    const added = [
      { text: `${stamps()}`, author },
      ...(dice.chance(0.5) ? [{ text: `${stamps()}`, author: null }] : []),
    ]
    const data = added.map(({ text, author }) => ({ text, authorId: author, postId: postOf(family) }))
    return {
      what: 'create comments',
      next: { ...rows, comments: [...rows.comments, ...added] },
      query: ({ prisma }) =>
        data.length === 1 ? prisma.comment.create({ data: data[0]! }) : prisma.comment.createMany({ data }),
    }
  },
  (family, rows, _, dice, stamps) => {
    const old = rows.comments.length > 0 ? dice.pick(rows.comments) : undefined
    if (!old) return undefined
    const text = `${stamps()}`
    const where = { text: old.text, postId: postOf(family) }
    return {
      what: 'update comment',
      next: { ...rows, comments: rows.comments.map((comment) => (comment === old ? { ...old, text } : comment)) },
      query: ({ prisma }) =>
        prisma.post.update({
          where: { id: postOf(family) },
          data: { comments: { updateMany: { where, data: { text } } } },
        }),
    }
  },
  (family, rows, _, dice) => {
    const old = rows.comments.length > 0 ? dice.pick(rows.comments) : undefined
    if (!old) return undefined
    return {
      what: 'delete comment',
      next: { ...rows, comments: rows.comments.filter((comment) => comment !== old) },
      query: ({ prisma }) => prisma.comment.deleteMany({ where: { text: old.text, postId: postOf(family) } }),
    }
  },
  (family, rows, _, dice, stamps) => {
    if (rows.product !== null) return undefined
    const [price, sku, labels] = [stamps(), dice.pick(skusOf(family)), [`${stamps()}`, `${stamps()}`]]
    return {
      what: 'create product with parts',
      next: { ...rows, product: { stamp: `${price}`, sku }, parts: labels },
      query: ({ prisma }) =>
        prisma.product.create({
          data: { id: productOf(family), sku, price, parts: { create: labels.map((label) => ({ label })) } },
        }),
    }
  },
  (family, rows, _, dice, stamps) => {
    if (rows.product === null) return undefined
    const [price, sku] = [stamps(), dice.pick(skusOf(family))]
    return {
      what: 'update product and its key',
      next: { ...rows, product: { stamp: `${price}`, sku } },
      query: ({ prisma }) => prisma.product.update({ where: { id: productOf(family) }, data: { price, sku } }),
    }
  },
  (_, rows, __, dice, stamps) => {
    if (rows.product === null) return undefined
    const { sku } = rows.product
    const [label, old] = [`${stamps()}`, dice.pick(rows.parts)]
    return {
      what: 'update part',
      next: { ...rows, parts: rows.parts.map((part) => (part === old ? label : part)) },
      query: ({ prisma }) => prisma.part.updateMany({ where: { productSku: sku, label: old }, data: { label } }),
    }
  },
  (_, rows, __, dice) => {
    if (rows.product === null || dice.chance(0.5)) return undefined
    const { sku } = rows.product
    return {
      what: 'delete product with parts',
      next: { ...rows, product: null, parts: [] },
      query: ({ prisma }) => prisma.product.delete({ where: { sku } }),
    }
  },
]
