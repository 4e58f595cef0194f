import { describe, expect, it } from 'vitest'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { typedSql } from '../support/typed-sql.ts'
import { type Ask, did, said, useSpec } from './support.ts'

describeCombinations('a read', (bed) => {
  const spec = useSpec(bed)

  describe('comes from the database once and from the cache after that, as a plain client would answer it:', () => {
    const reads: Record<string, Ask> = {
      'findUnique by id': (db) => db.user.findUnique({ where: { id: 1 } }),
      'findUnique by another unique column': (db) => db.user.findUnique({ where: { email: 'ada@example.test' } }),
      'findUnique by a compound id': (db) =>
        db.orderLine.findUnique({ where: { orderId_productId: { orderId: 'o1', productId: 1 } } }),
      'findUnique of nothing': (db) => db.user.findUnique({ where: { id: 99 } }),
      findUniqueOrThrow: (db) => db.post.findUniqueOrThrow({ where: { id: 1 }, include: { tags: true } }),
      findFirst: (db) =>
        db.post.findFirst({ where: { author: { email: { startsWith: 'ada' } } }, orderBy: { id: 'desc' } }),
      'findFirst of nothing': (db) => db.post.findFirst({ where: { title: 'absent' } }),
      findFirstOrThrow: (db) => db.user.findFirstOrThrow({ where: { managerId: 1 } }),
      findMany: (db) => db.user.findMany(),
      'findMany of nothing': (db) => db.user.findMany({ where: { id: { lt: 0 } } }),
      'findMany with relations': (db) =>
        db.user.findMany({
          include: { posts: { include: { tags: true }, orderBy: { id: 'desc' } }, profile: true, _count: true },
          orderBy: [{ posts: { _count: 'desc' } }, { id: 'asc' }],
        }),
      'findMany with select': (db) =>
        db.post.findMany({ select: { title: true, author: { select: { name: true } } }, take: 2, skip: 1 }),
      'findMany with omit': (db) => db.user.findMany({ omit: { email: true, bytes: true } }),
      'findMany with distinct and cursor': (db) =>
        db.user.findMany({ distinct: ['role'], cursor: { id: 2 }, orderBy: { id: 'asc' } }),
      count: (db) => db.user.count(),
      'count of columns': (db) => db.user.count({ select: { _all: true, name: true } }),
      aggregate: (db) =>
        db.user.aggregate({ _sum: { balance: true, big: true }, _avg: { ratio: true }, _max: { createdAt: true } }),
      'aggregate of nothing': (db) => db.user.aggregate({ where: { id: 99 }, _sum: { balance: true }, _count: true }),
      groupBy: (db) =>
        db.post.groupBy({
          by: ['authorId'],
          _count: { _all: true },
          having: { authorId: { not: null } },
          orderBy: { authorId: 'asc' },
        }),
      'a relation by the fluent API': (db) =>
        db.user.findUnique({ where: { id: 1 } }).posts({ orderBy: { id: 'desc' } }),
      'a relation of a relation by the fluent API': (db) =>
        db.post
          .findUnique({ where: { id: 3 } })
          .author()
          .manager(),
      'a relation of nothing by the fluent API': (db) => db.user.findUnique({ where: { id: 99 } }).posts(),
    }

    it.each(Object.entries(reads))('%s', async (_, read) => {
      const { prisma, plain, sql } = spec.cached()
      const client = prisma as unknown as typeof plain
      const expected = await read(plain)
      const first = await prisma.$cache.withCacheInfo(read(client))
      expect(said(first.info)).toBe('miss')
      expect(first.data).toStrictEqual(expected)
      sql.clear()
      const second = await prisma.$cache.withCacheInfo(read(client))
      expect(said(second.info)).toBe('hit')
      expect(second.data).toStrictEqual(expected)
      expect(sql.statements).toEqual([])
    })
  })

  describe('has one entry for all spellings of one query:', () => {
    const ids = [1, 2]
    const spellings: Record<string, [Ask, Ask]> = {
      'a value and `equals`': [
        (db) => db.user.findMany({ where: { id: 1 } }),
        (db) => db.user.findMany({ where: { id: { equals: 1 } } }),
      ],
      'properties in any order': [
        (db) => db.user.findMany({ where: { name: 'Ada', active: true }, take: 5 }),
        (db) => db.user.findMany({ take: 5, where: { active: true, name: 'Ada' } }),
      ],
      'undefined and absent': [
        (db) => db.user.findMany({ where: { name: 'Ada', email: undefined } as object }),
        (db) => db.user.findMany({ where: { name: 'Ada' } }),
      ],
      'no arguments and none': [(db) => db.user.findMany(), (db) => db.user.findMany({})],
      'the members of `in` in any order': [
        (db) => db.user.findMany({ where: { id: { in: ids } } }),
        (db) => db.user.findMany({ where: { id: { in: [2, 1, 2] } } }),
      ],
      'the branches of `OR` in any order': [
        (db) => db.user.findMany({ where: { OR: [{ id: 1 }, { name: 'Bob' }] } }),
        (db) => db.user.findMany({ where: { OR: [{ name: { equals: 'Bob' } }, { id: 1 }] } }),
      ],
      'one branch of `AND` and a list of one': [
        (db) => db.user.findMany({ where: { AND: { id: 1 } } }),
        (db) => db.user.findMany({ where: { AND: [{ id: 1 }] } }),
      ],
      '`orderBy` and a list of one': [
        (db) => db.user.findMany({ orderBy: { name: 'asc' } }),
        (db) => db.user.findMany({ orderBy: [{ name: 'asc' }] }),
      ],
      '`include: true` and `{}`': [
        (db) => db.user.findMany({ include: { posts: true } }),
        (db) => db.user.findMany({ include: { posts: {} } }),
      ],
      'a field left out and `false`': [
        (db) => db.user.findMany({ select: { name: true } }),
        (db) => db.user.findMany({ select: { name: true, email: false } }),
      ],
      'a nested filter and its `equals`': [
        (db) => db.user.findMany({ include: { posts: { where: { title: 'one' } } } }),
        (db) => db.user.findMany({ include: { posts: { where: { title: { equals: 'one' } } } } }),
      ],
    }
    it.each(Object.entries(spellings))('%s', async (_, [one, other]) => {
      const { prisma, plain } = spec.cached()
      const client = prisma as unknown as typeof plain
      await one(client)
      const { data, info } = await prisma.$cache.withCacheInfo(other(client))
      expect(said(info)).toBe('hit')
      expect(data).toStrictEqual(await other(plain))
    })
  })

  describe('never answers for another query:', () => {
    const pairs: Record<string, [Ask, Ask]> = {
      'the fluent API and the same relation selected': [
        (db) => db.user.findUnique({ where: { id: 1 } }).posts(),
        (db) => db.user.findUnique({ where: { id: 1 }, select: { posts: true } }),
      ],
      'findUnique and findFirst': [
        (db) => db.user.findUnique({ where: { id: 99 } }),
        (db) => db.user.findMany({ where: { id: 99 } }),
      ],
      'ordered up and down': [
        (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
        (db) => db.user.findMany({ orderBy: { id: 'desc' } }),
      ],
      'the keys of `orderBy` in another order': [
        (db) => db.user.findMany({ orderBy: [{ role: 'asc' }, { id: 'desc' }] }),
        (db) => db.user.findMany({ orderBy: [{ id: 'desc' }, { role: 'asc' }] }),
      ],
      'a number and its text': [
        (db) => db.tag.findMany({ where: { name: '1' } }),
        (db) => db.comment.findMany({ where: { id: 1 } }),
      ],
      'upper and lower case': [
        (db) => db.user.findMany({ where: { name: 'Ada' } }),
        (db) => db.user.findMany({ where: { name: 'ada' } }),
      ],
      'letters that fold alike': [
        (db) => db.user.findMany({ where: { name: 'ü' } }),
        (db) => db.user.findMany({ where: { name: 'é' } }),
      ],
      'punctuation in a text': [
        (db) => db.user.findUnique({ where: { email: 'a.da@example.test' } }),
        (db) => db.user.findUnique({ where: { email: 'ada@example.test' } }),
      ],
      'null and absent': [(db) => db.user.findMany({ where: { name: null } }), (db) => db.user.findMany({ where: {} })],
      'true and the text of it': [
        (db) => db.user.findMany({ where: { active: true } }),
        (db) => db.user.findMany({ where: { name: 'true' } }),
      ],
      '`take` from either end': [(db) => db.user.findMany({ take: 1 }), (db) => db.user.findMany({ take: -1 })],
      'some and none': [
        (db) => db.user.findMany({ where: { posts: { some: {} } } }),
        (db) => db.user.findMany({ where: { posts: { none: {} } } }),
      ],
      'columns of one row compared, and with another': [
        (db) => db.user.findMany({ where: { id: { gte: db.user.fields.managerId } } }),
        (db) => db.user.findMany({ where: { id: { gte: db.user.fields.id } } }),
      ],
      'a date and another that prints alike': [
        (db) => db.user.findMany({ where: { createdAt: { gt: new Date(1000) } } }),
        (db) => db.user.findMany({ where: { createdAt: { gt: new Date(4e12) } } }),
      ],
      'the models of two relations': [
        (db) => db.user.findMany({ select: { _count: { select: { posts: true } } } }),
        (db) => db.user.findMany({ select: { _count: { select: { comments: true } } } }),
      ],
    }
    it.each(Object.entries(pairs))('%s', async (_, [one, other]) => {
      const { prisma, plain } = spec.cached()
      const client = prisma as unknown as typeof plain
      await one(client)
      const { data, info } = await prisma.$cache.withCacheInfo(other(client))
      expect(said(info)).toBe('miss')
      expect(data).toStrictEqual(await other(plain))
      // Nor did it push the first one out.
      expect(await did(prisma, one(client))).toBe('hit')
    })

    it('the null kinds of JSON', async () => {
      const { prisma, plain, Prisma } = spec.cached()
      await plain.user.update({ where: { id: 1 }, data: { meta: Prisma.JsonNull } })
      const where = (kind: typeof Prisma.JsonNull | typeof Prisma.DbNull | typeof Prisma.AnyNull) => ({
        where: { meta: { equals: kind } },
        select: { id: true },
        orderBy: { id: 'asc' } as const,
      })
      const found = []
      for (const kind of [Prisma.JsonNull, Prisma.DbNull, Prisma.AnyNull, Prisma.JsonNull]) {
        const { data, info } = await prisma.$cache.withCacheInfo(prisma.user.findMany(where(kind)))
        found.push([said(info), data.map(({ id }) => id)])
      }
      expect(found).toEqual([
        ['miss', [1]],
        ['miss', [2, 3]],
        ['miss', [1, 2, 3]],
        ['hit', [1]],
      ])
    })
  })

  describe('asks the database anew for what was never stored:', () => {
    it('a row that must be there and is not fails as without a cache, however often it is asked for', async () => {
      const { prisma, plain } = spec.cached()
      const asks: Ask[] = [
        (db) => db.user.findUniqueOrThrow({ where: { id: 99 } }),
        (db) => db.user.findFirstOrThrow({ where: { name: 'absent' } }),
      ]
      for (const ask of asks) {
        const expected = await failure(ask(plain))
        for (const attempt of [1, 2]) {
          const seen = await failure(ask(prisma as unknown as typeof plain))
          expect(seen.constructor, `attempt ${attempt}`).toBe(expected.constructor)
          expect(seen).toMatchObject({ name: expected.name, code: 'P2025', meta: expected.meta })
          expect(seen.message).toBe(expected.message)
        }
      }
    })

    it('a null cached by findUnique is an error to findUniqueOrThrow', async () => {
      const { prisma } = spec.cached()
      const where = { id: 99 }
      expect(await prisma.user.findUnique({ where })).toBeNull()
      await expect(prisma.user.findUniqueOrThrow({ where })).rejects.toMatchObject({ code: 'P2025' })
      expect(await prisma.user.findUnique({ where })).toBeNull()
    })

    it('a query Prisma refuses is refused in Prisma’s words', async () => {
      const { prisma, plain } = spec.cached()
      const wrong = [
        { where: { nickname: 'x' } },
        { where: { id: 'one' } },
        { orderBy: { nickname: 'asc' } },
        { select: { nickname: true } },
        { include: { name: true } },
        { take: 'all' },
        { select: { name: true }, include: { posts: true } },
        { nonsense: 1 },
      ] as Parameters<typeof plain.user.findMany>[0][]
      for (const args of wrong) {
        const expected = await failure(plain.user.findMany(args))
        const seen = await failure(prisma.user.findMany(args as object))
        expect(seen.constructor).toBe(expected.constructor)
        expect(afterCallSite(seen)).toBe(afterCallSite(expected))
      }
    })

    it('an aborted database leaves nothing behind', async () => {
      const { prisma, sql } = spec.cached()
      const gate = sql.hold(/^SELECT .*Tag/)
      const read = failure(prisma.tag.findMany())
      await gate.held
      gate.fail(new Error('connection lost'))
      expect((await read).message).toContain('connection lost')
      expect(await prisma.tag.findMany()).toHaveLength(3)
    })
  })

  describe('hands out a value of its own:', () => {
    const read: Ask<{ name: string | null; posts: { title: string; tags: { name: string }[] }[] }[]> = (db) =>
      db.user.findMany({ include: { posts: { include: { tags: true } } } })

    it('what a caller does to a result reaches no later reader', async () => {
      const { prisma, plain } = spec.cached()
      const client = prisma as unknown as typeof plain
      const expected = await read(plain)
      for (const time of ['miss', 'hit', 'hit']) {
        const { data, info } = await prisma.$cache.withCacheInfo(read(client))
        expect(said(info)).toBe(time)
        expect(data).toStrictEqual(expected)
        spoil(data)
      }
    })

    it('readers who waited for the same query share nothing', async () => {
      const { prisma, plain } = spec.cached()
      const client = prisma as unknown as typeof plain
      const expected = await read(plain)
      const results = await Promise.all([1, 2, 3].map(() => read(client)))
      for (const result of results) {
        expect(result).toStrictEqual(expected)
        spoil(result)
      }
    })

    it('bytes and dates are not shared either', async () => {
      const { prisma } = spec.cached()
      await prisma.user.update({ where: { id: 1 }, data: { bytes: new Uint8Array([1, 2, 3]) } })
      for (const _ of [1, 2, 3]) {
        const user = await prisma.user.findUniqueOrThrow({ where: { id: 1 } })
        expect(user.bytes).toEqual(new Uint8Array([1, 2, 3]))
        expect(user.updatedAt.getTime()).toBeGreaterThan(0)
        user.bytes?.fill(9)
        user.updatedAt.setTime(0)
      }
    })

    it('results may be changed: nothing is frozen', async () => {
      const { prisma } = spec.cached()
      for (const _ of [1, 2]) {
        const users = await prisma.user.findMany()
        users.push(users.pop()!)
        Object.assign(users[0]!, { extra: 1 })
        expect(users).toHaveLength(3)
      }
    })

    function spoil(users: { name: string | null; posts: { title: string; tags: { name: string }[] }[] }[]) {
      for (const user of users) {
        user.name = 'spoilt'
        for (const post of user.posts) post.tags.push({ name: 'spoilt' })
        user.posts.pop()
      }
      users.reverse()
    }
  })

  describe('costs the database', () => {
    it('nothing when it is never awaited, and one query when it is awaited twice', async () => {
      const { prisma, sql, events } = spec.cached()
      const never = prisma.user.findMany()
      expect(typeof never.then).toBe('function')
      await Promise.resolve()
      expect(sql.statements).toEqual([])
      expect(events).toEqual([])
      const twice = prisma.user.findMany()
      expect(await twice).toBe(await twice)
      expect(sql.count()).toBe(1)
      expect(events.filter(({ type }) => type === 'miss')).toHaveLength(1)
    })

    it('one statement for all findUnique calls of a tick that miss, as Prisma batches them', async () => {
      const { prisma, sql } = spec.cached()
      const find = (id: number) => prisma.user.findUnique({ where: { id } })
      const users = await Promise.all([1, 2, 3, 4].map(find))
      expect(users.map((user) => user?.name)).toEqual(['Ada', 'Bob', null, undefined])
      expect(sql.statements).toHaveLength(1)
      sql.clear()
      await Promise.all([1, 2, 3, 4].map(find))
      expect(sql.statements).toEqual([])
    })

    it('one statement for those of them that miss when others hit', async () => {
      const { prisma, sql } = spec.cached()
      const find = (id: number) => prisma.user.findUnique({ where: { id } })
      await find(1)
      sql.clear()
      const users = await Promise.all([1, 2, 3].map(find))
      expect(users.map((user) => user?.id)).toEqual([1, 2, 3])
      expect(sql.statements).toHaveLength(1)
    })

    it('one statement for equal reads that miss together', async () => {
      const { prisma, sql, events } = spec.cached()
      const results = await Promise.all(
        Array.from({ length: 20 }, () => prisma.post.findMany({ orderBy: { id: 'asc' } })),
      )
      expect(new Set(results.map((posts) => posts.map(({ title }) => title).join()))).toEqual(
        new Set(['one,two,three']),
      )
      expect(sql.count(/^SELECT/)).toBe(1)
      const misses = events.filter((event) => event.type === 'miss')
      expect(misses.filter(({ coalesced }) => !coalesced)).toHaveLength(1)
      expect(misses).toHaveLength(20)
    })

    it('and each of them gets its own error when it fails', async () => {
      const { prisma } = spec.cached()
      const read = () => failure(prisma.user.findFirstOrThrow({ where: { name: 'absent' } }))
      const errors = await Promise.all([read(), read(), read()])
      expect(new Set(errors).size).toBe(3)
      for (const error of errors) expect(error).toMatchObject({ code: 'P2025' })
    })
  })

  describe('is cached', () => {
    it('by default only where the configuration has a `ttl`', async () => {
      const { prisma } = spec.cached({ defaults: {}, models: { User: { ttl: 60 } } })
      expect(await did(prisma, prisma.user.count())).toBe('miss')
      expect(await did(prisma, prisma.user.count())).toBe('hit')
      expect(await did(prisma, prisma.post.count())).toBe('bypass: not-enabled')
    })

    it('where a call asks for it, with `true` or options', async () => {
      const { prisma } = spec.cached({ defaults: {} })
      for (const cache of [true, { ttl: 10 }, { tags: ['a'] }, {}] as const) {
        expect(await did(prisma, prisma.post.findMany({ cache }))).toMatch(/^(miss|hit)$/)
        expect(await did(prisma, prisma.post.findMany({ cache }))).toBe('hit')
      }
    })

    it('not where a call refuses it: nothing is looked up, nothing stored', async () => {
      const { prisma, sql } = spec.cached()
      for (const cache of [false, { ttl: 0 }] as const) {
        expect(await did(prisma, prisma.post.findMany({ cache }))).toBe('bypass: call-disabled')
      }
      expect(sql.count()).toBe(2)
      expect(await did(prisma, prisma.post.findMany())).toBe('miss')
    })

    it('not for an operation, and not for a model, that is `false`', async () => {
      const { prisma } = spec.cached({
        models: { Post: { operations: { count: false, findMany: { ttl: 5 } } }, Profile: false },
      })
      expect(await did(prisma, prisma.post.count())).toBe('bypass: operation-disabled')
      expect(await did(prisma, prisma.post.count({ cache: true }))).toBe('bypass: operation-disabled')
      expect(await did(prisma, prisma.post.findMany())).toBe('miss')
      expect(await did(prisma, prisma.profile.findMany())).toBe('bypass: model-disabled')
      expect(await did(prisma, prisma.profile.findMany({ cache: true }))).toBe('bypass: model-disabled')
    })

    it('not when its result would hold rows of a model that is `false`, while filtering by it is fine', async () => {
      const { prisma } = spec.cached({ models: { Profile: false } })
      expect(await did(prisma, prisma.user.findMany({ include: { profile: true } }))).toBe('bypass: model-disabled')
      expect(await did(prisma, prisma.user.findMany({ select: { profile: { select: { bio: true } } } }))).toBe(
        'bypass: model-disabled',
      )
      expect(await did(prisma, prisma.user.findUnique({ where: { id: 1 } }).profile())).toBe('bypass: model-disabled')
      expect(await did(prisma, prisma.user.findMany({ where: { profile: { bio: 'first' } } }))).toBe('miss')
    })

    it('not when its result would show a field listed in `neverCache`', async () => {
      const { prisma } = spec.cached({ models: { User: { neverCache: ['email'] } } })
      const never = 'bypass: never-cache-field'
      expect(await did(prisma, prisma.user.findMany())).toBe(never)
      expect(await did(prisma, prisma.user.findMany({ cache: true }))).toBe(never)
      expect(await did(prisma, prisma.user.findMany({ select: { email: true } }))).toBe(never)
      expect(await did(prisma, prisma.post.findMany({ include: { author: true } }))).toBe(never)
      expect(await did(prisma, prisma.post.findUnique({ where: { id: 1 } }).author())).toBe(never)
      expect(await did(prisma, prisma.user.aggregate({ _max: { email: true } }))).toBe(never)
      expect(await did(prisma, prisma.user.groupBy({ by: ['email'], _count: true }))).toBe(never)
      expect(await did(prisma, prisma.user.findMany({ omit: { email: true } }))).toBe('miss')
      expect(await did(prisma, prisma.user.findMany({ select: { name: true } }))).toBe('miss')
      expect(await did(prisma, prisma.user.count())).toBe('miss')
      expect(await did(prisma, prisma.post.findMany({ include: { author: { omit: { email: true } } } }))).toBe('miss')
    })

    it('apart for every scope `vary` names, and not at all when `vary` fails', async () => {
      let scope: string | (() => never) = 'a'
      const { prisma, events } = spec.cached({ vary: () => (typeof scope === 'string' ? scope : scope()) })
      const seen: string[] = []
      for (scope of ['a', 'b', 'a', 'b']) seen.push(await did(prisma, prisma.user.findMany()))
      expect(seen).toEqual(['miss', 'miss', 'hit', 'hit'])
      scope = () => {
        throw new Error('no scope here')
      }
      expect(await did(prisma, prisma.user.findMany())).toBe('bypass: vary-failed')
      expect(events).toContainEqual(expect.objectContaining({ type: 'error', during: 'vary' }))
    })

    it('invalidated in all scopes by a write in one', async () => {
      let scope = 'a'
      const { prisma } = spec.cached({ vary: () => scope })
      for (scope of ['a', 'b']) await prisma.user.findMany()
      await prisma.user.create({ data: { email: 'dee@example.test' } })
      for (scope of ['a', 'b']) expect(await prisma.user.findMany()).toHaveLength(4)
    })

    it('apart for every `version`', async () => {
      const { prisma, prefix } = spec.cached({ version: '1', store: undefined })
      await prisma.user.findMany()
      const { prisma: next } = spec.cached({ version: '2', prefix })
      expect(await did(next, next.user.findMany())).toBe('miss')
    })
  })

  describe('told `refresh`', () => {
    it('asks the database and stores what it says', async () => {
      const { prisma, plain } = spec.cached()
      const read = (refresh?: boolean) =>
        prisma.tag.findUnique({ where: { name: 'red' }, cache: { refresh } as object })
      await read()
      await plain.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
      expect(await read()).toMatchObject({ color: 'grey' })
      const { data, info } = await prisma.$cache.withCacheInfo(read(true))
      expect(data).toMatchObject({ color: 'crimson' })
      expect(info).toMatchObject({ status: 'miss', cause: 'refresh' })
      expect(await read()).toMatchObject({ color: 'crimson' })
    })
  })

  describe('under a key of its own', () => {
    it('is found under it, by that query and no other', async () => {
      const { prisma } = spec.cached()
      const cache = { key: 'front page' }
      await prisma.user.findMany({ cache })
      expect(await did(prisma, prisma.user.findMany({ cache }))).toBe('hit')
      expect(await did(prisma, prisma.user.findMany({ where: { id: 1 }, cache }))).toBe('miss')
      expect(await prisma.user.findMany({ where: { id: 1 }, cache })).toHaveLength(1)
      // One name, one entry: the other query pushed it out.
      expect(await did(prisma, prisma.user.findMany({ cache }))).toBe('miss')
      expect(await prisma.user.findMany({ cache })).toHaveLength(3)
    })

    it('is not found under another, alike as they may look', async () => {
      const { prisma } = spec.cached()
      const keys = ['a.b@x.test', 'ab@xtest', 'A1', 'a1', 'ü', 'é', '1.5', '15', 'a:b', 'a*', 'a?', ' a', '@a']
      for (const key of keys) {
        expect(await did(prisma, prisma.user.findMany({ cache: { key } })), key).toBe('miss')
      }
      for (const key of keys) expect(await did(prisma, prisma.user.findMany({ cache: { key } })), key).toBe('hit')
    })

    it('is apart for every model, operation and scope', async () => {
      let scope = 'a'
      const { prisma } = spec.cached({ vary: () => scope })
      const cache = { key: 'k' }
      expect(await prisma.user.findMany({ cache })).toHaveLength(3)
      expect(await prisma.user.count({ cache })).toBe(3)
      expect(await prisma.tag.findMany({ cache })).toMatchObject([{}, {}, {}])
      scope = 'b'
      expect(await did(prisma, prisma.user.findMany({ cache }))).toBe('miss')
    })
  })
})

describeCombinations('a client with a global omit', (bed) => {
  const spec = useSpec(bed, { omit: { user: { email: true } } })
  const whole = useSpec(bed)

  it('shows what it would show without a cache, from both sources', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Ask[] = [
      (db) => db.user.findMany(),
      (db) => db.post.findMany({ include: { author: true } }),
      (db) => db.user.findMany({ omit: { email: false } }),
      (db) => db.user.findMany({ select: { email: true } }),
    ]
    for (const read of reads) {
      const expected = await read(plain)
      for (const _ of ['miss', 'hit']) expect(await read(prisma as unknown as typeof plain)).toStrictEqual(expected)
    }
  })

  it('shares no entry with a client that shows the field', async () => {
    const { prisma: hiding, prefix } = spec.cached()
    const { prisma: showing } = whole.cached({ prefix })
    for (const _ of [1, 2]) {
      expect((await hiding.user.findMany())[0]).not.toHaveProperty('email')
      expect((await showing.user.findMany())[0]).toHaveProperty('email', 'ada@example.test')
    }
  })
})

describeCombinations('beside other extensions', (bed) => {
  const spec = useSpec(bed)
  const labels = {
    result: {
      user: {
        label: {
          needs: { email: true },
          compute: (user: { email: string }) => `<${user.email}>`,
        },
      },
    },
  } as const

  describe.each(['before', 'after'] as const)('a result extension applied %s ours', (place) => {
    const client = () => {
      const ours = spec.extension()
      return place === 'before'
        ? spec.plain.$extends(labels).$extends(ours)
        : spec.plain.$extends(ours).$extends(labels)
    }

    it('computes its fields on hits as on misses', async () => {
      const prisma = client() as ReturnType<typeof withLabels>
      for (const status of ['miss', 'hit', 'hit']) {
        const { data, info } = await prisma.$cache.withCacheInfo(prisma.user.findMany({ orderBy: { id: 'asc' } }))
        expect(said(info)).toBe(status)
        expect(data.map(({ label }) => label)).toEqual([
          '<ada@example.test>',
          '<bob@example.test>',
          '<cyd@example.test>',
        ])
      }
    })

    it('computes them in nested rows too', async () => {
      const prisma = client() as ReturnType<typeof withLabels>
      for (const _ of ['miss', 'hit']) {
        const post = await prisma.post.findUnique({
          where: { id: 3 },
          include: { author: { include: { manager: true } } },
        })
        expect(post?.author).toMatchObject({ label: '<bob@example.test>', manager: { label: '<ada@example.test>' } })
      }
    })

    it('is asked anew for a computed field named in `select`, whose needs we cannot see', async () => {
      const prisma = client() as ReturnType<typeof withLabels>
      for (const _ of [1, 2]) {
        const { data, info } = await prisma.$cache.withCacheInfo(
          prisma.user.findUnique({ where: { id: 1 }, select: { label: true } }),
        )
        expect(said(info)).toBe('bypass: computed-field')
        expect(data).toMatchObject({ label: '<ada@example.test>' })
        expect(Object.keys(data ?? {})).toEqual(['label'])
      }
    })

    it('never leaves a field it needs, and the caller omitted, to a client without it', async () => {
      const ours = spec.extension()
      const bare = spec.plain.$extends(ours)
      const rich = bare.$extends(labels)
      const reads: Ask[] = [
        (db) => db.user.findMany({ omit: { email: true } }),
        (db) => db.user.findUnique({ where: { id: 1 }, omit: { email: true } }),
        (db) => db.post.findMany({ include: { author: { omit: { email: true } } } }),
        (db) => db.user.findUnique({ where: { id: 2 }, select: { manager: { omit: { email: true } } } }),
      ]
      for (const read of reads) {
        const expected = await read(spec.plain)
        await read(rich as unknown as typeof spec.plain)
        expect(await read(bare as unknown as typeof spec.plain)).toStrictEqual(expected)
      }
    })
  })

  // For its type alone.
  const withLabels = (prisma: ReturnType<typeof spec.cached>['prisma']) => prisma.$extends(labels)

  it('a query extension applied after ours is asked on misses only', async () => {
    let asked = 0
    const prisma = spec.plain.$extends(spec.extension()).$extends({
      query: {
        user: {
          async findMany({ args, query }) {
            asked += 1
            return query({ ...args, where: { ...args.where, active: true } })
          },
        },
      },
    })
    await prisma.user.findMany()
    await prisma.user.findMany()
    expect(asked).toBe(1)
  })

  it('a query extension applied before ours changes what is looked up', async () => {
    let tenant = 1
    const prisma = spec.plain
      .$extends({
        query: {
          post: {
            async findMany({ args, query }) {
              return query({ ...args, where: { ...args.where, authorId: tenant } })
            },
          },
        },
      })
      .$extends(spec.extension())
    expect(await prisma.post.findMany()).toHaveLength(2)
    tenant = 2
    expect(await prisma.post.findMany()).toHaveLength(1)
    tenant = 1
    expect(await did(prisma, prisma.post.findMany())).toBe('hit')
  })

  it('model and client extensions stay in reach', async () => {
    const prisma = spec.plain
      .$extends({ model: { user: { first: () => 'first' } } })
      .$extends(spec.extension())
      .$extends({ client: { hello: () => 'hello' } })
    expect(prisma.user.first()).toBe('first')
    expect(prisma.hello()).toBe('hello')
  })
})

describeCombinations('a raw read', (bed) => {
  const spec = useSpec(bed)
  const names = 'SELECT full_name FROM users ORDER BY id'

  it('goes to the database unless its models are declared', async () => {
    const { prisma } = spec.cached()
    expect(await did(prisma, prisma.$queryRaw`SELECT 1 AS one`)).toBe('bypass: raw-undeclared')
    expect(await did(prisma, prisma.$queryRawUnsafe(names))).toBe('bypass: raw-undeclared')
  })

  it('declared at the call is cached under its models, by text and values', async () => {
    const { prisma } = spec.cached()
    const read = (id: number) =>
      prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw<unknown[]>`SELECT full_name FROM users WHERE id >= ${id}`)
    expect(await did(prisma, read(1))).toBe('miss')
    expect(await did(prisma, read(1))).toBe('hit')
    expect(await did(prisma, read(2))).toBe('miss')
    expect(await read(2)).toHaveLength(2)
    await prisma.user.delete({ where: { id: 3 } })
    expect(await read(2)).toHaveLength(1)
    await prisma.tag.delete({ where: { name: 'red' } })
    expect(await did(prisma, read(2))).toBe('hit')
  })

  it('is cached in every form Prisma has, with the kinds it has without a cache', async () => {
    const { prisma, plain, Prisma } = spec.cached()
    const forms: Ask[] = [
      (db) => db.$queryRaw`SELECT id, full_name, "createdAt", bytes, balance, big FROM users ORDER BY id`,
      (db) => db.$queryRaw(Prisma.sql`SELECT * FROM users ORDER BY id`),
      (db) => db.$queryRawUnsafe(`SELECT * FROM users WHERE id = ${bed.provider === 'sqlite' ? '?' : '$1'}`, 2),
      (db) => db.$queryRawUnsafe('SELECT count(*) FROM users'),
    ]
    for (const form of forms) {
      const expected = await form(plain)
      for (const status of ['miss', 'hit']) {
        const statement = form(prisma as unknown as typeof plain)
        const { data, info } = await prisma.$cache.withCacheInfo(prisma.$cache.raw({ reads: ['User'] }, statement))
        expect(said(info)).toBe(status)
        expect(data).toStrictEqual(expected)
      }
    }
  })

  it('keeps to its `ttl` and `tags`', async () => {
    const { prisma, clock } = spec.cached()
    const read = (ttl?: number) =>
      prisma.$cache.raw({ reads: ['User'], ttl, tags: ['names'] }, prisma.$queryRawUnsafe(names))
    await read()
    clock.advance(59_999)
    expect(await did(prisma, read())).toBe('hit')
    clock.advance(1)
    expect(await did(prisma, read(5))).toBe('miss')
    clock.advance(5_000)
    expect(await did(prisma, read(5))).toBe('miss')
    await prisma.$cache.invalidate({ tags: ['names'] })
    expect(await did(prisma, read())).toBe('miss')
  })

  it('is lazy: sent when it is awaited, never when it is not', async () => {
    const { prisma, sql } = spec.cached()
    prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(names))
    const awaited = prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(names))
    await Promise.resolve()
    expect(sql.count()).toBe(0)
    await awaited
    expect(sql.count()).toBe(1)
  })

  it('lends its declaration to nothing that runs after it', async () => {
    const { prisma } = spec.cached()
    const declared = () => prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(names))
    await declared()
    expect(await did(prisma, prisma.$queryRaw`SELECT count(*) FROM "Tag"`)).toBe('bypass: raw-undeclared')
    const { reads } = await prisma.$cache.collectCacheInfo(() =>
      declared().then(() => prisma.$queryRaw`SELECT count(*) FROM "Tag"`),
    )
    expect(reads.map(said)).toEqual(['hit', 'bypass: raw-undeclared'])
  })

  it('may be an element of a batch transaction', async () => {
    const { prisma } = spec.cached()
    const [rows, count] = await prisma.$transaction([
      prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe<unknown[]>(names)),
      prisma.user.count(),
    ])
    expect(rows).toHaveLength(3)
    expect(count).toBe(3)
  })

  it('matched by a rule with a `ttl` is cached, by a rule without one is not', async () => {
    const { prisma } = spec.cached({
      raw: [
        { match: 'FROM users', reads: ['User'], ttl: 10 },
        { match: /from\s+"tag"/gi, reads: ['Tag'] },
      ],
    })
    for (const status of ['miss', 'hit']) expect(await did(prisma, prisma.$queryRawUnsafe(names))).toBe(status)
    for (const _ of [1, 2]) {
      expect(await did(prisma, prisma.$queryRaw`SELECT name FROM "Tag"`)).toBe('bypass: raw-undeclared')
    }
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Ida' } })
    expect(await prisma.$queryRawUnsafe(names)).toMatchObject([{ full_name: 'Ida' }, {}, {}])
  })

  it('goes to the database when a model it reads is `false` or has fields that must not be cached', async () => {
    const { prisma } = spec.cached({ models: { Profile: false, User: { neverCache: ['email'] } } })
    expect(await did(prisma, prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawUnsafe(names)))).toBe(
      'bypass: never-cache-field',
    )
    expect(await did(prisma, prisma.$cache.raw({ reads: ['Profile'] }, prisma.$queryRaw`SELECT 1`))).toBe(
      'bypass: model-disabled',
    )
  })
})

describe('on PostgreSQL', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it('typed SQL is cached with declared models, and statements are told apart', async () => {
    const { prisma } = spec.cached()
    const half = typedSql<[n: number], { half: number }>('SELECT $1::int / 2 AS half')
    const third = typedSql<[n: number], { half: number }>('SELECT $1::int / 3 AS half')
    const read = (statement: ReturnType<typeof half>) =>
      prisma.$cache.withCacheInfo(prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRawTyped(statement)))
    const seen = []
    for (const statement of [half(84), half(84), half(10), third(84), half(84)]) {
      const { data, info } = await read(statement)
      seen.push([said(info), data[0]?.half])
    }
    expect(seen).toEqual([
      ['miss', 42],
      ['hit', 42],
      ['miss', 5],
      ['miss', 28],
      ['hit', 42],
    ])
    expect(await did(prisma, prisma.$queryRawTyped(half(2)))).toBe('bypass: raw-undeclared')
  })

  it('a view is read from the database as long as nothing says which tables it reads', async () => {
    const { prisma } = spec.cached()
    const undeclared = 'bypass: view-undeclared'
    expect(await did(prisma, prisma.authorStats.findMany())).toBe(undeclared)
    expect(await did(prisma, prisma.authorStats.findMany({ cache: true }))).toBe(undeclared)
    expect(await did(prisma, prisma.authorStats.count())).toBe(undeclared)
    const raw = () => prisma.$cache.raw({ reads: ['AuthorStats'] }, prisma.$queryRaw`SELECT * FROM "AuthorStats"`)
    expect(await did(prisma, raw())).toBe(undeclared)
  })

  it('a view with `dependsOn` is cached until one of those models is written', async () => {
    const { prisma, plain } = spec.cached({ models: { AuthorStats: { dependsOn: ['User', 'Post'] } } })
    const reads = [
      () => prisma.authorStats.findMany({ orderBy: { id: 'asc' } }),
      () => prisma.authorStats.findUnique({ where: { id: 2 } }),
      () => prisma.$cache.raw({ reads: ['AuthorStats'] }, prisma.$queryRaw`SELECT * FROM "AuthorStats" ORDER BY id`),
    ]
    for (const read of reads) expect([await did(prisma, read()), await did(prisma, read())]).toEqual(['miss', 'hit'])
    await prisma.tag.create({ data: { name: 'black' } })
    for (const read of reads) expect(await did(prisma, read())).toBe('hit')
    await prisma.post.create({ data: { title: 'four', authorId: 2 } })
    for (const read of reads) expect(await did(prisma, read())).toBe('miss')
    expect(await prisma.authorStats.findUnique({ where: { id: 2 } })).toEqual({ id: 2, posts: 2 })
    expect(await reads[0]!()).toEqual(await plain.authorStats.findMany({ orderBy: { id: 'asc' } }))
  })

  it('a relation is loaded as the call asks, and each way is an entry', async () => {
    const { prisma, plain } = spec.cached()
    const read = (relationLoadStrategy: 'join' | 'query') =>
      prisma.user.findMany({
        relationLoadStrategy,
        include: { posts: { include: { tags: true } } },
        orderBy: { id: 'asc' },
      })
    const expected = await plain.user.findMany({
      include: { posts: { include: { tags: true } } },
      orderBy: { id: 'asc' },
    })
    for (const status of ['miss', 'hit']) {
      for (const strategy of ['join', 'query'] as const) {
        const { data, info } = await prisma.$cache.withCacheInfo(read(strategy))
        expect(said(info)).toBe(status)
        expect(data).toStrictEqual(expected)
      }
    }
  })
})

interface Failure extends Error {
  readonly code?: string
  readonly meta?: unknown
}

async function failure(promise: PromiseLike<unknown>): Promise<Failure> {
  return promise.then(
    () => expect.fail('this should have been refused'),
    (error: Failure) => error,
  )
}

/** Prisma's message without the lines that show the caller's own source. */
function afterCallSite(error: Error): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: Prisma colours its messages
  return error.message.replace(/[\s\S]*?invocation in\n.*\n[\s\S]*?→.*\n?/, '').replace(/\x1b\[\d+m/g, '')
}
