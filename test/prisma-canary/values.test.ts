import { beforeAll, beforeEach, describe, expect } from 'vitest'
import { decode, encode } from '../../src/codec/typed-json.ts'
import { decimalClass } from '../../src/extension/decimal-class.ts'
import { changedNothing } from '../../src/write/failed-write.ts'
import type { OpenedClient } from '../support/clients.ts'
import { describeCombinations } from '../support/matrix.ts'
import { everyScalar, extended, relies, withHook } from './support.ts'

describeCombinations('a result', (bed) => {
  let opened: OpenedClient
  beforeAll(async () => {
    opened = await bed.open()
  })
  beforeEach(async () => {
    await bed.database.reset()
  })

  describe('as a hook gets it', () => {
    relies('codec/typed-json.ts', 'is of plain objects, lists and the classes that the codec knows', async () => {
      const { prisma, Prisma } = opened
      await prisma.user.create({ data: { ...everyScalar(Prisma), posts: { create: { title: 't' } } } })
      let result: Record<string, unknown> = {}
      const hooked = withHook(prisma, async ({ args, query }) => {
        result = (await query(args)) as Record<string, unknown>
        return result
      })
      await hooked.user.findUnique({ where: { id: 1 }, include: { posts: true, manager: true } })
      expect(result).toMatchObject({ role: 'ADMIN', ratio: 0.5, big: 2n ** 53n + 1n, manager: null, active: true })
      expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
      expect(Array.isArray(result['posts'])).toBe(true)
      expect((result['createdAt'] as Date).constructor).toBe(Date)
      expect((result['bytes'] as Uint8Array).constructor).toBe(Uint8Array)
      expect((result['balance'] as object).constructor).toBe(Prisma.Decimal)
      expect(result['meta']).toStrictEqual({ a: [1, null], b: { c: 'd' } })
      // All of it at once: what comes out of the codec is what went in.
      expect(decode(encode(result), (text) => new Prisma.Decimal(text))).toStrictEqual(result)
    })

    relies('codec/typed-json.ts', 'of a raw query is made of the same', async () => {
      const { prisma, Prisma } = opened
      await prisma.user.create({ data: everyScalar(Prisma) })
      const rows = await prisma.$queryRaw`SELECT * FROM users`
      expect(decode(encode(rows), (text) => new Prisma.Decimal(text))).toStrictEqual(rows)
    })

    relies('write/write-invalidate.ts', 'of a nested write is there when all of it is committed', async () => {
      const other = await bed.open()
      let seen: unknown
      const hooked = withHook(opened.prisma, async ({ args, query }) => {
        const result = await query(args)
        seen = await other.prisma.post.findMany({ select: { title: true, tags: { select: { name: true } } } })
        return result
      })
      await hooked.user.create({
        data: { email: 'a', posts: { create: { title: 't', tags: { create: [{ name: 'red' }, { name: 'blue' }] } } } },
      })
      expect(seen).toEqual([{ title: 't', tags: expect.arrayContaining([{ name: 'red' }, { name: 'blue' }]) }])
    })

    relies('query/write-set.ts', 'of a write shows the row as it is now, keys the database made included', async () => {
      const results: unknown[] = []
      const hooked = withHook(opened.prisma, async ({ args, query }) => {
        const result = await query(args)
        results.push(structuredClone(result))
        return result
      })
      await hooked.comment.create({ data: { text: 'a', post: { create: { title: 't' } } } })
      await hooked.post.update({ where: { id: 1 }, data: { title: 'u' }, select: { title: true } })
      await hooked.tag.createManyAndReturn({ data: [{ name: 'a' }, { name: 'b' }] })
      await hooked.tag.updateManyAndReturn({ data: { color: 'red' } })
      await hooked.comment.delete({ where: { id: 1 } })
      await hooked.tag.deleteMany()
      expect(results).toEqual([
        { id: 1, text: 'a', postId: 1, authorId: null },
        { title: 'u' },
        [
          { name: 'a', color: 'grey' },
          { name: 'b', color: 'grey' },
        ],
        [
          { name: 'a', color: 'red' },
          { name: 'b', color: 'red' },
        ],
        { id: 1, text: 'a', postId: 1, authorId: null },
        { count: 2 },
      ])
    })
  })

  describe('that a hook returns', () => {
    relies('read/read-through.ts', 'is changed by Prisma: it must be nobody else’s', async () => {
      const post = { id: 1, title: 't' }
      const row = { name: 'a', color: 'red', posts: [post] }
      const computing = extended(
        withHook(opened.prisma, async () => [row]),
        {
          result: {
            post: { slug: { needs: { title: true }, compute: ({ title }: { title: string }) => `-${title}` } },
          },
        },
      )
      await computing.tag.findMany({ include: { posts: true } })
      expect(row.posts[0] === post).toBe(false)
      expect(row.posts[0]).toMatchObject({ slug: '-t' })
      const frozen = withHook(opened.prisma, async () => Object.freeze([{ name: 'a' }]))
      await expect(frozen.tag.findMany()).rejects.toThrow(TypeError)
    })

    relies('read/fill.ts', 'is the caller’s own: what the caller does to it reaches the hook’s object', async () => {
      const rows = [{ name: 'a', color: 'red' }]
      const [tag] = await withHook(opened.prisma, async () => rows).tag.findMany()
      if (tag) tag.color = 'changed'
      expect(rows[0]?.color).toBe('changed')
    })
  })

  describe('with Decimals', () => {
    relies(
      'extension/decimal-class.ts',
      'is of the class of the client, which a look-alike in the arguments shows',
      async () => {
        opened.sql.clear()
        const decimal = await decimalClass(extended(opened.prisma, { name: 'a' }) as never).ready()
        const value = decimal('1.50') as InstanceType<typeof opened.Prisma.Decimal>
        expect(value).toBeInstanceOf(opened.Prisma.Decimal)
        expect(value.constructor).toBe(opened.Prisma.Decimal)
        expect(value.toString()).toBe('1.5')
        expect(opened.sql.count()).toBe(0)
      },
    )

    relies('query/canonical-text.ts', 'shows what it is by its tag', async () => {
      const value = new opened.Prisma.Decimal('1e3')
      expect(Object.prototype.toString.call(value)).toBe('[object Decimal]')
      expect(value.toFixed()).toBe('1000')
    })
  })

  describe('that is an error', () => {
    relies('write/failed-write.ts', 'has the name and the code that say what happened', async () => {
      const { prisma } = opened
      await prisma.tag.create({ data: { name: 'a' } })
      const known = (code: string) => expect.objectContaining({ name: 'PrismaClientKnownRequestError', code })
      await expect(prisma.tag.create({ data: { name: 'a' } })).rejects.toEqual(known('P2002'))
      await expect(prisma.tag.update({ where: { name: 'x' }, data: {} })).rejects.toEqual(known('P2025'))
      await expect(prisma.tag.delete({ where: { name: 'x' } })).rejects.toEqual(known('P2025'))
      await expect(prisma.comment.create({ data: { text: 'a', postId: 99 } })).rejects.toEqual(known('P2003'))
      await expect(prisma.tag.create({ data: {} as { name: string } })).rejects.toMatchObject({
        name: 'PrismaClientValidationError',
      })
    })

    relies(
      'write/failed-write.ts',
      'means that nothing of a single write stands, however much was nested in it',
      async () => {
        const { prisma } = opened
        await prisma.post.create({ data: { title: 't', comments: { create: { text: 'a' } } } })
        const refused = [
          prisma.user.create({
            data: { email: 'a', profile: { create: { bio: 'b' } }, posts: { connect: { id: 99 } } },
          }),
          prisma.post.update({
            where: { id: 1 },
            data: { title: 'changed', comments: { update: { where: { id: 99 }, data: { text: 'b' } } } },
          }),
          prisma.tag.upsert({
            where: { name: 'x' },
            create: { name: 'x', posts: { connect: { id: 99 } } },
            update: {},
          }),
        ]
        for (const write of refused) {
          const error: unknown = await write.catch((reason: unknown) => reason)
          expect(changedNothing(error, 'create', bed.provider), String(error)).toBe(true)
        }
        expect([await prisma.user.count(), await prisma.profile.count(), await prisma.tag.count()]).toEqual([0, 0, 0])
        expect(await prisma.post.findMany({ select: { title: true } })).toEqual([{ title: 't' }])
      },
    )
  })
})
