import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type CacheOptions, cacheExtension } from '../../src/index.ts'
import type { ClientOf } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

/** One script, and what it reads. */
const LOOK_UP = { roundTrips: 1, commands: { evalsha: 1, mget: 1, getrange: expect.any(Number) } }
/** What the scripts of a write say. */
const WRITES = new Set(
  'echo evalsha exists getrange hdel hget hgetall hkeys hset pexpire pttl publish set setrange time'.split(' '),
)

/** What an operation costs in Redis: counted by the server, and on the line to it. */
describe('the way to Redis and back', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  let server: RedisServer
  let proxy: TcpProxy
  let admin: Redis
  let prefix: string
  let client: Awaited<ReturnType<typeof open>>
  const open = async (options: CacheOptions = {}) => {
    const { prisma: plain, sql } = await bed.open()
    const prisma = (plain as ClientOf<Provider>).$extends(
      cacheExtension({
        configFile: false,
        redis: `redis://127.0.0.1:${proxy.port}`,
        prefix,
        defaults: { ttl: 60 },
        timeoutMs: 5000,
        breaker: { quarantineMs: 0 },
        // No probes among the commands that are counted.
        connection: { writeCheckMs: 600_000 },
        logger: false,
        invalidation: 'row',
        // Taken where queries take long, which on a busy machine they all do.
        lease: false,
        ...options,
      }),
    )
    await prisma.$cache.health()
    await prisma.$cache.catalogue()
    return { prisma, plain, sql }
  }
  beforeAll(async () => {
    server = await startRedis()
    proxy = await startTcpProxy(server.port)
    admin = new Redis(server.url)
  })
  beforeEach(async () => {
    prefix = freshNamespace()
    await bed.database.reset()
    client = await open()
    for (let i = 1; i <= 64; i += 1) await client.plain.user.create({ data: { email: `${i}@example.test` } })
  })
  afterEach(() => client.prisma.$cache.disconnect())
  afterAll(async () => {
    admin.disconnect()
    await proxy.close()
    await server.stop()
  })

  /** Commands the server ran and times the client waited for it, until nothing of `run` is under way any more. */
  async function costOf(run: () => PromiseLike<unknown>, { prisma } = client) {
    await prisma.$cache.settled()
    await admin.config('RESETSTAT')
    proxy.resetRoundTrips()
    await run()
    await prisma.$cache.settled()
    const commands: Record<string, number> = {}
    for (const [, name = '', calls] of (await admin.info('commandstats')).matchAll(/cmdstat_(\S+?):calls=(\d+)/g)) {
      if (name !== 'config|resetstat' && name !== 'info') commands[name] = Number(calls)
    }
    return { roundTrips: proxy.roundTrips, commands }
  }
  const find = (id = 1) => client.prisma.user.findUnique({ where: { id } }).then((row) => row)
  const list = () => client.prisma.post.findMany({ include: { author: true, tags: true } }).then((rows) => rows)

  it('is one script for a hit, however many tags it depends on', async () => {
    for (const read of [find, list]) {
      await read()
      expect(await costOf(() => read())).toEqual(LOOK_UP)
    }
  })

  it('is one script for 64 different reads of one tick', async () => {
    const ids = Array.from({ length: 64 }, (_, i) => i + 1)
    await Promise.all(ids.map(find))
    client.sql.clear()
    expect(await costOf(() => Promise.all(ids.map(find)))).toEqual(LOOK_UP)
    expect(client.sql.statements).toEqual([])
  })

  it('leaves 64 misses of one tick to Prisma, which asks the database once', async () => {
    const ids = Array.from({ length: 64 }, (_, i) => i + 1)
    await Promise.all(ids.map(find))
    await client.prisma.$cache.invalidate({ models: ['User'] })
    client.sql.clear()
    const { commands, roundTrips } = await costOf(() => Promise.all(ids.map(find)))
    expect(client.sql.count(/^SELECT/)).toBe(1)
    // The look-ups, and how values are spelled here: a whole model was invalidated.
    expect(commands['evalsha']).toBeLessThanOrEqual(2)
    // The look-up and the fills.
    expect(roundTrips).toBeLessThanOrEqual(2)
  })

  it('is one script and one query for many ids, and a command each that stores them', async () => {
    const ids = Array.from({ length: 64 }, (_, i) => i + 1)
    const { $cache, user } = client.prisma
    const byIds = () => $cache.findManyByIds(user, ids, { select: { email: true } })
    await $cache.findManyByIds(user, ids.slice(0, 4), { select: { email: true } })
    await $cache.settled()
    client.sql.clear()
    const miss = await costOf(byIds)
    expect(client.sql.count(/^SELECT/)).toBe(1)
    expect(miss.commands).toMatchObject({ set: 60, evalsha: 1 })
    // The look-up and the fills.
    expect(miss.roundTrips).toBeLessThanOrEqual(2)
    expect(await costOf(byIds)).toEqual(LOOK_UP)
    expect(client.sql.count(/^SELECT/)).toBe(1)
  })

  it('is two for a miss: the look-up, and behind the caller the fill', async () => {
    await find()
    await client.prisma.$cache.clear()
    await find(2)
    await client.prisma.user.findMany()
    await client.prisma.$cache.settled()
    const miss = await costOf(() => client.prisma.user.findMany({ take: 1 }))
    expect(miss.roundTrips).toBe(2)
    expect(miss.commands).toMatchObject({ evalsha: 1, set: 1 })
  })

  it('is none more for a miss of a model that nobody has read: its record is made by the look-up', async () => {
    // The first miss of a process registers how it spells values.
    await find()
    await client.prisma.$cache.settled()
    const red = () => client.prisma.tag.findUnique({ where: { name: 'red' } }).then(() => {})
    const { roundTrips, commands } = await costOf(red)
    expect(roundTrips).toBe(2)
    // The record and the entry.
    expect(commands).toMatchObject({ evalsha: 1, set: 2 })
  })

  it('is none more where records are gone', async () => {
    const red = () => client.prisma.tag.findUnique({ where: { name: 'red' } }).then(() => {})
    await red()
    await client.prisma.$cache.clear()
    // It clears what is known of the database, too.
    await client.prisma.$cache.catalogue()
    expect((await costOf(red)).roundTrips).toBe(2)
  })

  it('is none more for one whose result tells of tags', async () => {
    // The first miss of a process registers how it spells values.
    expect((await costOf(() => find())).roundTrips).toBe(3)
    await client.prisma.user.update({ where: { id: 1 }, data: { name: 'new' } })
    expect((await costOf(() => find())).roundTrips).toBe(2)
  })

  it('is one for a write, of whatever kind, and one before it that nobody waits for', async () => {
    const { prisma } = client
    await Promise.all([list(), find()])
    const data = { name: 'new' }
    await prisma.user.update({
      where: { id: 9 },
      data: { posts: { create: { title: 'a', tags: { create: { name: 'b' } } } }, profile: { create: { bio: '' } } },
    })
    // It learns of the registries of what goes with a user.
    await prisma.user.delete({ where: { id: 9 } })
    const writes: Record<string, () => PromiseLike<unknown>> = {
      create: () => prisma.user.create({ data: { email: 'new@example.test' } }),
      update: () => prisma.user.update({ where: { id: 1 }, data }),
      updateMany: () => prisma.user.updateMany({ where: { id: { lt: 50 } }, data }),
      upsert: () => prisma.user.upsert({ where: { id: 1 }, update: data, create: { email: 'x@example.test' } }),
      nested: () =>
        prisma.user.update({
          where: { id: 1 },
          data: {
            posts: { create: { title: 'one', tags: { create: { name: 'red' } } } },
            profile: { create: { bio: '' } },
          },
        }),
      cascading: () => prisma.user.delete({ where: { id: 2 } }),
      raw: () => prisma.$executeRaw`UPDATE users SET full_name = 'raw' WHERE id = 1`,
      'with tags': () => prisma.user.update({ where: { id: 1 }, data, cache: { invalidate: ['a', 'b'] } }),
      'an interactive transaction of four': () =>
        prisma.$transaction(async (tx) => {
          for (let id = 3; id < 7; id += 1) await tx.user.update({ where: { id }, data })
        }),
    }
    for (const [title, write] of Object.entries(writes)) {
      const { roundTrips, commands } = await costOf(write)
      expect({ title, roundTrips, commands: Object.keys(commands) }).toEqual({
        title,
        roundTrips: 1,
        commands: expect.toSatisfy((names: string[]) => names.every((name) => WRITES.has(name))),
      })
    }
  })

  it('is two for a strict write: one more before it', async () => {
    const strict = await open({ consistency: 'strict' })
    const { prisma } = strict
    await Promise.all([list(), find()])
    const data = { name: 'new' }
    const writes: Record<string, () => PromiseLike<unknown>> = {
      update: () => prisma.user.update({ where: { id: 1 }, data }),
      nested: () =>
        prisma.user.update({ where: { id: 1 }, data: { posts: { create: { title: `${Math.random()}` } } } }),
      'an interactive transaction of four': () =>
        prisma.$transaction(async (tx) => {
          for (let id = 3; id < 7; id += 1) await tx.user.update({ where: { id }, data })
        }),
      'a batch of three': () => prisma.$transaction([1, 2, 3].map((id) => prisma.user.update({ where: { id }, data }))),
    }
    for (const write of Object.values(writes)) await write()
    for (const [title, write] of Object.entries(writes)) {
      expect({ title, roundTrips: (await costOf(write, strict)).roundTrips }).toEqual({ title, roundTrips: 2 })
    }
    await prisma.$cache.disconnect()
  })

  it('is one for a batch of five writes', async () => {
    const { prisma } = client
    await find()
    const update = (id: number) => prisma.user.update({ where: { id }, data: { name: 'batch' } })
    await update(6)
    expect((await costOf(() => prisma.$transaction([1, 2, 3, 4, 5].map(update)))).roundTrips).toBe(1)
  })

  it('is not gone where nothing is to be cached or invalidated', async () => {
    const { prisma, plain } = client
    const nothing = { roundTrips: 0, commands: {} }
    expect(await costOf(() => prisma.user.findMany({ cache: false }))).toEqual(nothing)
    expect(await costOf(() => plain.user.findMany())).toEqual(nothing)
    expect(await costOf(() => prisma.$queryRaw`SELECT 1`)).toEqual(nothing)
    expect(await costOf(() => prisma.$transaction((tx) => tx.user.findMany()))).toEqual(nothing)
    expect(await costOf(() => prisma.$transaction([prisma.user.findMany(), prisma.user.count()]))).toEqual(nothing)
    const rolledBack = () =>
      prisma
        .$transaction(async (tx) => {
          await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
          throw new Error('back')
        })
        .catch(() => {})
    expect(await costOf(rolledBack)).toEqual(nothing)
  })

  it('is as long with 100 000 entries as with 10', async () => {
    const { prisma } = client
    const hit = () => find()
    const write = () => prisma.user.update({ where: { id: 1 }, data: { name: 'new' } })
    const invalidate = () => prisma.$cache.invalidate({ models: ['User'], tags: ['a'] })
    const costs = async () => {
      const all = []
      for (const run of [write, find, hit, write, invalidate]) all.push(await costOf(run))
      return all
    }
    for (let id = 1; id <= 10; id += 1) await find(id)
    await costs()
    await find()
    await client.prisma.$cache.settled()
    const few = await costs()

    await find()
    await prisma.$cache.settled()
    const [model = ''] = await prisma.$cache.keys({ pattern: 'User:findUnique:*', limit: 1 })
    const entry = (await admin.get(model)) as string
    for (let from = 0; from < 100_000; from += 10_000) {
      const copies = Array.from({ length: 10_000 }, (_, i) => [`${model}${from + i}`, entry])
      await admin.mset(...copies.flat())
    }
    expect(await admin.dbsize()).toBeGreaterThan(100_000)
    expect(await costs()).toEqual(few)
  })
})
