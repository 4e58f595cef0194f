import type { Account } from './accounts.ts'
import type { Served } from './database-kinds.ts'
import type { Effect } from './history.ts'
import type { Staff } from './staff.ts'

/**
 * What the rows are. Shared rows are written by everybody: the database counts their versions, and each write leaves a
 * stamp. A family of rows belongs to one loop of one process, which creates, links and deletes them one write after the
 * other, and so knows the order of their states.
 */
export const GROUPS = [1, 2] as const
export const members = (group: number): readonly number[] => (group === 1 ? [3, 4, 5, 6] : [7, 8, 9, 10])
export const USERS: readonly number[] = [...members(1), ...members(2)]
export const POSTS: readonly number[] = [1, 2, 3, 4, 5, 6]
export const PRODUCTS: readonly number[] = [1, 2, 3, 4]
export const TAGS = ['red', 'green', 'blue'] as const
/** Together in a group, whoever gives to whom. */
export const BALANCE = 100

export const groupOf = (user: number) => (members(1).includes(user) ? 1 : 2)
export const authorOf = (post: number) => post + 2
export const emailOf = (user: number) => `user-${user}@example.test`
export const skuOf = (product: number) => `sku-${product}`
/** The author that posts of all families have in common with the first shared post. */
export const AUTHOR = 3

/** The loops of each process that have a family. */
export const OWNERS = 2

export const userState = (row: { id: number; big: bigint; name: string | null }): Effect => [
  `user ${row.id}`,
  Number(row.big),
  `${row.name}`,
]
export const postState = (row: { id: number; views: number; title: string }): Effect => [
  `post ${row.id}`,
  row.views,
  row.title,
]
export const productState = (row: { id: number; stock: number; price: unknown }): Effect => [
  `product ${row.id}`,
  row.stock,
  `${row.price}`,
]

export const postOf = (family: number) => 100 + family
export const userOf = (family: number) => 200 + family
export const productOf = (family: number) => 300 + family
export const orderOf = (family: number) => `order-${family}`
export const skusOf = (family: number) => [`sku-a-${family}`, `sku-b-${family}`] as const

/** The rows of a family, by what was written into them. */
export interface Family {
  readonly user: string | null
  readonly profile: string | null
  /** Quantities by product; `null`: no order. */
  readonly lines: Readonly<Record<number, number>> | null
  readonly post: { readonly stamp: string; readonly author: number | null; readonly published: boolean } | null
  readonly tags: readonly string[]
  readonly comments: readonly { readonly text: string; readonly author: number | null }[]
  readonly product: { readonly stamp: string; readonly sku: string } | null
  readonly parts: readonly string[]
  readonly account: Account | null
  /** The name of the manager who stays. */
  readonly host: string
  readonly staff: Staff
}

export const NOBODY: Family = {
  user: null,
  profile: null,
  lines: null,
  post: null,
  tags: [],
  comments: [],
  product: null,
  parts: [],
  account: null,
  host: '0',
  staff: {},
}

/** No order is without lines: where it is, both were deleted between the two statements of a read. */
export const linesValue = (lines: readonly { productId: number; quantity: number }[] | null) =>
  listed((lines ?? []).map(({ productId, quantity }) => `${productId}x${quantity}`)) || '-'
export const listed = (values: readonly string[]) => [...values].sort().join()

/** The state of a family as readers see it: an object for each thing a read can show. */
export function familyStates(family: number, rows: Family): Map<string, string> {
  const { user, profile, lines, post, tags, comments, product, parts, host } = rows
  const quantities =
    lines && Object.entries(lines).map(([product, quantity]) => ({ productId: Number(product), quantity }))
  const states = new Map([
    [`owner ${family}`, user ?? '-'],
    [`profile ${family}`, profile ?? '-'],
    [`lines ${family}`, linesValue(quantities)],
    [`owned ${family}`, post?.stamp ?? '-'],
    [`owned ${family} by ${AUTHOR}`, shown(post?.author === AUTHOR)],
    [`owned ${family} by owner`, shown(post?.author === userOf(family))],
    [`owned ${family} published`, shown(post?.published === true)],
    [`comments ${family}`, listed(comments.map(({ text }) => text))],
    [`comment count ${family}`, `${comments.length}`],
    [`goods ${family}`, product?.stamp ?? '-'],
    [`host ${family}`, host],
  ])
  for (const tag of TAGS) states.set(`owned ${family} ${tag}`, shown(tags.includes(tag)))
  for (const sku of skusOf(family)) {
    states.set(`goods ${sku}`, product?.sku === sku ? product.stamp : '-')
    states.set(`parts ${sku}`, product?.sku === sku ? listed(parts) : '')
  }
  return states
}

export const shown = (is: boolean) => (is ? 'in' : 'out')

/** What stands before anything is written, and the SQL that makes it so. */
export function initialStates(families: number): Effect[] {
  return [
    ...USERS.map((id): Effect => [`user ${id}`, 0, '0']),
    ...POSTS.map((id): Effect => [`post ${id}`, 0, '0']),
    ...PRODUCTS.map((id): Effect => [`product ${id}`, 0, '0']),
    ...Array.from({ length: families }, (_, family) =>
      [...familyStates(family, NOBODY)].map(([object, value]): Effect => [object, 0, value]),
    ).flat(),
  ]
}

const TABLES = [
  'users',
  'Profile',
  'Post',
  'Tag',
  'Comment',
  'Order',
  'OrderLine',
  'catalog products',
  'Part',
  '_PostToTag',
  'Account',
  'Entry',
].map((name) => `"${name}"`)

const EMPTY_SQL: Readonly<Record<Served, string>> = {
  postgresql: `TRUNCATE ${TABLES} RESTART IDENTITY CASCADE`,
  mysql: [
    'SET foreign_key_checks = 0',
    ...TABLES.map((table) => `TRUNCATE ${table}`),
    'SET foreign_key_checks = 1',
  ].join('; '),
}

export const seedSql = (provider: Served) =>
  [
    EMPTY_SQL[provider],
    `INSERT INTO users (id, email, full_name, "managerId", balance, "updatedAt") VALUES ${[
      ...GROUPS.map((id) => `(${id}, '${emailOf(id)}', 'leader', NULL, 0, now())`),
      ...USERS.map((id) => `(${id}, '${emailOf(id)}', '0', ${groupOf(id)}, ${BALANCE}, now())`),
    ]}`,
    `INSERT INTO "Post" (id, title, "authorId") VALUES ${POSTS.map((id) => `(${id}, '0', ${authorOf(id)})`)}`,
    `INSERT INTO "Tag" (name) VALUES ${TAGS.map((name) => `('${name}')`)}`,
    `INSERT INTO "catalog products" (id, sku, price) VALUES ${PRODUCTS.map((id) => `(${id}, '${skuOf(id)}', 0)`)}`,
  ].join(';\n')
