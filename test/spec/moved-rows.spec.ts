import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CacheControl, cacheExtension } from '../../src/index.ts'
import type { ClientOf, OpenedClient } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { type Combination, describeCombinations, onMariadb, type TestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import type { SqlTap } from '../support/sql-tap.ts'

type Cached = ClientOf<Provider> & { readonly $cache: CacheControl }

/** Users 1 and 2; posts 1 and 2 are of user 1, and nobody has a post of user 2 yet. */
function useMovedRows(bed: TestBed) {
  let opened: OpenedClient
  let prisma: Cached
  beforeAll(async () => {
    opened = await bed.open()
    const extension = cacheExtension({
      ...bed.cache,
      prefix: freshNamespace(),
      defaults: { ttl: 60 },
      timeoutMs: 20_000,
    })
    prisma = opened.prisma.$extends(extension) as unknown as Cached
  })
  afterAll(() => prisma.$cache.disconnect())
  beforeEach(async () => {
    await bed.database.reset()
    await prisma.$cache.clear()
    const { user, post } = opened.prisma
    await user.createMany({ data: [1, 2].map((id) => ({ id, email: `${id}` })) })
    await post.createMany({ data: ['a', 'b'].map((title, i) => ({ id: i + 1, title, authorId: 1 })) })
  })
  const reads = {
    'posts of user 1': (db: ClientOf<Provider>) => db.post.findMany({ where: { authorId: 1 }, orderBy: { id: 'asc' } }),
    'posts of user 2': (db: ClientOf<Provider>) => db.post.findMany({ where: { authorId: 2 }, orderBy: { id: 'asc' } }),
    'post 1': (db: ClientOf<Provider>) => db.post.findUnique({ where: { id: 1 } }),
    'post 2': (db: ClientOf<Provider>) => db.post.findUnique({ where: { id: 2 } }),
  }
  return {
    get prisma() {
      return prisma
    },
    get sql(): SqlTap {
      return opened.sql
    },
    async readAll() {
      for (const read of Object.values(reads)) await read(prisma)
    },
    async expectNothingOld() {
      for (const [name, read] of Object.entries(reads))
        expect(await read(prisma), name).toEqual(await read(opened.prisma))
    },
  }
}

const whereOthersWrite: readonly Combination[] = [
  { provider: 'postgresql', generator: 'ts', store: 'memory' },
  ...onMariadb,
]

describeCombinations(
  'a row that moves between the statement that finds it and the one that writes it',
  (bed) => {
    const rows = useMovedRows(bed)

    /** Runs `between` when the write has found its row and not written it. */
    async function during(write: () => PromiseLike<unknown>, between: () => Promise<unknown>) {
      const gate = rows.sql.hold(/^SELECT[\s\S]*Post/)
      const written = Promise.resolve(write())
      await gate.held
      await between()
      await rows.readAll()
      gate.open()
      await written
      await rows.expectNothingOld()
    }
    const moveToUser2 = () => rows.prisma.post.update({ where: { id: 1 }, data: { authorId: 2 } })

    it('is invalidated where it is when it is deleted', async () => {
      await during(() => rows.prisma.post.delete({ where: { id: 1 }, include: { author: true } }), moveToUser2)
    })

    it('is invalidated where it is when its relation is cut', async () => {
      const cut = () =>
        rows.prisma.post.update({ where: { id: 1, authorId: 1 }, data: { author: { disconnect: true } } })
      await during(cut, moveToUser2)
    })

    it('and leaves its key to another, is not taken for that one', async () => {
      const where = { authorId_title: { authorId: 1, title: 'a' } }
      await during(
        () => rows.prisma.post.delete({ where, include: { author: true } }),
        async () => {
          await rows.prisma.post.update({ where: { id: 1 }, data: { title: 'c' } })
          await rows.prisma.post.update({ where: { id: 2 }, data: { title: 'a' } })
        },
      )
    })
  },
  whereOthersWrite,
)

describeCombinations(
  'a transaction under REPEATABLE READ',
  (bed) => {
    const rows = useMovedRows(bed)
    type Transaction = Pick<Cached, 'post'>

    /** Runs `write` in a transaction that still sees the rows as they were before post 1 was moved. */
    async function inOldSnapshot(write: (tx: Transaction) => PromiseLike<unknown>) {
      await rows.prisma.$transaction(
        async (tx) => {
          await tx.post.findMany()
          await rows.prisma.post.update({ where: { id: 1 }, data: { authorId: 2 } })
          await rows.readAll()
          expect(await tx.post.findUnique({ where: { id: 1 } })).toMatchObject({ authorId: 1 })
          await write(tx)
        },
        { isolationLevel: 'RepeatableRead' as never, timeout: 60_000, maxWait: 60_000 },
      )
      await rows.expectNothingOld()
    }

    describe('that writes a row it sees where it is no more', () => {
      it.each<[string, (tx: Transaction) => PromiseLike<unknown>]>([
        ['delete', (tx) => tx.post.delete({ where: { id: 1 } })],
        ['delete, by another key', (tx) => tx.post.delete({ where: { id: 1, title: 'a' } })],
        ['delete, with relations', (tx) => tx.post.delete({ where: { id: 1 }, include: { author: true } })],
        ['deleteMany', (tx) => tx.post.deleteMany({ where: { title: 'a' } })],
        ['update', (tx) => tx.post.update({ where: { id: 1 }, data: { views: 5 } })],
        ['update, of what held it', (tx) => tx.post.update({ where: { id: 1 }, data: { authorId: null } })],
        ['update, select', (tx) => tx.post.update({ where: { id: 1 }, data: { views: 5 }, select: { views: true } })],
        ['update, cutting it', (tx) => tx.post.update({ where: { id: 1 }, data: { author: { disconnect: true } } })],
        ['updateMany', (tx) => tx.post.updateMany({ where: { title: 'a' }, data: { views: 5 } })],
        [
          'upsert',
          (tx) => tx.post.upsert({ where: { id: 1 }, create: { title: 'x' }, update: { authorId: null, views: 5 } }),
        ],
      ])('invalidates it where it is: %s', (_, write) => inOldSnapshot(write))
    })
  },
  onMariadb,
)
