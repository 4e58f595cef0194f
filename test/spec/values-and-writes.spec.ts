import { AsyncResource } from 'node:async_hooks'
import { describe, expect, it } from 'vitest'
import type { CacheOptions } from '../../src/index.ts'
import { describePair, useSpec } from './support.ts'

describePair('values that depend on the database', (bed) => {
  const spec = useSpec(bed)
  let runs = 0

  /** A cached function of the users there are, and what it says now. */
  function watched(options: { models?: string[]; rows?: object; tags?: string[] }, more: CacheOptions = {}) {
    const world = spec.cached(more)
    const { prisma } = world
    const load = prisma.$cache.wrap(async () => `run ${(runs += 1)}`, { name: 'load', ttl: 600, ...options } as never)
    const isCachedAfter = async (write: () => PromiseLike<unknown>) => {
      const before = await load()
      await prisma.$cache.settled()
      expect(await load()).toBe(before)
      await write()
      return (await load()) === before
    }
    return { ...world, isCachedAfter, load }
  }

  it('are gone with any write to a model they name, and with no other', async () => {
    const { prisma, isCachedAfter } = watched({ models: ['User'] })
    const where = { id: 1 }
    const writes: Record<string, () => PromiseLike<unknown>> = {
      update: () => prisma.user.update({ where, data: { name: 'new' } }),
      'updateMany of nobody': () => prisma.user.updateMany({ where: { id: 99 }, data: { name: 'x' } }),
      create: () => prisma.user.create({ data: { email: 'new@example.test' } }),
      'a nested write': () => prisma.post.update({ where, data: { author: { update: { name: 'newer' } } } }),
      raw: () => prisma.$executeRaw`UPDATE users SET "full_name" = 'raw' WHERE id = 2`,
      invalidate: () => prisma.$cache.invalidate({ models: ['User'] }),
      'a transaction': () => prisma.$transaction(async (tx) => tx.user.update({ where, data: { name: 'tx' } })),
    }
    for (const [name, write] of Object.entries(writes)) expect(await isCachedAfter(write), name).toBe(false)
    expect(await isCachedAfter(() => prisma.product.update({ where, data: { stock: 5 } }))).toBe(true)
    expect(await isCachedAfter(() => prisma.user.findMany())).toBe(true)
  })

  it('are gone with what the database deletes along', async () => {
    const { prisma, isCachedAfter } = watched({ models: ['Profile'] })
    expect(await isCachedAfter(() => prisma.user.delete({ where: { id: 1 } }))).toBe(false)
  })

  it('that name a row are gone with writes to it, by whatever key, and to rows nobody can name', async () => {
    const { prisma, isCachedAfter } = watched({ rows: { User: { id: 1 } } })
    const name = 'new'
    expect(await isCachedAfter(() => prisma.user.update({ where: { id: 2 }, data: { name } }))).toBe(true)
    expect(await isCachedAfter(() => prisma.user.create({ data: { email: 'a@example.test' } }))).toBe(true)
    expect(await isCachedAfter(() => prisma.user.update({ where: { id: 1 }, data: { name } }))).toBe(false)
    const where = { email: 'ada@example.test' }
    expect(await isCachedAfter(() => prisma.user.update({ where, data: { name } }))).toBe(false)
    expect(await isCachedAfter(() => prisma.user.updateMany({ where: { name }, data: { name: 'x' } }))).toBe(false)
  })

  it('that looked for a row in vain are gone when it comes', async () => {
    const { prisma, isCachedAfter } = watched({ rows: { User: [{ email: 'new@example.test' }, { id: 3 }] } })
    expect(await isCachedAfter(() => prisma.user.create({ data: { email: 'other@example.test' } }))).toBe(true)
    expect(await isCachedAfter(() => prisma.user.create({ data: { email: 'new@example.test' } }))).toBe(false)
    expect(await isCachedAfter(() => prisma.user.update({ where: { id: 3 }, data: { name: 'c' } }))).toBe(false)
    // Which id it gets nobody is told.
    const byId = watched({ rows: { User: { id: 6 } } })
    const data = [{ email: 'sixth@example.test' }]
    expect(await byId.isCachedAfter(() => byId.prisma.user.createMany({ data }))).toBe(false)
  })

  it('whose rows are named by no unique key depend on the model', async () => {
    const { prisma, isCachedAfter } = watched({ rows: { User: { name: 'Ada' } } })
    expect(await isCachedAfter(() => prisma.user.update({ where: { id: 3 }, data: { name: 'c' } }))).toBe(false)
    expect(await isCachedAfter(() => prisma.product.update({ where: { id: 1 }, data: { stock: 5 } }))).toBe(true)
  })

  it('are gone with a tag that a write names, and with what the model depends on', async () => {
    const tagged = watched({ tags: ['team:5'] })
    const data = { name: 'new' }
    const write = (cache?: { invalidate: string[] }) =>
      tagged.prisma.user.update({ where: { id: 1 }, data, ...(cache && { cache }) })
    expect(await tagged.isCachedAfter(() => write())).toBe(true)
    expect(await tagged.isCachedAfter(() => write({ invalidate: ['team'] }))).toBe(false)
    const derived = watched({ models: ['Tag'] }, { models: { Tag: { dependsOn: ['Product'] } } })
    const product = () => derived.prisma.product.update({ where: { id: 1 }, data: { stock: 9 } })
    expect(await derived.isCachedAfter(product)).toBe(false)
  })

  it('that were computed across a write are not served after it', async () => {
    const { prisma, plain } = spec.cached()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let begun = () => {}
    const reading = new Promise<void>((resolve) => {
      begun = resolve
    })
    const names = prisma.$cache.wrap(
      async (waits: boolean) => {
        const { name } = await plain.user.findUniqueOrThrow({ where: { id: 1 } })
        if (waits && name === 'Ada') {
          begun()
          await held
        }
        return name
      },
      { key: () => 'names', rows: () => ({ User: { id: 1 } }) },
    )
    const before = names(true)
    await reading
    await prisma.user.update({ where: { id: 1 }, data: { name: 'Lovelace' } })
    const after = await names(false)
    release()
    expect(await before).toBe('Ada')
    await prisma.$cache.settled()
    expect(after).toBe('Lovelace')
    expect(await names(false)).toBe('Lovelace')
    expect([undefined, 'Lovelace']).toContain(await prisma.$cache.get('names'))
  })

  describe('inside a transaction', () => {
    it('are computed and not stored: what they saw may be rolled back', async () => {
      const { prisma, events } = spec.cached()
      const count = (db: Pick<typeof prisma, 'tag'>) =>
        prisma.$cache.getOrSet('tags', () => db.tag.count(), { models: ['Tag'] })
      expect(await count(prisma)).toBe(3)
      await prisma.$cache.settled()
      const inside = await prisma
        .$transaction(async (tx) => {
          await tx.tag.create({ data: { name: 'new' } })
          expect(await count(tx as unknown as typeof prisma)).toBe(4)
          throw new Error('back')
        })
        .catch((error: Error) => error.message)
      expect(inside).toBe('back')
      expect(await count(prisma)).toBe(3)
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'bypass', model: '$data', reason: 'interactive-transaction' }),
      )
    })

    it('are invalidated at once, and once more when the transaction has been committed', async () => {
      const { prisma, plain } = spec.cached()
      /** As another request would call it, which is in no transaction. */
      const outside = AsyncResource.bind(<T>(run: () => Promise<T>) => run())
      const read = prisma.$cache.wrap(() => plain.tag.count(), { name: 'tags', tags: ['tags'] })
      const forgets = [
        () => read.invalidate(),
        () => prisma.$cache.delete(read.key()),
        () => prisma.$cache.invalidate({ tags: ['tags'] }),
        () => prisma.$cache.invalidate({ keys: [`data:${read.key()}`] }),
      ]
      for (const [i, forget] of forgets.entries()) {
        const before = await read()
        await prisma.$transaction(async (tx) => {
          await tx.tag.create({ data: { name: `new ${i}` } })
          await forget()
          // Somebody else, before the commit: what was before is stored anew. (SQLite shows it to everybody.)
          if (bed.provider === 'postgresql') expect(await outside(() => read())).toBe(before)
        })
        expect(await read(), `way ${i}`).toBe(before + 1)
      }
    })
  })

  it('are told of with the reads of a request', async () => {
    const { prisma } = spec.cached()
    const { reads } = await prisma.$cache.collectCacheInfo(async () => {
      await prisma.$cache.getOrSet('a', () => prisma.user.count())
      await prisma.$cache.get('a')
    })
    expect(reads.map(({ model, operation, status }) => `${model}.${operation} ${status}`).sort()).toEqual([
      '$data.get hit',
      '$data.getOrSet miss',
      'User.count miss',
    ])
  })

  it('give Decimals of the client’s own class', async () => {
    const { prisma, Prisma } = spec.cached()
    const read = () => prisma.$cache.getOrSet('price', async () => (await prisma.product.findFirst())?.price)
    await read()
    await prisma.$cache.settled()
    expect(await read()).toBeInstanceOf(Prisma.Decimal)
    expect(await prisma.$cache.get('price')).toBeInstanceOf(Prisma.Decimal)
  })

  it('are not kept where their model must not be', async () => {
    const { load, prisma } = watched({ models: ['User', 'Tag'] }, { models: { Tag: false } })
    expect(await load()).not.toBe(await load())
    expect(await prisma.$cache.set('x', 1, { models: ['Tag'] })).toBe(false)
    expect(prisma.$cache.stats().bypasses).toMatchObject({ 'model-disabled': 3 })
  })

  it('name models and fields of the schema', async () => {
    const { prisma } = spec.cached()
    const { $cache } = prisma
    expect(() => $cache.wrap(() => 1, { name: 'x', models: ['user'] })).toThrow(/`models`.*Did you mean User/)
    expect(() => $cache.wrap(() => 1, { name: 'x', rows: { Usr: { id: 1 } } })).toThrow(/`rows.Usr`/)
    expect(() => $cache.wrap(() => 1, { name: 'x', rows: { User: { mail: 1 } } })).toThrow(/`rows.User`.*email/)
    await expect($cache.getOrSet('x', () => 1, { models: ['Nope'] })).rejects.toThrow(/no model "Nope"/)
    await expect($cache.set('x', 1, { rows: { User: [{ mail: 1 }] } })).rejects.toThrow(/`rows.User`/)
    const wrong = $cache.wrap((id: number) => id, { name: 'x', rows: (id) => ({ User: { mail: id } }) })
    expect(await wrong(5)).toBe(5)
    expect($cache.stats().bypasses).toEqual({ 'key-failed': 1 })
  })
})
