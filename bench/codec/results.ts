import { Decimal } from '@prisma/client/runtime/client'

/** Results as Prisma returns them, of the sizes that applications read. `kind` numbers another one of the same make. */
export const results: Readonly<Record<string, (kind: number) => unknown>> = {
  'one small row': (kind) => named(kind, { id: 7, email: 'user7@example.test', name: 'User 7', createdAt: time(7) }),
  'one row of 30 columns': (kind) =>
    named(kind, Object.fromEntries(list(30, (i) => [`field${i}`, [i * 7, words(i, 3), time(i), i % 2 === 0][i % 4]]))),
  'an aggregate': (kind) =>
    named(kind, { _count: { _all: 1234 }, _sum: { price: new Decimal('98765.4321') }, _avg: { rating: 3.25 } }),
  '100 rows of 6 columns': (kind) => list(100, (i) => named(kind, person(i))),
  '1000 rows of 6 columns': (kind) => list(1000, (i) => named(kind, person(i))),
  '100 rows of every type': (kind) => list(100, (i) => named(kind, everyType(i))),
  'include, 1 → 10 → 20 each': (kind) =>
    named(kind, {
      ...person(1),
      posts: list(10, (i) => ({
        id: 100 + i,
        title: words(i, 5),
        createdAt: time(i),
        comments: list(20, (j) => ({
          id: 1000 + i * 20 + j,
          text: words(i * 20 + j, 10),
          createdAt: time(i * 20 + j),
        })),
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

/** Milliseconds as a database with `now()` would have them; rows come about an hour from each other. */
function time(i: number): Date {
  return new Date(1_767_323_045_678 + i * 3_600_000 + scattered(i, 3_600_000))
}

/** The same for equal `i`, and else anything: names and texts of a fixed pattern would flatter whoever compresses. */
function scattered(i: number, below: number): number {
  let bits = Math.imul(i + 1, 0x9e3779b1)
  bits = Math.imul(bits ^ (bits >>> 15), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return ((bits ^ (bits >>> 16)) >>> 0) % below
}

const SYLLABLES = 'an ber cor da el fi gra hol in jo ka lu mar ni or pe qui ros san ter ul vor wen xa yor zim'.split(
  ' ',
)
function word(i: number): string {
  return list(2 + scattered(i, 2), (part) => SYLLABLES[scattered(i * 31 + part, SYLLABLES.length)]).join('')
}
function words(i: number, count: number): string {
  return list(count, (part) => word(scattered(i * 97 + part, 4000))).join(' ')
}

function person(i: number): Record<string, unknown> {
  return {
    id: i * 3 + 1041,
    email: `${word(i)}.${word(i + 500)}@example.test`,
    name: `${word(i)} ${word(i + 500)}`,
    role: ['USER', 'EDITOR', 'ADMIN'][scattered(i, 3)],
    createdAt: time(i),
  }
}

function everyType(i: number): Record<string, unknown> {
  return {
    ...person(i),
    active: scattered(i, 5) !== 0,
    ratio: scattered(i, 1_000_000) / 7,
    balance: new Decimal(scattered(i, 1_000_000)).div(100),
    big: 2n ** 53n + BigInt(i),
    bytes: new Uint8Array(list(8, (byte) => scattered(i * 8 + byte, 256))),
    meta: { theme: 'dark', visits: [i, 2, 3] },
    tags: i % 2 === 0 ? [word(i % 10), word(i % 7)] : [],
    managerId: i % 4 === 0 ? null : scattered(i, 1000),
  }
}
