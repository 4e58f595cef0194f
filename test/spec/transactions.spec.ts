import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { holds } from '../support/holds.ts'
import { describeCombinations, useTestBed } from '../support/matrix.ts'
import { PATIENCE_MS, withTimeout } from '../support/with-timeout.ts'
import { type Ask, did, madeStaleBy, type Spec, said, useSpec } from './support.ts'

/** Thrown to roll back. */
class Back extends Error {}

type OpenTransaction = (this: unknown, run: (tx: Spec['prisma']) => Promise<unknown>) => Promise<unknown>

describeCombinations('an interactive transaction', (bed) => {
  const spec = useSpec(bed)
  const red: Ask<{ color: string } | null> = (db) => db.tag.findUnique({ where: { name: 'red' } })
  const paint = (color: string) => ({ where: { name: 'red' }, data: { color } })

  it('reads its own writes, never the cache', async () => {
    const { prisma } = spec.cached()
    await prisma.tag.findUnique({ where: { name: 'red' } })
    await prisma.tag.count()
    await prisma.$transaction(async (tx) => {
      await tx.tag.update(paint('crimson'))
      await tx.tag.create({ data: { name: 'new' } })
      const own = await prisma.$cache.withCacheInfo(tx.tag.findUnique({ where: { name: 'red' } }))
      expect(own.data).toMatchObject({ color: 'crimson' })
      expect(said(own.info)).toBe('bypass: interactive-transaction')
      expect(await tx.tag.count({ cache: true })).toBe(4)
      expect(await did(prisma, tx.$queryRaw`SELECT 1`)).toBe('bypass: interactive-transaction')
    })
  })

  it('stores nothing it reads, and shows nothing uncommitted to others', async () => {
    const { prisma, events } = spec.cached()
    const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
    await read()
    await prisma.$transaction(async (tx) => {
      await tx.tag.update(paint('crimson'))
      await tx.tag.findMany()
      await tx.tag.findUnique({ where: { name: 'red' } })
      expect(await read()).toMatchObject({ color: 'grey' })
      expect(events.filter(({ type }) => type === 'fill')).toHaveLength(1)
    })
    expect(await did(prisma, prisma.tag.findMany())).toBe('miss')
  })

  it('has invalidated when its caller goes on, and not before', async () => {
    const { prisma, plain, events } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red, tags: (db) => db.tag.count() }, async () => {
      const moves = () => events.filter(({ type }) => type === 'invalidate').length
      await prisma.$transaction(async (tx) => {
        await tx.tag.update(paint('crimson'))
        await tx.tag.create({ data: { name: 'new' } })
        expect(moves()).toBe(0)
      })
      expect(moves()).toBe(1)
      expect(events.at(-1)).toMatchObject({ type: 'invalidate', cause: 'transaction' })
    })
    expect(stale).toEqual(['red', 'tags'])
  })

  it('names every row and model it wrote, and nothing else', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Record<string, Ask> = {
      red,
      blue: (db) => db.tag.findUnique({ where: { name: 'blue' } }),
      'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
      'user 2': (db) => db.user.findUnique({ where: { id: 2 } }),
      posts: (db) => db.post.count(),
      products: (db) => db.product.count(),
    }
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$transaction(async (tx) => {
        await tx.tag.update(paint('crimson'))
        await tx.$executeRaw`UPDATE "catalog products" SET stock = 0`
        await tx.user.update({ where: { id: 1 }, data: { name: 'x' } })
      }),
    )
    expect(stale).toEqual(['red', 'user 1', 'products'])
  })

  it('that rolls back leaves the cache as it is', async () => {
    const { prisma, plain, events } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red, tags: (db) => db.tag.count() }, () =>
      expect(
        prisma.$transaction(async (tx) => {
          await tx.tag.update(paint('crimson'))
          await tx.tag.create({ data: { name: 'phantom' } })
          expect(await tx.tag.findMany()).toHaveLength(4)
          throw new Back('back')
        }),
      ).rejects.toThrow(Back),
    )
    expect(stale).toEqual([])
    expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
    expect(await prisma.tag.findUnique({ where: { name: 'phantom' } })).toBeNull()
  })

  it('that takes too long is rolled back, and serves nothing of what it saw', async () => {
    const { prisma, plain } = spec.cached()
    await madeStaleBy({ prisma, plain }, { red }, () =>
      expect(
        prisma.$transaction(
          async (tx) => {
            await tx.tag.update(paint('crimson'))
            await sleep(60)
            await tx.tag.findMany()
          },
          { timeout: 30 },
        ),
      ).rejects.toMatchObject({ code: 'P2028' }),
    )
    expect(await prisma.tag.findMany({ where: { color: 'crimson' } })).toEqual([])
  })

  it('whose commit is lost on the way back is taken to have happened', async () => {
    const { prisma, plain, sql } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red }, async () => {
      const gate = sql.hold('COMMIT')
      const lost = prisma
        .$transaction((tx) => tx.tag.update(paint('crimson')))
        .then(
          () => expect.fail('the connection was lost'),
          () => 'lost',
        )
      await gate.held
      gate.fail(new Error('connection lost'))
      expect(await lost).toBe('lost')
    })
    expect(stale).toEqual(['red'])
  })

  it('refused by the database within, and caught there, commits the rest', async () => {
    // PostgreSQL aborts a transaction in which a statement failed; a savepoint is the way round.
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red, tags: (db) => db.tag.count() }, () =>
      prisma.$transaction(async (tx) => {
        await tx.tag.update(paint('crimson'))
        if (bed.provider === 'sqlite') {
          await expect(tx.tag.create({ data: { name: 'red' } })).rejects.toMatchObject({ code: 'P2002' })
        }
      }),
    )
    expect(stale).toEqual(['red', 'tags'])
  })

  it('answers with what its callback returns, and fails with what it throws', async () => {
    const { prisma } = spec.cached()
    expect(await prisma.$transaction(async () => 'value')).toBe('value')
    await expect(prisma.$transaction(async () => Promise.reject(new Back('mine')))).rejects.toThrow('mine')
    await expect(
      prisma.$transaction(async () => {
        throw undefined
      }),
    ).rejects.toBeUndefined()
  })

  it('gives its client all that the cached client has', async () => {
    const { prisma } = spec.cached()
    await prisma.$transaction(async (tx) => {
      expect(typeof tx.$cache.stats().totals.hit).toBe('number')
      await tx.tag.create({ data: { name: 'x' }, cache: { invalidate: ['mine'] } })
    })
  })

  it('moves the tags its writes name when it commits', async () => {
    const { prisma } = spec.cached()
    const read = () => prisma.product.findMany({ cache: { tags: ['mine'] } })
    await read()
    await prisma
      .$transaction(async (tx) => {
        await tx.tag.create({ data: { name: 'x' }, cache: { invalidate: ['mine'] } })
        throw new Back()
      })
      .catch(() => {})
    expect(await did(prisma, read())).toBe('hit')
    await prisma.$transaction((tx) => tx.tag.create({ data: { name: 'x' }, cache: { invalidate: ['mine'] } }))
    expect(await did(prisma, read())).toBe('miss')
  })

  describe('within another, a savepoint,', () => {
    it('that commits counts when the outer one commits', async () => {
      const { prisma, plain, events } = spec.cached()
      const stale = await madeStaleBy({ prisma, plain }, { red, tags: (db) => db.tag.count() }, () =>
        prisma.$transaction(async (tx) => {
          await tx.$transaction(async (inner) => {
            await inner.tag.update(paint('crimson'))
            expect(await inner.tag.findUnique({ where: { name: 'red' } })).toMatchObject({ color: 'crimson' })
          })
          expect(await tx.tag.findUnique({ where: { name: 'red' } })).toMatchObject({ color: 'crimson' })
          expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
        }),
      )
      expect(stale).toEqual(['red', 'tags'])
    })

    it('that commits counts for nothing when the outer one rolls back', async () => {
      const { prisma, plain } = spec.cached()
      const stale = await madeStaleBy({ prisma, plain }, { red }, () =>
        prisma
          .$transaction(async (tx) => {
            await tx.$transaction((inner) => inner.tag.update(paint('crimson')))
            throw new Back()
          })
          .catch(() => {}),
      )
      expect(stale).toEqual([])
    })

    it('that rolls back leaves the outer one’s writes to be invalidated', async () => {
      const { prisma, plain } = spec.cached()
      const reads: Record<string, Ask> = { red, 'user 1': (db) => db.user.findUnique({ where: { id: 1 } }) }
      const stale = await madeStaleBy({ prisma, plain }, reads, () =>
        prisma.$transaction(async (tx) => {
          await tx.user.update({ where: { id: 1 }, data: { name: 'x' } })
          await tx
            .$transaction(async (inner) => {
              await inner.tag.update(paint('crimson'))
              throw new Back()
            })
            .catch(() => {})
          expect(await tx.tag.findUnique({ where: { name: 'red' } })).toMatchObject({ color: 'grey' })
        }),
      )
      // Moving a tag too many costs a miss.
      expect(stale).toContain('user 1')
    })
  })

  it('whose savepoint could not be released may be committed although it throws: its tags move', async () => {
    const { prisma, plain } = spec.cached()
    await madeStaleBy({ prisma, plain }, { red }, () =>
      prisma
        .$transaction(async (tx) => {
          const inner = tx.$transaction(async (second) => {
            // PostgreSQL aborts the transaction with the refused statement; that nobody heard of it makes the release fail.
            const refused = second.$transaction((third) => third.tag.create({ data: { name: 'blue' } }).catch(() => {}))
            await Promise.resolve(refused).catch(() => {})
            await second.tag.update(paint('crimson'))
          })
          await Promise.resolve(inner).catch(() => {})
          throw new Back()
        })
        .catch(() => {}),
    )
  })

  it('runs beside others without taking their tags', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Record<string, Ask> = {
      red,
      blue: (db) => db.tag.findUnique({ where: { name: 'blue' } }),
      green: (db) => db.tag.findUnique({ where: { name: 'green' } }),
    }
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      Promise.all(
        ['red', 'blue', 'green'].map((name) =>
          prisma
            .$transaction(async (tx) => {
              await tx.tag.update({ where: { name }, data: { color: 'x' } })
              if (name === 'blue') throw new Back()
            })
            .catch(() => {}),
        ),
      ),
    )
    expect(stale).toEqual(['red', 'green'])
  })

  it('passes its options on', async () => {
    const { prisma } = spec.cached()
    await expect(prisma.$transaction(() => sleep(80), { timeout: 20 })).rejects.toMatchObject({ code: 'P2028' })
    await expect(prisma.$transaction(async () => {}, { isolationLevel: 'Chaos' as 'Serializable' })).rejects.toThrow()
  })
})

describeCombinations('a batch transaction', (bed) => {
  const spec = useSpec(bed)
  const paintNew = { where: { name: 'new' }, data: { color: 'x' } }

  it('of hits, misses and duplicates never hangs, and answers in order', async () => {
    const { prisma, plain } = spec.cached()
    await prisma.tag.findMany()
    await prisma.user.findUnique({ where: { id: 1 } })
    const elements = (db: Pick<typeof prisma, 'tag' | 'user' | 'post' | '$queryRaw'>) => [
      db.tag.findMany(),
      db.tag.findMany(),
      db.user.findUnique({ where: { id: 1 } }),
      db.user.findUnique({ where: { id: 2 } }),
      db.user.findUnique({ where: { id: 1 } }),
      db.post.count(),
      db.post.findMany({ take: 0 }),
      db.user.findUnique({ where: { id: 99 } }),
      db.$queryRaw`SELECT 1 AS one`,
      db.post.aggregate({ _count: true }),
    ]
    const expected = await plain.$transaction(elements(plain as unknown as typeof prisma))
    for (const _ of [1, 2, 3]) {
      expect(await withTimeout(prisma.$transaction(elements(prisma)), 'the batch')).toEqual(expected)
    }
    // Every mix of three elements, cached and not.
    const tag = (cache: boolean) => prisma.tag.findUnique({ where: { name: 'red' }, cache })
    for (let mix = 0; mix < 8; mix += 1) {
      const batch = [0, 1, 2].map((bit) => tag(Boolean(mix & (1 << bit))))
      expect(await withTimeout(prisma.$transaction(batch), `mix ${mix}`)).toHaveLength(3)
    }
  })

  it('reads from the database, says so, and stores nothing', async () => {
    const { prisma, events } = spec.cached()
    await prisma.tag.findMany()
    const { reads } = await prisma.$cache.collectCacheInfo(() =>
      prisma.$transaction([prisma.tag.findMany(), prisma.tag.count(), prisma.tag.findFirst({ cache: true })]),
    )
    expect(reads.map(said)).toEqual(Array(3).fill('bypass: batch-transaction'))
    await prisma.$cache.settled()
    expect(events.filter(({ type }) => type === 'fill')).toHaveLength(1)
    expect(await did(prisma, prisma.tag.count())).toBe('miss')
  })

  it('sees its own writes, and has invalidated them when its caller goes on', async () => {
    const { prisma, plain } = spec.cached()
    const reads: Record<string, Ask> = {
      tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }),
      'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
      'user 2': (db) => db.user.findUnique({ where: { id: 2 } }),
      products: (db) => db.product.count(),
      posts: (db) => db.post.count(),
    }
    const stale = await madeStaleBy({ prisma, plain }, reads, async () => {
      const [created, tags] = await prisma.$transaction([
        prisma.tag.create({ data: { name: 'new' } }),
        prisma.tag.findMany(),
        prisma.user.update({ where: { id: 1 }, data: { name: 'x' } }),
        prisma.$executeRaw`UPDATE "catalog products" SET stock = 0`,
      ])
      expect(created).toMatchObject({ name: 'new' })
      expect(tags).toHaveLength(4)
    })
    expect(stale).toEqual(['tags', 'user 1', 'products'])
  })

  it('that fails is rolled back, and nothing of it is stored', async () => {
    const { prisma, plain, events } = spec.cached()
    const reads: Record<string, Ask> = {
      tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }),
      new: (db) => db.tag.findUnique({ where: { name: 'new' } }),
    }
    await madeStaleBy({ prisma, plain }, reads, async () => {
      const fills = events.filter(({ type }) => type === 'fill').length
      const batch = prisma.$transaction([
        prisma.tag.create({ data: { name: 'new' } }),
        prisma.tag.findMany({ orderBy: { name: 'asc' } }),
        prisma.tag.findUnique({ where: { name: 'new' } }),
        prisma.tag.create({ data: { name: 'new' } }),
        prisma.tag.count(),
      ])
      await expect(withTimeout(batch, 'the batch')).rejects.toMatchObject({ code: 'P2002' })
      await prisma.$cache.settled()
      expect(events.filter(({ type }) => type === 'fill')).toHaveLength(fills)
    })
  })

  it('of one element, of none, and of nothing to be awaited is as without a cache', async () => {
    const { prisma } = spec.cached()
    expect(await prisma.$transaction([prisma.tag.create({ data: { name: 'one' } })])).toMatchObject([{ name: 'one' }])
    expect(await prisma.$transaction([])).toEqual([])
    expect(() => prisma.$transaction([Promise.resolve(1) as never])).toThrow('Prisma Client promises')
    expect(() => prisma.$transaction('nonsense' as never)).toThrow()
  })

  it('has its elements reach Prisma, and extensions behind ours, in their order', async () => {
    const { prisma } = spec.cached({ laterExtensions: 'transparent' })
    const order: string[] = []
    const behind = prisma.$extends({
      query: {
        $allOperations({ operation, args, query }) {
          order.push(operation)
          return query(args)
        },
      },
    })
    await behind.$transaction([
      behind.tag.create({ data: { name: 'new' } }),
      behind.tag.findMany(),
      behind.$queryRaw`SELECT 1`,
      behind.tag.update(paintNew),
      behind.$executeRaw`UPDATE "catalog products" SET stock = 0`,
      behind.tag.count(),
    ])
    expect(order).toEqual(['create', 'findMany', '$queryRaw', 'update', '$executeRaw', 'count'])
  })

  it('within an interactive one is part of it', async () => {
    const { prisma, plain, events } = spec.cached()
    const reads: Record<string, Ask> = { tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }) }
    const batch = (tx: Pick<typeof prisma, '$transaction' | 'tag'>) =>
      tx.$transaction([tx.tag.create({ data: { name: 'new' } }), tx.tag.findMany(), tx.tag.count()])
    const stale = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma.$transaction(async (tx) => {
        const [, tags, count] = await batch(tx as unknown as typeof prisma)
        expect(tags).toHaveLength(count)
        expect(count).toBe(4)
        expect(events.filter(({ type }) => type === 'invalidate')).toEqual([])
      }),
    )
    expect(stale).toEqual(['tags'])
    await plain.tag.delete({ where: { name: 'new' } })
    await prisma.$cache.invalidate({ models: ['Tag'] })
    const kept = await madeStaleBy({ prisma, plain }, reads, () =>
      prisma
        .$transaction(async (tx) => {
          await batch(tx as unknown as typeof prisma)
          throw new Back()
        })
        .catch(() => {}),
    )
    expect(kept).toEqual([])
  })

  it('in which an element is refused before it is sent leaves a cache that still works', async () => {
    const { prisma } = spec.cached()
    const wrong = { data: { name: 'x' }, cache: { invalidate: 'front page' } }
    const batch = prisma.$transaction([
      prisma.tag.create({ data: { name: 'before' } }),
      prisma.tag.create(wrong as unknown as { data: { name: string } }),
      prisma.tag.create({ data: { name: 'after' } }),
    ])
    await expect(withTimeout(batch, 'the batch')).rejects.toThrow('invalidate')
    expect(await prisma.tag.findMany()).toHaveLength(3)
    expect(await did(prisma, prisma.tag.findMany())).toBe('hit')
  })
})

describeCombinations('a transaction among other extensions', (bed) => {
  const spec = useSpec(bed)
  const red: Ask<{ color: string } | null> = (db) => db.tag.findUnique({ where: { name: 'red' } })
  const paint = (color: string) => ({ where: { name: 'red' }, data: { color } })

  /** The ways other extensions are seen to replace `$transaction`, and where they stand. */
  function wrapped(place: 'before' | 'after', call: 'bound' | 'unbound') {
    const calls: string[] = []
    const other = (parent: { $transaction: unknown; $extends: (extension: object) => unknown }) => {
      const parentTransaction = parent.$transaction as (this: unknown, ...args: unknown[]) => Promise<unknown>
      return parent.$extends({
        client: {
          $transaction(this: unknown, ...args: unknown[]) {
            calls.push(call)
            return parentTransaction.apply(call === 'bound' ? this : parent, args)
          },
        },
      })
    }
    const ours = spec.extension()
    const extended =
      place === 'before'
        ? (other(spec.plain as never) as typeof spec.plain).$extends(ours)
        : other(spec.plain.$extends(ours) as never)
    return { prisma: extended as ReturnType<typeof spec.cached>['prisma'], calls }
  }

  it.each([
    ['before', 'bound'],
    ['after', 'bound'],
    ['after', 'unbound'],
  ] as const)(
    'that wraps $transaction %s ours, %s, is called, and commits and rollbacks are told apart',
    async (place, call) => {
      const { prisma, calls } = wrapped(place, call)
      const client = { prisma, plain: spec.plain }
      const committed = await madeStaleBy(client, { red }, () =>
        prisma.$transaction((tx) => tx.tag.update(paint('crimson'))),
      )
      expect(committed).toEqual(['red'])
      const rolledBack = await madeStaleBy(client, { red }, () =>
        prisma
          .$transaction(async (tx) => {
            await tx.tag.update(paint('scarlet'))
            throw new Back()
          })
          .catch(() => {}),
      )
      expect(rolledBack).toEqual([])
      const batch = await madeStaleBy(client, { red }, () => prisma.$transaction([prisma.tag.update(paint('pink'))]))
      expect(batch).toEqual(['red'])
      expect(calls.length).toBe(3)
    },
  )

  it('that opens transactions on a client below ours is reported: its writes are not seen', async () => {
    const { prisma } = wrapped('before', 'unbound')
    const problems: string[] = []
    prisma.$cache.on('error', ({ during, error }) => problems.push(`${during}: ${(error as Error).message}`))
    await prisma.$transaction((tx) => tx.tag.update(paint('crimson')))
    expect(problems).toEqual([expect.stringMatching(/^transaction: .*apply cacheExtension last/)])
  })

  it('carries model, client, query and result extensions from both sides', async () => {
    const seen: string[] = []
    const spy = (name: string) => ({
      query: {
        tag: {
          async update({ args, query }: { args: object; query: (args: object) => PromiseLike<unknown> }) {
            seen.push(name)
            return query(args)
          },
        },
      },
      model: { tag: { [name]: () => name } },
      result: {
        tag: {
          [`label_${name}`]: { needs: { name: true }, compute: (tag: { name: string }) => `${name} ${tag.name}` },
        },
      },
    })
    const prisma = spec.plain
      .$extends(spy('outer') as object)
      .$extends(spec.extension())
      .$extends(spy('inner') as object) as ReturnType<typeof spec.cached>['prisma']
    await prisma.$transaction(async (tx) => {
      const tag = await tx.tag.update(paint('crimson'))
      expect(tag).toMatchObject({ label_outer: 'outer red', label_inner: 'inner red' })
      const models = tx.tag as unknown as Record<string, () => string>
      expect([models['outer']?.(), models['inner']?.()]).toEqual(['outer', 'inner'])
    })
    expect(seen).toEqual(['outer', 'inner'])
  })

  it('opened past ours is met with caution: its writes are invalidated at once and again when it must be over', async () => {
    // The hooks of the cached client, in a transaction that its own `$transaction` never heard of.
    const { prisma, plain, events } = spec.cached()
    const open = plain.$transaction as unknown as OpenTransaction
    await prisma.tag.findUnique({ where: { name: 'red' } })
    await open.call(prisma, async (tx) => {
      await tx.tag.update(paint('crimson'))
      expect(await did(prisma, tx.tag.findMany())).toBe('bypass: interactive-transaction')
      expect(events.filter(({ type }) => type === 'invalidate')).toHaveLength(1)
    })
    expect(await prisma.tag.findUnique({ where: { name: 'red' } })).toMatchObject({ color: 'crimson' })
  })
})

describe('on PostgreSQL, where others read while a transaction is open', () => {
  for (const store of ['redis', 'memory'] as const) {
    const bed = useTestBed({ provider: 'postgresql', generator: 'ts', store })
    const spec = useSpec(bed)

    it(`what they read and store then is gone with the commit (${store})`, async () => {
      const { prisma } = spec.cached()
      const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
      await prisma.$transaction(async (tx) => {
        await tx.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
        expect(await did(prisma, read())).toBe('miss')
        expect(await read()).toMatchObject({ color: 'grey' })
        expect(await did(prisma, read())).toBe('hit')
      })
      expect(await read()).toMatchObject({ color: 'crimson' })
    })

    it(`and stays when it rolls back (${store})`, async () => {
      const { prisma } = spec.cached()
      const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
      await prisma
        .$transaction(async (tx) => {
          await tx.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
          await read()
          throw new Back()
        })
        .catch(() => {})
      expect(await did(prisma, read())).toBe('hit')
      expect(await read()).toMatchObject({ color: 'grey' })
    })

    it(`and a write of theirs is no part of it: it stays when the transaction rolls back (${store})`, async () => {
      const { prisma } = spec.cached()
      const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
      await read()
      await prisma
        .$transaction(async (tx) => {
          await tx.user.create({ data: { email: 'x@example.test' } })
          await prisma.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
          expect(await read()).toMatchObject({ color: 'crimson' })
          throw new Back()
        })
        .catch(() => {})
      expect(await did(prisma, read())).toBe('hit')
      expect(await prisma.user.count()).toBe(3)
    })

    it(`at the isolation level that was asked for (${store})`, async () => {
      const { prisma } = spec.cached()
      const options = { isolationLevel: 'Serializable' } as const
      const show = (client: Pick<typeof prisma, '$queryRaw'>) =>
        client.$queryRaw<{ transaction_isolation: string }[]>`SHOW transaction_isolation`
      const serializable = [{ transaction_isolation: 'serializable' }]
      expect(await prisma.$transaction((tx) => show(tx), options)).toEqual(serializable)
      expect(await prisma.$transaction([show(prisma), show(prisma)], options)).toEqual([serializable, serializable])
    })

    it(`even of a transaction opened past ours (${store})`, async () => {
      const bedClient = await bed.open()
      const prisma = bedClient.prisma.$extends(spec.extension())
      const open = bedClient.prisma.$transaction as unknown as OpenTransaction
      const read = () => prisma.tag.findUnique({ where: { name: 'red' } })
      await prisma.$cache.catalogue()
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      onTestFinished(() => void vi.useRealTimers())
      await open.call(prisma, async (tx) => {
        await tx.tag.update({ where: { name: 'red' }, data: { color: 'crimson' } })
        expect(await read()).toMatchObject({ color: 'grey' })
      })
      expect(await read()).toMatchObject({ color: 'grey' })
      // The real end of what nobody reported is only known by the time Prisma gives a transaction.
      vi.advanceTimersByTime(2 * PATIENCE_MS)
      vi.useRealTimers()
      await holds(async () => expect(await read()).toMatchObject({ color: 'crimson' }))
    })
  }
})
