import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type CacheEvent, memoryStore, redisStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { type Ask, did, madeStaleBy, said, useSpec } from './support.ts'

describeCombinations('$cache.invalidate', (bed) => {
  const spec = useSpec(bed)

  const reads = {
    'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
    users: (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
    'users counted': (db) => db.user.count(),
    posts: (db) => db.post.findMany({ orderBy: { id: 'asc' } }),
    'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
    tags: (db) => db.tag.findMany(),
    products: (db) => db.product.findMany(),
  } satisfies Record<string, Ask>

  it('by model drops everything that depends on it, as a write to any of its rows would', async () => {
    const { prisma, plain } = spec.cached()
    const users = await madeStaleBy({ prisma, plain }, reads, () => prisma.$cache.invalidate({ models: ['User'] }))
    expect(users).toEqual(['user 1', 'users', 'users counted', 'posts', 'post 1'])
    const tags = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$cache.invalidate({ models: ['Tag', 'Product'] }),
    )
    expect(tags).toEqual(['tags', 'products'])
  })

  it('by tag drops what carries it, from calls and from the configuration', async () => {
    const { prisma } = spec.cached({ models: { Tag: { tags: ['taxonomy'] } } })
    const tagged = () => prisma.user.count({ cache: { tags: ['a', 'b'] } })
    for (const tag of ['a', 'b']) {
      await tagged()
      await prisma.tag.count()
      expect(await prisma.$cache.invalidate({ tags: [tag] })).toEqual({ tags: 1, keys: 0 })
      expect(await did(prisma, tagged())).toBe('miss')
      expect(await did(prisma, prisma.tag.count())).toBe('hit')
    }
    await prisma.$cache.invalidate({ tags: ['taxonomy'] })
    expect(await did(prisma, prisma.tag.count())).toBe('miss')
    expect(await did(prisma, tagged())).toBe('hit')
  })

  it('takes a tag for a tag, even one that is called like a model or a row', async () => {
    const { prisma } = spec.cached()
    await prisma.user.findUnique({ where: { id: 1 } })
    await prisma.$cache.invalidate({ tags: ['User', 'User:*', 'User:id=1'] })
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 1 } }))).toBe('hit')
  })

  it('by key drops that entry: given whole, without the prefix, or by the name a call gave it', async () => {
    const { prisma, prefix } = spec.cached()
    const named = () => prisma.user.findMany({ cache: { key: 'front page' } })
    await named()
    await prisma.user.count()
    const keys = await prisma.$cache.keys()
    expect(keys).toHaveLength(2)
    expect(await prisma.$cache.invalidate({ keys: ['User:findMany:@front page'] })).toEqual({ tags: 0, keys: 1 })
    expect(await did(prisma, named())).toBe('miss')
    for (const key of await prisma.$cache.keys()) {
      expect(await prisma.$cache.invalidate({ keys: [key] })).toEqual({ tags: 0, keys: 1 })
    }
    expect(await prisma.$cache.keys()).toEqual([])
    expect(await prisma.$cache.invalidate({ keys: [`${prefix}query:User:count:none`] })).toEqual({ tags: 0, keys: 0 })
  })

  it('by pattern drops the entries that match, a pattern’s characters in names taken literally by `\\`', async () => {
    const { prisma } = spec.cached()
    const fill = async () => {
      await prisma.user.findMany()
      await prisma.user.count()
      await prisma.post.findMany()
      for (const key of ['a*b', 'axb', 'a?b', 'page 1', 'page 2']) await prisma.tag.findMany({ cache: { key } })
    }
    const invalidated = async (pattern: string) => {
      await fill()
      return (await prisma.$cache.invalidate({ pattern })).keys
    }
    expect(await invalidated('User:findMany:*')).toBe(1)
    expect(await invalidated('*:findMany:*')).toBe(7)
    expect(await invalidated('User:*')).toBe(2)
    expect(await invalidated('*@page [12]')).toBe(2)
    expect(await invalidated('*@page [^1]')).toBe(1)
    expect(await invalidated('*@a?b')).toBe(3)
    expect(await invalidated('*@a\\*b')).toBe(1)
    expect(await invalidated('findMany')).toBe(0)
    expect(await invalidated('*')).toBe(8)
    expect(await prisma.$cache.keys()).toEqual([])
  })

  it('adds up what is named together', async () => {
    const { prisma } = spec.cached()
    await prisma.tag.count({ cache: { tags: ['a'] } })
    await prisma.post.count({ cache: { key: 'k' } })
    await prisma.user.count()
    const target = { tags: ['a', 'b'], keys: ['Post:count:@k'], pattern: 'User:*' }
    expect(await prisma.$cache.invalidate(target)).toEqual({ tags: 2, keys: 2 })
  })

  it('also reaches reads under way: what they bring is not served to reads that begin after it', async () => {
    const { prisma, plain, sql } = spec.cached()
    const read = () => prisma.tag.findMany({ cache: { tags: ['t'] } })
    const gate = sql.hold(/^SELECT .*Tag/)
    const slow = read().then((tags) => tags)
    await gate.held
    await bed.database.execute(`UPDATE "Tag" SET color = 'crimson'`)
    await prisma.$cache.invalidate({ tags: ['t'] })
    gate.open()
    await slow
    await prisma.$cache.settled()
    expect(await read()).toEqual(await plain.tag.findMany())
  })

  it.each<[string, object | undefined, RegExp]>([
    ['nothing', {}, /tags, models/],
    ['no target', undefined, /tags, models/],
    ['a text where a list belongs', { tags: 'a' }, /`invalidate\.tags`.*"a"/],
    ['an empty tag', { tags: [''] }, /`invalidate\.tags\.0`/],
    ['a number as key', { keys: [1] }, /`invalidate\.keys\.0`.*got 1/],
    ['an unknown option', { model: 'User' }, /`invalidate\.model`/],
    ['an unknown model', { models: ['user'] }, /no model "user".*Did you mean User\?/],
    ['a pattern that is none', { pattern: 5 }, /`invalidate\.pattern`.*got 5/],
  ])('refuses %s, in words', async (_, target, message) => {
    const { prisma } = spec.cached()
    const refused = (async () => prisma.$cache.invalidate(target as never))()
    await expect(refused).rejects.toMatchObject({ name: 'CacheConfigError', message: expect.stringMatching(message) })
  })
})

describeCombinations('$cache', (bed) => {
  const spec = useSpec(bed)

  it('clear drops every entry of this cache and says how many there were', async () => {
    const { prisma } = spec.cached()
    await prisma.user.findMany()
    await prisma.tag.count()
    expect(await prisma.$cache.clear()).toEqual({ keys: 2 })
    expect(await prisma.$cache.keys()).toEqual([])
    expect(await did(prisma, prisma.user.findMany())).toBe('miss')
    expect(await prisma.$cache.clear()).toEqual({ keys: 1 })
    expect(await prisma.$cache.clear()).toEqual({ keys: 0 })
  })

  it('keys lists what is stored, by pattern and up to a limit', async () => {
    const { prisma, prefix } = spec.cached()
    for (let id = 0; id < 5; id += 1) await prisma.user.findUnique({ where: { id } })
    await prisma.tag.count()
    const keys = await prisma.$cache.keys()
    expect(keys).toHaveLength(6)
    for (const key of keys) expect(key).toMatch(new RegExp(`^${prefix}query:(User:findUnique|Tag:count):[\\w-]+$`))
    expect(await prisma.$cache.keys({ pattern: 'Tag:*' })).toHaveLength(1)
    expect(await prisma.$cache.keys({ limit: 2 })).toHaveLength(2)
    expect(await prisma.$cache.keys({ limit: 0 })).toHaveLength(0)
  })

  it('inspect tells all about an entry but its value', async () => {
    const { prisma, clock } = spec.cached()
    const begun = clock.now()
    await prisma.user.findUnique({ where: { id: 1 }, cache: { ttl: 20, swr: 10, tags: ['a'] } })
    await prisma.$cache.settled()
    clock.advance(5000)
    const [key] = await prisma.$cache.keys()
    const entry = await prisma.$cache.inspect(key!)
    expect(entry).toEqual({
      key,
      model: 'User',
      operation: 'findUnique',
      encryptedWith: null,
      readAt: new Date(begun),
      tookMs: expect.any(Number),
      freshForMs: 15_000,
      keptForMs: 25_000,
      tags: entry!.versions.length,
      dependsOn: expect.arrayContaining(['#a']),
      versions: expect.arrayContaining([expect.any(String)]),
      isInvalidated: false,
      bytes: expect.any(Number),
    })
    expect(JSON.stringify(entry)).not.toContain('ada@')
    expect(await prisma.$cache.inspect(key!.slice(key!.indexOf('User:')))).toEqual(entry)
    expect(await prisma.$cache.inspect('User:findUnique:none')).toBeNull()
  })

  it('inspect tells an entry that was invalidated from one that was not', async () => {
    const { prisma } = spec.cached()
    // The tags of an entry are known to who has read it from the cache.
    const stored = async (read: () => PromiseLike<unknown>) => {
      await read()
      await prisma.$cache.settled()
      const { info } = await prisma.$cache.withCacheInfo(read())
      return info.status === 'bypass' ? '' : info.key
    }
    const user = await stored(() => prisma.user.findUnique({ where: { id: 1 } }))
    const tags = await stored(() => prisma.tag.count())
    const isInvalidated = async (key: string) => (await prisma.$cache.inspect(key))?.isInvalidated
    expect([await isInvalidated(user), await isInvalidated(tags)]).toEqual([false, false])
    await prisma.$cache.invalidate({ models: ['User'] })
    expect([await isInvalidated(user), await isInvalidated(tags)]).toEqual([true, false])
    await prisma.$cache.invalidate({ models: ['Tag'], soft: true })
    expect(await isInvalidated(tags)).toBe(true)
  })

  it('inspect shows the value to who asks for it, as JSON can say it', async () => {
    const { prisma } = spec.cached()
    const storedBy = async (read: PromiseLike<unknown>) => {
      const { info } = await prisma.$cache.withCacheInfo(read)
      await prisma.$cache.settled()
      if (info.status === 'bypass') throw new Error('not cached')
      return (await prisma.$cache.inspect(info.key, { value: true }))?.value
    }
    const select = { id: true, balance: true, updatedAt: true, posts: { select: { title: true }, take: 1 } }
    expect(await storedBy(prisma.user.findUnique({ where: { id: 1 }, select }))).toEqual({
      isShown: true,
      shape: '{ id, balance, updatedAt, posts: 1 × { title } }',
      value: { id: 1, balance: '12.5', updatedAt: '2024-01-01T00:00:00.000Z', posts: [{ title: 'one' }] },
    })
    expect(await storedBy(prisma.tag.findMany({ orderBy: { name: 'asc' }, take: 2 }))).toMatchObject({
      shape: '2 × { name, color }',
    })
  })

  it('inspect shows no value that may hold rows of a model with fields that must not be stored', async () => {
    const { prisma } = spec.cached({ models: { User: { neverCache: ['email'] } } })
    const shown = async (read: () => PromiseLike<unknown>) => {
      await read()
      await prisma.$cache.settled()
      const before = await prisma.$cache.keys()
      const seen = await Promise.all(before.map((key) => prisma.$cache.inspect(key, { value: true })))
      await prisma.$cache.clear()
      return seen.map((entry) => (entry!.value!.isShown ? 'shown' : entry!.value!.because))
    }
    const hit = (read: () => PromiseLike<unknown>) => async () => {
      await read()
      await prisma.$cache.settled()
      await read()
    }
    expect(await shown(() => prisma.user.count())).toEqual(['sensitive-model'])
    const withAuthor = () =>
      prisma.post.findMany({ where: { id: 1 }, select: { id: true, author: { select: { id: true } } } })
    expect(await shown(hit(withAuthor))).toEqual(['sensitive-model'])
    // Posts lead to users: whether this one does is known once it was read here.
    const alone = () => prisma.post.findMany({ where: { id: 1 }, select: { id: true } })
    expect(await shown(alone)).toEqual(['unknown-models'])
    expect(await shown(hit(alone))).toEqual(['shown'])
    expect(await shown(() => prisma.part.count())).toEqual(['shown'])
  })

  it('keyPage goes through the keys a page at a time', async () => {
    const { prisma } = spec.cached()
    for (let id = 0; id < 30; id += 1) await prisma.user.findUnique({ where: { id } })
    await prisma.tag.count()
    await prisma.$cache.settled()
    const all = await prisma.$cache.keys()
    const seen = new Set<string>()
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof prisma.$cache.keyPage>> = await prisma.$cache.keyPage({ limit: 10, cursor })
      for (const key of page.keys) seen.add(key)
      cursor = page.cursor
    } while (cursor !== null)
    expect([...seen].sort()).toEqual([...all].sort())
    expect(await prisma.$cache.keyPage({ pattern: 'Tag:*', limit: 1000 })).toEqual({
      keys: [expect.stringContaining('query:Tag:count:')],
      cursor: null,
    })
  })

  it.each<[string, object, RegExp]>([
    ['a limit of none', { limit: 0 }, /`keyPage\.limit`: got 0.*1 to 1000/],
    ['a limit beyond the most', { limit: 1001 }, /`keyPage\.limit`: got 1001/],
    ['a cursor that is no text', { cursor: 7 }, /`keyPage\.cursor`: got 7/],
    ['an unknown option', { match: '*' }, /`keyPage\.match`.*pattern, limit, cursor/],
  ])('keyPage refuses %s, in words', async (_, options, message) => {
    const { prisma } = spec.cached()
    await expect(prisma.$cache.keyPage(options)).rejects.toThrow(
      expect.objectContaining({ name: 'CacheConfigError', message: expect.stringMatching(message) }),
    )
  })

  it('health says how the store is', async () => {
    const { prisma } = spec.cached()
    expect(await prisma.$cache.health()).toEqual({
      state: 'ok',
      store: bed.store,
      latencyMs: expect.any(Number),
      undelivered: 0,
    })
  })

  it('stats counts by model and operation, and why reads bypassed', async () => {
    const { prisma } = spec.cached()
    expect(prisma.$cache.stats()).toMatchObject({ hitRatio: null, models: {}, bypasses: {} })
    await prisma.user.count()
    await prisma.user.count()
    await prisma.user.count()
    await prisma.tag.findMany({ cache: false })
    await prisma.tag.create({ data: { name: 'x' } })
    await prisma.$transaction([prisma.tag.count()])
    await prisma.$queryRaw`SELECT 1`
    await prisma.$cache.settled()
    const stats = prisma.$cache.stats()
    expect(stats.totals).toEqual({
      hit: 2,
      stale: 0,
      miss: 1,
      bypass: 3,
      fill: 1,
      skippedFills: 0,
      invalidate: 1,
      error: 0,
    })
    expect(stats.hitRatio).toBeCloseTo(2 / 3)
    expect(stats.models['User']?.['count']).toMatchObject({ hit: 2, miss: 1, fill: 1 })
    expect(stats.models['Tag']).toMatchObject({
      create: { invalidate: 1 },
      findMany: { bypass: 1 },
      count: { bypass: 1 },
    })
    expect(stats.bypasses).toEqual({ 'call-disabled': 1, 'batch-transaction': 1, 'raw-undeclared': 1 })
    // A snapshot: it does not move on, and moving it moves nothing.
    Object.assign(stats.totals, { hit: 99 })
    expect(prisma.$cache.stats().totals.hit).toBe(2)
  })

  it('on tells each kind of event to who asked for it, until they had enough', async () => {
    const { prisma } = spec.cached()
    const hits: CacheEvent[] = []
    const all: CacheEvent[] = []
    await prisma.$cache.catalogue()
    const end = prisma.$cache.on('hit', (event) => hits.push(event))
    prisma.$cache.on('*', (event) => all.push(event))
    await prisma.tag.findUnique({ where: { name: 'red' } })
    await prisma.tag.findUnique({ where: { name: 'red' } })
    await prisma.tag.update({ where: { name: 'red' }, data: { color: 'x' } })
    await prisma.$cache.settled()
    const about = { model: 'Tag', operation: 'findUnique', key: expect.any(String) }
    const tags = expect.arrayContaining(['Tag:*', expect.stringMatching(/^Tag:name=/)])
    const tier = bed.store === 'memory' ? 'near' : 'far'
    const hit = { type: 'hit', ageMs: 0, freshForMs: 60_000, tier, tags, ms: expect.any(Number), ...about }
    const timed = { ms: expect.any(Number), lookUpMs: expect.any(Number) }
    expect(hits).toEqual([hit])
    expect(all.toSorted((a, b) => a.type.localeCompare(b.type))).toEqual([
      { type: 'fill', ttlMs: 60_000, bytes: expect.any(Number), ...about },
      hit,
      {
        type: 'invalidate',
        cause: 'write',
        model: 'Tag',
        operation: 'update',
        delivered: true,
        tags: expect.arrayContaining(['Tag']),
        ms: expect.any(Number),
      },
      { type: 'miss', cause: 'absent', coalesced: false, freshForMs: 60_000, tags, ...timed, ...about },
      { type: 'plan', dependencies: [expect.objectContaining({ model: 'Tag', precision: 'row' })], ...about },
    ])
    end()
    await prisma.tag.findMany()
    await prisma.tag.findMany()
    expect(hits).toHaveLength(1)
  })

  it('on a listener that throws breaks no query, and is reported', async () => {
    const { prisma, events } = spec.cached()
    for (const type of ['miss', 'invalidate', 'error'] as const) {
      prisma.$cache.on(type, () => {
        throw new Error(`no ${type} please`)
      })
    }
    expect(await prisma.tag.count()).toBe(3)
    await prisma.tag.create({ data: { name: 'x' } })
    expect(await prisma.tag.count()).toBe(4)
    const problems = events.filter((event) => event.type === 'error')
    expect(problems.map(({ during, error }) => `${during}: ${(error as Error).message}`)).toContain(
      'listener: no miss please',
    )
  })

  it('withCacheInfo says what happened to one read', async () => {
    const { prisma, clock } = spec.cached()
    const read = () => prisma.$cache.withCacheInfo(prisma.tag.findUnique({ where: { name: 'red' } }))
    const about = { model: 'Tag', operation: 'findUnique', key: expect.any(String), tags: expect.any(Array) }
    const asked = { ms: expect.any(Number), lookUpMs: expect.any(Number) }
    const tag = { name: 'red', color: 'grey' }
    const tier = bed.store === 'memory' ? 'near' : 'far'
    const miss = { status: 'miss', cause: 'absent', coalesced: false, freshForMs: 60_000, ...asked, ...about }
    expect(await read()).toEqual({ data: tag, info: miss })
    clock.advance(1500)
    const hit = { status: 'hit', ageMs: 1500, freshForMs: 58_500, ms: expect.any(Number), tier, ...about }
    expect(await read()).toEqual({ data: tag, info: hit })
    expect((await prisma.$cache.withCacheInfo(prisma.tag.count({ cache: false }))).info).toEqual({
      status: 'bypass',
      model: 'Tag',
      operation: 'count',
      reason: 'call-disabled',
      ...asked,
    })
  })

  it('withCacheInfo of something else says that it is no read', async () => {
    const { prisma } = spec.cached()
    const write = await prisma.$cache.withCacheInfo(prisma.tag.create({ data: { name: 'x' } }))
    expect(write.data).toMatchObject({ name: 'x' })
    expect(said(write.info)).toBe('bypass: not-a-read')
    expect(said((await prisma.$cache.withCacheInfo(Promise.resolve(7))).info)).toBe('bypass: not-a-read')
    await expect(prisma.$cache.withCacheInfo(Promise.reject(new Error('mine')))).rejects.toThrow('mine')
  })

  it('withCacheInfo keeps reads apart that run side by side', async () => {
    const { prisma } = spec.cached()
    await prisma.user.findUnique({ where: { id: 2 } })
    const ids = [1, 2, 3, 2]
    const reads = ids.map((id) => prisma.$cache.withCacheInfo(prisma.user.findUnique({ where: { id } })))
    const seen = (await Promise.all(reads)).map(({ data, info }) => [data?.id, info.status])
    expect(seen).toEqual([
      [1, 'miss'],
      [2, 'hit'],
      [3, 'miss'],
      [2, 'hit'],
    ])
  })

  it('collectCacheInfo says what happened to every read of a piece of work, at any depth', async () => {
    const { prisma } = spec.cached()
    await prisma.tag.count()
    const request = async () => {
      await prisma.tag.count()
      await Promise.all([prisma.user.count(), prisma.post.count({ cache: false })])
      await prisma.$transaction(async (tx) => tx.user.count())
      await prisma.$cache.withCacheInfo(prisma.tag.count())
      return 'answer'
    }
    const { data, reads } = await prisma.$cache.collectCacheInfo(request)
    expect(data).toBe('answer')
    expect(reads.map(said).sort()).toEqual([
      'bypass: call-disabled',
      'bypass: interactive-transaction',
      'hit',
      'hit',
      'miss',
    ])
  })

  it('settled waits for what nobody else waits for', async () => {
    const { prisma, events } = spec.cached()
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    expect(events.map(({ type }) => type).sort()).toEqual(['fill', 'miss', 'plan'])
  })

  it('disconnect ends the cache, and nothing but the cache', async () => {
    const { prisma, plain } = spec.cached()
    await prisma.tag.findMany()
    await prisma.$cache.disconnect()
    expect(await did(prisma, prisma.tag.findMany())).toMatch(/^bypass/)
    await prisma.tag.create({ data: { name: 'x' } })
    await prisma.$transaction(async (tx) => tx.tag.create({ data: { name: 'y' } }))
    await prisma.$executeRaw`UPDATE "Tag" SET color = 'x'`
    expect(await prisma.tag.findMany({ orderBy: { name: 'asc' } })).toEqual(
      await plain.tag.findMany({ orderBy: { name: 'asc' } }),
    )
    await prisma.$cache.disconnect()
  })

  it('disconnect refuses times that are none', async () => {
    const { prisma } = spec.cached()
    for (const flushTimeoutSeconds of [-1, 3601, '10' as unknown as number]) {
      await expect(prisma.$cache.disconnect({ flushTimeoutSeconds })).rejects.toThrow(
        /`disconnect\.flushTimeoutSeconds`.*0 to 3600/,
      )
    }
    expect(await did(prisma, prisma.tag.findMany())).toBe('miss')
  })

  it.each<[string, object, RegExp]>([
    ['an unknown model to read', { reads: ['Users'] }, /`raw\.reads`.*no model "Users"/],
    ['an unknown model to write', { writes: ['users'] }, /`raw\.writes`.*no model "users"/],
    ['an unknown option', { read: ['User'] }, /`raw\.read`.*reads, writes, ttl/],
    ['a text where a list belongs', { reads: 'User' }, /`raw\.reads`.*"User"/],
    ['a time that is none', { reads: ['User'], ttl: -1 }, /`raw\.ttl`.*-1/],
  ])('raw refuses %s, in words', (_, options, message) => {
    const { prisma } = spec.cached()
    expect(() => prisma.$cache.raw(options, prisma.$queryRaw`SELECT 1`)).toThrow(
      expect.objectContaining({ name: 'CacheConfigError', message: expect.stringMatching(message) }),
    )
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

  it('clear and patterns touch nothing outside the prefix, whatever characters it is made of', async () => {
    const name = freshNamespace()
    const prefixes = [`${name}plain:`, `${name}with[ab]*?\\ glob:`, `${name}`]
    for (const prefix of prefixes) {
      const foreign = {
        [`${name}witha other:query:User:count:x`]: 'a key the prefix would match as a pattern',
        [`${prefix}other`]: 'under the prefix, but not the cache’s',
        [`${prefix}queries`]: 'nearly',
        [`x${prefix}query:User:count:x`]: 'ends like a key of ours',
        [`${name.toUpperCase()}query:User:count:x`]: 'in other letters',
      }
      for (const [key, value] of Object.entries(foreign)) await redis.set(key, value)
      const { prisma } = spec.cached({ prefix })
      for (const end of [
        () => prisma.$cache.clear(),
        () => prisma.$cache.invalidate({ pattern: '*' }),
        () => prisma.$cache.invalidate({ pattern: `${prefix}query:*` }),
      ]) {
        await prisma.tag.findMany()
        await prisma.user.findUnique({ where: { id: 1 } })
        expect((await end()).keys, prefix).toBe(2)
        for (const [key, value] of Object.entries(foreign)) expect(await redis.get(key), key).toBe(value)
      }
      await redis.unlink(...Object.keys(foreign))
      await prisma.$cache.clear()
    }
    expect(await redis.keys(`${name}*`)).toEqual([])
  })

  it('clear leaves no version behind either: a fill on its way comes too late', async () => {
    const { prisma, prefix, sql } = spec.cached()
    const gate = sql.hold(/^SELECT .*Tag/)
    const slow = prisma.tag.findMany().then((tags) => tags)
    await gate.held
    await prisma.$cache.clear()
    gate.open()
    await slow
    await prisma.$cache.settled()
    expect(await redis.exists(`${prefix}tag:Tag`)).toBe(0)
    expect(await did(prisma, prisma.tag.findMany())).toBe('miss')
  })

  it('two clients share entries and see each other’s writes', async () => {
    const { prisma: one, prefix } = spec.cached()
    const { prisma: two } = spec.cached({ prefix })
    const read = (prisma: typeof one) => prisma.tag.findUnique({ where: { name: 'red' } })
    await read(one)
    expect(await did(two, read(two))).toBe('hit')
    await two.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
    expect(await did(one, read(one))).toBe('miss')
    expect(await read(one)).toMatchObject({ color: 'crimson' })
    expect(await did(two, read(two))).toBe('hit')
    await one.$transaction((tx) => tx.tag.update({ where: { name: 'red' }, data: { color: 'scarlet' } }))
    expect(await read(two)).toMatchObject({ color: 'scarlet' })
    await one.$cache.invalidate({ models: ['Tag'] })
    expect(await did(two, read(two))).toBe('miss')
  })

  it('clients under two prefixes share nothing', async () => {
    const { prisma: one } = spec.cached()
    const { prisma: two } = spec.cached()
    await one.tag.findMany()
    expect(await did(two, two.tag.findMany())).toBe('miss')
    expect(await two.$cache.keys()).toHaveLength(1)
  })

  it('a client of the application’s own is used, and left open', async () => {
    const own = redis.duplicate()
    for (const options of [{ redis: own }, { redis: undefined, store: redisStore(own) }]) {
      const { prisma } = spec.cached(options)
      await prisma.tag.findMany()
      expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
      await prisma.$cache.disconnect()
      expect(await did(prisma, prisma.tag.findMany())).toMatch(/^bypass/)
      expect(await own.ping()).toBe('PONG')
    }
    own.disconnect()
  })
})

describe('in one process', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed)

  it('clients that are given one memory store share entries and see each other’s writes', async () => {
    const store = memoryStore({ maxEntries: 100 })
    const prefix = freshNamespace()
    const { prisma: one } = spec.cached({ store, prefix })
    const { prisma: two } = spec.cached({ store, prefix })
    const { prisma: apart } = spec.cached({ store })
    await one.tag.findMany()
    expect(await did(two, two.tag.findMany())).toBe('hit')
    expect(await did(apart, apart.tag.findMany())).toBe('miss')
    await two.tag.create({ data: { name: 'x' } })
    expect(await one.tag.findMany()).toHaveLength(4)
  })

  it('a memory store keeps no more entries and bytes than it is told', async () => {
    const { prisma } = spec.cached({ store: memoryStore({ maxEntries: 5 }) })
    for (let id = 0; id < 20; id += 1) await prisma.user.findUnique({ where: { id } })
    expect((await prisma.$cache.keys()).length).toBeLessThanOrEqual(5)
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 19 } }))).toBe('hit')
    expect(await did(prisma, prisma.user.findUnique({ where: { id: 0 } }))).toBe('miss')
    const { prisma: small } = spec.cached({ store: memoryStore({ maxBytes: 4000 }) })
    for (let id = 0; id < 20; id += 1) await small.user.findMany({ where: { id: { gt: -id } } })
    const keys = await small.$cache.keys()
    expect(keys.length).toBeGreaterThan(0)
    expect(keys.length).toBeLessThan(6)
  })
})
