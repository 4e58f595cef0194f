import { describe, expect, it } from 'vitest'
import { type CacheEvent, type CacheEventOf, memoryStore } from '../../src/index.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { useSpec } from './support.ts'

describeCombinations('how long a read took', (bed) => {
  const spec = useSpec(bed)
  type Read = CacheEventOf<'hit' | 'stale' | 'miss' | 'bypass'>
  const isRead = (event: CacheEvent): event is Read => ['hit', 'stale', 'miss', 'bypass'].includes(event.type)

  it('is told with it, to who listens: of hits, and of queries with the part of the look-up', async () => {
    const { prisma, events, clock } = spec.cached({ defaults: { ttl: 60, swr: 60, jitter: 0 } })
    const tags = () => prisma.tag.findMany()
    const begun = performance.now()
    await tags()
    await tags()
    clock.advance(90_000)
    await tags()
    await prisma.$cache.settled()
    await prisma.tag.findMany({ cache: false })
    const reads = events.filter(isRead)
    const whole = performance.now() - begun
    expect(reads.map(({ type }) => type)).toEqual(['miss', 'hit', 'stale', 'bypass'])
    expect(reads.reduce((sum, { ms = -1 }) => sum + ms, 0)).toBeLessThanOrEqual(whole)
    for (const { ms } of reads) expect(ms).toBeGreaterThan(0)
    for (const read of reads) {
      if (read.type === 'hit' || read.type === 'stale') continue
      expect(read.lookUpMs).toBeGreaterThan(0)
      expect(read.lookUpMs).toBeLessThan(read.ms ?? 0)
    }
  })

  it('of a miss is the whole of it, its query included, and is told once it is answered', async () => {
    const { prisma, events, sql } = spec.cached()
    const gate = sql.hold(/^SELECT .*Tag/)
    const begun = performance.now()
    const slow = prisma.tag.findMany().then(() => performance.now() - begun)
    await gate.held
    const heldAt = performance.now() - begun
    expect(events.filter(isRead)).toEqual([])
    gate.open()
    const answeredAt = await slow
    const [miss] = events.filter(isRead)
    expect(miss?.ms).toBeLessThanOrEqual(answeredAt)
    expect((miss as CacheEventOf<'miss'>).lookUpMs).toBeLessThanOrEqual(heldAt)
  })

  it('is told of a query that failed as well', async () => {
    const { prisma, events } = spec.cached()
    await expect(prisma.tag.findUniqueOrThrow({ where: { name: 'mauve' } })).rejects.toThrow()
    expect(events.filter(isRead)).toMatchObject([{ type: 'miss', ms: expect.any(Number), freshForMs: 0 }])
  })
})

describeCombinations('$cache.info', (bed) => {
  const spec = useSpec(bed)

  it('says what the store is made of, and what each server says of itself', async () => {
    const { prisma } = spec.cached()
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    const { store, local, servers } = await prisma.$cache.info()
    expect(store).toBe(bed.store === 'cluster' ? 'redis' : bed.store)
    if (bed.store === 'memory') {
      expect(servers).toEqual([])
      expect(local).toMatchObject({ entries: 1, maxEntries: 500, evictions: 0 })
      expect(local?.bytes).toBeGreaterThan(100)
      expect(prisma.$cache.stats().local).toEqual(local)
      return
    }
    expect(local).toBeNull()
    for (const server of servers) {
      expect(server).toEqual({
        address: expect.stringMatching(/^[\w.:]+:\d+$/),
        error: null,
        latencyMs: expect.any(Number),
        version: expect.stringMatching(/^\d+\.\d+/),
        role: expect.stringMatching(/^(master|replica)$/),
        uptimeSeconds: expect.any(Number),
        memory: {
          usedBytes: expect.any(Number),
          maxBytes: 0,
          policy: 'noeviction',
          fragmentation: expect.any(Number),
        },
        clients: { connected: expect.any(Number), blocked: expect.any(Number), max: expect.any(Number) },
        counts: {
          hits: expect.any(Number),
          misses: expect.any(Number),
          evicted: 0,
          expired: expect.any(Number),
          rejectedConnections: 0,
        },
        commandsPerSecond: expect.any(Number),
        keys: { total: expect.any(Number), expiring: expect.any(Number) },
        persistence: { aof: false, lastSave: expect.any(Date), ok: expect.any(Boolean), loading: false },
        replicas: expect.any(Number),
      })
    }
  })
})

describe('$cache.info, where there is more than one place', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  it('counts the copies in the process, and those pushed out', async () => {
    const { prisma } = spec.cached({ near: { coherence: 'revalidate', maxEntries: 2 } })
    // A copy can be made once the store has told the version that removals move.
    for (const _ of [1, 2]) for (const id of [1, 2, 3]) await prisma.user.findUnique({ where: { id } })
    await prisma.$cache.settled()
    const { local, servers } = await prisma.$cache.info()
    expect(local).toMatchObject({ entries: 2, maxEntries: 2, maxBytes: 64 * 1024 * 1024 })
    expect(local?.evictions).toBeGreaterThan(0)
    expect(servers).toHaveLength(1)
  })

  it('counts entries pushed out of a memory store', async () => {
    const { prisma } = spec.cached({ store: memoryStore({ maxEntries: 2 }) })
    for (const id of [1, 2, 3]) await prisma.user.findUnique({ where: { id } })
    expect((await prisma.$cache.info()).local).toMatchObject({ entries: 2, maxEntries: 2, evictions: 1 })
  })

  it('of a server that does not answer says why, and never its password', async () => {
    const { prisma } = spec.cached({ redis: 'redis://:sesame@127.0.0.1:1', timeoutMs: 200 })
    const { servers } = await prisma.$cache.info()
    expect(servers).toMatchObject([{ address: '127.0.0.1:1', latencyMs: null, version: null, role: null }])
    expect(servers[0]?.error).toEqual(expect.any(String))
    expect(JSON.stringify(servers)).not.toContain('sesame')
  })
})
