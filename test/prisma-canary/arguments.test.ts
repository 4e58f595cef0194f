import { skip } from '@prisma/client/runtime/client'
import { beforeAll, describe, expect, it } from 'vitest'
import { canonicalArgs } from '../../src/query/canonical-args.ts'
import { canonicalText, UnsupportedArgument } from '../../src/query/canonical-text.ts'
import { type Model, modelGraph, type RuntimeDataModel } from '../../src/query/model-graph.ts'
import type { OpenedClient } from '../support/clients.ts'
import { describeCombinations } from '../support/matrix.ts'
import { typedSql } from '../support/typed-sql.ts'
import { everyScalar, privately, recorder, relies, withHook } from './support.ts'

type Args = Record<string, unknown>

describeCombinations('arguments', (bed) => {
  let opened: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
    const { prisma, Prisma } = opened
    await prisma.user.create({
      data: { ...everyScalar(Prisma), posts: { create: [{ title: 'one' }, { title: 'two' }] } },
    })
    await prisma.user.create({ data: { email: 'bob', managerId: 1, meta: Prisma.JsonNull } })
    await prisma.user.create({ data: { email: 'eve', managerId: 1 } })
  })

  /** Whatever arguments are asked about, their types are not the question. */
  const usersOf = (client: unknown) => privately(client)['user'] as { findMany(args: Args): Promise<unknown> }

  /** The arguments as a hook gets them. */
  async function received(args: Args): Promise<Args> {
    const { calls, hook } = recorder()
    await usersOf(withHook(opened.prisma, hook)).findMany(args)
    return calls[0]?.args as Args
  }
  const graph = () => {
    const { _runtimeDataModel: data, _engineConfig: engine } = privately(opened.prisma) as {
      _runtimeDataModel: RuntimeDataModel
      _engineConfig: { inlineSchema: string }
    }
    return modelGraph(data, bed.provider, engine.inlineSchema)
  }

  describe('as a hook gets them', () => {
    relies('query/canonical-text.ts', 'have null kinds that say their name, and are not each other', async () => {
      const { DbNull, JsonNull, AnyNull } = opened.Prisma
      const names = []
      for (const kind of [DbNull, JsonNull, AnyNull]) {
        const { where } = (await received({ where: { meta: { equals: kind } } })) as {
          where: { meta: { equals: unknown } }
        }
        names.push(canonicalText(where.meta.equals))
      }
      expect(names).toEqual(['eDbNull', 'eJsonNull', 'eAnyNull'])
    })

    relies('query/canonical-text.ts', 'have fields that say their model and name', async () => {
      const { where } = (await received({ where: { email: { equals: opened.prisma.user.fields.name } } })) as {
        where: { email: { equals: unknown } }
      }
      expect(where.email.equals).toMatchObject({ modelName: 'User', name: 'name', typeName: 'String' })
      expect(canonicalText(where.email.equals)).toBe('rUser.name')
    })

    relies('query/canonical-text.ts', 'have dates, bytes, Decimals and bigints as what they are', async () => {
      const { createdAt, bytes, balance, big } = everyScalar(opened.Prisma)
      const { where } = (await received({ where: { createdAt, bytes, balance, big } })) as { where: Args }
      expect(Object.values(where).map(canonicalText)).toEqual([createdAt, bytes, balance, big].map(canonicalText))
    })

    relies('query/canonical-text.ts', 'have `skip` as something that has no text', async () => {
      expect(() => canonicalText(skip)).toThrow(UnsupportedArgument)
    })

    relies(
      'extension/raw-statements.ts',
      'of raw statements carry their text, or have it first in a list',
      async () => {
        const { calls, hook } = recorder()
        const prisma = withHook(opened.prisma, hook)
        await prisma.$queryRaw`SELECT ${1} AS one`
        await prisma.$queryRawUnsafe(bed.provider === 'sqlite' ? 'SELECT ? AS one' : 'SELECT $1 AS one', 1)
        await prisma.$executeRaw`UPDATE "Tag" SET color = ${'red'}`
        await prisma.$executeRawUnsafe(`UPDATE "Tag" SET color = 'red'`)
        const [query, unsafe, execute, executeUnsafe] = calls.map(({ args }) => args as unknown)
        expect(query).toMatchObject({ values: [1] })
        expect((query as { sql: string }).sql).toMatch(/^SELECT \S+ AS one$/)
        expect(execute).toMatchObject({ values: ['red'] })
        expect(unsafe).toEqual([expect.stringMatching(/^SELECT/), 1])
        expect(executeUnsafe).toEqual([expect.stringMatching(/^UPDATE/)])
        expect(canonicalText(query)).not.toBe(canonicalText(execute))
      },
    )

    relies('query/canonical-text.ts', 'of TypedSQL show its text and values', async ({ skip: leaveOut }) => {
      if (bed.generator === 'js') leaveOut('its preview is switched on for the other generator')
      if (bed.provider === 'sqlite') leaveOut('its preview is switched on for PostgreSQL')
      const { calls, hook } = recorder()
      const half = typedSql<[n: number], { half: number }>('SELECT $1::int / 2 AS half')
      const prisma = withHook(opened.prisma, hook) as unknown as { $queryRawTyped(sql: unknown): Promise<unknown> }
      await prisma.$queryRawTyped(half(84))
      expect(calls[0]?.operation).toBe('$queryRawTyped')
      expect(calls[0]?.args).toMatchObject({ sql: 'SELECT $1::int / 2 AS half', values: [84] })
    })
  })

  describe('that `canonical-args` takes for one query', () => {
    const spellings: [string, Args, Args][] = [
      ['equals', { where: { id: { equals: 1 } } }, { where: { id: 1 } }],
      ['equals null', { where: { name: { equals: null } } }, { where: { name: null } }],
      ['not equals', { where: { name: { not: { equals: 'Ada' } } } }, { where: { name: { not: 'Ada' } } }],
      ['not equals null', { where: { name: { not: { equals: null } } } }, { where: { name: { not: null } } }],
      ['undefined', { where: { id: 1, name: undefined } }, { where: { id: 1 } }],
      ['AND of one', { where: { AND: { id: 1 } } }, { where: { AND: [{ id: 1 }] } }],
      [
        'AND, turned round',
        { where: { AND: [{ id: 1 }, { name: 'Ada' }] } },
        { where: { AND: [{ name: 'Ada' }, { id: 1 }] } },
      ],
      ['OR, turned round', { where: { OR: [{ id: 1 }, { id: 2 }] } }, { where: { OR: [{ id: 2 }, { id: 1 }] } }],
      ['OR, one twice', { where: { OR: [{ id: 1 }, { id: 1 }] } }, { where: { OR: [{ id: 1 }] } }],
      ['NOT, turned round', { where: { NOT: [{ id: 1 }, { id: 2 }] } }, { where: { NOT: [{ id: 2 }, { id: 1 }] } }],
      ['in, turned round', { where: { id: { in: [2, 1, 2] } } }, { where: { id: { in: [1, 2] } } }],
      ['notIn, turned round', { where: { id: { notIn: [2, 1] } } }, { where: { id: { notIn: [1, 2] } } }],
      ['keys, turned round', { where: { id: 1, name: 'Ada' } }, { where: { name: 'Ada', id: 1 } }],
      ['one order', { orderBy: { id: 'desc' } }, { orderBy: [{ id: 'desc' }] }],
      ['include {}', { include: { posts: {} } }, { include: { posts: true } }],
      ['include false', { include: { posts: false, manager: true } }, { include: { manager: true } }],
      ['select false', { select: { id: true, name: false } }, { select: { id: true } }],
      [
        'equals in a relation',
        { where: { posts: { some: { title: { equals: 'one' } } } } },
        { where: { posts: { some: { title: 'one' } } } },
      ],
    ]
    it.each(spellings)('src/query/canonical-args.ts relies on it: %s gets the same rows', async (_, a, b) => {
      const user = graph().models.get('User') as Model
      expect(canonicalArgs(graph(), user, a)).toBe(canonicalArgs(graph(), user, b))
      expect(await usersOf(opened.prisma).findMany(a)).toEqual(await usersOf(opened.prisma).findMany(b))
    })
  })

  describe('that `canonical-args` keeps apart', () => {
    relies('query/canonical-args.ts', 'JSON whose keys stand in another order is another value to SQLite', async () => {
      const count = (equals: object) => opened.prisma.user.count({ where: { meta: { equals } } })
      expect(await count({ a: [1, null], b: { c: 'd' } })).toBe(1)
      expect(await count({ b: { c: 'd' }, a: [1, null] })).toBe(bed.provider === 'sqlite' ? 0 : 1)
    })

    relies('query/canonical-args.ts', 'null kinds are other conditions', async () => {
      const { DbNull, JsonNull, AnyNull } = opened.Prisma
      const emails = async (equals: typeof DbNull) =>
        (await opened.prisma.user.findMany({ where: { meta: { equals } }, select: { email: true } }))
          .map(({ email }) => email)
          .sort()
      expect(await emails(DbNull)).toEqual(['eve'])
      expect(await emails(JsonNull as never)).toEqual(['bob'])
      expect(await emails(AnyNull as never)).toEqual(['bob', 'eve'])
    })
  })

  describe('that Prisma refuses, and that therefore need no telling apart', () => {
    it.each<[file: string, string, string, Args]>([
      ['query/canonical-args.ts', 'two orders in one object', 'user', { orderBy: { id: 'asc', name: 'desc' } }],
      [
        'query/canonical-args.ts',
        'two orders by one relation',
        'post',
        { orderBy: { author: { id: 'asc', name: 'desc' } } },
      ],
      ['query/canonical-args.ts', 'an object as OR', 'user', { where: { OR: { id: 1 } } }],
      ['query/read-set.ts', 'an argument it does not know', 'user', { lock: true }],
      ['query/read-set.ts', 'a condition on a column it does not know', 'user', { where: { nickname: 'a' } }],
      ['query/read-set.ts', 'a selected field it does not know', 'user', { select: { nickname: true } }],
      ['query/read-set.ts', 'a relation in a cursor', 'post', { cursor: { id: 1, author: { name: 'Ada' } } }],
      ['query/row-key.ts', 'a text for a number', 'user', { where: { id: '1' } }],
    ])('src/%s relies on it: %s', async (_, __, model, args) => {
      const delegate = privately(opened.prisma)[model] as { findMany(args: Args): Promise<unknown> }
      await expect(delegate.findMany(args)).rejects.toThrow()
    })
  })

  describe('with a cursor', () => {
    relies('query/read-set.ts', 'depend on a second row', async () => {
      const query = { where: { id: 1 }, orderBy: { id: 'desc' }, cursor: { id: 3 }, select: { id: true } } as const
      expect(await opened.prisma.user.findMany(query)).toEqual([{ id: 1 }])
      await opened.prisma.user.delete({ where: { id: 3 } })
      expect(await opened.prisma.user.findMany(query)).toEqual([])
    })
  })
})
