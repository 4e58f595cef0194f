import { Decimal } from '@prisma/client/runtime/client'
import type { Envelope } from '../../src/codec/envelope.ts'
import { Keyring } from '../../src/codec/seal.ts'

/** What the fixtures of `test/fixtures/codec` hold: a value for each way a payload can be laid out. */
export const wireValues: Readonly<Record<string, unknown>> = {
  nothing: null,
  count: 42,
  row: {
    id: 1,
    email: 'ö@example.test',
    createdAt: new Date('2026-01-02T03:04:05.678Z'),
    balance: new Decimal('12.50'),
    big: 2n ** 53n + 1n,
    bytes: new Uint8Array([0, 1, 255]),
    ratio: -0,
    meta: { theme: 'dark', list: [1, 'two', null] },
    manager: null,
  },
  rows: Array.from({ length: 6 }, (_, i) => ({
    id: i + 1000,
    role: ['USER', 'ADMIN'][i % 2],
    createdAt: new Date(1_767_323_045_000 + i * 60_000),
    day: i % 3 === 0 ? null : new Date(i * 86_400_000),
    price: new Decimal(i).div(4),
    big: BigInt(i) * 2n ** 53n,
    ratio: i / 4,
  })),
  relations: {
    id: 1,
    posts: Array.from({ length: 5 }, (_, i) => ({
      title: `Post ${i}`,
      author: i === 2 ? null : { name: 'a', bytes: new Uint8Array([i]) },
      comments: Array.from({ length: i % 3 }, (_, j) => ({ text: `${i} ${j}`, at: new Date(j) })),
    })),
  },
  mixed: [
    { value: 1 },
    { value: 1n },
    { value: [Number.NaN] },
    { value: { at: new Date(0) } },
    { value: Buffer.from('a') },
  ],
}

/** The envelope round each of them. */
export const wireEnvelope: Omit<Envelope, 'payload'> = {
  readAt: 1_767_323_045_678,
  freshForMs: 57_123,
  keptForMs: 117_123,
  tookMs: 0,
  check: 'G8WDcbH4TvttcHMP',
  stamps: [
    { epoch: 'AAAAAAAAAAAA', clock: 1 },
    { epoch: 'BBBB-BBBB_BB', clock: 2 ** 32 - 2 },
  ],
  tags: ['0', 'Post?authorId=5&a1b2c3d4'],
}

/** What the sealed entry among them was sealed with, and the key it stood under. */
export const wireKeyring = new Keyring([{ id: 'fixture', key: Buffer.alloc(32, 'no secret') }])
export const wireKey = 'prisma:query:User:findMany:fixture'
