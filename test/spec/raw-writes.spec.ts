import { describe, expect, it } from 'vitest'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { type Ask, did, madeStaleBy, said, useSpec } from './support.ts'

const reads = {
  'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
  users: (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
  'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
  'posts with tags': (db) =>
    db.post.findMany({ include: { tags: { orderBy: { name: 'asc' } } }, orderBy: { id: 'asc' } }),
  'tag red': (db) => db.tag.findUnique({ where: { name: 'red' } }),
  tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }),
  products: (db) => db.product.findMany({ orderBy: { id: 'asc' } }),
  parts: (db) => db.part.findMany({ orderBy: { id: 'asc' } }),
  orders: (db) => db.order.findMany(),
  comments: (db) => db.comment.findMany({ orderBy: { id: 'asc' } }),
} satisfies Record<string, Ask>
type Read = keyof typeof reads

const EVERYTHING = Object.keys(reads) as Read[]
/** Users, and what hangs on them by the database's own hand. */
const USERS: Read[] = ['user 1', 'users', 'post 1', 'posts with tags', 'orders', 'comments']
const TAGS: Read[] = ['posts with tags', 'tag red', 'tags']

describeCombinations('a raw write invalidates', (bed) => {
  const spec = useSpec(bed)
  const one = bed.provider === 'sqlite' ? '?' : '$1'

  const writes: Record<string, { write: Ask; stale: Read[] }> = {
    'the model whose table it names, all its rows': {
      write: (db) => db.$executeRaw`UPDATE "Tag" SET color = 'x' WHERE name = ${'green'}`,
      stale: TAGS,
    },
    'a table by its mapped name, and what the database does along': {
      write: (db) => db.$executeRaw`UPDATE users SET full_name = 'x'`,
      stale: USERS,
    },
    'a table whose name is no word': {
      write: (db) => db.$executeRaw`UPDATE "catalog products" SET stock = 0`,
      stale: ['products', 'parts'],
    },
    'in the unsafe form': {
      write: (db) => db.$executeRawUnsafe(`DELETE FROM "Comment" WHERE id = ${one}`, 1),
      stale: ['comments'],
    },
    'every model whose table it names, read or written': {
      write: (db) => db.$executeRaw`INSERT INTO "Tag" (name) SELECT full_name FROM users WHERE id = 1`,
      stale: [...USERS, ...TAGS],
    },
    'both ends of a many-to-many relation by its table': {
      write: (db) => db.$executeRaw`INSERT INTO "_PostToTag" ("A", "B") VALUES (2, 'green')`,
      stale: ['post 1', 'posts with tags', 'tag red', 'tags', 'comments'],
    },
    'what is deleted or emptied along': {
      write: (db) => db.$executeRaw`DELETE FROM users WHERE id = 1`,
      stale: USERS,
    },
    'in any letters, with comments before it': {
      write: (db) => db.$executeRaw`/* tidy
        up */ -- now
        dElEtE fRoM "Comment"`,
      stale: ['comments'],
    },
    'when it writes through $queryRaw: INSERT … RETURNING': {
      write: (db) => db.$queryRaw`INSERT INTO "Tag" (name) VALUES ('new') RETURNING name`,
      stale: TAGS,
    },
    'when it writes through $queryRaw: UPDATE … RETURNING': {
      write: (db) => db.$queryRawUnsafe(`UPDATE "Tag" SET color = 'x' WHERE name = ${one} RETURNING *`, 'red'),
      stale: TAGS,
    },
    'everything, when it names no table': {
      write: (db) => db.$executeRawUnsafe(bed.provider === 'sqlite' ? 'PRAGMA optimize' : 'DO $$ BEGIN END $$'),
      stale: EVERYTHING,
    },
    'everything, when what it does is not in the text': {
      write: (db) => db.$executeRaw`CREATE TABLE IF NOT EXISTS unknown_to_prisma (id INT)`,
      stale: EVERYTHING,
    },
    'everything, when only tables Prisma does not know are named': {
      write: async (db) => {
        await db.$executeRaw`CREATE TABLE IF NOT EXISTS unknown_to_prisma (id INT)`
        await db.$executeRaw`INSERT INTO unknown_to_prisma VALUES (1)`
      },
      stale: EVERYTHING,
    },
  }
  it.each(Object.entries(writes))('%s', async (_, { write, stale }) => {
    const { prisma, plain } = spec.cached()
    const seen = await madeStaleBy({ prisma, plain }, reads, () => write(prisma as unknown as typeof plain))
    expect(seen).toEqual(EVERYTHING.filter((name) => stale.includes(name)))
  })

  it('nothing when it only reads', async () => {
    const { prisma, plain, events } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, async () => {
      await prisma.$queryRaw`SELECT * FROM users`
      await prisma.$queryRaw`WITH u AS (SELECT * FROM users) SELECT count(*) FROM u`
      await prisma.$queryRaw`SELECT 'it''s all about names like inserted_at, updated and deletes' AS text`
    })
    expect(stale).toEqual([])
    expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
  })

  it('nothing when the database refuses it, or everything it may have done', async () => {
    const { prisma, plain } = spec.cached()
    await madeStaleBy({ prisma, plain }, reads, () =>
      expect(prisma.$executeRaw`INSERT INTO "Tag" (name) VALUES ('red')`).rejects.toThrow(),
    )
  })

  it('what its call declares, and no more', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$cache.raw(
        { writes: ['Tag'] },
        prisma.$executeRaw`UPDATE "Tag" SET color = (SELECT full_name FROM users WHERE id = 1)`,
      ),
    )
    expect(stale).toEqual(TAGS)
  })

  it('nothing when its call declares that nothing cached is written', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$cache.raw({ writes: [] }, prisma.$executeRaw`CREATE TABLE IF NOT EXISTS unknown_to_prisma (id INT)`),
    )
    expect(stale).toEqual([])
  })

  it('what a function called from a SELECT writes, when the call declares it', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$cache.raw({ writes: ['Tag'] }, prisma.$queryRaw`SELECT 1`),
    )
    expect(stale).toEqual(TAGS)
  })

  it('the application’s own tags that its call names, beside the tables it writes', async () => {
    const { prisma } = spec.cached()
    const tagged = () => prisma.product.findMany({ cache: { tags: ['front page'] } })
    const invalidate = ['front page']
    await tagged()
    await prisma.$cache.raw({ invalidate }, prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`)
    expect(await did(prisma, tagged())).toBe('miss')
    await prisma.tag.findMany()
    await prisma.$cache.raw({ invalidate }, prisma.$queryRaw`SELECT 1`)
    expect(await did(prisma, tagged())).toBe('miss')
    expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
    await prisma.$cache.raw({ invalidate }, prisma.$executeRaw`UPDATE "Tag" SET color = 'y'`)
    expect(await did(prisma, prisma.tag.findMany())).toBe('miss')
  })

  it('what a rule of the configuration says', async () => {
    const { prisma, plain } = spec.cached({
      raw: [
        { match: /^\s*update\s+"Tag"/i, writes: ['Tag', 'Product'] },
        { match: 'harmless', writes: [] },
      ],
    })
    const rule = await madeStaleBy({ prisma, plain }, reads, () => prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`)
    expect(rule).toEqual([...TAGS, 'products', 'parts'])
    const harmless = await madeStaleBy(
      { prisma, plain },
      reads,
      () => prisma.$executeRaw`UPDATE users SET id = id /* harmless */`,
    )
    expect(harmless).toEqual([])
  })

  it('in a batch transaction, by declaration and by text', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$transaction([
        prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`,
        prisma.$cache.raw(
          { writes: ['Comment'] },
          prisma.$executeRaw`UPDATE "Comment" SET text = (SELECT email FROM users WHERE id = 1)`,
        ),
      ]),
    )
    expect(stale).toEqual([...TAGS, 'comments'])
  })

  it('in an interactive transaction when it commits, not when it rolls back', async () => {
    const { prisma, plain } = spec.cached()
    const write = (fail: boolean) =>
      prisma.$transaction(async (tx) => {
        await tx.$executeRaw`UPDATE "Tag" SET color = 'x'`
        await tx.$cache.raw({ writes: ['Comment'] }, tx.$executeRaw`UPDATE "Comment" SET text = 'x'`)
        if (fail) throw new Error('back')
      })
    const rolledBack = await madeStaleBy({ prisma, plain }, reads, () => write(true).catch(() => {}))
    expect(rolledBack).toEqual([])
    expect(await madeStaleBy({ prisma, plain }, reads, () => write(false))).toEqual([...TAGS, 'comments'])
  })

  it('raw reads of the models it writes too', async () => {
    const { prisma } = spec.cached()
    const names = () => prisma.$cache.raw({ reads: ['Tag'] }, prisma.$queryRaw`SELECT name FROM "Tag" ORDER BY name`)
    await names()
    await prisma.$executeRaw`DELETE FROM "Tag" WHERE name = 'green'`
    expect(await names()).toEqual([{ name: 'blue' }, { name: 'red' }])
  })

  it('and answers as it would without a cache', async () => {
    const { prisma } = spec.cached()
    expect(await prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`).toBe(3)
    expect(await prisma.$executeRawUnsafe(`DELETE FROM "Tag" WHERE name = ${one}`, 'green')).toBe(1)
    expect(await prisma.$cache.raw({ writes: ['Tag'] }, prisma.$executeRaw`UPDATE "Tag" SET color = 'y'`)).toBe(2)
    const inserted = prisma.$queryRaw`INSERT INTO "Tag" (name) VALUES ('new') RETURNING name, color`
    expect(await inserted).toEqual([{ name: 'new', color: 'grey' }])
  })

  it('nothing before it is awaited', async () => {
    const { prisma, sql, events } = spec.cached()
    prisma.$executeRaw`DELETE FROM "Comment"`
    prisma.$cache.raw({ writes: ['Comment'] }, prisma.$executeRaw`DELETE FROM "Comment"`)
    await Promise.resolve()
    expect(sql.statements).toEqual([])
    expect(events).toEqual([])
  })

  it('by its own declaration only: what runs after it, even in its `then`, is looked at afresh', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$cache
        .raw({ writes: [] }, prisma.$queryRaw`SELECT 1`)
        .then(() => prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`),
    )
    expect(stale).toEqual(TAGS)
  })
})

describe('on PostgreSQL a raw write invalidates', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it.each<[string, string, Read[]]>([
    ['through WITH', `WITH gone AS (DELETE FROM "Comment" RETURNING id) SELECT count(*) FROM gone`, ['comments']],
    ['a table with its schema', `UPDATE "public"."Tag" SET color = 'x'`, TAGS],
    ['by TRUNCATE', `TRUNCATE "OrderLine", "Part"`, ['parts']],
    [
      'by TRUNCATE … CASCADE, which empties who refers too',
      `TRUNCATE "catalog products" CASCADE`,
      ['products', 'parts'],
    ],
    [
      'by MERGE',
      `MERGE INTO "Tag" t USING (VALUES ('red')) v(name) ON t.name = v.name WHEN MATCHED THEN UPDATE SET color = 'x'`,
      TAGS,
    ],
    ['by a block', `DO $$ BEGIN UPDATE "Tag" SET color = 'x'; END $$`, EVERYTHING],
    ['by COPY or ALTER', `ALTER TABLE "Tag" ALTER COLUMN color SET DEFAULT 'grey'`, EVERYTHING],
  ])('%s', async (_, statement, stale) => {
    const { prisma, plain } = spec.cached()
    const seen = await madeStaleBy({ prisma, plain }, reads, () =>
      statement.startsWith('WITH') ? prisma.$queryRawUnsafe(statement) : prisma.$executeRawUnsafe(statement),
    )
    expect(seen).toEqual(stale)
  })

  it('nothing by SELECT … FOR UPDATE, which locks rows and is itself not cached for that', async () => {
    const { prisma, events } = spec.cached()
    await prisma.user.findMany()
    expect(await did(prisma, prisma.$queryRaw`SELECT id FROM users WHERE id = 1 FOR UPDATE`)).toBe(
      'bypass: raw-undeclared',
    )
    await prisma.$queryRaw`SELECT id FROM users FOR NO KEY UPDATE SKIP LOCKED`
    expect(said((await prisma.$cache.withCacheInfo(prisma.user.findMany())).info)).toBe('hit')
    expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
  })
})
