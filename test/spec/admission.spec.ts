import { describe, expect, it } from 'vitest'
import type { CacheOptions } from '../../src/index.ts'
import { describeCombinations, type StoreKind, useTestBed } from '../support/matrix.ts'
import { did, type Spec, useSpec } from './support.ts'

/** As many reads as a form may have before it is judged. */
const ENOUGH = 400

describeCombinations('admission', (bed) => {
  const spec = useSpec(bed)

  const byViews = ({ prisma }: Spec, views: number, cache?: { readonly ttl: number }) =>
    prisma.post.findMany({ where: { views: { gt: views } }, orderBy: { id: 'asc' }, ...(cache && { cache }) })
  /** Reads of one form, none of which is repeated. */
  async function readOnce(world: Spec, from = 0) {
    for (let i = from; i < from + ENOUGH; i += 1) await byViews(world, i)
    await world.prisma.$cache.settled()
  }
  const changesOf = ({ events }: Spec) => events.filter((event) => event.type === 'admission')
  const told = ({ prisma }: Spec) => prisma.$cache.advise().forms.filter(({ model }) => model === 'Post')

  it('is given at first: the second equal read is a hit', async () => {
    const world = spec.cached()
    const read = () => did(world.prisma, byViews(world, 0))
    expect([await read(), await read()]).toEqual(['miss', 'hit'])
    expect(told(world)).toMatchObject([{ isAdmitted: true, verdict: 'too-few-reads', hits: 1, misses: 1 }])
  })

  it('is refused to a form that is read with ever new values, and that is told', async () => {
    const world = spec.cached()
    const { prisma } = world
    await readOnce(world)
    expect(changesOf(world)).toEqual([
      {
        type: 'admission',
        state: 'refused',
        model: 'Post',
        operation: 'findMany',
        form: 'where{views{gt}}orderBy',
      },
    ])
    const { bypasses, forms } = prisma.$cache.stats()
    expect(forms).toEqual({ admitted: 0, refused: 1 })
    expect(bypasses['not-admitted']).toBeGreaterThan(0)
    expect(told(world)).toMatchObject([
      { isAdmitted: false, verdict: 'never-repeated', refused: bypasses['not-admitted'], hits: 0, savedMs: 0 },
    ])
    const explained = await prisma.$cache.explain(byViews(world, -1))
    expect(explained).toMatchObject({
      status: 'bypass',
      reason: 'not-admitted',
      account: { isAdmitted: false, refused: bypasses['not-admitted'] },
    })
    // Others of the operation are looked at by themselves.
    const other = () => did(prisma, prisma.post.findMany({ where: { authorId: 1 } }))
    expect([await other(), await other()]).toEqual(['miss', 'hit'])
  })

  it('changes no answer: whatever is refused, answers are those of the database, before and after writes', async () => {
    const world = spec.cached()
    const { prisma, plain } = world
    await readOnce(world)
    for (let round = 0; round < 3; round += 1) {
      for (let views = 0; views < 40; views += 1) {
        const wanted = await plain.post.findMany({ where: { views: { gt: views } }, orderBy: { id: 'asc' } })
        expect(await byViews(world, views)).toEqual(wanted)
      }
      await prisma.post.update({ where: { id: 1 }, data: { views: 10 * (round + 1) } })
    }
    expect(prisma.$cache.stats().bypasses['not-admitted']).toBeGreaterThan(ENOUGH / 4)
  })

  it('is given to all with `always`, and what does not pay is told all the same', async () => {
    const world = spec.cached({ admission: 'always' })
    await readOnce(world)
    expect(changesOf(world)).toEqual([])
    expect(world.prisma.$cache.stats()).toMatchObject({ bypasses: {}, forms: { admitted: 1, refused: 0 } })
    expect(told(world)).toMatchObject([{ isAdmitted: true, verdict: 'never-repeated', misses: ENOUGH, refused: 0 }])
  })

  it('is explained where it is given', async () => {
    const world = spec.cached()
    await byViews(world, 0)
    await byViews(world, 0)
    expect(await world.prisma.$cache.explain(byViews(world, 0))).toMatchObject({
      status: 'cached',
      account: { isAdmitted: true, hits: 1, misses: 1 },
    })
  })

  it('comes with the reason why entries are lost', async () => {
    const world = spec.cached({ invalidation: 'shape' })
    const { prisma } = world
    for (let i = 0; i < 2; i += 1) {
      await byViews(world, 0)
      await prisma.$cache.settled()
      await prisma.post.update({ where: { id: 1 }, data: { views: i } })
    }
    await byViews(world, 0)
    expect(told(world)).toMatchObject([
      { invalidated: 2, hints: [expect.stringMatching(/^No column of Post is compared by equality/)] },
    ])
  })

  it('is no matter where nothing is cached: what is read often without a ttl is named', async () => {
    const world = spec.cached({ defaults: {} })
    const { prisma } = world
    for (let i = 0; i < 100; i += 1) await prisma.tag.count()
    await prisma.tag.update({ where: { name: 'red' }, data: { color: 'pink' } })
    expect(prisma.$cache.advise()).toEqual({
      forms: [],
      uncached: [{ model: 'Tag', operation: 'count', reads: 100, writes: 1 }],
    })
  })
})

describeCombinations('a cache that observes', (bed) => {
  const spec = useSpec(bed)
  const observing = (more: CacheOptions = {}) => spec.cached({ observe: true, ...more })
  const name = ({ prisma }: Spec) => prisma.user.findUnique({ where: { id: 1 }, select: { name: true } })
  const asked = ({ sql }: Spec) => sql.count(/^SELECT/)

  it('asks the database at each read, and counts hits and misses as if it served', async () => {
    const world = observing()
    const { prisma } = world
    for (let i = 1; i <= 4; i += 1) {
      expect(await did(prisma, name(world))).toBe(i === 1 ? 'miss' : 'hit')
      expect(asked(world)).toBe(i)
      await prisma.$cache.settled()
    }
    expect(prisma.$cache.stats()).toMatchObject({ totals: { hit: 3, miss: 1, fill: 1 }, hitRatio: 3 / 4 })
    expect(prisma.$cache.advise().forms).toMatchObject([{ hits: 3, misses: 1 }])
  })

  it('asks for each of many equal reads at once', async () => {
    const world = observing({ lease: { minQueryMs: 0 } })
    await Promise.all(Array.from({ length: 5 }, () => world.prisma.tag.findMany({ where: { color: 'grey' } })))
    expect(asked(world)).toBe(5)
    await world.prisma.$cache.settled()
  })

  it('serves nothing that it has stored: not even what no write of this client changed', async () => {
    const world = observing()
    const { prisma, plain } = world
    await name(world)
    await prisma.$cache.settled()
    await plain.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
    expect(await prisma.$cache.withCacheInfo(name(world))).toMatchObject({
      data: { name: 'Eve' },
      info: { status: 'hit' },
    })
  })

  it('invalidates what writes change, as usual', async () => {
    const world = observing()
    const { prisma } = world
    await name(world)
    await prisma.$cache.settled()
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Eve' } })
    expect(await did(prisma, name(world))).toBe('miss')
    expect(prisma.$cache.advise().forms).toMatchObject([{ hits: 0, misses: 2, invalidated: 1 }])
  })

  it('runs what computes a value at each call, and returns what was set', async () => {
    const { $cache } = observing().prisma
    let runs = 0
    const counted = () => $cache.getOrSet('counted', () => (runs += 1), { ttl: 60 })
    expect([await counted(), await counted()]).toEqual([1, 2])
    await $cache.set('theme', 'dark', { ttl: 60 })
    expect(await $cache.get('theme')).toBe('dark')
  })

  it('passes the errors of queries on, also where an entry is there', async () => {
    const world = observing()
    const { prisma, sql } = world
    await name(world)
    await prisma.$cache.settled()
    const gate = sql.hold(/^SELECT/, { before: true })
    const read = expect(name(world)).rejects.toThrow('gone away')
    await gate.held
    gate.fail(new Error('gone away'))
    await read
  })
})

/** As in production: reads are planned in front of Prisma, and where nothing can be said there, again behind it. */
describe.each<StoreKind>(['memory', 'redis'])('in front of Prisma (%s)', (store) => {
  const spec = useSpec(useTestBed({ provider: 'sqlite', generator: 'ts', store }), { errorFormat: 'minimal' })

  it('a read that is refused counts once, also without arguments', async () => {
    const { prisma } = spec.cached()
    for (let i = 0; i < 300; i += 1) {
      await prisma.tag.count()
      await prisma.tag.update({ where: { name: 'red' }, data: { color: `${i}` } })
    }
    const refused = prisma.$cache.stats().bypasses['not-admitted']
    expect(refused).toBeGreaterThan(0)
    expect(prisma.$cache.advise().forms).toMatchObject([{ operation: 'count', verdict: 'written-too-often', refused }])
  })

  it('a cache that observes serves nothing', async () => {
    const { prisma, sql } = spec.cached({ observe: true })
    for (let i = 1; i <= 4; i += 1) {
      expect(await did(prisma, prisma.tag.findMany({ where: { color: 'red' } }))).toBe(i === 1 ? 'miss' : 'hit')
      await prisma.$cache.settled()
      expect(sql.count(/^SELECT/)).toBe(i)
    }
  })
})
