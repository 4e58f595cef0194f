import { describe, expect, it } from 'vitest'
import { CacheConfigError, type StoredInfo, type Validate } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { type Process, slowRead, statusOf, useProcesses } from './processes.ts'
import { describePair, useSpec } from './support.ts'

const SECOND = 1000

describePair('`validate`', (bed) => {
  const spec = useSpec(bed)

  /** A product that somebody changes behind the cache's back. */
  function outdated(validate: Validate, more: object = {}) {
    const all = spec.cached(more)
    const { prisma, sql } = all
    const read = async () => {
      const { data, info } = await prisma.$cache.withCacheInfo(
        prisma.product.findMany({ where: { sku: 'bolt' }, cache: { validate } }),
      )
      return [data[0]?.stock, info.status === 'miss' ? info.cause : info.status]
    }
    const sell = (stock: number) => bed.database.execute(`UPDATE "catalog products" SET stock = ${stock} WHERE id = 1`)
    const queries = () => sql.count(/^SELECT .*catalog products/)
    return { ...all, read, sell, queries }
  }

  it('that says true leaves a hit a hit, that says false has the database asked and the answer stored', async () => {
    let isGood = true
    const { read, sell, queries } = outdated(() => isGood)
    expect(await read()).toEqual([100, 'absent'])
    await sell(99)
    expect(await read()).toEqual([100, 'hit'])
    isGood = false
    expect(await read()).toEqual([99, 'rejected'])
    isGood = true
    await sell(98)
    expect(await read()).toEqual([99, 'hit'])
    expect(queries()).toBe(2)
  })

  it('judges by the value and by what is known of it, and is not asked of what the database says', async () => {
    const seen: [unknown, StoredInfo][] = []
    const { prisma, clock, read } = outdated((value, info) => seen.push([value, info]) > 0)
    await read()
    expect(seen).toEqual([])
    clock.advance(5 * SECOND)
    await read()
    const [rows, info] = seen[0] ?? []
    expect(rows).toEqual(await prisma.product.findMany({ where: { sku: 'bolt' }, cache: false }))
    const [key] = await prisma.$cache.keys()
    expect(info).toEqual({
      status: 'hit',
      model: 'Product',
      operation: 'findMany',
      key,
      tags: expect.arrayContaining([expect.stringMatching(/^Product/)]),
      tier: bed.store === 'memory' ? 'near' : 'far',
      ageMs: 5 * SECOND,
    })
  })

  it('gets a value of its own: what it does to it, or keeps of it, is nobody else’s', async () => {
    const kept: { stock: number; price: object }[][] = []
    const { prisma, read } = outdated((rows) => {
      kept.push(rows as (typeof kept)[number])
      for (const row of rows as { stock: number }[]) row.stock = -1
      return true
    })
    await read()
    for (let i = 0; i < 4; i += 1) expect(await read()).toEqual([100, 'hit'])
    const given = await prisma.product.findMany({ where: { sku: 'bolt' }, cache: { validate: () => true } })
    for (const row of given) row.stock = -2
    expect(kept.flat().map(({ stock }) => stock)).toEqual([-1, -1, -1, -1])
    expect(await read()).toEqual([100, 'hit'])
  })

  it('that throws, returns nothing, or a promise, says no; with an event', async () => {
    for (const [what, validate] of Object.entries<() => unknown>({
      throws: () => {
        throw new Error('broken')
      },
      nothing: () => {},
      'a promise': async () => {
        throw new Error('later')
      },
    })) {
      const { read, sell, events } = outdated(validate as Validate)
      await read()
      await sell(5)
      expect(await read(), what).toEqual([5, 'rejected'])
      expect(events.filter(({ type }) => type === 'error')).toMatchObject([{ during: 'validate', model: 'Product' }])
      await sell(100)
    }
  })

  it('judges stale results, too: those that expired and those invalidated softly', async () => {
    const statuses: string[] = []
    const { prisma, read, clock, sell } = outdated(
      (_, { status }) => {
        statuses.push(status)
        return false
      },
      { models: { Product: { ttl: 10, swr: 50 } } },
    )
    await read()
    clock.advance(20 * SECOND)
    await sell(99)
    expect(await read()).toEqual([99, 'rejected'])
    await sell(98)
    await prisma.$cache.invalidate({ models: ['Product'], soft: true })
    expect(await read()).toEqual([98, 'rejected'])
    expect(statuses).toEqual(['stale', 'stale'])
  })

  it('can stand in the configuration; the nearest to the call counts, and an entry is one for all of them', async () => {
    const no: Validate = () => false
    const { prisma } = spec.cached({ defaults: { ttl: 60, validate: no }, models: { Tag: { validate: () => true } } })
    const status = async (read: PromiseLike<unknown>) => (await prisma.$cache.withCacheInfo(read)).info.status
    for (let i = 0; i < 2; i += 1) {
      await prisma.user.count()
      await prisma.tag.count()
    }
    expect(await status(prisma.user.count())).toBe('miss')
    expect(await status(prisma.user.count({ cache: { validate: () => true } }))).toBe('hit')
    expect(await status(prisma.tag.count())).toBe('hit')
    expect(await status(prisma.tag.count({ cache: { validate: no } }))).toBe('miss')
  })

  it('must be a function', async () => {
    const given = { validate: true as never }
    expect(() => spec.cached({ defaults: given })).toThrow(CacheConfigError)
    await expect(spec.cached().prisma.tag.count({ cache: given })).rejects.toThrow(/`cache\.validate`.*got true/)
  })
})

describe('`validate` with copies in the process', () => {
  const bed = useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'redis' })
  const processes = useProcesses(bed)

  it('judges hits that are at hand', async () => {
    let isGood = true
    const { prisma, settled } = processes.start(0, { near: 'push' })
    const read = () => statusOf(prisma, prisma.tag.count({ cache: { validate: () => isGood } }))
    for (let i = 0; i < 4; i += 1) {
      await read()
      await settled()
    }
    expect(await read()).toBe('hit')
    isGood = false
    expect(await read()).toBe('miss')
    isGood = true
    await settled()
    expect(await read()).toBe('hit')
  })
})

describePair('`validate` of many', (bed) => {
  const processes = useProcesses(bed)
  const count = ({ prisma }: Process, isGood: boolean) =>
    statusOf(prisma, prisma.tag.count({ cache: { validate: () => isGood } }))

  it('who reject together ask once, and do not wait for what they have just rejected', async () => {
    const options = { lease: { minQueryMs: 0, waitMs: 5000 } }
    const [one, other] = [processes.start(0, options), processes.start(1, options)]
    await count(one, true)
    await one.settled()
    one.sql.clear()
    const slow = await slowRead(one.sql, () => count(one, false))
    const rest = Promise.all(Array.from({ length: 5 }, () => count(one, false)))
    // Its own query, at once.
    expect(await count(other, false)).toBe('miss')
    await slow.finish()
    expect(await rest).toEqual(Array(5).fill('miss'))
    expect(one.sql.count(/^SELECT/)).toBe(1)
  })
})
