import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CacheEventOf, CacheOptions } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { startRedis } from '../support/redis-server.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { eventually } from '../support/with-timeout.ts'
import { type Spec, useSpec } from './support.ts'

/**
 * A client gives each reply to the command that waits longest. When a reply comes twice, every later command gets the
 * reply of another one: a row of somebody else, or the acknowledgement of another invalidation.
 */
const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
const ids = [1, 2, 3]
let proxy: TcpProxy

beforeAll(async () => {
  proxy = await startTcpProxy(Number(new URL(inject('servers').redisUrl).port))
})
afterAll(() => proxy.close())

const through = (more: CacheOptions = {}) =>
  spec.cached({ redis: `redis://127.0.0.1:${proxy.port}`, breaker: { resetMs: 10, quarantineMs: 0 }, ...more })
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const isInUse = async ({ prisma }: Spec<'sqlite'>) => (await prisma.$cache.health()).state === 'ok' || undefined

const inUse = (client: Spec<'sqlite'>) => eventually(() => isInUse(client), 'the connection')

/** Ends when the connection was dropped and another one is in use. */
async function repeatedly(client: Spec<'sqlite'>, ask: (round: number) => Promise<void>): Promise<void> {
  for (let round = 0; round < 12; round += 1) {
    await inUse(client)
    proxy.repeatAnswers(1 + (round % 3))
    await ask(round)
    await client.prisma.$cache.settled()
  }
}

describe.each<[string, CacheOptions]>([
  ['Redis alone', {}],
  ['copies that are validated', { near: 'revalidate' }],
  ['copies that are subscribed', { near: 'push' }],
])('a reply that comes twice, %s', (_, more) => {
  it('gives nobody the row, the list or the value of another', async () => {
    const client = through(more)
    const { prisma, plain } = client
    const users = await plain.user.findMany({ orderBy: { id: 'asc' } })
    for (const id of ids) await prisma.$cache.set(`value:${id}`, { id })
    await repeatedly(client, async () => {
      const asked: Promise<void>[] = []
      for (const id of [...ids, ...ids]) {
        const user = async () => expect(await prisma.user.findUnique({ where: { id } })).toEqual(users[id - 1])
        const posts = async () => expect(await prisma.post.count({ where: { authorId: id } })).toBe([2, 1, 0][id - 1])
        const value = async () => expect([{ id }, undefined]).toContainEqual(await prisma.$cache.get(`value:${id}`))
        asked.push(user(), posts(), value())
        // Commands of one tick are one command.
        await nextTurn()
      }
      await Promise.all(asked)
    })
  })

  it('shows nobody what was before a write of another process', async () => {
    const writer = spec.cached()
    const reader = through({ prefix: writer.prefix, ...more, clock: writer.clock.now })
    await repeatedly(reader, async (round) => {
      // Reads under way, among whose replies is the one that comes twice.
      const before = ids.map((id) => reader.prisma.user.findUnique({ where: { id } }))
      await nextTurn()
      await Promise.all([...before, reader.prisma.user.findUnique({ where: { id: 1 } })])
      await writer.prisma.user.update({ where: { id: 1 }, data: { name: `Ada ${round}` } })
      if (more.near === 'push') return
      expect(await reader.prisma.user.findUnique({ where: { id: 1 } })).toMatchObject({ name: `Ada ${round}` })
    })
  })
})

it('acknowledges no invalidation that was not made', async () => {
  const client = through()
  const other = spec.cached({ prefix: client.prefix, clock: client.clock.now })
  await repeatedly(client, async (round) => {
    await other.prisma.tag.findMany({ orderBy: { name: 'asc' } })
    const reads = ids.map((id) => client.prisma.user.findUnique({ where: { id } }))
    await nextTurn()
    await client.prisma.tag.update({ where: { name: 'red' }, data: { color: `red ${round}` } })
    await inUse(client)
    const [, , red] = await other.prisma.tag.findMany({ orderBy: { name: 'asc' } })
    expect(red).toMatchObject({ color: `red ${round}` })
    await Promise.all(reads)
  })
})

it('gives nobody the sum of another counter', async () => {
  const client = through()
  await repeatedly(client, async (round) => {
    const sums: Promise<void>[] = []
    for (const id of ids) {
      const name = `counter:${round}:${id}`
      sums.push(
        (async () => expect([id * 100, undefined]).toContain(await client.prisma.$cache.increment(name, id * 100)))(),
      )
      await nextTurn()
    }
    await Promise.all(sums)
  })
})

it('gives nobody what another counter is at, though it asked for as many values', async () => {
  // Frozen, it answers all at once: as many replies as look-ups differ by length come twice.
  const server = await startRedis()
  const line = await startTcpProxy(server.port)
  try {
    const four = [1, 2, 3, 4]
    const client = spec.cached({ redis: `redis://127.0.0.1:${line.port}`, breaker: { resetMs: 10, quarantineMs: 0 } })
    const { $cache } = client.prisma
    for (const id of four) await $cache.increment(`counter:${id}`, id)
    const read = async (id: number) => expect([id, undefined]).toContain(await $cache.get(`counter:${id}`))
    const asked: Promise<void>[] = []
    const ask = async (some: readonly number[]) => {
      for (const id of some) {
        asked.push(read(id))
        await nextTurn()
      }
    }
    for (let round = 0; round < 5; round += 1) {
      await inUse(client)
      server.pause()
      await ask(four)
      line.repeatAnswers(1)
      line.delay(20)
      server.resume()
      await sleep(5)
      await ask(four.toReversed())
      await Promise.all(asked)
      line.delay(0)
    }
  } finally {
    await line.close()
    await server.stop()
  }
})

it('is told without the row it held, and the connection is replaced', async () => {
  const client = through()
  const { prisma, events, plain } = client
  await plain.user.update({ where: { id: 2 }, data: { name: 'Canary Row' } })
  const read = () => Promise.all(ids.map((id) => prisma.user.findUnique({ where: { id } })))
  await read()
  await prisma.$cache.settled()
  const errors = () => events.filter((event): event is CacheEventOf<'error'> => event.type === 'error')
  await eventually(async () => {
    await inUse(client)
    proxy.repeatAnswers(1)
    await read()
    return errors().length > 0 || undefined
  }, 'an error')
  for (const { error } of errors()) expect(`${(error as Error).stack}`).not.toContain('Canary')
  await inUse(client)
})
