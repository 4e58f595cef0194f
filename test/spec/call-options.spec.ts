import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CacheConfigError } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { did, useSpec } from './support.ts'

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('servers').redisUrl)
})
afterAll(() => redis.disconnect())

const HOUR = 3_600_000
const lifeOf = async (prefix: string, tag: string) => redis.pttl(`${prefix}clock:${tag}`)

describe('the `cache` of a call that comes from outside', () => {
  it('is cut to `maxTtl`', async () => {
    const { prisma, clock } = spec.cached({ callOptions: { maxTtl: 60 } })
    const read = () => prisma.user.findMany({ cache: { ttl: 315_360_000, swr: 315_360_000, nullTtl: 600 } })
    await read()
    clock.advance(59_000)
    expect(await did(prisma, read())).toBe('hit')
    clock.advance(120_000)
    expect(await did(prisma, read())).toBe('miss')
  })

  it('names what is in `allow`, and nothing else', async () => {
    const { prisma, plain } = spec.cached({ callOptions: { allow: ['ttl'] } })
    expect(await did(prisma, prisma.user.findMany({ cache: { ttl: 5 } }))).toBe('miss')
    expect(await did(prisma, prisma.user.findMany({ cache: true }))).toBe('hit')
    await expect(prisma.user.findMany({ cache: { ttl: 5, key: 'home' } })).rejects.toThrow(CacheConfigError)
    const created = prisma.tag.create({ data: { name: 'new' }, cache: { invalidate: ['all'] } })
    await expect(created).rejects.toThrow('cache.invalidate')
    expect(await plain.tag.count()).toBe(3)
  })

  it('is refused altogether with `false`, and there need be none', async () => {
    const { prisma } = spec.cached({ callOptions: false })
    for (const cache of [true, false, { ttl: 1 }]) {
      await expect(prisma.user.findMany({ cache })).rejects.toThrow(CacheConfigError)
    }
    expect(await did(prisma, prisma.user.findMany())).toBe('miss')
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
  })

  it('names a bounded number of tags', async () => {
    const { prisma } = spec.cached()
    const tags = Array.from({ length: 129 }, (_, i) => `t${i}`)
    await expect(prisma.user.findMany({ cache: { tags } })).rejects.toThrow('at most 128')
    expect(await did(prisma, prisma.user.findMany({ cache: { tags: tags.slice(1) } }))).toBe('miss')
  })

  it('lengthens the life of the clocks of its own entry, and of no others', async () => {
    const { prisma, prefix } = spec.cached()
    await prisma.user.findMany({ cache: { ttl: 315_360_000 } })
    await prisma.$cache.settled()
    await prisma.user.findMany()
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    expect(await lifeOf(prefix, '{User}')).toBeGreaterThan(100_000 * HOUR)
    expect(await lifeOf(prefix, '{Tag}')).toBeLessThan(30 * HOUR)
    // Nor are they cut short by an entry that needs less.
    await prisma.user.count()
    await prisma.$cache.settled()
    expect(await lifeOf(prefix, '{User}')).toBeGreaterThan(100_000 * HOUR)
  })

  it('names an entry that answers for its own query alone', async () => {
    const { prisma, plain } = spec.cached()
    const mine = () => prisma.user.findMany({ where: { id: 1 }, cache: { key: 'home' } })
    await mine()
    expect(await prisma.user.findMany({ where: { id: 2 }, cache: { key: 'home' } })).toHaveLength(1)
    expect(await mine()).toEqual(await plain.user.findMany({ where: { id: 1 } }))
    expect(await prisma.user.count({ cache: { key: 'home' } })).toBe(3)
  })
})
