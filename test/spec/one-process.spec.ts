import { PrismaPg } from '@prisma/adapter-pg'
import { afterAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { type CacheControl, type CacheOptions, cacheExtension, memoryStore } from '../../src/index.ts'
import { PrismaClient } from '../.generated/postgresql/client-ts/client.ts'
import type { ClientOf } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import type { SqlTap } from '../support/sql-tap.ts'
import { startTcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/with-timeout.ts'
import { did } from './support.ts'

// Frameworks make more than one extended client in a process: one for pages and one for route handlers, one a module
// system, another at each hot reload. All of them are of one database, and none knows of the others.

const users = [
  { email: 'ada@example.test', name: 'Ada' },
  { email: 'bob@example.test', name: 'Bob' },
]
const cachedBy = (extension: typeof cacheExtension, plain: ClientOf<'sqlite'>, options: CacheOptions) =>
  plain.$extends(extension({ configFile: false, defaults: { ttl: 60 }, timeoutMs: 20_000, ...options }))
type Cached = ReturnType<typeof cachedBy>

/** The package as another bundle of the same process has it. */
async function anotherCopy(): Promise<typeof cacheExtension> {
  vi.resetModules()
  const copy = await import('../../src/index.ts')
  expect(copy.cacheExtension).not.toBe(cacheExtension)
  return copy.cacheExtension
}

interface OpenOptions {
  readonly extension?: typeof cacheExtension
  readonly tap?: (sql: SqlTap) => void
}

function useClients(provider: Provider) {
  const bed = useTestBed<Provider>({ provider, generator: 'ts', store: 'memory' })
  const controls: CacheControl[] = []
  let prefix: string
  beforeEach(async () => {
    prefix = freshNamespace()
    await bed.database.reset()
    const { prisma, close } = await bed.open()
    await (prisma as ClientOf<'sqlite'>).user.createMany({ data: users })
    await close()
  })
  afterAll(() => Promise.all(controls.map((control) => control.disconnect())))
  /** A Prisma client of its own, with a cache of its own. */
  return async (options: CacheOptions = {}, { extension = cacheExtension, tap }: OpenOptions = {}): Promise<Cached> => {
    const { prisma, sql } = await bed.open()
    tap?.(sql)
    const cached = cachedBy(extension, prisma as ClientOf<'sqlite'>, { prefix, ...options })
    controls.push(cached.$cache)
    return cached
  }
}

const ada = { where: { id: 1 } } as const
const bob = { where: { id: 2 } } as const
const reads = {
  'a row': (prisma: Cached) => prisma.user.findUnique(ada),
  'a row by another key': (prisma: Cached) => prisma.user.findUnique({ where: { email: 'ada@example.test' } }),
  'a list': (prisma: Cached) => prisma.user.findMany({ where: { name: 'Ada' }, orderBy: { id: 'asc' } }),
  'a count': (prisma: Cached) => prisma.user.count({ where: { name: 'Ada' } }),
}

describe.each(['sqlite', 'postgresql'] as const)('two clients of one database in one process (%s)', (provider) => {
  const open = useClients(provider)

  it.each([
    ['that share the code', async () => cacheExtension],
    ['from two copies of the package', anotherCopy],
  ] as const)('%s see each other’s writes', async (_, load) => {
    const [pages, routes] = [await open(), await open({}, { extension: await load() })]
    for (const [writer, reader] of [
      [pages, routes],
      [routes, pages],
    ] as const) {
      await writer.user.update({ ...ada, data: { name: 'Ada' } })
      for (const [name, read] of Object.entries(reads)) {
        await read(reader)
        await reader.$cache.settled()
        expect(await did(reader, read(reader)), name).toBe('hit')
      }
      await writer.user.update({ ...ada, data: { name: 'Augusta' } })
      expect(await reads['a row'](reader)).toMatchObject({ name: 'Augusta' })
      expect(await reads['a row by another key'](reader)).toMatchObject({ name: 'Augusta' })
      expect(await reads['a list'](reader)).toEqual([])
      expect(await reads['a count'](reader)).toBe(0)
    }
  })

  it('keep what a write of the other did not touch', async () => {
    const [pages, routes] = [await open(), await open()]
    await routes.user.findUnique(bob)
    await routes.$cache.settled()
    await pages.user.update({ ...ada, data: { name: 'Augusta' } })
    expect(await did(routes, routes.user.findUnique(bob))).toBe('hit')
  })

  it('see the end of each other’s transactions, and nothing before it', async () => {
    const [pages, routes] = [await open(), await open()]
    await routes.user.count()
    await pages.$transaction(async (tx) => {
      await tx.user.delete(bob)
    })
    expect(await routes.user.count()).toBe(1)
  })

  it('with a `memoryStore()` each, or a near tier asked for, see each other’s writes', async () => {
    const [pages, routes] = [await open({ store: memoryStore() }), await open({ store: 'memory', near: 'revalidate' })]
    await pages.user.findUnique(ada)
    await routes.user.update({ ...ada, data: { name: 'Augusta' } })
    expect(await pages.user.findUnique(ada)).toMatchObject({ name: 'Augusta' })
  })

  it('do not serve what a strict write of the other may be changing', async () => {
    let sql: SqlTap | undefined
    const pages = await open({ consistency: 'strict' }, { tap: (tap) => void (sql = tap) })
    const routes = await open()
    await routes.user.findUnique(ada)
    await routes.$cache.settled()
    const gate = (sql as SqlTap).hold(/UPDATE/, { before: true })
    const writing = Promise.resolve(pages.user.update({ ...ada, data: { name: 'Augusta' } }))
    await gate.held
    const { info } = await routes.$cache.withCacheInfo(routes.user.findUnique(ada))
    expect(info).toMatchObject({ status: 'bypass', reason: 'write-in-progress' })
    gate.open()
    await writing
    expect(await routes.user.findUnique(ada)).toMatchObject({ name: 'Augusta' })
  })

  it('drop what the other invalidates by tag, model, key or pattern, and what it clears', async () => {
    const [pages, routes] = [await open(), await open()]
    const read = () => routes.user.findMany({ cache: { tags: ['people'], key: 'all' } })
    const [key] = await keysAfter(read())
    const drops = {
      tag: () => pages.$cache.invalidate({ tags: ['people'] }),
      model: () => pages.$cache.invalidate({ models: ['User'] }),
      key: () => pages.$cache.invalidate({ keys: [key as string] }),
      pattern: () => pages.$cache.invalidate({ pattern: 'User:*' }),
      everything: () => pages.$cache.clear(),
    }
    for (const [name, drop] of Object.entries(drops)) {
      await keysAfter(read())
      expect(await did(routes, read()), `before: ${name}`).toBe('hit')
      await drop()
      expect(await did(routes, read()), name).toBe('miss')
    }

    async function keysAfter(work: PromiseLike<unknown>) {
      await work
      await routes.$cache.settled()
      return routes.$cache.keys()
    }
  })

  it('never see a value that the other replaced or deleted, and count together', async () => {
    const [pages, routes] = [await open(), await open()]
    for (const client of [pages, routes]) await client.$cache.set('theme', 'light')
    await pages.$cache.set('theme', 'dark')
    expect(await routes.$cache.get('theme')).toBeUndefined()
    expect(await pages.$cache.get('theme')).toBe('dark')
    await routes.$cache.set('theme', 'light')
    await pages.$cache.delete('theme')
    expect(await routes.$cache.get('theme')).toBeUndefined()

    const sums = [await pages.$cache.increment('visits'), await routes.$cache.increment('visits', 2)]
    const later = await open()
    expect(sums).toEqual([1, 3])
    expect(await later.$cache.get('visits')).toBe(3)
    expect(await later.$cache.increment('visits')).toBe(4)
    expect(await pages.$cache.get('visits')).toBe(4)
    await routes.$cache.set('visits', 10)
    expect(await pages.$cache.increment('visits')).toBe(11)
    await pages.$cache.delete('visits')
    expect(await routes.$cache.get('visits')).toBeUndefined()
  })

  it('do not store what was computed while the other wrote', async () => {
    const [pages, routes] = [await open(), await open()]
    const count = () => routes.$cache.getOrSet('count', () => routes.user.count({ cache: false }), { models: ['User'] })
    expect(await count()).toBe(2)
    await pages.user.delete(bob)
    expect(await count()).toBe(1)
  })

  it('go on when the other is disconnected, and what it still writes is seen', async () => {
    const [pages, routes] = [await open(), await open()]
    await routes.user.findUnique(ada)
    await routes.$cache.settled()
    await pages.$cache.disconnect()
    expect(await did(routes, routes.user.findUnique(ada))).toBe('hit')
    await routes.user.update({ ...ada, data: { name: 'Augusta' } })
    expect(await routes.user.findUnique(ada)).toMatchObject({ name: 'Augusta' })
  })
})

describe('two databases of one schema in one process, under one prefix', () => {
  const [first, second] = [useClients('sqlite'), useClients('sqlite')]
  const prefix = freshNamespace()

  it('never show each other’s rows', async () => {
    const [one, other] = [await first({ prefix }), await second({ prefix })]
    for (const client of [one, other]) for (const read of Object.values(reads)) await read(client)
    await one.user.update({ ...ada, data: { name: 'Augusta' } })
    expect(await one.user.findUnique(ada)).toMatchObject({ name: 'Augusta' })
    expect(await other.user.findUnique(ada)).toMatchObject({ name: 'Ada' })
    expect(await other.user.count({ where: { name: 'Ada' } })).toBe(1)
    await one.$cache.set('theme', 'light')
    expect(await other.$cache.get('theme')).toBeUndefined()
    const of = (client: Cached) => client.$cache.getOrSet('names', () => client.user.findUnique(ada))
    expect([await of(one), await of(other)]).toMatchObject([{ name: 'Augusta' }, { name: 'Ada' }])
  })
})

describe('two clients of one process over Redis, one of them with copies that a push keeps current', () => {
  const open = useClients('postgresql')

  it.each(['push', 'none'])('see each other’s writes before the push arrives (writer: %s)', async (near) => {
    const { redisUrl } = inject('servers')
    const url = new URL(redisUrl)
    const line = await startTcpProxy(Number(url.port))
    url.port = String(line.port)
    const breaker = { quarantineMs: 0 } as const
    const reader = await open({ redis: url.href, near: { coherence: 'push', heartbeatMs: 600_000 }, breaker })
    const writer = await open({
      redis: redisUrl,
      breaker,
      ...(near === 'push' && { near: 'push' as const }),
    })
    const copied = async () => {
      line.resetRoundTrips()
      const { info } = await reader.$cache.withCacheInfo(reader.user.findUnique(ada))
      return (info.status === 'hit' && line.roundTrips === 0) || undefined
    }
    await eventually(copied, 'a hit that asks nobody')
    line.loseAnswers()
    await writer.user.update({ ...ada, data: { name: 'Augusta' } })
    const read = Promise.resolve(reader.user.findUnique(ada))
    // What is not answered from a copy waits for Redis, which cannot be heard.
    const first = await Promise.race([read, new Promise((resolve) => setImmediate(() => resolve('asks Redis')))])
    expect(first).toBe('asks Redis')
    line.cut()
    expect(await read).toMatchObject({ name: 'Augusta' })
    await line.close()
  })
})

describe('caches of one database that cannot see each other’s writes', () => {
  const bed = useTestBed<'postgresql'>({ provider: 'postgresql', generator: 'ts', store: 'memory' })
  const redisAt = (port: number) => `redis://:secret@127.0.0.1:${port}/0`
  const memory = { store: 'memory' } as const

  it.each([
    ['memory and Redis', [memory, { redis: redisAt(1) }], /one in memory and one in Redis at 127\.0\.0\.1:1\/0/],
    ['two Redis servers', [{ redis: redisAt(1) }, { redis: redisAt(2) }], /Redis at 127\.0\.0\.1:1\/0 and .*:2\/0/],
    [
      'two prefixes',
      [
        { ...memory, prefix: 'a:' },
        { ...memory, prefix: 'b:' },
      ],
      /prefix "a:" and one under "b:"/,
    ],
  ] as const)('are told of once: %s', async (_, options, message) => {
    const warnings = await warningsOf(options)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(message)
    expect(warnings[0]).not.toContain('secret')
  })

  it('are told of where they are over one client', async () => {
    const { prisma } = await bed.open()
    expect(
      await warningsOf(
        [
          { ...memory, prefix: 'a:' },
          { ...memory, prefix: 'b:' },
        ],
        prisma,
      ),
    ).toHaveLength(1)
  })

  it('are not said to be where both are alike', async () => {
    expect(await warningsOf([memory, { store: memoryStore() }, {}])).toEqual([])
    expect(await warningsOf([{ redis: redisAt(1) }, { redis: redisAt(1) }])).toEqual([])
  })

  /** Of a process in which nothing was opened before. */
  async function warningsOf(all: readonly CacheOptions[], shared?: ClientOf<'postgresql'>): Promise<string[]> {
    const opened = Symbol.for('prisma-extension-query-cache/opened-stores@1')
    delete (globalThis as Record<symbol, unknown>)[opened]
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      for (const options of [...all, ...all]) {
        // With the adapter as it is: the one of the test bed does not show where it connects to.
        const client = shared ?? new PrismaClient({ adapter: new PrismaPg({ connectionString: bed.database.url }) })
        const cached = client.$extends(cacheExtension({ configFile: false, prefix: 'p:', ...options }))
        await cached.$cache.disconnect()
      }
      return emit.mock.calls.map(([warning]) => String(warning))
    } finally {
      emit.mockRestore()
    }
  }
})
