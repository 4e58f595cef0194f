import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type CacheControl, type CacheOptions, cacheExtension } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { generateOwnClient } from '../support/generated-clients.ts'
import { useTestBed } from '../support/matrix.ts'

type Models = Record<string, Record<string, (args?: unknown) => Promise<unknown>>>
interface OwnClient {
  $extends(extension: unknown): OwnClient & { $cache: CacheControl }
  $disconnect(): Promise<void>
}

/** A call of a model that only these clients have. */
function call(client: OwnClient, model: string, operation: string, args?: unknown): Promise<unknown> {
  return (client as unknown as Models)[model]![operation]!(args)
}

const bed = useTestBed({ provider: 'postgresql', generator: 'js', store: 'redis' })

const open: OwnClient[] = []
afterEach(async () => {
  for (const client of open.splice(0)) await client.$disconnect()
})

async function clients(models: string, more: CacheOptions = {}) {
  const { PrismaClient } = await generateOwnClient(models)
  const plain = new PrismaClient({ adapter: bed.database.adapter() }) as OwnClient
  const options = { ...bed.cache, prefix: freshNamespace(), defaults: { ttl: 60 }, timeoutMs: 20_000, ...more }
  const prisma = plain.$extends(cacheExtension(options as CacheOptions))
  open.push(plain)
  return { plain, prisma }
}

describe('two deployed versions of one schema', () => {
  const version = (fields: string) => `model Doc {\n  id Int @id\n  ${fields}\n  @@map("docs")\n}\n`
  beforeAll(() =>
    bed.database.execute(`CREATE TABLE docs (id INT PRIMARY KEY, one TEXT, two TEXT, many TEXT[]);
      INSERT INTO docs VALUES (1, 'first', 'second', ARRAY['third'])`),
  )

  it.each([
    ['the column of a field', 'text String? @map("one")', 'text String? @map("two")'],
    ['whether a field is a list', 'text String? @map("one")', 'text String[] @map("many")'],
  ])('that differ in %s do not answer for each other', async (_, before, after) => {
    const prefix = freshNamespace()
    const old = await clients(version(before), { prefix })
    const next = await clients(version(after), { prefix })
    for (const { prisma, plain } of [old, next, old]) {
      expect(await call(prisma, 'doc', 'findMany')).toEqual(await call(plain, 'doc', 'findMany'))
    }
  })
})

describe('a model with columns called like keywords of Prisma', () => {
  // `AND`, `OR` and `NOT` are not here: filters by such columns crash Prisma 7.10's compiler.
  const names = ['is', 'isNot', 'some', 'every', 'none', 'equals', 'in', 'set']
  const more = ['select', 'include', 'where', 'data']
  const columns = [...names, ...more].map((name) => `${name} String?`).join('\n  ')
  const models = `model Parent {\n  id Int @id\n  ${columns}\n  kids Kid[]\n}
model Kid {\n  id Int @id\n  parentId Int?\n  parent Parent? @relation(fields: [parentId], references: [id])\n  ${columns}\n}\n`
  beforeAll(() => {
    const table = [...names, ...more].map((name) => `"${name}" TEXT`).join(', ')
    return bed.database.execute(`CREATE TABLE "Parent" (id INT PRIMARY KEY, ${table});
      CREATE TABLE "Kid" (id INT PRIMARY KEY, "parentId" INT REFERENCES "Parent" (id), ${table});
      INSERT INTO "Parent" (id) VALUES (1), (2); INSERT INTO "Kid" (id, "parentId") VALUES (1, 1), (2, 2)`)
  })

  it.each([...names, ...more])('is read as without a cache after a write to `%s`', async (name) => {
    const { plain, prisma } = await clients(models)
    const wheres: [string, unknown][] = ['x', { contains: 'x' }].flatMap((filter): [string, unknown][] => [
      ['kid', { parent: { [name]: filter } }],
      ['kid', { parent: { is: { [name]: filter } } }],
      ['kid', { parent: { isNot: { [name]: filter } } }],
      ['kid', { NOT: { parent: { [name]: filter } } }],
      ['kid', { [name]: filter }],
      ['parent', { [name]: filter }],
      ['parent', { kids: { some: { [name]: filter } } }],
      ['parent', { kids: { every: { [name]: filter } } }],
      ['parent', { kids: { none: { [name]: filter } } }],
    ])
    const answers = (db: OwnClient) =>
      Promise.all(
        wheres.map(([model, where]) =>
          // What Prisma refuses is refused with a cache too; its words show where the call stands.
          call(db, model, 'findMany', { where, orderBy: { id: 'asc' } }).catch((error: Error) => error.name),
        ),
      )
    expect(await answers(prisma)).toEqual(await answers(plain))
    for (const [model, id] of [
      ['parent', 1],
      ['kid', 2],
    ] as const) {
      for (const data of [{ [name]: 'x' }, { [name]: { set: 'y' } }]) {
        await call(prisma, model, 'update', { where: { id }, data })
        expect(await answers(prisma)).toEqual(await answers(plain))
      }
    }
  })
})

describe('findUnique calls that Prisma merges', () => {
  const models = `model Thing {\n  id String @id @db.Uuid\n  code String @unique @db.Char(8)\n  name String\n
  padded String @unique\n  day DateTime @unique @db.Date\n}\n`
  const id = 'abcdef00-0000-4000-8000-000000000001'
  beforeAll(() =>
    bed.database.execute(`CREATE TABLE "Thing" (id UUID PRIMARY KEY, code CHAR(8) UNIQUE NOT NULL, name TEXT NOT NULL,
      padded CHAR(8) UNIQUE NOT NULL, day DATE UNIQUE NOT NULL);
      INSERT INTO "Thing" VALUES ('${id}', 'a', 'first', 'b', '2024-01-01')`),
  )

  it.each<[string, unknown, unknown]>([
    ['a UUID in capitals', { id: id.toUpperCase() }, { id: 'abcdef00-0000-4000-8000-000000000002' }],
    ['a text with other blanks', { code: 'a' }, { code: 'zz' }],
    ['a text with other blanks, by the catalogue', { padded: 'b' }, { padded: 'zz' }],
    ['a day with a time', { day: new Date('2024-01-01T10:00:00Z') }, { day: new Date('2025-01-01') }],
  ])('leave no null behind for a key that is spelt another way: %s', async (_, where, other) => {
    const { plain, prisma } = await clients(models)
    await call(prisma, 'thing', 'count')
    await Promise.all([where, other].map((args) => call(prisma, 'thing', 'findUnique', { where: args })))
    await prisma.$cache.settled()
    expect(await call(prisma, 'thing', 'findUnique', { where })).toEqual(
      await call(plain, 'thing', 'findUnique', { where }),
    )
  })

  it('are kept where they are spelt as the database does', async () => {
    const { prisma } = await clients(models)
    const calls = () =>
      ['2', '3'].map((last) => call(prisma, 'thing', 'findUnique', { where: { id: `${id.slice(0, -1)}${last}` } }))
    await Promise.all(calls())
    await prisma.$cache.settled()
    const { reads } = await prisma.$cache.collectCacheInfo(() => Promise.all(calls()))
    expect(reads.map(({ status }) => status)).toEqual(['hit', 'hit'])
  })
})
