import { describe, expect, it, vi } from 'vitest'
import { type CacheControl, type CacheEvent, type CacheOptions, cacheExtension, memoryStore } from '../../src/index.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { did, useSpec } from './support.ts'

/** Every hit is verified, and a difference is looked at again at once. */
const verify = { sample: 1, afterMs: 1 }
/** Longer than any test: what waits for its moment stays waiting. */
const LONG = 600_000

type Cached = { readonly prisma: { readonly $cache: CacheControl }; readonly events: readonly CacheEvent[] }

const verdicts = ({ events }: Cached) => events.filter((event) => event.type === 'verify')
const errors = ({ events }: Cached) => events.filter((event) => event.type === 'error')
const outcomes = (cached: Cached) => verdicts(cached).map(({ outcome }) => outcome)

/** The outcome of the one hit that was verified. */
function verdict(cached: Cached): Promise<string> {
  return eventually(async () => outcomes(cached)[0], 'the verification')
}

/** Makes the read a hit, and tells how it was verified. */
async function verified(cached: Cached, read: () => PromiseLike<unknown>, bypassing?: () => PromiseLike<unknown>) {
  await read()
  await cached.prisma.$cache.settled()
  await bypassing?.()
  expect(await did(cached.prisma, read())).toBe('hit')
  return verdict(cached)
}

describeCombinations('a verified hit', (bed) => {
  const spec = useSpec(bed)

  it('is fresh while the database says the same', async () => {
    const cached = spec.cached({ verify })
    const { prisma, clock, sql, prefix } = cached
    const read = () => prisma.user.findMany({ orderBy: { id: 'asc' } })
    await read()
    await prisma.$cache.settled()
    clock.advance(7000)
    sql.clear()
    expect(await did(prisma, read())).toBe('hit')
    await prisma.$cache.settled()
    expect(verdicts(cached)).toEqual([
      {
        type: 'verify',
        outcome: 'fresh',
        model: 'User',
        operation: 'findMany',
        key: expect.stringContaining(`${prefix}query:User:findMany:`),
        ageMs: 7000,
      },
    ])
    expect(sql.count()).toBe(1)
    const stats = prisma.$cache.stats()
    expect(stats).toMatchObject({ verified: { fresh: 1, late: 0, stale: 0 }, freshness: 1 })
    expect(stats.models['User']?.['findMany']).toMatchObject({ hit: 1, miss: 1, bypass: 0, error: 0 })
  })

  it('is stale when a writer bypassed the client, and the next read is right', async () => {
    const cached = spec.cached({ verify })
    const { prisma, plain, clock } = cached
    const read = () => prisma.user.findUnique({ where: { id: 1 } })
    await read()
    await prisma.$cache.settled()
    await plain.user.update({ where: { id: 1 }, data: { name: 'Bypassed' } })
    clock.advance(5000)
    const { data, info } = await prisma.$cache.withCacheInfo(read())
    expect(data?.name).toBe('Ada')
    expect(await verdict(cached)).toBe('stale')
    const key = info.status === 'hit' ? info.key : ''
    expect(verdicts(cached)).toMatchObject([{ model: 'User', operation: 'findUnique', key, ageMs: 5000 }])
    expect(await prisma.$cache.inspect(key)).toBeNull()
    expect((await read())?.name).toBe('Bypassed')
    expect(prisma.$cache.stats()).toMatchObject({ verified: { fresh: 0, late: 0, stale: 1 }, freshness: 0 })
    expect(errors(cached)).toEqual([])
  })

  it('is late, not stale, when a write was committed right after it', async () => {
    const prefix = `${bed.cache.prefix}late:`
    // Two processes; the store in memory is one they share.
    const shared = bed.store === 'memory' ? { store: memoryStore({ maxEntries: 500 }) } : {}
    const reader = spec.cached({ ...shared, prefix, verify: { sample: 1, afterMs: LONG } })
    const writer = spec.cached({ ...shared, prefix })
    const read = () => reader.prisma.tag.findMany()
    await read()
    await reader.prisma.$cache.settled()
    const gate = reader.sql.hold(/^SELECT/, { before: true })
    expect(await did(reader.prisma, read())).toBe('hit')
    await gate.held
    reader.clock.advance(300)
    // Past the cache: of a write through it SQLite's one connection would say that nothing was certainly committed.
    await writer.plain.tag.create({ data: { name: 'new' } })
    await writer.prisma.$cache.invalidate({ models: ['Tag'] })
    gate.open()
    expect(await verdict(reader)).toBe('late')
    expect(verdicts(reader)).toMatchObject([{ invalidatedWithinMs: 300 }])
    expect(reader.prisma.$cache.stats()).toMatchObject({ verified: { fresh: 0, late: 1, stale: 0 }, freshness: 1 })
  })

  it('is late when what differs is invalidated before the second look is over', async () => {
    const cached = spec.cached({ verify })
    const { prisma, plain, sql } = cached
    const read = () => prisma.tag.findMany()
    await read()
    await prisma.$cache.settled()
    await plain.tag.create({ data: { name: 'new' } })
    const [first, second] = [sql.hold(/^SELECT/, { before: true }), sql.hold(/^SELECT/, { before: true })]
    expect(await did(prisma, read())).toBe('hit')
    await first.held
    first.open()
    await second.held
    await prisma.$cache.invalidate({ models: ['Tag'] })
    second.open()
    expect(await verdict(cached)).toBe('late')
  })

  it('is fresh when the rows of an unordered list have changed places', async () => {
    const cached = spec.cached({ verify })
    const { prisma, plain } = cached
    const names = async () => (await plain.tag.findMany()).map(({ name }) => name)
    const before = await names()
    const move = () =>
      bed.provider === 'postgresql'
        ? plain.$executeRaw`UPDATE "Tag" SET color = color WHERE name = 'red'`
        : plain.$executeRaw`UPDATE "Tag" SET rowid = rowid + 100 WHERE name = 'red'`
    expect(await verified(cached, () => prisma.tag.findMany(), move)).toBe('fresh')
    expect(await names()).not.toEqual(before)
  })

  it('is stale when a Decimal, a Date, Bytes or a BigInt has another value, not another spelling', async () => {
    const { plain } = spec
    const where = { id: 1 }
    const select = { balance: true, createdAt: true, bytes: true, big: true } as const
    const change = async (data: object) => {
      const value = { balance: '12.5', createdAt: new Date(1000), bytes: new Uint8Array([1]), big: 2n ** 60n }
      await plain.user.update({ where, data: value })
      const cached = spec.cached({ verify })
      const write = () => plain.user.update({ where, data })
      return verified(cached, () => cached.prisma.user.findUnique({ where, select }), write)
    }
    expect(await change({ balance: '12.500', name: 'not selected' })).toBe('fresh')
    expect(await change({ balance: '12.51' })).toBe('stale')
    expect(await change({ createdAt: new Date(1001) })).toBe('stale')
    expect(await change({ bytes: new Uint8Array([2]) })).toBe('stale')
    expect(await change({ big: 2n ** 60n + 1n })).toBe('stale')
  })

  it('is stale when its row is gone, or one has come', async () => {
    const { plain } = spec
    const thrown = spec.cached({ verify })
    const gone = () => thrown.prisma.tag.findUniqueOrThrow({ where: { name: 'green' } })
    expect(await verified(thrown, gone, () => plain.tag.delete({ where: { name: 'green' } }))).toBe('stale')
    await expect(gone()).rejects.toMatchObject({ code: 'P2025' })

    const absent = spec.cached({ verify })
    const come = () => absent.prisma.tag.findUnique({ where: { name: 'come' } })
    expect(await verified(absent, come, () => plain.tag.create({ data: { name: 'come' } }))).toBe('stale')
    expect(await come()).toMatchObject({ name: 'come' })
  })

  it('of a count, an aggregate, a group or a raw query is as good as any', async () => {
    const { plain } = spec
    type Client = ReturnType<typeof spec.cached>['prisma']
    const reads: ((prisma: Client) => PromiseLike<unknown>)[] = [
      (prisma) => prisma.post.count(),
      (prisma) => prisma.post.aggregate({ _max: { id: true } }),
      (prisma) => prisma.post.groupBy({ by: ['authorId'], _count: true, orderBy: { authorId: 'asc' } }),
      (prisma) => prisma.$cache.raw({ reads: ['Post'] }, prisma.$queryRaw`SELECT id FROM "Post"`),
      (prisma) => prisma.user.findUnique({ where: { id: 3 } }).posts(),
    ]
    for (const [i, read] of reads.entries()) {
      const same = spec.cached({ verify })
      expect(await verified(same, () => read(same.prisma)), `read ${i}`).toBe('fresh')
      const cached = spec.cached({ verify })
      const write = () => plain.post.create({ data: { title: `by ${i}`, authorId: 3 } })
      expect(await verified(cached, () => read(cached.prisma), write), `read ${i}`).toBe('stale')
    }
  })

  it('tells of a database that fails in an event and nowhere else', async () => {
    const cached = spec.cached({ verify })
    const { prisma, sql } = cached
    const read = () => prisma.tag.findMany()
    await read()
    await prisma.$cache.settled()
    const gate = sql.hold(/^SELECT/)
    expect(await did(prisma, read())).toBe('hit')
    await gate.held
    gate.fail(new Error('the connection was lost'))
    await prisma.$cache.settled()
    expect(errors(cached)).toMatchObject([{ during: 'verify', model: 'Tag', operation: 'findMany' }])
    expect(verdicts(cached)).toEqual([])
    expect(prisma.$cache.stats()).toMatchObject({ freshness: null, totals: { error: 1, hit: 1 } })
    expect(await did(prisma, read())).toBe('hit')
    expect(await verdict(cached)).toBe('fresh')
  })

  it('keeps nobody waiting, and never are more under way than `maxInFlight`', async () => {
    const { prisma, sql } = spec.cached({ verify: { ...verify, maxInFlight: 3 } })
    const read = () => prisma.tag.findMany()
    await read()
    await prisma.$cache.settled()
    sql.clear()
    const gates = Array.from({ length: 100 }, () => sql.hold(/^SELECT/, { before: true }))
    const hits = await withTimeout(Promise.all(Array.from({ length: 100 }, read)), 'a hundred hits')
    expect(hits).toHaveLength(100)
    await Promise.all(gates.slice(0, 3).map(({ held }) => held))
    for (let i = 0; i < 100; i += 1) await read()
    expect(sql.count()).toBe(3)
    for (const gate of gates) gate.open()
    await prisma.$cache.settled()
    expect(sql.count()).toBe(3)
    expect(prisma.$cache.stats()).toMatchObject({ totals: { hit: 200, miss: 1 }, verified: { fresh: 3 } })
    await read()
    await prisma.$cache.settled()
    expect(prisma.$cache.stats().verified.fresh).toBe(4)
  })

  it.each<[string, CacheOptions['verify']]>([
    ['the option is absent', undefined],
    ['`sample` is 0', { sample: 0 }],
  ])('is none when %s', async (_, option) => {
    const cached = spec.cached({ verify: option })
    const { prisma, sql } = cached
    for (let i = 0; i < 20; i += 1) await prisma.tag.findMany()
    await prisma.$cache.settled()
    expect(sql.count()).toBe(1)
    expect(verdicts(cached)).toEqual([])
    expect(prisma.$cache.stats()).toMatchObject({ verified: { fresh: 0, late: 0, stale: 0 }, freshness: null })
  })

  it('was served fresh: neither a stale one nor a miss is verified', async () => {
    const cached = spec.cached({ verify })
    const { prisma, clock, sql } = cached
    const read = () => prisma.tag.findMany({ cache: { ttl: 10, swr: 100 } })
    await read()
    await prisma.$cache.settled()
    clock.advance(10_000)
    expect(await did(prisma, read())).toBe('stale')
    await prisma.$cache.settled()
    expect(sql.count()).toBe(2)
    expect(verdicts(cached)).toEqual([])
  })

  it('holds up neither `settled` nor `disconnect` while it waits for its moment', async () => {
    const cached = spec.cached({ verify: { sample: 1, afterMs: LONG } })
    const { prisma, plain, sql } = cached
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    await plain.tag.create({ data: { name: 'new' } })
    await prisma.tag.findMany()
    await withTimeout(prisma.$cache.settled(), 'settled')
    const asked = sql.count()
    await withTimeout(prisma.$cache.disconnect(), 'disconnect')
    expect(sql.count()).toBe(asked)
    expect([...verdicts(cached), ...errors(cached)]).toEqual([])
  })
})

describe('a verified hit on PostgreSQL', () => {
  const spec = useSpec(useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' }))

  it('is late when this client writes while the database is asked', async () => {
    const cached = spec.cached({ verify: { sample: 1, afterMs: LONG } })
    const { prisma, sql } = cached
    const read = () => prisma.tag.findMany()
    await read()
    await prisma.$cache.settled()
    const gate = sql.hold(/^SELECT/, { before: true })
    expect(await did(prisma, read())).toBe('hit')
    await gate.held
    await prisma.tag.create({ data: { name: 'new' } })
    gate.open()
    expect(await verdict(cached)).toBe('late')
  })

  it('is fresh when rows of every kind of value have changed places', async () => {
    const cached = spec.cached({ verify })
    const { prisma, plain } = cached
    const bytes = new Uint8Array([0, 255])
    await plain.user.updateMany({ data: { bytes, balance: '1.50', big: 2n ** 60n, meta: { b: 1, a: [2, 1] } } })
    const ask = { include: { posts: true } } as const
    const ids = async () => (await plain.user.findMany()).map(({ id }) => id)
    const before = await ids()
    const move = () => plain.$executeRaw`UPDATE users SET active = active WHERE id = 1`
    expect(await verified(cached, () => prisma.user.findMany(ask), move)).toBe('fresh')
    expect(await ids()).not.toEqual(before)
  })
})

describe('a verified hit on SQLite', () => {
  const spec = useSpec(useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' }))

  it('is not judged when a write of this client overlaps: what was read may be uncommitted', async () => {
    const cached = spec.cached({ verify })
    const { prisma, sql } = cached
    const read = () => prisma.tag.findMany()
    await read()
    const gate = sql.hold(/^SELECT/, { before: true })
    expect(await did(prisma, read())).toBe('hit')
    await gate.held
    await prisma.tag.create({ data: { name: 'new' } })
    gate.open()
    await prisma.$cache.settled()
    expect([...verdicts(cached), ...errors(cached)]).toEqual([])
  })

  it('leaves no timer behind a `disconnect`', async () => {
    const { prisma, plain } = spec.cached({ verify: { sample: 1, afterMs: LONG } })
    await prisma.tag.findMany()
    await plain.tag.create({ data: { name: 'new' } })
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      await prisma.tag.findMany()
      await prisma.$cache.settled()
      expect(vi.getTimerCount()).toBe(1)
      await prisma.$cache.disconnect()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})

describe('the option `verify`', () => {
  const FIX = 'Give an object with sample, afterMs, maxInFlight.'
  it.each<[unknown, string]>([
    [{ sample: 1.5 }, '`verify.sample`: got 1.5. Give a fraction from 0 to 1.'],
    [{ sample: '1%' }, '`verify.sample`: got "1%". Give a fraction from 0 to 1.'],
    [{}, `\`verify.sample\`: got undefined. ${FIX}`],
    [true, `\`verify\`: got true. ${FIX}`],
    [{ sample: 1, afterMs: 0 }, '`verify.afterMs`: got 0. Give a whole number of milliseconds from 1 to 600000.'],
    [
      { sample: 1, maxInFlight: 0 },
      '`verify.maxInFlight`: got 0. Give a whole number of verifications from 1 to 1000.',
    ],
    [{ sample: 1, after: 1 }, '`verify.after`: got "after". There is no such option; there are sample, afterMs'],
  ])('given %j is refused, and told how it should be', (option, problem) => {
    expect(() => cacheExtension({ verify: option as never })).toThrow(problem)
  })
})
