import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { cacheExtension } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { type Ask, did, type Spec, useSpec } from './support.ts'

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('servers').redisUrl)
})
afterAll(() => redis.disconnect())

/** All there is to see of a value: own and inherited, hidden, symbols, causes; what a logger might print. */
const everythingOf = (value: unknown) =>
  inspect(value, { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null })

const keysOf = ({ prefix }: Pick<Spec<'sqlite'>, 'prefix'>) => redis.keys(`${prefix}*`)

describe('what users type', () => {
  const secrets = ['secret@private.test', 'hunter2', 'Tenant-77', '4111-1111', 'Ünlisted']
  const [email, password, tenant, card, name] = secrets as [string, string, string, string, string]
  const none = new RegExp(secrets.join('|').replaceAll('.', '\\.'), 'i')

  /** Reads and writes that have a secret in every place one can be. */
  async function useAll(client: Spec<'sqlite'>): Promise<void> {
    const { prisma, Prisma } = client
    await prisma.user.create({ data: { email, name, meta: { password, card }, posts: { create: { title: card } } } })
    await prisma.user.findUnique({ where: { email } })
    await prisma.user.findUnique({ where: { email: `absent-${email}` } })
    await prisma.user.findFirst({ where: { OR: [{ name }, { meta: { equals: { password } } }] } })
    await prisma.user.findMany({ where: { email: { in: [email] }, posts: { some: { title: { contains: card } } } } })
    await prisma.tag.findUnique({ where: { name: password } })
    await prisma.post.findUnique({ where: { authorId_title: { authorId: 4, title: card } } })
    await prisma.user.count({ where: { name: { startsWith: name } } })
    await prisma.user.groupBy({ by: ['name'], where: { email }, _count: true })
    await prisma.$cache.raw(
      { reads: ['User'] },
      prisma.$queryRaw(Prisma.sql`SELECT id FROM users WHERE email = ${email} AND full_name = ${'hunter2'}`),
    )
    await prisma.$executeRaw`UPDATE users SET full_name = ${name} WHERE email = ${email}`
    await prisma.user.update({ where: { email }, data: { name: password } })
    await prisma.user.updateMany({ where: { name: password }, data: { name } })
    await prisma.$transaction((tx) => tx.user.update({ where: { email }, data: { name } }))
    await prisma.user.create({ data: { email } }).catch(() => {})
    await prisma.user.findUniqueOrThrow({ where: { email: `absent-${email}` } }).catch(() => {})
    await prisma.user.findMany({ where: { email } })
    await prisma.user.delete({ where: { email } })
    await prisma.$cache.settled()
  }

  it('stands in no key and no tag', async () => {
    const client = spec.cached({ vary: () => tenant })
    await useAll(client)
    const keys = await keysOf(client)
    expect(keys.length).toBeGreaterThan(10)
    for (const key of keys) expect(key).not.toMatch(none)
    expect(await client.prisma.$cache.keys()).not.toEqual([])
  })

  it('stands in no event, no statistics, and nothing an operator is shown', async () => {
    const client = spec.cached({ vary: () => tenant })
    const { prisma, events } = client
    await useAll(client)
    const entries = await Promise.all((await prisma.$cache.keys()).map((key) => prisma.$cache.inspect(key)))
    const shown = { events, stats: prisma.$cache.stats(), entries, health: await prisma.$cache.health() }
    expect(new Set(events.map(({ type }) => type)).size).toBeGreaterThan(2)
    expect(everythingOf(shown)).not.toMatch(none)
  })

  it('stands in no event of an entry that cannot be read, wherever it was cut or changed', async () => {
    const client = spec.cached()
    const { prisma, events } = client
    const read = () => prisma.user.findMany({ where: { id: 4 }, select: { name: true, balance: true, meta: true } })
    await prisma.user.create({ data: { id: 4, email, name, meta: { password, card } } })
    await read()
    await prisma.$cache.settled()
    const [key = ''] = await prisma.$cache.keys({ pattern: 'User:*' })
    const [header = '', ...lines] = (await redis.get(key))!.split('\n')
    const payload = lines.join('\n')
    const broken = [
      payload.slice(0, payload.indexOf(password) + 3),
      ...secrets.flatMap((secret) => [payload.replace(secret, `${secret}"`), payload.replace(`"${secret}`, secret)]),
      payload.replace(/^(D?\S*)\n/, (shape) => shape.replaceAll(/"\w"/g, '"D"')),
      payload.replace(/^(D?\S*)\n/, (shape) => shape.replaceAll(/"\w"/g, '"n"')),
    ].filter((one) => one !== payload)
    expect(broken.length).toBeGreaterThan(6)
    for (const one of broken) {
      await redis.set(key, `${header.replace(/ \w+$/, ` ${one.length.toString(36)}`)}\n${one}`)
      await read()
      await prisma.$cache.settled()
    }
    expect(events.filter((event) => event.type === 'error').length).toBeGreaterThan(4)
    expect(everythingOf(events)).not.toMatch(none)
  })

  it('stands in no event when the store refuses what it is given', async () => {
    const full = await startRedis({ args: ['--maxmemory-policy', 'noeviction'] })
    const operator = new Redis(full.url)
    try {
      const client = spec.cached({ redis: full.url })
      await client.plain.user.create({ data: { email, name, meta: { password } } })
      // The versions get in, the entry does not.
      await client.prisma.user.count({ where: { email } })
      await client.prisma.$cache.settled()
      await operator.config('SET', 'maxmemory', '1')
      const users = await client.prisma.user.findMany({ where: { email } })
      expect(users).toHaveLength(1)
      await client.prisma.user.update({ where: { email }, data: { name } })
      await client.prisma.$cache.settled()
      const problems = client.events.filter(({ type }) => type === 'error' || type === 'fill-skipped')
      expect(problems.map(({ type }) => type)).toContain('error')
      expect(everythingOf(problems)).not.toMatch(none)
    } finally {
      operator.disconnect()
      await full.stop()
    }
  })

  it('stands in no event when an entry of theirs cannot be read', async () => {
    const client = spec.cached()
    const { prisma, plain, events } = client
    await plain.user.create({ data: { email, name, meta: { password } } })
    await prisma.user.findMany({ where: { email } })
    await prisma.$cache.settled()
    const [key] = await prisma.$cache.keys()
    await redis.set(key!, (await redis.get(key!))!.slice(0, -3))
    expect(await prisma.user.findMany({ where: { email } })).toHaveLength(1)
    const problems = events.filter(({ type }) => type === 'error')
    expect(problems).toHaveLength(1)
    expect(everythingOf(problems)).not.toMatch(none)
  })
})

describe('the password of Redis', () => {
  let guarded: RedisServer
  beforeAll(async () => {
    guarded = await startRedis({ args: ['--requirepass', 'right'] })
  })
  afterAll(() => guarded.stop())

  it('stands in no event when it is wrong, and the queries are answered', async () => {
    const url = guarded.url.replace('redis://', 'redis://:hunter2@')
    const { prisma, events } = spec.cached({ redis: url, timeoutMs: 200 })
    expect(await prisma.tag.findMany()).toHaveLength(3)
    await eventually(async () => events.find((event) => event.type === 'error'), 'the refusal')
    expect(await prisma.tag.findMany()).toHaveLength(3)
    const refusals = [() => prisma.$cache.keys(), () => prisma.$cache.clear(), () => prisma.$cache.inspect('k')]
    const errors = await Promise.all(refusals.map((ask) => ask().catch((error: unknown) => error)))
    expect(everythingOf([events, errors, await prisma.$cache.health()])).not.toContain('hunter2')
    await prisma.$cache.disconnect()
  })

  it.each([
    'http://user:hunter2@cache:6379',
    'redis//:hunter2@cache',
    'postgresql://:p@hunter2@cache',
    'memcached://cache?password=hunter2',
  ])('stands in no message about the URL %s', (redis) => {
    const setUp = () => spec.plain.$extends(cacheExtension({ configFile: false, redis }))
    expect(setUp).toThrow(/`redis`/)
    try {
      setUp()
    } catch (error) {
      expect(everythingOf(error)).not.toContain('hunter2')
    }
  })
})

describe('bytes in Redis that we did not write', () => {
  const read: Ask = (db) => db.user.findMany({ where: { id: { lte: 2 } }, orderBy: { id: 'asc' } })

  /** Puts something else in the place of a cached read's entry, made from the entry as it was. */
  async function tampered(
    client: Spec<'sqlite'>,
    change: (key: string, entry: string) => Promise<unknown>,
  ): Promise<void> {
    await read(client.prisma as unknown as Spec<'sqlite'>['plain'])
    await client.prisma.$cache.settled()
    const [key] = await client.prisma.$cache.keys()
    await change(key!, (await redis.get(key!))!)
  }
  const replaced = (text: (entry: string) => string | Buffer) => (key: string, entry: string) =>
    redis.set(key, text(entry))
  /** The header of the entry, whose versions are right, with another payload and its length. */
  const payload = (text: string) =>
    replaced((entry) => `${entry.slice(0, entry.indexOf('\n')).replace(/\w+$/, text.length.toString(36))}\n${text}`)
  const header = (change: (header: string) => string) =>
    replaced((entry) => `${change(entry.slice(0, entry.indexOf('\n')))}${entry.slice(entry.indexOf('\n'))}`)

  const unreadable: Record<string, (key: string, entry: string) => Promise<unknown>> = {
    'nothing at all': replaced(() => ''),
    'bytes that are no text': replaced(() => Buffer.from([0xff, 0xfe, 0, 1, 0x80, 10, 0xc3])),
    'JSON of another application': replaced(() => '{"id":1,"email":"mallory@example.test"}'),
    'an entry cut short': replaced((entry) => entry.slice(0, -10)),
    'a header alone': replaced((entry) => entry.slice(0, entry.indexOf('\n'))),
    'an entry of another version': header((text) => text.replace(/^qc\d+/, 'qc0')),
    'an entry with a longer header': header((text) => `${text} more`),
    'times that are none': header((text) => text.replace(/ \w+/, ' N-N')),
    'times without end': header((text) => text.replace(/ \w+/, ` ${'9'.repeat(400)}`)),
    'no payload': payload(''),
    'a payload of one line': payload('[]'),
    'a payload that is no JSON': payload('\n[{'),
    'kinds that are no JSON': payload('[\n[]'),
    'a kind we do not know': payload('[{"id":"z"}]\n[{"id":1}]'),
    'a kind that is not the value’s': payload('[{"name":"d"}]\n[{"name":"Ada"}]'),
    'a date beyond all dates': payload('[{"createdAt":"d"}]\n[{"createdAt":1e300}]'),
    'a bigint that is none': payload('[{"big":"i"}]\n[{"big":"1.5"}]'),
    'a decimal that is none': payload('[{"balance":"D"}]\n[{"balance":"lots"}]'),
    'kinds nested without end': payload(
      `${'['.repeat(200_000)}"d"${']'.repeat(200_000)}\n${'['.repeat(200_000)}1${']'.repeat(200_000)}`,
    ),
  }
  it.each(Object.entries(unreadable))(
    '%s: the database answers, the trouble is told, the entry is replaced',
    async (_, change) => {
      const client = spec.cached()
      const { prisma, plain, events } = client
      await tampered(client, change)
      const expected = await read(plain)
      const { data, info } = await prisma.$cache.withCacheInfo(read(prisma as unknown as typeof plain))
      expect(info).toMatchObject({ status: 'miss', cause: 'unreadable' })
      expect(data).toStrictEqual(expected)
      expect(events).toContainEqual(expect.objectContaining({ type: 'error', during: 'decode', model: 'User' }))
      expect(await did(prisma, read(prisma as unknown as typeof plain))).toBe('hit')
    },
  )

  /** Of the header; tags and the length come after them. */
  const STAMPS = / ([^ ]+) (?=[^ ]* [^ ]+$)/
  const otherwise: Record<string, (key: string, entry: string) => Promise<unknown>> = {
    'stamps of nothing': header((text) => text.replace(STAMPS, ' AAAAAAAAAAAA.1 ')),
    'fewer stamps': header((text) => text.replace(STAMPS, ' , ')),
    'more stamps': header((text) => text.replace(STAMPS, ' $1,AAAAAAAAAAAA.1 ')),
    'a list': (key) => redis.pipeline().del(key).rpush(key, 'x').exec(),
    'a hash': (key) => redis.pipeline().del(key).hset(key, 'x', 'y').exec(),
  }
  it.each(Object.entries(otherwise))('%s: the database answers, and the entry is replaced', async (_, change) => {
    const client = spec.cached()
    const { prisma, plain } = client
    await tampered(client, change)
    const { data, info } = await prisma.$cache.withCacheInfo(read(prisma as unknown as typeof plain))
    expect(info.status).toBe('miss')
    expect(data).toStrictEqual(await read(plain))
    expect(await did(prisma, read(prisma as unknown as typeof plain))).toBe('hit')
  })

  it('in the place of a clock record: no wrong answer, before writes and after them', async () => {
    const texts = ['', ' ', ',', 'a,b', 'a b', '\n', '-', 'x'.repeat(100_000), Buffer.from([0, 0xff])]
    for (const text of [...texts, undefined]) {
      const client = spec.cached()
      const { prisma, prefix } = client
      const colors = async () =>
        (await prisma.tag.findMany({ orderBy: { name: 'asc' } })).map(({ color }) => color).join()
      await colors()
      if (text === undefined)
        await redis.pipeline().del(`${prefix}clock:{Tag}`).rpush(`${prefix}clock:{Tag}`, 'x').exec()
      else await redis.set(`${prefix}clock:{Tag}`, text)
      expect([await colors(), await colors()]).toEqual(['grey,grey,grey', 'grey,grey,grey'])
      await prisma.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
      expect([await colors(), await colors()]).toEqual(['grey,grey,crimson', 'grey,grey,crimson'])
      // The write has put the tag in order.
      expect(await did(prisma, prisma.tag.findMany({ orderBy: { name: 'asc' } }))).toBe('hit')
      await prisma.tag.update({ where: { name: 'red' }, data: { color: 'grey' } })
    }
  })

  it('change no prototype and call nothing', async () => {
    const attacks = [
      '[{"__proto__":{"polluted":"d"}}]\n[{"__proto__":{"polluted":1}}]',
      '\n[{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}]',
      '{"constructor":{"prototype":{"polluted":"d"}}}\n[]',
      '[{"toString":"d","valueOf":"D"}]\n[{"toString":1,"valueOf":"1"}]',
      '{"length":"d","push":"d"}\n[1,2]',
      '\n{"then":"x","toJSON":{}}',
    ]
    for (const attack of attacks) {
      const client = spec.cached()
      await tampered(client, payload(attack))
      await Promise.resolve(read(client.prisma as unknown as Spec<'sqlite'>['plain'])).catch(() => {})
      expect({}).not.toHaveProperty('polluted')
      expect([]).not.toHaveProperty('polluted')
      expect(Object.getPrototypeOf({})).toBe(Object.prototype)
      expect(`${{}}`).toBe('[object Object]')
    }
  })

  it('change no other client’s connection: a key may hold any characters', async () => {
    const client = spec.cached()
    const { prisma } = client
    const keys = ['*', '..', '\r\nFLUSHALL\r\n', '\0', '$6\r\nfoobar', '%s', '{a}', `'; DROP`, '\u{1f600}', '"']
    await redis.set(`${client.prefix}witness`, 'here')
    for (const key of keys) {
      await prisma.tag.findMany({ cache: { key, tags: [key] } })
      expect(await did(prisma, prisma.tag.findMany({ cache: { key, tags: [key] } })), key).toBe('hit')
    }
    expect(await prisma.$cache.keys()).toHaveLength(keys.length)
    for (const key of keys) {
      expect(await prisma.$cache.invalidate({ tags: [key], keys: [`Tag:findMany:@${key}`] })).toEqual({
        tags: 1,
        keys: 1,
      })
    }
    expect(await redis.get(`${client.prefix}witness`)).toBe('here')
    await redis.unlink(`${client.prefix}witness`)
  })
})

describe('a result that is too large', () => {
  it('is answered, not stored, and told', async () => {
    const { prisma, plain, events } = spec.cached({ maxValueBytes: 2000 })
    await plain.user.update({ where: { id: 1 }, data: { name: 'é'.repeat(1000) } })
    for (const _ of [1, 2]) {
      expect((await prisma.user.findUnique({ where: { id: 1 } }))?.name).toHaveLength(1000)
      expect(await prisma.user.findUnique({ where: { id: 2 } })).not.toBeNull()
    }
    await prisma.$cache.settled()
    expect(events.filter(({ type }) => type === 'fill-skipped')).toEqual(
      Array(2).fill({
        type: 'fill-skipped',
        reason: 'oversize',
        model: 'User',
        operation: 'findUnique',
        key: expect.any(String),
      }),
    )
    expect(await prisma.$cache.keys()).toHaveLength(1)
  })

  it('is not shared either: whoever asks for it asks the database, as without a cache', async () => {
    const { prisma, plain, sql, clock } = spec.cached({ maxValueBytes: 10 })
    const right = await plain.user.findMany()
    sql.clear()
    for (const round of [1, 2]) {
      expect(await Promise.all([1, 2, 3].map(() => prisma.user.findMany()))).toEqual([right, right, right])
      expect(sql.count(/^SELECT/)).toBe(3 * round)
    }
    clock.advance(30_000)
    await prisma.user.findMany()
    expect(sql.count(/^SELECT/)).toBe(7)
  })

  it('is stored when it has shrunk', async () => {
    const { prisma, clock } = spec.cached({ maxValueBytes: 2000 })
    const read = () => prisma.user.findUnique({ where: { id: 1 } })
    await prisma.user.update({ where: { id: 1 }, data: { name: 'x'.repeat(2000) } })
    await read()
    await prisma.user.update({ where: { id: 1 }, data: { name: 'short' } })
    clock.advance(30_000)
    await read()
    expect(await did(prisma, read())).toBe('hit')
  })

  it('by default from a mebibyte on', async () => {
    const { prisma, plain, events } = spec.cached()
    for (const [length, type] of [
      [2 ** 20 - 1000, 'fill'],
      [2 ** 20, 'fill-skipped'],
    ] as const) {
      await plain.post.update({ where: { id: 1 }, data: { title: 'x'.repeat(length) } })
      await prisma.post.findUnique({ where: { id: 1 }, cache: { refresh: true } })
      await prisma.$cache.settled()
      expect(events.filter((event) => event.type.startsWith('fill')).at(-1)?.type).toBe(type)
    }
  })
})

describe('what must not be cached reaches Redis by no way', () => {
  async function storedUnder(client: Spec<'sqlite'>): Promise<string> {
    await client.prisma.$cache.settled()
    // All but registries, which hold names of columns.
    const keys = (await keysOf(client)).filter((key) => !key.includes(':shapes:'))
    return (await Promise.all(keys.map((key) => redis.get(key)))).join('\n')
  }

  it('a field in `neverCache`, nested, aggregated, in a raw query, or fetched for a computed field', async () => {
    const client = spec.cached({ models: { User: { neverCache: ['email'] } } })
    const { prisma } = client
    const rich = prisma.$extends({
      result: { user: { domain: { needs: { email: true }, compute: ({ email }) => email.split('@')[1] } } },
    })
    const author = { omit: { email: true } } as const
    const reads: (() => PromiseLike<unknown>)[] = [
      () => prisma.user.findMany(),
      () => prisma.user.findMany({ select: { email: true } }),
      () => prisma.user.findMany({ omit: { email: true } }),
      () => prisma.post.findMany({ include: { author: true } }),
      () => prisma.post.findUnique({ where: { id: 1 } }).author(),
      () => prisma.user.aggregate({ _max: { email: true }, _min: { email: true } }),
      () => prisma.user.groupBy({ by: ['email'] }),
      () => prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw`SELECT email AS e FROM users`),
      () => rich.user.findMany(),
      () => rich.user.findMany({ omit: { email: true } }),
      () => rich.user.findMany({ select: { name: true, domain: true } }),
      () => rich.user.findMany({ select: { name: true } }),
      () => rich.post.findMany({ include: { author } }),
      () => rich.post.findUnique({ where: { id: 3 } }).author(author),
      () => rich.user.findMany({ omit: { email: true }, include: { manager: author, posts: { include: { author } } } }),
      () => rich.user.findMany({ select: { manager: author } }),
      () => rich.user.findMany({ select: { posts: { select: { author } } } }),
    ]
    for (const read of reads) await read()
    const stored = await storedUnder(client)
    expect(stored).toContain('Ada')
    expect(stored).not.toContain('@example.test')
  })

  it('rows of a model that is `false`', async () => {
    const client = spec.cached({ models: { Profile: false } })
    const { prisma } = client
    await prisma.profile.findMany()
    await prisma.user.findMany({ include: { profile: true } })
    await prisma.user.findUnique({ where: { id: 1 } }).profile()
    await prisma.post.findMany({ select: { author: { select: { profile: { select: { bio: true } } } } } })
    await prisma.profile.groupBy({ by: ['bio'] })
    await prisma.profile.aggregate({ _max: { bio: true } })
    await prisma.$cache.raw({ reads: ['Profile', 'User'] }, prisma.$queryRaw`SELECT bio AS b FROM "Profile"`)
    await prisma.user.findMany()
    const stored = await storedUnder(client)
    expect(stored).toContain('Ada')
    expect(stored).not.toContain('first')
  })

  it('what a transaction reads, or a call that says `cache: false`', async () => {
    // Names of tables and columns are no data; without them nothing at all is there.
    const client = spec.cached({ catalogue: false })
    const { prisma } = client
    await prisma.user.findMany({ cache: false })
    await prisma.$transaction(async (tx) => tx.user.findMany({ cache: true }))
    await prisma.$transaction([prisma.user.findMany(), prisma.user.count()])
    expect(await storedUnder(client)).toBe('')
  })
})

describe('scopes', () => {
  it('that look alike are apart', async () => {
    const scopes = [
      '1',
      1,
      true,
      'true',
      null,
      'null',
      undefined,
      '',
      '~',
      '","',
      'a\0b',
      '[]',
      'a,b',
      0,
      -0.5,
    ] as const
    let scope: (typeof scopes)[number]
    const { prisma } = spec.cached({ vary: () => scope })
    for (scope of scopes) expect(await did(prisma, prisma.tag.count()), String(scope)).toBe('miss')
    for (scope of scopes) expect(await did(prisma, prisma.tag.count()), String(scope)).toBe('hit')
  })
})
