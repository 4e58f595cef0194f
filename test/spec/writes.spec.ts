import { describe, expect, it } from 'vitest'
import { describeCombinations } from '../support/matrix.ts'
import { type Ask, describePair, did, madeStaleBy, useSpec } from './support.ts'

/** One read for each way a result can depend on a user, and some that depend on none. */
const reads = {
  'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
  'user 1 by e-mail': (db) => db.user.findUnique({ where: { email: 'ada@example.test' } }),
  'user 1 by findFirst': (db) => db.user.findFirst({ where: { id: 1, active: true } }),
  'user 2': (db) => db.user.findUnique({ where: { id: 2 } }),
  'user 3': (db) => db.user.findUnique({ where: { id: 3 } }),
  'user 4, not there': (db) => db.user.findUnique({ where: { id: 4 } }),
  'user by e-mail, not there': (db) => db.user.findUnique({ where: { email: 'new@example.test' } }),
  users: (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
  'users named Ada': (db) => db.user.findMany({ where: { name: 'Ada' } }),
  'users counted': (db) => db.user.count(),
  'balances summed': (db) => db.user.aggregate({ _sum: { balance: true } }),
  'roles grouped': (db) => db.user.groupBy({ by: ['role'], _count: true, orderBy: { role: 'asc' } }),
  'user 1 with posts': (db) => db.user.findUnique({ where: { id: 1 }, include: { posts: { orderBy: { id: 'asc' } } } }),
  'user 2 with manager': (db) => db.user.findUnique({ where: { id: 2 }, include: { manager: true } }),
  'user 2’s manager': (db) => db.user.findUnique({ where: { id: 2 } }).manager(),
  'posts with authors': (db) => db.post.findMany({ include: { author: true }, orderBy: { id: 'asc' } }),
  'posts of Ada': (db) => db.post.findMany({ where: { author: { is: { name: 'Ada' } } }, orderBy: { id: 'asc' } }),
  'posts by author': (db) => db.post.findMany({ orderBy: [{ author: { name: 'asc' } }, { id: 'asc' }] }),
  'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
  posts: (db) => db.post.findMany({ orderBy: { id: 'asc' } }),
  tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }),
} satisfies Record<string, Ask>
type Read = keyof typeof reads

/** Whatever looks at users at large. */
const AT_LARGE: Read[] = [
  'users',
  'users named Ada',
  'users counted',
  'balances summed',
  'roles grouped',
  'user 2 with manager',
  'user 2’s manager',
  'posts with authors',
  'posts of Ada',
  'posts by author',
]
const ROW_1: Read[] = ['user 1', 'user 1 by e-mail', 'user 1 by findFirst', 'user 1 with posts']
const ROW_2: Read[] = ['user 2']
const ROW_3: Read[] = ['user 3']
const ABSENT: Read[] = ['user 4, not there', 'user by e-mail, not there']
const ROWS: Read[] = [...ROW_1, ...ROW_2, ...ROW_3, ...ABSENT]
/** What the database itself does when a user is deleted reaches posts (SetNull) as well. */
const POSTS: Read[] = ['post 1', 'posts', 'user 1 with posts']

describePair('after a write, no other reads than these are asked anew, and each that changed is:', (bed) => {
  const spec = useSpec(bed)
  const data = { email: 'new@example.test' }

  const writes: Record<string, { write: Ask; stale: Read[] }> = {
    'create: what looks at users at large, and whoever missed this very row': {
      write: (db) => db.user.create({ data }),
      stale: [...AT_LARGE, ...ABSENT],
    },
    'create of another row: who missed a row still misses it': {
      write: (db) => db.user.create({ data: { id: 70, email: 'other@example.test' } }),
      stale: AT_LARGE,
    },
    'create that returns few columns: any row may be the new one': {
      write: (db) => db.user.create({ data, select: { name: true } }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'createMany: any row may be a new one': {
      write: (db) => db.user.createMany({ data: [data, { email: 'two@example.test' }] }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'createMany that gives every key: only those rows': {
      write: (db) =>
        db.user.createMany({
          data: [
            { id: 70, email: 'a@example.test' },
            { id: 71, email: 'b@example.test' },
          ],
        }),
      stale: AT_LARGE,
    },
    'createManyAndReturn: the rows it returns': {
      write: (db) => db.user.createManyAndReturn({ data: [data] }),
      stale: [...AT_LARGE, ...ABSENT],
    },
    'update by id: that row under each of its keys, no other row': {
      write: (db) => db.user.update({ where: { id: 1 }, data: { name: 'Ida' } }),
      stale: [...AT_LARGE, ...ROW_1],
    },
    'update by another key: the same': {
      write: (db) => db.user.update({ where: { email: 'ada@example.test' }, data: { balance: { increment: 1 } } }),
      stale: [...AT_LARGE, ...ROW_1],
    },
    'update that returns few columns: rows cannot be told apart': {
      write: (db) => db.user.update({ where: { id: 1 }, data: { name: 'Ida' }, select: { name: true } }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'update of a row nobody reads': {
      write: (db) => db.user.update({ where: { id: 3 }, data: { name: 'Cyd' } }),
      stale: [...AT_LARGE, ...ROW_3],
    },
    'update of a key whose old value is not known: all rows': {
      write: (db) => db.user.update({ where: { id: 1 }, data }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'update of a key whose old value is in `where`: the row that left it and the one that took it': {
      write: (db) => db.user.update({ where: { id: 1, email: 'ada@example.test' }, data }),
      stale: [...AT_LARGE, ...ROW_1, 'user by e-mail, not there'],
    },
    'updateMany: all rows': {
      write: (db) => db.user.updateMany({ where: { role: 'USER' }, data: { active: false } }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'updateMany without a condition': {
      write: (db) => db.user.updateMany({ data: { ratio: 2 } }),
      stale: [...AT_LARGE, ...ROWS],
    },
    'updateManyAndReturn: the rows it returns': {
      write: (db) => db.user.updateManyAndReturn({ where: { name: 'Ada' }, data: { active: false } }),
      stale: [...AT_LARGE, ...ROW_1],
    },
    'upsert that creates': {
      write: (db) => db.user.upsert({ where: { email: data.email }, create: data, update: { name: 'x' } }),
      stale: [...AT_LARGE, ...ABSENT],
    },
    'upsert that updates': {
      write: (db) => db.user.upsert({ where: { email: 'bob@example.test' }, create: data, update: { name: 'x' } }),
      stale: [...AT_LARGE, ...ROW_2],
    },
    'delete: the row, and all the database deletes or empties with it': {
      write: (db) => db.user.delete({ where: { id: 3 } }),
      // Whose manager it was is set to null: any user, any post.
      stale: [...AT_LARGE, ...ROWS, ...POSTS],
    },
    'delete of a row others hang on': {
      write: (db) => db.user.delete({ where: { email: 'ada@example.test' } }),
      stale: [...AT_LARGE, ...ROWS, ...POSTS],
    },
    deleteMany: {
      write: (db) => db.user.deleteMany({ where: { id: { gt: 1 } } }),
      stale: [...AT_LARGE, ...ROWS, ...POSTS],
    },
    'a write to another model: what reaches that model': {
      write: (db) => db.post.update({ where: { id: 2 }, data: { title: '2' } }),
      stale: ['user 1 with posts', 'posts with authors', 'posts of Ada', 'posts by author', 'post 1', 'posts'],
    },
    'a write to another row of another model whose keys are known': {
      write: (db) => db.post.update({ where: { id: 2 }, data: { views: 5 } }),
      stale: ['user 1 with posts', 'posts with authors', 'posts of Ada', 'posts by author', 'posts'],
    },
    'a write to a model none of them reaches: nothing': {
      write: (db) => db.product.update({ where: { id: 1 }, data: { stock: 0 } }),
      stale: [],
    },
    'a write by the fluent API: as without it': {
      write: (db) => db.user.update({ where: { email: 'bob@example.test' }, data: { name: 'Rob' } }).manager(),
      stale: [...AT_LARGE, ...ROWS],
    },
  }

  it.each(Object.entries(writes))('%s', async (_, { write, stale }) => {
    const { prisma, plain } = spec.cached()
    const seen = await madeStaleBy({ prisma, plain }, reads, () => write(prisma as unknown as typeof plain))
    expect(seen.filter((name) => !stale.includes(name as Read))).toEqual([])
  })
})

describeCombinations('a write', (bed) => {
  const spec = useSpec(bed)
  const user =
    (id: number): Ask =>
    (db) =>
      db.user.findUnique({ where: { id } })

  it('is visible to the next read, whatever its kind', async () => {
    const { prisma, plain } = spec.cached()
    const all = () => prisma.tag.findMany({ orderBy: { name: 'asc' } })
    const writes: (() => PromiseLike<unknown>)[] = [
      () => prisma.tag.create({ data: { name: 'a' } }),
      () => prisma.tag.createMany({ data: [{ name: 'b' }] }),
      () => prisma.tag.createManyAndReturn({ data: [{ name: 'c' }] }),
      () => prisma.tag.update({ where: { name: 'a' }, data: { color: 'red' } }),
      () => prisma.tag.updateMany({ where: { name: 'b' }, data: { color: 'red' } }),
      () => prisma.tag.updateManyAndReturn({ where: { name: 'c' }, data: { color: 'red' } }),
      () => prisma.tag.upsert({ where: { name: 'd' }, create: { name: 'd' }, update: {} }),
      () => prisma.tag.upsert({ where: { name: 'd' }, create: { name: 'd' }, update: { color: 'red' } }),
      () => prisma.tag.delete({ where: { name: 'a' } }),
      () => prisma.tag.deleteMany({ where: { name: { in: ['b', 'c', 'd'] } } }),
    ]
    for (const write of writes) {
      await all()
      await write()
      expect(await all()).toEqual(await plain.tag.findMany({ orderBy: { name: 'asc' } }))
    }
  })

  it('that is null-cached before is found when it is created, moved to, and gone when it is deleted', async () => {
    const { prisma } = spec.cached()
    const find = () => prisma.tag.findUnique({ where: { name: 'new' } })
    expect(await find()).toBeNull()
    await prisma.tag.create({ data: { name: 'new' } })
    expect(await find()).not.toBeNull()
    await prisma.tag.delete({ where: { name: 'new' } })
    expect(await find()).toBeNull()
    await prisma.tag.update({ where: { name: 'red' }, data: { name: 'new' } })
    expect(await find()).not.toBeNull()
    await prisma.tag.updateMany({ where: { name: 'new' }, data: { name: 'old' } })
    expect(await find()).toBeNull()
  })

  it('that moves a unique value away and back leaves nothing of the time between', async () => {
    const { prisma } = spec.cached()
    const byEmail = (email: string) => prisma.user.findUnique({ where: { email } })
    const emails = ['ada@example.test', 'away@example.test'] as const
    for (const email of emails) await byEmail(email)
    for (const [from, to] of [emails, emails.toReversed(), emails] as [string, string][]) {
      await prisma.user.update({ where: { email: from }, data: { email: to } })
      expect(await byEmail(from)).toBeNull()
      expect(await byEmail(to)).toMatchObject({ id: 1 })
      expect(await prisma.user.findUnique({ where: { id: 1 } })).toMatchObject({ email: to })
    }
  })

  it('that hands a unique value from one row to another is seen under the value', async () => {
    const { prisma } = spec.cached()
    const owner = async () => (await prisma.user.findUnique({ where: { email: 'ada@example.test' } }))?.id
    expect(await owner()).toBe(1)
    await prisma.user.update({ where: { id: 1 }, data: { email: 'was-ada@example.test' } })
    await prisma.user.update({ where: { id: 2 }, data: { email: 'ada@example.test' } })
    expect(await owner()).toBe(2)
    expect(await prisma.user.findUnique({ where: { id: 2 } })).toMatchObject({ email: 'ada@example.test' })
  })

  it('finds its row by a key in other letters: e-mail addresses that differ in case are rows apart, and safe', async () => {
    const { prisma } = spec.cached()
    await prisma.user.create({ data: { email: 'ADA@example.test', name: 'Upper' } })
    const find = (email: string) => prisma.user.findUnique({ where: { email } })
    expect([(await find('ada@example.test'))?.name, (await find('ADA@example.test'))?.name]).toEqual(['Ada', 'Upper'])
    await prisma.user.update({ where: { email: 'ADA@example.test' }, data: { name: 'Changed' } })
    expect([(await find('ada@example.test'))?.name, (await find('ADA@example.test'))?.name]).toEqual(['Ada', 'Changed'])
  })

  it('by a compound key reaches that row and not its neighbours', async () => {
    const { prisma, plain } = spec.cached()
    await plain.orderLine.create({ data: { orderId: 'o1', productId: 2 } })
    const line =
      (productId: number): Ask =>
      (db) =>
        db.orderLine.findUnique({ where: { orderId_productId: { orderId: 'o1', productId } } })
    const where = { orderId_productId: { orderId: 'o1', productId: 1 } }
    const stale = await madeStaleBy({ prisma, plain }, { 'line 1': line(1), 'line 2': line(2) }, () =>
      prisma.orderLine.update({ where, data: { quantity: 6 } }),
    )
    expect(stale).toEqual(['line 1'])
  })

  it('to a key others refer to reaches them too: they follow by ON UPDATE CASCADE', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Record<string, Ask> = {
      'part 1': (db) => db.part.findUnique({ where: { id: 1 } }),
      'part 2': (db) => db.part.findUnique({ where: { id: 2 } }),
      'parts of bolt': (db) => db.part.findMany({ where: { productSku: 'bolt' } }),
      'product 1': (db) => db.product.findUnique({ where: { id: 1 } }),
      'product 2': (db) => db.product.findUnique({ where: { id: 2 } }),
    }
    const where = { id: 1, sku: 'bolt' }
    const other = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.product.update({ where, data: { stock: 1 } }),
    )
    expect(other).toEqual(['product 1'])
    const key = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.product.update({ where, data: { sku: 'screw' } }),
    )
    expect(key).toEqual(['part 1', 'part 2', 'parts of bolt', 'product 1'])
  })

  it('cascades as deep as the database does: user → order → line, user → comment, post → comment', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Record<string, Ask> = {
      profile: (db) => db.profile.findUnique({ where: { id: 1 } }),
      'profile by user': (db) => db.profile.findUnique({ where: { userId: 1 } }),
      order: (db) => db.order.findUnique({ where: { id: 'o1' } }),
      line: (db) => db.orderLine.findUnique({ where: { orderId_productId: { orderId: 'o1', productId: 1 } } }),
      'lines counted': (db) => db.orderLine.count(),
      'comment 1': (db) => db.comment.findUnique({ where: { id: 1 } }),
      'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
      'user 2': (db) => db.user.findUnique({ where: { id: 2 } }),
      'tag with posts': (db) => db.tag.findUnique({ where: { name: 'red' }, include: { posts: true } }),
      'posts of a tag counted': (db) =>
        db.tag.findMany({ select: { name: true, _count: true }, orderBy: { name: 'asc' } }),
      tag: (db) => db.tag.findUnique({ where: { name: 'red' } }),
      product: (db) => db.product.findUnique({ where: { id: 1 } }),
      part: (db) => db.part.findUnique({ where: { id: 1 } }),
    }
    const byUser = await madeStaleBy({ prisma, plain }, reads, () => prisma.user.delete({ where: { id: 1 } }))
    expect(byUser.filter((name) => ['tag', 'product', 'part'].includes(name))).toEqual([])
    const byPost = await madeStaleBy({ prisma, plain }, reads, () => prisma.post.delete({ where: { id: 1 } }))
    const mayChange = ['comment 1', 'post 1', 'tag with posts', 'posts of a tag counted']
    expect(byPost.filter((name) => !mayChange.includes(name))).toEqual([])
  })

  it('that the database refuses leaves the cache as it is', async () => {
    const { prisma, plain, events } = spec.cached()
    const refused: [string, Ask, string | undefined][] = [
      ['a value that is taken', (db) => db.user.create({ data: { email: 'ada@example.test' } }), 'P2002'],
      ['a row that is not there', (db) => db.user.update({ where: { id: 99 }, data: { name: 'x' } }), 'P2025'],
      ['a delete of nothing', (db) => db.user.delete({ where: { id: 99 } }), 'P2025'],
      ['a reference to nothing', (db) => db.post.create({ data: { title: 'x', authorId: 99 } }), 'P2003'],
      ['a delete that is restricted', (db) => db.product.delete({ where: { id: 1 } }), undefined],
      ['nonsense', (db) => db.user.update({ where: { id: 1 }, data: { nonsense: 1 } as object }), undefined],
    ]
    const reads: Record<string, Ask> = {
      'user 1': user(1),
      users: (db) => db.user.count(),
      posts: (db) => db.post.count(),
      'product 1': (db) => db.product.findUnique({ where: { id: 1 } }),
    }
    for (const [what, write, code] of refused) {
      const stale = await madeStaleBy({ prisma, plain }, reads, async () => {
        const error = await write(prisma as unknown as typeof plain).then(
          () => expect.fail(`${what} went through`),
          (error: { code?: string }) => error,
        )
        if (code !== undefined) expect(error).toMatchObject({ code })
      })
      expect(stale, what).toEqual([])
    }
    expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
  })

  it('whose outcome is not known is taken to have happened', async () => {
    const { prisma, plain, sql } = spec.cached()
    await prisma.tag.findMany()
    const gate = sql.hold(/^UPDATE .*Tag/)
    const write = prisma.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } }).then(
      () => expect.fail('the connection was lost'),
      () => 'lost',
    )
    await gate.held
    gate.fail(new Error('connection lost'))
    expect(await write).toBe('lost')
    const { data, info } = await prisma.$cache.withCacheInfo(prisma.tag.findMany())
    expect(info.status).toBe('miss')
    expect(data).toEqual(await plain.tag.findMany())
  })

  it('that changes many rows moves few tags', async () => {
    const { prisma, events } = spec.cached()
    const data = Array.from({ length: 500 }, (_, i) => ({ id: 1000 + i, email: `${i}@example.test` }))
    await prisma.user.createManyAndReturn({ data })
    await prisma.user.createMany({ data: data.map((row) => ({ id: row.id + 1000, email: `again-${row.email}` })) })
    await prisma.user.updateManyAndReturn({ data: { name: 'x' } })
    const moved = events.filter((event) => event.type === 'invalidate').map(({ tags }) => tags.length)
    expect(moved).toHaveLength(3)
    for (const count of moved) expect(count).toBeLessThan(200)
    expect(await prisma.user.findUnique({ where: { id: 1400 } })).toMatchObject({ name: 'x' })
  })

  it('of many rows reaches reads of each of them', async () => {
    const { prisma, plain } = spec.cached()
    const ids = Array.from({ length: 100 }, (_, i) => 1000 + i)
    await plain.user.createMany({ data: ids.map((id) => ({ id, email: `${id}@example.test` })) })
    for (const id of ids) await prisma.user.findUnique({ where: { id } })
    await prisma.user.updateManyAndReturn({ where: { id: { in: ids } }, data: { name: 'x' } })
    for (const id of ids) expect(await prisma.user.findUnique({ where: { id } })).toMatchObject({ name: 'x' })
  })

  it('names tags of the application’s own to invalidate', async () => {
    const { prisma } = spec.cached()
    const tagged = () => prisma.product.findMany({ cache: { tags: ['front page'] } })
    await tagged()
    await prisma.tag.create({ data: { name: 'x' } })
    expect(await did(prisma, tagged())).toBe('hit')
    await prisma.tag.create({ data: { name: 'y' }, cache: { invalidate: ['front page'] } })
    expect(await did(prisma, tagged())).toBe('miss')
  })

  it('invalidates before its caller goes on', async () => {
    const { prisma, events } = spec.cached()
    await prisma.tag.findMany()
    await prisma.tag.create({ data: { name: 'x' } }).then(() => {
      expect(events.at(-1)).toMatchObject({ type: 'invalidate', model: 'Tag', operation: 'create', delivered: true })
    })
  })

  it('answers as it would without a cache', async () => {
    const { prisma, plain } = spec.cached()
    const created = await prisma.user.create({
      data: { email: 'x@example.test' },
      include: { posts: true, _count: true },
    })
    expect(created).toStrictEqual(
      await plain.user.findUnique({ where: { id: 4 }, include: { posts: true, _count: true } }),
    )
    expect(await prisma.user.updateMany({ data: { active: false } })).toEqual({ count: 4 })
    expect(await prisma.user.update({ where: { id: 4 }, data: { managerId: 1 } }).manager()).toMatchObject({ id: 1 })
    expect(await prisma.user.delete({ where: { id: 4 }, select: { email: true } })).toStrictEqual(
      expect.objectContaining({ email: 'x@example.test' }),
    )
  })

  it('is never sent when it is not awaited', async () => {
    const { prisma, sql, events } = spec.cached()
    prisma.tag.create({ data: { name: 'never' } })
    await Promise.resolve()
    expect(sql.statements).toEqual([])
    expect(events).toEqual([])
  })

  describe('by the fluent API, which answers with a relation', () => {
    const relations: Record<string, [read: Ask, write: Ask]> = {
      'update, to another row of the same model': [
        user(2),
        (db) => db.user.update({ where: { email: 'bob@example.test' }, data: { name: 'Rob' } }).manager(),
      ],
      'delete, to one row': [
        (db) => db.comment.findUnique({ where: { id: 2 } }),
        (db) => db.comment.delete({ where: { id: 2 } }).post(),
      ],
      'create, to one row': [
        (db) => db.comment.findUnique({ where: { id: 3 } }),
        (db) => db.comment.create({ data: { text: 'new', postId: 1 } }).post(),
      ],
      'upsert, to one row': [
        (db) => db.comment.findUnique({ where: { id: 3 } }),
        (db) => db.comment.upsert({ where: { id: 77 }, create: { text: 'new', postId: 1 }, update: {} }).post(),
      ],
      'update, to many rows': [user(1), (db) => db.user.update({ where: { id: 1 }, data: { name: 'Ida' } }).posts()],
      'update, to none': [
        (db) => db.comment.findUnique({ where: { id: 2 } }),
        (db) => db.comment.update({ where: { id: 2 }, data: { text: 'changed' } }).author(),
      ],
    }
    it.each(Object.entries(relations))('%s', async (_, [read, write]) => {
      const { prisma, plain } = spec.cached()
      const stale = await madeStaleBy({ prisma, plain }, { row: read }, () => write(prisma as unknown as typeof plain))
      expect(stale).toEqual(['row'])
    })
  })

  describe('beside other extensions', () => {
    it('made by an extension during another write is seen, on whichever side of ours it stands', async () => {
      for (const place of ['before', 'after'] as const) {
        const ours = spec.extension()
        const writer = spec.plain.$extends(ours)
        const audit = {
          query: {
            post: {
              async update({ args, query }: { args: object; query: (args: object) => PromiseLike<unknown> }) {
                const result = await query(args)
                await writer.tag.upsert({ where: { name: 'audit' }, create: { name: 'audit' }, update: {} })
                return result
              },
            },
          },
        }
        const prisma = (
          place === 'before' ? spec.plain.$extends(audit as object).$extends(ours) : writer.$extends(audit as object)
        ) as typeof writer
        const tags = () => writer.tag.count()
        const before = await tags()
        await prisma.post.count()
        await prisma.post.update({ where: { id: 1 }, data: { views: 1 } })
        expect(await tags()).toBe(before + 1)
        expect(await did(prisma, prisma.post.count())).toBe('miss')
        await writer.tag.delete({ where: { name: 'audit' } })
      }
    })

    it('that went through before an extension failed is seen, whatever error it fails with', async () => {
      const { plain } = spec
      const prisma = plain.$extends(spec.extension()).$extends({
        query: {
          tag: {
            async create({ args, query }) {
              await query(args)
              return (await plain.user.update({ where: { id: 99 }, data: { name: 'x' } })) as never
            },
            async update({ args, query }) {
              await query(args)
              throw Object.assign(new Error('refused'), { name: 'PrismaClientValidationError' })
            },
          },
        },
      })
      await prisma.tag.findMany()
      await expect(prisma.tag.create({ data: { name: 'x' } })).rejects.toMatchObject({ code: 'P2025' })
      expect(await prisma.tag.findMany()).toHaveLength(4)
      await expect(prisma.tag.update({ where: { name: 'x' }, data: { color: 'red' } })).rejects.toThrow('refused')
      expect(await prisma.tag.findUnique({ where: { name: 'x' } })).toMatchObject({ color: 'red' })
      expect(await prisma.tag.findMany({ where: { color: 'red' } })).toHaveLength(1)
    })

    it('whose returned row an extension changes or hides is seen all the same', async () => {
      const prisma = spec.plain.$extends(spec.extension()).$extends({
        query: {
          user: {
            async update({ args, query }) {
              return { ...(await query(args)), id: 77, email: 'hidden' }
            },
            async delete({ args, query }) {
              await query(args)
              return {} as never
            },
          },
        },
      })
      for (const where of [{ id: 1 }, { email: 'ada@example.test' }] as { id: number }[]) {
        const reads = [{ id: 1 }, { email: 'ada@example.test' }] as { id: number }[]
        for (const read of reads) await prisma.user.findUnique({ where: read })
        const name = `changed by ${Object.keys(where)}`
        await prisma.user.update({ where, data: { name } })
        for (const read of reads) expect(await prisma.user.findUnique({ where: read })).toMatchObject({ name })
      }
      await prisma.user.delete({ where: { id: 3 } })
      expect(await prisma.user.findUnique({ where: { email: 'cyd@example.test' } })).toBeNull()
    })
  })
})
