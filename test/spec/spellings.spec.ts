import { randomBytes } from 'node:crypto'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { CacheOptions } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { did, type Spec, useSpec } from './support.ts'

/** Processes of one prefix that do not have the same digest key, as in the middle of a deploy. */
const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'redis' })
const spec = useSpec(bed)
let redis: Redis
beforeAll(() => {
  redis = new Redis(inject('servers').redisUrl)
})
afterAll(() => redis.disconnect())

const secret = () => randomBytes(32).toString('base64')
const withKey = (digestKey: string): CacheOptions => ({
  encryption: { keys: [{ id: 'a', key: secret() }], digestKey },
})
const [one, other] = [withKey(secret()), withKey(secret())]

type Client = Spec<'sqlite'>
const reads = {
  row: ({ prisma }: Client) => prisma.user.findUnique({ where: { id: 1 } }),
  'row by another key': ({ prisma }: Client) => prisma.user.findUnique({ where: { email: 'ada@example.test' } }),
  list: ({ prisma }: Client) => prisma.user.findMany({ where: { role: 'ADMIN' } }),
  relation: ({ prisma }: Client) => prisma.post.findMany({ where: { authorId: 1 }, include: { author: true } }),
}
const nameIn = (answer: unknown) =>
  /"name":"(Ada[^"]*)"/.exec(JSON.stringify(answer, (_, v) => (typeof v === 'bigint' ? 0 : v)))?.[1]

async function expectFresh(client: Client, name: string): Promise<void> {
  for (const [title, read] of Object.entries(reads)) expect(nameIn(await read(client)), title).toBe(name)
}

describe.each<[string, CacheOptions, CacheOptions]>([
  ['the writer has a key, the reader none', one, {}],
  ['the reader has a key, the writer none', {}, one],
  ['they have different keys', one, other],
])('%s', (_, ofWriter, ofReader) => {
  for (const invalidation of ['shape', 'row'] as const) {
    const pair = () => {
      const writer = spec.cached({ ...ofWriter, invalidation })
      const reader = spec.cached({ ...ofReader, invalidation, prefix: writer.prefix, clock: writer.clock.now })
      return { writer, reader, forget: () => redis.unlink(`${writer.prefix}shapes:{_spelling}`) }
    }
    const write = ({ prisma }: Client, name: string) => prisma.user.update({ where: { id: 1 }, data: { name } })

    it(`a write is seen by who spells otherwise (${invalidation})`, async () => {
      const { writer, reader } = pair()
      for (const name of ['Ada', 'Ada 1', 'Ada 2']) {
        if (name !== 'Ada') await write(writer, name)
        await expectFresh(reader, name)
        await expectFresh(reader, name)
        expect(await did(reader.prisma, reads.row(reader))).toBe('hit')
      }
    })

    it(`also where the note of it was lost (${invalidation})`, async () => {
      const { writer, reader, forget } = pair()
      await expectFresh(reader, 'Ada')
      await forget()
      await write(writer, 'Ada 1')
      await expectFresh(reader, 'Ada 1')
      await write(writer, 'Ada 2')
      await expectFresh(reader, 'Ada 2')
      await forget()
      await write(writer, 'Ada 3')
      await expectFresh(reader, 'Ada 3')
    })
  }
})

it('is told once, with what to do, and without the key', async () => {
  const writer = spec.cached(one)
  const reader = spec.cached({ prefix: writer.prefix, clock: writer.clock.now })
  await reads.row(reader)
  for (const name of ['Ada 1', 'Ada 2']) await writer.prisma.user.update({ where: { id: 1 }, data: { name } })
  const told = writer.events.filter((event) => event.type === 'error' && event.during === 'spelling')
  expect(told).toEqual([
    expect.objectContaining({
      error: expect.objectContaining({ option: 'encryption.digestKey', code: 'CACHE_CONFIG' }),
    }),
  ])
})

it('costs nothing where all spell alike: a write to one row leaves the others', async () => {
  const writer = spec.cached(one)
  const reader = spec.cached({ ...one, prefix: writer.prefix, clock: writer.clock.now })
  const bob = () => reader.prisma.user.findUnique({ where: { id: 2 } })
  await bob()
  await reads.row(writer)
  await writer.prisma.user.update({ where: { id: 1 }, data: { name: 'Ava' } })
  expect(await did(reader.prisma, bob())).toBe('hit')
})
