import { expect, it } from 'vitest'
import { describeCombinations } from '../support/matrix.ts'
import { type Process, slowRead, statusOf, useProcesses } from './processes.ts'

const SECOND = 1000

describeCombinations('a soft invalidation', (bed) => {
  const processes = useProcesses(bed)
  const red = (prisma: Process['prisma']) =>
    prisma.tag.findFirst({ where: { name: 'red' }, cache: { ttl: 600, tags: ['colours'] } })
  const paint = (prisma: object, color: string) =>
    (prisma as Process['plain']).tag.update({ where: { name: 'red' }, data: { color } })

  /** A process that has read what somebody else has changed since. */
  async function outdated() {
    const process = processes.start()
    await process.plain.tag.create({ data: { name: 'red', color: 'old' } })
    await red(process.prisma)
    await process.settled()
    await paint(process.plain, 'new')
    process.sql.clear()
    const color = async ({ prisma } = process) => {
      const { data, info } = await prisma.$cache.withCacheInfo(red(prisma))
      return [data?.color, info.status]
    }
    return { ...process, color }
  }

  for (const [what, target] of [
    ['models', { models: ['Tag'] }],
    ['tags', { tags: ['colours'] }],
    ['both', { models: ['Tag'], tags: ['colours'] }],
  ] as const) {
    it(`of ${what} has reads answered at once, and renewed behind by one query`, async () => {
      const { prisma, settled, sql, color } = await outdated()
      await prisma.$cache.invalidate({ ...target, soft: true })
      expect(await Promise.all([color(), color(), color()])).toEqual(Array(3).fill(['old', 'stale']))
      await settled()
      expect(sql.count(/^SELECT/)).toBe(1)
      expect(await color()).toEqual(['new', 'hit'])
    })
  }

  it('is heard by other processes', async () => {
    const { prisma, color } = await outdated()
    const other = processes.start(1)
    await other.prisma.$cache.invalidate({ models: ['Tag'], soft: true })
    expect(await color()).toEqual(['old', 'stale'])
    await prisma.$cache.settled()
    expect(await color()).toEqual(['new', 'hit'])
  })

  it('lasts for its grace and no longer', async () => {
    const { prisma, clock, sql, color } = await outdated()
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true, grace: 10 })
    clock.advance(10 * SECOND - 1)
    const renewal = sql.hold(/^SELECT/)
    expect(await color()).toEqual(['old', 'stale'])
    clock.advance(1)
    // The renewal is not through yet, and whoever comes now waits for it.
    const late = color()
    await renewal.held
    renewal.open()
    expect(await late).toEqual(['new', 'miss'])
  })

  it('made again does not lengthen the grace of what it had before', async () => {
    const { prisma, clock, color } = await outdated()
    const soft = () => prisma.$cache.invalidate({ models: ['Tag'], soft: true, grace: 10 })
    await soft()
    clock.advance(9 * SECOND)
    await soft()
    expect((await prisma.$cache.withCacheInfo(prisma.tag.count())).info.status).toBe('miss')
    clock.advance(SECOND)
    expect(await color()).toEqual(['new', 'miss'])
  })

  it('made again keeps the grace of what it had before', async () => {
    const { prisma, clock, color } = await outdated()
    for (let i = 0; i < 3; i += 1) {
      await prisma.$cache.invalidate({ models: ['Tag'], soft: true, grace: 10 })
      clock.advance(SECOND)
    }
    expect(await color()).toEqual(['old', 'stale'])
  })

  it('ends with a write, in whichever process', async () => {
    for (const writer of [0, 1] as const) {
      const { prisma, color } = await outdated()
      await prisma.$cache.invalidate({ models: ['Tag'], tags: ['colours'], soft: true })
      await paint(processes.start(writer).prisma, 'newest')
      expect(await color()).toEqual(['newest', 'miss'])
      await processes.plain().tag.deleteMany()
    }
  })

  it('ends with an invalidation that is not soft', async () => {
    const { prisma, color } = await outdated()
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true })
    await prisma.$cache.invalidate({ tags: ['colours'] })
    expect(await color()).toEqual(['new', 'miss'])
  })

  it('does not bring back what a write has invalidated before', async () => {
    const { prisma, color } = await outdated()
    await paint(prisma, 'newest')
    await prisma.$cache.invalidate({ models: ['Tag'], tags: ['colours'], soft: true })
    expect(await color()).toEqual(['newest', 'miss'])
  })

  it('lets no renewal that began before a write be served after it', async () => {
    const { prisma, sql, color } = await outdated()
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true })
    const renewal = await slowRead(sql, () => color())
    await paint(processes.start(1).prisma, 'newest')
    await renewal.finish()
    await prisma.$cache.settled()
    expect((await color())[0]).toBe('newest')
    await prisma.$cache.settled()
    expect(await color()).toEqual(['newest', 'hit'])
  })

  it('does not lengthen the life of an entry', async () => {
    const { prisma, clock, color } = await outdated()
    clock.advance(595 * SECOND)
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true, grace: 60 })
    clock.advance(5 * SECOND)
    expect(await color()).toEqual(['new', 'miss'])
  })

  it('is a hard one where replicas of the database lag: what renews could be the past', async () => {
    const { prisma } = processes.start(0, { replicaLag: 60 })
    await processes.plain().tag.create({ data: { name: 'red', color: 'old' } })
    await red(prisma)
    await prisma.$cache.settled()
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true })
    expect(await statusOf(prisma, red(prisma))).toBe('write-in-progress')
  })
})
