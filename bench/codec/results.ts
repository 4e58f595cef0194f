import { Decimal } from '@prisma/client/runtime/client'

/** Results as Prisma returns them, of the sizes that applications read. `kind` numbers another one of the same make. */
export const results: Readonly<Record<string, (kind: number) => unknown>> = {
  'one small row': (kind) => named(kind, { id: 7, email: 'user7@example.test', name: 'User 7', createdAt: time(7) }),
  'one row of 30 columns': (kind) =>
    named(kind, Object.fromEntries(list(30, (i) => [`field${i}`, [i * 7, `value of ${i}`, time(i), i % 2 === 0][i % 4]]))),
  'an aggregate': (kind) =>
    named(kind, { _count: { _all: 1234 }, _sum: { price: new Decimal('98765.4321') }, _avg: { rating: 3.25 } }),
  '100 rows of 6 columns': (kind) => list(100, (i) => named(kind, person(i))),
  '100 rows of every type': (kind) => list(100, (i) => named(kind, everyType(i))),
  'include, 1 → 10 → 20 each': (kind) =>
    named(kind, {
      ...person(1),
      posts: list(10, (i) => ({
        id: 100 + i,
        title: `The title of post ${i}`,
        createdAt: time(i),
        comments: list(20, (j) => ({ id: 1000 + i * 20 + j, text: `Comment ${j}, some words long`, createdAt: time(j) })),
      })),
    }),
}

function list<Element>(length: number, make: (i: number) => Element): Element[] {
  return Array.from({ length }, (_, i) => make(i))
}

/** Models differ in a name at least: an engine that sees one shape only is faster than it will ever be in an application. */
function named(kind: number, row: object): object {
  return { ...row, [`other${kind}`]: 1 }
}

/** Milliseconds as a database with `now()` would have them, some minutes from each other. */
function time(i: number): Date {
  return new Date(1_767_323_045_678 + i * 300_000 + ((i * 7919) % 100_000))
}

function person(i: number): Record<string, unknown> {
  return {
    id: i + 1,
    email: `user${i}@example.test`,
    name: `User ${i}`,
    role: ['USER', 'EDITOR', 'ADMIN'][i % 3],
    createdAt: time(i),
  }
}

function everyType(i: number): Record<string, unknown> {
  return {
    ...person(i),
    active: i % 5 !== 0,
    ratio: i / 7,
    balance: new Decimal(i * 37).div(100),
    big: 2n ** 53n + BigInt(i),
    bytes: new Uint8Array([i, 1, 2, 3, 4, 5, 6, 7]),
    meta: { theme: 'dark', visits: [i, 2, 3] },
    tags: i % 2 === 0 ? ['red', 'blue'] : [],
    managerId: i % 4 === 0 ? null : i,
  }
}
