import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { holds } from '../support/holds.ts'
import { useTestBed } from '../support/matrix.ts'
import { describePair, did, useSpec } from './support.ts'

const SECOND = 1000
const PRESETS = { short: 60, medium: 300, long: 1800, hour: 3600, day: 86_400 } as const
const presets = Object.keys(PRESETS) as (keyof typeof PRESETS)[]

describePair('the names of times', (bed) => {
  const spec = useSpec(bed)

  it.each(presets)('%s: in a call, to the millisecond', async (ttl) => {
    const { prisma, clock } = spec.cached()
    const read = () => prisma.tag.findMany({ cache: { ttl } })
    await read()
    clock.advance(PRESETS[ttl] * SECOND - 1)
    expect(await did(prisma, read())).toBe('hit')
    clock.advance(1)
    expect(await did(prisma, read())).toBe('miss')
  })

  it('wherever a time can stand: defaults, model, operation, raw rule, raw call', async () => {
    const { prisma, Prisma, events } = spec.cached({
      defaults: { ttl: 'short', swr: 'short', jitter: 0 },
      models: {
        Tag: { ttl: 'medium', nullTtl: 'short', operations: { count: { ttl: 'hour', swr: 0 } } },
        Post: { ttl: 'long', swr: 0, adaptive: { min: 'short', max: 'day' } },
      },
      raw: [{ match: 'AS by_rule', reads: ['Tag'], ttl: 'day' }],
    })
    await prisma.user.findMany()
    await prisma.tag.findMany()
    await prisma.tag.findUnique({ where: { name: 'absent' } })
    await prisma.tag.count()
    await prisma.post.findMany()
    await prisma.$queryRaw(Prisma.sql`SELECT 1 AS by_rule`)
    await prisma.$cache.raw({ reads: ['Tag'], ttl: 'long' }, prisma.$queryRaw(Prisma.sql`SELECT 1 AS by_call`))
    await prisma.$cache.settled()
    const lives = events.flatMap((event) => (event.type === 'fill' ? [event.ttlMs / SECOND] : []))
    expect([...new Set(lives)].sort((a, b) => a - b)).toEqual([120, 360, 1800, 1860, 3600, 86_460])
  })
})

describePair('`maxBytes` of a model', (bed) => {
  const spec = useSpec(bed)

  it('keeps larger results of its reads out of the store, and no others', async () => {
    const { prisma, events } = spec.cached({ models: { Tag: { maxBytes: 40 } } })
    expect(await prisma.tag.findMany()).toHaveLength(3)
    await prisma.tag.findMany({ take: 1 })
    await prisma.user.findMany()
    await prisma.$cache.settled()
    expect(events).toContainEqual(expect.objectContaining({ type: 'fill-skipped', model: 'Tag', reason: 'oversize' }))
    expect(await did(prisma, prisma.tag.findMany())).toBe('miss')
    expect(await did(prisma, prisma.tag.findMany({ take: 1 }))).toBe('hit')
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
  })

  it('allows larger ones than the option for all', async () => {
    const { prisma } = spec.cached({ maxValueBytes: 40, models: { Tag: { maxBytes: 1000 } } })
    await prisma.tag.findMany()
    await prisma.user.findMany()
    expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
    expect(await did(prisma, prisma.user.findMany())).toBe('miss')
  })
})

const withNear = [
  { near: undefined, store: 'memory', provider: 'postgresql', generator: 'js' },
  { near: 'revalidate', store: 'redis', provider: 'sqlite', generator: 'ts' },
  { near: 'push', store: 'redis', provider: 'sqlite', generator: 'ts' },
] as const

describe.each(withNear)('`maxEntries` of a model ($store, near: $near)', ({ near, ...combination }) => {
  const bed = useTestBed(combination)
  const spec = useSpec(bed)
  const opened = (maxEntries: number) => spec.cached({ near, models: { Tag: { maxEntries } } })
  type Client = ReturnType<typeof opened>['prisma']
  const read = (prisma: Client, take: number) =>
    (prisma as ReturnType<typeof spec.cached>['prisma']).tag.findMany({ take })
  /** Where the entry lay: in this process, elsewhere, or nowhere. */
  async function place(prisma: Client, take: number) {
    const { info } = await prisma.$cache.withCacheInfo(read(prisma, take))
    return info.status === 'hit' ? info.tier : info.status
  }
  const elsewhere = near ? 'far' : 'miss'

  it('keeps the least recently used out of the process, of this model alone', async () => {
    const { prisma } = opened(2)
    // The copies of a subscribed client are made when its feed is there.
    for (const take of [1, 2]) await holds(async () => expect(await place(prisma, take)).toBe('near'))
    await prisma.user.findMany()
    await prisma.post.findMany()
    expect(await place(prisma, 1)).toBe('near')
    await read(prisma, 3)
    await prisma.$cache.settled()
    expect(await place(prisma, 3)).toBe('near')
    expect(await place(prisma, 1)).toBe('near')
    // The least recently used when the third came.
    expect(await place(prisma, 2)).toBe(elsewhere)
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
    expect(await did(prisma, prisma.post.findMany())).toBe('hit')
  })

  it('counts what is there, not what was removed or invalidated', async () => {
    const { prisma } = opened(2)
    for (const take of [1, 2]) await holds(async () => expect(await place(prisma, take)).toBe('near'))
    await prisma.$cache.invalidate({ pattern: 'Tag:*' })
    for (const take of [1, 2]) await holds(async () => expect(await place(prisma, take)).toBe('near'))
    expect([await place(prisma, 1), await place(prisma, 2)]).toEqual(['near', 'near'])
  })
})

describe('`maxEntries` of a model where all entries are in Redis', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let warned: unknown[][]
  beforeEach(() => {
    warned = []
    vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warned.push(args))
  })
  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('bounds nothing, and the process is told so, once', async () => {
    const { prisma } = spec.cached({ models: { Tag: { maxEntries: 1 } } })
    spec.cached({ models: { Tag: { maxEntries: 1 } } })
    for (const take of [1, 2, 3]) await prisma.tag.findMany({ take })
    for (const take of [1, 2, 3]) expect(await did(prisma, prisma.tag.findMany({ take }))).toBe('hit')
    expect(warned).toEqual([
      [expect.stringContaining('`maxEntries` of Tag'), { code: 'PRISMA_QUERY_CACHE_MAX_ENTRIES' }],
    ])
  })
})
