import { describe, expect, it, vi } from 'vitest'
import { type CacheOptions, memoryStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { type StoreKind, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { did, type Spec, useSpec } from './support.ts'

/** One memory for several clients. */
function sharedMemory(): CacheOptions['store'] {
  let made: ReturnType<ReturnType<typeof memoryStore>> | undefined
  return (context) => (made ??= memoryStore()(context))
}

/** In production, where errors show no line of the caller's, hits are answered in front of Prisma's hooks. */
describe.each<StoreKind>(['memory', 'redis'])('a read that is answered in front of Prisma (%s)', (store) => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store })
  const spec = useSpec(bed, { errorFormat: 'minimal' })
  const name = ({ prisma }: Pick<Spec, 'prisma'>) => prisma.user.findUnique({ where: { id: 1 } })

  async function warm(options = {}) {
    const one = spec.cached(options)
    // Stored by the first, decoded by the second, kept for copies by the third.
    for (let i = 0; i < 3; i += 1) {
      await name(one)
      await one.prisma.$cache.settled()
    }
    one.sql.clear()
    return one
  }

  /** How often Prisma was asked for an operation, in whatever client made of this one. */
  function asked(client: unknown) {
    let owner = client as object
    while (!Object.hasOwn(owner, '_request')) owner = Object.getPrototypeOf(owner)
    return vi.spyOn(owner as { _request(): unknown }, '_request')
  }

  it('takes none of Prisma’s way', async () => {
    const one = await warm()
    const request = asked(one.plain)
    expect(await name(one)).toMatchObject({ id: 1 })
    expect(request).not.toHaveBeenCalled()
    await one.prisma.user.findUnique({ where: { id: 2 } })
    expect(request).toHaveBeenCalledOnce()
    request.mockRestore()
  })

  it('is not made before somebody waits for it, and then once', async () => {
    const one = await warm()
    const hits: unknown[] = []
    one.prisma.$cache.on('hit', (event) => hits.push(event))
    const read = name(one)
    expect(hits).toHaveLength(0)
    expect(await read).toBe(await read)
    expect(hits).toHaveLength(1)
    expect(one.sql.statements).toEqual([])
    const own = await name(one)
    expect(own).toEqual(await read)
    expect(own).not.toBe(await read)
  })

  it('that misses is made once, too', async () => {
    const one = spec.cached()
    const read = name(one)
    const user = await read
    expect(await read).toBe(user)
    await one.prisma.$cache.settled()
    // By now it would be a hit.
    for (let i = 0; i < 3; i += 1) await name(one)
    expect(await read).toBe(user)
    expect(one.sql.count(/^SELECT/)).toBe(1)
    expect(one.prisma.$cache.stats().totals).toMatchObject({ miss: 1, hit: 3 })
  })

  it('asks `vary` once, by the long way: it may name another scope the next time', async () => {
    const scopes: string[] = []
    const one = await warm({ vary: () => scopes[scopes.push('a') - 1] })
    const before = scopes.length
    const request = asked(one.plain)
    expect(await did(one.prisma, name(one))).toBe('hit')
    expect(scopes).toHaveLength(before + 1)
    expect(request).toHaveBeenCalledOnce()
    request.mockRestore()
  })

  it('made to warm is bounded and counted as such', async () => {
    // By the application's own client, not by the one it is handed.
    let one: Spec | undefined
    const run = () => [1, 1, 1].map(() => one && name(one))
    one = await warm({ warmers: [{ name: 'ada', run, limit: 2 }] })
    const { prisma } = one
    const { hit } = prisma.$cache.stats().totals
    expect(await prisma.$cache.warm('ada')).toMatchObject([{ state: 'end', done: 2, fresh: 2 }])
    expect(prisma.$cache.stats().totals.hit).toBe(hit)
  })

  it('is renewed behind the caller’s back when it is stale, or soon will be', async () => {
    const stale = await warm({ defaults: { ttl: 60, swr: 60, jitter: 0 } })
    stale.clock.advance(61_000)
    expect(await did(stale.prisma, name(stale))).toBe('stale')
    await stale.prisma.$cache.settled()
    expect(await did(stale.prisma, name(stale))).toBe('hit')
    const due = spec.cached({ defaults: { ttl: 60, jitter: 0, earlyRefresh: 100 } })
    const slow = due.sql.hold(/^SELECT/)
    const first = name(due).then(() => {})
    await slow.held
    due.clock.advance(5000)
    slow.open()
    await first
    await due.prisma.$cache.settled()
    due.clock.advance(54_000)
    due.sql.clear()
    expect(await did(due.prisma, name(due))).toBe('hit')
    await due.prisma.$cache.settled()
    expect(due.sql.count(/^SELECT/)).toBe(1)
  })

  it('is judged by `validate`', async () => {
    let isGood = true
    const one = await warm({ defaults: { ttl: 60, jitter: 0, validate: () => isGood } })
    expect(await did(one.prisma, name(one))).toBe('hit')
    isGood = false
    expect(await did(one.prisma, name(one))).toBe('miss')
  })

  it('is verified', async () => {
    const one = await warm({ verify: { sample: 1 } })
    await name(one)
    await one.prisma.$cache.settled()
    expect(one.sql.count(/^SELECT/)).toBe(1)
    expect(one.events.filter(({ type }) => type === 'verify').at(-1)).toMatchObject({ outcome: 'fresh' })
  })

  it('is told of where its model has `audit`', async () => {
    const one = await warm({ models: { User: { audit: true } } })
    const seen: unknown[] = []
    one.prisma.$cache.on('audit', ({ status }) => seen.push(status))
    await name(one)
    expect(seen).toEqual(['hit'])
  })

  it('has values of every kind, each time others', async () => {
    const one = spec.cached()
    const read = () => one.prisma.user.findUnique({ where: { id: 1 }, select: { balance: true, updatedAt: true } })
    const expected = await one.plain.user.findUnique({ where: { id: 1 }, select: { balance: true, updatedAt: true } })
    for (let i = 0; i < 4; i += 1) {
      const user = await read()
      expect(user).toStrictEqual(expected)
      user?.updatedAt.setTime(0)
      await one.prisma.$cache.settled()
    }
  })

  it('is one of those that `predict` remembers', async () => {
    const one = await warm({ predict: { sample: 1 }, defaults: { ttl: 1800, jitter: 0 } })
    // Remembered as they were, whatever becomes of them.
    const where = { id: 2 }
    const cache = { ttl: 1800, tags: ['mine'] }
    for (let i = 0; i < 20; i += 1) {
      await name(one)
      await one.prisma.user.findUnique({ where, cache })
      await one.prisma.$cache.settled()
    }
    where.id = 3
    cache.tags.push('theirs')
    one.clock.advance(1_799_000)
    one.sql.clear()
    expect(await one.prisma.$cache.warm('predict')).toMatchObject([{ state: 'end', queried: 2 }])
    // Of one tick, and so one statement.
    expect(one.sql.count(/^SELECT/)).toBe(1)
  })

  it('stores what it was asked for, when its arguments are changed meanwhile', async () => {
    const { prisma } = spec.cached()
    const where = { id: 1 }
    const read = prisma.user.findUnique({ where }).then((user) => user)
    where.id = 2
    // Prisma itself looks at them a moment after it was called.
    expect([1, 2]).toContain((await read)?.id)
    await prisma.$cache.settled()
    expect((await prisma.user.findUnique({ where: { id: 1 } }))?.id).toBe(1)
    expect((await prisma.user.findUnique({ where: { id: 2 } }))?.id).toBe(2)
  })

  it('that misses is planned, looked up and told of once', async () => {
    const { prisma, events } = spec.cached()
    await prisma.user.findUnique({ where: { id: 1 }, cache: { ttl: 10, tags: ['mine'] } })
    await prisma.$cache.settled()
    // A miss is told when it is answered; a store in this process has its entry by then.
    expect(events.map(({ type }) => type).sort()).toEqual(['fill', 'miss', 'plan'])
    expect(await did(prisma, prisma.user.count({ cache: false }))).toBe('bypass: call-disabled')
  })

  it('and others that miss are one statement, as without a cache', async () => {
    const { prisma, sql } = spec.cached()
    const users = await Promise.all([1, 2, 3].map((id) => prisma.user.findUnique({ where: { id } })))
    expect(users.map((user) => user?.id)).toEqual([1, 2, 3])
    expect(sql.count(/^SELECT/)).toBe(1)
  })

  it('looks like any promise of Prisma', async () => {
    const one = await warm()
    const [ours, theirs] = [name(one), one.plain.user.findUnique({ where: { id: 1 } })]
    expect(Reflect.ownKeys(ours)).toEqual(Reflect.ownKeys(theirs))
    expect(Object.prototype.toString.call(ours)).toBe(Object.prototype.toString.call(theirs))
    expect('posts' in ours).toBe(true)
    expect((ours as { spec?: unknown }).spec).toEqual((theirs as { spec?: unknown }).spec)
    const lists = [one.prisma.user.findMany(), one.plain.user.findMany()]
    expect(Reflect.ownKeys(lists[0] as object)).toEqual(Reflect.ownKeys(lists[1] as object))
    expect(await ours.finally(() => {})).toEqual(await theirs)
    expect(await name(one).catch(() => 'never')).toEqual(await theirs)
  })

  it('goes on to its relations', async () => {
    const one = await warm()
    expect(await name(one).posts()).toHaveLength(2)
    const read = name(one)
    await read
    expect(await read.posts({ where: { id: 1 } })).toHaveLength(1)
  })

  it('is made by the database in a transaction', async () => {
    const one = await warm()
    const { prisma } = one
    const [user, count] = await prisma.$transaction([name(one), prisma.user.count()])
    expect([user?.id, count]).toEqual([1, 3])
    expect(one.sql.count(/^SELECT/)).toBeGreaterThanOrEqual(2)
    await prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'inside' } })
      expect((await tx.user.findUnique({ where: { id: 1 } }))?.name).toBe('inside')
    })
    expect((await name(one))?.name).toBe('inside')
  })

  it('is told to who asked what happened, and explained', async () => {
    const one = await warm()
    expect(await did(one.prisma, name(one))).toBe('hit')
    expect(await one.prisma.$cache.explain(name(one))).toMatchObject({ status: 'cached', model: 'User' })
    expect(await did(one.prisma, one.prisma.user.findUnique({ where: { id: 1 }, cache: false }))).toBe(
      'bypass: call-disabled',
    )
  })

  it('is refused like any other when its arguments or options are wrong', async () => {
    const { prisma } = await warm()
    await expect(prisma.user.findUnique({ where: { id: 1 }, cache: { ttl: 'x' as never } })).rejects.toThrow('ttl')
    await expect(prisma.user.findUnique({ where: { nothing: 1 } as never })).rejects.toThrow('nothing')
    await expect(prisma.user.findUniqueOrThrow({ where: { id: 99 } })).rejects.toMatchObject({ code: 'P2025' })
  })

  it('is left to a client that another extension made of it', async () => {
    const one = await warm()
    const later = one.prisma.$extends({ model: { user: { findUnique: async () => 'mine' } } } as never)
    expect(await name({ prisma: later as unknown as typeof one.prisma })).toBe('mine')
    expect(await name(one)).toMatchObject({ id: 1 })
  })

  it.each<[string, (members: Record<string, unknown>, member: string, value: unknown) => void]>([
    ['set', (members, member, value) => void (members[member] = value)],
    ['defined', (members, member, value) => void Object.defineProperty(members, member, { value, configurable: true })],
  ])('gives way to what is %s in its place, a spy say, or a whole model', async (_, put) => {
    const one = await warm()
    const mine = async () => 'mine'
    put(one.prisma.user as never, 'findUnique', mine)
    expect(await name(one)).toBe('mine')
    const other = await warm()
    put(other.prisma as never, 'user', { findUnique: mine })
    expect(await name(other)).toBe('mine')
  })

  it('has the computed fields, and is seen by the hooks, of an extension after it', async () => {
    const one = await warm()
    const compute = ({ name }: { name: string | null }) => `${name}!`
    const later = one.prisma.$extends({ result: { user: { shout: { needs: { name: true }, compute } } } } as never)
    for (let i = 0; i < 3; i += 1) {
      expect(await name({ prisma: later as unknown as typeof one.prisma })).toMatchObject({ shout: 'Ada!' })
      await one.prisma.$cache.settled()
    }
    expect(await name(one)).not.toHaveProperty('shout')
  })

  it.each<[string, object]>([
    ['a model that takes the place of Prisma’s', { client: { user: { findUnique: async () => 'mine' } } }],
    ['methods', { model: { user: { findUnique: async () => 'mine' } } }],
    ['methods of all models', { model: { $allModels: { findUnique: async () => 'mine' } } }],
  ])('is left to %s that another extension put before it', async (_, extension) => {
    // Another client of the same cache has stored what is asked for.
    const shared = { prefix: freshNamespace(), ...(store === 'memory' && { store: sharedMemory() }) }
    const { prisma } = await warm(shared)
    const before = spec.plain.$extends(extension as never)
    const cached = (before as typeof spec.plain).$extends(spec.extension(shared)) as unknown as typeof prisma
    for (let i = 0; i < 4; i += 1) expect(await cached.user.findUnique({ where: { id: 1 } })).toBe('mine')
  })

  type Hook = (call: { args: object; query: (args: object) => Promise<unknown> }) => Promise<unknown>
  it.each<[string, (hook: Hook) => object]>([
    ['an operation', (hook) => ({ post: { findMany: hook } })],
    ['a model', (hook) => ({ post: { $allOperations: hook } })],
    ['all models', (hook) => ({ $allModels: { findMany: hook } })],
    ['all operations of all models', (hook) => ({ $allModels: { $allOperations: hook } })],
    ['everything', (hook) => ({ $allOperations: hook })],
  ])('has the conditions that a query hook of %s adds before it: no tenant sees another’s rows', async (_, query) => {
    const { prisma } = spec.cached()
    let tenant = 0
    const hook: Hook = ({ args, query: go }) => go({ ...args, where: { authorId: tenant } })
    const before = spec.plain.$extends({ query: query(hook) } as never)
    const cached = (before as typeof spec.plain).$extends(spec.extension()) as unknown as typeof prisma
    for (let i = 0; i < 4; i += 1) {
      for (tenant of [1, 2]) {
        const posts = await cached.post.findMany()
        await cached.$cache.settled()
        expect(posts.map(({ authorId }) => authorId)).toEqual(tenant === 1 ? [1, 1] : [2])
      }
    }
    expect(cached.$cache.stats().totals.hit).toBe(6)
  })

  it('has its rows as a query hook before it makes them', async () => {
    const { prisma } = spec.cached()
    const before = spec.plain.$extends({
      query: { user: { findUnique: async ({ args, query }: Parameters<Hook>[0]) => ({ opened: await query(args) }) } },
    } as never)
    const cached = (before as typeof spec.plain).$extends(spec.extension()) as unknown as typeof prisma
    for (let i = 0; i < 4; i += 1) {
      expect(await cached.user.findUnique({ where: { id: 1 } })).toMatchObject({ opened: { id: 1 } })
      await cached.$cache.settled()
    }
  })

  it('has the computed fields of another extension', async () => {
    const { prisma } = spec.cached()
    const compute = ({ name }: { name: string | null }) => `${name}!`
    const before = spec.plain.$extends({
      result: { user: { shout: { needs: { name: true }, compute } } },
    } as never)
    const cached = (before as typeof spec.plain).$extends(spec.extension()) as unknown as typeof prisma
    for (let i = 0; i < 4; i += 1) {
      const post = await cached.post.findFirst({ where: { id: 1 }, include: { author: true } })
      expect(post?.author).toHaveProperty('shout')
    }
  })
})

describe('a read in development', () => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed, { errorFormat: 'colorless' })

  it('fails with the line that made it', async () => {
    const { prisma, plain } = spec.cached()
    const failed = async (client: typeof plain) => {
      const error: Error = await client.user.findUnique({ where: { nothing: 1 } as never }).catch((thrown) => thrown)
      return error.message
    }
    expect(await failed(plain)).toContain('near-delegates.spec.ts')
    expect(await failed(prisma as unknown as typeof plain)).toBe(await failed(plain))
  })
})

describe('a look-up in front of Prisma', () => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'memory' })
  const spec = useSpec(bed, { errorFormat: 'minimal' })

  it('is the only one of a read that misses', async () => {
    let lookUps = 0
    const store: CacheOptions['store'] = (context) => {
      const { near: _, ...kept } = memoryStore()(context)
      return { ...kept, isRemote: true, lookUp: (...asked) => kept.lookUp(...asked).finally(() => (lookUps += 1)) }
    }
    const { prisma } = spec.cached({ store })
    await prisma.$cache.catalogue()
    lookUps = 0
    await prisma.user.findMany()
    expect(lookUps).toBe(1)
  })
})
