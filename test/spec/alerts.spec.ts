import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Alert, type CacheEventOf, type CacheOptions, cacheExtension, memoryStore } from '../../src/index.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { useSpec } from './support.ts'

describeCombinations('alerts', (bed) => {
  const spec = useSpec(bed)

  it('say once that the hit rate fell, and once that it rose', async () => {
    const handed: (Alert & { readonly state: string })[] = []
    const { prisma, events, clock } = spec.cached({
      admission: 'always',
      alerts: { window: 100, minSamples: 10, lookUpMs: false, onAlert: (alert) => handed.push(alert) },
    })
    const alerts = () => events.filter((event): event is CacheEventOf<'alert'> => event.type === 'alert')
    const reads = async (from: number, to: number) => {
      for (let id = from; id < to; id += 1) await prisma.user.findUnique({ where: { id } })
    }
    await reads(0, 20)
    expect(alerts()).toEqual([])
    clock.advance(10_000)
    await reads(20, 30)
    const raised = { type: 'alert', alert: 'hit-rate', state: 'raised', value: 0, threshold: 0.7 }
    expect(alerts()).toEqual([raised])
    expect(prisma.$cache.stats().alerts).toEqual([{ alert: 'hit-rate', value: 0, threshold: 0.7 }])
    await prisma.$cache.settled()
    for (let i = 0; i < 5; i += 1) await reads(0, 30)
    clock.advance(10_000)
    await reads(0, 1)
    expect(alerts()).toEqual([raised, { ...raised, state: 'resolved', value: expect.closeTo(151 / 181) }])
    expect(prisma.$cache.stats().alerts).toEqual([])
    expect(handed.map(({ state }) => state)).toEqual(['raised', 'resolved'])
  })

  it('say that look-ups are slow', async () => {
    const { prisma, events, clock } = spec.cached({ alerts: { minSamples: 5, lookUpMs: 0.0001, hitRate: false } })
    for (let i = 0; i < 5; i += 1) await prisma.tag.count()
    clock.advance(30_000)
    await prisma.tag.count()
    expect(events.filter(({ type }) => type === 'alert')).toMatchObject([{ alert: 'look-up', state: 'raised' }])
  })

  it('are not there unless they are asked for', async () => {
    const { prisma, events, clock } = spec.cached()
    for (let id = 0; id < 200; id += 1) await prisma.user.findUnique({ where: { id } })
    clock.advance(1_000_000)
    await prisma.tag.count()
    expect(events.filter(({ type }) => type === 'alert')).toEqual([])
  })

  it('and health come of themselves, as often as asked', async () => {
    const { prisma } = spec.cached({ healthIntervalSeconds: 0.02 })
    const seen = await new Promise<CacheEventOf<'health'>[]>((resolve) => {
      const all: CacheEventOf<'health'>[] = []
      prisma.$cache.on('health', (event) => {
        all.push(event)
        if (all.length === 3) resolve(all)
      })
    })
    const health = { type: 'health', state: 'ok', latencyMs: expect.any(Number), undelivered: 0 }
    expect(seen).toEqual([health, health, health])
  })
})

describe('a store of one’s own that fails when it is asked for its servers', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)

  it('ends no process: health goes on being told, and the fault with it', async () => {
    const store: CacheOptions['store'] = (context) => ({
      ...memoryStore()(context),
      isRemote: true,
      servers: () => Promise.reject(new Error('no idea')),
    })
    const { prisma, events } = spec.cached({ store, alerts: true, healthIntervalSeconds: 0.02 })
    const told = (type: string) => events.filter((event) => event.type === type)
    await eventually(async () => told('health').length > 2 || undefined, 'the third health event')
    expect(told('error')[0]).toMatchObject({ during: 'connection', error: { message: 'no idea' } })
    expect(await prisma.$cache.info()).toMatchObject({ servers: [] })
  })
})

describe('alerts of a Redis', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let server: RedisServer
  beforeAll(async () => {
    server = await startRedis()
  })
  afterAll(() => server?.stop())
  const redis = (): CacheOptions => ({
    redis: server.url,
    timeoutMs: 2000,
    breaker: { quarantineMs: 0, resetMs: 20, failures: 1 },
  })

  it('say that it is nearly full, and that it is not any more', async () => {
    const admin = new Redis(server.url)
    const { prisma, events } = spec.cached({ ...redis(), alerts: true, healthIntervalSeconds: 0.02 })
    const memory = () => events.flatMap((event) => (event.type === 'alert' && event.alert === 'memory' ? [event] : []))
    const used = Number(/used_memory:(\d+)/.exec(await admin.info('memory'))?.[1])
    await admin.config('SET', 'maxmemory', String(Math.round(used * 1.05)))
    const raised = await eventually(async () => memory().at(0), 'the alert')
    expect(raised).toMatchObject({ state: 'raised', threshold: 0.9, server: `127.0.0.1:${server.port}` })
    expect(prisma.$cache.stats().alerts).toMatchObject([{ alert: 'memory' }])
    await admin.config('SET', 'maxmemory', '0')
    const resolved = await eventually(async () => memory().at(1), 'its end')
    expect(resolved).toMatchObject({ state: 'resolved', value: 0 })
    admin.disconnect()
  })

  it('say that it is lost, that invalidations wait for it, and that it is back', async () => {
    const { prisma, events } = spec.cached({ ...redis(), alerts: { memory: false }, healthIntervalSeconds: 0.05 })
    const seen = () => events.flatMap((event) => (event.type === 'alert' ? [`${event.state} ${event.alert}`] : []))
    const isUp = async () => (await prisma.$cache.health()).state === 'ok' || undefined
    await eventually(isUp, 'the first answer')
    await server.kill()
    await prisma.tag.create({ data: { name: 'x' } })
    expect(seen().sort()).toEqual(['raised unavailable', 'raised undelivered'])
    const lost = (event: (typeof events)[number]) => event.type === 'health' && event.latencyMs === null
    await eventually(async () => events.some(lost) || undefined, 'the health check')
    await server.restart()
    await eventually(async () => seen().length === 4 || undefined, 'the end of both')
    expect(seen().slice(2).sort()).toEqual(['resolved unavailable', 'resolved undelivered'])
    expect(prisma.$cache.stats().alerts).toEqual([])
  })

  it('and health checks keep no process alive, and end with the cache', async () => {
    const { prisma } = spec.cached({ alerts: true, healthIntervalSeconds: 0.01 })
    const seen: unknown[] = []
    prisma.$cache.on('health', (event) => seen.push(event))
    await prisma.$cache.disconnect()
    const before = seen.length
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toHaveLength(before)
  })
})

describe('alerts and health', () => {
  it.each<[CacheOptions, RegExp]>([
    [{ alerts: { hitRate: 70 } }, /`alerts\.hitRate`.*got 70.*fraction/],
    [{ alerts: { lookUpMs: 0 } }, /`alerts\.lookUpMs`.*got 0.*milliseconds/],
    [{ alerts: { window: 0.5 } }, /`alerts\.window`.*seconds/],
    [{ alerts: { minSamples: 0 } }, /`alerts\.minSamples`/],
    [{ alerts: { onAlert: 'mail me' as never } }, /`alerts\.onAlert`.*function/],
    [{ alerts: { memory: '90%' as never } }, /`alerts\.memory`.*"90%"/],
    [{ alerts: { threshold: 1 } as never }, /`alerts\.threshold`.*no such option/],
    [{ alerts: 5 as never }, /`alerts`.*got 5/],
    [{ healthIntervalSeconds: 0 }, /`healthIntervalSeconds`.*got 0/],
  ])('refuse %j, in words', (options, message) => {
    expect(() => cacheExtension({ configFile: false, ...options })).toThrow(
      expect.objectContaining({ name: 'CacheConfigError' }),
    )
    expect(() => cacheExtension({ configFile: false, ...options })).toThrow(message)
  })
})
