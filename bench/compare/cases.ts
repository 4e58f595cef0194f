import type { ClientOf } from '../../test/support/clients.ts'
import type { Provider } from '../../test/support/provider.ts'

export type Client = ClientOf<Provider>

export interface Query {
  /** What somebody who caches by hand would call it. */
  readonly key: string
  run(client: Client): PromiseLike<unknown>
}

export interface Case {
  readonly name: string
  /** Another number is another query, up to `USERS` of them. */
  query(variant: number): Query
}

/** Rows of the table every case reads. */
const USERS = 12_000
/** The first users have posts. */
const AUTHORS = 64

/** Without BigInt, Decimal and Bytes: most peers cannot store them at all. Two dates are left, for who keeps types. */
const COLUMNS = {
  id: true,
  email: true,
  name: true,
  role: true,
  ratio: true,
  active: true,
  createdAt: true,
  updatedAt: true,
} as const

const idOf = (variant: number) => 1 + (variant % USERS)

export const findUnique: Case = {
  name: 'findUnique, a small row',
  query(variant) {
    const id = idOf(variant)
    return { key: `user:${id}`, run: (client) => client.user.findUnique({ where: { id }, select: COLUMNS }) }
  },
}

/** A list of so many rows. */
export function findMany(rows: number): Case {
  return {
    name: `findMany, ${rows} rows`,
    query(variant) {
      // Wherever it begins there are as many rows behind it.
      const after = variant % (USERS - rows + 1)
      const args = { where: { id: { gt: after } }, orderBy: { id: 'asc' }, take: rows, select: COLUMNS } as const
      return { key: `users:${rows}:${after}`, run: (client) => client.user.findMany(args) }
    },
  }
}

const include: Case = {
  name: 'include, 1 + 10 + 20 rows',
  query(variant) {
    const id = 1 + (variant % AUTHORS)
    const posts = { orderBy: { id: 'asc' }, include: { comments: { orderBy: { id: 'asc' } } } } as const
    return {
      key: `user-with-posts:${id}`,
      run: (client) => client.user.findUnique({ where: { id }, select: { ...COLUMNS, posts } }),
    }
  },
}

const count: Case = {
  name: 'count',
  query(variant) {
    const after = idOf(variant)
    return {
      key: `users-after:${after}`,
      run: (client) => client.user.count({ where: { active: true, id: { gt: after } } }),
    }
  },
}

export const LIST = findMany(100)

export const CASES: readonly Case[] = [findUnique, LIST, include, count]

export async function fillTables(client: Client): Promise<void> {
  const ids = (count: number) => Array.from({ length: count }, (_, i) => i + 1)
  const user = (id: number) => ({ id, email: `user${id}@example.test`, name: `User ${id} of the benchmark` })
  for (let from = 0; from < USERS; from += 1000) {
    await client.user.createMany({ data: ids(1000).map((i) => user(from + i)) })
  }
  const posts = ids(AUTHORS).flatMap((authorId) => ids(10).map((post) => ({ authorId, title: `Post ${post}` })))
  await client.post.createMany({ data: posts })
  const comments = ids(posts.length).flatMap((postId) => ['first', 'second'].map((text) => ({ postId, text })))
  await client.comment.createMany({ data: comments })
}
