import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CacheOptions, memoryStore } from '../../src/index.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/with-timeout.ts'
import { type CachedClient, statusOf, useProcesses } from './processes.ts'

/** The rows of the table in `docs/freshness.md` that no other suite is about. */
const ada = { where: { id: 1 } }
const name = (prisma: CachedClient) => prisma.user.findUniqueOrThrow(ada).then((user) => user.name)
const setName = (prisma: CachedClient, value: string) => prisma.user.update({ ...ada, data: { name: value } })
const TIMEOUT_MS = 1000

describe('what can go stale', () => {
  const processes = useProcesses(useTestBed<Provider>({ provider: 'postgresql', generator: 'ts', store: 'redis' }))
  let server: RedisServer
  let line: TcpProxy
  let prefix: string
  beforeEach(async () => {
    server = await startRedis({ args: ['--save', '3600 1000000'] })
    line = await startTcpProxy(server.port)
    prefix = freshNamespace()
    await processes.plain().user.create({ data: { email: 'ada@example.test', name: 'old' } })
  })
  afterEach(async () => {
    await line.close()
    await server.stop()
  })

  /** Process 0 writes and is behind a line that can break, process 1 reads. */
  const start = (options: CacheOptions = {}) => {
    const place = { prefix, timeoutMs: TIMEOUT_MS, breaker: { quarantineMs: 0, resetMs: 50 }, ...options }
    return {
      writer: processes.start(0, { ...place, redis: `redis://127.0.0.1:${line.port}` }),
      reader: processes.start(1, { ...place, redis: server.url }),
    }
  }
  async function cachedBy(reader: { prisma: CachedClient; settled: () => Promise<void> }) {
    await name(reader.prisma)
    await reader.settled()
    expect(await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))).toBe('hit')
  }
  const hears = (reader: { prisma: CachedClient }, value: string) =>
    eventually(async () => (await name(reader.prisma)) === value || undefined, `the reader to see ${value}`)

  it('between a commit and its acknowledgement: the state before, to others', async () => {
    const { writer, reader } = start()
    await cachedBy(reader)
    const gate = writer.sql.hold(/^UPDATE/)
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    expect(await name(reader.prisma)).toBe('old')
    gate.open()
    await writing
    expect(await name(reader.prisma)).toBe('new')
  })

  it('when the writer’s connection breaks and is soon back: nothing', async () => {
    const { writer, reader } = start()
    for (const value of ['a', 'b', 'c', 'd', 'e']) {
      await name(writer.prisma)
      await cachedBy(reader)
      line.cut()
      await setName(writer.prisma, value)
      expect(await name(reader.prisma)).toBe(value)
    }
  })

  it('when the writer alone is cut off: what it changed, to others, until it is back', async () => {
    const { writer, reader } = start()
    await name(writer.prisma)
    await cachedBy(reader)
    line.blackHole()
    await setName(writer.prisma, 'new')
    // The limit that is written down. The writer itself knows better.
    expect(await name(reader.prisma)).toBe('old')
    expect(await name(writer.prisma)).toBe('new')
    line.cut()
    await hears(reader, 'new')
    await eventually(
      async () => writer.prisma.$cache.stats().store.state === 'ok' || undefined,
      'the writer to be back',
    )
  })

  it('when the writer alone is cut off and strict: nothing, it is refused', async () => {
    const { writer, reader } = start({ consistency: 'strict', onUnavailable: 'reject' })
    await setName(writer.prisma, 'before')
    await cachedBy(reader)
    line.blackHole()
    await expect(setName(writer.prisma, 'new')).rejects.toMatchObject({ code: 'CACHE_STORE_UNAVAILABLE' })
    expect(await name(reader.prisma)).toBe('before')
    expect(await processes.plain().user.findUniqueOrThrow(ada)).toMatchObject({ name: 'before' })
  })

  it('when a strict writer is cut off between its hold and its release: nothing', async () => {
    const { writer, reader } = start({ consistency: 'strict', lockTtlMs: 1000 })
    await cachedBy(reader)
    const gate = writer.sql.hold(/^UPDATE/)
    const writing = Promise.resolve(setName(writer.prisma, 'new'))
    await gate.held
    line.blackHole()
    gate.open()
    await writing
    // Held until the hold runs out, changed from then on.
    expect(await name(reader.prisma)).toBe('new')
    await eventually(
      async () => (await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))) === 'hit' || undefined,
      'the hold to run out',
    )
    expect(await name(reader.prisma)).toBe('new')
  })

  it('when Redis comes back and one process finds it before another: nothing, it is left alone meanwhile', async () => {
    const { writer, reader } = start({ breaker: { quarantineMs: 2000, resetMs: 50 } })
    // A server that is new when it is first met is left alone as well.
    await hears(reader, 'old')
    await eventually(
      async () => (await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))) === 'hit' || undefined,
      'the first grace to end',
    )
    await name(writer.prisma)
    line.blackHole()
    await server.restart()
    const found = () => reader.prisma.$cache.health().then(({ latencyMs }) => latencyMs !== null || undefined)
    await eventually(found, 'the reader to find the server')
    // The reader is there already, the writer is not: its invalidation cannot arrive.
    await name(reader.prisma)
    await reader.settled()
    await setName(writer.prisma, 'new')
    expect(await name(reader.prisma)).toBe('new')
    line.cut()
    await eventually(
      async () => (await statusOf(reader.prisma, reader.prisma.user.findUniqueOrThrow(ada))) === 'hit' || undefined,
      'the grace to end',
    )
    expect(await name(reader.prisma)).toBe('new')
  })

  it('after invalidation by key or pattern, when the query was under way: its result', async () => {
    const { reader } = start()
    for (const target of [{ pattern: 'User:*' }, { keys: ['User:findUniqueOrThrow:@ada'] }]) {
      const read = () => reader.prisma.user.findUniqueOrThrow({ ...ada, cache: { key: 'ada' } })
      const gate = reader.sql.hold(/^SELECT/)
      const reading = Promise.resolve(read())
      await gate.held
      await processes.plain().user.update({ ...ada, data: { name: 'by another' } })
      await reader.prisma.$cache.invalidate(target)
      gate.open()
      await reading
      await reader.settled()
      expect((await read()).name).toBe('old')
      // Tags and models have no such gap.
      await reader.prisma.$cache.invalidate({ models: ['User'] })
      expect((await read()).name).toBe('by another')
      await processes.plain().user.update({ ...ada, data: { name: 'old' } })
      await reader.prisma.$cache.clear()
    }
  })

  it('between in-process stores of two processes: until the ttl', async () => {
    // In one process, stores of one prefix hear of each other.
    const [one, other] = ([0, 1] as const).map((process) =>
      processes.start(process, {
        redis: undefined,
        store: memoryStore({ maxEntries: 100 }),
        prefix: freshNamespace(),
      }),
    ) as [ReturnType<typeof processes.start>, ReturnType<typeof processes.start>]
    await name(other.prisma)
    await setName(one.prisma, 'new')
    expect(await name(other.prisma)).toBe('old')
    other.clock.advance(60_000)
    expect(await name(other.prisma)).toBe('new')
  })
})
