import { randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type CacheOptions, cacheExtension, memoryStore } from '../../src/index.ts'
import { scopeName } from '../../src/tags/scope-tags.ts'
import { useTestBed } from '../support/matrix.ts'
import { type Ask, describePair, did, madeStaleBy, type Spec, useSpec } from './support.ts'

const newKey = () => randomBytes(32).toString('base64')
const digestKey = newKey()
const [first, second, foreign] = [
  { id: '2025', key: newKey() },
  { id: '2026', key: newKey() },
  { id: 'theirs', key: newKey() },
]
const withKeys = (...keys: readonly { id: string; key: string }[]) => ({ encryption: { keys, digestKey } })
const sealed = { ...withKeys(first), models: { User: { encrypt: true } } } satisfies CacheOptions

describePair('entries of a model with `encrypt`', (bed) => {
  const spec = useSpec(bed)

  it('answer as those of any other: same values, same classes', async () => {
    const { prisma, plain } = spec.cached(sealed)
    const reads: Ask[] = [
      (db) => db.user.findMany({ orderBy: { id: 'asc' }, include: { posts: true, profile: true, orders: true } }),
      (db) => db.user.findUnique({ where: { email: 'ada@example.test' } }),
      (db) => db.user.findUnique({ where: { email: 'absent@example.test' } }),
      (db) => db.user.aggregate({ _max: { email: true }, _sum: { balance: true } }),
      (db) => db.post.findMany({ orderBy: { id: 'asc' }, include: { author: true } }),
    ]
    for (const read of reads) {
      await read(prisma as never)
      const { data, info } = await prisma.$cache.withCacheInfo(read(prisma as never))
      expect(info.status).toBe('hit')
      expect(data).toStrictEqual(await read(plain as never))
    }
  })

  const stale: { sealed?: Record<string, string[]> } = {}
  async function madeStale(options: CacheOptions): Promise<Record<string, string[]>> {
    const client = spec.cached({ ...options, invalidation: 'shape' })
    const reads: Record<string, Ask> = {
      'ada by email': (db) => db.user.findUnique({ where: { email: 'ada@example.test' } }),
      'bob by email': (db) => db.user.findUnique({ where: { email: 'bob@example.test' } }),
      'users called Ada': (db) => db.user.findMany({ where: { name: 'Ada' } }),
      'users called Bob': (db) => db.user.findMany({ where: { name: 'Bob' } }),
      admins: (db) => db.user.findMany({ where: { role: 'ADMIN' }, select: { id: true, role: true } }),
      others: (db) => db.user.count({ where: { role: 'USER' } }),
      "ada's posts": (db) => db.post.findMany({ where: { authorId: 1 } }),
      "bob's posts": (db) => db.post.findMany({ where: { author: { id: 2 } } }),
    }
    const { prisma } = client
    const writes: Record<string, () => PromiseLike<unknown>> = {
      name: () => prisma.user.update({ where: { id: 1 }, data: { name: 'Ava' } }),
      role: () => prisma.user.update({ where: { email: 'ada@example.test' }, data: { role: 'USER' } }),
      roles: () => prisma.user.updateMany({ where: { role: 'USER' }, data: { role: 'ADMIN' } }),
      post: () => prisma.post.create({ data: { title: 'new', authorId: 2 } }),
      gone: () => prisma.user.delete({ where: { id: 2 } }),
    }
    const made: Record<string, string[]> = {}
    for (const [name, write] of Object.entries(writes)) made[name] = await madeStaleBy(client, reads, write)
    return made
  }

  it('are invalidated by what a write changes', async () => {
    stale.sealed = await madeStale(sealed)
    expect(stale.sealed['post']).toEqual(["bob's posts"])
    expect(stale.sealed['role']).toContain('admins')
  })

  it('and by nothing that spares those of any other', async () => {
    expect(await madeStale({})).toEqual(stale.sealed)
  })

  it('miss under a key that is not known, and are written anew', async () => {
    const store = bed.store === 'memory' ? { store: memoryStore() } : {}
    const theirs = spec.cached({ ...sealed, ...store, ...withKeys(foreign) })
    await theirs.prisma.user.findMany()
    await theirs.prisma.$cache.settled()
    const ours = spec.cached({ ...sealed, ...store, prefix: theirs.prefix })
    const { info } = await ours.prisma.$cache.withCacheInfo(ours.prisma.user.findMany())
    expect(info).toMatchObject({ status: 'miss', cause: 'unreadable' })
    expect(ours.events).toContainEqual(
      expect.objectContaining({ type: 'error', during: 'decrypt', model: 'User', operation: 'findMany' }),
    )
    expect(await did(ours.prisma, ours.prisma.user.findMany())).toBe('hit')
  })

  it('stay good when keys are rotated: the newest encrypts, all decrypt', async () => {
    const store = bed.store === 'memory' ? { store: memoryStore() } : {}
    const before = spec.cached({ ...sealed, ...store })
    const opened = (...keys: (typeof first)[]) =>
      spec.cached({ ...sealed, ...store, ...withKeys(...keys), prefix: before.prefix })
    const keyOf = async ({ prisma }: Pick<Spec, 'prisma'>, operation: string) => {
      await prisma.$cache.settled()
      const [key] = await prisma.$cache.keys({ pattern: `User:${operation}:*` })
      return (await prisma.$cache.inspect(key!))?.encryptedWith
    }
    await before.prisma.user.findMany()
    expect(await keyOf(before, 'findMany')).toBe('2025')
    // A new key in front; the old one stays for what it encrypted. Processes of both kinds share what they can read.
    const during = opened(second, first)
    expect(await did(during.prisma, during.prisma.user.findMany())).toBe('hit')
    await during.prisma.user.count()
    expect(await keyOf(during, 'count')).toBe('2026')
    expect(await did(before.prisma, before.prisma.user.count())).toBe('miss')
    // What one process changes the others hear of, whatever keys they have.
    await during.prisma.user.update({ where: { email: 'ada@example.test' }, data: { name: 'Ava' } })
    expect(await did(before.prisma, before.prisma.user.findMany())).toBe('miss')
    const after = opened(second)
    expect(await did(after.prisma, after.prisma.user.findMany())).toBe('miss')
  })
})

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('servers').redisUrl)
})
afterAll(() => redis.disconnect())

/** All that stands in Redis under the prefix: keys, values, and what they are in base64. */
async function allStored({ prisma, prefix }: Spec<'sqlite'>): Promise<string> {
  await prisma.$cache.settled()
  const keys = await redis.keys(`${prefix}*`)
  const values = await Promise.all(
    keys.map(async (key) => ((await redis.type(key)) === 'string' ? redis.get(key) : redis.hgetall(key))),
  )
  return JSON.stringify([keys, values])
}

describe('what Redis sees of a model with `encrypt`', () => {
  // Base64 of three letters is bound to hold these three some day; it never holds a space.
  const secrets = ['ada@example.test', 'Ada Lovelace', 'Bob Odenkirk', 'admin', '12.5', 'first']

  it('is nothing of its rows, however they came into a result', async () => {
    const client = spec.cached({ ...sealed, defaults: { ttl: 60 }, invalidation: 'shape' })
    const { prisma, plain } = client
    for (const [id, name] of ['Ada Lovelace', 'Bob Odenkirk'].entries()) {
      await plain.user.update({ where: { id: id + 1 }, data: { name } })
    }
    const reads: (() => PromiseLike<unknown>)[] = [
      () => prisma.user.findMany(),
      () => prisma.user.findUnique({ where: { email: 'ada@example.test' } }),
      () => prisma.user.findFirst({ where: { name: 'Ada Lovelace', role: 'ADMIN' } }),
      () => prisma.post.findMany({ include: { author: true } }),
      () => prisma.post.findMany({ select: { id: true, author: { select: { name: true } } } }),
      () => prisma.profile.findMany({ include: { user: { include: { posts: { include: { author: true } } } } } }),
      () => prisma.post.findUnique({ where: { id: 1 } }).author(),
      () => prisma.user.aggregate({ _max: { email: true }, _min: { email: true } }),
      () => prisma.user.groupBy({ by: ['email', 'role'] }),
      () => prisma.profile.findMany({ where: { user: { name: 'Ada Lovelace' } } }),
      () => prisma.$cache.raw({ reads: ['User'] }, prisma.$queryRaw`SELECT full_name FROM users`),
      // Declared to read another model, and it does not.
      () => prisma.$cache.raw({ reads: ['Post'] }, prisma.$queryRaw`SELECT full_name AS n FROM users`),
    ]
    for (const read of reads) {
      await read()
      await prisma.$cache.settled()
    }
    const stored = await allStored(client)
    expect(await prisma.$cache.keys()).toHaveLength(reads.length)
    for (const secret of secrets) expect(stored).not.toContain(secret)
    // A model of the same cache that is not encrypted is there to be read.
    await prisma.tag.findMany()
    expect(await allStored(client)).toContain('green')
  })

  it('is nothing of models it reaches by `dependsOn` alone, and these are told of and bounded', async () => {
    const user = { encrypt: true, maxTtl: 10, audit: true } as const
    const { prisma, clock, events } = spec.cached({ ...sealed, models: { User: user, Tag: { dependsOn: ['User'] } } })
    const reads = {
      query: () => prisma.tag.findMany(),
      raw: () => prisma.$cache.raw({ reads: ['Tag'] }, prisma.$queryRaw`SELECT 1 AS one`),
      value: () => prisma.$cache.getOrSet('value', () => 'computed', { models: ['Tag'] }),
      rows: () => prisma.$cache.getOrSet('rows', () => 'computed', { rows: { Tag: { name: 'red' } } }),
    }
    for (const read of Object.values(reads)) await read()
    await prisma.$cache.settled()
    const keys = await prisma.$cache.keys()
    expect(keys).toHaveLength(4)
    for (const key of keys) expect((await prisma.$cache.inspect(key))?.encryptedWith, key).toBe('2025')
    const told = () => events.flatMap((event) => (event.type === 'audit' && event.model === 'User' ? event.status : []))
    expect(told()).toEqual(Array(4).fill('miss'))
    clock.advance(10_000)
    for (const read of Object.values(reads)) await read()
    expect(told()).toEqual(Array(8).fill('miss'))
  })

  it('is no name of a tenant, and whoever invalidates a tenant finds its entries', async () => {
    const client = spec.cached({ ...sealed, vary: () => 'Acme Inc.' })
    const { prisma } = client
    await prisma.tag.findMany({ cache: { tags: ['team'] } })
    await prisma.$cache.set('cart', [1], { tags: ['team'] })
    const stored = await allStored(client)
    expect(stored).toContain(',%')
    expect(stored).not.toContain(scopeName('Acme Inc.'))
    for (const target of [{ scope: 'Acme Inc.', tags: ['team'] }, { scope: 'Acme Inc.' }]) {
      await prisma.tag.findMany({ cache: { tags: ['team'] } })
      await prisma.$cache.set('cart', [1], { tags: ['team'] })
      await prisma.$cache.settled()
      await prisma.$cache.invalidate(target)
      expect(await did(prisma, prisma.tag.findMany({ cache: { tags: ['team'] } }))).toBe('miss')
      expect(await prisma.$cache.get('cart')).toBeUndefined()
    }
  })

  it('cannot be found by trying: neither keys nor tags are digests that another could make', async () => {
    // One prefix for all, one after the other: it is a part of the digests.
    const { prefix } = spec.cached(sealed)
    const queries = async ({ prisma, events }: Spec<'sqlite'>) => {
      await prisma.user.findUnique({ where: { email: 'ada@example.test' } })
      await prisma.user.findMany({ where: { name: 'Ada', role: 'USER' } })
      await prisma.$cache.settled()
      const keys = await prisma.$cache.keys()
      const tags = events.flatMap((event) => (event.type === 'miss' ? event.tags : []))
      await prisma.$cache.clear()
      return [...keys.map((key) => key.slice(prefix.length)), ...new Set(tags)].sort()
    }
    const invalidation = 'shape'
    const named = (keys: string[]) => keys.filter((key) => /=[^*&]/.test(key) || key.startsWith('query:'))
    const ours = named(await queries(spec.cached({ ...sealed, invalidation, prefix })))
    const again = named(await queries(spec.cached({ ...sealed, invalidation, prefix, ...withKeys(second) })))
    const plain = named(await queries(spec.cached({ invalidation, prefix })))
    const other = { encryption: { keys: [first], digestKey: newKey() } }
    const others = named(await queries(spec.cached({ ...sealed, invalidation, prefix, ...other })))
    expect(ours.length).toBeGreaterThan(4)
    // Processes with other keys to encrypt with, and the same for digests, say the same.
    expect(again).toEqual(ours)
    expect(ours.filter((key) => plain.includes(key) || others.includes(key))).toEqual([])
    for (const key of ours) expect(key).not.toMatch(/USER|=1\b|true|false/)
  })
})

describe('values of the application’s own that depend on a model with `encrypt`', () => {
  it('are encrypted, live as long as its `maxTtl`, and are told of', async () => {
    const models = { User: { encrypt: true, maxTtl: 10, audit: true } } as const
    const client = spec.cached({ ...sealed, models })
    const { prisma, clock, events } = client
    const value = { name: 'Ada Lovelace', at: new Date(0) }
    const reads = {
      get: () => prisma.$cache.get('by hand'),
      getOrSet: () => prisma.$cache.getOrSet('computed', () => value, { ttl: 'day', rows: { User: { id: 1 } } }),
      wrap: (() => {
        const wrapped = prisma.$cache.wrap((_: string) => value, { name: 'wrapped', models: ['User'], ttl: 'day' })
        return () => wrapped('ada@example.test')
      })(),
    }
    await prisma.$cache.set('by hand', value, { ttl: 'day', models: ['User'] })
    for (const read of Object.values(reads)) for (let i = 0; i < 2; i += 1) expect(await read()).toEqual(value)
    await prisma.$cache.settled()
    const stored = await allStored(client)
    expect(stored.match(/@2025/g)).toHaveLength(3)
    for (const secret of ['Ada Lovelace', 'ada@']) expect(stored).not.toContain(secret)
    const keys = await prisma.$cache.keys()
    expect(keys).toHaveLength(3)
    for (const key of keys) {
      const info = await prisma.$cache.inspect(key, { value: true })
      expect(info).toMatchObject({ encryptedWith: '2025', value: { isShown: false, because: 'encrypted' } })
      expect(info!.keptForMs).toBe(10_000)
    }
    const hits = events.filter((event) => event.type === 'audit' && event.status === 'hit')
    expect(hits.map((event) => 'operation' in event && event.operation)).toEqual(['get', 'get', 'getOrSet', 'wrapped'])
    clock.advance(10_000)
    expect(await reads.get()).toBeUndefined()
    await prisma.$cache.set('plain', value, { ttl: 'day' })
    expect(await allStored(client)).toContain('Ada')
  })

  it('are named by digests of their arguments that nobody else can make', async () => {
    const keyOf = ({ prisma }: Spec<'sqlite'>) =>
      prisma.$cache.wrap((email: string) => email, { name: 'n', models: ['User'] }).key('ada@example.test')
    expect(keyOf(spec.cached(sealed))).toBe(keyOf(spec.cached(sealed)))
    expect(keyOf(spec.cached(sealed))).not.toBe(keyOf(spec.cached()))
  })
})

describe('what is put into Redis by somebody else is refused', () => {
  /** Two entries of users, and one of tags, under the keys they were stored by. */
  async function stored() {
    const client = spec.cached(sealed)
    const { prisma } = client
    const reads = {
      ada: () => prisma.user.findUnique({ where: { id: 1 }, select: { id: true, name: true } }),
      bob: () => prisma.user.findUnique({ where: { id: 2 }, select: { id: true, name: true } }),
    }
    const keys: string[] = []
    for (const read of Object.values(reads)) {
      const { info } = await prisma.$cache.withCacheInfo(read())
      keys.push((info as { key: string }).key)
    }
    await prisma.$cache.settled()
    const [adas, bobs] = keys as [string, string]
    const entry = (await redis.get(adas))!
    return { ...client, reads, adas, bobs, entry }
  }

  /** It is a miss and an event, and the answer is the database's. */
  async function expectRefused(
    { prisma, plain, events, reads }: Awaited<ReturnType<typeof stored>>,
    during = 'decrypt',
  ) {
    const { data, info } = await prisma.$cache.withCacheInfo(reads.ada())
    expect(info).toMatchObject({ status: 'miss', cause: 'unreadable' })
    expect(data).toEqual(await plain.user.findUnique({ where: { id: 1 }, select: { id: true, name: true } }))
    expect(events.filter(({ type }) => type === 'error')).toEqual([expect.objectContaining({ during })])
    await prisma.$cache.settled()
    expect(await did(prisma, reads.ada())).toBe('hit')
  }

  it('the entry of another row', async () => {
    const client = await stored()
    await redis.set(client.adas, (await redis.get(client.bobs))!)
    // It names another query, so there is nothing to decrypt.
    const { data, info } = await client.prisma.$cache.withCacheInfo(client.reads.ada())
    expect(info).toMatchObject({ status: 'miss', cause: 'absent' })
    expect(data).toMatchObject({ id: 1, name: 'Ada' })
  })

  it('the entry of another row under the versions of this one', async () => {
    const client = await stored()
    const [header = ''] = client.entry.split('\n')
    const [bobsHeader = '', bobs = ''] = (await redis.get(client.bobs))!.split('\n')
    expect(bobs).toHaveLength(client.entry.length - header.length - 1)
    expect(bobsHeader).not.toBe(header)
    await redis.set(client.adas, `${header}\n${bobs}`)
    await expectRefused(client)
  })

  it('an entry of before under the versions of now', async () => {
    const client = await stored()
    const { prisma, reads, adas, entry } = client
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Ava' } })
    await reads.ada()
    await prisma.$cache.settled()
    const header = (await redis.get(adas))!.split('\n')[0]!
    // As long as the old one, or the length says already that it is none.
    const length = entry.split('\n')[0]!.split(' ').at(-1)!
    await redis.set(adas, `${header.replace(/[^ ]+$/, length)}\n${entry.split('\n')[1]}`)
    await expectRefused(client)
  })

  it.each([
    ['a later time to live', (entry: string) => entry.replace(/^(qc6 \w+ )\w+/, '$1zzzzzz')],
    ['another key’s id', (entry: string) => entry.replace('@2025', '@2026')],
    ['an id that is a word of every object', (entry: string) => entry.replace('@2025', '@constructor')],
    [
      'a character changed',
      (entry: string) => `${entry.slice(0, -10)}${entry.at(-10) === 'A' ? 'B' : 'A'}${entry.slice(-9)}`,
    ],
  ])('%s', async (_, tamper) => {
    const client = await stored()
    await redis.set(client.adas, tamper(client.entry))
    await expectRefused(client)
  })

  it('an entry in the clear', async () => {
    const client = await stored()
    const forged = '{"id":0}\n{"id":1,"name":"Mallory"}'
    const header = client.entry.split('\n')[0]!.replace(/ [^ ]+$/, '')
    await redis.set(client.adas, `${header} ${forged.length.toString(36)}\n${forged}`)
    await expectRefused(client)
  })

  it('an entry that was cut off', async () => {
    const client = await stored()
    await redis.set(client.adas, client.entry.slice(0, -1))
    await expectRefused(client, 'decode')
  })

  it('an entry too short to be sealed', async () => {
    const client = await stored()
    await redis.set(client.adas, `${client.entry.split('\n')[0]!.replace(/ \w+@/, ' 4@')}\nAAAA`)
    await expectRefused(client)
  })
})

describe('copies in the process', () => {
  it.each(['memory', 'near'] as const)('are encrypted as well: %s', async (kind) => {
    const kept: string[] = []
    const seen = (entry: string) => {
      kept.push(entry)
      return entry
    }
    const watched: CacheOptions =
      kind === 'near'
        ? { near: 'revalidate' }
        : {
            redis: undefined,
            store: (context) => {
              const store = memoryStore()(context)
              return { ...store, fill: (key, entry, ...rest) => store.fill(key, seen(entry), ...rest) }
            },
          }
    const { prisma } = spec.cached({ ...sealed, ...watched })
    for (let i = 0; i < 3; i += 1) await prisma.user.findMany()
    await prisma.$cache.settled()
    expect(await did(prisma, prisma.user.findMany())).toBe('hit')
    expect(kept.join()).not.toContain('ada@')
    if (kind === 'memory') expect(kept).toHaveLength(1)
  })
})

describe('secrets that cannot be used are refused, and not shown', () => {
  const hidden = 'c2VjcmV0IHRoYXQgaXMgdG9vIHNob3J0'
  const keys = [first]
  it.each<[string, CacheOptions, option: string]>([
    ['no keys at all', { models: { User: { encrypt: true } } }, 'models.User.encrypt'],
    ['no digest key', { encryption: { keys } as never }, 'encryption.digestKey'],
    ['a digest key too short', { encryption: { keys, digestKey: hidden } }, 'encryption.digestKey'],
    ['a key too short', { encryption: { keys: [{ id: 'a', key: hidden }], digestKey } }, 'encryption.keys.0.key'],
    ['a key for a list', { encryption: { keys: hidden as never, digestKey } }, 'encryption.keys'],
    ['a key for an object', { encryption: { keys: [hidden as never], digestKey } }, 'encryption.keys.0'],
    ['a key for all', { encryption: hidden as never }, 'encryption'],
    [
      'a key for an id',
      { encryption: { keys: [{ id: `${hidden}+${hidden}`, key: newKey() }], digestKey } },
      'encryption.keys.0.id',
    ],
    ['an empty list', { encryption: { keys: [], digestKey } }, 'encryption.keys'],
    ['two keys of one id', { encryption: { keys: [first, first], digestKey } }, 'encryption.keys'],
    ['16 bytes', { encryption: { keys: [{ id: 'a', key: randomBytes(16) }], digestKey } }, 'encryption.keys.0.key'],
    ['no boolean', { ...withKeys(first), models: { User: { encrypt: 1 as never } } }, 'models.User.encrypt'],
  ])('%s', (_, options, option) => {
    const setUp = () => spec.plain.$extends(cacheExtension({ configFile: false, store: 'memory', ...options }))
    let message = ''
    try {
      setUp()
    } catch (error) {
      message = inspect(error, { depth: 9, showHidden: true }).split('\n    at ')[0]!
    }
    expect(message).toContain(`CacheConfigError: Invalid cache option \`${option}\``)
    expect(message).not.toContain(hidden)
    expect(message).not.toContain(first.key)
  })

  it('a key may be bytes, base64 with or without its end, base64url, or hex', async () => {
    const bytes = randomBytes(32)
    const forms = [bytes, new Uint8Array(bytes), bytes.toString('base64'), bytes.toString('base64').slice(0, 43)]
    const texts = [bytes.toString('base64url'), bytes.toString('hex'), bytes.toString('hex').toUpperCase()]
    const { prefix, prisma } = spec.cached({ ...sealed, ...withKeys({ id: 'a', key: texts[0]! }) })
    await prisma.user.findMany()
    await prisma.$cache.settled()
    for (const key of [...forms, ...texts]) {
      const { prisma: same } = spec.cached({ ...sealed, encryption: { keys: [{ id: 'a', key }], digestKey }, prefix })
      expect(await did(same, same.user.findMany())).toBe('hit')
    }
  })
})
