import { beforeAll, beforeEach, describe, expect } from 'vitest'
import { transactionId } from '../../src/extension/internal-params.ts'
import { cacheExtension } from '../../src/index.ts'
import type { OpenedClient } from '../support/clients.ts'
import { holds } from '../support/holds.ts'
import { describeCombinations } from '../support/matrix.ts'
import { withTimeout } from '../support/with-timeout.ts'
import { extended, type HookCall, privately, recorder, relies, withHook } from './support.ts'

type Client = OpenedClient['prisma']
type TransactionClient = Parameters<Parameters<Client['$transaction']>[0]>[0]

const SCOPE = Symbol.for('prisma.client.transaction.scope_context')

describeCombinations('a transaction', (bed) => {
  let opened: OpenedClient
  /** Another process on the same database. */
  let other: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
    other = await bed.open()
  })
  beforeEach(async () => {
    await bed.database.reset()
  })

  const transactionsOf = (calls: readonly HookCall[]) =>
    calls.map(({ __internalParams }) => __internalParams.transaction)
  const rollBack = () => {
    throw new Error('back')
  }

  describe('as a hook sees it', () => {
    relies('extension/internal-params.ts', 'is undefined where there is none', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      await prisma.tag.findMany()
      await prisma.tag.create({ data: { name: 'a' } })
      await prisma.$queryRaw`SELECT 1`
      expect(transactionsOf(calls)).toEqual([undefined, undefined, undefined])
    })

    relies('extension/internal-params.ts', 'is of kind `itx` and has one id, that of its client', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      let id: string | undefined
      await prisma.$transaction(async (tx) => {
        id = (tx as { [SCOPE]?: { txId?: string } })[SCOPE]?.txId
        await tx.tag.findMany()
        await tx.$queryRaw`SELECT 1`
        await tx.tag.create({ data: { name: 'a' } })
      })
      expect(id).toEqual(expect.any(String))
      expect(transactionsOf(calls)).toEqual(Array(3).fill(expect.objectContaining({ kind: 'itx', id })))
    })

    relies(
      'extension/internal-params.ts',
      'has its id in the promises its client makes, too, and sends nothing for it',
      async () => {
        await opened.prisma.$transaction(async (tx) => {
          const id = (tx as { [SCOPE]?: { txId?: string } })[SCOPE]?.txId
          opened.sql.clear()
          const older = { _createPrismaPromise: privately(tx)['_createPrismaPromise'] }
          expect(transactionId(older)).toBe(id)
          expect(opened.sql.count()).toBe(0)
        })
      },
    )

    relies('extension/internal-params.ts', 'is that of the client that asks, not of the scope it asks in', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      if (bed.provider === 'sqlite') {
        // The one connection is taken: the outer query would wait for the transaction that waits for it.
        await Promise.all([prisma.$transaction(async (tx) => tx.tag.findMany()), prisma.tag.findMany()])
      } else {
        await prisma.$transaction(async (tx) => {
          await tx.tag.findMany()
          await prisma.tag.findMany()
        })
      }
      expect(
        transactionsOf(calls)
          .map((transaction) => transaction?.kind)
          .sort(),
      ).toEqual(['itx', undefined])
    })

    relies('write/outbox.ts', 'has the id of the outer one when it is inside another', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      await prisma.$transaction(async (tx) => {
        await tx.tag.findMany()
        await (tx as Client).$transaction(async (inner) => {
          await inner.tag.findMany()
          expect(transactionId(inner)).toBe(transactionId(tx))
        })
      })
      const [outer, inner] = transactionsOf(calls)
      expect(inner).toMatchObject({ kind: 'itx', id: outer?.id })
    })

    relies('extension/internal-params.ts', 'is of kind `batch` for the elements of a list', async () => {
      const { calls, hook } = recorder()
      const prisma = withHook(opened.prisma, hook)
      await prisma.$transaction([
        prisma.tag.findMany(),
        prisma.tag.create({ data: { name: 'a' } }),
        prisma.$queryRaw`SELECT 1`,
      ])
      const [first, ...rest] = transactionsOf(calls)
      expect(first).toMatchObject({ kind: 'batch', id: expect.anything() })
      for (const transaction of rest) expect(transaction).toMatchObject({ kind: 'batch', id: first?.id })
    })

    relies(
      'extension/transaction-hook.ts',
      'is of kind `itx` for a list inside an interactive one, and ends with it',
      async () => {
        const { calls, hook } = recorder()
        const prisma = withHook(opened.prisma, hook)
        const run = prisma.$transaction(async (tx) => {
          await (tx as Client).$transaction([
            tx.tag.create({ data: { name: 'a' } }),
            tx.tag.create({ data: { name: 'b' } }),
          ])
          const id = transactionId(tx)
          expect(transactionsOf(calls)).toEqual(Array(2).fill(expect.objectContaining({ kind: 'itx', id })))
          rollBack()
        })
        await expect(run).rejects.toThrow('back')
        expect(await other.prisma.tag.count()).toBe(0)
      },
    )
  })

  describe('that is interactive', () => {
    relies('extension/transaction-hook.ts', 'is committed when it resolves', async () => {
      await opened.prisma.$transaction((tx) => tx.tag.create({ data: { name: 'a' } }))
      expect(await other.prisma.tag.count()).toBe(1)
    })

    relies(
      'extension/transaction-hook.ts',
      'is rolled back when its callback throws, and rejects with that error',
      async () => {
        const error = new Error('mine')
        const run = opened.prisma.$transaction(async (tx) => {
          await tx.tag.create({ data: { name: 'a' } })
          throw error
        })
        await expect(run).rejects.toBe(error)
        expect(await other.prisma.tag.count()).toBe(0)
      },
    )

    relies('write/outbox.ts', 'keeps what a savepoint inside it did not undo', async () => {
      await opened.prisma.$transaction(async (tx) => {
        await tx.tag.create({ data: { name: 'outer' } })
        const inner = (tx as Client).$transaction(async (nested) => {
          await nested.tag.create({ data: { name: 'inner' } })
          rollBack()
        })
        await expect(inner).rejects.toThrow('back')
      })
      expect(await other.prisma.tag.findMany({ select: { name: true } })).toEqual([{ name: 'outer' }])
    })

    relies('write/write-invalidate.ts', 'resolves its queries before the commit: only its end tells', async () => {
      await opened.prisma.$transaction(async (tx) => {
        await tx.tag.create({ data: { name: 'a' } })
        // SQLite has the second process wait instead.
        if (bed.provider === 'postgresql') expect(await other.prisma.tag.count()).toBe(0)
      })
      expect(await other.prisma.tag.count()).toBe(1)
    })

    relies('write/write-invalidate.ts', 'may commit a part of a nested write that was refused, on SQLite', async () => {
      const refused = (tx: TransactionClient) =>
        tx.user.create({ data: { email: 'a', posts: { create: [{ title: 't' }, { title: 't' }] } } })
      const run = opened.prisma.$transaction(async (tx) => {
        await expect(refused(tx)).rejects.toMatchObject({ code: 'P2002' })
      })
      await run.catch(() => {})
      expect(await other.prisma.user.count()).toBe(bed.provider === 'sqlite' ? 1 : 0)
      await bed.database.reset()
      await expect(refused(opened.prisma)).rejects.toMatchObject({ code: 'P2002' })
      expect(await other.prisma.user.count()).toBe(0)
    })

    relies('extension/cache-extension.ts', 'has its time-outs where the client keeps them', async () => {
      const timed = await bed.open({ transactionOptions: { maxWait: 1234, timeout: 5678 } })
      expect(privately(timed.prisma)['_engineConfig']).toMatchObject({
        transactionOptions: { maxWait: 1234, timeout: 5678 },
      })
    })
  })

  describe('whose opening is overridden by an extension', () => {
    /** As `extension/transaction-hook.ts` does it, or bound to the base client as others do. */
    function overriding(client: Client, bound: boolean, story: string[]): Client {
      const parent = client.$transaction as (input: unknown, options?: unknown) => Promise<unknown>
      return extended(client, {
        client: {
          async $transaction(this: unknown, input: unknown, options?: unknown) {
            story.push('opened')
            return parent.call(bound ? client : this, input, options)
          },
        },
      })
    }
    /** The extensions of an application: a hook, a member of the client, a computed field. */
    function withAll(client: Client, name: string, story: string[]): Client {
      const hook = async ({ args, query }: HookCall) => {
        story.push(name)
        return query(args)
      }
      return extended(client, {
        client: { [`$${name}`]: true },
        result: { tag: { [name]: { needs: { name: true }, compute: () => name } } },
        query: { $allOperations: hook },
      })
    }

    relies(
      'extension/transaction-hook.ts',
      'has the extensions before and after it, when the parent is applied to `this`',
      async () => {
        const story: string[] = []
        const prisma = withAll(overriding(withAll(opened.prisma, 'before', story), false, story), 'after', story)
        await prisma.$transaction(async (tx) => {
          const tag = await tx.tag.create({ data: { name: 'a' } })
          expect(tag).toMatchObject({ name: 'a', before: 'before', after: 'after' })
          expect(tx).toMatchObject({ $before: true, $after: true })
          const inner = await (tx as Client).$transaction((nested) => nested.tag.findMany())
          expect(inner).toMatchObject([{ before: 'before', after: 'after' }])
        })
        expect(story).toEqual(['opened', 'before', 'after', 'opened', 'before', 'after'])
      },
    )

    relies(
      'extension/transaction-hook.ts',
      'lacks the later ones, when the parent is bound to the base client',
      async () => {
        const story: string[] = []
        const prisma = withAll(overriding(opened.prisma, true, story), 'after', story)
        await prisma.$transaction(async (tx) => {
          await tx.tag.findMany()
          expect(privately(tx)['$after']).toBeUndefined()
        })
        expect(story).toEqual(['opened'])
      },
    )

    relies('extension/transaction-hook.ts', 'passes options through', async () => {
      const prisma = overriding(opened.prisma, false, [])
      const late = prisma.$transaction(
        async (tx) => {
          await new Promise((resolve) => setTimeout(resolve, 60))
          return tx.tag.findMany()
        },
        { timeout: 20 },
      )
      await expect(late).rejects.toMatchObject({ code: 'P2028' })
    })
  })

  describe('and `$cache`', () => {
    relies(
      'extension/transaction-hook.ts',
      'are on the extended client and on the clients of its transactions',
      async () => {
        const prisma = opened.prisma.$extends(cacheExtension(bed.cache))
        expect(prisma.$cache.stats).toBeTypeOf('function')
        await prisma.$transaction(async (tx) => {
          expect(privately(tx)['$cache']).toBe(prisma.$cache)
          await (tx as typeof prisma).$transaction(async (inner) => {
            expect(privately(inner)['$cache']).toBe(prisma.$cache)
          })
        })
        await prisma.$cache.disconnect()
      },
    )
  })
})

describeCombinations('a batch', (bed) => {
  let opened: OpenedClient
  let other: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
    other = await bed.open()
  })
  beforeEach(async () => {
    await bed.database.reset()
  })

  /** A client whose hook settles each element with what `query` came to. */
  function settling(results: unknown[]) {
    return withHook(opened.prisma, async ({ args, query }) => {
      const result = await query(args)
      results.push(result)
      return result
    })
  }

  relies(
    'extension/cache-extension.ts',
    'hangs when an element never asks the database: every one of them must',
    async () => {
      const prisma = withHook(opened.prisma, async ({ operation, args, query }) =>
        operation === 'findMany' ? [] : query(args),
      )
      const hanging = prisma.$transaction([prisma.tag.findMany(), prisma.tag.count()], {
        maxWait: 100,
        timeout: 100,
      } as object)
      hanging.catch(() => {})
      await expect(withTimeout(hanging, 'the batch', 500)).rejects.toThrow('took longer')
      expect(await opened.prisma.tag.count()).toBe(0)
    },
  )

  relies('write/write-invalidate.ts', 'resolves its elements after the commit', async () => {
    const seen: number[] = []
    const prisma = withHook(opened.prisma, async ({ args, query }) => {
      const result = await query(args)
      seen.push(await other.prisma.tag.count())
      return result
    })
    await prisma.$transaction([prisma.tag.create({ data: { name: 'a' } }), prisma.tag.create({ data: { name: 'b' } })])
    expect(seen).toEqual([2, 2])
  })

  relies(
    'read/fill.ts',
    'that failed resolves its other elements, with rows that were rolled back or undefined',
    async () => {
      const results: unknown[] = []
      const prisma = settling(results)
      const failed = prisma.$transaction([
        prisma.tag.create({ data: { name: 'a' } }),
        prisma.tag.findMany({ select: { name: true } }),
        prisma.tag.create({ data: { name: 'a' } }),
        prisma.tag.findMany(),
      ])
      await expect(failed).rejects.toMatchObject({ code: 'P2002' })
      await holds(() => expect(results).toHaveLength(3))
      expect(results).toContainEqual([{ name: 'a' }])
      expect(results).toContain(undefined)
      expect(await other.prisma.tag.count()).toBe(0)
    },
  )

  relies('extension/transaction-hook.ts', 'is refused at once when an element is no promise of Prisma’s', async () => {
    const element = Promise.resolve(1) as unknown as ReturnType<typeof opened.prisma.tag.count>
    await expect((async () => opened.prisma.$transaction([element]))()).rejects.toThrow('All elements of the array')
  })

  relies('extension/raw-statements.ts', 'takes a promise of Prisma’s behind a proxy', async () => {
    const prisma = opened.prisma.$extends(cacheExtension({ ...bed.cache, models: {} }))
    const declared = prisma.$cache.raw(
      { reads: ['Tag'] },
      prisma.$queryRaw<{ one: number | bigint }[]>`SELECT 1 AS one`,
    )
    const [rows, count] = await prisma.$transaction([declared, prisma.tag.count()])
    expect([Number(rows[0]?.one), count]).toEqual([1, 0])
    await prisma.$cache.disconnect()
  })
})
