import { beforeEach, expect, it } from 'vitest'
import type { ClientOf } from '../support/clients.ts'
import type { Provider } from '../support/provider.ts'
import { describePair, useSpec } from './support.ts'

/** What a call comes to, with where it fails: at the call, or when it is awaited. */
async function outcome(call: () => unknown): Promise<unknown> {
  let pending: unknown
  try {
    pending = call()
  } catch (error) {
    return { at: 'call', ...told(error) }
  }
  try {
    return { at: 'await', value: await pending, kind: kindOf(pending) }
  } catch (error) {
    return { at: 'await', ...told(error), kind: kindOf(pending) }
  }
}

function kindOf(value: unknown): string {
  return `${Object.prototype.toString.call(value)} ${value instanceof Promise}`
}

function told(error: unknown) {
  if (!(error instanceof Error)) return { error }
  const { name, message, code, meta, clientVersion } = error as Error & Record<string, unknown>
  // A message begins with the place of the call, which is another one each time.
  const text = message.replace(/^[\s\S]*?invocation in\n[\s\S]*?\n\n(?=\S|$)/, '').replaceAll(/→ \d+|^\s*\d+ .*$/gm, '')
  return { name, text, type: error.constructor.name, code, meta, clientVersion, keys: Object.keys(error).sort() }
}

type Call = (db: ClientOf<Provider>) => unknown
const any = (value: unknown) => value as never

const transactions: Record<string, Call> = {
  nothing: (db) => (db.$transaction as () => unknown)(),
  null: (db) => db.$transaction(any(null)),
  'a number': (db) => db.$transaction(any(5)),
  'a text': (db) => db.$transaction(any('text')),
  'an object': (db) => db.$transaction(any({})),
  'an empty list': (db) => db.$transaction([]),
  'a list of a number': (db) => db.$transaction(any([1])),
  'a list of null': (db) => db.$transaction(any([null])),
  'a list of a promise': (db) => db.$transaction(any([Promise.resolve(1)])),
  'a query, then a number': (db) => db.$transaction(any([db.tag.count(), 5])),
  'a query, then undefined': (db) => db.$transaction(any([db.tag.count(), undefined])),
  'a query that is refused': (db) => db.$transaction([db.tag.findMany(any({ nonsense: 1 })), db.tag.count()]),
  'a write that is refused': (db) => db.$transaction([db.tag.count(), db.tag.create(any({ nonsense: 1 }))]),
  'one query twice': (db) => {
    const query = db.tag.count()
    return db.$transaction([query, query])
  },
  'a function that returns nothing': (db) => db.$transaction(any(() => {})),
  'a function that returns a query': (db) => db.$transaction((tx) => tx.tag.count()),
  'a function that throws at once': (db) =>
    db.$transaction(() => {
      throw new TypeError('mine')
    }),
  'a function that throws no error': (db) =>
    db.$transaction(() => {
      throw 'text'
    }),
  'a function, options null': (db) => db.$transaction(async () => 1, any(null)),
  'a function, a timeout of text': (db) => db.$transaction(async () => 1, any({ timeout: 'x' })),
  'a function, an unknown isolation level': (db) => db.$transaction(async () => 1, any({ isolationLevel: 'Chaos' })),
  'a function, unknown options': (db) => db.$transaction(async () => 1, any({ nonsense: 1 })),
  'a function, frozen options': (db) => db.$transaction(async () => 1, Object.freeze({ timeout: 9000 })),
  'a list, options null': (db) => db.$transaction([db.tag.count()], any(null)),
  'what has no `this`': ({ $transaction }) => $transaction(async (tx) => tx.tag.count()),
}

const raw: Record<string, Call> = {
  nothing: (db) => (db.$queryRaw as unknown as () => unknown)(),
  null: (db) => db.$queryRaw(any(null)),
  'a text': (db) => db.$queryRaw(any('SELECT 1 AS one')),
  'a number': (db) => db.$queryRaw(any(5)),
  'an object': (db) => db.$queryRaw(any({})),
  'an empty template': (db) => db.$queryRaw``,
  'a template': (db) => db.$queryRaw`SELECT ${1} AS one`,
  'a value it cannot take': (db) => db.$queryRaw`SELECT ${any(() => 1)} AS one`,
  'no text for $queryRawUnsafe': (db) => (db.$queryRawUnsafe as () => unknown)(),
  'null for $queryRawUnsafe': (db) => db.$queryRawUnsafe(any(null)),
  'a list for $queryRawUnsafe': (db) => db.$queryRawUnsafe(any(['SELECT 1 AS one'])),
  'a query for $queryRawUnsafe': (db) => db.$queryRawUnsafe('SELECT 1 AS one'),
  'nothing for $executeRaw': (db) => (db.$executeRaw as unknown as () => unknown)(),
  'a text for $executeRaw': (db) => db.$executeRaw(any('DELETE FROM nothing')),
  'a number for $executeRawUnsafe': (db) => db.$executeRawUnsafe(any(5)),
  'a statement that fails': (db) => db.$executeRaw`DELETE FROM nothing`,
  'an object for $queryRawTyped': (db) =>
    (db as unknown as Record<string, (x: unknown) => unknown>)['$queryRawTyped']?.({}),
}

const reads = [
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
]
const writes = [
  'create',
  'createMany',
  'update',
  'updateMany',
  'upsert',
  'delete',
  'deleteMany',
  'createManyAndReturn',
  'updateManyAndReturn',
]
const given: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  'a number': 5,
  'a text': 'text',
  'an empty text': '',
  false: false,
  'a list of arguments': [{ where: { name: 'none' } }],
  'an empty object': {},
  'where null': { where: null },
  'where a list': { where: [] },
  'where undefined': { where: undefined },
  'an unknown argument': { nonsense: 1 },
  'frozen arguments': Object.freeze({ where: Object.freeze({ name: 'none' }) }),
  'no prototype': Object.assign(Object.create(null), { where: { name: 'none' } }),
  'a date': new Date(0),
  'a function': () => {},
  'a symbol': Symbol('x'),
  'select nothing': { where: { name: 'none' }, select: {} },
  'select and include': { where: { name: 'none' }, select: { name: true }, include: { posts: true } },
}
/** Calls no application should make, and what the plain client makes of them. */
describePair('an odd call', (bed) => {
  const spec = useSpec(bed)
  // The second of two writes finds what the first one found.
  beforeEach(() => bed.database.execute('DELETE FROM "_PostToTag"; DELETE FROM "Tag"'))

  async function same(calls: Record<string, Call>) {
    const { prisma, plain } = spec.cached()
    for (const [title, call] of Object.entries(calls)) {
      const expected = await outcome(() => call(plain as never))
      expect(await outcome(() => call(prisma as never)), title).toEqual(expected)
    }
    // Whatever they were, the client still works.
    expect(await prisma.tag.count()).toBe(await plain.tag.count())
  }

  it('of $transaction is answered as without a cache', () => same(transactions))

  it('of a raw query is answered as without a cache', () => same(raw))

  it.each([...reads, ...writes])('of %s is answered as without a cache', (operation) => {
    const call =
      (args: unknown): Call =>
      (db) =>
        (db.tag as unknown as Record<string, (args: unknown) => unknown>)[operation]?.(args)
    return same(Object.fromEntries(Object.entries(given).map(([title, args]) => [title, call(args)])))
  })
})
