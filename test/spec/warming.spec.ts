import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { expect, inject, it } from 'vitest'
import { CacheConfigError, type CacheEvent, type WarmerOptions } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { holds } from '../support/holds.ts'
import { type CachedClient, type Process, slowRead, statusOf, useProcesses } from './processes.ts'
import { describePair } from './support.ts'

const SECOND = 1000
const tags = (prisma: CachedClient) => prisma.tag.findMany({ orderBy: { name: 'asc' } })
const named = (prisma: CachedClient, name: string) => prisma.tag.findUnique({ where: { name } })
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

type WarmSaid = Extract<CacheEvent, { type: 'warm' }>
const said = ({ events }: Process) => events.filter((event): event is WarmSaid => event.type === 'warm')
const states = (process: Process) => said(process).map(({ state }) => state)

describePair('a warmer', (bed) => {
  const processes = useProcesses(bed)
  const start = (warmer: Partial<WarmerOptions>, more: object = {}, process: 0 | 1 = 0) =>
    processes.start(process, { warmers: [{ name: 'tags', run: tags, ...warmer }], ...more })
  const ended = (process: Process, times = 1) =>
    holds(() => expect(states(process).filter((state) => state === 'end' || state === 'error')).toHaveLength(times))
  const asked = ({ sql }: Process) => sql.count(/^SELECT .*Tag/)

  it('on startup has read before anybody asks; its reads are nobody’s hits or misses', async () => {
    const process = start({ on: 'startup' })
    await ended(process)
    await process.settled()
    expect(said(process)).toMatchObject([
      { state: 'start', cause: 'startup' },
      { state: 'progress', done: 1, total: 1 },
      { state: 'end', done: 1, queried: 1, fresh: 0, uncached: 0 },
    ])
    expect(process.prisma.$cache.stats()).toMatchObject({ hitRatio: null, totals: { miss: 0, fill: 1 } })
    expect(await statusOf(process.prisma, tags(process.prisma))).toBe('hit')
    expect(asked(process)).toBe(1)
  })

  it('that is not told when warms by hand alone, and leaves fresh what is fresh', async () => {
    const process = start({})
    const { prisma, settled } = process
    await new Promise((resolve) => setImmediate(resolve))
    expect(said(process)).toEqual([])
    expect(await prisma.$cache.warm('tags')).toMatchObject([{ name: 'tags', state: 'end', queried: 1, fresh: 0 }])
    await settled()
    expect(await prisma.$cache.warm()).toMatchObject([{ state: 'end', queried: 0, fresh: 1 }])
    expect(asked(process)).toBe(1)
  })

  it('on a schedule renews what would be over before the next time, and nothing else', async () => {
    const process = start({ every: 20 })
    const { prisma, clock, settled } = process
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(20 * SECOND - 1 - (clock.now() % (20 * SECOND)))
    const pass = async (ms = 20 * SECOND) => {
      clock.advance(ms)
      await settled()
      return said(process).at(-1)
    }
    // A minute's life, and twenty seconds between two looks.
    expect(await pass(1)).toMatchObject({ state: 'end', queried: 1 })
    expect(await pass()).toMatchObject({ state: 'end', queried: 0, fresh: 1 })
    expect(await pass()).toMatchObject({ state: 'end', queried: 1 })
    clock.advance(19 * SECOND)
    expect(await statusOf(prisma, tags(prisma))).toBe('hit')
  })

  it('is due at the moments its schedule names, however late it was, and never twice for one of them', async () => {
    const process = start({ every: 10 })
    const { clock, settled } = process
    await new Promise((resolve) => setImmediate(resolve))
    const goes = () => states(process).filter((state) => state === 'start').length
    clock.advance(10 * SECOND - (clock.now() % (10 * SECOND)) - 1)
    await settled()
    expect(goes()).toBe(0)
    clock.advance(1)
    await settled()
    expect(goes()).toBe(1)
    clock.advance(9999)
    await settled()
    expect(goes()).toBe(1)
    // Four moments while it is asked for the first: one go for them all.
    const slow = await slowRead(process.sql, async () => clock.advance(60 * SECOND), /^SELECT .*Tag/)
    clock.advance(30 * SECOND)
    await slow.finish()
    await settled()
    expect(goes()).toBe(3)
  })

  it('by cron is due when the expression says, in its time zone', async () => {
    const process = start({ cron: '30 6 * * *', timeZone: 'Asia/Kolkata' })
    const { clock, settled } = process
    await new Promise((resolve) => setImmediate(resolve))
    // 06:30 in India is 01:00 of the day in UTC.
    const day = 24 * 3600 * SECOND
    const toOne = (day + 3600 * SECOND - (clock.now() % day)) % day
    clock.advance(Math.max(0, toOne - 1))
    await settled()
    expect(states(process)).toEqual([])
    clock.advance(1)
    await settled()
    expect(states(process)).toEqual(['start', 'progress', 'end'])
  })

  it.each<[string, Partial<WarmerOptions>, (prisma: CachedClient) => Promise<unknown>]>([
    ['a model', { on: { models: ['Tag'] } }, (prisma) => prisma.tag.create({ data: { name: 'z' } })],
    [
      'a tag',
      { on: [{ tags: ['colours'] }] },
      (prisma) => prisma.$cache.invalidate({ tags: ['colours'], models: ['Tag'] }),
    ],
  ])(
    'on the invalidation of %s warms again, one that comes from another process too',
    async (_, warmer, invalidate) => {
      const process = start(warmer)
      const { prisma, settled, clock } = process
      await prisma.$cache.warm()
      await holds(async () => {
        await settled()
        expect(states(process).at(-1)).toBe('end')
      })
      // Redis tells; a store in the process is of this process.
      const writers = bed.store === 'redis' ? [prisma, processes.start(1).prisma] : [prisma]
      for (const [i, writer] of writers.entries()) {
        clock.advance(SECOND)
        const before = said(process).length
        await invalidate(writer).catch(() => prisma.$cache.invalidate({ models: ['Tag'] }))
        await holds(() =>
          expect(said(process).slice(before)).toMatchObject([
            { state: 'start', cause: 'change' },
            {},
            { state: 'end' },
          ]),
        )
        await settled()
        expect(await statusOf(prisma, tags(prisma)), `${i}`).toBe('hit')
      }
    },
  )

  it('is left alone by what it was not told of', async () => {
    const process = start({ on: { models: ['Tag'] } })
    await new Promise((resolve) => setImmediate(resolve))
    // The first write in a namespace that was never read changes all models.
    await process.prisma.user.findMany({ cache: { ttl: 60 } })
    await process.settled()
    await process.prisma.user.create({ data: { email: 'ada@example.test' } })
    await process.settled()
    expect(said(process)).toEqual([])
  })

  it('goes once a second after changes, with the last of them', async () => {
    const process = start({ on: { models: ['Tag'] } })
    const { prisma, clock, settled } = process
    await new Promise((resolve) => setImmediate(resolve))
    await settled()
    const goes = () => states(process).filter((state) => state === 'start').length
    for (const name of NAMES) {
      await prisma.tag.create({ data: { name } })
      await settled()
    }
    expect(goes()).toBe(1)
    clock.advance(SECOND)
    await settled()
    expect(goes()).toBe(2)
    expect(await statusOf(prisma, tags(prisma))).toBe('hit')
    expect(await tags(prisma)).toHaveLength(NAMES.length)
  })

  it('warms for each version of an application, for they have entries of their own', async () => {
    const first = start({ on: 'startup' }, { version: '1' })
    await ended(first)
    const second = start({ on: 'startup' }, { version: '2' }, 1)
    await ended(second)
    expect(await statusOf(second.prisma, tags(second.prisma))).toBe('hit')
  })

  it('is not kept from its turns by a process whose clock was ahead', async () => {
    if (bed.store === 'memory') return
    const warmer = { on: 'startup', every: 20 } as const
    const ahead = start(warmer)
    ahead.clock.advance(3600 * SECOND)
    await ended(ahead)
    ahead.clock.advance(20 * SECOND)
    await ended(ahead, 2)
    await ahead.prisma.$cache.disconnect()
    const process = start(warmer, {}, 1)
    await ended(process)
    process.clock.advance(20 * SECOND)
    await ended(process, 2)
    expect(states(process)).not.toContain('skipped')
  })

  it('that failed as a process started is not done: the next to start warms', async () => {
    const failing = start({ on: 'startup', run: () => Promise.reject(new Error('not now')) })
    await ended(failing)
    await failing.settled()
    expect(states(failing)).toEqual(['start', 'error'])
    const next = start({ on: 'startup' }, {}, 1)
    await ended(next)
    expect(states(next)).toEqual(['start', 'progress', 'end'])
  })

  it('that has lost its right to warm makes no further read', async () => {
    if (bed.store === 'memory') return
    const prefix = freshNamespace()
    let goOn = () => {}
    const lost = new Promise<void>((resolve) => (goOn = resolve))
    const process = start(
      {
        leaseMs: 4000,
        concurrency: 1,
        async *run(prisma: CachedClient) {
          yield named(prisma, 'a')
          await lost
          yield named(prisma, 'b')
        },
      },
      { prefix },
    )
    const warmed = process.prisma.$cache.warm()
    await holds(() => expect(states(process)).toEqual(['start', 'progress']))
    const redis = new Redis(inject('servers').redisUrl)
    const [lease] = await redis.keys(`${prefix}lease:*`)
    const monitor = await redis.duplicate().monitor()
    const renewed = new Promise<void>((resolve) => {
      monitor.on(
        'monitor',
        (_, args: readonly string[]) => args.some((arg) => arg === lease) && args[0] !== 'set' && resolve(),
      )
    })
    await redis.set(lease!, 'another', 'PX', 60_000)
    redis.disconnect()
    // It is renewed every quarter of its life. An answer to what is asked later comes later on the same connection.
    await renewed
    monitor.disconnect()
    await process.prisma.$cache.health()
    goOn()
    expect(await warmed).toMatchObject([
      {
        state: 'error',
        done: 1,
        error: expect.objectContaining({ message: expect.stringContaining('others may warm') }),
      },
    ])
    expect(asked(process)).toBe(1)
  })

  const shapes: Record<string, WarmerOptions['run']> = {
    'a list of promises': (prisma: CachedClient) => NAMES.map((name) => named(prisma, name)),
    'a promise of a list': async (prisma: CachedClient) => NAMES.map((name) => named(prisma, name)),
    'a list of functions': (prisma: CachedClient) => NAMES.map((name) => () => named(prisma, name)),
    *'a generator'(prisma: CachedClient) {
      for (const name of NAMES) yield named(prisma, name)
    },
    async *'an asynchronous generator'(prisma: CachedClient) {
      for (const name of NAMES) yield () => named(prisma, name)
    },
    'reads of its own': (prisma: CachedClient) => Promise.all(NAMES.map((name) => named(prisma, name))),
    'one after the other': async (prisma: CachedClient) => {
      for (const name of NAMES) await named(prisma, name)
    },
    'a list of promises begun': (prisma: CachedClient) => NAMES.map(async (name) => named(prisma, name)),
  }

  it.each(Object.entries(shapes))(
    'makes the reads of %s, no more than its limit, and no more at a time than told',
    async (_, run) => {
      const process = start({ run, limit: 5, concurrency: 2 })
      const { prisma, sql } = process
      const gate = sql.hold(/^SELECT .*Tag/)
      const warmed = prisma.$cache.warm()
      await gate.held
      await sleep(20)
      expect(sql.count(/^SELECT .*Tag/)).toBeLessThanOrEqual(2)
      gate.open()
      const [outcome] = await warmed
      expect(outcome).toMatchObject({ state: 'end', done: 5, total: 5, queried: 5 })
      await process.settled()
      const read = await Promise.all(NAMES.map((name) => statusOf(prisma, named(prisma, name))))
      expect(read.filter((status) => status === 'hit')).toHaveLength(5)
    },
  )

  it('tells how far it is, and what it found', async () => {
    const process = start({
      run: (prisma: CachedClient) => [
        named(prisma, 'a'),
        named(prisma, 'b'),
        prisma.tag.findUnique({ where: { name: 'c' }, cache: false }),
        prisma.$queryRaw`SELECT 1`,
      ],
      concurrency: 1,
    })
    await named(process.prisma, 'a')
    await process.settled()
    const [outcome] = await process.prisma.$cache.warm()
    expect(outcome).toMatchObject({ state: 'end', done: 4, total: 4, fresh: 1, queried: 1, uncached: 2 })
    const progress = said(process).filter(({ state }) => state === 'progress')
    expect(progress.map(({ done, total }) => [done, total])).toEqual([1, 2, 3, 4].map((done) => [done, 4]))
  })

  it('that fails tells so, makes the rest of its reads, and is set off again', async () => {
    let fails = true
    const process = start({
      run: (prisma: CachedClient) => [
        () => fails && Promise.reject(new Error('not now')),
        named(prisma, 'a'),
        named(prisma, 'b'),
      ],
    })
    const { prisma, settled } = process
    expect(await prisma.$cache.warm()).toMatchObject([{ state: 'error', done: 2, error: new Error('not now') }])
    await settled()
    expect(await statusOf(prisma, named(prisma, 'b'))).toBe('hit')
    fails = false
    expect(await prisma.$cache.warm()).toMatchObject([{ state: 'end' }])
    const broken = start({
      run: () => {
        throw new Error('broken')
      },
    })
    expect(await broken.prisma.$cache.warm()).toMatchObject([{ state: 'error', done: 0, error: new Error('broken') }])
  })

  it('never overlaps itself: who asks for it meanwhile gets the go that is under way', async () => {
    const process = start({})
    const { prisma, sql } = process
    const gate = sql.hold(/^SELECT .*Tag/)
    const first = prisma.$cache.warm()
    await gate.held
    const second = prisma.$cache.warm('tags')
    gate.open()
    expect(await first).toEqual(await second)
    expect(states(process)).toEqual(['start', 'progress', 'end'])
  })

  it('stops with the cache: what is under way ends, nothing more is read', async () => {
    const process = start({
      run: (prisma: CachedClient) => NAMES.map((name) => named(prisma, name)),
      concurrency: 1,
      every: 5,
    })
    const { prisma, sql, clock } = process
    const gate = sql.hold(/^SELECT .*Tag/)
    const warmed = prisma.$cache.warm()
    await gate.held
    const over = prisma.$cache.disconnect()
    gate.open()
    await over
    expect(await warmed).toMatchObject([{ state: 'skipped', reason: 'stopped' }])
    clock.advance(60 * SECOND)
    expect(asked(process)).toBe(1)
    expect(states(process).filter((state) => state === 'start')).toHaveLength(1)
  })

  it('stands in nobody’s way: others read meanwhile as always', async () => {
    const process = start({ concurrency: 1 })
    const { prisma, sql } = process
    const gate = sql.hold(/^SELECT .*Tag/)
    const warmed = prisma.$cache.warm()
    await gate.held
    expect(await statusOf(prisma, prisma.user.count())).toBe('miss')
    expect(await statusOf(prisma, prisma.user.count())).toBe('hit')
    gate.open()
    await warmed
    expect(prisma.$cache.stats().totals).toMatchObject({ hit: 1, miss: 1 })
  })

  it.each<[string, unknown, RegExp]>([
    ['no list', { name: 'a', run: tags }, /`warmers`.*Give a list/],
    ['no name', [{ run: tags }], /`warmers\.0\.name`/],
    [
      'a name twice',
      [
        { name: 'a', run: tags },
        { name: 'a', run: tags },
      ],
      /name of its own/,
    ],
    ['a query for a function', [{ name: 'a', run: Promise.resolve() }], /`warmers\.0\.run`.*function of the client/],
    ['another trigger', [{ name: 'a', run: tags, on: 'boot' }], /`warmers\.0\.on`.*"boot".*'startup'/],
    ['an empty trigger', [{ name: 'a', run: tags, on: { tags: [] } }], /Name a tag or a model/],
    ['an unknown model', [{ name: 'a', run: tags, on: { models: ['Tags'] } }], /`warmers\.0\.on\.models`.*"Tags"/],
    ['half a second', [{ name: 'a', run: tags, every: 0.5 }], /`warmers\.0\.every`.*1 second/],
    ['no cron', [{ name: 'a', run: tags, cron: 'daily at six' }], /`warmers\.0\.cron`.*"daily at six".*five fields/],
    ['no zone', [{ name: 'a', run: tags, cron: '0 6 * * *', timeZone: 'Mars' }], /`warmers\.0\.cron`.*"Mars"/],
    ['a zone without cron', [{ name: 'a', run: tags, timeZone: 'Europe/Berlin' }], /`timeZone` with `cron`/],
    ['no reads', [{ name: 'a', run: tags, limit: 0 }], /`warmers\.0\.limit`/],
    ['none at a time', [{ name: 'a', run: tags, concurrency: 0 }], /`warmers\.0\.concurrency`/],
    ['a misspelt option', [{ name: 'a', run: tags, evry: 5 }], /`warmers\.0\.evry`/],
  ])('is refused: %s', (_, warmers, message) => {
    const set = () => processes.start(0, { warmers: warmers as WarmerOptions[] })
    expect(set).toThrow(CacheConfigError)
    expect(set).toThrow(message)
  })

  it('that is not there cannot be asked for', async () => {
    await expect(start({}).prisma.$cache.warm('tag')).rejects.toThrow(/no warmer "tag".*There are tags/)
    await expect(processes.start().prisma.$cache.warm('tag')).rejects.toThrow(/no `warmers`/)
    expect(await processes.start().prisma.$cache.warm()).toEqual([])
  })
})
