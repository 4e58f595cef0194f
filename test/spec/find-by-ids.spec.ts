import { expect, it } from 'vitest'
import { CacheConfigError } from '../../src/index.ts'
import { describeCombinations } from '../support/matrix.ts'
import { did, useSpec } from './support.ts'

describeCombinations('findManyByIds', (bed) => {
  const spec = useSpec(bed)

  it('answers in the order of the ids, with null for what is not there, and twice what is asked for twice', async () => {
    const { prisma, plain } = spec.cached()
    const [ada, bob] = await plain.user.findMany({ orderBy: { id: 'asc' } })
    for (let round = 0; round < 2; round += 1) {
      const rows = await prisma.$cache.findManyByIds(prisma.user, [2, 99, 1, 2])
      expect(rows).toEqual([bob, null, ada, bob])
      expect(rows[0]).not.toBe(rows[3])
    }
    expect(await prisma.$cache.findManyByIds(prisma.user, [])).toEqual([])
  })

  it('asks the database once, for the missing ones alone', async () => {
    const { prisma, sql } = spec.cached()
    await prisma.$cache.findManyByIds(prisma.user, [1])
    await prisma.$cache.settled()
    sql.clear()
    await prisma.$cache.findManyByIds(prisma.user, [1, 2, 3])
    await prisma.$cache.settled()
    expect(sql.count(/^SELECT/)).toBe(1)
    await prisma.$cache.findManyByIds(prisma.user, [3, 1, 2])
    expect(sql.count(/^SELECT/)).toBe(1)
  })

  it('shares its entries with findUnique, and a write drops those of its rows', async () => {
    const { prisma, sql } = spec.cached()
    const args = { select: { id: true, name: true }, cache: { ttl: 30 } }
    await prisma.$cache.findManyByIds(prisma.user, [1, 2, 3], args)
    await prisma.$cache.settled()
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 1 }, ...args }))).toBe('hit')
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Ada L.' } })
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 2 }, ...args }))).toBe('hit')
    sql.clear()
    const rows = await prisma.$cache.findManyByIds(prisma.user, [1, 2, 3], args)
    expect(rows.map((row) => row?.name)).toEqual(['Ada L.', 'Bob', null])
    expect(sql.count(/^SELECT/)).toBe(1)
  })

  it('goes by other unique keys, compound ones too, and takes relations along', async () => {
    const { prisma, plain } = spec.cached()
    const emails = ['cyd@example.test', 'nobody@example.test', 'ada@example.test']
    const include = { posts: { orderBy: { id: 'asc' } }, profile: true } as const
    for (let round = 0; round < 2; round += 1) {
      const byEmail = await prisma.$cache.findManyByIds(prisma.user, emails, { by: 'email', include })
      expect(byEmail).toEqual(
        await Promise.all(emails.map((email) => plain.user.findUnique({ where: { email }, include }))),
      )
      expect(byEmail[2]?.posts).toHaveLength(2)
      const ids = [2, 1].map((productId) => ({ orderId: 'o1', productId }))
      const lines = await prisma.$cache.findManyByIds(prisma.orderLine, ids, { by: 'orderId_productId' })
      expect(lines).toEqual([null, expect.objectContaining({ quantity: 5 })])
    }
  })

  it('reads within a transaction what the transaction sees, and stores nothing', async () => {
    const { prisma } = spec.cached()
    await prisma.$cache.findManyByIds(prisma.user, [1, 2])
    const gone = new Error('not after all')
    await expect(
      prisma.$transaction(async (tx) => {
        await tx.user.update({ where: { id: 1 }, data: { name: 'within' } })
        const rows = await prisma.$cache.findManyByIds(tx.user, [1, 2])
        expect(rows.map((row) => row?.name)).toEqual(['within', 'Bob'])
        throw gone
      }),
    ).rejects.toBe(gone)
    const rows = await prisma.$cache.findManyByIds(prisma.user, [1, 2])
    expect(rows.map((row) => row?.name)).toEqual(['Ada', 'Bob'])
  })

  it('takes more ids than fit into one statement', async () => {
    const { prisma, sql } = spec.cached()
    const ids = Array.from({ length: 2_500 }, (_, i) => i + 1)
    const rows = await prisma.$cache.findManyByIds(prisma.tag, ids.map(String), { by: 'name' })
    expect(rows).toHaveLength(2_500)
    const asked = sql.count(/^SELECT/)
    await prisma.$cache.settled()
    await prisma.$cache.findManyByIds(prisma.tag, ids.map(String), { by: 'name' })
    expect(asked).toBeLessThanOrEqual(6)
  })

  it('fails as findUnique does, and stays usable', async () => {
    const { prisma, plain } = spec.cached()
    const wrong = { select: { nothing: true } } as never
    const failure = await plain.user.findUnique({ where: { id: 1 }, ...(wrong as object) }).catch((error) => error.name)
    await expect(prisma.$cache.findManyByIds(prisma.user, [1, 2], wrong)).rejects.toMatchObject({ name: failure })
    await expect(prisma.$cache.findManyByIds(prisma.user, [{}] as never)).rejects.toMatchObject({ name: failure })
    expect(await prisma.$cache.findManyByIds(prisma.user, [1])).toMatchObject([{ name: 'Ada' }])
  })

  it.each<[string, (db: ReturnType<typeof spec.cached>['prisma']) => Promise<unknown>, string]>([
    [
      'what is no model',
      (db) => db.$cache.findManyByIds({} as typeof db.user, [1]),
      'Invalid cache option `findManyByIds`: expected a model of the client, got an object with no keys. Give `prisma.user`',
    ],
    [
      'one id for a list',
      (db) => db.$cache.findManyByIds(db.user, 1 as never),
      'Invalid cache option `findManyByIds`: expected a list of ids, got 1. Give an array.',
    ],
    [
      'a column that is not unique',
      (db) => db.$cache.findManyByIds(db.user, ['Ada'], { by: 'name' }),
      'Invalid cache option `findManyByIds.by`: "name" is no unique key of User. Give one of `id`, `email`.',
    ],
    [
      'a model without an id',
      (db) => db.$cache.findManyByIds(db.orderLine, [1 as never]),
      'Invalid cache option `findManyByIds.by`: OrderLine has no unique `id`. Give one of `orderId_productId`',
    ],
    [
      'conditions',
      (db) => db.$cache.findManyByIds(db.user, [1], { where: { id: 1 } } as never),
      'Invalid cache option `findManyByIds.where`: it would say twice which rows are wanted.',
    ],
    [
      'a bad option',
      (db) => db.$cache.findManyByIds(db.user, [1], { cache: { ttl: -1 } }),
      'Invalid cache option `cache.ttl`',
    ],
  ])('refuses %s', async (_what, call, message) => {
    const { prisma } = spec.cached()
    const error = await call(prisma).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(CacheConfigError)
    expect((error as Error).message).toContain(message)
  })
})
