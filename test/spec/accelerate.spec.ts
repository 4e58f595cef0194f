import { afterEach, describe, expect, it, vi } from 'vitest'
import { type WithAccelerateOptions, withAccelerate } from '../../src/accelerate/index.ts'
import { type CacheControl, memoryStore } from '../../src/index.ts'
import type { ClientOf, ClientOptions } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import { combinations, type TestBed, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { describePair, useSpec } from './support.ts'

const ada = { where: { id: 1 } } as const
const rename = { ...ada, data: { name: 'Ada Lovelace' } } as const

const onSqlite = (client: ClientOf<'sqlite'>, extension: ReturnType<typeof withAccelerate>) =>
  client.$extends(extension)

/** Clients with `withAccelerate`, on a database that holds the rows of `world` before each test. */
function useAccelerate(bed: TestBed, clientOptions: ClientOptions = {}) {
  const spec = useSpec(bed, clientOptions)
  const controls: CacheControl[] = []
  afterEach(async () => {
    await Promise.all(controls.splice(0).map((control) => control.disconnect()))
  })
  return {
    get plain() {
      return spec.plain as unknown as ClientOf<'sqlite'>
    },
    accelerated(more: WithAccelerateOptions = {}, below = spec.plain as unknown as ClientOf<'sqlite'>) {
      const clock = manualClock()
      const store = bed.store === 'memory' && { store: memoryStore({ maxEntries: 500 }) }
      const common = { prefix: freshNamespace(), clock: clock.now, logger: false, defaults: { jitter: 0 } } as const
      const prisma = onSqlite(below, withAccelerate({ ...bed.cache, ...store, ...common, ...more }))
      controls.push(prisma.$cache)
      return { prisma, clock, settled: () => prisma.$cache.settled() }
    },
  }
}

/** What the cache did for a read. */
const did = async (read: { withAccelerateInfo(): PromiseLike<{ info: { cacheStatus: string } | null }> }) =>
  (await read.withAccelerateInfo()).info?.cacheStatus

describePair('withAccelerate', (bed) => {
  const spec = useAccelerate(bed)

  it('caches a read for `ttl` seconds, serves it for `swr` more, and then asks the database', async () => {
    const { prisma, clock, settled } = spec.accelerated()
    const read = () => prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: 60, swr: 30 } })
    expect(await did(read())).toBe('miss')
    await settled()
    clock.advance(59_000)
    expect(await did(read())).toBe('ttl')
    clock.advance(2_000)
    expect(await did(read())).toBe('swr')
    await settled()
    expect(await did(read())).toBe('ttl')
    clock.advance(91_000)
    expect(await did(read())).toBe('miss')
  })

  it('caches every read operation, and returns what a plain client returns', async () => {
    const { prisma, settled } = spec.accelerated()
    const cacheStrategy = { ttl: 60 }
    const reads = [
      () => prisma.user.findUnique({ ...ada, cacheStrategy }),
      () => prisma.user.findUniqueOrThrow({ ...ada, cacheStrategy }),
      () => prisma.user.findFirst({ orderBy: { id: 'asc' }, cacheStrategy }),
      () => prisma.user.findFirstOrThrow({ orderBy: { id: 'asc' }, cacheStrategy }),
      () => prisma.user.findMany({ orderBy: { id: 'asc' }, cacheStrategy }),
      () => prisma.user.count({ cacheStrategy }),
      () => prisma.user.aggregate({ _max: { id: true }, cacheStrategy }),
      () => prisma.user.groupBy({ by: ['role'], _count: true, orderBy: { role: 'asc' }, cacheStrategy }),
    ]
    const { user } = spec.plain
    const expected = [
      await user.findUnique(ada),
      await user.findUnique(ada),
      await user.findFirst({ orderBy: { id: 'asc' } }),
      await user.findFirst({ orderBy: { id: 'asc' } }),
      await user.findMany({ orderBy: { id: 'asc' } }),
      await user.count(),
      await user.aggregate({ _max: { id: true } }),
      await user.groupBy({ by: ['role'], _count: true, orderBy: { role: 'asc' } }),
    ]
    for (const status of ['miss', 'ttl']) {
      for (const [i, read] of reads.entries()) {
        const { data, info } = await read().withAccelerateInfo()
        expect([data, info?.cacheStatus], `read ${i}`).toEqual([expected[i], status])
        expect(await read()).toEqual(expected[i])
      }
      await settled()
    }
  })

  it('caches only where it is asked to', async () => {
    const { prisma, settled } = spec.accelerated()
    const reads = [
      () => prisma.user.findUnique(ada),
      () => prisma.user.findUnique({ ...ada, cacheStrategy: {} }),
      () => prisma.user.findUnique({ ...ada, cacheStrategy: { tags: ['users'] } }),
      () => prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: 0 } }),
    ]
    for (const read of [...reads, ...reads]) {
      expect(await did(read())).toBe('none')
      await settled()
    }
  })

  it('with `swr` alone serves what is stored, and asks the database behind', async () => {
    const { prisma, clock, settled } = spec.accelerated()
    const read = () => prisma.user.findUnique({ ...ada, cacheStrategy: { swr: 60 } })
    expect(await did(read())).toBe('miss')
    for (let i = 0; i < 3; i += 1) {
      await settled()
      clock.advance(30_000)
      expect(await did(read())).toBe('swr')
    }
  })

  it('is invalidated by writes, without tags', async () => {
    const { prisma, settled } = spec.accelerated()
    const read = () => prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: 60, swr: 60 } })
    expect((await read())?.name).toBe('Ada')
    await settled()
    await prisma.user.update(rename)
    const { data, info } = await read().withAccelerateInfo()
    expect([data?.name, info?.cacheStatus]).toEqual(['Ada Lovelace', 'miss'])
  })

  it("with `invalidation: 'tags'` is invalidated by time, by its tags and by nothing else", async () => {
    const { prisma, clock, settled } = spec.accelerated({ invalidation: 'tags' })
    const read = async (tags: string[]) => {
      const { data, info } = await prisma.user
        .findUnique({ ...ada, select: { name: true, posts: true }, cacheStrategy: { ttl: 60, tags } })
        .withAccelerateInfo()
      await settled()
      return [data?.name, info?.cacheStatus]
    }
    for (const tags of [[], ['ada']]) expect(await read(tags)).toEqual(['Ada', 'miss'])
    await prisma.user.update(rename)
    await prisma.post.deleteMany()
    await prisma.$cache.invalidate({ models: ['User'] })
    for (const tags of [[], ['ada']]) expect(await read(tags)).toEqual(['Ada', 'ttl'])
    await prisma.$accelerate.invalidate({ tags: ['ada'] })
    expect(await read([])).toEqual(['Ada', 'ttl'])
    expect(await read(['ada'])).toEqual(['Ada Lovelace', 'miss'])
    clock.advance(60_000)
    expect(await read([])).toEqual(['Ada Lovelace', 'miss'])
  })

  it('$accelerate.invalidate drops what has one of the tags, and invalidateAll everything', async () => {
    const { prisma, settled } = spec.accelerated()
    const tagged = (...tags: string[]) => prisma.user.count({ cacheStrategy: { ttl: 60, tags } })
    const all = async () => {
      const statuses = [await did(tagged('a', 'b')), await did(tagged('b', 'c')), await did(tagged())]
      await settled()
      return statuses
    }
    expect(await all()).toEqual(['miss', 'miss', 'miss'])
    expect(await all()).toEqual(['ttl', 'ttl', 'ttl'])
    expect(await prisma.$accelerate.invalidate({ tags: ['a', 'x'] })).toEqual({ requestId: 'unspecified' })
    expect(await all()).toEqual(['miss', 'ttl', 'ttl'])
    expect(await prisma.$accelerate.invalidateAll()).toEqual({ requestId: 'unspecified' })
    expect(await all()).toEqual(['miss', 'miss', 'miss'])
  })

  it('withAccelerateInfo tells when the database was asked, and under which key the result is stored', async () => {
    const { prisma, clock, settled } = spec.accelerated()
    const read = () => prisma.tag.findMany({ cacheStrategy: { ttl: 60 } }).withAccelerateInfo()
    const askedAt = new Date(clock.now())
    const miss = await read()
    await settled()
    clock.advance(5_000)
    const hit = await read()
    expect(hit.data).toEqual(await spec.plain.tag.findMany())
    const unspecified = { region: 'unspecified', requestId: 'unspecified' }
    const signature = expect.stringMatching(/Tag:findMany/)
    expect(miss.info).toEqual({ cacheStatus: 'miss', lastModified: askedAt, signature, ...unspecified })
    expect(hit.info).toEqual({ cacheStatus: 'ttl', lastModified: askedAt, signature, ...unspecified })
    const { info } = await prisma.tag.findMany().withAccelerateInfo()
    const now = new Date(clock.now())
    expect(info).toEqual({ cacheStatus: 'none', lastModified: now, signature: 'unspecified', ...unspecified })
    expect(await did(prisma.tag.findUniqueOrThrow({ where: { name: 'nope' } })).catch(({ code }) => code)).toBe('P2025')
  })

  it('reads in transactions ask the database, with and without info', async () => {
    const { prisma, settled } = spec.accelerated()
    const strategy = { cacheStrategy: { ttl: 60 } }
    await prisma.user.count(strategy)
    await settled()
    const [batched, plain] = await prisma.$transaction([
      prisma.user.count(strategy).withAccelerateInfo(),
      prisma.user.count(strategy),
    ])
    expect([batched.data, batched.info?.cacheStatus, plain]).toEqual([3, 'none', 3])
    const inside = await prisma.$transaction(async (tx) => {
      await tx.user.update(rename)
      return tx.user.findUnique({ ...ada, ...strategy }).withAccelerateInfo()
    })
    expect([inside.data?.name, inside.info?.cacheStatus]).toEqual(['Ada Lovelace', 'none'])
  })
})

describe('withAccelerate among other extensions', () => {
  const spec = useAccelerate(useTestBed<Provider>({ provider: 'sqlite', generator: 'ts', store: 'memory' }))
  const read = { ...ada, cacheStrategy: { ttl: 60 } } as const

  it('is asked by the hooks of extensions before it', async () => {
    const below = spec.plain.$extends({
      query: { user: { findUnique: ({ args, query }) => query({ ...args, cacheStrategy: { ttl: 60 } } as never) } },
    })
    const { prisma, settled } = spec.accelerated({}, below as never)
    expect(await did(prisma.user.findUnique(ada))).toBe('miss')
    await settled()
    expect(await did(prisma.user.findUnique(ada))).toBe('ttl')
  })

  it('leaves the hooks, methods and computed fields of extensions after it as they are', async () => {
    const { prisma, settled } = spec.accelerated({ laterExtensions: 'transparent' })
    const hook = vi.fn(({ args, query }) => query(args))
    const later = prisma.$extends({
      query: { user: { findUnique: hook } },
      result: { user: { shout: { needs: { name: true }, compute: ({ name }) => name?.toUpperCase() } } },
      model: { user: { method: () => 'mine' } },
    })
    const { data, info } = await later.user.findUnique(read).withAccelerateInfo()
    expect([data?.shout, info?.cacheStatus, later.user.method()]).toEqual(['ADA', 'miss', 'mine'])
    expect(hook).toHaveBeenCalledOnce()
    await settled()
    expect(await did(later.user.findUnique(read))).toBe('ttl')
    await later.$accelerate.invalidateAll()
    const inside = await later.$transaction((tx) => tx.user.findUnique(read).withAccelerateInfo())
    expect([inside.data?.shout, inside.info?.cacheStatus]).toEqual(['ADA', 'none'])
  })

  it('serves relations of one row', async () => {
    const { prisma } = spec.accelerated()
    const expected = await spec.plain.user.findUnique(ada).posts()
    expect(await prisma.user.findUnique(read).posts()).toEqual(expected)
  })

  it('understands `cache` as well, but not both at once', async () => {
    const { prisma, settled } = spec.accelerated()
    expect(await did(prisma.user.findUnique({ ...ada, cache: { ttl: 60 } }))).toBe('miss')
    await settled()
    expect(await did(prisma.user.findUnique({ ...ada, cache: { ttl: 60 } }))).toBe('ttl')
    await expect(prisma.user.findUnique({ ...read, cache: true })).rejects.toThrow(/cacheStrategy.*Give one of the two/)
  })

  it('names what is wrong with a strategy, and leaves it out of a write', async () => {
    const { prisma } = spec.accelerated()
    const wrong = (cacheStrategy: unknown) => prisma.user.findUnique({ ...ada, cacheStrategy } as never)
    await expect(wrong({ ttl: '60' })).rejects.toThrow(/cacheStrategy\.ttl`: got "60".*Give seconds/)
    await expect(wrong({ ttl: -1 })).rejects.toThrow(/cacheStrategy\.ttl`: got -1/)
    await expect(wrong({ ttl: 1, tags: 'users' })).rejects.toThrow(/cacheStrategy\.tags`: got "users"/)
    await expect(wrong({ sttl: 1 })).rejects.toThrow(/cacheStrategy\.sttl`: .*There is no such option/)
    const strategy = { cacheStrategy: { ttl: 60 } }
    const written = await prisma.user.update({ ...rename, ...(strategy as object) })
    expect(written.name).toBe('Ada Lovelace')
  })

  it('takes the options of the cache, and a `fetch` that it never calls', async () => {
    const fetch = vi.fn()
    const { prisma } = spec.accelerated({ fetch })
    await prisma.user.findUnique(read)
    await prisma.$accelerate.invalidateAll()
    expect(fetch).not.toHaveBeenCalled()
    expect(() => withAccelerate({ prefx: 'a:' } as never)).toThrow(/prefx`: .*There is no such option/)
  })

  it('a method that somebody replaces is the replacement', async () => {
    const { prisma } = spec.accelerated()
    const spy = vi.spyOn(prisma.user, 'count').mockReturnValue(7 as never)
    expect(prisma.user.count()).toBe(7)
    expect(spy).toHaveBeenCalledOnce()
  })

  it('errors show the line of the caller, as a plain client’s do', async () => {
    const { prisma } = spec.accelerated()
    const of = (client: unknown) => (client as typeof prisma).user.findMany({ wher: {} } as never)
    const message = (client: unknown) => of(client).then(String, (error) => String(error.message))
    expect(await message(prisma)).toBe(await message(spec.plain))
  })
})

describe.each(combinations.slice(0, 2))('withAccelerate in production (%o)', (combination) => {
  const spec = useAccelerate(useTestBed<Provider>(combination), { errorFormat: 'minimal' })

  it('serves hits in front of Prisma, with info', async () => {
    const { prisma, settled } = spec.accelerated()
    const read = () => prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: 60, tags: ['a'] } })
    for (const status of ['miss', 'ttl', 'ttl', 'ttl']) {
      expect(await did(read())).toBe(status)
      await settled()
    }
    expect(await read()).toEqual(await spec.plain.user.findUnique(ada))
    await prisma.user.update(rename)
    expect((await read())?.name).toBe('Ada Lovelace')
    await expect(prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: '1' } } as never)).rejects.toThrow(/got "1"/)
    const posts = await prisma.user.findUnique({ ...ada, cacheStrategy: { ttl: 60 } }).posts()
    expect(posts).toEqual(await spec.plain.user.findUnique(ada).posts())
  })
})
