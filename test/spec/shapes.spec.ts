import { Redis } from 'ioredis'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import type { ClientOf } from '../support/clients.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type Ask, describePair, did, madeStaleBy, useSpec } from './support.ts'

/** Reads by the columns they compare and show; ada (1) has posts 1 and 2, bob (2) has post 3. */
const reads = {
  'titles of ada': (db) =>
    db.post.findMany({ where: { authorId: 1 }, select: { title: true }, orderBy: { title: 'asc' } }),
  'titles of bob': (db) =>
    db.post.findMany({ where: { authorId: 2 }, select: { title: true }, orderBy: { title: 'asc' } }),
  'titles of both': (db) =>
    db.post.findMany({ where: { authorId: { in: [1, 2] } }, select: { title: true }, orderBy: { title: 'asc' } }),
  'views of ada': (db) => db.post.aggregate({ where: { authorId: 1 }, _sum: { views: true } }),
  'posts of ada counted': (db) => db.post.count({ where: { authorId: 1 } }),
  'posts of bob counted': (db) => db.post.count({ where: { authorId: 2 } }),
  'posts by author': (db) => db.post.groupBy({ by: ['authorId'], _count: true, orderBy: { authorId: 'asc' } }),
  'title of post 1': (db) => db.post.findUnique({ where: { id: 1 }, select: { title: true } }),
  'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
  'post 3': (db) => db.post.findUnique({ where: { id: 3 } }),
  'post 99, not there': (db) => db.post.findUnique({ where: { id: 99 } }),
  'first title': (db) => db.post.findFirst({ orderBy: { id: 'asc' }, select: { id: true, title: true } }),
  'second title': (db) =>
    db.post.findMany({ orderBy: { id: 'asc' }, skip: 1, take: 1, select: { id: true, title: true } }),
  'titles after post 1': (db) =>
    db.post.findMany({
      cursor: { id: 1 },
      skip: 1,
      take: 1,
      orderBy: { id: 'asc' },
      select: { id: true, title: true },
    }),
  'authors, each once': (db) =>
    db.post.findMany({ distinct: ['authorId'], orderBy: { authorId: 'asc' }, select: { authorId: true } }),
  'ada with titles': (db) =>
    db.user.findUnique({
      where: { id: 1 },
      select: { id: true, name: true, posts: { select: { id: true, title: true }, orderBy: { id: 'asc' } } },
    }),
  'bob with titles': (db) =>
    db.user.findUnique({
      where: { email: 'bob@example.test' },
      select: { id: true, posts: { select: { id: true, title: true }, orderBy: { id: 'asc' } } },
    }),
  'posts of ada with her name': (db) =>
    db.post.findMany({
      where: { author: { id: 1 } },
      orderBy: { id: 'asc' },
      include: { author: { select: { name: true } } },
    }),
  'names of authors of hits': (db) =>
    db.user.findMany({
      where: { posts: { some: { published: true } } },
      select: { name: true },
      orderBy: { id: 'asc' },
    }),
  'tags of post 1': (db) =>
    db.post.findUnique({
      where: { id: 1 },
      select: { id: true, tags: { select: { name: true }, orderBy: { name: 'asc' } } },
    }),
} satisfies Record<string, Ask>
type Read = keyof typeof reads
const OF_ADA: Read[] = [
  'titles of ada',
  'titles of both',
  'views of ada',
  'posts of ada counted',
  'ada with titles',
  'posts of ada with her name',
]
const OF_BOB: Read[] = ['titles of bob', 'titles of both', 'posts of bob counted', 'bob with titles']
/** It depends on every row whose keys cannot be told. */
const ABSENT: Read = 'post 99, not there'
const AT_LARGE: Read[] = [
  'posts by author',
  'authors, each once',
  'first title',
  'second title',
  'titles after post 1',
  'names of authors of hits',
]

describePair('with shapes no other reads than these are asked anew, and each that changed is:', (bed) => {
  const spec = useSpec(bed)
  const writes: Record<string, { readonly write: Ask; readonly stale: readonly Read[] }> = {
    'a view counted: what reads the counter': {
      write: (db) => db.post.update({ where: { id: 1 }, data: { views: { increment: 1 } } }),
      stale: ['views of ada', 'post 1', 'posts of ada with her name'],
    },
    'views of all posts reset: the same, of any post': {
      write: (db) => db.post.updateMany({ data: { views: 7 } }),
      stale: ['views of ada', 'post 1', 'post 3', 'posts of ada with her name', ABSENT],
    },
    'a title of ada': {
      write: (db) => db.post.update({ where: { id: 2 }, data: { title: 'new' }, select: { views: true } }),
      stale: [
        'titles of ada',
        'titles of both',
        'ada with titles',
        'posts of ada with her name',
        'second title',
        'titles after post 1',
        ABSENT,
      ],
    },
    'titles of bob, by a bulk write that names him: no single row of anybody else': {
      write: (db) => db.post.updateMany({ where: { authorId: 2 }, data: { title: 'new' } }),
      stale: [
        'titles of bob',
        'titles of both',
        'bob with titles',
        'post 3',
        'title of post 1',
        'second title',
        'titles after post 1',
        'first title',
        ABSENT,
      ],
    },
    'a post of bob created: nothing of ada': {
      write: (db) => db.post.create({ data: { title: 'another', authorId: 2 } }),
      stale: [...OF_BOB, ...AT_LARGE],
    },
    'the same as part of bob: and who found nothing': {
      write: (db) => db.user.update({ where: { id: 2 }, data: { posts: { create: { title: 'another' } } } }),
      stale: [...OF_BOB, ...AT_LARGE, ABSENT],
    },
    'a post deleted': {
      write: (db) => db.post.delete({ where: { id: 3 } }),
      stale: [...OF_BOB, ...AT_LARGE, 'post 3'],
    },
    'a post moved to another author: both, and all whose values before are not known': {
      write: (db) => db.post.update({ where: { id: 3 }, data: { authorId: 1 } }),
      stale: [...OF_BOB, ...OF_ADA, ...AT_LARGE, 'post 3', ABSENT],
    },
    'a boolean, by what it can have been': {
      write: (db) => db.post.update({ where: { id: 1 }, data: { published: true } }),
      stale: ['names of authors of hits', 'post 1', 'posts of ada with her name'],
    },
    'the name of ada: where it is shown': {
      write: (db) => db.user.update({ where: { id: 1 }, data: { name: 'Countess' } }),
      stale: ['ada with titles', 'posts of ada with her name', 'names of authors of hits'],
    },
    'a link through a join table': {
      write: (db) => db.tag.update({ where: { name: 'green' }, data: { posts: { connect: { id: 1 } } } }),
      stale: ['tags of post 1'],
    },
  }

  it.each(Object.entries(writes))('%s', async (_, { write, stale }) => {
    const { prisma, plain } = spec.cached({ invalidation: 'shape' })
    // Twice, for the second entry of a query depends on what the first one told.
    for (const read of Object.values(reads)) await read(prisma as unknown as ClientOf<Provider>)
    await prisma.$cache.settled()
    const seen = await madeStaleBy({ prisma, plain }, reads, () => write(prisma as unknown as typeof plain))
    expect(seen.filter((name) => !stale.includes(name as Read))).toEqual([])
  })
})

describe('shapes in Redis', () => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let redis: Redis
  beforeEach(() => {
    redis ??= new Redis((bed.cache as { readonly redis: string }).redis)
  })
  afterAll(() => redis?.disconnect())
  const titles = (client: unknown) =>
    (client as ClientOf<Provider>).post.findMany({
      where: { authorId: 1 },
      select: { title: true },
      orderBy: { title: 'asc' },
    })

  async function two() {
    const reader = spec.cached({ invalidation: 'shape' })
    const writer = spec.cached({ invalidation: 'shape', prefix: reader.prefix })
    // It knows the registry from before any shape was in it.
    await writer.prisma.post.update({ where: { id: 3 }, data: { title: 'known' } })
    await titles(reader.prisma)
    await reader.prisma.$cache.settled()
    expect(await did(reader.prisma, titles(reader.prisma))).toBe('hit')
    const write = (title: string) => writer.prisma.post.update({ where: { id: 1 }, data: { title } })
    return { reader, writer, write }
  }

  it('are known to a process that has never seen them', async () => {
    const { reader, write } = await two()
    await write('new')
    expect(await did(reader.prisma, titles(reader.prisma))).toBe('miss')
    expect(await titles(reader.prisma)).toContainEqual({ title: 'new' })
  })

  it('are not missed by a process that finds no registry', async () => {
    const { reader, write } = await two()
    await redis.del(`${reader.prefix}shapes:{Post}`)
    await write('new')
    expect(await titles(reader.prisma)).toContainEqual({ title: 'new' })
  })

  it('are not missed when another shape made the registry anew', async () => {
    const { reader, write } = await two()
    await redis.del(`${reader.prefix}shapes:{Post}`)
    await reader.prisma.post.count({ where: { published: true } })
    await write('new')
    expect(await titles(reader.prisma)).toContainEqual({ title: 'new' })
  })

  /** Other shapes than those in use, later registered than they, so that the next one that comes pushes them all out. */
  const crowd = (prefix: string) =>
    redis.hset(`${prefix}shapes:{Post}`, {
      n: '2000',
      ...Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`x${i}/y`, `${900 + i}:1`])),
    })

  it('give way when there are too many, and their entries with them', async () => {
    const { reader, writer, write } = await two()
    const text = 'authorId/title'
    expect(await redis.hexists(`${reader.prefix}shapes:{Post}`, text)).toBe(1)
    await crowd(reader.prefix)
    await writer.prisma.post.count({ where: { published: true } })
    await writer.prisma.$cache.settled()
    expect(await redis.hexists(`${reader.prefix}shapes:{Post}`, text)).toBe(0)
    expect(await did(reader.prisma, titles(reader.prisma))).toBe('miss')
    await write('new')
    expect(await titles(reader.prisma)).toContainEqual({ title: 'new' })
  })

  it('that gave way are not depended on until they are registered again', async () => {
    const reader = spec.cached({ invalidation: 'shape', maxRowTags: 8 })
    const writer = spec.cached({ invalidation: 'shape', maxRowTags: 8, prefix: reader.prefix })
    const page = () =>
      reader.prisma.post.findMany({
        where: { authorId: 1 },
        select: { id: true, title: true },
        orderBy: { id: 'asc' },
        take: 5,
      })
    const read = async () => {
      await page()
      await reader.prisma.$cache.settled()
    }
    // Two rows are named one by one, five are too many.
    await read()
    await crowd(reader.prefix)
    await writer.prisma.post.count({ where: { published: true } })
    await writer.prisma.$cache.settled()
    await read()
    expect(await did(reader.prisma, page())).toBe('hit')
    await writer.prisma.post.createMany({ data: ['a', 'b', 'c'].map((title) => ({ title, authorId: 1 })) })
    await read()
    await writer.prisma.post.update({ where: { id: 1 }, data: { title: 'new' } })
    expect(await page()).toContainEqual({ id: 1, title: 'new' })
    await read()
    expect(await did(reader.prisma, page())).toBe('hit')
  })

  it('hold a text that means nothing without harm', async () => {
    const { reader, write } = await two()
    await redis.hset(`${reader.prefix}shapes:{Post}`, 'v', 'other', '__proto__', '1', 'a b/;', '1', '/', '2')
    await write('new')
    expect(await titles(reader.prisma)).toContainEqual({ title: 'new' })
  })
})

describePair('a caller who makes up which columns to filter by and to show', (bed) => {
  const spec = useSpec(bed)
  const options = { invalidation: 'shape' } as const
  const columns = ['id', 'title', 'published', 'views', 'authorId'] as const
  /** All ways to compare, to show or to leave out each column: 3⁵ shapes but a few. */
  const madeUp = Array.from({ length: 3 ** columns.length }, (_, n): Args => {
    const uses = columns.map((column, i) => [column, Math.floor(n / 3 ** i) % 3] as const)
    const select = Object.fromEntries(uses.filter(([, use]) => use === 1).map(([column]) => [column, true]))
    const where = Object.fromEntries(uses.filter(([, use]) => use === 2).map(([column]) => [column, VALUES[column]]))
    return { where, select: Object.keys(select).length > 0 ? select : { id: true }, orderBy: { id: 'asc' } }
  })

  it('pushes out no entry of anybody, and is answered rightly', async () => {
    const ordinary = spec.cached(options)
    const { prisma: stranger, plain } = spec.cached({ ...options, prefix: ordinary.prefix, clock: ordinary.clock.now })
    const all = Object.entries(reads) as [string, Ask][]
    for (const [, read] of all) await read(ordinary.prisma as never)
    for (const args of madeUp) await stranger.post.findMany(args)
    await stranger.$cache.settled()
    for (const [name, read] of all) expect(await did(ordinary.prisma, read(ordinary.prisma as never)), name).toBe('hit')
    // What is not told apart is cached, and invalidated, all the same.
    expect(await did(stranger, stranger.post.findMany(madeUp.at(-1)))).toBe('hit')
    await ordinary.prisma.post.update({ where: { id: 1 }, data: { title: 'changed', views: 5 } })
    for (const args of madeUp) expect(await stranger.post.findMany(args)).toEqual(await plain.post.findMany(args))
  })

  it('may go on after a while, a shape at a time; and is told of it', async () => {
    const { prisma, clock } = spec.cached(options)
    const precision = async (args: Args) => {
      const explained = await prisma.$cache.explain(prisma.post.findMany(args))
      return explained.status === 'cached' ? explained.dependencies.map((one) => one.because ?? one.precision) : []
    }
    for (const args of madeUp.slice(0, 150)) await precision(args)
    // A row by its key is told apart without a shape.
    const [one, , other] = madeUp.filter(({ where }) => !where?.id && !where?.title).slice(-3) as [Args, Args, Args]
    expect(await precision(one)).toEqual(['too-many-shapes'])
    expect(await precision(madeUp[0] as Args), 'what was admitted').toEqual(['shape'])
    clock.advance(600_000)
    expect(await precision(other)).toEqual(['shape'])
    expect(await precision(one)).toEqual(['too-many-shapes'])
    expect(await precision(other)).toEqual(['shape'])
  })
})

type Args = NonNullable<Parameters<ClientOf<Provider>['post']['findMany']>[0]>
const VALUES = { id: 1, title: 'one', published: false, views: 0, authorId: 1 }

describe('what is told about precision', () => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)

  it('explain says what a read depends on, and asks nobody', async () => {
    const { prisma, sql } = spec.cached({ invalidation: 'shape' })
    const explained = await prisma.$cache.explain(prisma.post.findMany({ where: { authorId: 1 } }))
    expect(explained).toMatchObject({
      status: 'cached',
      model: 'Post',
      dependencies: [
        { model: 'Post', precision: 'shape', fields: ['authorId'], hint: expect.stringContaining('select') },
      ],
    })
    expect(sql.statements).toEqual([])
    expect(await prisma.$cache.explain(prisma.post.findMany({ cache: false }))).toMatchObject({
      status: 'bypass',
      reason: 'call-disabled',
    })
  })

  it.each(['model', 'row'] as const)('explain says what the option costs: %s', async (invalidation) => {
    const { prisma } = spec.cached({ invalidation })
    expect(await prisma.$cache.explain(prisma.post.count())).toMatchObject({
      dependencies: [{ precision: 'model', because: 'option' }],
    })
  })

  it('explain says where there were too many tags', async () => {
    const { prisma } = spec.cached({ invalidation: 'shape', maxTags: 2 })
    expect(await prisma.$cache.explain(prisma.post.count({ where: { authorId: 1 } }))).toMatchObject({
      tags: ['Post'],
      dependencies: [{ precision: 'model', because: 'too-many-tags' }],
    })
  })

  it('explain refuses what is no read, and executes nothing', async () => {
    const { prisma, plain } = spec.cached()
    await expect(prisma.$cache.explain(prisma.user.deleteMany())).rejects.toThrow('not a read')
    await expect(prisma.$cache.explain(prisma.$executeRaw`DELETE FROM users`)).rejects.toThrow('not a read')
    await expect(prisma.$cache.explain(Promise.resolve(1))).rejects.toThrow('nothing was read')
    expect(await plain.user.count()).toBe(3)
  })

  it('why says which write invalidated an entry, and so does an event', async () => {
    const { prisma, events } = spec.cached({ invalidation: 'shape' })
    const read = () => prisma.post.findMany({ where: { authorId: 1 } })
    await read()
    await prisma.$cache.settled()
    await prisma.post.updateMany({ where: { authorId: 1 }, data: { views: 7 } })
    const { info } = await prisma.$cache.withCacheInfo(read())
    const key = (info as { readonly key: string }).key
    const by = { cause: 'write', model: 'Post', operation: 'updateMany', at: expect.any(Number) }
    expect(prisma.$cache.lastInvalidation(key)).toMatchObject({
      key,
      tags: [expect.stringMatching(/^Post\?authorId=1&/)],
      by,
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'entry-invalidated', key, by }))
    expect(prisma.$cache.lastInvalidation('nothing')).toBeNull()
  })

  it('a narrow select on a write returns what it always did', async () => {
    const { prisma } = spec.cached()
    await prisma.post.count({ where: { authorId: 1 } })
    expect(
      Object.keys(await prisma.post.update({ where: { id: 1 }, data: { views: 2 }, select: { views: true } })),
    ).toEqual(['views'])
    const made = await prisma.post.create({ data: { title: 'x', authorId: 1 }, select: { title: true, views: true } })
    expect(Object.keys(made)).toEqual(['title', 'views'])
  })

  it('a narrow select on a write that is refused shows in the error as it was written', async () => {
    const { prisma } = spec.cached()
    const refused = prisma.post.update({ where: { id: 1 }, data: { views: 'x' as never }, select: { views: true } })
    const { message } = await refused.then(
      () => expect.unreachable(),
      (error: Error) => error,
    )
    expect(message).toContain('views: true')
    expect(message).not.toContain('authorId')
  })
})
