import { readFileSync } from 'node:fs'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { freshNamespace } from './fresh-namespace.ts'
import { manualClock } from './manual-clock.ts'
import { combinations, describeCombinations, onMariadb, type TestBed, useTestBed } from './matrix.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { typedSql } from './typed-sql.ts'
import { withTimeout } from './with-timeout.ts'

describeCombinations('a plain client', plainClient, [...combinations, ...onMariadb])

function plainClient(bed: TestBed): void {
  it('writes and reads', async () => {
    const { prisma, Prisma } = await bed.open()
    const created = await prisma.user.create({
      data: {
        email: 'ada@example.test',
        role: 'ADMIN',
        balance: new Prisma.Decimal('12.50'),
        big: 2n ** 53n,
        bytes: new Uint8Array([1, 2]),
        meta: { a: [1, null] },
        posts: { create: { title: 'one', tags: { create: { name: 'red' } } } },
      },
      include: { posts: { include: { tags: true } } },
    })
    expect(created).toMatchObject({ id: 1, role: 'ADMIN', big: 2n ** 53n, posts: [{ tags: [{ name: 'red' }] }] })
    expect(created.balance.toString()).toBe('12.5')
    expect(await prisma.user.count()).toBe(1)
  })

  it('is on a database of its own that can be emptied', async () => {
    const { prisma } = await bed.open()
    await prisma.product.create({ data: { sku: 'a', price: 1, parts: { create: { label: 'bolt' } } } })
    await prisma.order.create({
      data: {
        id: 'o1',
        customer: { create: { email: 'bob@example.test' } },
        lines: { create: { product: { connect: { sku: 'a' } } } },
      },
    })
    await bed.database.reset()
    expect(await bed.database.query('SELECT count(*) FROM "catalog products"')).toEqual([[expect.anything()]])
    expect(await prisma.user.count()).toBe(0)
    expect((await prisma.user.create({ data: { email: 'first@example.test' } })).id).toBe(1)
  })

  it('sees what others write to its database', async () => {
    const { prisma } = await bed.open()
    await bed.database.execute(`INSERT INTO "Tag" (name) VALUES ('foreign')`)
    expect(await prisma.tag.findUnique({ where: { name: 'foreign' } })).toEqual({ name: 'foreign', color: 'grey' })
  })

  it('has its statements counted', async () => {
    const { prisma, sql } = await bed.open()
    await prisma.$connect()
    sql.clear()
    await prisma.tag.findMany()
    expect(sql.statements).toEqual([expect.stringMatching(/^SELECT .*Tag/)])
    await prisma.$transaction(async (tx) => {
      await tx.tag.create({ data: { name: `${Math.random()}` } })
    })
    expect(sql.count('BEGIN')).toBe(1)
    expect(sql.count(/^INSERT/)).toBe(1)
    expect(sql.count((statement) => statement === 'COMMIT')).toBe(1)
    await expect(
      prisma.$transaction(async () => {
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(sql.count('ROLLBACK')).toBe(1)
    expect(sql.count('COMMIT')).toBe(1)
  })

  it('has the answer to a query held while others write', async () => {
    const { prisma, sql } = await bed.open()
    const { prisma: other } = await bed.open()
    await prisma.tag.create({ data: { name: 'held' } })
    const gate = sql.hold(/^SELECT .*Tag/)
    let answered = false
    const slow = prisma.tag.findUnique({ where: { name: 'held' } }).then((tag) => {
      answered = true
      return tag
    })
    expect(await withTimeout(gate.held, 'the query')).toMatch(/^SELECT/)
    await other.tag.update({ where: { name: 'held' }, data: { color: 'red' } })
    expect(await prisma.tag.findUnique({ where: { name: 'held' } })).toMatchObject({ color: 'red' })
    expect(answered).toBe(false)
    gate.open()
    expect(await slow).toMatchObject({ color: 'grey' })
  })

  it('has a query held before the database sees it', async () => {
    const { prisma, sql } = await bed.open()
    const { prisma: other } = await bed.open()
    await prisma.tag.create({ data: { name: 'before' } })
    const gate = sql.hold(/^SELECT .*Tag/, { before: true })
    const slow = prisma.tag.findUnique({ where: { name: 'before' } }).then((tag) => tag)
    await withTimeout(gate.held, 'the query')
    await other.tag.update({ where: { name: 'before' }, data: { color: 'red' } })
    gate.open()
    expect(await slow).toMatchObject({ color: 'red' })
  })

  it('can lose the answer to a COMMIT that the database has done', async () => {
    const { prisma, sql } = await bed.open()
    const { prisma: other } = await bed.open()
    const gate = sql.hold('COMMIT')
    const lost = prisma.$transaction((tx) => tx.tag.create({ data: { name: 'lost answer' } }))
    const outcome = expect(lost).rejects.toThrow()
    await withTimeout(gate.held, 'the commit')
    gate.fail(new Error('connection lost'))
    await outcome
    expect(await other.tag.count({ where: { name: 'lost answer' } })).toBe(1)
  })

  it('has nested transactions', async () => {
    const { prisma, sql } = await bed.open()
    type WithSavepoints = typeof prisma
    await prisma.$transaction(async (tx) => {
      await tx.tag.create({ data: { name: 'outer' } })
      await expect(
        (tx as WithSavepoints).$transaction(async (inner) => {
          await inner.tag.create({ data: { name: 'inner' } })
          throw new Error('back')
        }),
      ).rejects.toThrow('back')
    })
    expect(sql.count('ROLLBACK TO')).toBe(1)
    expect(await prisma.tag.findMany({ where: { name: { in: ['outer', 'inner'] } } })).toHaveLength(1)
  })
}

describe('PostgreSQL', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'memory' })

  it('has the models that only it has', async () => {
    const { prisma } = await bed.open()
    const sensor = await prisma.sensor.create({ data: { label: 'a', readings: [1.5], names: [], amounts: ['0.1'] } })
    expect(sensor).toMatchObject({ readings: [1.5], names: [] })
    await prisma.user.create({
      data: { email: 'author@example.test', posts: { create: [{ title: 'a' }, { title: 'b' }] } },
    })
    expect(await prisma.authorStats.findMany()).toEqual([{ id: 1, posts: 2 }])
  })

  it('runs typed SQL', async () => {
    const { prisma } = await bed.open()
    const half = typedSql<[n: number], { half: number }>('SELECT $1::int / 2 AS half')
    expect(await prisma.$queryRawTyped(half(84))).toEqual([{ half: 42 }])
  })
})

describe('a Redis server of a test', () => {
  let server: RedisServer
  let redis: Redis
  beforeAll(async () => {
    server = await startRedis({ args: ['--maxmemory', '8mb'] })
    redis = new Redis(server.url, { retryStrategy: () => 20, maxRetriesPerRequest: null })
    redis.on('error', () => {})
  })
  afterAll(async () => {
    redis.disconnect()
    await server.stop()
  })

  it('is started with the arguments asked for and away from the usual port', async () => {
    expect(await redis.config('GET', 'maxmemory')).toEqual(['maxmemory', `${8 << 20}`])
    expect(server.port).not.toBe(6379)
    expect(server.url).not.toBe(inject('servers').redisUrl)
  })

  it('is frozen and thawed', async () => {
    await redis.set('a', '1')
    server.pause()
    const answer = redis.get('a')
    await expect(withTimeout(answer, 'an answer', 100)).rejects.toThrow('longer than 100 ms')
    server.resume()
    expect(await withTimeout(answer, 'an answer')).toBe('1')
  })

  it('is killed and comes back empty on the same port', async () => {
    await redis.set('a', '1')
    await server.kill()
    const late = new Redis(server.url, { retryStrategy: () => null, lazyConnect: true })
    late.on('error', () => {})
    await expect(late.connect()).rejects.toThrow()
    await server.restart()
    expect(await withTimeout(redis.get('a'), 'an answer')).toBeNull()
    await redis.set('a', '2')
    await server.restart()
    expect(await withTimeout(redis.get('a'), 'an answer')).toBeNull()
  })

  it('says why it did not start', async () => {
    await expect(startRedis({ args: ['--no-such-option', 'x'] })).rejects.toThrow(/no-such-option/)
  })
})

describe('small helpers', () => {
  it('moves a clock by hand', () => {
    const clock = manualClock(1000)
    clock.advance(50)
    expect(clock.now()).toBe(1050)
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })

  it('gives each test its own namespace', () => {
    expect(freshNamespace()).not.toBe(freshNamespace())
  })

  it('passes a result on before the time is up', async () => {
    expect(await withTimeout(Promise.resolve(7), 'seven')).toBe(7)
  })
})

it('the lock file names no host', () => {
  expect(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')).not.toContain('"resolved"')
})
