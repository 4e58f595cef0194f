import { readFileSync } from 'node:fs'
import { readReplicas } from '@prisma/extension-read-replicas'
import { Redis } from 'ioredis'
import { pagination } from 'prisma-extension-pagination'
import { fieldEncryptionExtension } from 'prisma-field-encryption'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it, vi } from 'vitest'
import { type CacheControl, type CacheOptions, memoryStore } from '../../src/index.ts'
import type { RuntimeDataModel } from '../../src/query/model-graph.ts'
import { type ClientOf, type OpenedClient, openClient } from '../support/clients.ts'
import { createDatabase, type Database } from '../support/databases.ts'
import { useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { documentOf, withGeneratedClient } from '../support/published-extensions.ts'
import { type Ask, describePair, did, useSpec } from './support.ts'

type Db = ClientOf<'sqlite'>
/** To TypeScript every provider's client is another; what is asked here all of them have. */
const asSqlite = (client: unknown) => client as Db & { readonly $cache: CacheControl }
const schema = readFileSync(new URL('../../prisma/test/models.prisma', import.meta.url), 'utf8')
const dataModelOf = (client: unknown) => (client as { _runtimeDataModel: RuntimeDataModel })._runtimeDataModel

let warned: unknown[]
beforeEach(() => {
  warned = []
  vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warned.push(args[1]))
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** Every answer of the cached client is that of the other one, from the cache as well as not. */
async function expectAlike(cached: Db & { readonly $cache: CacheControl }, other: Db, reads: readonly Ask[]) {
  for (let round = 0; round < 2; round += 1) {
    for (const [i, read] of reads.entries()) {
      expect(await read(cached), `read ${i}, round ${round}`).toEqual(await read(other))
    }
    await cached.$cache.settled()
  }
}

describePair('@prisma/extension-read-replicas', (bed) => {
  const spec = useSpec(bed)
  let database: Database | undefined
  let replica: OpenedClient
  beforeAll(async () => {
    database = await createDatabase<Provider>(bed.provider)
    replica = await openClient(database, 'ts')
  })
  beforeEach(async () => {
    await replica.prisma.tag.deleteMany()
    await replica.prisma.tag.create({ data: { name: 'of the replica' } })
    replica.sql.clear()
  })
  afterAll(async () => {
    await replica?.close()
    await database?.drop()
  })
  const replicas = () => readReplicas({ replicas: [replica.prisma as never] })
  const first = (options: CacheOptions = {}) =>
    asSqlite(
      asSqlite(spec.plain)
        .$extends(spec.extension({ laterExtensions: 'transparent', ...options }))
        .$extends(replicas()),
    )

  it('behind the cache answers its misses, and hits need no database', async () => {
    const prisma = first()
    const read = () => prisma.tag.findMany({ select: { name: true } })
    expect(await read()).toEqual([{ name: 'of the replica' }])
    await prisma.$cache.settled()
    replica.sql.clear()
    expect(await did(prisma, read())).toBe('hit')
    expect(await read()).toEqual([{ name: 'of the replica' }])
    expect(replica.sql.count()).toBe(0)
    expect(warned).toEqual([])
  })

  it('and writes invalidate: the next read asks the replica again', async () => {
    const prisma = first({ invalidation: 'shape' })
    const reads: Ask[] = [(db) => db.tag.findUnique({ where: { name: 'new' } }), (db) => db.tag.count()]
    for (const read of reads) await read(prisma)
    await prisma.$cache.settled()
    await prisma.tag.create({ data: { name: 'new' } })
    // Replicated.
    await replica.prisma.tag.create({ data: { name: 'new' } })
    await expectAlike(prisma, replica.prisma as unknown as Db, reads)
    await prisma.$transaction(async (tx) => tx.tag.delete({ where: { name: 'new' } }))
    await replica.prisma.tag.delete({ where: { name: 'new' } })
    await expectAlike(prisma, replica.prisma as unknown as Db, reads)
  })

  it('leaves the primary to who asks for it, past the cache as well', async () => {
    const prisma = first()
    await prisma.tag.findMany()
    await prisma.$cache.settled()
    const primary = (prisma as unknown as { $primary(): Db & { readonly $cache: CacheControl } }).$primary()
    const read = (cache?: false) =>
      primary.tag.findMany({ select: { name: true }, ...(cache === false && { cache }) } as never)
    expect(await read(false)).toHaveLength(3)
    expect(await primary.tag.findMany()).toEqual(await prisma.tag.findMany())
  })

  it('may lag, for as long as `replicaLag` says: nothing it answers meanwhile is stored', async () => {
    const prisma = first({ replicaLag: 60 })
    // A write that finds nobody's tags noted, in a namespace that was never read, changes all models.
    await prisma.user.findMany()
    await prisma.$cache.settled()
    await prisma.tag.create({ data: { name: 'new' } })
    expect(await did(prisma, prisma.tag.findMany())).toBe('bypass: write-in-progress')
    expect(await did(prisma, prisma.post.findMany())).toBe('miss')
  })

  it('in front of the cache never asks it', async () => {
    const prisma = asSqlite(asSqlite(spec.plain).$extends(replicas()).$extends(spec.extension()))
    for (let i = 0; i < 2; i += 1) expect(await did(prisma, prisma.tag.findMany())).toBe('bypass: not-a-read')
    expect(await prisma.$cache.keys()).toEqual([])
  })
})

describe('prisma-extension-soft-delete, by itself', () => {
  const bed = useTestBed({ provider: 'sqlite', generator: 'js', store: 'memory' })
  const spec = useSpec(bed)

  it('does not start with Prisma 7: what its clients say of themselves is too little', () => {
    const { models } = dataModelOf(spec.plain)
    const told = Object.entries(models).map(([name, { fields }]) => ({ name, fields }))
    const exports = { Prisma: { dmmf: { datamodel: { models: told, enums: [], types: [] } } } }
    const load = () => withGeneratedClient(exports, (require) => require('prisma-extension-soft-delete'))
    expect(load).toThrow("Cannot read properties of undefined (reading 'forEach')")
  })
})

describePair('prisma-extension-soft-delete, told what Prisma 6 told it', (bed) => {
  const spec = useSpec(bed)
  beforeEach(async () => {
    await bed.database.execute('UPDATE "Post" SET published = true')
  })

  /** Posts that are not published are deleted ones. */
  function softDelete() {
    const exports = { Prisma: { dmmf: documentOf(dataModelOf(spec.plain), schema) } }
    const { createSoftDeleteExtension } = withGeneratedClient(exports, (require) =>
      require('prisma-extension-soft-delete'),
    )
    const Post = {
      field: 'published',
      createValue: (isDeleted: boolean) => !isDeleted,
      allowCompoundUniqueIndexWhere: true,
    }
    return createSoftDeleteExtension({ models: { Post } })
  }
  const reads: Ask[] = [
    (db) => db.post.findMany({ orderBy: { id: 'asc' } }),
    (db) => db.post.findMany({ orderBy: { id: 'asc' }, select: { title: true } }),
    (db) => db.post.findUnique({ where: { id: 1 } }),
    (db) => db.post.findUnique({ where: { id: 1 }, select: { title: true } }),
    (db) => db.post.findFirst({ where: { authorId: 1 }, orderBy: { id: 'asc' }, select: { id: true } }),
    (db) => db.post.count({ where: { authorId: 1 } }),
    (db) => db.user.findMany({ orderBy: { id: 'asc' }, select: { id: true, posts: { select: { title: true } } } }),
    (db) =>
      db.user.findMany({ orderBy: { id: 'asc' }, select: { id: true }, where: { posts: { some: { title: 'one' } } } }),
  ]
  const writes: ((db: Db) => PromiseLike<unknown>)[] = [
    (db) => db.post.delete({ where: { id: 1 } }),
    (db) => db.post.deleteMany({ where: { authorId: 2 } }),
    // Comes back, and nothing else of it changes.
    (db) => db.post.update({ where: { id: 1 }, data: { published: true } }),
    (db) => db.user.update({ where: { id: 1 }, data: { posts: { delete: { id: 2 } } } }),
    (db) => db.post.updateMany({ where: { published: false }, data: { published: true } }),
    (db) => db.post.create({ data: { title: 'four', authorId: 1, published: true } }),
    (db) => db.post.update({ where: { id: 4 }, data: { published: false } }),
  ]

  it.each(['changing', undefined] as const)('goes behind the cache (laterExtensions: %s)', async (laterExtensions) => {
    const base = asSqlite(spec.plain)
    const soft = base.$extends(softDelete() as never) as unknown as Db
    const prisma = asSqlite(
      base.$extends(spec.extension({ invalidation: undefined, laterExtensions })).$extends(softDelete() as never),
    )
    expect(warned).toEqual(laterExtensions ? [] : [{ code: 'PRISMA_QUERY_CACHE_ORDER' }])
    await expectAlike(prisma, soft, reads)
    for (const write of writes) {
      await write(prisma)
      await expectAlike(prisma, soft, reads)
    }
    expect(Number((await bed.database.query('SELECT count(*) FROM "Post"'))[0]?.[0])).toBe(4)
    for (const read of reads) expect(await did(prisma, read(prisma))).toBe('hit')
  })

  it('is not seen by the cache where that comes last: what a deletion became is written past it', async () => {
    const prisma = asSqlite(
      asSqlite(spec.plain)
        .$extends(softDelete() as never)
        .$extends(spec.extension()),
    )
    await prisma.post.findMany()
    await prisma.post.delete({ where: { id: 1 } })
    expect(await prisma.post.findMany()).toHaveLength(3)
    expect(await prisma.post.findMany({ cache: false } as never)).toHaveLength(2)
  })
})

describePair('prisma-field-encryption', (bed) => {
  const spec = useSpec(bed)
  const encryptionKey = 'k1.aesgcm256.DbQoar8ZLuUsOHZNyrnjlskInHDYlzF3q6y1KGM7DUM='
  const encrypting = () => {
    const dmmf = documentOf(dataModelOf(spec.plain), schema, { 'Profile.bio': '@encrypted' })
    return fieldEncryptionExtension({ encryptionKey, dmmf: dmmf as never })
  }
  const reads: Ask[] = [
    (db) => db.profile.findMany({ orderBy: { id: 'asc' } }),
    (db) => db.profile.findUnique({ where: { userId: 1 } }),
    (db) => db.user.findMany({ orderBy: { id: 'asc' }, include: { profile: true } }),
    (db) => db.user.findUnique({ where: { id: 1 }, select: { profile: { select: { bio: true } } } }),
  ]
  it('needs more than clients of Prisma 7 say of themselves', () => {
    const { models } = dataModelOf(spec.plain)
    const told = {
      models: Object.entries(models).map(([name, { fields }]) => ({ name, fields })),
      enums: [],
      types: [],
    }
    expect(() => fieldEncryptionExtension({ encryptionKey, dmmf: { datamodel: told } as never })).toThrow(/isList/)
  })

  /** What is kept under the entries of this cache. */
  async function stored(prisma: { readonly $cache: CacheControl }, kept: readonly string[]): Promise<string> {
    if (bed.store === 'memory') return kept.join('\n')
    const redis = new Redis(inject('servers').redisUrl)
    const entries = await Promise.all((await prisma.$cache.keys()).map((key) => redis.get(key)))
    redis.disconnect()
    return entries.join('\n')
  }

  it.each(['behind', 'in front'] as const)('with the cache %s of it: same answers, after any write', async (where) => {
    const base = asSqlite(spec.plain)
    const kept: string[] = []
    const memory = bed.store === 'memory' && {
      store: (context: Parameters<ReturnType<typeof memoryStore>>[0]) => {
        const store = memoryStore({ maxEntries: 500 })(context)
        const fill: typeof store.fill = (key, entry, ...rest) => {
          kept.push(entry)
          return store.fill(key, entry, ...rest)
        }
        return { ...store, fill }
      },
    }
    const extension = spec.extension({ ...memory, laterExtensions: 'changing' })
    const plain = base.$extends(encrypting()) as unknown as Db
    const prisma = asSqlite(
      where === 'behind'
        ? asSqlite(base.$extends(encrypting())).$extends(extension)
        : base.$extends(extension).$extends(encrypting() as never),
    )
    await plain.profile.update({ where: { userId: 1 }, data: { bio: 'a secret' } })
    expect(JSON.stringify(await bed.database.query('SELECT bio FROM "Profile"'))).toContain('v1.aesgcm256.')
    await expectAlike(prisma, plain, reads)
    expect(await prisma.profile.findUnique({ where: { userId: 1 } })).toMatchObject({ bio: 'a secret' })
    for (const read of reads) expect(await did(prisma, read(prisma))).toBe('hit')
    const entries = await stored(prisma, kept)
    // Behind it the cache sees what the database has; in front of it, what the application sees.
    expect(entries.includes('a secret')).toBe(where === 'in front')
    expect(entries.includes('v1.aesgcm256.')).toBe(where === 'behind')
    await prisma.profile.update({ where: { userId: 1 }, data: { bio: 'another secret' } })
    await expectAlike(prisma, plain, reads)
    await prisma.user.update({ where: { id: 2 }, data: { profile: { create: { bio: 'of bob' } } } })
    await expectAlike(prisma, plain, reads)
    expect(await prisma.profile.findMany()).toHaveLength(2)
  })
})

describePair('prisma-extension-pagination', (bed) => {
  const spec = useSpec(bed)

  it.each(['behind', 'in front'] as const)('with the cache %s of it: pages are lists and counts', async (where) => {
    const base = asSqlite(spec.plain)
    const extension = spec.extension()
    const prisma =
      where === 'behind'
        ? base.$extends(pagination()).$extends(extension)
        : base.$extends(extension).$extends(pagination())
    const page = () =>
      prisma.post.paginate({ orderBy: { id: 'asc' } }).withPages({ limit: 2, page: 1, includePageCount: true })
    const { $cache } = asSqlite(prisma)
    const hits = async () => {
      const { data, reads } = await $cache.collectCacheInfo(page)
      await $cache.settled()
      return {
        count: data[1].totalCount,
        titles: data[0].map(({ title }) => title),
        did: reads.map(({ status }) => status),
      }
    }
    expect(await hits()).toEqual({ count: 3, titles: ['one', 'two'], did: ['miss', 'miss'] })
    expect(await hits()).toEqual({ count: 3, titles: ['one', 'two'], did: ['hit', 'hit'] })
    await prisma.post.create({ data: { title: 'four' } })
    expect(await hits()).toEqual({ count: 4, titles: ['one', 'two'], did: ['miss', 'miss'] })
    expect(warned).toEqual([])
  })
})

describePair('computed fields, as Prisma documents them', (bed) => {
  const spec = useSpec(bed)
  const computing = {
    result: {
      user: {
        label: {
          needs: { name: true, email: true },
          compute: ({ name, email }: { name: string | null; email: string }) => `${name ?? 'somebody'} <${email}>`,
        },
      },
    },
  } as const
  const reads: ((db: ReturnType<typeof computed>) => PromiseLike<unknown>)[] = [
    (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
    (db) => db.user.findUnique({ where: { id: 1 }, select: { label: true } }),
    (db) => db.post.findMany({ orderBy: { id: 'asc' }, include: { author: true } }),
    (db) => db.user.findMany({ orderBy: { id: 'asc' }, omit: { email: true } }),
  ]
  /** Computed fields lie in a proxy. */
  const textOf = (value: unknown) => JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? String(one) : one))
  const computed = (client: unknown) => asSqlite(client).$extends(computing)

  it.each(['behind', 'in front'] as const)('with the cache %s of them', async (where) => {
    const extension = spec.extension()
    const plain = computed(spec.plain)
    const prisma = where === 'behind' ? plain.$extends(extension) : computed(asSqlite(spec.plain).$extends(extension))
    const client = prisma as unknown as ReturnType<typeof computed>
    const { $cache } = asSqlite(prisma)
    const alike = async () => {
      for (let round = 0; round < 2; round += 1) {
        for (const read of reads) expect(textOf(await read(client))).toBe(textOf(await read(plain)))
        await $cache.settled()
      }
    }
    await alike()
    expect(await did({ $cache }, reads[0]!(client))).toBe('hit')
    expect(await did({ $cache }, reads[1]!(client))).toBe('bypass: computed-field')
    await client.user.update({ where: { id: 1 }, data: { name: 'Ava' } })
    await alike()
    expect(warned).toEqual([])
  })
})
