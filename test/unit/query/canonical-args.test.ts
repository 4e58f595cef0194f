import { AnyNull, DbNull, Decimal, JsonNull } from '@prisma/client/runtime/client'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalArgs } from '../../../src/query/canonical-args.ts'
import type { Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'

type Args = Readonly<Record<string, unknown>>

const shop = graphOf(testSchema)
const textOf = (args: Args, model = 'User', graph: ModelGraph = shop) =>
  canonicalArgs(graph, graph.models.get(model) as Model, args)
const where = (condition: unknown) => ({ where: condition })
const at = new Date('2026-01-02T03:04:05.678Z')

describe('spellings of one query have one text', () => {
  it.each<[string, Args, Args]>([
    ['keys in any order', { take: 1, where: { id: 1, email: 'a' } }, { where: { email: 'a', id: 1 }, take: 1 }],
    ['undefined, at any depth', { where: { id: 1, name: undefined }, take: undefined }, where({ id: 1 })],
    ['equals', where({ id: { equals: 1 } }), where({ id: 1 })],
    ['equals with undefined beside it', where({ id: { equals: 1, not: undefined } }), where({ id: 1 })],
    ['equals null', where({ name: { equals: null } }), where({ name: null })],
    ['equals in NOT', where({ NOT: { id: { equals: 1 } } }), where({ NOT: { id: 1 } })],
    ['equals in a relation', where({ posts: { some: { id: { equals: 1 } } } }), where({ posts: { some: { id: 1 } } })],
    ['equals in the short form of `is`', where({ manager: { id: { equals: 1 } } }), where({ manager: { id: 1 } })],
    ['not equals', where({ name: { not: { equals: 'a' } } }), where({ name: { not: 'a' } })],
    ['one branch of AND', where({ AND: { id: 1 } }), where({ AND: [{ id: 1 }] })],
    ['branches in any order', where({ OR: [{ id: 1 }, { id: 2 }] }), where({ OR: [{ id: 2 }, { id: 1 }] })],
    ['branches twice', where({ OR: [{ id: 1 }, { id: 1 }] }), where({ OR: [{ id: 1 }] })],
    [
      'branches that are spelt otherwise',
      where({ AND: [{ id: 1 }, { id: { equals: 1 } }] }),
      where({ AND: { id: 1 } }),
    ],
    ['NOT in any order', where({ NOT: [{ id: 1 }, { id: 2 }] }), where({ NOT: [{ id: 2 }, { id: 1 }] })],
    ['in, in any order', where({ id: { in: [3, 1, 2] } }), where({ id: { in: [1, 2, 3] } })],
    ['in, with one twice', where({ id: { in: [1, 1] } }), where({ id: { in: [1] } })],
    ['notIn', where({ id: { notIn: [2, 1] } }), where({ id: { notIn: [1, 2] } })],
    ['not in', where({ id: { not: { in: [2, 1] } } }), where({ id: { not: { in: [1, 2] } } })],
    ['one order', { orderBy: { id: 'asc' } }, { orderBy: [{ id: 'asc' }] }],
    ['include {}', { include: { posts: {} } }, { include: { posts: true } }],
    ['include of nothing but undefined', { include: { posts: { where: undefined } } }, { include: { posts: true } }],
    ['include false', { include: { posts: true, profile: false } }, { include: { posts: true } }],
    ['select false', { select: { id: true, email: false } }, { select: { id: true } }],
    [
      'select false below',
      { select: { posts: { select: { id: true, title: false } } } },
      { select: { posts: { select: { id: true } } } },
    ],
    [
      'select false in _count',
      { select: { _count: { select: { posts: true, orders: false } } } },
      { select: { _count: { select: { posts: true } } } },
    ],
    [
      'a nested query',
      { include: { posts: { where: { id: { equals: 1 } }, orderBy: { id: 'asc' } } } },
      { include: { posts: { orderBy: [{ id: 'asc' }], where: { id: 1 } } } },
    ],
    [
      'a counted relation',
      { select: { _count: { select: { posts: { where: { id: { in: [2, 1] } } } } } } },
      { select: { _count: { select: { posts: { where: { id: { in: [1, 2] } } } } } } },
    ],
    ['Buffers', where({ bytes: Buffer.from([1]) }), where({ bytes: new Uint8Array([1]) })],
  ])('%s', (_, a, b) => {
    expect(textOf(a)).toBe(textOf(b))
  })
})

describe('queries that differ have texts that differ', () => {
  it.each<[string, Args, Args]>([
    ['number and bigint', where({ big: 1 }), where({ big: 1n })],
    ['number and string', where({ id: 1 }), where({ id: '1' })],
    ['number and Decimal', where({ balance: 1 }), where({ balance: new Decimal(1) })],
    ['Date and its ISO text', where({ createdAt: at }), where({ createdAt: at.toISOString() })],
    ['null and nothing', where({ name: null }), where({})],
    ['null kinds', where({ meta: { equals: DbNull } }), where({ meta: { equals: JsonNull } })],
    ['null kinds, any', where({ meta: { equals: AnyNull } }), where({ meta: { equals: JsonNull } })],
    ['equals and contains', where({ name: { equals: 'a' } }), where({ name: { contains: 'a' } })],
    ['equals with a mode', where({ name: { equals: 'a', mode: 'insensitive' } }), where({ name: 'a' })],
    ['not and equals', where({ name: { not: 'a' } }), where({ name: 'a' })],
    ['not null and null', where({ name: { not: null } }), where({ name: null })],
    ['in and notIn', where({ id: { in: [1] } }), where({ id: { notIn: [1] } })],
    ['in nothing and no condition', where({ id: { in: [] } }), where({})],
    ['AND and OR', where({ AND: [{ id: 1 }, { id: 2 }] }), where({ OR: [{ id: 1 }, { id: 2 }] })],
    ['OR of nothing and no OR', where({ OR: [] }), where({})],
    ['an object as OR, which Prisma refuses', where({ OR: { id: 1 } }), where({ OR: [{ id: 1 }] })],
    ['NOT of both and NOT of each', where({ NOT: { id: 1, name: 'a' } }), where({ NOT: [{ id: 1 }, { name: 'a' }] })],
    ['some and every', where({ posts: { some: { id: 1 } } }), where({ posts: { every: { id: 1 } } })],
    ['none of any and some of any', where({ posts: { none: {} } }), where({ posts: { some: {} } })],
    ['is and isNot', where({ manager: { is: { id: 1 } } }), where({ manager: { isNot: { id: 1 } } })],
    ['no relation and any', where({ manager: null }), where({ manager: {} })],
    ['orders', { orderBy: { id: 'asc' } }, { orderBy: { id: 'desc' } }],
    [
      'orders one after the other',
      { orderBy: [{ id: 'asc' }, { name: 'asc' }] },
      { orderBy: [{ name: 'asc' }, { id: 'asc' }] },
    ],
    ['select and include', { select: { posts: true } }, { include: { posts: true } }],
    ['select of more', { select: { id: true } }, { select: { id: true, email: true } }],
    ['select of all and none', { select: { id: true } }, {}],
    [
      'a name the model does not have, which Prisma refuses',
      { select: { id: true, x: false } },
      { select: { id: true } },
    ],
    ['include false of such a name', { include: { x: false } }, { include: {} }],
    ['omit true and false, which overrides the global one', { omit: { email: true } }, { omit: { email: false } }],
    ['omit false and nothing', { omit: { email: false } }, {}],
    ['pages', { take: 1, skip: 1 }, { take: 1, skip: 2 }],
    ['forwards and backwards', { take: 1 }, { take: -1 }],
    ['cursors', { cursor: { id: 1 } }, { cursor: { id: 2 } }],
    ['distinct', { distinct: ['name'] }, { distinct: ['email'] }],
    ['load strategies', { relationLoadStrategy: 'join' }, { relationLoadStrategy: 'query' }],
    ['grouping', { by: ['name'] }, { by: ['role'] }],
    [
      'having',
      { by: ['name'], having: { id: { _sum: { gt: 1 } } } },
      { by: ['name'], having: { id: { _sum: { gt: 2 } } } },
    ],
    ['figures', { _sum: { id: true } }, { _avg: { id: true } }],
    ['counts of all and of a column', { _count: true }, { _count: { name: true } }],
    ['what is counted', { select: { _count: true } }, { select: { _count: { select: { posts: true } } } }],
    ['conditions below', { include: { posts: { where: { id: 1 } } } }, { include: { posts: { where: { id: 2 } } } }],
    ['pages below', { include: { posts: { take: 1 } } }, { include: { posts: true } }],
  ])('%s', (_, a, b) => {
    expect(textOf(a)).not.toBe(textOf(b))
  })

  it('JSON is compared as it is: a list in another order is another value', () => {
    const list = (equals: unknown) => textOf(where({ meta: { equals } }))
    expect(list([1, 2])).not.toBe(list([2, 1]))
    expect(list({ in: [1, 2] })).not.toBe(list({ in: [2, 1] }))
    expect(list({ equals: 1 })).not.toBe(list(1))
    expect(list([{ AND: [1] }])).not.toBe(list([{ AND: 1 }]))
  })

  it('JSON is compared as it is: SQLite compares its text, in which keys have an order', () => {
    const sqlite = graphOf(testSchema, 'sqlite')
    const json = (equals: unknown) => textOf(where({ meta: { equals } }), 'User', sqlite)
    expect(json({ a: 1, b: 2 })).not.toBe(json({ b: 2, a: 1 }))
  })

  it('lists are compared as they are', () => {
    const graph = graphOf(`
      model Sensor {
        id    Int      @id
        names String[]
      }`)
    const list = (names: unknown) => textOf(where({ names }), 'Sensor', graph)
    expect(list({ equals: ['a', 'b'] })).not.toBe(list({ equals: ['b', 'a'] }))
    expect(list({ hasEvery: ['a', 'b'] })).not.toBe(list({ hasSome: ['a', 'b'] }))
    expect(list({ equals: ['a'] })).not.toBe(list({ has: 'a' }))
  })

  it('nothing is folded on a field that could be a list, where the schema is not known', () => {
    const graph = graphWithoutText('model Sensor {\n names String\n}')
    const list = (names: unknown) => textOf(where({ names }), 'Sensor', graph)
    expect(list({ equals: ['a', 'b'] })).not.toBe(list({ equals: ['b', 'a'] }))
  })
})

describe('any query', () => {
  // A leaf no generated query holds: putting it somewhere is always a change.
  const fresh = 'fresh leaf'
  const leaf = fc.oneof(
    fc.integer(),
    fc.string({ maxLength: 3 }),
    fc.boolean(),
    fc.constant(null),
    fc.constant(undefined),
  )
  const depth = { maxDepth: 3, depthIdentifier: fc.createDepthIdentifier() }
  const optional = { requiredKeys: [] }
  const { query } = fc.letrec<{ query: Args; where: Args; condition: unknown }>((tie) => ({
    condition: fc.oneof(
      leaf,
      fc.record({ equals: leaf }),
      fc.record({ not: fc.oneof(leaf, fc.record({ equals: leaf })) }),
      fc.record({ in: fc.array(leaf, { maxLength: 4 }), gt: leaf }, optional),
    ),
    where: fc.oneof(
      depth,
      fc.record({ id: tie('condition'), name: tie('condition') }, optional) as fc.Arbitrary<Args>,
      fc.record(
        {
          id: tie('condition'),
          meta: fc.record({ equals: fc.array(leaf, { maxLength: 3 }) }),
          AND: tie('where'),
          OR: fc.array(tie('where'), { maxLength: 2 }),
          NOT: fc.array(tie('where'), { maxLength: 2 }),
          manager: fc.record({ is: tie('where') }),
          reports: fc.record({ some: tie('where') }),
        },
        optional,
      ) as fc.Arbitrary<Args>,
    ),
    query: fc.oneof(
      depth,
      fc.record({ where: tie('where'), take: leaf }, optional) as fc.Arbitrary<Args>,
      fc.record(
        {
          where: tie('where'),
          orderBy: fc.oneof(fc.record({ id: leaf }), fc.array(fc.record({ id: leaf }), { maxLength: 2 })),
          select: fc.record(
            {
              id: fc.boolean(),
              email: fc.boolean(),
              manager: fc.oneof(fc.boolean(), tie('query')),
              reports: tie('query'),
              _count: fc.record({ select: fc.record({ reports: fc.record({ where: tie('where') }) }) }),
            },
            optional,
          ),
          omit: fc.record({ email: fc.boolean() }),
        },
        optional,
      ) as fc.Arbitrary<Args>,
    ),
  }))

  it('keeps its text when keys move and undefined ones come or go', () => {
    fc.assert(
      fc.property(query, fc.infiniteStream(fc.nat()), (args, numbers) => {
        const next = () => numbers.next().value
        expect(textOf(shuffled(args, next) as Args)).toBe(textOf(args))
      }),
    )
  })

  it('changes its text with any of its leaves', () => {
    fc.assert(
      fc.property(query, fc.nat(), (args, n) => {
        const leaves = leavesOf(args)
        fc.pre(leaves.length > 0)
        const changed = replaced(args, leaves[n % leaves.length] as string[], fresh)
        expect(textOf(changed as Args)).not.toBe(textOf(args))
      }),
    )
  })
})

/** The same with each object's keys in another order, its undefined members dropped, and new ones put in. */
function shuffled(value: unknown, next: () => number): unknown {
  if (Array.isArray(value)) return value.map((member) => shuffled(member, next))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]): [number, string, unknown] => [next(), key, shuffled(member, next)])
  // JSON values are no place for it: there, `undefined` inside a list is not the same as nothing.
  entries.push([next(), `unset${next()}`, undefined])
  return Object.fromEntries(entries.sort(([a], [b]) => a - b).map(([, key, member]) => [key, member]))
}

function leavesOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([key, member]) => leavesOf(member, [...path, key]))
}

function replaced(value: unknown, [key, ...rest]: readonly string[], leaf: unknown): unknown {
  if (key === undefined) return leaf
  if (Array.isArray(value)) return value.map((member, i) => (String(i) === key ? replaced(member, rest, leaf) : member))
  const object = value as Record<string, unknown>
  return { ...object, [key]: replaced(object[key], rest, leaf) }
}
