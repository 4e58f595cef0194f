import { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { type CacheOptions, type CacheScope, cacheExtension, createCache, memoryStore } from '../../src/index.ts'
import { scopeName } from '../../src/tags/scope-tags.ts'
import { type ClientOf, type OpenedClient, openClient } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import { adapterFor } from '../support/provider.ts'
import { type Ask, describePair, did, useSpec } from './support.ts'

const noScope = 'bypass: no-scope'

describePair('a scope', (bed) => {
  const spec = useSpec(bed)

  /** Clients of one cache, and who is at work. */
  function tenants(options: CacheOptions = {}) {
    const tenant = new AsyncLocalStorage<CacheScope>()
    const client = spec.cached({ vary: () => tenant.getStore(), ...options })
    const { prisma } = client
    const as = <T>(scope: CacheScope, run: () => PromiseLike<T>): Promise<T> => tenant.run(scope, async () => run())
    const reads: Record<string, () => PromiseLike<unknown>> = {
      list: () => prisma.user.findMany(),
      row: () => prisma.user.findUnique({ where: { id: 1 } }),
      tagged: () => prisma.tag.findMany({ cache: { tags: ['team:red'] } }),
      named: () => prisma.tag.count({ cache: { namespace: 'catalog', tags: ['other'] } }),
      raw: () => prisma.$cache.raw({ reads: ['Post'], tags: ['team'] }, prisma.$queryRaw`SELECT id FROM "Post"`),
    }
    /** Which of the reads are hits in that scope; all are, from then on. */
    const hits = async (scope: CacheScope) => {
      const found: string[] = []
      for (const [name, read] of Object.entries(reads)) {
        if ((await as(scope, () => did(prisma, read()))) === 'hit') found.push(name)
      }
      await prisma.$cache.settled()
      return found
    }
    return { ...client, as, hits, all: Object.keys(reads) }
  }

  it('is invalidated as a whole, and no other with it', async () => {
    const { prisma, hits, all } = tenants()
    for (const scope of ['a', 'b', undefined]) await hits(scope)
    await prisma.$cache.invalidate({ scope: 'a' })
    expect(await hits('b')).toEqual(all)
    expect(await hits(undefined)).toEqual(all)
    expect(await hits('a')).toEqual([])
    expect(await hits('a')).toEqual(all)
  })

  it('is invalidated by tag or namespace within it, and across all', async () => {
    const { prisma, hits, all } = tenants()
    for (const scope of ['a', 'b']) await hits(scope)
    const without = (...names: string[]) => all.filter((name) => !names.includes(name))
    await prisma.$cache.invalidate({ tags: ['team:red'], scope: 'a' })
    expect([await hits('a'), await hits('b')]).toEqual([without('tagged'), all])
    await prisma.$cache.invalidate({ tags: ['team'], scope: 'a' })
    expect([await hits('a'), await hits('b')]).toEqual([without('tagged', 'raw'), all])
    await prisma.$cache.invalidate({ namespace: 'catalog', scope: 'b' })
    expect([await hits('a'), await hits('b')]).toEqual([all, without('named')])
    await prisma.$cache.invalidate({ tags: ['team'] })
    expect([await hits('a'), await hits('b')]).toEqual([without('tagged', 'raw'), without('tagged', 'raw')])
    await prisma.$cache.invalidate({ namespace: 'catalog' })
    expect([await hits('a'), await hits('b')]).toEqual([without('named'), without('named')])
  })

  it('is invalidated softly, too', async () => {
    const { prisma, as } = tenants()
    const read = () => did(prisma, prisma.tag.findMany())
    for (const scope of ['a', 'b']) await as(scope, read)
    await prisma.$cache.settled()
    await prisma.$cache.invalidate({ scope: 'a', soft: true })
    expect([await as('a', read), await as('b', read)]).toEqual(['stale', 'hit'])
    await prisma.$cache.settled()
    expect(await as('a', read)).toBe('hit')
  })

  it('has values of its own, which go with it', async () => {
    const { prisma, as } = tenants()
    const { $cache } = prisma
    for (const scope of ['a', 'b']) {
      await as(scope, () => $cache.set('cart', { of: scope }))
      await as(scope, () => $cache.set('visits', 5))
      await as(scope, () => $cache.getOrSet('best', async () => scope, { ttl: 60, tags: ['best'] }))
    }
    expect(await as('a', () => $cache.get('cart'))).toEqual({ of: 'a' })
    expect(await as('b', () => $cache.increment('visits'))).toBe(6)
    expect(await as('b', () => $cache.getOrSet('visits', () => 'written over'))).toBe(6)
    await $cache.settled()
    await $cache.invalidate({ scope: 'a' })
    expect(await as('a', () => $cache.mget(['cart', 'best']))).toEqual([undefined, undefined])
    expect(await as('b', () => $cache.mget(['cart', 'best']))).toEqual([{ of: 'b' }, 'b'])
    // What is counted depends on nothing.
    expect(await as('a', () => $cache.increment('visits'))).toBe(6)
    await as('a', () => $cache.getOrSet('best', async () => 'anew', { ttl: 60, tags: ['best'] }))
    await $cache.settled()
    await $cache.invalidate({ tags: ['best'], scope: 'b' })
    expect(await as('a', () => $cache.get('best'))).toBe('anew')
    expect(await as('b', () => $cache.get('best'))).toBeUndefined()
  })

  it('is the same for a number and its text, to whoever invalidates', async () => {
    const { prisma, hits, all } = tenants()
    for (const scope of [7, '7', 8]) await hits(scope)
    await prisma.$cache.invalidate({ scope: '7' })
    expect([await hits(7), await hits('7'), await hits(8)]).toEqual([[], [], all])
    await prisma.$cache.invalidate({ scope: 7 })
    expect([await hits(7), await hits('7')]).toEqual([[], []])
  })

  it('is invalidated by another process, which knows its name alone', async () => {
    if (bed.store === 'memory') return
    const { prefix, hits, all } = tenants()
    for (const scope of ['a', 'b']) await hits(scope)
    const cache = createCache({ ...bed.cache, prefix })
    await cache.invalidate({ scope: 'a' })
    await cache.disconnect()
    expect([await hits('a'), await hits('b')]).toEqual([[], all])
  })

  const writes: Record<string, Ask> = {
    'to a row': (db) => db.user.update({ where: { id: 1 }, data: { name: 'Ava' } }),
    'of a new row': (db) => db.user.create({ data: { email: 'dee@example.test' } }),
    'of many rows': (db) => db.user.updateMany({ data: { role: 'ADMIN' } }),
    'of raw SQL': (db) => db.$executeRaw`UPDATE users SET full_name = 'Ava' WHERE id = 1`,
    'in a transaction': (db) => db.$transaction((tx) => tx.user.update({ where: { id: 1 }, data: { name: 'Ava' } })),
  }
  it.each(Object.keys(writes))('does not narrow a write %s: whoever sees the rows, sees it', async (write) => {
    const { prisma, plain, as } = tenants({ invalidation: 'shape' })
    const reads: Ask[] = [
      (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
      (db) => db.user.findUnique({ where: { id: 1 } }),
      (db) => db.user.findUnique({ where: { email: 'dee@example.test' } }),
      (db) => db.user.count({ where: { role: 'ADMIN' } }),
      (db) => db.post.findMany({ where: { author: { name: 'Ava' } } }),
      (db) => db.post.findUnique({ where: { id: 1 }, include: { author: true } }),
    ]
    const client = prisma as unknown as ClientOf<'sqlite'>
    const scopes = ['a', 'b', 7, undefined]
    const answers = async (scope: CacheScope) => {
      const rows: unknown[] = []
      for (const read of reads) rows.push(await as(scope, () => read(client)))
      return rows
    }
    for (const scope of scopes) await answers(scope)
    await prisma.$cache.settled()
    await as('a', () => writes[write]!(client))
    const expected = await Promise.all(reads.map((read) => read(plain as unknown as ClientOf<'sqlite'>)))
    for (const scope of scopes) expect(await answers(scope), String(scope)).toEqual(expected)
  })
})

describePair('`requireScope`', (bed) => {
  const spec = useSpec(bed)

  it.each([undefined, null, '', Number.NaN])('caches nothing in the scope %s, and says why', async (scope) => {
    const { prisma } = spec.cached({ vary: () => scope, requireScope: true })
    for (let i = 0; i < 2; i += 1) {
      expect(await did(prisma, prisma.user.findMany())).toBe(noScope)
      expect(await did(prisma, prisma.user.findMany({ cache: { ttl: 60 } }))).toBe(noScope)
      expect(await did(prisma, prisma.$cache.raw({ reads: ['Tag'] }, prisma.$queryRaw`SELECT 1 AS a`))).toBe(noScope)
    }
    expect(await prisma.$cache.set('k', 1)).toBe(false)
    expect(await prisma.$cache.get('k')).toBeUndefined()
    expect(await prisma.$cache.has('k')).toBe(false)
    expect(await prisma.$cache.delete('k')).toBe(false)
    expect(await prisma.$cache.increment('k')).toBeUndefined()
    expect(await prisma.$cache.getOrSet('k', () => 'computed')).toBe('computed')
    await prisma.$cache.settled()
    expect(await prisma.$cache.keys()).toEqual([])
    expect(prisma.$cache.stats().bypasses['no-scope']).toBeGreaterThan(10)
  })

  it.each([0, false, 'a'])('takes %s for a scope', async (scope) => {
    const { prisma } = spec.cached({ vary: () => scope, requireScope: true })
    expect(await did(prisma, prisma.user.findMany())).toBe('miss')
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
  })

  it('lets writes invalidate, whoever makes them', async () => {
    let scope: string | undefined = 'a'
    const { prisma } = spec.cached({ vary: () => scope, requireScope: true })
    await prisma.user.findMany()
    scope = undefined
    await prisma.user.create({ data: { email: 'dee@example.test' } })
    scope = 'a'
    expect(await prisma.user.findMany()).toHaveLength(4)
  })

  it('is refused where nothing names a scope', () => {
    const setUp = () => spec.cached({ requireScope: true })
    expect(setUp).toThrow(/`requireScope`: there is no `vary`/)
  })
})

describePair('scopes made to be taken for each other', (bed) => {
  const spec = useSpec(bed)
  const marks = ['%', '#', '@', '=', ':', '?', '*', '&', '~', '{', '}', '|', ',', ' ', '\n', '\0', '"', '\\', '\u2028']
  const crafted: CacheScope[] = [
    ...marks.flatMap((mark) => [mark, `a${mark}`, `${mark}a`, `a${mark}b`]),
    'a',
    'b',
    'ab',
    'A',
    'á',
    'a\u0301',
    '%2523',
    '__proto__',
    'constructor',
    'null',
    'undefined',
    'NaN',
    'true',
    '1',
    '1.0',
    '01',
    // What others are called inside, with and without the marks.
    scopeName('a'),
    `%${scopeName('a')}`,
    `${scopeName('a')}#team`,
    '"a"',
    '["a"]',
    'x'.repeat(10_000),
    `${'x'.repeat(10_000)}y`,
    true,
    1,
    -1,
    1e21,
    null,
    undefined,
  ]

  it('never answer for each other, nor are invalidated with each other', async () => {
    let scope: CacheScope
    const { prisma } = spec.cached({ vary: () => scope, admission: 'always' })
    // A result that says whose it is: what the entry of another scope would be known by.
    const read = () => {
      const whose = `${typeof scope} ${String(scope)}`
      return prisma.$cache.getOrSet('whose', () => whose, { ttl: 60, tags: ['team', 'a', scopeName('a')] })
    }
    const query = () => did(prisma, prisma.tag.findMany({ cache: { tags: ['team', scopeName('a')] } }))
    for (scope of crafted) expect(await query(), String(scope)).toBe('miss')
    await prisma.$cache.settled()
    for (scope of crafted) expect(await read()).toBe(`${typeof scope} ${String(scope)}`)
    await prisma.$cache.settled()
    for (scope of crafted) expect(await read()).toBe(`${typeof scope} ${String(scope)}`)
    await prisma.$cache.invalidate({ scope: 'a' })
    for (scope of crafted) expect([scope, await query()]).toEqual([scope, scope === 'a' ? 'miss' : 'hit'])
    await prisma.$cache.invalidate({ scope: `%${scopeName('a')}`, tags: ['team'] })
    await prisma.$cache.invalidate({ tags: [`%${scopeName('a')}#team`, `${scopeName('a')}#team`] })
    for (scope of crafted) {
      expect([scope, await query()]).toEqual([scope, scope === `%${scopeName('a')}` ? 'miss' : 'hit'])
    }
  })
})

describe.each(['memory', 'redis'] as const)('row-level security of PostgreSQL (%s)', (store) => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store })
  const role = `tenant_${randomUUID().replaceAll('-', '')}`
  const tenant = new AsyncLocalStorage<string>()
  const as = <T>(id: string, run: () => PromiseLike<T>): Promise<T> => tenant.run(id, async () => run())
  let opened: OpenedClient<'postgresql'>
  let operators: OpenedClient<'postgresql'>

  beforeAll(async () => {
    const { database } = bed
    // Authors are tenants: each sees and writes the posts of its own, comments on them included.
    await database.execute(`
      CREATE ROLE ${role} LOGIN PASSWORD 'x' NOSUPERUSER NOBYPASSRLS;
      GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role};
      GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO ${role};
      ALTER TABLE "Post" ENABLE ROW LEVEL SECURITY;
      ALTER TABLE "Comment" ENABLE ROW LEVEL SECURITY;
      CREATE POLICY own ON "Post" USING ("authorId"::text = current_setting('app.tenant', true));
      CREATE POLICY own ON "Comment" USING ("postId" IN (SELECT id FROM "Post"));
    `)
    operators = await bed.open()
    const url = new URL(database.url)
    url.username = role
    url.password = 'x'
    opened = await openClient({ ...database, adapter: () => adapterFor('postgresql', url.href) }, 'ts')
  })
  beforeEach(async () => {
    // Of the order, which is as it should be here.
    vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    await bed.database.execute(`
      TRUNCATE users, "Post", "Comment" CASCADE;
      INSERT INTO users (id, email, "updatedAt") VALUES (1, 'ada@example.test', now()), (2, 'bob@example.test', now());
      INSERT INTO "Post" (id, title, "authorId") VALUES (1, 'of ada', 1), (2, 'of ada, too', 1), (3, 'of bob', 2);
      INSERT INTO "Comment" (id, text, "postId") VALUES (1, 'for ada', 1), (2, 'for bob', 3);
    `)
  })
  afterAll(async () => {
    await opened?.close()
    await bed.database.execute(`DROP OWNED BY ${role}; DROP ROLE ${role};`)
  })

  const controls: { disconnect(): Promise<void> }[] = []
  afterEach(async () => {
    vi.restoreAllMocks()
    await Promise.all(controls.splice(0).map((control) => control.disconnect()))
  })

  /** The recipe of Prisma's documentation: each operation in a transaction that says first whose it is. */
  function securing() {
    const { prisma: base, Prisma } = opened
    return Prisma.defineExtension({
      query: {
        $allModels: {
          async $allOperations({ args, query }) {
            const id = tenant.getStore() ?? ''
            const [, result] = await base.$transaction([
              base.$executeRaw(Prisma.sql`SELECT set_config('app.tenant', ${id}, TRUE)`),
              query(args) as never,
            ])
            return result
          },
        },
      },
    })
  }

  /** The cache comes first: behind it, an operation is in a transaction, and what is read there is nobody else's. */
  function clients(options: CacheOptions = {}) {
    const { prisma: base } = opened
    const extension = cacheExtension({
      ...bed.cache,
      ...(store === 'memory' && { store: memoryStore({ maxEntries: 1000 }) }),
      prefix: freshNamespace(),
      timeoutMs: 20_000,
      defaults: { ttl: 60 },
      vary: () => tenant.getStore(),
      requireScope: true,
      laterExtensions: 'transparent',
      ...options,
    })
    const cached = base.$extends(extension).$extends(securing())
    const inside = base.$extends(securing()).$extends(extension)
    // Another process, that of an operator: policies do not concern it.
    const operator = operators.prisma.$extends(extension)
    controls.push(cached.$cache, inside.$cache, operator.$cache)
    return { secured: base.$extends(securing()), cached, inside, operator }
  }

  type Client = ReturnType<typeof clients>['cached']
  const reads: Record<string, (db: Client) => PromiseLike<unknown>> = {
    list: (db) => db.post.findMany({ orderBy: { id: 'asc' } }),
    'of the other': (db) => db.post.findUnique({ where: { id: 3 } }),
    count: (db) => db.post.count(),
    include: (db) =>
      db.user.findMany({ orderBy: { id: 'asc' }, select: { id: true, posts: { include: { comments: true } } } }),
    filter: (db) => db.user.findMany({ orderBy: { id: 'asc' }, select: { id: true }, where: { posts: { some: {} } } }),
    figures: (db) => db.comment.aggregate({ _count: true, _max: { text: true } }),
  }
  const answers = async (db: unknown) => {
    const found: Record<string, unknown> = {}
    for (const [name, read] of Object.entries(reads)) found[name] = await read(db as Client)
    return found
  }

  it('shows each tenant its own rows, from the cache as from the database', async () => {
    const { secured, cached } = clients()
    const expected = { 1: await as('1', () => answers(secured)), 2: await as('2', () => answers(secured)) }
    expect(expected[1]).not.toEqual(expected[2])
    expect(expected[1]['of the other']).toBeNull()
    for (let round = 0; round < 3; round += 1) {
      for (const id of ['1', '2'] as const) {
        expect(await as(id, () => answers(cached))).toEqual(expected[id])
        await cached.$cache.settled()
      }
    }
    for (const id of ['1', '2']) {
      for (const [name, read] of Object.entries(reads)) {
        expect(await as(id, () => did(cached, read(cached))), `${name} of ${id}`).toBe('hit')
      }
    }
  })

  it('shows them apart when they ask at the same time', async () => {
    const { secured, cached } = clients()
    const ids = Array.from({ length: 9 }, (_, i) => String((i % 3) + 1))
    const expected = new Map<string, unknown>()
    for (const id of ['1', '2', '3']) expected.set(id, await as(id, () => answers(secured)))
    for (let round = 0; round < 2; round += 1) {
      const found = await Promise.all(ids.map((id) => as(id, () => answers(cached))))
      for (const [i, id] of ids.entries()) expect(found[i]).toEqual(expected.get(id))
      await as('1', () => cached.post.update({ where: { id: 1 }, data: { title: 'of ada' } }))
    }
  })

  it('lets one tenant learn of another’s write only through its own rows', async () => {
    const { secured, cached } = clients({ invalidation: 'shape' })
    for (const id of ['1', '2']) await as(id, () => answers(cached))
    await cached.$cache.settled()
    await as('2', () => cached.post.update({ where: { id: 3 }, data: { title: 'by bob' } }))
    await as('2', () => cached.comment.create({ data: { id: 9, text: 'by bob', postId: 3 } }))
    expect(await as('1', () => cached.post.updateMany({ where: { id: 3 }, data: { title: 'by ada' } }))).toEqual({
      count: 0,
    })
    for (const id of ['1', '2']) {
      expect(await as(id, () => answers(cached))).toEqual(await as(id, () => answers(secured)))
    }
  })

  it('is heeded by writes to columns that only a policy compares: a row that changes hands', async () => {
    const { secured, cached, operator } = clients()
    const lists: Ask[] = [
      (db) => db.post.findMany({ orderBy: { id: 'asc' }, select: { title: true } }),
      (db) => db.post.findUnique({ where: { id: 3 }, select: { title: true } }),
      (db) => db.post.count(),
      (db) => db.user.findMany({ orderBy: { id: 'asc' }, select: { _count: { select: { posts: true } } } }),
    ]
    const both = async (client: unknown) => {
      const found: unknown[] = []
      for (const id of ['1', '2'])
        for (const list of lists) found.push(await as(id, () => list(client as ClientOf<'sqlite'>)))
      return found
    }
    const before = await both(cached)
    await cached.$cache.settled()
    expect(await both(cached)).toEqual(before)
    await operator.post.update({ where: { id: 3 }, data: { authorId: 1 }, select: { id: true } })
    expect(await both(secured)).not.toEqual(before)
    expect(await both(cached)).toEqual(await both(secured))
  })

  it('is kept, and nothing is cached, where the cache comes last', async () => {
    const { secured, inside } = clients()
    for (const id of ['1', '2']) {
      expect(await as(id, () => answers(inside))).toEqual(await as(id, () => answers(secured)))
      expect(await as(id, () => did(inside, inside.post.findMany()))).toBe('bypass: batch-transaction')
    }
    expect(await inside.$cache.keys()).toEqual([])
  })

  it('is not asked for by whoever has no name: nothing is cached', async () => {
    const { cached } = clients()
    await as('1', () => answers(cached))
    expect(await did(cached, cached.post.findMany())).toBe(noScope)
    expect(await cached.post.findMany()).toEqual([])
    expect(await as('', () => did(cached, cached.post.findMany()))).toBe(noScope)
  })

  it('would show one tenant another’s rows without `vary`: the attack that the specs above would find', async () => {
    const { cached } = clients({ vary: undefined, requireScope: false })
    await as('1', () => cached.post.findMany())
    await cached.$cache.settled()
    expect(await as('2', () => cached.post.findMany())).toHaveLength(2)
  })
})

describe('what Redis is told of tenants', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let redis: Redis
  beforeAll(() => {
    redis = new Redis(inject('servers').redisUrl)
  })
  afterAll(() => redis.disconnect())

  it('is a hash of the name, and one tag a scope', async () => {
    const { prisma, prefix, events } = spec.cached({ vary: () => 'Acme Inc.' })
    await prisma.user.findMany()
    await prisma.post.findMany({ include: { author: true } })
    await prisma.$cache.settled()
    const keys = await redis.keys(`${prefix}*`)
    expect(keys.join()).not.toMatch(/acme/i)
    const tags = events.flatMap((event) => (event.type === 'miss' ? event.tags : []))
    const scopes = tags.filter((tag) => tag.startsWith('%'))
    expect(new Set(scopes)).toEqual(new Set([`%${scopeName('Acme Inc.')}`]))
  })
})
