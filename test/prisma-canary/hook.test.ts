import { AsyncLocalStorage } from 'node:async_hooks'
import { beforeAll, beforeEach, describe, expect } from 'vitest'
import type { OpenedClient } from '../support/clients.ts'
import { describeCombinations } from '../support/matrix.ts'
import { eventually } from '../support/with-timeout.ts'
import { extended, type HookCall, privately, recorder, relies, withHook } from './support.ts'

describeCombinations('a query hook', (bed) => {
  let opened: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
  })
  beforeEach(async () => {
    await bed.database.reset()
  })

  relies(
    'extension/cached-client.ts',
    'an extended client has no `$on`; that of the first one hears its queries',
    async () => {
      const { prisma, close } = await bed.open({ log: [{ emit: 'event', level: 'query' }] })
      const heard: string[] = []
      const on = privately(prisma)['$on'] as (type: 'query', listener: (event: { query: string }) => void) => void
      on.call(prisma, 'query', ({ query }) => heard.push(query))
      const later = withHook(prisma, (call) => call.query(call.args) as Promise<unknown>)
      expect(privately(later)['$on']).toBeUndefined()
      await later.tag.count()
      await eventually(async () => heard[0], 'the event of the query')
      expect(heard).toEqual([expect.stringContaining('Tag')])
      await close()
    },
  )

  describe('is called', () => {
    relies('extension/operations.ts', 'with the name of each operation, and of its model', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      const { user, tag } = prisma
      await user.create({ data: { email: 'a' } })
      await user.findUnique({ where: { id: 1 } })
      await user.findUniqueOrThrow({ where: { id: 1 } })
      await user.findFirst()
      await user.findFirstOrThrow()
      await user.findMany()
      await user.count()
      await user.aggregate({ _sum: { id: true } })
      await user.groupBy({ by: ['id'] })
      await tag.createMany({ data: [{ name: 'a' }] })
      await tag.createManyAndReturn({ data: [{ name: 'b' }] })
      await tag.update({ where: { name: 'a' }, data: { color: 'red' } })
      await tag.updateMany({ data: { color: 'red' } })
      await tag.updateManyAndReturn({ data: { color: 'red' } })
      await tag.upsert({ where: { name: 'a' }, create: { name: 'a' }, update: {} })
      await tag.delete({ where: { name: 'a' } })
      await tag.deleteMany()
      await prisma.$queryRaw`SELECT 1`
      await prisma.$queryRawUnsafe('SELECT 1')
      await prisma.$executeRaw`DELETE FROM "Tag"`
      await prisma.$executeRawUnsafe('DELETE FROM "Tag"')
      expect(calls.map(({ model, operation }) => (model ? `${model}.${operation}` : operation))).toEqual([
        'User.create',
        'User.findUnique',
        'User.findUniqueOrThrow',
        'User.findFirst',
        'User.findFirstOrThrow',
        'User.findMany',
        'User.count',
        'User.aggregate',
        'User.groupBy',
        'Tag.createMany',
        'Tag.createManyAndReturn',
        'Tag.update',
        'Tag.updateMany',
        'Tag.updateManyAndReturn',
        'Tag.upsert',
        'Tag.delete',
        'Tag.deleteMany',
        '$queryRaw',
        '$queryRawUnsafe',
        '$executeRaw',
        '$executeRawUnsafe',
      ])
    })

    relies('extension/cache-extension.ts', 'from the outside in, by the order of application', async () => {
      const story: string[] = []
      const named = (name: string) => async (call: HookCall) => {
        story.push(`${name} ${JSON.stringify(call.args)}`)
        const result = await call.query({ ...call.args, take: (Number(call.args['take']) || 0) + 1 })
        story.push(`${name} done`)
        return result
      }
      await withHook(withHook(opened.prisma, named('first')), named('second')).tag.findMany()
      expect(story).toEqual(['first {}', 'second {"take":1}', 'second done', 'first done'])
    })

    relies('extension/raw-statements.ts', 'when somebody waits for the query, not when it is made', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      const never = prisma.tag.create({ data: { name: 'never' } })
      const later = prisma.tag.create({ data: { name: 'later' } })
      await new Promise(setImmediate)
      expect(calls).toEqual([])
      const [first, second] = [await later, await later]
      expect(calls).toHaveLength(1)
      expect(first).toBe(second)
      expect(await opened.prisma.tag.findMany({ select: { name: true } })).toEqual([{ name: 'later' }])
      expect(never).toBeDefined()
    })

    relies('control/cache-info.ts', 'in the async scope in which the query is waited for', async () => {
      const scope = new AsyncLocalStorage<string>()
      const seen: unknown[] = []
      const prisma = withHook(opened.prisma, async ({ args, query }) => {
        seen.push(scope.getStore())
        const result = await query(args)
        seen.push(scope.getStore())
        return result
      })
      const query = scope.run('made here', () => prisma.tag.findMany())
      await scope.run('waited for here', async () => query)
      expect(seen).toEqual(['waited for here', 'waited for here'])
    })

    relies(
      'extension/cache-extension.ts',
      'with an argument that Prisma does not know, and must take it out',
      async () => {
        const asked = { where: { name: 'a' }, cache: { ttl: 60 } } as { where: { name: string } }
        await expect(opened.prisma.tag.findUnique(asked)).rejects.toMatchObject({ name: 'PrismaClientValidationError' })
        const prisma = withHook(opened.prisma, async ({ args: { cache, ...rest }, query }) => {
          expect(cache).toEqual({ ttl: 60 })
          return query(rest)
        })
        expect(await prisma.tag.findUnique(asked)).toBeNull()
      },
    )

    relies('read/plan-read.ts', 'with a copy of the arguments: it may keep them', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      const where = { name: { in: ['a'] } }
      await prisma.tag.findMany({ where })
      where.name.in.push('b')
      expect(calls[0]?.args).toEqual({ where: { name: { in: ['a'] } } })
    })
  })

  describe('of the fluent API', () => {
    relies('read/plan-read.ts', 'is told from a selection by its data path alone', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      await opened.prisma.user.create({ data: { email: 'a', posts: { create: { title: 't' } } } })
      const posts = await prisma.user.findUnique({ where: { id: 1 } }).posts({ where: { title: 't' } })
      const user = await prisma.user.findUnique({ where: { id: 1 }, select: { posts: { where: { title: 't' } } } })
      expect(posts).toEqual(user?.posts)
      const [fluent, selected] = calls
      expect([fluent?.model, fluent?.operation, fluent?.args]).toEqual([
        selected?.model,
        selected?.operation,
        selected?.args,
      ])
      expect(fluent?.__internalParams.dataPath).toEqual(['select', 'posts'])
      expect(selected?.__internalParams.dataPath).toEqual([])
    })

    relies('extension/cache-extension.ts', 'of a write gets the relation, not the row that was written', async () => {
      const results: unknown[] = []
      const prisma = withHook(opened.prisma, async ({ args, query, __internalParams: { dataPath } }) => {
        const result = await query(args)
        results.push([dataPath, Object.keys(result as object)[1]])
        return result
      })
      await opened.prisma.user.create({ data: { email: 'a' } })
      await prisma.profile.create({ data: { bio: 'b', userId: 1 } }).user()
      expect(results).toEqual([[['select', 'user'], 'email']])
    })
  })

  describe('answers', () => {
    relies('read/read-through.ts', 'without asking the database', async () => {
      opened.sql.clear()
      const prisma = withHook(opened.prisma, async () => [{ name: 'made up', color: 'x' }])
      expect(await prisma.tag.findMany()).toEqual([{ name: 'made up', color: 'x' }])
      expect(opened.sql.count()).toBe(0)
    })

    relies('extension/cache-extension.ts', 'with null, when it is asynchronous', async () => {
      expect(await withHook(opened.prisma, async () => null).tag.findMany()).toBeNull()
      const synchronous = withHook(opened.prisma, (() => null) as unknown as () => Promise<null>)
      await expect(synchronous.tag.findMany()).rejects.toThrow(TypeError)
    })

    relies('read/read-through.ts', 'with an error that reaches the caller as it is', async () => {
      const error = new Error('mine')
      const prisma = withHook(opened.prisma, async () => {
        throw error
      })
      await expect(prisma.tag.findMany()).rejects.toBe(error)
    })

    relies('read/read-through.ts', 'for OrThrow only by asking: null would not throw', async () => {
      const nothing = withHook(opened.prisma, async () => null)
      expect(await nothing.tag.findUniqueOrThrow({ where: { name: 'x' } })).toBeNull()
      const asked = withHook(opened.prisma, recorder().hook)
      await expect(asked.tag.findUniqueOrThrow({ where: { name: 'x' } })).rejects.toMatchObject({ code: 'P2025' })
    })
  })

  describe('keeps Prisma’s own batching', () => {
    const both = (prisma: OpenedClient['prisma']) =>
      Promise.all(['a', 'b'].map((name) => prisma.tag.findUnique({ where: { name } })))
    const selects = async (wait: () => Promise<unknown>) => {
      const prisma = withHook(opened.prisma, async ({ args, query }) => {
        await wait()
        return query(args)
      })
      await prisma.$connect()
      opened.sql.clear()
      await both(prisma)
      return opened.sql.count(/^SELECT/)
    }

    relies('stores/memory-store.ts', 'over microtasks: findUnique of one tick is one statement', async () => {
      expect(await selects(async () => {})).toBe(1)
      expect(
        await selects(async () => {
          for (let i = 0; i < 20; i += 1) await undefined
        }),
      ).toBe(1)
    })

    relies('stores/tick-batch.ts', 'over I/O that is answered to all of them at once, and only then', async () => {
      const answered = new Promise((resolve) => setTimeout(resolve, 20))
      expect(await selects(() => answered)).toBe(1)
      const isSent = async () => opened.sql.count(/^SELECT/) > 0 || undefined
      let turn = 0
      expect(await selects(async () => (turn += 1) > 1 && eventually(isSent, 'the first statement'))).toBe(2)
    })
  })

  describe('of an extension applied later', () => {
    relies(
      'extension/later-extensions.ts',
      'is announced by a call of `$extends`, which a member may replace',
      async () => {
        const seen: unknown[] = []
        const { prisma } = opened
        const parent = privately(prisma)['$extends'] as (extension: unknown) => unknown
        const ours = extended(prisma, {
          client: {
            $extends(this: unknown, extension: unknown) {
              seen.push(typeof extension)
              return parent.call(this, extension)
            },
          },
        })
        const { calls, hook } = recorder()
        const hooked = withHook(ours, hook)
        const byFunction = extended(hooked, (client: typeof prisma) => extended(client, { client: { $mine: true } }))
        expect(seen).toEqual(['object', 'function', 'object'])
        expect(privately(byFunction)['$mine']).toBe(true)
        await byFunction.tag.findMany()
        expect(calls).toHaveLength(1)
      },
    )
  })

  describe('sees nothing of', () => {
    relies('extension/cache-extension.ts', 'what the base client does', async () => {
      const { calls, hook } = recorder()
      withHook(opened.prisma, hook)
      await opened.prisma.tag.findMany()
      expect(calls).toEqual([])
    })

    relies('read/fill.ts', 'computed fields: they are made from what the outermost hook returns', async () => {
      const { prisma } = opened
      await prisma.tag.create({ data: { name: 'a', color: 'red' } })
      const results: unknown[] = []
      const hooked = withHook(prisma, async ({ args, query }) => {
        const result = await query(args)
        results.push(structuredClone(result))
        return result
      })
      const computing = extended(hooked, {
        result: {
          tag: { shout: { needs: { color: true }, compute: ({ color }: { color: string }) => color.toUpperCase() } },
        },
      }) as typeof prisma
      const select = { name: true, shout: true } as { name: true }
      expect(await computing.tag.findMany({ select })).toMatchObject([{ name: 'a', shout: 'RED' }])
      expect(results).toEqual([[{ name: 'a', color: 'red' }]])
    })

    relies('read/fill.ts', 'what `omit` leaves out, unless a computed field needs it', async () => {
      const { prisma } = opened
      await prisma.tag.create({ data: { name: 'a', color: 'red' } })
      const results: unknown[] = []
      const hooked = withHook(prisma, async ({ args, query }) => {
        const result = await query(args)
        results.push(structuredClone(result))
        return result
      })
      const omit = { color: true } as const
      await hooked.tag.findMany({ omit })
      const computing = extended(hooked, {
        result: {
          tag: { shout: { needs: { color: true }, compute: ({ color }: { color: string }) => color.toUpperCase() } },
        },
      })
      const [computed] = await computing.tag.findMany({ omit })
      expect(Object.keys(computed ?? {})).toEqual(['name', 'shout'])
      expect(results).toEqual([[{ name: 'a' }], [{ name: 'a', color: 'red' }]])
    })
  })
})
