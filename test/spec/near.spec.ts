import { Redis } from 'ioredis'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CacheOptions, Coherence, RedisClient } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import { eventually } from '../support/with-timeout.ts'
import { did, useSpec } from './support.ts'

/** What `eventually` waits for. */
const isTrue = (it: boolean) => it || undefined

/** Two processes with copies of their own, in front of a Redis of this suite's alone. */
/** What a look-up reads: it is one script. */
const WITHIN_SCRIPTS = /^(getrange|mget|time)$/

describe.each(['revalidate', 'push'] as const)('near copies, %s', (coherence: Coherence) => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const spec = useSpec(bed)
  let server: RedisServer
  let admin: Redis
  beforeAll(async () => {
    server = await startRedis()
    admin = new Redis(server.url)
    admin.on('error', () => {})
  })
  afterAll(async () => {
    admin?.disconnect()
    await server?.stop()
  })
  afterEach(() => server.resume())

  type Process = ReturnType<typeof start>
  const start = (options: CacheOptions = {}) =>
    spec.cached({ redis: server.url, near: coherence, breaker: { quarantineMs: 0 }, ...options })
  const name = (one: Process) => one.prisma.user.findUnique({ where: { id: 1 }, select: { name: true } })
  const rename = (one: Process, to: string) => one.prisma.user.update({ where: { id: 1 }, data: { name: to } })
  /** Commands Redis was sent by clients, but for heartbeats, probes whether it takes writes, and this question. */
  const commands = async () => {
    const stats = await admin.info('commandstats')
    const counts = [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].filter(
      ([, command]) => !/info|ping|unlink|echo/.test(command ?? '') && !WITHIN_SCRIPTS.test(command ?? ''),
    )
    return counts.reduce((sum, [, , calls]) => sum + Number(calls), 0)
  }
  const tierOf = async (one: Process) => {
    const { info } = await one.prisma.$cache.withCacheInfo(name(one))
    return info.status === 'hit' ? info.tier : info.status
  }
  const takesNoTrip = async (one: Process) => {
    const before = await commands()
    const tier = await tierOf(one)
    return tier === 'near' && (await commands()) === before
  }
  /** Until its copy is there, and its versions where they are pushed. */
  async function warm(one: Process): Promise<void> {
    await name(one)
    await one.prisma.$cache.settled()
    if (coherence === 'revalidate') await eventually(async () => isTrue((await tierOf(one)) === 'near'), 'a copy')
    else await eventually(async () => isTrue(await takesNoTrip(one)), 'a copy with its versions')
  }
  async function pair(options: CacheOptions = {}) {
    const one = start(options)
    const other = start({ prefix: one.prefix, ...options })
    await warm(one)
    await warm(other)
    return { one, other }
  }
  const shows = (one: Process, expected: string | null) => async () => isTrue((await name(one))?.name === expected)

  it('are read instead of what lies in Redis', async () => {
    const one = start()
    await warm(one)
    await admin.config('RESETSTAT')
    const hits = await Promise.all(Array.from({ length: 20 }, () => did(one.prisma, name(one))))
    expect(new Set(hits)).toEqual(new Set(['hit']))
    // The versions of all of them, in one round trip; or nothing at all.
    expect(await commands()).toBe(coherence === 'revalidate' ? 1 : 0)
  })

  it('are not read after a write of this process, from its acknowledgement on', async () => {
    const { one } = await pair()
    for (const to of ['a', 'b', 'c']) {
      await rename(one, to)
      expect((await name(one))?.name).toBe(to)
      await warm(one)
    }
  })

  it('are not read after a write of another process', async () => {
    const { one, other } = await pair()
    for (const to of ['a', 'b', 'c']) {
      await rename(one, to)
      if (coherence === 'revalidate') expect((await name(other))?.name).toBe(to)
      else await eventually(shows(other, to), 'the push')
      await warm(other)
    }
  })

  it('take what another process has read meanwhile from Redis, and not from the database', async () => {
    const { one, other } = await pair()
    await rename(one, 'new')
    await name(one)
    await one.prisma.$cache.settled()
    await eventually(shows(other, 'new'), 'the write')
    other.sql.clear()
    await warm(other)
    expect(other.sql.statements).toEqual([])
  })

  it('are gone when an entry was removed by its key, by anybody', async () => {
    const { one, other } = await pair()
    const { info } = await one.prisma.$cache.withCacheInfo(name(one))
    await bed.database.execute("UPDATE users SET full_name = 'behind its back' WHERE id = 1")
    await one.prisma.$cache.invalidate({ keys: [(info as { readonly key: string }).key] })
    expect((await name(one))?.name).toBe('behind its back')
    await eventually(shows(other, 'behind its back'), 'the removal')
  })

  it('are gone when the cache was cleared, or Redis flushed', async () => {
    const { one, other } = await pair()
    for (const [to, empty] of [
      ['cleared', () => one.prisma.$cache.clear()],
      ['flushed', () => admin.flushall()],
    ] as const) {
      await bed.database.execute(`UPDATE users SET full_name = '${to}' WHERE id = 1`)
      await empty()
      for (const each of [one, other]) await eventually(shows(each, to), to)
      await warm(one)
      await warm(other)
    }
  })

  it('expire like any entry', async () => {
    const one = start({ defaults: { ttl: 10, jitter: 0 } })
    await warm(one)
    one.clock.advance(9000)
    expect(await tierOf(one)).toBe('near')
    one.clock.advance(2000)
    expect(await tierOf(one)).toBe('miss')
  })

  it('leave no connection behind when they end while Redis hangs', async () => {
    const client = new Redis(server.url)
    await client.ping()
    const duplicates: Redis[] = []
    const duplicate = client.duplicate.bind(client)
    client.duplicate = (override) => {
      duplicates.push(duplicate(override))
      return duplicates.at(-1) as Redis
    }
    const one = start({ redis: client as unknown as RedisClient, near: { coherence, heartbeatMs: 50 }, timeoutMs: 500 })
    await warm(one)
    server.pause()
    // Its heartbeat is not answered, and the connection that is to take its place is not either.
    if (coherence === 'push') await eventually(async () => isTrue(duplicates.length > 1), 'another one')
    await one.prisma.$cache.disconnect()
    for (const { stream } of duplicates) expect(stream.writableEnded || stream.destroyed).toBe(true)
    client.disconnect()
  })

  it('of strict models are never read on the strength of a push', async () => {
    const one = start({ consistency: 'strict' })
    await name(one)
    await one.prisma.$cache.settled()
    await eventually(async () => isTrue((await tierOf(one)) === 'near'), 'a copy')
    for (let i = 0; i < 5; i += 1) expect(await takesNoTrip(one)).toBe(false)
  })

  if (coherence === 'push') {
    it('are not believed when the connection of the feed is lost, and again when it is back', async () => {
      const { one, other } = await pair()
      for (const line of String(await admin.client('LIST')).split('\n')) {
        const id = /\bid=(\d+).*\bsub=1\b/.exec(line)?.[1]
        if (id) await admin.client('KILL', 'ID', id)
      }
      await rename(one, 'unheard')
      await eventually(shows(other, 'unheard'), 'a look-up instead of a push')
      await warm(other)
      expect(other.events.filter((event) => event.type === 'error').map(({ during }) => during)).toContain(
        'version-feed',
      )
    })

    it('are not believed for long when Redis says nothing any more', async () => {
      const { one } = await pair({ near: { coherence, heartbeatMs: 100 }, timeoutMs: 200 })
      server.pause()
      await eventually(async () => isTrue((await tierOf(one)) !== 'near'), 'the silence to be noticed')
      server.resume()
      await eventually(async () => isTrue((await tierOf(one)) === 'near'), 'a copy')
    })

    it('are of no use to a server that was restarted without its data', async () => {
      const { one, other } = await pair()
      await bed.database.execute("UPDATE users SET full_name = 'meanwhile' WHERE id = 1")
      await server.restart()
      for (const each of [one, other]) await eventually(shows(each, 'meanwhile'), 'the restart')
    })
  }
})
