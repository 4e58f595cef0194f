import { inspect } from 'node:util'
import { describe, expect, it, vi } from 'vitest'
import type { CacheEventOf, CacheOptions } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { describePair, did, type Spec, useSpec } from './support.ts'

const SECOND = 1000
const never = 'bypass: never-cache-field'
const encryption = {
  keys: [{ id: 'k1', key: Buffer.alloc(32, 'seal').toString('base64') }],
  digestKey: Buffer.alloc(32, 'digest').toString('base64'),
}

describePair('`maxTtl` of a model', (bed) => {
  const spec = useSpec(bed)

  it('bounds every result that reaches it, whatever the call or another model says', async () => {
    const { prisma, clock } = spec.cached({
      defaults: { ttl: 'hour', swr: 'hour', jitter: 0 },
      models: { User: { maxTtl: 10 }, Post: { ttl: 'day' } },
    })
    const reads = {
      itself: () => prisma.user.findMany(),
      'a call': () => prisma.user.findMany({ take: 1, cache: { ttl: 'day', swr: 'day' } }),
      'none there': () => prisma.user.findUnique({ where: { id: 99 }, cache: { nullTtl: 'day' } }),
      included: () => prisma.post.findMany({ include: { author: true } }),
      'filtered by': () => prisma.post.findMany({ where: { author: { name: 'Ada' } } }),
      fluent: () => prisma.post.findUnique({ where: { id: 1 } }).author(),
      figures: () => prisma.user.aggregate({ _max: { name: true } }),
      raw: () => prisma.$cache.raw({ reads: ['Tag'], ttl: 'hour' }, prisma.$queryRaw`SELECT full_name FROM users`),
      'another model': () => prisma.tag.findMany(),
    }
    const all = async () => {
      const found: Record<string, string> = {}
      for (const [name, read] of Object.entries(reads)) found[name] = await did(prisma, read() as PromiseLike<unknown>)
      return found
    }
    await all()
    await prisma.$cache.settled()
    clock.advance(10 * SECOND - 1)
    expect(new Set(Object.values(await all()))).toEqual(new Set(['hit']))
    clock.advance(1)
    const { 'another model': other, ...bound } = await all()
    expect(other).toBe('hit')
    expect(new Set(Object.values(bound))).toEqual(new Set(['miss']))
  })

  it('takes from the time to be stale first', async () => {
    const { prisma, clock } = spec.cached({
      defaults: { ttl: 5, swr: 60, jitter: 0 },
      models: { User: { maxTtl: 10 } },
    })
    const read = () => prisma.user.count()
    await read()
    clock.advance(9 * SECOND)
    expect(await did(prisma, read())).toBe('stale')
    await prisma.$cache.settled()
    clock.advance(10 * SECOND)
    expect(await did(prisma, read())).toBe('miss')
  })

  it('counts for entries that others stored for longer', async () => {
    const long = spec.cached({ defaults: { ttl: 60, jitter: 0 } })
    await long.prisma.user.findMany()
    await long.prisma.$cache.settled()
    if (bed.store === 'memory') return
    const short = spec.cached({ models: { User: { maxTtl: 10 } }, prefix: long.prefix })
    short.clock.advance(9 * SECOND)
    expect(await did(short.prisma, short.prisma.user.findMany())).toBe('hit')
    short.clock.advance(1 * SECOND)
    expect(await did(short.prisma, short.prisma.user.findMany())).toBe('miss')
  })
})

/** In production hits are answered in front of Prisma, which is another way through the cache. */
describe.each(['colorless', 'minimal'] as const)('errorFormat: %s', (errorFormat) =>
  describePair('the access log of a model with `audit`', (bed) => {
    const spec = useSpec(bed, { errorFormat })
    const audited = { models: { User: { audit: true }, Profile: { audit: true } } } satisfies CacheOptions
    const logOf = ({ events }: Pick<Spec, 'events'>) =>
      events
        .splice(0)
        .filter((event): event is CacheEventOf<'audit'> => event.type === 'audit')
        .map(({ type: _, at: __, ...entry }) => entry)

    it('has every read that reached it and the cache: who, what, in which scope, and how', async () => {
      let scope = 'clinic-a'
      const client = spec.cached({ ...audited, vary: () => scope })
      const { prisma, clock } = client
      const keyOf = async (read: PromiseLike<unknown>) => {
        const { info } = await prisma.$cache.withCacheInfo(read)
        return info.status === 'bypass' ? undefined : info.key
      }
      const key = await keyOf(prisma.user.findMany())
      expect(logOf(client)).toEqual([{ model: 'User', operation: 'findMany', key, status: 'miss', scope: 'clinic-a' }])
      await prisma.$cache.settled()
      clock.advance(5 * SECOND)
      scope = 'clinic-b'
      await prisma.user.findMany()
      scope = 'clinic-a'
      await prisma.user.findMany()
      const [b, a] = client.events.filter((event) => event.type === 'audit')
      expect([b?.at, a?.at]).toEqual([clock.now(), clock.now()])
      expect(logOf(client)).toMatchObject([
        { status: 'miss', scope: 'clinic-b' },
        { status: 'hit', scope: 'clinic-a', key },
      ])
      const included = await keyOf(prisma.post.findMany({ include: { author: { include: { profile: true } } } }))
      expect(logOf(client)).toEqual([
        { model: 'User', operation: 'findMany', key: included, status: 'miss', scope },
        { model: 'Profile', operation: 'findMany', key: included, status: 'miss', scope },
      ])
      await prisma.tag.findMany()
      expect(logOf(client)).toEqual([])
    })

    it('has every hit, the tenth as the first, also where nobody asks for a scope', async () => {
      const client = spec.cached(audited)
      for (let i = 0; i < 10; i += 1) {
        await client.prisma.user.findUnique({ where: { id: 1 } })
        await client.prisma.$cache.settled()
      }
      expect(logOf(client).map(({ status }) => status)).toEqual(['miss', ...Array.from({ length: 9 }, () => 'hit')])
    })

    it('has each of those who are served by one query', async () => {
      const client = spec.cached(audited)
      await Promise.all([1, 2, 3].map(() => client.prisma.user.findMany()))
      expect(logOf(client).map(({ status }) => status)).toEqual(['miss', 'miss', 'miss'])
    })

    it('has what was invalidated, looked at and removed', async () => {
      const client = spec.cached(audited)
      const { prisma } = client
      await prisma.user.findMany()
      await prisma.$cache.settled()
      logOf(client)
      const told = { model: 'User', key: null, scope: undefined }
      const [key] = await prisma.$cache.keys({ pattern: 'User:*' })
      expect(logOf(client)).toEqual([{ ...told, operation: 'keys', key, status: 'inspected' }])
      await prisma.$cache.inspect(key!)
      expect(logOf(client)).toEqual([{ ...told, operation: 'inspect', key, status: 'inspected' }])
      await prisma.user.update({ where: { id: 1 }, data: { name: 'Ava' } })
      expect(logOf(client)).toEqual([{ ...told, operation: 'update', status: 'invalidated' }])
      await prisma.tag.deleteMany({ where: { name: 'green' } })
      expect(logOf(client)).toEqual([])
      await prisma.$cache.invalidate({ models: ['Profile'] })
      expect(logOf(client)).toEqual([{ ...told, model: 'Profile', operation: 'api', status: 'invalidated' }])
      await prisma.$cache.invalidate({ keys: [key!.slice(key!.indexOf('User:'))] })
      expect(logOf(client)).toEqual([{ ...told, operation: 'invalidate', key, status: 'removed' }])
      await prisma.user.findMany()
      await prisma.$cache.settled()
      logOf(client)
      await prisma.$cache.keyPage({ pattern: 'User:*' })
      expect(logOf(client)).toEqual([{ ...told, operation: 'keyPage', key, status: 'inspected' }])
      // What a pattern finds is known to the store alone.
      await prisma.$cache.invalidate({ pattern: 'User:*' })
      expect(logOf(client)).toEqual([
        { ...told, operation: 'invalidate', status: 'removed' },
        { ...told, model: 'Profile', operation: 'invalidate', status: 'removed' },
      ])
      await prisma.$cache.clear()
      expect(logOf(client).map(({ model, status }) => [model, status])).toEqual([
        ['User', 'removed'],
        ['Profile', 'removed'],
      ])
    })
  }),
)

describePair('`neverCache`, with a client that omits', (bed) => {
  const spec = useSpec(bed, { omit: { user: { email: true, role: true } } })

  it('lets reads be cached that do not show the field', async () => {
    const { prisma } = spec.cached({ models: { User: { neverCache: ['email'] } } })
    expect(await did(prisma, prisma.user.findMany())).toBe('miss')
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
    expect(await did(prisma, prisma.post.findMany({ include: { author: true } }))).toBe('miss')
    expect(await did(prisma, prisma.user.findMany({ omit: { name: true } }))).toBe('miss')
    expect(await did(prisma, prisma.user.findMany({ omit: { email: false } as never }))).toBe(never)
    expect(await did(prisma, prisma.user.findMany({ select: { email: true } }))).toBe(never)
    expect(await did(prisma, prisma.post.findMany({ include: { author: { select: { email: true } } } }))).toBe(never)
    expect(await did(prisma, prisma.user.groupBy({ by: ['email'] }))).toBe(never)
  })

  it('and they are invalidated as ever', async () => {
    const { prisma, plain } = spec.cached({ invalidation: 'shape', models: { User: { neverCache: ['email'] } } })
    const args = { orderBy: { id: 'asc' }, omit: { updatedAt: true } } as const
    const read = () => prisma.user.findMany(args)
    await read()
    // What the result leaves out may change without it.
    await prisma.user.update({ where: { id: 1 }, data: { email: 'ada@elsewhere.test' }, select: { id: true } })
    expect(await did(prisma, read())).toBe('hit')
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Ava' } })
    expect(await read()).toEqual(await plain.user.findMany(args))
  })
})

describePair('a raw query', (bed) => {
  const spec = useSpec(bed)

  it('is judged by the tables it names, not only by the models it was declared to read', async () => {
    const { prisma } = spec.cached({ models: { User: { neverCache: ['email'] }, Profile: false } })
    const raw = (statement: PromiseLike<unknown>) => did(prisma, prisma.$cache.raw({ reads: ['Post'] }, statement))
    expect(await raw(prisma.$queryRaw`SELECT email FROM users`)).toBe(never)
    expect(await raw(prisma.$queryRaw`SELECT p.id FROM "Post" p JOIN users u ON u.id = p."authorId"`)).toBe(never)
    expect(await raw(prisma.$queryRaw`SELECT bio FROM "Profile"`)).toBe('bypass: model-disabled')
    expect(await raw(prisma.$queryRaw`SELECT id FROM "Post"`)).toBe('miss')
  })
})

const everythingOf = (value: unknown) =>
  inspect(value, { depth: 30, showHidden: true, maxStringLength: null, maxArrayLength: null })

describe('what a query fails with behind everybody’s back', () => {
  const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)

  it('is told by its name and code, without the values that the database quotes', async () => {
    const secret = 'hunter2-4111'
    const client = spec.cached({ defaults: { ttl: 10, swr: 60, jitter: 0 }, verify: { sample: 1, afterMs: 1 } })
    const { prisma, plain, clock, events } = client
    const statement = () => prisma.$queryRaw`SELECT name::int AS n FROM "Tag" WHERE name ~ '^(1|hunter)'`
    const read = () => prisma.$cache.raw({ reads: ['Tag'], ttl: 10 }, statement())
    await plain.tag.create({ data: { name: '1' } })
    await read()
    await prisma.$cache.settled()
    await plain.tag.update({ where: { name: '1' }, data: { name: secret } })
    expect(await did(prisma, read())).toBe('hit')
    clock.advance(11 * SECOND)
    expect(await did(prisma, read())).toBe('stale')
    prisma.$cache.keepWarm('figures', statement)()
    await prisma.$cache.settled()
    const errors = events.filter((event) => event.type === 'error')
    expect(errors.map(({ during }) => during).sort()).toEqual(['refresh', 'refresh', 'verify'])
    for (const { error } of errors)
      expect(String(error)).toBe('Error: the query failed: PrismaClientKnownRequestError P2010')
    expect(everythingOf(events)).not.toContain(secret)
    // The caller of a query is told all of it.
    await expect(statement()).rejects.toThrow(secret)
  })
})

describePair('secrets planted everywhere', (bed) => {
  const spec = useSpec(bed)
  const planted = ['secret@private.test', 'hunter2', '4111-1111', 'Ünlisted']
  const [email, password, card, name] = planted as [string, string, string, string]
  const material = [...encryption.keys.map(({ key }) => key), encryption.digestKey]
  const asBytes = material.map((key) => Buffer.from(key, 'base64'))
  const hidden = [...planted, ...material, ...asBytes.flatMap((key) => [key.toString('hex'), key.toString('latin1')])]

  it.each<[string, CacheOptions]>([
    ['in the clear', {}],
    ['encrypted', { encryption, models: { User: { encrypt: true, audit: true }, Post: { neverCache: ['title'] } } }],
  ])('stand in no event, error, log, statistics, key or answer of `$cache`: %s', async (_, options) => {
    const logged: unknown[] = []
    const methods = ['log', 'info', 'warn', 'error', 'debug'] as const
    for (const method of methods) vi.spyOn(console, method).mockImplementation((...args) => void logged.push(args))
    vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void logged.push(args))
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => logged.push(text) > 0)
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => logged.push(text) > 0)
    try {
      const client = spec.cached({ ...options, verify: { sample: 1, afterMs: 1 }, vary: () => 'tenant' })
      const { prisma, events } = client
      const refused: unknown[] = []
      const wrong = async (ask: () => PromiseLike<unknown>) =>
        void (await ask()?.then(undefined, (e) => refused.push(e)))
      await prisma.user.create({ data: { email, name, meta: { password, card }, posts: { create: { title: card } } } })
      for (let i = 0; i < 2; i += 1) {
        await prisma.user.findUnique({ where: { email }, include: { posts: true } })
        await prisma.user.findMany({ where: { OR: [{ name }, { posts: { some: { title: card } } }] } })
        await prisma.user.count({ where: { email: { in: [email, password] } } })
        await prisma.tag.findUnique({ where: { name: password } })
        await prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw`SELECT email FROM users WHERE email = ${email}`)
        await prisma.$cache.settled()
      }
      await prisma.user.update({ where: { email }, data: { name: password } })
      await prisma.user.findUnique({ where: { email }, include: { posts: true } })
      await prisma.$executeRaw`UPDATE users SET full_name = ${name} WHERE email = ${email}`
      await wrong(() => prisma.user.findMany({ where: { email }, cache: { ttl: -1 } }))
      await wrong(() => prisma.user.update({ where: { email }, data: { name }, cache: {} as never }))
      await wrong(() => prisma.$cache.explain(prisma.user.update({ where: { email }, data: { name } })))
      const explained = await prisma.$cache.explain(prisma.user.findMany({ where: { email, name } }))
      const keys = await prisma.$cache.keys()
      const entries = await Promise.all(keys.map((key) => prisma.$cache.inspect(key)))
      const whys = keys.map((key) => prisma.$cache.lastInvalidation(key))
      await prisma.$cache.settled()
      expect(events.length).toBeGreaterThan(20)
      expect(keys.length).toBeGreaterThan(2)
      expect(entries.some((entry) => entry?.encryptedWith === 'k1')).toBe('encryption' in options)
      const health = await prisma.$cache.health()
      const shown = { events, refused, logged, explained, keys, entries, whys, health, stats: prisma.$cache.stats() }
      const text = everythingOf({ ...shown, control: prisma.$cache })
      for (const secret of hidden) expect(text.toLowerCase()).not.toContain(secret.toLowerCase())
    } finally {
      vi.restoreAllMocks()
    }
  })
})
