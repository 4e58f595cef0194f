import type { Case, Client, Read } from './world.ts'

/** One string, written in two ways: the database may hold them equal or not. */
export type Pair = readonly [one: string, other: string]

/** Writes that each do something the others do not: enough for a second pair of strings under one collation. */
const CORE: ReadonlySet<string> = new Set([
  'update',
  'updateMany in a list',
  'delete',
  'upsert',
  'rename to it',
  'child: createMany',
  'nested create',
  'create, of a row that was not there',
])

export function textCases(pairs: readonly Pair[]): Case[] {
  return pairs.flatMap((pair, i) =>
    casesOf(pair)
      .filter(({ title }) => i === 0 || CORE.has(title))
      .map(titled(pair)),
  )
}

function titled([one, other]: Pair): (it: Case) => Case {
  return (it) => ({ ...it, title: `${JSON.stringify(one)} and ${JSON.stringify(other)}: ${it.title}` })
}

/** Every write that can name a row by a string, written in one way, beside every read that names it in another. */
function casesOf([one, other]: Pair): Case[] {
  const where = { sku: other }
  const writes: Record<string, (client: Client) => PromiseLike<unknown>> = {
    update: ({ product }) => product!['update']!({ where, data: { stock: 2 } }),
    'update of what it selects': ({ product }) =>
      product!['update']!({ where, data: { stock: 2 }, select: { stock: true } }),
    updateMany: ({ product }) => product!['updateMany']!({ where, data: { stock: 2 } }),
    'updateMany in a list': ({ product }) =>
      product!['updateMany']!({ where: { sku: { in: ['none', other] } }, data: { stock: 2 } }),
    delete: ({ product }) => product!['delete']!({ where }),
    deleteMany: ({ product }) => product!['deleteMany']!({ where }),
    upsert: ({ product }) =>
      product!['upsert']!({ where, update: { stock: 2 }, create: { sku: other, price: 3, stock: 3 } }),
    create: ({ product }) => product!['create']!({ data: { sku: other, price: 3 } }),
    createMany: ({ product }) => product!['createMany']!({ data: [{ sku: other, price: 3 }] }),
    'rename from it': ({ product }) => product!['update']!({ where, data: { sku: 'renamed' } }),
    'rename to it': ({ product }) => product!['update']!({ where: { sku: 'second' }, data: { sku: other } }),
    'rename of the same row': ({ product }) => product!['update']!({ where: { id: 1 }, data: { sku: other } }),
    'updateMany to it': ({ product }) =>
      product!['updateMany']!({ where: { sku: 'second' }, data: { sku: { set: other } } }),
    'child: create': ({ part }) => part!['create']!({ data: { label: 'new', productSku: other } }),
    'child: createMany': ({ part }) => part!['createMany']!({ data: [{ label: 'new', productSku: other }] }),
    'child: moved': ({ part }) => part!['update']!({ where: { id: 2 }, data: { productSku: other } }),
    'child: connected': ({ part }) =>
      part!['update']!({ where: { id: 2 }, data: { product: { connect: { sku: other } } } }),
    'child: by its parent': ({ part }) =>
      part!['updateMany']!({ where: { product: { sku: other } }, data: { label: 'new' } }),
    'child: by its key': ({ part }) => part!['updateMany']!({ where: { productSku: other }, data: { label: 'new' } }),
    'child: deleted by its key': ({ part }) => part!['deleteMany']!({ where: { productSku: other } }),
    'nested create': ({ product }) => product!['update']!({ where, data: { parts: { create: { label: 'nested' } } } }),
    'nested updateMany': ({ product }) =>
      product!['update']!({ where, data: { parts: { updateMany: { where: {}, data: { label: 'nested' } } } } }),
    'nested connect': ({ product }) => product!['update']!({ where, data: { parts: { connect: { id: 2 } } } }),
  }
  const changes = Object.entries(writes).map(([title, write]) => ({ title, write, isThere: true }))
  // Of rows that come to exist: nothing was there under either spelling.
  const arrivals = ['create', 'createMany', 'upsert', 'rename to it', 'updateMany to it'].map((title) => ({
    title: `${title}, of a row that was not there`,
    write: writes[title]!,
    isThere: false,
  }))
  return [...changes, ...arrivals].map(({ title, write, isThere }) => ({
    title,
    seed: (client) => sow(client, isThere ? one : 'first'),
    reads: readsOf(one, other),
    write,
  }))
}

async function sow({ product, part }: Client, sku: string): Promise<void> {
  await product!['create']!({ data: { sku, price: 1, stock: 1, parts: { create: { label: 'its' } } } })
  await product!['create']!({ data: { sku: 'second', price: 1, parts: { create: { label: 'other' } } } })
  await part!['count']!()
}

function readsOf(...texts: Pair): Read[] {
  const each = texts.flatMap((text): Read[] => [
    { title: `findUnique ${text}`, read: ({ product }) => product!['findUnique']!({ where: { sku: text } }) },
    {
      title: `findUnique of one column ${text}`,
      read: ({ product }) => product!['findUnique']!({ where: { sku: text }, select: { stock: true } }),
    },
    {
      title: `findMany ${text}`,
      read: ({ product }) =>
        product!['findMany']!({ where: { sku: text }, include: { parts: { orderBy: { id: 'asc' } } } }),
    },
    { title: `count ${text}`, read: ({ product }) => product!['count']!({ where: { sku: { equals: text } } }) },
    {
      title: `children ${text}`,
      read: ({ part }) => part!['findMany']!({ where: { productSku: text }, orderBy: { id: 'asc' } }),
    },
    {
      title: `children of ${text}`,
      read: ({ part }) => part!['findMany']!({ where: { product: { sku: text } }, orderBy: { id: 'asc' } }),
    },
    {
      title: `parents of children ${text}`,
      read: ({ product }) =>
        product!['findMany']!({ where: { parts: { some: { productSku: text } } }, select: { id: true, stock: true } }),
    },
  ])
  return [
    ...each,
    {
      title: 'both in a list',
      read: ({ product }) =>
        product!['findMany']!({ where: { sku: { in: [...texts] } }, select: { sku: true }, orderBy: { id: 'asc' } }),
    },
    {
      title: 'either',
      read: ({ product }) =>
        product!['findMany']!({ where: { OR: texts.map((sku) => ({ sku })) }, orderBy: { id: 'asc' } }),
    },
    {
      title: 'all of a page',
      read: ({ product }) => product!['findMany']!({ orderBy: { id: 'asc' }, take: 5 }),
    },
  ]
}

/** Strings that differ, although tags may say them alike: one row is found by a list, the other comes to exist later. */
export const TWINS: readonly Case[] = [
  ['create', ({ user }: Client) => user!['create']!({ data: { email: 'ada@x' } })] as const,
  ['update', ({ user }: Client) => user!['update']!({ where: { id: 2 }, data: { email: 'ada@x' } })] as const,
].map(([title, write]) => ({
  title: `the second of two strings in a list comes to exist: ${title}`,
  seed: ({ user }: Client) =>
    Promise.resolve(user!['createMany']!({ data: [{ email: 'Ada@x' }, { email: 'bob@x', managerId: 1 }] })),
  reads: [
    {
      title: 'in',
      read: ({ user }: Client) =>
        user!['findMany']!({ where: { email: { in: ['Ada@x', 'ada@x'] } }, orderBy: { id: 'asc' } }),
    },
    {
      title: 'OR',
      read: ({ user }: Client) =>
        user!['findMany']!({ where: { OR: [{ email: 'Ada@x' }, { email: 'ada@x' }] }, orderBy: { id: 'asc' } }),
    },
  ],
  write,
}))
