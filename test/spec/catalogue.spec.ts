import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { type CacheControl, type CacheEvent, type CacheOptions, cacheExtension } from '../../src/index.ts'
import { type ClientOf, type OpenedClient, openClient } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type TestBed, useTestBed } from '../support/matrix.ts'
import { adapterFor, type Provider } from '../support/provider.ts'
import { runScript } from '../support/run-script.ts'
import { type Ask, madeStaleBy } from './support.ts'

/** What the database does and its schema does not say: which reads must notice a write, and which need not. */
interface Case {
  readonly title: string
  /** By provider; where there is none the database has no such thing. */
  readonly ddl: { readonly [P in Provider]?: string }
  readonly reads: Readonly<Record<string, Ask>>
  readonly write: Ask
  readonly stale: readonly string[]
}

const users: Record<string, Ask> = {
  'the column shown': (client) => client.user.findMany({ select: { name: true }, orderBy: { id: 'asc' } }),
  'ordered by it': (client) =>
    client.user.findMany({ select: { id: true }, orderBy: [{ name: 'desc' }, { id: 'asc' }] }),
  'the largest': (client) => client.user.aggregate({ _max: { name: true } }),
  'filtered by it': (client) => client.user.count({ where: { name: '<zoe@example.test>' } }),
  'grouped by it': (client) => client.user.groupBy({ by: 'name', orderBy: { name: 'asc' } }),
}
const counted: Record<string, Ask> = { 'rows counted': (client) => client.user.count() }
const zoe = { email: 'zoe@example.test' }
const views: Record<string, Ask> = {
  'the views of posts': (client) => client.post.findMany({ select: { views: true }, orderBy: { id: 'asc' } }),
}
const tags: Record<string, Ask> = { tags: (client) => client.tag.findMany({ orderBy: { name: 'asc' } }) }
const comment: Ask = (client) => client.comment.createMany({ data: [{ id: 9, text: 'new', postId: 1 }] })
const moreViews = `UPDATE "Post" SET views = views + 1 WHERE id = NEW."postId";`
const onComment = (body: string, declared = '') => `
  CREATE FUNCTION count_views() RETURNS trigger LANGUAGE plpgsql AS $$ ${declared} BEGIN ${body} RETURN NULL; END $$;
  CREATE TRIGGER counts AFTER INSERT ON "Comment" FOR EACH ROW EXECUTE FUNCTION count_views();`
const newName = (more: string) =>
  `ALTER TABLE users DROP COLUMN full_name; ALTER TABLE users ADD COLUMN full_name ${more};`
const lines: Record<string, Ask> = { lines: (client) => client.orderLine.findMany() }
const lineKeys = `FOREIGN KEY ("productId") REFERENCES "catalog products" (id) ON DELETE CASCADE`

const cases: readonly Case[] = [
  {
    title: 'a column that is computed changes with those it is made of',
    ddl: {
      sqlite: newName(`TEXT GENERATED ALWAYS AS ('<' || email || '>') VIRTUAL`),
      postgresql: newName(`TEXT GENERATED ALWAYS AS ('<' || email || '>') STORED`),
      mysql: newName(`VARCHAR(191) GENERATED ALWAYS AS (CONCAT('<', email, '>')) VIRTUAL`),
    },
    reads: { ...users, ...counted },
    write: (client) => client.user.update({ where: { id: 1 }, data: zoe, select: { id: true } }),
    stale: Object.keys(users),
  },
  {
    title: 'a column that is computed is not NULL in a row that is created without it',
    ddl: {
      sqlite: newName(`TEXT GENERATED ALWAYS AS ('<' || email || '>') VIRTUAL`),
      postgresql: newName(`TEXT GENERATED ALWAYS AS ('<' || email || '>') STORED`),
      mysql: newName(`VARCHAR(191) GENERATED ALWAYS AS (CONCAT('<', email, '>')) STORED`),
    },
    reads: users,
    write: (client) => client.user.createMany({ data: [{ id: 3, ...zoe }] }),
    stale: Object.keys(users),
  },
  {
    title: 'a default that only the database has is not NULL',
    ddl: {
      sqlite: newName(`TEXT DEFAULT '<zoe@example.test>'`),
      postgresql: `ALTER TABLE users ALTER full_name SET DEFAULT '<zoe@example.test>';`,
      mysql: `ALTER TABLE users ALTER full_name SET DEFAULT '<zoe@example.test>';`,
    },
    reads: { 'filtered by it': users['filtered by it'] as Ask },
    write: (client) => client.user.createMany({ data: [{ id: 3, ...zoe }] }),
    stale: ['filtered by it'],
  },
  {
    title: 'a default of a domain is one of the column',
    ddl: {
      postgresql: `CREATE DOMAIN named AS text DEFAULT '<zoe@example.test>'; ALTER TABLE users ALTER full_name TYPE named;`,
    },
    reads: { 'filtered by it': users['filtered by it'] as Ask },
    write: (client) => client.user.createMany({ data: [{ id: 3, ...zoe }] }),
    stale: ['filtered by it'],
  },
  {
    title: 'ON UPDATE CURRENT_TIMESTAMP changes with every update',
    ddl: {
      mysql: `ALTER TABLE users MODIFY "createdAt" DATETIME(3) NOT NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP(3);`,
    },
    reads: {
      created: (client) => client.user.findMany({ select: { createdAt: true }, orderBy: { id: 'asc' } }),
      ...counted,
    },
    write: (client) => client.user.update({ where: { id: 1 }, data: { name: 'x' }, select: { id: true } }),
    stale: ['created'],
  },
  {
    title: 'a trigger that sets a column of the row before it is written',
    ddl: {
      postgresql: `
        CREATE FUNCTION name_it() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN NEW.full_name := '<' || NEW.email || '>'; RETURN NEW; END $$;
        CREATE TRIGGER names BEFORE INSERT OR UPDATE ON users FOR EACH ROW EXECUTE FUNCTION name_it();`,
      mysql: `CREATE TRIGGER names BEFORE UPDATE ON users FOR EACH ROW SET NEW.full_name = CONCAT('<', NEW.email, '>');`,
    },
    reads: { ...users, ...counted },
    write: (client) => client.user.update({ where: { id: 1 }, data: { ...zoe, name: 'given' }, select: { id: true } }),
    stale: Object.keys(users),
  },
  {
    title: 'a trigger that updates the row after it was written',
    ddl: {
      sqlite: `CREATE TRIGGER names AFTER UPDATE OF email ON users BEGIN
        UPDATE users SET full_name = '<' || NEW.email || '>' WHERE id = NEW.id; END;`,
    },
    reads: users,
    write: (client) => client.user.update({ where: { id: 1 }, data: zoe, select: { id: true } }),
    stale: Object.keys(users),
  },
  {
    title: 'a trigger that writes another table',
    ddl: {
      sqlite: `CREATE TRIGGER counts AFTER INSERT ON "Comment" BEGIN ${moreViews} END;`,
      postgresql: onComment(moreViews),
      mysql: `CREATE TRIGGER counts AFTER INSERT ON "Comment" FOR EACH ROW ${moreViews}`,
    },
    reads: { ...views, ...tags },
    write: comment,
    stale: Object.keys(views),
  },
  {
    title: 'a trigger by a routine that calls another',
    ddl: {
      postgresql: `CREATE FUNCTION add_view(post int) RETURNS void LANGUAGE sql AS
        $$ UPDATE "Post" SET views = views + 1 WHERE id = post $$; ${onComment(`PERFORM add_view(NEW."postId");`)}`,
      mysql: `CREATE PROCEDURE add_view(post INT) UPDATE \`Post\` SET views = views + 1 WHERE id = post;
        CREATE TRIGGER counts AFTER INSERT ON "Comment" FOR EACH ROW CALL add_view(NEW."postId");`,
    },
    reads: { ...views, ...tags },
    write: comment,
    stale: Object.keys(views),
  },
  {
    title: 'a trigger that makes up its statement may write anything',
    ddl: {
      postgresql: onComment(`EXECUTE format('UPDATE %I SET views = views + 1', 'Po' || 'st');`),
    },
    reads: { ...views, ...tags },
    write: comment,
    stale: [...Object.keys(views), ...Object.keys(tags)],
  },
  {
    title: 'a trigger on what the database deletes by itself',
    ddl: {
      postgresql: `
        CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN INSERT INTO "Tag" (name) VALUES ('seen ' || OLD.text); RETURN NULL; END $$;
        CREATE TRIGGER remembers AFTER DELETE ON "Comment" FOR EACH ROW EXECUTE FUNCTION remember();`,
      sqlite: `CREATE TRIGGER remembers AFTER DELETE ON "Comment" BEGIN INSERT INTO "Tag" (name) VALUES ('seen ' || OLD.text); END;`,
    },
    reads: { ...tags, products: (client) => client.product.findMany() },
    write: (client) => client.post.delete({ where: { id: 1 } }),
    stale: Object.keys(tags),
  },
  {
    title: 'a trigger on a join table',
    ddl: {
      sqlite: `CREATE TRIGGER joins AFTER INSERT ON "_PostToTag" BEGIN UPDATE "catalog products" SET stock = stock + 1; END;`,
      postgresql: `
        CREATE FUNCTION joined() RETURNS trigger LANGUAGE plpgsql AS $$
          BEGIN UPDATE "catalog products" SET stock = stock + 1; RETURN NULL; END $$;
        CREATE TRIGGER joins AFTER INSERT ON "_PostToTag" FOR EACH ROW EXECUTE FUNCTION joined();`,
    },
    reads: { products: (client) => client.product.findMany(), ...counted },
    write: (client) => client.post.update({ where: { id: 1 }, data: { tags: { connect: { name: 'red' } } } }),
    stale: ['products'],
  },
  {
    title: 'a rule',
    ddl: {
      postgresql: `CREATE RULE counts AS ON INSERT TO "Comment" DO ALSO
        UPDATE "Post" SET views = views + 1 WHERE id = NEW."postId";`,
    },
    reads: { ...views, ...tags },
    write: comment,
    stale: Object.keys(views),
  },
  {
    title: 'a view declared as a model shows what is written to its tables',
    ddl: {
      sqlite: `DROP TABLE "Part"; CREATE VIEW "Part" AS SELECT id, sku AS label, sku AS "productSku" FROM "catalog products";`,
      postgresql: `DROP TABLE "Part"; CREATE VIEW "Part" AS SELECT id, sku AS label, sku AS "productSku" FROM "catalog products";`,
      mysql: `DROP TABLE "Part"; CREATE VIEW "Part" AS SELECT id, sku AS label, sku AS "productSku" FROM "catalog products";`,
    },
    reads: { parts: (client) => client.part.findMany({ select: { label: true } }), ...tags },
    write: (client) => client.product.update({ where: { id: 1 }, data: { sku: 'screw' } }),
    stale: ['parts'],
  },
  {
    title: 'what is written to a view is written to its table',
    ddl: {
      postgresql: `DROP TABLE "Part"; CREATE VIEW "Part" AS SELECT id, sku AS label, 'x' AS "productSku" FROM "catalog products";`,
      mysql: `DROP TABLE "Part"; CREATE VIEW "Part" AS SELECT id, sku AS label, 'x' AS "productSku" FROM "catalog products";`,
    },
    reads: { products: (client) => client.product.findMany({ select: { sku: true } }), ...tags },
    write: (client) => client.part.updateMany({ where: { id: 1 }, data: { label: 'screw' } }),
    stale: ['products'],
  },
  {
    title: 'a table that inherits shows in the one it inherits from',
    ddl: {
      postgresql: `DROP TABLE "Comment"; CREATE TABLE "Comment"
        (text text DEFAULT '', "postId" int, "authorId" int) INHERITS ("Part"); ALTER TABLE "Comment" ALTER label DROP NOT NULL,
        ALTER "productSku" DROP NOT NULL;`,
    },
    reads: { parts: (client) => client.part.count(), ...tags },
    write: comment,
    stale: ['parts'],
  },
  {
    title: 'a partition shows in its table',
    ddl: {
      postgresql: `DROP TABLE "Comment", "Part"; CREATE TABLE "Part"
        (id int, label text, "productSku" text, text text, "postId" int, "authorId" int) PARTITION BY RANGE (id);
        CREATE TABLE "Comment" PARTITION OF "Part" FOR VALUES FROM (0) TO (100);`,
    },
    reads: { parts: (client) => client.part.count(), ...tags },
    write: comment,
    stale: ['parts'],
  },
  {
    title: 'a row that is created pushes another one out',
    ddl: {
      sqlite: `DROP TABLE "_PostToTag"; DROP TABLE "Tag";
        CREATE TABLE "Tag" (name TEXT NOT NULL PRIMARY KEY ON CONFLICT REPLACE, color TEXT NOT NULL DEFAULT 'grey');`,
    },
    reads: { grey: (client) => client.tag.count({ where: { color: 'grey' } }), ...counted },
    write: (client) => client.tag.createMany({ data: [{ name: 'red', color: 'crimson' }] }),
    stale: ['grey'],
  },
  {
    title: 'a key deletes although the schema says it restricts',
    ddl: {
      sqlite: `DROP TABLE "OrderLine"; CREATE TABLE "OrderLine" ("orderId" TEXT NOT NULL, "productId" INTEGER NOT NULL,
        quantity INTEGER NOT NULL DEFAULT 1, PRIMARY KEY ("orderId", "productId"), ${lineKeys});`,
      postgresql: `ALTER TABLE "OrderLine" DROP CONSTRAINT "OrderLine_productId_fkey", ADD ${lineKeys};`,
      mysql: `DROP TABLE "OrderLine"; CREATE TABLE "OrderLine" ("orderId" VARCHAR(191) NOT NULL, "productId" INTEGER NOT NULL,
        quantity INTEGER NOT NULL DEFAULT 1, PRIMARY KEY ("orderId", "productId"), ${lineKeys});`,
    },
    reads: { ...lines, ...tags },
    write: (client) => client.product.delete({ where: { id: 1 } }),
    stale: ['lines'],
  },
  {
    title: 'a key that the schema does not have',
    ddl: {
      postgresql: `ALTER TABLE "Comment" ADD FOREIGN KEY (text) REFERENCES "Tag" (name) ON DELETE CASCADE ON UPDATE CASCADE;`,
    },
    reads: { comments: (client) => client.comment.findMany(), ...counted },
    write: (client) => client.tag.delete({ where: { name: 'red' } }),
    stale: ['comments'],
  },
]

const rows = `
  INSERT INTO users (id, email, "updatedAt") VALUES (1, 'ada@example.test', '2024-01-01 00:00:00'), (2, 'bob@example.test', '2024-01-01 00:00:00');
  INSERT INTO "Tag" (name) VALUES ('red');
  INSERT INTO "Post" (id, title, "authorId") VALUES (1, 'one', 1);
  INSERT INTO "catalog products" (id, sku, price) VALUES (1, 'bolt', 1);
  INSERT INTO "Comment" (id, text, "postId") VALUES (1, 'red', 1);
  INSERT INTO "Order" (id, "customerId") VALUES ('o1', 1);
  INSERT INTO "OrderLine" ("orderId", "productId") VALUES ('o1', 1);`

/** A database that does what `ddl` says, with some rows. */
function useDatabase(bed: TestBed<Provider>, ddl = '') {
  let opened: OpenedClient | undefined
  const controls: CacheControl[] = []
  beforeAll(async () => {
    await runScript(bed.database, ddl)
    await bed.database.execute(rows)
    opened = await bed.open()
  })
  beforeEach(() => opened?.sql.clear())
  afterAll(async () => {
    await Promise.all(controls.map((control) => control.disconnect()))
  })
  const base = () => opened as OpenedClient
  return {
    get sql() {
      return base().sql
    },
    cached(more: CacheOptions = {}) {
      const plain = base().prisma as unknown as ClientOf<'sqlite'>
      const prisma = plain.$extends(
        cacheExtension({
          ...bed.cache,
          prefix: freshNamespace(),
          defaults: { ttl: 60 },
          timeoutMs: 20_000,
          catalogue: { timeoutMs: 20_000 },
          ...more,
        }),
      )
      controls.push(prisma.$cache)
      const events: CacheEvent[] = []
      prisma.$cache.on('*', (event) => events.push(event))
      return { prisma, plain, events }
    },
  }
}

const beds = [
  { provider: 'sqlite', generator: 'ts', store: 'memory' },
  { provider: 'postgresql', generator: 'js', store: 'redis' },
  { provider: 'mysql', generator: 'ts', store: 'memory' },
] as const

for (const combination of beds) {
  const { provider } = combination
  describe(`what the database does by itself (${provider})`, () => {
    for (const { title, ddl, reads, write, stale } of cases) {
      if (ddl[provider] === undefined) continue
      describe(title, () => {
        const database = useDatabase(useTestBed<Provider>(combination), ddl[provider])

        it('is noticed by reads that show it, and by no others', async () => {
          const client = database.cached()
          const noticed = await madeStaleBy(client, reads, () => write(client.prisma as unknown as ClientOf<Provider>))
          expect(noticed).toEqual(stale)
          expect(client.events.filter(({ type }) => type === 'error')).toEqual([])
        })
      })
    }
  })
}

describe('the catalogue', () => {
  const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const database = useDatabase(bed, onComment(`EXECUTE 'SELECT 1';`))
  const told = (events: readonly CacheEvent[]) => events.filter(({ type }) => type === 'catalogue')
  const retag = (client: ReturnType<typeof database.cached>['prisma'], color: string) =>
    client.tag.update({ where: { name: 'red' }, data: { color } })

  it('is asked for once, by whoever comes first', async () => {
    const { prisma, events } = database.cached()
    await Promise.all([prisma.tag.findMany(), prisma.user.findMany(), retag(prisma, 'a')])
    await prisma.post.findMany()
    expect(database.sql.ofCatalogue).toHaveLength(1)
    expect(told(events)).toEqual([{ type: 'catalogue', state: 'known', source: 'database', unclear: ['Comment'] }])
  })

  it('is not asked for by reads that are not cached', async () => {
    const { prisma } = database.cached({ defaults: { ttl: 0 } })
    await prisma.tag.findMany()
    expect(database.sql.ofCatalogue).toHaveLength(0)
  })

  it('is remembered in the store for the other processes, until the cache is cleared', async () => {
    const prefix = freshNamespace()
    const one = database.cached({ prefix })
    await one.prisma.tag.findMany()
    await one.prisma.$cache.settled()
    const other = database.cached({ prefix })
    await other.prisma.tag.findMany()
    expect(told(other.events)).toMatchObject([{ state: 'known', source: 'store' }])
    expect(await other.prisma.$cache.catalogue()).toEqual(await one.prisma.$cache.catalogue())
    expect(database.sql.ofCatalogue).toHaveLength(1)
    await other.prisma.$cache.clear()
    await other.prisma.tag.findMany()
    expect(database.sql.ofCatalogue).toHaveLength(2)
  })

  it('is asked for again when what is in the store is not a catalogue', async () => {
    const prefix = freshNamespace()
    const redis = new Redis(inject('servers').redisUrl)
    const one = database.cached({ prefix })
    await one.prisma.$cache.catalogue()
    await one.prisma.$cache.settled()
    const [key = ''] = await redis.keys(`${prefix}catalogue:*`)
    for (const text of ['', '{}', '['.repeat(10_000), (await redis.get(key))?.replace('"any"', '["Tag",7]') ?? '']) {
      await redis.set(key, text)
      const other = database.cached({ prefix })
      await other.prisma.tag.findMany()
      expect(told(other.events)).toMatchObject([{ state: 'known', source: 'database' }])
    }
    await redis.quit()
  })

  it('is asked for again when it is old', async () => {
    const clock = manualClock()
    const { prisma } = database.cached({ clock: clock.now, catalogue: { timeoutMs: 20_000, maxAge: 60 } })
    await prisma.tag.findMany()
    clock.advance(59_000)
    await prisma.tag.findMany()
    expect(database.sql.ofCatalogue).toHaveLength(1)
    clock.advance(2000)
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    expect(database.sql.ofCatalogue).toHaveLength(2)
  })

  it('that cannot be read lets every write invalidate everything, and breaks nothing', async () => {
    const { prisma, plain, events } = database.cached()
    const gate = database.sql.hold(/catalogue/, { before: true })
    const read = prisma.tag.findMany().then((rows) => rows)
    await gate.held
    gate.fail(new Error('permission denied'))
    expect(await read).toEqual(await plain.tag.findMany())
    expect(told(events)).toEqual([{ type: 'catalogue', state: 'unknown', reason: 'failed' }])
    expect(await prisma.$cache.explain(prisma.user.findMany())).toMatchObject({ catalogue: 'unknown' })
    const reads = { ...counted, ...tags }
    expect(await madeStaleBy({ prisma, plain }, reads, () => retag(prisma, 'b'))).toEqual(['rows counted', 'tags'])
  })

  it('that does not come in time is waited for by nobody any more, and used when it comes', async () => {
    const { prisma, plain, events } = database.cached({ catalogue: { timeoutMs: 1 } })
    const gate = database.sql.hold(/catalogue/)
    expect(await prisma.tag.findMany()).toEqual(await plain.tag.findMany())
    await retag(prisma, 'c')
    expect(told(events)).toEqual([{ type: 'catalogue', state: 'unknown', reason: 'late' }])
    gate.open()
    await prisma.$cache.settled()
    expect(await prisma.$cache.catalogue()).toMatchObject({ state: 'known' })
  })

  it('is there before a transaction begins, and not asked for in one', async () => {
    const { prisma, plain } = database.cached()
    const reads = { ...counted, ...tags }
    await prisma.$transaction(async (tx) => tx.tag.update({ where: { name: 'red' }, data: { color: 'd' } }))
    expect(database.sql.statements.indexOf('BEGIN')).toBe(0)
    expect(database.sql.ofCatalogue).toHaveLength(1)
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$transaction(async (tx) => tx.tag.update({ where: { name: 'red' }, data: { color: 'e' } })),
    )
    expect(stale).toEqual(['tags'])
  })

  it('that is not wanted is not asked for, and what is said instead counts', async () => {
    const { prisma, plain } = database.cached({ catalogue: { read: false, writes: { Tag: ['Part'] } } })
    const reads: Record<string, Ask> = { parts: (client) => client.part.count(), ...tags, ...views }
    expect(await madeStaleBy({ prisma, plain }, reads, () => retag(prisma, 'f'))).toEqual(['parts', 'tags'])
    expect(await prisma.$cache.catalogue()).toMatchObject({ state: 'off', models: { Tag: { writes: ['Part'] } } })
    expect(database.sql.ofCatalogue).toHaveLength(0)
  })

  it('of names the schema does not have is refused', () => {
    const option = (catalogue: CacheOptions['catalogue']) => () => database.cached({ catalogue })
    expect(option({ generated: { User: ['nmae'] } })).toThrow('catalogue.generated.User')
    expect(option({ writes: { Usr: [] } })).toThrow('catalogue.writes')
    expect(option({ maxAge: 0 })).toThrow('catalogue.maxAge')
  })
})

describe('the catalogue of MariaDB', () => {
  const bed = useTestBed<Provider>({ provider: 'mysql', generator: 'js', store: 'memory' })
  const database = useDatabase(
    bed,
    `DROP TABLE "Part"; CREATE TABLE "Part" (id INT PRIMARY KEY, label VARCHAR(191)
      NOT NULL, "productSku" VARCHAR(191) NOT NULL) ENGINE = MyISAM;`,
  )

  it('tells of tables without transactions', async () => {
    const { prisma, events } = database.cached()
    const report = await prisma.$cache.catalogue()
    expect(events.filter(({ type }) => type === 'error')).toEqual([])
    expect(report).toMatchObject({ state: 'known', models: { Part: { isTransactional: false, writes: [] } } })
  })

  it('that may hide triggers from this user lets every write invalidate everything, unless it is said what they write', async () => {
    const url = new URL(bed.database.url)
    await bed.database.execute(`CREATE OR REPLACE USER 'limited'@'%';
      GRANT SELECT, INSERT, UPDATE, DELETE ON "${url.pathname.slice(1)}".* TO 'limited'@'%';`)
    url.username = 'limited'
    const { prisma: plain, close } = await openClient(
      { ...bed.database, adapter: () => adapterFor('mysql', url.href) },
      'js',
    )
    const open = (more: CacheOptions['catalogue']) =>
      (plain as unknown as ClientOf<'sqlite'>).$extends(
        cacheExtension({ ...bed.cache, prefix: freshNamespace(), catalogue: more }),
      )
    const shy = await open({ timeoutMs: 20_000 }).$cache.catalogue()
    expect(shy).toMatchObject({ state: 'known', models: { User: { writes: 'any' }, Tag: { writes: 'any' } } })
    const told = await open({ timeoutMs: 20_000, writes: {} }).$cache.catalogue()
    expect(told.models['Tag']).toBeUndefined()
    await close()
  })
})
