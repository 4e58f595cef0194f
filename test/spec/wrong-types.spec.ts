import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { adminHandler } from '../../src/admin/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import { did, useSpec } from './support.ts'

// Somebody else, or an older version, may have put something of another type under a key of the cache.

describe('a key of another type', () => {
  const bed = useTestBed<'sqlite'>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let redis: Redis
  let prefix: string
  beforeAll(() => {
    redis = new Redis(inject('servers').redisUrl)
  })
  beforeEach(() => {
    prefix = freshNamespace()
  })
  afterAll(() => redis.disconnect())

  it.each([
    ['the note of servers', 'server'],
    ['the clock record of a model', 'clock:{User}'],
    ['the marks of a model', 'marks:{User}'],
    ['a registry', 'shapes:{User}'],
  ])('does not keep the cache from working: %s', async (_, name) => {
    const type = /^(shapes|marks)/.test(name) ? 'string' : 'list'
    if (type === 'string') await redis.set(prefix + name, 'x')
    else await redis.rpush(prefix + name, 'x')
    const { prisma } = spec.cached({ prefix, invalidation: 'shape', breaker: { quarantineMs: 0 } })
    const reads = [
      () => prisma.user.findUnique({ where: { id: 1 } }),
      () => prisma.user.findMany({ where: { managerId: 1 } }),
    ]
    for (const read of reads) {
      await read()
      await prisma.$cache.settled()
      await read()
      await prisma.$cache.settled()
      expect(await did(prisma, read())).toBe('hit')
    }
    await prisma.user.update({ where: { id: 2 }, data: { managerId: null } })
    expect(await prisma.user.findMany({ where: { managerId: 1 } })).toEqual([])
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Augusta' } })
    expect(await prisma.user.findUnique({ where: { id: 1 } })).toMatchObject({ name: 'Augusta' })
    expect(prisma.$cache.stats().store).toMatchObject({ state: 'ok', undelivered: 0 })
  })

  it('is invalidated like an absent one, and its entries are served no more', async () => {
    const { prisma } = spec.cached({ prefix, breaker: { quarantineMs: 0 } })
    const read = () => prisma.user.findMany()
    await read()
    await prisma.$cache.settled()
    await redis.del(`${prefix}clock:{User}`)
    await redis.rpush(`${prefix}clock:{User}`, 'x')
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Augusta' } })
    expect(await read()).toContainEqual(expect.objectContaining({ name: 'Augusta' }))
    await prisma.$cache.settled()
    expect(await did(prisma, read())).toBe('hit')
  })

  it('under an entry or a value is a miss, and makes room', async () => {
    const { prisma } = spec.cached({ prefix, breaker: { quarantineMs: 0 } })
    const read = () => prisma.user.findMany({ cache: { key: 'all' } })
    await read()
    await prisma.$cache.settled()
    const [key = ''] = await prisma.$cache.keys()
    await redis.del(key)
    await redis.rpush(key, 'x')
    expect(await prisma.$cache.inspect(key)).toBeNull()
    expect(await did(prisma, read())).toBe('miss')
    await prisma.$cache.settled()
    expect(await did(prisma, read())).toBe('hit')
    await redis.rpush(`${prefix}data:visits`, 'x')
    expect(await prisma.$cache.get('visits')).toBeUndefined()
    expect(await prisma.$cache.increment('visits')).toBe(1)
    await redis.rpush(`${prefix}data:theme`, 'x')
    expect(await prisma.$cache.set('theme', 'dark')).toBe(true)
    expect(await prisma.$cache.get('theme')).toBe('dark')
  })

  it.each(['x', '0.', '9.', '0.0-', '0.0-x', '0.0-99999999999999999999', '0.-1', '0.99999-0', '\u0000'])(
    'a cursor that is none is told to who asked, and not taken for an outage: %j',
    async (cursor) => {
      const { prisma } = spec.cached({ prefix, breaker: { quarantineMs: 0 } })
      const admin = adminHandler(prisma.$cache, { authorize: () => true })
      const answer = await admin(new Request(`http://localhost/keys?cursor=${encodeURIComponent(cursor)}`))
      expect(answer.status).toBe(cursor === '0.' ? 200 : 400)
      admin.close()
    },
  )
})
