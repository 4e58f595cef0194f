import { describe, expect, it } from 'vitest'
import { CacheConfigError, type ReadCacheOptions } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { slowRead } from './processes.ts'
import { describePair, did, useSpec } from './support.ts'

describePair('tags under tags', (bed) => {
  const spec = useSpec(bed)

  /** Which of these tagged reads an invalidation makes miss. */
  async function droppedBy(invalidated: readonly string[], tags: readonly string[]): Promise<string[]> {
    const { prisma } = spec.cached()
    const read = (tag: string) => prisma.tag.count({ cache: { tags: [tag], key: tag } })
    for (const tag of tags) await read(tag)
    await prisma.$cache.invalidate({ tags: invalidated })
    const dropped: string[] = []
    for (const tag of tags) if ((await did(prisma, read(tag))) === 'miss') dropped.push(tag)
    return dropped
  }
  const users = ['user', 'user:1', 'user:1:posts', 'user:1:posts:5', 'user:12', 'user:2', 'users', 'us']

  it.each<[string, string[]]>([
    ['user', ['user', 'user:1', 'user:1:posts', 'user:1:posts:5', 'user:12', 'user:2']],
    ['user:1', ['user:1', 'user:1:posts', 'user:1:posts:5']],
    ['user:1:posts', ['user:1:posts', 'user:1:posts:5']],
    ['user:1:posts:5', ['user:1:posts:5']],
    ['user:3', []],
    ['users', ['users']],
    ['user:', []],
  ])('%s invalidates what lies under it, and nothing beside or above it', async (tag, dropped) => {
    expect(await droppedBy([tag], users)).toEqual(dropped)
  })

  it('are told apart wherever their colons stand', async () => {
    const odd = [':', ':a', 'a:', 'a::b', '::', 'a:b', 'b']
    expect(await droppedBy(['a'], odd)).toEqual(['a:', 'a::b', 'a:b'])
    expect(await droppedBy(['a:'], odd)).toEqual(['a:', 'a::b'])
    expect(await droppedBy([':'], odd)).toEqual([':', '::'])
    expect(await droppedBy([':a'], odd)).toEqual([':a'])
  })

  it('deeper than eight levels are one with the eighth: too much goes rather than too little', async () => {
    const eight = 'a:b:c:d:e:f:g:h'
    const deep = [`${eight}:i`, `${eight}:i:j`, `${eight}:k`, 'a:b:c:d:e:f:g:x']
    expect(await droppedBy([`${eight}:i`], deep)).toEqual(deep.slice(0, 3))
    expect(await droppedBy([eight], deep)).toEqual(deep.slice(0, 3))
    expect(await droppedBy(['a:b'], deep)).toEqual(deep)
  })

  it('go with what a write names, and with what a raw statement names', async () => {
    const { prisma } = spec.cached()
    const read = () => prisma.product.count({ cache: { tags: ['shop:7:shelf'] } })
    const writes = [
      () => prisma.tag.create({ data: { name: 'x' }, cache: { invalidate: ['shop:7'] } }),
      () => prisma.$cache.raw({ writes: [], invalidate: ['shop'] }, prisma.$executeRaw`DELETE FROM "Comment"`),
    ]
    for (const write of writes) {
      await read()
      await write()
      expect(await did(prisma, read())).toBe('miss')
    }
    await prisma.tag.create({ data: { name: 'y' }, cache: { invalidate: ['shop:77'] } })
    expect(await did(prisma, read())).toBe('hit')
  })

  it('reach reads under way: what those bring is not served to reads that begin later', async () => {
    const { prisma, sql, events } = spec.cached()
    const read = () => prisma.tag.count({ cache: { tags: ['a:b:c'] } })
    const slow = await slowRead(sql, read)
    await prisma.$cache.invalidate({ tags: ['a'] })
    await slow.finish()
    await prisma.$cache.settled()
    events.splice(0)
    await read()
    expect(events.find(({ type }) => type === 'miss')).toMatchObject({ cause: 'invalidated', invalidatedTags: ['#a'] })
  })

  it('are invalidated softly as well', async () => {
    const { prisma } = spec.cached()
    const read = () => prisma.tag.count({ cache: { tags: ['a:b'] } })
    await read()
    await prisma.$cache.invalidate({ tags: ['a'], soft: true })
    expect(await did(prisma, read())).toBe('stale')
  })
})

describePair('a namespace', (bed) => {
  const spec = useSpec(bed)
  const models = { Product: { ttl: 60, namespace: 'catalog' }, Tag: { ttl: 60, namespace: 'catalog:tags' } } as const

  it('of models is left behind as a whole, with what lies in it, and nothing else is', async () => {
    const { prisma, events } = spec.cached({ models })
    const all = async () => [
      await did(prisma, prisma.product.count()),
      await did(prisma, prisma.product.findMany()),
      await did(prisma, prisma.tag.count()),
      await did(prisma, prisma.user.count()),
    ]
    await all()
    expect(await prisma.$cache.invalidate({ namespace: 'catalog' })).toEqual({ tags: 1, keys: 0 })
    expect(await all()).toEqual(['miss', 'miss', 'miss', 'hit'])
    expect(events.filter((event) => event.type === 'miss' && event.cause === 'invalidated')).toHaveLength(3)
    await prisma.$cache.invalidate({ namespace: 'catalog:tags' })
    expect(await all()).toEqual(['hit', 'hit', 'miss', 'hit'])
  })

  it('is one: that of the call, else of the operation, the model, the defaults', async () => {
    const { prisma } = spec.cached({
      defaults: { ttl: 60, namespace: 'all' },
      models: { Tag: { ttl: 60, namespace: 'tags', operations: { count: { namespace: 'counts' } } } },
    })
    const reads = {
      all: () => prisma.user.count(),
      tags: () => prisma.tag.findMany(),
      counts: () => prisma.tag.count(),
      call: () => prisma.tag.count({ cache: { namespace: 'call' } }),
    }
    for (const left of Object.keys(reads)) {
      for (const read of Object.values(reads)) await read()
      await prisma.$cache.invalidate({ namespace: left })
      for (const [name, read] of Object.entries(reads)) {
        expect(await did(prisma, read()), `${name} after ${left}`).toBe(name === left ? 'miss' : 'hit')
      }
    }
  })

  it('is no tag of the same name, and keeps equal queries apart', async () => {
    const { prisma } = spec.cached()
    const read = (cache: ReadCacheOptions) => prisma.tag.count({ cache })
    expect(await did(prisma, read({ namespace: 'a' }))).toBe('miss')
    expect(await did(prisma, read({ tags: ['a'] }))).toBe('miss')
    expect(await did(prisma, read({ namespace: 'b' }))).toBe('miss')
    await prisma.$cache.invalidate({ tags: ['a'] })
    expect(await did(prisma, read({ namespace: 'a' }))).toBe('hit')
    await prisma.$cache.invalidate({ namespace: 'a' })
    expect(await did(prisma, read({ tags: ['a'] }))).toBe('miss')
    expect(await did(prisma, read({ namespace: 'b' }))).toBe('hit')
  })

  it('can be left behind softly', async () => {
    const { prisma } = spec.cached({ models })
    await prisma.product.count()
    await prisma.$cache.invalidate({ namespace: 'catalog', soft: true })
    expect(await did(prisma, prisma.product.count())).toBe('stale')
    await prisma.$cache.settled()
    expect(await did(prisma, prisma.product.count())).toBe('hit')
  })

  it.each<[string, () => unknown, RegExp]>([
    ['an empty name', () => spec.cached({ defaults: { namespace: '' } }), /`defaults\.namespace`.*1 to 256/],
    ['a list', () => spec.cached({ models: { Tag: { namespace: [] as never } } }), /`models\.Tag\.namespace`/],
  ])('must be a name: %s', (_, configure, message) => {
    expect(configure).toThrow(CacheConfigError)
    expect(configure).toThrow(message)
  })

  it('must be a name at the call and where it is left behind, too', async () => {
    const { prisma } = spec.cached()
    await expect(prisma.tag.count({ cache: { namespace: '' } })).rejects.toThrow(/`cache\.namespace`/)
    await expect(prisma.$cache.invalidate({ namespace: 5 as never })).rejects.toThrow(/`invalidate\.namespace`.*5/)
  })
})

describe('tags under tags, in a cluster', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'cluster' })
  const spec = useSpec(bed)

  it('lie on other nodes than what they invalidate', async () => {
    const { prisma } = spec.cached()
    const read = (tag: string) => prisma.tag.count({ cache: { tags: [tag] } })
    await read('user:1')
    await read('user:2')
    await prisma.$cache.invalidate({ tags: ['user:1'] })
    expect([await did(prisma, read('user:1')), await did(prisma, read('user:2'))]).toEqual(['miss', 'hit'])
    await prisma.$cache.invalidate({ tags: ['user'] })
    expect([await did(prisma, read('user:1')), await did(prisma, read('user:2'))]).toEqual(['miss', 'miss'])
  })
})
