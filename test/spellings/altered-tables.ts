import type { Provider } from '../support/provider.ts'
import type { Case, Client, Group, Read } from './world.ts'

type Write = Case['write']

/** What `alter` makes the tables do; a database without an `alter` here has no such thing. */
interface Doing {
  readonly title: string
  readonly alter: Partial<Readonly<Record<Provider, string>>>
  readonly reads: readonly Read[]
  readonly writes: Readonly<Record<string, Write>>
}

/** `model`'s operation, by names: what a case is made of. */
const ask = (model: string, operation: string, args?: object) => (client: Client) => client[model]![operation]!(args)

/** Every kind of read that shows a column, or finds or orders rows by it. */
function readsOf(model: string, column: string, key: string, values: readonly unknown[]): Read[] {
  const where = (value: unknown) => ({ where: { [column]: value } })
  // A view has rows of one key: what is asked of it must not leave their order open.
  const orderBy = [{ [key]: 'asc' }, { [column]: 'asc' }]
  const all: Record<string, Read['read']> = {
    'a page': ask(model, 'findMany', { orderBy, take: 3 }),
    shown: ask(model, 'findMany', { select: { [column]: true }, orderBy }),
    ordered: ask(model, 'findMany', { select: { [key]: true }, orderBy: [{ [column]: 'desc' }, { [key]: 'asc' }] }),
    first: ask(model, 'findFirst', { select: { [key]: true }, orderBy: [{ [column]: 'asc' }, { [key]: 'asc' }] }),
    'the largest': ask(model, 'aggregate', { _max: { [column]: true }, _count: { [column]: true } }),
    grouped: ask(model, 'groupBy', { by: [column], _count: true, orderBy: { [column]: 'asc' } }),
    distinct: ask(model, 'findMany', { distinct: [column], select: { [column]: true }, orderBy: { [column]: 'asc' } }),
    counted: ask(model, 'count'),
  }
  if (typeof values[0] === 'number') all['summed'] = ask(model, 'aggregate', { _sum: { [column]: true } })
  for (const value of values) {
    all[`is ${value}`] = ask(model, 'findMany', { ...where(value), select: { [key]: true }, orderBy: { [key]: 'asc' } })
    all[`not ${value}`] = ask(model, 'count', where({ not: value }))
    if (value === null) continue
    all[`in ${value}`] = ask(model, 'count', where({ in: [value] }))
    all[`from ${value}`] = ask(model, 'count', where({ gte: value }))
  }
  return Object.entries(all).map(([title, read]) => ({ title: `${model}.${column} ${title}`, read }))
}

/** Writes to `Gauge` that set some of its columns. */
function writesTo(data: object, found: object): Record<string, Write> {
  const where = { id: 1 }
  const select = { id: true }
  return {
    create: ask('gauge', 'create', { data, select }),
    'create with an id': ask('gauge', 'create', { data: { id: 9, ...data }, select }),
    createMany: ask('gauge', 'createMany', { data: [data] }),
    'createMany with ids': ask('gauge', 'createMany', { data: [{ id: 8, ...data }, { id: 9 }] }),
    'createMany, skipping duplicates': ask('gauge', 'createMany', { data: [{ id: 8, ...data }], skipDuplicates: true }),
    createManyAndReturn: ask('gauge', 'createManyAndReturn', { data: [data], select }),
    update: ask('gauge', 'update', { where, data, select }),
    'update of all that is shown': ask('gauge', 'update', { where, data }),
    updateMany: ask('gauge', 'updateMany', { where, data }),
    'updateMany of all': ask('gauge', 'updateMany', { data: { uuid: null, fixed: null } }),
    updateManyAndReturn: ask('gauge', 'updateManyAndReturn', { where, data, select }),
    'update of what it finds': ask('gauge', 'updateMany', { where: found, data }),
    'upsert of a row': ask('gauge', 'upsert', { where, create: { id: 9 }, update: data, select }),
    'upsert of none': ask('gauge', 'upsert', { where: { id: 9 }, create: { id: 9, ...data }, update: {}, select }),
    delete: ask('gauge', 'delete', { where, select }),
    'delete of what it finds': ask('gauge', 'deleteMany', { where: found }),
  }
}

const gauge = (note: string, level: string) => ({
  sqlite: `ALTER TABLE "Gauge" DROP COLUMN note; ALTER TABLE "Gauge" DROP COLUMN level;
    ALTER TABLE "Gauge" ADD COLUMN note TEXT ${note}; ALTER TABLE "Gauge" ADD COLUMN level INTEGER ${level};`,
  postgresql: `ALTER TABLE "Gauge" DROP COLUMN note, DROP COLUMN level, ADD COLUMN note TEXT ${note},
    ADD COLUMN level INTEGER ${level};`,
  mysql: `ALTER TABLE "Gauge" DROP COLUMN note, DROP COLUMN level, ADD COLUMN note VARCHAR(191) ${note},
    ADD COLUMN level INTEGER ${level};`,
})
const computed = (kind: string) =>
  gauge(`GENERATED ALWAYS AS (CONCAT(code, '!')) ${kind}`, `GENERATED ALWAYS AS (tiny * 2) ${kind}`)
const joinedByBars = (sql: string) => sql.replace("CONCAT(code, '!')", "code || '!'")

const computedReads = [
  ...readsOf('gauge', 'note', 'id', ['a!', 'z!', null]),
  ...readsOf('gauge', 'level', 'id', [2, 8]),
]
const computedWrites = writesTo({ code: 'z', tiny: 4 }, { note: 'a!', level: 2 })

const ofPosts: readonly Read[] = [
  ...readsOf('post', 'views', 'id', [0, 1, 2]),
  {
    title: 'posts of users',
    read: ask('user', 'findMany', { select: { posts: { select: { views: true } } }, orderBy: { id: 'asc' } }),
  },
  { title: 'users by posts', read: ask('user', 'count', { where: { posts: { some: { views: 1 } } } }) },
  {
    title: 'posts counted',
    read: ask('user', 'findMany', {
      select: { _count: { select: { posts: { where: { views: 1 } } } } },
      orderBy: { id: 'asc' },
    }),
  },
  {
    title: 'comments by posts',
    read: ask('comment', 'findMany', {
      where: { post: { views: { gte: 1 } } },
      orderBy: [{ post: { views: 'asc' } }, { id: 'asc' }],
    }),
  },
]
const comment = { text: 'new', postId: 1 }
const countsComments = (word: string, change: string) => `
  UPDATE "Post" SET views = views ${change} WHERE id = ${word}."postId";`
const onComments = {
  sqlite: `CREATE TRIGGER c AFTER INSERT ON "Comment" BEGIN ${countsComments('NEW', '+ 1')} END;
    CREATE TRIGGER u AFTER UPDATE ON "Comment" BEGIN ${countsComments('NEW', '+ 10')} END;
    CREATE TRIGGER d AFTER DELETE ON "Comment" BEGIN ${countsComments('OLD', '- 1')} END;`,
  postgresql: `CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF TG_OP = 'DELETE' THEN ${countsComments('OLD', '- 1')}
      ELSIF TG_OP = 'INSERT' THEN ${countsComments('NEW', '+ 1')}
      ELSE ${countsComments('NEW', '+ 10')} END IF; RETURN NULL; END $$;
    CREATE TRIGGER counts AFTER INSERT OR UPDATE OR DELETE ON "Comment" FOR EACH ROW EXECUTE FUNCTION counts();`,
  mysql: `CREATE TRIGGER c AFTER INSERT ON "Comment" FOR EACH ROW ${countsComments('NEW', '+ 1')}
    CREATE TRIGGER u AFTER UPDATE ON "Comment" FOR EACH ROW ${countsComments('NEW', '+ 10')}
    CREATE TRIGGER d AFTER DELETE ON "Comment" FOR EACH ROW ${countsComments('OLD', '- 1')}`,
}
const commentWrites: Record<string, Write> = {
  create: ask('comment', 'create', { data: comment }),
  'create, connected': ask('comment', 'create', { data: { text: 'new', post: { connect: { id: 1 } } } }),
  createMany: ask('comment', 'createMany', { data: [comment, { ...comment, postId: 2 }] }),
  update: ask('comment', 'update', { where: { id: 1 }, data: { text: 'x' }, select: { id: true } }),
  'update to another post': ask('comment', 'update', { where: { id: 1 }, data: { postId: 2 } }),
  updateMany: ask('comment', 'updateMany', { where: { postId: 1 }, data: { text: 'x' } }),
  'upsert of a row': ask('comment', 'upsert', { where: { id: 1 }, create: comment, update: { text: 'x' } }),
  'upsert of none': ask('comment', 'upsert', { where: { id: 9 }, create: comment, update: {} }),
  delete: ask('comment', 'delete', { where: { id: 1 } }),
  deleteMany: ask('comment', 'deleteMany', { where: { text: 'one' } }),
  'nested create': ask('user', 'update', {
    where: { id: 1 },
    data: { comments: { create: comment } },
    select: { id: true },
  }),
  'nested createMany': ask('user', 'update', {
    where: { id: 1 },
    data: { comments: { createMany: { data: [comment] } } },
  }),
  'nested update': ask('user', 'update', {
    where: { id: 1 },
    data: { comments: { update: { where: { id: 1 }, data: { text: 'x' } } } },
  }),
  'nested deleteMany': ask('user', 'update', { where: { id: 1 }, data: { comments: { deleteMany: {} } } }),
  'nested disconnect': ask('user', 'update', { where: { id: 1 }, data: { comments: { disconnect: { id: 1 } } } }),
  'delete of its author': ask('user', 'delete', { where: { id: 1 } }),
  'delete of its post': ask('post', 'delete', { where: { id: 1 } }),
}

const postWrites: Record<string, Write> = {
  create: ask('post', 'create', { data: { title: 'z', authorId: 1 }, select: { id: true } }),
  createMany: ask('post', 'createMany', { data: [{ title: 'z' }, { title: 'zz' }] }),
  update: ask('post', 'update', { where: { id: 1 }, data: { title: 'z' }, select: { id: true } }),
  updateMany: ask('post', 'updateMany', { where: { title: 'two' }, data: { title: 'z' } }),
  'upsert of a row': ask('post', 'upsert', { where: { id: 1 }, create: { title: 'z' }, update: { title: 'zz' } }),
  'upsert by a pair': ask('post', 'upsert', {
    where: { authorId_title: { authorId: 1, title: 'two' } },
    create: { title: 'z' },
    update: { title: 'zz' },
    select: { id: true },
  }),
  delete: ask('post', 'delete', { where: { id: 2 } }),
  'nested create': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { create: { title: 'z' } } },
    select: { id: true },
  }),
  'nested createMany': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { createMany: { data: [{ title: 'z' }] } } },
  }),
  'nested update': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { update: { where: { id: 1 }, data: { title: 'z' } } } },
    select: { id: true },
  }),
  'nested updateMany': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { updateMany: { where: { title: 'two' }, data: { title: 'z' } } } },
  }),
  'nested upsert': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { upsert: { where: { id: 1 }, create: { title: 'z' }, update: { title: 'zz' } } } },
  }),
  'nested deeper': ask('comment', 'update', {
    where: { id: 1 },
    data: { post: { update: { title: 'z' } } },
    select: { id: true },
  }),
  'nested connect': ask('user', 'update', { where: { id: 2 }, data: { posts: { connect: { id: 1 } } } }),
  'nested connectOrCreate': ask('user', 'update', {
    where: { id: 2 },
    data: { posts: { connectOrCreate: { where: { id: 9 }, create: { title: 'z' } } } },
  }),
  'created with its author': ask('user', 'create', { data: { email: 'z', posts: { create: [{ title: 'z' }] } } }),
  'delete of its author': ask('user', 'delete', { where: { id: 1 } }),
}

const titles = (length: string, type = 'INTEGER') => ({
  sqlite: `ALTER TABLE "Post" DROP COLUMN views; ALTER TABLE "Post" ADD COLUMN views ${type} DEFAULT 0;
    CREATE TRIGGER i AFTER INSERT ON "Post" BEGIN UPDATE "Post" SET views = ${length} - 1 WHERE id = NEW.id; END;
    CREATE TRIGGER u AFTER UPDATE OF title ON "Post" BEGIN UPDATE "Post" SET views = ${length} - 1 WHERE id = NEW.id; END;`,
  postgresql: `CREATE FUNCTION views_of() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN NEW.views := length(NEW.title) - 1; RETURN NEW; END $$;
    CREATE TRIGGER v BEFORE INSERT OR UPDATE ON "Post" FOR EACH ROW EXECUTE FUNCTION views_of();`,
  mysql: `CREATE TRIGGER i BEFORE INSERT ON "Post" FOR EACH ROW SET NEW.views = LENGTH(NEW.title) - 1;
    CREATE TRIGGER u BEFORE UPDATE ON "Post" FOR EACH ROW SET NEW.views = LENGTH(NEW.title) - 1;`,
})

const view = 'SELECT title AS name, text AS color FROM "Post" JOIN "Comment" ON "Comment"."postId" = "Post".id'
const tagView = `DROP TABLE "_PostToTag"; DROP TABLE "Tag"; CREATE VIEW "Tag" AS ${view};`

const keyed = {
  sqlite: `ALTER TABLE "Gauge" DROP COLUMN note; ALTER TABLE "Gauge" DROP COLUMN label; ALTER TABLE "Gauge" DROP COLUMN level;
    ALTER TABLE "Gauge" ADD COLUMN note TEXT REFERENCES "Tag" (name) ON DELETE CASCADE ON UPDATE CASCADE;
    ALTER TABLE "Gauge" ADD COLUMN label TEXT REFERENCES "Order" (id) ON DELETE CASCADE ON UPDATE SET NULL;
    ALTER TABLE "Gauge" ADD COLUMN level INTEGER REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE;`,
  postgresql: `ALTER TABLE "Gauge" ALTER note TYPE TEXT, ALTER label TYPE TEXT, ALTER level TYPE INTEGER,
    ADD FOREIGN KEY (note) REFERENCES "Tag" (name) ON DELETE CASCADE ON UPDATE CASCADE,
    ADD FOREIGN KEY (label) REFERENCES "Order" (id) ON DELETE CASCADE ON UPDATE SET NULL,
    ADD FOREIGN KEY (level) REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE;`,
  mysql: `ALTER TABLE "Gauge" MODIFY note VARCHAR(191) COLLATE utf8mb4_unicode_ci, MODIFY label VARCHAR(191) COLLATE
    utf8mb4_unicode_ci, MODIFY level INTEGER,
    ADD FOREIGN KEY (note) REFERENCES "Tag" (name) ON DELETE CASCADE ON UPDATE CASCADE,
    ADD FOREIGN KEY (label) REFERENCES "Order" (id) ON DELETE CASCADE ON UPDATE SET NULL,
    ADD FOREIGN KEY (level) REFERENCES users (id) ON DELETE SET NULL ON UPDATE CASCADE;`,
}
const keyWrites: Record<string, Write> = {
  delete: ask('tag', 'delete', { where: { name: 'red' } }),
  deleteMany: ask('tag', 'deleteMany', { where: { color: 'grey' } }),
  rename: ask('tag', 'update', { where: { name: 'red' }, data: { name: 'blue' } }),
  'rename of many': ask('tag', 'updateMany', { where: { name: { in: ['red'] } }, data: { name: 'blue' } }),
  'rename by upsert': ask('tag', 'upsert', { where: { name: 'red' }, create: { name: 'x' }, update: { name: 'blue' } }),
  'nested rename': ask('post', 'update', {
    where: { id: 1 },
    data: { tags: { update: { where: { name: 'red' }, data: { name: 'blue' } } } },
  }),
  'nested delete': ask('post', 'update', { where: { id: 1 }, data: { tags: { delete: { name: 'red' } } } }),
  'nested deleteMany': ask('post', 'update', { where: { id: 1 }, data: { tags: { deleteMany: {} } } }),
  'delete of an order': ask('order', 'delete', { where: { id: 'o1' } }),
  'rename of an order': ask('order', 'update', { where: { id: 'o1' }, data: { id: 'o9' } }),
  'delete of a user': ask('user', 'delete', { where: { id: 1 } }),
  'delete of users': ask('user', 'deleteMany', { where: { email: { in: ['ada'] } } }),
  'rename of a user': ask('user', 'update', { where: { id: 2 }, data: { id: 7 } }),
  'nested delete of an order': ask('user', 'update', { where: { id: 1 }, data: { orders: { delete: { id: 'o1' } } } }),
}

const replacing = `DROP TABLE "_PostToTag"; DROP TABLE "Tag";
  CREATE TABLE "Tag" (name TEXT NOT NULL PRIMARY KEY ON CONFLICT REPLACE, color TEXT NOT NULL DEFAULT 'grey');
  CREATE TABLE "_PostToTag" ("A" INTEGER NOT NULL REFERENCES "Post" (id) ON DELETE CASCADE ON UPDATE CASCADE,
    "B" TEXT NOT NULL REFERENCES "Tag" (name) ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE UNIQUE INDEX "_PostToTag_AB_unique" ON "_PostToTag" ("A", "B");`
const tagWrites: Record<string, Write> = {
  create: ask('tag', 'create', { data: { name: 'red', color: 'x' } }),
  createMany: ask('tag', 'createMany', { data: [{ name: 'red', color: 'x' }] }),
  'update to another': ask('tag', 'update', { where: { name: 'green' }, data: { name: 'red' } }),
  'updateMany to another': ask('tag', 'updateMany', { where: { name: 'green' }, data: { name: 'red' } }),
  'upsert to another': ask('tag', 'upsert', {
    where: { name: 'green' },
    create: { name: 'y' },
    update: { name: 'red' },
  }),
  'upsert of none': ask('tag', 'upsert', { where: { name: 'y' }, create: { name: 'red', color: 'x' }, update: {} }),
  'nested create': ask('post', 'update', { where: { id: 2 }, data: { tags: { create: { name: 'red', color: 'x' } } } }),
  'nested update': ask('post', 'update', {
    where: { id: 2 },
    data: { tags: { update: { where: { name: 'green' }, data: { name: 'red' } } } },
  }),
}
const tagReads: readonly Read[] = [
  ...readsOf('tag', 'color', 'name', ['grey', 'x']),
  { title: 'red', read: ask('tag', 'findUnique', { where: { name: 'red' } }) },
  { title: 'green', read: ask('tag', 'findUnique', { where: { name: 'green' } }) },
  {
    title: 'tags of posts',
    read: ask('post', 'findMany', { select: { tags: { orderBy: { name: 'asc' } } }, orderBy: { id: 'asc' } }),
  },
  { title: 'posts by tags', read: ask('post', 'count', { where: { tags: { some: { name: 'red' } } } }) },
]

const zeros: Record<string, Write> = {
  create: ask('post', 'create', { data: { id: 0, title: 'z' }, select: { title: true } }),
  createMany: ask('post', 'createMany', {
    data: [
      { id: 0, title: 'z' },
      { id: 0, title: 'zz' },
    ],
  }),
  upsert: ask('post', 'upsert', { where: { id: 0 }, create: { id: 0, title: 'z' }, update: { title: 'x' } }),
  'nested create': ask('user', 'update', { where: { id: 1 }, data: { posts: { create: { id: 0, title: 'z' } } } }),
  'nested createMany': ask('user', 'update', {
    where: { id: 1 },
    data: { posts: { createMany: { data: [{ id: 0, title: 'z' }] } } },
  }),
  'update to it': ask('post', 'update', { where: { id: 2 }, data: { id: 0 }, select: { title: true } }),
}

const DOINGS: readonly Doing[] = [
  {
    title: 'columns computed when they are read',
    alter: { sqlite: joinedByBars(computed('VIRTUAL').sqlite), mysql: computed('VIRTUAL').mysql },
    reads: computedReads,
    writes: computedWrites,
  },
  {
    title: 'columns computed when they are written',
    alter: { postgresql: joinedByBars(computed('STORED').postgresql), mysql: computed('STORED').mysql },
    reads: computedReads,
    writes: computedWrites,
  },
  {
    title: 'defaults that the schema does not have',
    alter: gauge("DEFAULT 'z!'", 'DEFAULT 8'),
    reads: computedReads,
    writes: writesTo({ code: 'z' }, { code: 'a' }),
  },
  {
    title: 'defaults that are expressions',
    alter: gauge("DEFAULT (LOWER('Z!'))", 'DEFAULT (4 + 4)'),
    reads: computedReads,
    writes: writesTo({ code: 'z' }, { code: 'a' }),
  },
  {
    title: 'a domain with a default, and an identity',
    alter: {
      postgresql: `CREATE DOMAIN one AS text DEFAULT 'z!'; CREATE DOMAIN two AS one CHECK (value <> 'no');
        ALTER TABLE "Gauge" ALTER note TYPE two, DROP COLUMN level,
        ADD COLUMN level INTEGER GENERATED BY DEFAULT AS IDENTITY;`,
    },
    reads: computedReads,
    writes: writesTo({ code: 'z' }, { code: 'a' }),
  },
  {
    title: 'a trigger that changes the row that is written',
    alter: titles('length(NEW.title)'),
    reads: ofPosts,
    writes: postWrites,
  },
  { title: 'a trigger that writes another table', alter: onComments, reads: ofPosts, writes: commentWrites },
  {
    title: 'a view as a model',
    alter: { sqlite: tagView, postgresql: tagView, mysql: tagView },
    reads: readsOf('tag', 'color', 'name', ['one', 'x']),
    writes: { ...commentWrites, 'update of the post': postWrites['update'] as Write },
  },
  {
    title: 'foreign keys that the schema does not have',
    alter: keyed,
    reads: ['note', 'label', 'level'].flatMap((column) => readsOf('gauge', column, 'id', [null])),
    writes: keyWrites,
  },
  { title: 'a row that pushes another one out', alter: { sqlite: replacing }, reads: tagReads, writes: tagWrites },
  {
    title: 'an id of 0',
    alter: { mysql: 'DO 0' },
    reads: readsOf('post', 'id', 'id', [0, 3]),
    writes: zeros,
  },
  {
    title: 'a time that every update changes',
    alter: {
      mysql: `ALTER TABLE "Order" MODIFY "placedAt" DATETIME(3) NOT NULL DEFAULT '2020-01-01' ON UPDATE CURRENT_TIMESTAMP(3);`,
    },
    reads: readsOf('order', 'placedAt', 'id', [new Date('2020-01-01T00:00:00Z')]),
    writes: {
      update: ask('order', 'update', { where: { id: 'o1' }, data: { customerId: 2 }, select: { id: true } }),
      updateMany: ask('order', 'updateMany', { where: { customerId: 1 }, data: { customerId: 2 } }),
      'nested connect': ask('user', 'update', { where: { id: 2 }, data: { orders: { connect: { id: 'o1' } } } }),
      'nested set': ask('user', 'update', { where: { id: 2 }, data: { orders: { set: [{ id: 'o1' }] } } }),
      'nested update': ask('user', 'update', {
        where: { id: 1 },
        data: { orders: { update: { where: { id: 'o1' }, data: { id: 'o9' } } } },
      }),
      'rename of what it refers to': ask('user', 'update', { where: { id: 1 }, data: { id: 7 } }),
    },
  },
]

/** Of the short form: one write of each kind, for the groups have a database each. */
const CORE: ReadonlySet<string> = new Set(['createMany', 'update', 'nested update', 'rename', 'delete of a user'])

export function alteredGroups(provider: Provider, form: 'short' | 'long'): Group[] {
  return DOINGS.flatMap(({ title, alter, reads, writes }) => {
    const sql = alter[provider]
    const cases = Object.entries(writes)
      .filter(([name]) => form === 'long' || CORE.has(name))
      .map(([name, write]): Case => ({ title: name, seed, reads, write }))
    return sql === undefined ? [] : [{ title, alter: sql, cases }]
  })
}

/** Some rows of every table that is not a view, and columns that can be written. */
async function seed(client: Client): Promise<void> {
  const date = new Date('2020-01-01T00:00:00Z')
  const rows: readonly (readonly [model: string, data: readonly object[]])[] = [
    ['user', ['ada', 'bob'].map((email) => ({ email }))],
    ['post', ['one', 'two'].map((title) => ({ title, authorId: 1 }))],
    ['comment', ['one', 'two'].map((text) => ({ text, postId: 1, authorId: 1 }))],
    ['order', ['o1', 'o2'].map((id) => ({ id, customerId: 1, placedAt: date }))],
    ['tag', ['red', 'green'].map((name) => ({ name }))],
    ['gauge', [{ code: 'a', tiny: 1 }, { code: 'b', tiny: 2 }, {}]],
    ['gauge', [{ code: 'c', note: 'red', label: 'o1', level: 1 }]],
  ]
  // What is a view, or computed, refuses its rows.
  for (const [model, data] of rows) await Promise.resolve(client[model]!['createMany']!({ data })).catch(() => {})
  const link = (id: number, name: string) =>
    Promise.resolve(client['post']!['update']!({ where: { id }, data: { tags: { connect: { name } } } })).catch(
      () => {},
    )
  await link(1, 'red')
  await link(2, 'green')
}
