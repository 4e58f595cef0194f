import { setImmediate } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { describeCombinations } from '../support/matrix.ts'
import { type Ask, madeStaleBy, useSpec } from './support.ts'

/** Thrown to roll back. */
class Back extends Error {}

/** Writes that stand although the callback of their transaction threw. Each is compared with what the database has. */
describeCombinations('a transaction whose callback throws', (bed) => {
  const spec = useSpec(bed)
  const red: Ask<{ color: string } | null> = (db) => db.tag.findUnique({ where: { name: 'red' } })
  const tags: Ask<number> = (db) => db.tag.count()
  const paint = (color: string) => ({ where: { name: 'red' }, data: { color } })

  it('after a raw COMMIT invalidates the writes that followed it', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red, tags }, () =>
      prisma
        .$transaction(async (tx) => {
          await tx.$executeRaw`COMMIT`
          await tx.tag.update(paint('crimson'))
          throw new Back()
        })
        .catch(() => {}),
    )
    expect(stale).toContain('red')
  })

  it('after its timeout, in the middle of a nested write, invalidates what was committed by itself', async () => {
    const { prisma, plain, sql } = spec.cached()
    await madeStaleBy({ prisma, plain }, { profiles: (db) => db.profile.count(), tags }, async () => {
      const first = sql.hold('UPDATE')
      const timedOut = sql.hold('ROLLBACK')
      const run = prisma.$transaction(
        async (tx) => {
          const data = { name: 'x', profile: { create: { bio: 'late' } } }
          await tx.user.update({ where: { id: 3 }, data }).catch(() => {})
          throw new Back()
        },
        { timeout: 50 },
      )
      const ended = Promise.resolve(run).catch(() => {})
      await Promise.race([first.held, timedOut.held])
      await timedOut.held
      timedOut.open()
      first.open()
      await ended
    })
  })

  it.each(['is open', 'begins just then'])('while one inside it %s and commits for both', async (when) => {
    const { prisma, plain, sql } = spec.cached()
    await madeStaleBy({ prisma, plain }, { red }, async () => {
      const rollback = sql.hold('ROLLBACK TO SAVEPOINT', { before: true })
      let goOn = () => {}
      const finish = new Promise<void>((resolve) => (goOn = resolve))
      let inner: Promise<unknown> | undefined
      const outer = prisma.$transaction(async (tx) => {
        await tx.tag.update(paint('crimson'))
        await new Promise<void>((begun) => {
          const nested = tx.$transaction(() => {
            begun()
            return finish
          })
          inner = nested.catch(() => {})
          if (when !== 'is open') begun()
        })
        throw new Back()
      })
      const ended = outer.catch(() => {})
      await rollback.held
      goOn()
      // Everything that leads from there to the commit of the inner one happens in promises.
      await setImmediate()
      rollback.open()
      await Promise.all([ended, inner])
    })
  })

  it('behind which another extension stands invalidates: that one may have kept a write', async () => {
    const { prisma, plain } = spec.cached({ laterExtensions: 'changing' })
    const behind = prisma.$extends({ query: { $allOperations: ({ args, query }) => query(args) } })
    const stale = await madeStaleBy({ prisma, plain }, { red }, () =>
      behind
        .$transaction(async (tx) => {
          await tx.tag.update(paint('crimson'))
          throw new Back()
        })
        .catch(() => {}),
    )
    expect(stale).toEqual(['red'])
  })

  const long = { timeout: 60_000, maxWait: 60_000 }

  it.each<[string, (tx: ReturnType<typeof spec.cached>['prisma']) => PromiseLike<unknown>]>([
    ['a row that is not there', (tx) => tx.tag.findUniqueOrThrow({ where: { name: 'no' } })],
    ['arguments Prisma refuses', (tx) => tx.tag.update({ where: { name: 'red' }, data: { colour: 'x' } as never })],
    ['plain raw statements', (tx) => tx.$executeRaw`UPDATE "Tag" SET color = 'x' WHERE name = 'red'`],
  ])('after %s leaves the cache as it is', async (_, last) => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, { red, tags }, () =>
      prisma
        .$transaction(async (tx) => {
          await tx.tag.update(paint('crimson'))
          await last(tx as never)
          throw new Back()
        }, long)
        .catch(() => {}),
    )
    expect(stale).toEqual([])
  })

  if (bed.provider === 'sqlite') {
    it('after SQLite rolled back by itself invalidates what was written since', async () => {
      const { prisma, plain } = spec.cached()
      const stale = await madeStaleBy({ prisma, plain }, { red }, () =>
        prisma
          .$transaction(async (tx) => {
            await tx.$executeRaw`INSERT OR ROLLBACK INTO "Tag" (name) VALUES ('blue')`.catch(() => {})
            await tx.tag.update(paint('crimson'))
            throw new Back()
          })
          .catch(() => {}),
      )
      expect(stale).toEqual(['red'])
    })
  } else {
    // On SQLite the reads of others wait for the one connection.
    it('after a raw COMMIT has invalidated what was committed, when the COMMIT is acknowledged', async () => {
      const { prisma, plain } = spec.cached()
      let stale: string[] = []
      await prisma
        .$transaction(async (tx) => {
          stale = await madeStaleBy({ prisma, plain }, { red }, async () => {
            await tx.tag.update(paint('crimson'))
            await tx.$executeRaw`COMMIT`
          })
          throw new Back()
        })
        .catch(() => {})
      expect(stale).toEqual(['red'])
    })

    it('after the database refused a statement leaves the cache as it is', async () => {
      const { prisma, plain } = spec.cached()
      const stale = await madeStaleBy({ prisma, plain }, { red, tags }, () =>
        prisma
          .$transaction(async (tx) => {
            await tx.tag.update(paint('crimson'))
            await tx.tag.create({ data: { name: 'blue' } })
          }, long)
          .catch(() => {}),
      )
      expect(stale).toEqual([])
    })
  }
})
