import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { eventually } from '../support/with-timeout.ts'
import { did, useSpec } from './support.ts'

const SECOND = 1000

describeCombinations('a cached result', (bed) => {
  const spec = useSpec(bed)

  it('is fresh for its `ttl`, to the millisecond, counted from when the database was asked', async () => {
    const { prisma, clock, sql } = spec.cached()
    const read = () => prisma.tag.findMany({ cache: { ttl: 10 } })
    const gate = sql.hold(/^SELECT .*Tag/)
    const slow = read().then((tags) => tags)
    await gate.held
    clock.advance(3 * SECOND)
    gate.open()
    await slow
    clock.advance(7 * SECOND - 1)
    const { info } = await prisma.$cache.withCacheInfo(read())
    expect(info).toMatchObject({ status: 'hit', ageMs: 10 * SECOND - 1 })
    clock.advance(1)
    expect(await did(prisma, read())).toBe('miss')
    expect(await did(prisma, read())).toBe('hit')
  })

  it('says why it was a miss', async () => {
    const { prisma, clock } = spec.cached()
    const cause = async (cache: object = {}) => {
      const { info } = await prisma.$cache.withCacheInfo(prisma.tag.count({ cache }))
      return info.status === 'miss' ? info.cause : info.status
    }
    expect(await cause()).toBe('absent')
    expect(await cause()).toBe('hit')
    await prisma.tag.create({ data: { name: 'x' } })
    expect(await cause()).toBe('invalidated')
    expect(await cause({ refresh: true })).toBe('refresh')
    clock.advance(30 * SECOND)
    expect(await cause({ ttl: 20 })).toBe('expired')
  })

  it('is as old to a caller as that caller allows, however long another had it stored', async () => {
    const { prisma, clock } = spec.cached()
    const read = (ttl: number) => prisma.tag.count({ cache: { ttl } })
    await read(100)
    clock.advance(10 * SECOND)
    expect(await did(prisma, read(11))).toBe('hit')
    expect(await did(prisma, read(10))).toBe('miss')
    // And no older than it was stored for.
    await read(5)
    clock.advance(9 * SECOND)
    expect(await did(prisma, read(100))).toBe('hit')
  })

  it('takes the shortest policy there is: call before operation before model before defaults', async () => {
    const { prisma, events } = spec.cached({
      defaults: { ttl: 40, jitter: 0 },
      models: { Tag: { ttl: 30, operations: { count: { ttl: 20 } } } },
    })
    await prisma.user.count()
    await prisma.tag.findMany()
    await prisma.tag.count()
    await prisma.tag.count({ where: { name: 'red' }, cache: { ttl: 10 } })
    await prisma.$cache.settled()
    expect(events.filter((event) => event.type === 'fill').map(({ ttlMs }) => ttlMs / SECOND)).toEqual([40, 30, 20, 10])
  })

  it('where a call asks and nothing is configured is kept for a minute', async () => {
    const { prisma, clock } = spec.cached({ defaults: { jitter: 0 } })
    const read = () => prisma.tag.count({ cache: true })
    await read()
    clock.advance(60 * SECOND - 1)
    expect(await did(prisma, read())).toBe('hit')
    clock.advance(1)
    expect(await did(prisma, read())).toBe('miss')
  })

  it('has its `ttl` shortened by up to `jitter`, never lengthened, each entry for itself', async () => {
    const { prisma, events } = spec.cached({ defaults: { ttl: 100, jitter: 0.3 } })
    for (let id = 0; id < 60; id += 1) await prisma.user.count({ where: { id } })
    await prisma.$cache.settled()
    const ttls = events.filter((event) => event.type === 'fill').map(({ ttlMs }) => ttlMs)
    expect(ttls).toHaveLength(60)
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(70 * SECOND)
    expect(Math.max(...ttls)).toBeLessThanOrEqual(100 * SECOND)
    expect(new Set(ttls).size).toBeGreaterThan(30)
    expect(Math.max(...ttls) - Math.min(...ttls)).toBeGreaterThan(10 * SECOND)
  })

  it('of a tenth by default', async () => {
    const { prisma, events } = spec.cached({ defaults: { ttl: 100 } })
    for (let id = 0; id < 30; id += 1) await prisma.user.count({ where: { id } })
    await prisma.$cache.settled()
    const ttls = events.filter((event) => event.type === 'fill').map(({ ttlMs }) => ttlMs)
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(90 * SECOND)
    expect(new Set(ttls).size).toBeGreaterThan(15)
  })

  describe('that is null', () => {
    const missing = { where: { id: 99 } }

    it('is kept for `nullTtl`, or `ttl` where that is shorter', async () => {
      const { prisma, clock } = spec.cached({
        defaults: { ttl: 100, nullTtl: 5, jitter: 0 },
        models: { Tag: { ttl: 3 } },
      })
      await prisma.user.findUnique(missing)
      await prisma.tag.findFirst({ where: { name: 'absent' } })
      clock.advance(3 * SECOND)
      expect(await did(prisma, prisma.tag.findFirst({ where: { name: 'absent' } }))).toBe('miss')
      clock.advance(2 * SECOND - 1)
      expect(await did(prisma, prisma.user.findUnique(missing))).toBe('hit')
      clock.advance(1)
      expect(await did(prisma, prisma.user.findUnique(missing))).toBe('miss')
    })

    it('is not kept with `nullTtl: 0`, while empty lists and zero are', async () => {
      const { prisma } = spec.cached({ defaults: { ttl: 60, nullTtl: 0 } })
      for (const _ of [1, 2]) {
        const { data, info } = await prisma.$cache.withCacheInfo(prisma.user.findUnique(missing))
        expect([data, info.status]).toEqual([null, 'miss'])
      }
      expect(await prisma.$cache.keys()).toEqual([])
      for (const status of ['miss', 'hit']) {
        expect(await did(prisma, prisma.user.findMany(missing))).toBe(status)
        expect(await did(prisma, prisma.user.count(missing))).toBe(status)
      }
    })

    it('is as old to a caller as its `nullTtl` allows', async () => {
      const { prisma, clock } = spec.cached()
      const read = (nullTtl: number) => prisma.user.findUnique({ ...missing, cache: { nullTtl } })
      await read(60)
      clock.advance(10 * SECOND)
      expect(await did(prisma, read(11))).toBe('hit')
      expect(await did(prisma, read(10))).toBe('miss')
    })
  })

  describe('with `adaptive`', () => {
    const models = { Tag: { ttl: 10, jitter: 0, adaptive: { min: 5, max: 40 } } }

    it('lives longer the more it is hit, and shorter when it is not, within the bounds', async () => {
      const { prisma, clock, events } = spec.cached({ models })
      const lives = async (hits: number) => {
        await prisma.tag.count()
        await prisma.$cache.settled()
        const fill = events.filter((event) => event.type === 'fill').at(-1)
        for (let i = 0; i < hits; i += 1) expect(await did(prisma, prisma.tag.count())).toBe('hit')
        clock.advance((fill?.ttlMs ?? 0) - 1)
        expect(await did(prisma, prisma.tag.count())).toBe('hit')
        clock.advance(1)
        return (fill?.ttlMs ?? 0) / SECOND
      }
      const seen: number[] = []
      for (const hits of [9, 9, 9, 0, 0, 0, 0, 0]) seen.push(await lives(hits))
      expect(seen).toEqual([10, 20, 40, 40, 20, 10, 5, 5])
    })

    it('is forgotten by a write all the same', async () => {
      const { prisma } = spec.cached({ models })
      await prisma.tag.count()
      await prisma.tag.create({ data: { name: 'more' } })
      expect(await did(prisma, prisma.tag.count())).toBe('miss')
    })
  })

  describe('with `earlyRefresh`', () => {
    /** A count whose query took two seconds and which is fresh for ten. */
    async function slowCount(earlyRefresh: number) {
      const cached = spec.cached({ models: { Tag: { ttl: 10, jitter: 0, earlyRefresh } } })
      const { prisma, clock, sql } = cached
      const read = () => prisma.tag.count()
      const gate = sql.hold(/^SELECT .*Tag/)
      const first = read().then((count) => count)
      await gate.held
      clock.advance(2 * SECOND)
      gate.open()
      await first
      await prisma.$cache.settled()
      sql.clear()
      return { ...cached, read }
    }

    it('is renewed behind a read that is served it, before it expires', async () => {
      const { prisma, plain, clock, sql, read } = await slowCount(100)
      await plain.tag.create({ data: { name: 'early' } })
      clock.advance(7 * SECOND)
      // One draw in two hundred says no.
      for (let i = 0; i < 5 && sql.count(/^SELECT/) === 0; i += 1) {
        expect(await did(prisma, read())).toBe('hit')
        await prisma.$cache.settled()
      }
      expect(sql.count(/^SELECT/)).toBe(1)
      clock.advance(5 * SECOND)
      const { data, info } = await prisma.$cache.withCacheInfo(read())
      expect([data, info]).toMatchObject([4, { status: 'hit', ageMs: 5 * SECOND }])
    })

    it('is not while its end is far, nor unless it is said', async () => {
      for (const [beta, ms] of [
        [0.001, 0],
        [0, 9 * SECOND],
      ] as const) {
        const { prisma, clock, sql, read } = await slowCount(beta)
        clock.advance(Math.max(0, ms - 2 * SECOND))
        for (let i = 0; i < 50; i += 1) expect(await did(prisma, read())).toBe('hit')
        await prisma.$cache.settled()
        expect(sql.count(/^SELECT/)).toBe(0)
      }
    })
  })

  describe('with `swr`', () => {
    const policy = { ttl: 10, swr: 20 }

    it('is served stale once expired, and renewed behind by one query however many ask', async () => {
      const { prisma, plain, clock, sql } = spec.cached()
      // Not `findUnique`: Prisma itself makes one statement of many.
      const read = () => prisma.tag.findFirst({ where: { name: 'red' }, cache: policy })
      await read()
      await plain.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
      clock.advance(10 * SECOND)
      sql.clear()
      const reads = await Promise.all([1, 2, 3, 4].map(() => prisma.$cache.withCacheInfo(read())))
      expect(reads.map(({ data, info }) => [data?.color, info.status])).toEqual(Array(4).fill(['grey', 'stale']))
      await prisma.$cache.settled()
      expect(sql.count(/^SELECT/)).toBe(1)
      const { data, info } = await prisma.$cache.withCacheInfo(read())
      expect([data?.color, info.status]).toEqual(['crimson', 'hit'])
    })

    it('is a miss when it is older than both together', async () => {
      const { prisma, clock } = spec.cached()
      const read = () => prisma.tag.count({ cache: policy })
      await read()
      clock.advance(30 * SECOND - 1)
      expect(await did(prisma, read())).toBe('stale')
      await prisma.$cache.settled()
      clock.advance(30 * SECOND)
      expect(await did(prisma, read())).toBe('miss')
    })

    it('is never served once it was invalidated, expired or not', async () => {
      const { prisma, clock } = spec.cached()
      const read = () => prisma.tag.count({ cache: policy })
      for (const ms of [0, 15 * SECOND]) {
        await read()
        clock.advance(ms)
        await prisma.tag.create({ data: { name: `after ${ms}` } })
        expect(await did(prisma, read())).toBe('miss')
      }
    })

    it('is not served stale to a caller who does not ask for it', async () => {
      const { prisma, clock } = spec.cached()
      await prisma.tag.count({ cache: policy })
      clock.advance(15 * SECOND)
      expect(await did(prisma, prisma.tag.count({ cache: { ttl: 10 } }))).toBe('miss')
    })

    it('whose renewal a write overtakes is not brought back by it', async () => {
      const { prisma, clock, sql } = spec.cached()
      const read = () => prisma.tag.findUnique({ where: { name: 'red' }, cache: policy })
      await read()
      clock.advance(15 * SECOND)
      const gate = sql.hold(/^SELECT .*Tag/)
      expect(await did(prisma, read())).toBe('stale')
      await gate.held
      await prisma.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
      gate.open()
      await prisma.$cache.settled()
      expect(await read()).toMatchObject({ color: 'crimson' })
    })

    it('whose renewal fails is served as before, and the failure is told', async () => {
      const { prisma, clock, sql, events } = spec.cached()
      const read = () => prisma.tag.count({ cache: policy })
      await read()
      clock.advance(15 * SECOND)
      const gate = sql.hold(/^SELECT/)
      expect(await read()).toBe(3)
      await gate.held
      gate.fail(new Error('connection lost'))
      await prisma.$cache.settled()
      expect(events).toContainEqual(expect.objectContaining({ type: 'error', during: 'refresh', model: 'Tag' }))
      expect(await did(prisma, read())).toBe('stale')
      await prisma.$cache.settled()
      expect(await did(prisma, read())).toBe('hit')
    })

    it('is renewed by the configuration of its model too', async () => {
      const { prisma, clock } = spec.cached({ models: { Tag: policy }, defaults: { jitter: 0 } })
      await prisma.tag.findMany()
      clock.advance(12 * SECOND)
      expect(await did(prisma, prisma.tag.findMany())).toBe('stale')
      await prisma.$cache.settled()
      expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
    })
  })
})

describe('in Redis', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let redis: Redis
  beforeAll(() => {
    redis = new Redis(inject('servers').redisUrl)
  })
  afterAll(() => redis.disconnect())

  it('an entry has the time the server may drop it at: `ttl` and `swr` together', async () => {
    const { prisma } = spec.cached()
    await prisma.tag.findMany({ cache: { ttl: 10, swr: 20 } })
    await prisma.$cache.settled()
    const [key] = await prisma.$cache.keys()
    const left = await redis.pttl(key!)
    expect(left).toBeGreaterThan(25 * SECOND)
    expect(left).toBeLessThanOrEqual(30 * SECOND)
  })

  it('a clock record outlives the entries stored under it, once it is looked up again', async () => {
    const { prisma, prefix } = spec.cached()
    await prisma.tag.findMany({ cache: { ttl: 10 * 24 * 3600 } })
    await prisma.$cache.settled()
    const [key] = await prisma.$cache.keys()
    await prisma.tag.findMany({ cache: { ttl: 10 * 24 * 3600 } })
    expect(await redis.pttl(`${prefix}clock:{Tag}`)).toBeGreaterThan(await redis.pttl(key!))
  })

  it('nothing is kept without an end', async () => {
    const { prisma, prefix } = spec.cached()
    await prisma.user.findMany({ include: { posts: true } })
    await prisma.user.update({ where: { id: 1 }, data: { name: 'x' } })
    await prisma.user.findUnique({ where: { id: 1 }, cache: { tags: ['mine'] } })
    await prisma.$cache.invalidate({ tags: ['mine', 'never read'], models: ['Order'] })
    await prisma.$cache.settled()
    const keys = await redis.keys(`${prefix}*`)
    expect(keys.length).toBeGreaterThan(4)
    for (const key of keys) expect(await redis.pttl(key), key).toBeGreaterThan(0)
  })

  it('the server drops an entry when its time is over, and the read is a miss', async () => {
    const { prisma } = spec.cached({ clock: Date.now })
    await prisma.tag.findMany({ cache: { ttl: 0.05 } })
    await prisma.$cache.settled()
    await eventually(async () => ((await prisma.$cache.keys()).length === 0 ? true : undefined), 'expiry')
    expect(await did(prisma, prisma.tag.findMany({ cache: { ttl: 0.05 } }))).toBe('miss')
  })
})
