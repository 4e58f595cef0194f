import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CacheControl, type CacheOptions, cacheExtension } from '../../src/index.ts'
import type { ClientOf } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { describeCombinations, onMariadb } from '../support/matrix.ts'

type Client = ClientOf<'sqlite'> & { readonly $cache: CacheControl }

// `test/spec/own-schemas.spec.ts` has those of the other databases, whose columns only compare so when they are told to.
describeCombinations(
  'findUnique calls that Prisma merges',
  (bed) => {
    let plain: ClientOf<'sqlite'>
    const opened: Client[] = []
    beforeAll(async () => {
      plain = (await bed.open()).prisma as unknown as ClientOf<'sqlite'>
      await bed.database.execute(`INSERT INTO "Tag" (name) VALUES ('red');
        INSERT INTO users (id, email, "updatedAt") VALUES (1, 'ada@example.test', NOW());
        INSERT INTO "Post" (id, title, "authorId") VALUES (1, 'one', 1)`)
    })
    afterAll(() => Promise.all(opened.map((client) => client.$cache.disconnect())))

    async function cached(): Promise<Client> {
      const options = { ...bed.cache, prefix: freshNamespace(), defaults: { ttl: 60 }, logger: false } as CacheOptions
      const client = plain.$extends(cacheExtension(options)) as unknown as Client
      opened.push(client)
      // From here on nothing waits for the catalogue.
      await client.tag.count()
      return client
    }

    const absent = { where: { name: 'absent' } }
    const others: [string, (client: Client, other: Client) => PromiseLike<unknown>][] = [
      ['a cached call', (client) => client.tag.findUnique(absent)],
      ['a call that is not cached', (client) => client.tag.findUnique({ ...absent, cache: false } as typeof absent)],
      ['a call of another cache over the client', (_, other) => other.tag.findUnique(absent)],
    ]
    describe.each(others)('with %s', (_, ask) => {
      it.each(['RED', 'red ', 'réd'])(
        'leave no null behind for a key that is spelt another way: `%s`',
        async (name) => {
          const [prisma, other] = [await cached(), await cached()]
          const read = () => prisma.tag.findUnique({ where: { name } })
          await Promise.all([read(), ask(prisma, other)])
          await prisma.$cache.settled()
          expect(await read()).toEqual({ name: 'red', color: 'grey' })
        },
      )
    })

    it('leave none behind for a key of several columns', async () => {
      const prisma = await cached()
      const read = (title: string) => prisma.post.findUnique({ where: { authorId_title: { authorId: 1, title } } })
      await Promise.all([read('ONE'), read('two')])
      await prisma.$cache.settled()
      expect(await read('ONE')).toMatchObject({ id: 1, title: 'one' })
    })

    it('are kept where the key can be spelt in one way only', async () => {
      const prisma = await cached()
      const reads = () => Promise.all([8, 9].map((id) => prisma.user.findUnique({ where: { id } })))
      await reads()
      await prisma.$cache.settled()
      const { reads: seen } = await prisma.$cache.collectCacheInfo(reads)
      expect(seen.map(({ status }) => status)).toEqual(['hit', 'hit'])
    })

    it('are kept of a call that was alone', async () => {
      const prisma = await cached()
      await prisma.tag.findUnique(absent)
      await prisma.$cache.settled()
      const { reads } = await prisma.$cache.collectCacheInfo(() => prisma.tag.findUnique(absent))
      expect(reads).toMatchObject([{ status: 'hit' }])
    })
  },
  onMariadb,
)
