import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import type { CacheOptions, StoreFactory } from '../../src/index.ts'
import { redisStore } from '../../src/stores/redis/redis-store.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { type TestBed, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { startRedis } from '../support/redis-server.ts'
import { eventually, withTimeout } from '../support/with-timeout.ts'
import { type CachedClient, statusOf, useProcesses } from './processes.ts'

const strict = { consistency: 'strict' } as const
const ada = { where: { id: 1 } }
const name = (prisma: CachedClient, id = 1) =>
  prisma.user.findUniqueOrThrow({ where: { id } }).then((user) => user.name)
const setName = (prisma: CachedClient, value: string, id = 1) =>
  prisma.user.update({ where: { id }, data: { name: value } })
const UPDATE = /^UPDATE/

function describeStrict(title: string, body: (bed: TestBed) => void): void {
  for (const store of ['redis', 'memory'] as const) {
    describe(`${title} (${store})`, () =>
      body(useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store })))
  }
}

describeStrict('a strict write', (bed) => {
  const processes = useProcesses(bed)
  let writer: ReturnType<typeof processes.start>
  let reader: ReturnType<typeof processes.start>
  beforeEach(async () => {
    writer = processes.start(0, strict)
    // What a reader is told does not depend on what it says of its own writes.
    reader = processes.start(1)
    for (const email of ['ada@example.test', 'bob@example.test']) {
      await writer.plain.user.create({ data: { email, name: 'old' } })
    }
    for (const id of [1, 2]) await name(reader.prisma, id)
    await reader.prisma.user.count()
    await reader.settled()
  })

  it('keeps readers of what it may change away from the cache while it is under way', async () => {
    const gate = writer.sql.hold(UPDATE, { before: true })
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    expect(await statusOf(reader.prisma, reader.prisma.user.count())).toBe('write-in-progress')
    gate.open()
    await writing
    expect(await name(reader.prisma)).toBe('new')
  })

  it('lets nobody see the past once its commit can be seen', async () => {
    const gate = writer.sql.hold(UPDATE)
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    // Committed, and the writer does not know it yet: by the default protocol this is a hit.
    expect(await writer.plain.user.findUniqueOrThrow(ada)).toMatchObject({ name: 'new' })
    expect(await name(reader.prisma)).toBe('new')
    gate.open()
    await writing
  })

  it('stores nothing that was read meanwhile', async () => {
    const gate = writer.sql.hold(UPDATE, { before: true })
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    await name(reader.prisma)
    await reader.settled()
    expect(reader.events.filter(({ type }) => type === 'fill')).toHaveLength(3)
    gate.open()
    await writing
  })

  it('gives what it did not change back as it was', async () => {
    await setName(writer.prisma, 'new')
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('miss')
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow({ where: { id: 2 } }))).toBe('hit')
  })

  it('gives everything back when it was refused', async () => {
    await expect(
      writer.prisma.user.update({ where: { id: 1 }, data: { email: 'bob@example.test' } }),
    ).rejects.toMatchObject({ code: 'P2002' })
    for (const id of [1, 2]) {
      expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow({ where: { id } }))).toBe('hit')
    }
    expect(await statusOf(reader.prisma, reader.prisma.user.count())).toBe('hit')
  })

  it('does not end the hold of another one', async () => {
    const slow = writer.sql.hold(UPDATE)
    const first = Promise.resolve(setName(writer.prisma, 'first'))
    await slow.held
    for (const options of [strict, {}]) {
      const other = processes.start(1, options)
      await setName(other.prisma, 'second', 2)
      await other.prisma.$cache.invalidate({ models: ['User'] })
      expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    }
    slow.open()
    await first
    expect(await name(reader.prisma)).toBe('first')
    await reader.settled()
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('hit')
  })

  it('in a transaction holds just before the commit, and not while the transaction lasts', async () => {
    const gate = writer.sql.hold('COMMIT', { before: true })
    const writing = writer.prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'new' } })
      expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('hit')
    })
    await gate.held
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    gate.open()
    await writing
    expect(await name(reader.prisma)).toBe('new')
  })

  it('in a transaction that is rolled back holds nothing', async () => {
    const rolledBack = writer.prisma.$transaction(async (tx) => {
      await tx.user.update({ where: { id: 1 }, data: { name: 'never' } })
      throw new Error('back')
    })
    await expect(rolledBack).rejects.toThrow('back')
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('hit')
  })

  it('in a batch holds until the batch is through', async () => {
    const gate = writer.sql.hold('COMMIT')
    const { prisma } = writer
    const writing = prisma.$transaction([setName(prisma, 'new', 1), setName(prisma, 'new', 2)])
    await gate.held
    expect(await name(reader.prisma)).toBe('new')
    gate.open()
    await writing
    expect(await name(reader.prisma, 2)).toBe('new')
  })

  it('in a batch that fails leaves nothing held', async () => {
    const { prisma } = writer
    const missing = prisma.user.update({ where: { id: 99 }, data: { name: 'x' } })
    await expect(prisma.$transaction([setName(prisma, 'never', 1), missing])).rejects.toMatchObject({ code: 'P2025' })
    const free = () => statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))
    expect(['hit', 'miss']).toContain(await free())
    expect(await name(reader.prisma)).toBe('old')
  })

  it('may be strict for some models only', async () => {
    const some = processes.start(0, { models: { Post: strict } })
    await reader.prisma.post.count()
    await reader.settled()
    const gate = some.sql.hold(/^INSERT INTO "public"\."Post"/, { before: true })
    const writing = Promise.resolve(
      some.prisma.user.update({ where: { id: 1 }, data: { name: 'new', posts: { create: { title: 'one' } } } }),
    )
    await gate.held
    expect(await statusOf(reader.prisma, reader.prisma.post.count())).toBe('write-in-progress')
    expect(await statusOf(reader.prisma, reader.prisma.user.count())).toBe('hit')
    gate.open()
    await writing
    expect(await reader.prisma.post.count()).toBe(1)
  })

  it('by raw SQL is held as well', async () => {
    const gate = writer.sql.hold(UPDATE)
    const writing = writer.prisma.$executeRaw`UPDATE users SET full_name = 'new' WHERE id = 1`
    const done = writing.then((count) => count)
    await gate.held
    expect(await name(reader.prisma)).toBe('new')
    gate.open()
    await done
  })
})

describe('a process that dies', () => {
  const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const processes = useProcesses(bed)
  const LEASE_MS = 2000

  /** What a store looks like from outside whose process was killed after its commit: nothing of it arrives any more. */
  const dying = (place: StoreFactory, state: { dead: boolean }): StoreFactory => {
    return (context) => {
      const store = place(context)
      const never = () => new Promise<never>(() => {})
      const dies = <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
        return (...args: A) => (state.dead ? never() : call(...args))
      }
      return {
        ...store,
        bump: dies(store.bump.bind(store)),
        hold: dies(store.hold.bind(store)),
        release: dies(store.release.bind(store)),
      }
    }
  }

  async function dieAfterCommit(options: CacheOptions) {
    const redis = new Redis(inject('servers').redisUrl)
    const prefix = freshNamespace()
    const state = { dead: false }
    const writer = processes.start(0, { ...options, prefix, redis: undefined, store: dying(redisStore(redis), state) })
    const reader = processes.start(1, { prefix })
    await writer.plain.user.create({ data: { email: 'ada@example.test', name: 'old' } })
    await name(reader.prisma)
    await reader.settled()
    const gate = writer.sql.hold(UPDATE)
    void Promise.resolve(setName(writer.prisma, 'new')).catch(() => {})
    await gate.held
    state.dead = true
    gate.open()
    return { reader, end: () => redis.disconnect() }
  }

  it('between commit and invalidation costs the hold, no more', async () => {
    const { reader, end } = await dieAfterCommit({ ...strict, lockTtlMs: LEASE_MS })
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    expect(await name(reader.prisma)).toBe('new')
    await eventually(
      async () => (await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))) === 'hit' || undefined,
      'the end of the hold',
    )
    expect(await name(reader.prisma)).toBe('new')
    end()
  })

  it('leaves the past behind by the default protocol, until its ttl: the documented window', async () => {
    const { reader, end } = await dieAfterCommit({})
    expect(await name(reader.prisma)).toBe('old')
    reader.clock.advance(61_000)
    expect(await name(reader.prisma)).toBe('new')
    end()
  })

  it('is not taken for dead while it still writes: the hold is renewed', async () => {
    const writer = processes.start(0, { ...strict, lockTtlMs: LEASE_MS })
    const reader = processes.start(1)
    await writer.plain.user.create({ data: { email: 'ada@example.test', name: 'old' } })
    const gate = writer.sql.hold(UPDATE, { before: true })
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    const until = performance.now() + 1.5 * LEASE_MS
    const seen = new Set<string>()
    while (performance.now() < until) {
      seen.add(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada)))
    }
    expect([...seen]).toEqual(['write-in-progress'])
    gate.open()
    await writing
  })
})

describe('where the hold cannot be taken', () => {
  const bed = useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' })
  const processes = useProcesses(bed)
  const ends: (() => unknown)[] = []
  afterEach(async () => {
    for (const end of ends.splice(0)) await end()
  })

  async function withoutRedis(options: CacheOptions) {
    const server = await startRedis()
    ends.push(() => server.stop())
    const redis = { redis: server.url, timeoutMs: 200, breaker: { quarantineMs: 0, resetMs: 50 } }
    const writer = processes.start(0, { ...strict, ...redis, ...options })
    await writer.plain.user.create({ data: { email: 'ada@example.test', name: 'old' } })
    await name(writer.prisma)
    await server.kill()
    return { ...writer, server }
  }

  it('proceeds by default', async () => {
    const { prisma, plain } = await withoutRedis({})
    await setName(prisma, 'new')
    expect(await plain.user.findUniqueOrThrow(ada)).toMatchObject({ name: 'new' })
    expect(await name(prisma)).toBe('new')
  })

  it('writes nothing with `reject`, and says why', async () => {
    const { prisma, plain, server } = await withoutRedis({ onUnavailable: 'reject' })
    const refused = { name: 'StoreUnavailableError', code: 'CACHE_STORE_UNAVAILABLE' }
    await expect(setName(prisma, 'new')).rejects.toMatchObject(refused)
    await expect(prisma.$transaction((tx) => tx.user.update({ ...ada, data: { name: 'x' } }))).rejects.toMatchObject(
      refused,
    )
    await expect(withTimeout(prisma.$transaction([setName(prisma, 'x')]), 'the batch')).rejects.toMatchObject(refused)
    expect(await plain.user.findUniqueOrThrow(ada)).toMatchObject({ name: 'old' })
    expect(await name(prisma)).toBe('old')
    await server.restart()
    await eventually(
      () =>
        setName(prisma, 'new').then(
          () => true,
          () => undefined,
        ),
      'Redis to be found again',
    )
  })

  it('refuses no read and no write of a model that is not strict', async () => {
    const { prisma } = await withoutRedis({ consistency: 'default', models: { Post: strict }, onUnavailable: 'reject' })
    await setName(prisma, 'new')
    expect(await prisma.post.count()).toBe(0)
    await expect(prisma.post.create({ data: { title: 'x', authorId: 1 } })).rejects.toThrow('refused')
  })
})

describeStrict('with read replicas', (bed) => {
  const processes = useProcesses(bed)
  const replicaLag = 0.5

  it('nothing is stored for as long after an invalidation as they may lag', async () => {
    const { prisma, plain, sql, clock, settled } = processes.start(0, { replicaLag })
    await plain.user.create({ data: { email: 'ada@example.test', name: 'old' } })
    // A replica that has not heard of the write yet: its answer was on its way when the write was made.
    const gate = sql.hold(/^SELECT/)
    const late = Promise.resolve(name(prisma))
    await gate.held
    await setName(prisma, 'new')
    gate.open()
    expect(await late).toBe('old')
    await settled()
    // And one that is asked after it, and not stored either.
    expect(await statusOf(prisma, prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    await settled()
    expect(await prisma.$cache.keys().then((keys) => keys.length)).toBeLessThanOrEqual(1)
    clock.advance(1000 * replicaLag)
    const stored = async () => (await statusOf(prisma, prisma.user.findUniqueOrThrow(ada))) === 'hit' || undefined
    await eventually(stored, 'the end of the lag')
    expect(await name(prisma)).toBe('new')
  })

  it('a strict write waits for nobody', async () => {
    const { prisma, plain } = processes.start(0, { ...strict, replicaLag })
    await plain.user.create({ data: { email: 'ada@example.test', name: 'old' } })
    await name(prisma)
    await setName(prisma, 'new')
    expect(await statusOf(prisma, prisma.user.findUniqueOrThrow(ada))).toBe('write-in-progress')
    expect(await name(prisma)).toBe('new')
  })
})
