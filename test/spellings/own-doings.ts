import type { Provider } from '../support/provider.ts'
import type { Case, Client, Group, Read } from './world.ts'

/** A value that is given for a column of `Gauge`, and what the database holds equal to it or makes of it. */
interface Given {
  readonly column: string
  readonly given: unknown
  readonly stored: unknown
}

const UUID = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'

const EVERYWHERE: readonly Given[] = [
  { column: 'fixed', given: 'ab  ', stored: 'ab' },
  { column: 'amount', given: '1.26', stored: '1.3' },
  { column: 'amount', given: 1.2, stored: '1.20' },
  { column: 'at', given: '2020-01-01T00:00:00.700Z', stored: '2020-01-01T00:00:01.000Z' },
  { column: 'at', given: '2020-01-01T00:00:00.200Z', stored: new Date('2020-01-01T00:00:00Z') },
  { column: 'tiny', given: 300, stored: 255 },
  { column: 'tiny', given: -1, stored: 0 },
  { column: 'tiny', given: 0, stored: 0 },
  // Of no key: an unknown id does not widen such a read.
  { column: 'level', given: 300, stored: 255 },
  { column: 'label', given: 'abcdefgh', stored: 'abcde' },
  { column: 'code', given: 'abcdefgh', stored: 'abcde' },
  { column: 'code', given: 'abc     ', stored: 'abc' },
  { column: 'year', given: 70, stored: 1970 },
  { column: 'year', given: 5, stored: 2005 },
  { column: 'id', given: 0, stored: 2 },
  { column: 'uuid', given: UUID.toUpperCase(), stored: UUID },
]

/** Every write that can set the column to the given value or name its row by it, beside reads by both. */
function givenCases({ column, given, stored }: Given): Case[] {
  const data = { [column]: given }
  const where = { [column]: given }
  const writes: Record<string, (client: Client) => PromiseLike<unknown>> = {
    create: ({ gauge }) => gauge!['create']!({ data: { ...data, note: 'new' } }),
    'create, showing another column': ({ gauge }) => gauge!['create']!({ data, select: { note: true } }),
    createMany: ({ gauge }) => gauge!['createMany']!({ data: [{ ...data, note: 'new' }] }),
    'createMany, skipping duplicates': ({ gauge }) => gauge!['createMany']!({ data: [data], skipDuplicates: true }),
    update: ({ gauge }) => gauge!['update']!({ where: { id: 1 }, data }),
    'update, showing another column': ({ gauge }) =>
      gauge!['update']!({ where: { id: 1 }, data, select: { note: true } }),
    updateMany: ({ gauge }) => gauge!['updateMany']!({ where: { id: 1 }, data }),
    'update of its row': ({ gauge }) => gauge!['update']!({ where, data: { note: 'changed' } }),
    'updateMany of its row': ({ gauge }) =>
      gauge!['updateMany']!({ where: { [column]: { in: [given] } }, data: { note: 'changed' } }),
    upsert: ({ gauge }) => gauge!['upsert']!({ where, create: data, update: { note: 'changed' } }),
    deleteMany: ({ gauge }) => gauge!['deleteMany']!({ where }),
  }
  return Object.entries(writes).map(([title, write]) => {
    const isThere = !title.startsWith('create')
    return {
      title: `${column} ${text(given)}, ${text(stored)}: ${title}`,
      seed: async ({ gauge }: Client) => {
        await gauge!['create']!({ data: { note: 'first' } })
        // Where the database refuses the value, there is no such row.
        if (isThere) await Promise.resolve(gauge!['create']!({ data: { [column]: stored } })).catch(() => {})
      },
      reads: readsOf(column, [given, stored]),
      write,
    }
  })
}

function readsOf(column: string, values: readonly unknown[]): Read[] {
  const each = values.flatMap((value): Read[] => [
    { title: `findUnique ${text(value)}`, read: ({ gauge }) => gauge!['findUnique']!({ where: { [column]: value } }) },
    {
      title: `findMany ${text(value)}`,
      read: ({ gauge }) => gauge!['findMany']!({ where: { [column]: value }, select: { id: true, note: true } }),
    },
    {
      title: `in a list ${text(value)}`,
      read: ({ gauge }) => gauge!['count']!({ where: { [column]: { in: [value] } } }),
    },
  ])
  return [
    ...each,
    { title: 'by id', read: ({ gauge }) => gauge!['findUnique']!({ where: { id: 1 } }) },
    { title: 'all', read: ({ gauge }) => gauge!['findMany']!({ orderBy: { id: 'asc' } }) },
    { title: 'without', read: ({ gauge }) => gauge!['findMany']!({ where: { [column]: null }, select: { id: true } }) },
  ]
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? 'undefined'
}

/** What a column of SQLite is declared as does not change strings and numbers, or not so that it shows. */
const ON_SQLITE: ReadonlySet<string> = new Set(['fixed', 'amount', 'at', 'id'])

/** What MySQL refuses when it is strict, and changes when it is not. */
const CLAMPED: ReadonlySet<string> = new Set(['tiny', 'code', 'level', 'label'])

export function givenGroups(provider: Provider): Group[] {
  const title = 'a value that the database changes on the way in'
  switch (provider) {
    case 'sqlite':
      return [{ title, alter: '', cases: EVERYWHERE.filter(({ column }) => ON_SQLITE.has(column)).flatMap(givenCases) }]
    case 'postgresql':
      return [{ title, alter: '', cases: EVERYWHERE.filter(({ column }) => column !== 'year').flatMap(givenCases) }]
    case 'mysql': {
      const clamped = EVERYWHERE.filter(({ column }) => CLAMPED.has(column)).flatMap(givenCases)
      const unstrict = { title: `${title}, not strict`, session: "SET SESSION sql_mode = ''", cases: clamped }
      return [
        { title, alter: '', cases: EVERYWHERE.flatMap(givenCases) },
        { ...unstrict, alter: '' },
      ]
    }
  }
}
