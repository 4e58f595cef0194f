import { beforeEach, describe, expect, it, vi } from 'vitest'
import { type CacheEvent, cacheExtension } from '../../src/index.ts'
import { type ClientOf, openClient } from '../support/clients.ts'
import type { Database } from '../support/databases.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { withTimeout } from '../support/with-timeout.ts'
import { type CachedClient, slowRead, statusOf, useProcesses } from './processes.ts'

// One race at a time. races.long.spec.ts has them in great number.

/** Each makes Ada's name 'new', in every way a name can be written. */
const writes: Record<string, (prisma: CachedClient) => Promise<unknown>> = {
  update: async (prisma) => prisma.user.update({ where: { id: 1 }, data: { name: 'new' } }),
  'update by another unique key': async (prisma) =>
    prisma.user.update({ where: { email: 'ada@example.test' }, data: { name: 'new' } }),
  updateMany: async (prisma) => prisma.user.updateMany({ where: { name: 'old' }, data: { name: 'new' } }),
  updateManyAndReturn: async (prisma) =>
    prisma.user.updateManyAndReturn({ where: { name: 'old' }, data: { name: 'new' } }),
  upsert: async (prisma) =>
    prisma.user.upsert({ where: { id: 1 }, update: { name: 'new' }, create: { email: 'other@example.test' } }),
  'delete and create': async (prisma) => {
    await prisma.user.delete({ where: { id: 1 } })
    await prisma.user.create({
      data: { id: 1, email: 'ada@example.test', name: 'new', posts: { connect: { id: 1 } } },
    })
  },
  'an interactive transaction': (prisma) =>
    prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'in between' } })
      await tx.user.update({ where: { id: 1 }, data: { name: 'new' } })
    }),
  'a transaction in a transaction': (prisma) =>
    prisma.$transaction(async (tx) =>
      (tx as CachedClient).$transaction((inner) => inner.user.update({ where: { id: 1 }, data: { name: 'new' } })),
    ),
  'a batch': (prisma) =>
    prisma.$transaction([
      prisma.user.findUnique({ where: { id: 1 } }),
      prisma.user.update({ where: { id: 1 }, data: { name: 'in between' } }),
      prisma.user.update({ where: { id: 1 }, data: { name: 'new' } }),
    ]),
  $executeRaw: async (prisma) => prisma.$executeRaw`UPDATE users SET full_name = 'new' WHERE id = 1`,
  $executeRawUnsafe: async (prisma) => prisma.$executeRawUnsafe(`UPDATE "users" SET "full_name" = 'new' WHERE id = 1`),
  '$queryRaw that writes': async (prisma) =>
    prisma.$queryRaw`UPDATE users SET full_name = 'new' WHERE id = 1 RETURNING id`,
  'a nested update': async (prisma) =>
    prisma.post.update({ where: { id: 1 }, data: { author: { update: { name: 'new' } } } }),
  'a nested upsert two levels down': async (prisma) =>
    prisma.tag.update({
      where: { name: 'red' },
      data: {
        posts: {
          update: {
            where: { id: 1 },
            data: { author: { upsert: { update: { name: 'new' }, create: { email: 'x@example.test' } } } },
          },
        },
      },
    }),
}

/** Each shows Ada's name. */
const reads: Record<string, (prisma: CachedClient) => PromiseLike<unknown>> = {
  findUnique: (prisma) => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name),
  'findUnique by another key': (prisma) =>
    prisma.user.findUnique({ where: { email: 'ada@example.test' } }).then((row) => row?.name),
  findMany: (prisma) => prisma.user.findMany({ where: { active: true } }).then(([row]) => row?.name),
  'a relation': (prisma) =>
    prisma.post.findFirst({ where: { id: 1 }, include: { author: true } }).then((row) => row?.author?.name),
  'a filter on a relation': (prisma) =>
    prisma.post.count({ where: { author: { name: 'new' } } }).then((count) => (count === 1 ? 'new' : 'old')),
  groupBy: (prisma) => prisma.user.groupBy({ by: ['name'], _count: true }).then(([row]) => row?.name),
  'raw SQL': (prisma) =>
    prisma.$cache
      .raw({ reads: ['User'] }, prisma.$queryRaw<{ name: string }[]>`SELECT full_name AS name FROM users WHERE id = 1`)
      .then(([row]) => row?.name),
}

async function ada(plain: ClientOf<Provider>): Promise<void> {
  await plain.user.create({
    data: {
      email: 'ada@example.test',
      name: 'old',
      posts: { create: { title: 'one', tags: { create: { name: 'red' } } } },
    },
  })
}

describeCombinations('a slow read that overlaps a write', (bed) => {
  const { start, plain } = useProcesses(bed)
  beforeEach(() => ada(plain()))

  for (const [title, write] of Object.entries(writes)) {
    for (const writing of [0, 1] as const) {
      const whose = writing === 0 ? 'of the same client' : 'of another client'
      it(`stores nothing that outlives ${title} ${whose}`, async () => {
        const reader = start()
        const writer = writing === 0 ? reader : start(1)
        const slow: Record<string, Awaited<ReturnType<typeof slowRead>>> = {}
        for (const [kind, read] of Object.entries(reads)) {
          slow[kind] = await slowRead(reader.sql, () => read(reader.prisma), /^SELECT.*users/)
        }
        await write(writer.prisma)

        for (const [kind, read] of Object.entries(reads)) {
          expect(await read(reader.prisma), `${kind}, begun after the acknowledgement`).toBe('new')
        }
        for (const [kind, one] of Object.entries(slow)) {
          expect(await one.finish(), `${kind}, the slow read itself`).toBe('old')
        }
        await reader.settled()
        for (const [kind, read] of Object.entries(reads)) {
          expect(await read(reader.prisma), `${kind}, after the slow read was through`).toBe('new')
          expect(await read(writer.prisma), `${kind}, in the writer's process`).toBe('new')
        }
      })
    }
  }

  it('is not joined by a read begun after the acknowledgement', async () => {
    const { prisma, sql, settled } = start()
    const read = () => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name)
    const slow = await slowRead(sql, read)
    await prisma.user.update({ where: { id: 1 }, data: { name: 'new' } })
    sql.clear()
    expect(await withTimeout(read(), 'a read of its own')).toBe('new')
    expect(sql.count(/^SELECT/)).toBe(1)
    expect(await slow.finish()).toBe('old')
    await settled()
    expect(await read()).toBe('new')
  })

  it('is not joined by one that depends on what an earlier answer told', async () => {
    const { prisma, sql, settled } = start()
    const reads = {
      'a row and where it belongs': () => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name),
      'a page': () => prisma.user.findMany({ orderBy: { id: 'asc' }, take: 2 }).then(([row]) => row?.name),
      'rows of another': () =>
        prisma.post
          .findMany({ where: { title: 'one' }, select: { authorId: true, author: true } })
          .then(([row]) => row?.author?.name),
    }
    for (const [kind, read] of Object.entries(reads)) {
      for (const name of ['first', 'second']) {
        await read()
        await settled()
        await prisma.user.update({ where: { id: 1 }, data: { name } })
      }
      const slow = await slowRead(sql, read, /^SELECT.*users/)
      await prisma.user.update({ where: { id: 1 }, data: { name: 'third' } })
      expect(await withTimeout(read(), kind), kind).toBe('third')
      expect(await slow.finish(), kind).toBe('second')
      await settled()
      expect(await read(), kind).toBe('third')
    }
  })

  it('is not joined by a read that asks for a refresh', async () => {
    const { prisma, sql } = start()
    const slow = await slowRead(sql, () => prisma.user.findMany())
    await bed.database.execute(`UPDATE users SET full_name = 'new' WHERE id = 1`)
    const refreshed = prisma.user.findMany({ cache: { refresh: true } }).then((rows) => rows)
    expect(await withTimeout(refreshed, 'a read of its own')).toMatchObject([{ name: 'new' }])
    expect(await slow.finish()).toMatchObject([{ name: 'old' }])
  })

  it('shares its answer with equal reads that come later, each with a value of its own', async () => {
    const { prisma, sql, events } = start()
    const read = () => prisma.user.findMany().then((rows) => rows)
    const slow = await slowRead(sql, read)
    const later = Array.from({ length: 199 }, read)
    // When a miss begun after them has been answered, they have all come to the database's door.
    await prisma.tag.findMany()
    const [first, ...rest] = await Promise.all([slow.finish(), ...later])
    expect(sql.count(/^SELECT.*users/)).toBe(1)
    expect(events.filter((event) => event.type === 'miss' && event.coalesced)).toHaveLength(199)
    expect(rest).toEqual(rest.map(() => first))
    expect(new Set([first, ...rest]).size).toBe(200)
  })

  it('shares its answer with equal reads of the same tick', async () => {
    const { prisma, sql } = start()
    const all = await Promise.all(Array.from({ length: 200 }, () => prisma.user.findMany()))
    expect(all).toEqual(all.map(() => all[0]))
    expect(sql.count(/^SELECT/)).toBe(1)
  })

  it('keeps its error to itself', async () => {
    const { prisma, sql } = start()
    const read = () => prisma.user.findMany().then((rows) => rows.length)
    const gate = sql.hold(/^SELECT/)
    const all = Promise.allSettled([read(), read(), read()])
    await withTimeout(gate.held, 'the read')
    gate.fail(new Error('connection lost'))
    expect((await all).map(({ status }) => status).sort()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
  })

  it('stores nothing when a tag or a model is invalidated meanwhile', async () => {
    const { prisma, sql, settled } = start()
    const read = () => prisma.user.findMany({ cache: { tags: ['people'] } })
    for (const target of [{ tags: ['people'] }, { models: ['User'] }]) {
      const slow = await slowRead(sql, read)
      await bed.database.execute(`UPDATE users SET full_name = 'new' WHERE id = 1`)
      await prisma.$cache.invalidate(target)
      expect(await slow.finish()).toMatchObject([{ name: 'old' }])
      await settled()
      expect(await read()).toMatchObject([{ name: 'new' }])
      await bed.database.execute(`UPDATE users SET full_name = 'old' WHERE id = 1`)
      await prisma.$cache.invalidate(target)
    }
  })

  it('stores nothing when the cache is cleared meanwhile', async () => {
    const { prisma, sql, settled } = start()
    const read = () => prisma.user.findMany()
    const slow = await slowRead(sql, read)
    await bed.database.execute(`UPDATE users SET full_name = 'new' WHERE id = 1`)
    await prisma.$cache.clear()
    await slow.finish()
    await settled()
    expect(await read()).toMatchObject([{ name: 'new' }])
  })

  it('stores nothing when a write names its tag', async () => {
    const { prisma, sql, settled } = start()
    const read = () => prisma.user.count({ where: { name: 'old' }, cache: { tags: ['names'] } })
    const slow = await slowRead(sql, read)
    await bed.database.execute(`UPDATE users SET full_name = 'new' WHERE id = 1`)
    await prisma.tag.create({ data: { name: 'blue' }, cache: { invalidate: ['names'] } })
    expect(await slow.finish()).toBe(1)
    await settled()
    expect(await read()).toBe(0)
  })

  it('that renews an expired entry behind the scenes does not renew what was written meanwhile', async () => {
    const { prisma, sql, clock, settled, events } = start(0, { defaults: { ttl: 10, swr: 100, jitter: 0 } })
    const writer = start(1, { defaults: { ttl: 10, swr: 100, jitter: 0 } })
    const read = () => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name)
    await read()
    await settled()
    clock.advance(20_000)
    const renewal = sql.hold(/^SELECT/)
    expect(await read()).toBe('old')
    expect(events.at(-1)?.type).toBe('stale')
    await withTimeout(renewal.held, 'the renewal')
    await writer.prisma.user.update({ where: { id: 1 }, data: { name: 'new' } })
    expect(await read()).toBe('new')
    renewal.open()
    await settled()
    expect(await read()).toBe('new')
  })
})

describeCombinations('a write that comes late', (bed) => {
  const { start, plain } = useProcesses(bed)
  beforeEach(() => ada(plain()))
  const name = (prisma: CachedClient) => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name)

  it('is not acknowledged before its tags have moved', async () => {
    const { prisma, events } = start()
    await prisma.user.update({ where: { id: 1 }, data: { name: 'new' } })
    expect(events.at(-1)).toMatchObject({ type: 'invalidate', delivered: true })
  })

  it('does not move its tags before the database has it', async () => {
    for (const [title, write] of Object.entries(writes)) {
      if (/transaction|batch|delete/.test(title)) continue
      await bed.database.execute(`UPDATE users SET full_name = 'old' WHERE id = 1`)
      const { prisma, sql } = start(0)
      const reader = start(1)
      await prisma.$cache.clear()
      const statement = sql.hold(/^UPDATE/, { before: true })
      const writing = write(prisma)
      await withTimeout(statement.held, title)
      expect(await name(reader.prisma), title).toBe('old')
      await reader.settled()
      statement.open()
      await writing
      expect(await name(reader.prisma), title).toBe('new')
    }
  })

  it('lets reads between its statement and its commit store what they saw, and kills it at the commit', async () => {
    const { prisma, sql, settled } = start()
    const reader = start(1)
    const commit = sql.hold('COMMIT', { before: true })
    const transaction = prisma.$transaction((tx) => tx.user.update({ where: { id: 1 }, data: { name: 'new' } }))
    await withTimeout(commit.held, 'the commit')
    expect(await name(reader.prisma)).toBe('old')
    await reader.settled()
    expect(await name(reader.prisma)).toBe('old')
    commit.open()
    await transaction
    expect(await name(reader.prisma)).toBe('new')
    expect(await name(prisma)).toBe('new')
    await settled()
  })

  it('that is rolled back leaves what was true', async () => {
    const { prisma, sql, settled } = start()
    const reader = start(1)
    const rollback = sql.hold('ROLLBACK', { before: true })
    const transaction = prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
      throw new Error('back')
    })
    transaction.catch(() => {})
    await withTimeout(rollback.held, 'the rollback')
    expect(await name(reader.prisma)).toBe('old')
    rollback.open()
    await expect(transaction).rejects.toThrow('back')
    await Promise.all([settled(), reader.settled()])
    for (const one of [prisma, reader.prisma]) expect(await name(one)).toBe('old')
  })

  it('that is rolled back while a read is under way stores nothing of it', async () => {
    const { prisma, sql, settled } = start()
    const slow = await slowRead(sql, () => name(prisma))
    await expect(
      prisma.$transaction(async (tx) => {
        await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
        expect(await tx.user.findUnique({ where: { id: 1 } })).toMatchObject({ name: 'never' })
        throw new Error('back')
      }),
    ).rejects.toThrow('back')
    expect(await slow.finish()).toBe('old')
    await settled()
    expect(await name(prisma)).toBe('old')
  })

  it('whose commit was done and never heard of is taken for done', async () => {
    const { prisma, sql, settled } = start()
    const reader = start(1)
    expect(await name(reader.prisma)).toBe('old')
    await reader.settled()
    const commit = sql.hold('COMMIT')
    const lost = prisma.$transaction((tx) => tx.user.update({ where: { id: 1 }, data: { name: 'new' } }))
    lost.catch(() => {})
    await withTimeout(commit.held, 'the commit')
    commit.fail(new Error('connection lost'))
    await expect(lost).rejects.toThrow()
    expect(await name(reader.prisma)).toBe('new')
    await settled()
  })

  it('whose own answer was lost is taken for done', async () => {
    const { prisma, sql } = start()
    const reader = start(1)
    expect(await name(reader.prisma)).toBe('old')
    await reader.settled()
    const answer = sql.hold(/^UPDATE/)
    const lost = Promise.resolve(prisma.user.updateMany({ where: { id: 1 }, data: { name: 'new' } }))
    lost.catch(() => {})
    await withTimeout(answer.held, 'the update')
    answer.fail(new Error('connection lost'))
    await expect(lost).rejects.toThrow()
    expect(await name(reader.prisma)).toBe((await plain().user.findUnique({ where: { id: 1 } }))?.name)
  })

  it('that failed half-way in a transaction, which went on and committed, counts', async () => {
    const { prisma, settled } = start()
    expect(await name(prisma)).toBe('old')
    await settled()
    await prisma.$transaction(async (tx) => {
      // The user is updated before Prisma finds that there is no such post; only the caller can undo it, by throwing.
      const update = tx.user.update({
        where: { id: 1 },
        data: { name: 'new', posts: { update: { where: { id: 999 }, data: { title: 'none' } } } },
      })
      await expect(update).rejects.toMatchObject({ code: 'P2025' })
    })
    expect(await plain().user.findUnique({ where: { id: 1 } })).toMatchObject({ name: 'new' })
    expect(await name(prisma)).toBe('new')
  })

  it('beside others in parallel transactions moves its own tags at its own commit', async () => {
    const { prisma, sql, settled } = start()
    const reader = start(1)
    await plain().tag.create({ data: { name: 'blue' } })
    const tag = () => reader.prisma.tag.findUnique({ where: { name: 'blue' } }).then((row) => row?.color)
    expect([await name(reader.prisma), await tag()]).toEqual(['old', 'grey'])
    await reader.settled()
    if (bed.provider === 'sqlite') return settled()
    const commit = sql.hold('COMMIT', { before: true })
    const first = prisma.$transaction((tx) => tx.user.update({ where: { id: 1 }, data: { name: 'new' } }))
    await withTimeout(commit.held, 'the first commit')
    await prisma.$transaction((tx) => tx.tag.update({ where: { name: 'blue' }, data: { color: 'blue' } }))
    expect([await name(reader.prisma), await tag()]).toEqual(['old', 'blue'])
    commit.open()
    await first
    expect(await name(reader.prisma)).toBe('new')
  })
})

/**
 * better-sqlite3 has one connection for everybody: whoever reads while a transaction is open sees its uncommitted rows.
 * @prisma/adapter-libsql makes readers wait instead, so a thin wrapper takes that away from it.
 */
describe('a driver with one shared connection', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })

  async function open() {
    const events: CacheEvent[] = []
    const database: Database<'sqlite'> = {
      ...bed.database,
      adapter: () => sharingOneConnection(bed.database.adapter()),
    }
    const { prisma: plain, sql, close } = await openClient(database, 'ts')
    await bed.database.reset()
    await ada(plain as ClientOf<Provider>)
    const prisma = (plain as ClientOf<Provider>).$extends(
      cacheExtension({ ...bed.cache, prefix: freshNamespace(), defaults: { ttl: 60 } }),
    )
    prisma.$cache.on('*', (event) => events.push(event))
    const name = () => prisma.user.findUnique({ where: { id: 1 } }).then((row) => row?.name)
    return { prisma, plain: plain as ClientOf<Provider>, sql, events, name, close }
  }

  it('shows uncommitted rows, which are never stored: a rollback takes them back', async () => {
    const { prisma, events, name, close } = await open()
    await expect(
      prisma.$transaction(async (tx) => {
        await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
        expect(await name()).toBe('never')
        throw new Error('back')
      }),
    ).rejects.toThrow('back')
    expect(await name()).toBe('old')
    expect(events).toContainEqual(expect.objectContaining({ type: 'fill-skipped', reason: 'shared-connection' }))
    await close()
  })

  it.each(['one copy', 'two copies'])(
    'is known to two caches over one client, from %s of the package',
    async (copies) => {
      const { prisma, plain, close } = await open()
      if (copies === 'two copies') vi.resetModules()
      const { cacheExtension: itsExtension } = await import('../../src/index.ts')
      expect(itsExtension === cacheExtension).toBe(copies === 'one copy')
      const other = plain.$extends(itsExtension({ ...bed.cache, prefix: freshNamespace(), defaults: { ttl: 60 } }))
      const itsName = () => other.user.findUnique({ where: { id: 1 } }).then((row) => row?.name)
      await expect(
        prisma.$transaction(async (tx) => {
          await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
          expect(await itsName()).toBe('never')
          await other.$cache.settled()
          throw new Error('back')
        }),
      ).rejects.toThrow('back')
      expect(await itsName()).toBe('old')
      await close()
    },
  )

  it('has reads stored again once no transaction is open', async () => {
    const { prisma, name, close } = await open()
    await prisma.$transaction((tx) => tx.user.update({ where: { id: 1 }, data: { name: 'new' } }))
    expect(await name()).toBe('new')
    await prisma.$cache.settled()
    expect(await statusOf(prisma, prisma.user.findUnique({ where: { id: 1 } }))).toBe('hit')
    await close()
  })

  it('stores nothing of a read that was under way when a transaction began', async () => {
    const { prisma, sql, events, name, close } = await open()
    const slow = await slowRead(sql, name)
    await prisma.$transaction((tx) => tx.tag.create({ data: { name: 'blue' } }))
    await slow.finish()
    expect(events).toContainEqual(expect.objectContaining({ type: 'fill-skipped', reason: 'shared-connection' }))
    await close()
  })

  it('stores nothing of a read beside a nested write or a batch that is rolled back', async () => {
    const { prisma, sql, name, close } = await open()
    const attempts = [
      () =>
        prisma.user.update({
          where: { id: 1 },
          data: { name: 'never', posts: { update: { where: { id: 999 }, data: { title: 'none' } } } },
        }),
      () =>
        prisma.$transaction([
          prisma.user.update({ where: { id: 1 }, data: { name: 'never' } }),
          prisma.user.create({ data: { email: 'ada@example.test' } }),
        ]),
    ]
    for (const attempt of attempts) {
      await prisma.$cache.clear()
      const update = sql.hold(/^UPDATE/)
      const failing = Promise.resolve(attempt())
      failing.catch(() => {})
      await withTimeout(update.held, 'the update')
      expect(await name()).toBe('never')
      update.open()
      await expect(failing).rejects.toThrow()
      expect(await name()).toBe('old')
    }
    await close()
  })
})

function sharingOneConnection(factory: ReturnType<Database['adapter']>): ReturnType<Database['adapter']> {
  return {
    ...factory,
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const connection = await factory.connect()
      let open: { queryRaw: typeof connection.queryRaw; executeRaw: typeof connection.executeRaw } | undefined
      return {
        provider: connection.provider,
        adapterName: connection.adapterName,
        queryRaw: (query) => (open ?? connection).queryRaw(query),
        executeRaw: (query) => (open ?? connection).executeRaw(query),
        executeScript: (script) => connection.executeScript(script),
        dispose: () => connection.dispose(),
        async startTransaction(level) {
          const transaction = await connection.startTransaction(level)
          open = transaction
          const end = (how: 'commit' | 'rollback') => {
            const ending = transaction[how].bind(transaction)
            transaction[how] = async () => {
              open = undefined
              await ending()
            }
          }
          end('commit')
          end('rollback')
          return transaction
        },
      }
    },
  }
}
