import { describe, expect, it } from 'vitest'
import { type Ask, describePair, madeStaleBy, useSpec } from './support.ts'

/** Rows alone, rows with what hangs on them, and lists: of each end of each relation. */
const reads = {
  'user 1': (db) => db.user.findUnique({ where: { id: 1 } }),
  'user 2': (db) => db.user.findUnique({ where: { id: 2 } }),
  users: (db) => db.user.findMany({ orderBy: { id: 'asc' } }),
  'user 1 with posts': (db) => db.user.findUnique({ where: { id: 1 }, include: { posts: { orderBy: { id: 'asc' } } } }),
  'user 2’s posts': (db) => db.user.findUnique({ where: { id: 2 } }).posts({ orderBy: { id: 'asc' } }),
  'users without posts': (db) => db.user.findMany({ where: { posts: { none: {} } }, orderBy: { id: 'asc' } }),
  'users by posts': (db) => db.user.findMany({ orderBy: [{ posts: { _count: 'desc' } }, { id: 'asc' }] }),
  'users’ posts counted': (db) =>
    db.user.findMany({ select: { _count: { select: { posts: true } } }, orderBy: { id: 'asc' } }),
  'user 1 with profile': (db) => db.user.findUnique({ where: { id: 1 }, include: { profile: true } }),
  'profile 1': (db) => db.profile.findUnique({ where: { id: 1 } }),
  'profile of user 2': (db) => db.profile.findUnique({ where: { userId: 2 } }),
  'post 1': (db) => db.post.findUnique({ where: { id: 1 } }),
  'post 3': (db) => db.post.findUnique({ where: { id: 3 } }),
  'post 4, not there': (db) => db.post.findUnique({ where: { id: 4 } }),
  posts: (db) => db.post.findMany({ orderBy: { id: 'asc' } }),
  'post 1 with tags': (db) => db.post.findUnique({ where: { id: 1 }, include: { tags: { orderBy: { name: 'asc' } } } }),
  'posts tagged blue': (db) =>
    db.post.findMany({ where: { tags: { some: { name: 'blue' } } }, orderBy: { id: 'asc' } }),
  'post 1 with author': (db) => db.post.findUnique({ where: { id: 1 }, include: { author: true } }),
  'tag red': (db) => db.tag.findUnique({ where: { name: 'red' } }),
  'tag new, not there': (db) => db.tag.findUnique({ where: { name: 'new' } }),
  tags: (db) => db.tag.findMany({ orderBy: { name: 'asc' } }),
  'tag blue with posts': (db) =>
    db.tag.findUnique({ where: { name: 'blue' }, include: { posts: { orderBy: { id: 'asc' } } } }),
  'comment 1': (db) => db.comment.findUnique({ where: { id: 1 } }),
  'comments of post 1': (db) => db.comment.findMany({ where: { postId: 1 }, orderBy: { id: 'asc' } }),
  'order o1': (db) => db.order.findUnique({ where: { id: 'o1' } }),
  'product 1': (db) => db.product.findUnique({ where: { id: 1 } }),
} satisfies Record<string, Ask>
type Read = keyof typeof reads

const USERS: Read[] = ['users', 'users without posts', 'users by posts', 'users’ posts counted', 'post 1 with author']
const USER_1: Read[] = ['user 1', 'user 1 with posts', 'user 1 with profile']
const USER_2: Read[] = ['user 2', 'user 2’s posts']
const ALL_USERS: Read[] = [...USERS, ...USER_1, ...USER_2]
const POSTS: Read[] = [
  'user 1 with posts',
  'user 2’s posts',
  'users without posts',
  'users by posts',
  'users’ posts counted',
  'posts',
  'posts tagged blue',
  'tag blue with posts',
]
const POST_1: Read[] = ['post 1', 'post 1 with tags', 'post 1 with author']
const ALL_POSTS: Read[] = [...POSTS, ...POST_1, 'post 3', 'post 4, not there']
const TAGS: Read[] = ['post 1 with tags', 'posts tagged blue', 'tags', 'tag blue with posts']
const PROFILES: Read[] = ['user 1 with profile']
const ALL_PROFILES: Read[] = [...PROFILES, 'profile 1', 'profile of user 2']
const ALL_COMMENTS: Read[] = ['comment 1', 'comments of post 1']

describePair('after a nested write no other reads than these are asked anew, and each that changed is:', (bed) => {
  const spec = useSpec(bed)
  const one = { id: 1 }

  const writes: Record<string, Record<string, { write: Ask; stale: Read[] }>> = {
    'the many side of a relation, whose rows hold the key': {
      'create with children': {
        write: (db) => db.user.create({ data: { email: 'x@example.test', posts: { create: [{ title: 'x' }] } } }),
        stale: [...USERS, ...ALL_POSTS],
      },
      create: {
        write: (db) => db.user.update({ where: one, data: { posts: { create: { title: 'x' } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      createMany: {
        write: (db) => db.user.update({ where: one, data: { posts: { createMany: { data: [{ title: 'x' }] } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'connect moves the child from one parent to the other': {
        write: (db) => db.user.update({ where: one, data: { posts: { connect: { id: 3 } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      connectOrCreate: {
        write: (db) =>
          db.user.update({
            where: one,
            data: { posts: { connectOrCreate: { where: { id: 3 }, create: { title: 'x' } } } },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      disconnect: {
        write: (db) => db.user.update({ where: one, data: { posts: { disconnect: { id: 1 } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'set, which cuts what it does not list': {
        write: (db) => db.user.update({ where: one, data: { posts: { set: [{ id: 3 }] } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'set to nothing': {
        write: (db) => db.user.update({ where: one, data: { posts: { set: [] } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      update: {
        write: (db) =>
          db.user.update({ where: one, data: { posts: { update: { where: { id: 1 }, data: { title: 'x' } } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      updateMany: {
        write: (db) =>
          db.user.update({ where: one, data: { posts: { updateMany: { where: {}, data: { published: true } } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'upsert that creates': {
        write: (db) =>
          db.user.update({
            where: one,
            data: { posts: { upsert: { where: { id: 99 }, create: { title: 'x' }, update: { title: 'y' } } } },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'upsert that updates': {
        write: (db) =>
          db.user.update({
            where: one,
            data: { posts: { upsert: { where: { id: 2 }, create: { title: 'x' }, update: { title: 'y' } } } },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS],
      },
      'delete, and what the database deletes along': {
        write: (db) => db.user.update({ where: one, data: { posts: { delete: { id: 1 } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...ALL_COMMENTS],
      },
      deleteMany: {
        write: (db) => db.user.update({ where: one, data: { posts: { deleteMany: { title: 'one' } } } }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...ALL_COMMENTS],
      },
    },

    'the one side, where this row holds the key': {
      'create of the parent': {
        write: (db) => db.post.update({ where: one, data: { author: { create: { email: 'x@example.test' } } } }),
        stale: [...ALL_USERS, ...ALL_POSTS],
      },
      'connect: the parents’ rows stay as they are': {
        write: (db) => db.post.update({ where: one, data: { author: { connect: { id: 2 } } } }),
        stale: ALL_POSTS,
      },
      'connect by setting the column: the same': {
        write: (db) => db.post.update({ where: one, data: { authorId: 2 } }),
        stale: ALL_POSTS,
      },
      'create connected to a parent': {
        write: (db) => db.post.create({ data: { title: 'x', author: { connect: { id: 2 } } } }),
        stale: [...POSTS, 'post 4, not there'],
      },
      'connectOrCreate that connects': {
        write: (db) =>
          db.post.update({
            where: one,
            data: {
              author: {
                connectOrCreate: { where: { email: 'bob@example.test' }, create: { email: 'bob@example.test' } },
              },
            },
          }),
        stale: [...ALL_USERS, ...ALL_POSTS],
      },
      disconnect: {
        write: (db) => db.post.update({ where: one, data: { author: { disconnect: true } } }),
        stale: ALL_POSTS,
      },
      'update of the parent': {
        write: (db) => db.post.update({ where: one, data: { author: { update: { name: 'x' } } } }),
        stale: [...ALL_USERS, ...ALL_POSTS],
      },
      'upsert of the parent': {
        write: (db) =>
          db.post.update({
            where: one,
            data: { author: { upsert: { create: { email: 'x@example.test' }, update: { name: 'x' } } } },
          }),
        stale: [...ALL_USERS, ...ALL_POSTS],
      },
      'delete of the parent, and what the database does to its other children': {
        write: (db) => db.post.update({ where: { id: 3 }, data: { author: { delete: true } } }),
        stale: [...ALL_USERS, ...ALL_POSTS, ...ALL_PROFILES, ...ALL_COMMENTS, 'order o1'],
      },
    },

    'one to one': {
      'create of the other': {
        write: (db) => db.user.update({ where: { id: 2 }, data: { profile: { create: { bio: 'x' } } } }),
        stale: [...USERS, ...USER_2, ...ALL_PROFILES],
      },
      'update of the other': {
        write: (db) => db.user.update({ where: one, data: { profile: { update: { bio: 'x' } } } }),
        stale: [...USERS, ...USER_1, ...ALL_PROFILES],
      },
      'upsert of the other': {
        write: (db) =>
          db.user.update({
            where: { id: 2 },
            data: { profile: { upsert: { create: { bio: 'x' }, update: { bio: 'y' } } } },
          }),
        stale: [...USERS, ...USER_2, ...ALL_PROFILES],
      },
      'connect takes it from another': {
        write: (db) => db.user.update({ where: { id: 2 }, data: { profile: { connect: { id: 1 } } } }),
        stale: [...USERS, ...USER_2, ...ALL_PROFILES],
      },
      'connect from the side that holds the key': {
        write: (db) => db.profile.update({ where: { id: 1 }, data: { user: { connect: { id: 2 } } } }),
        stale: ALL_PROFILES,
      },
      delete: {
        write: (db) => db.user.update({ where: one, data: { profile: { delete: true } } }),
        stale: [...USERS, ...USER_1, ...ALL_PROFILES],
      },
    },

    'many to many, by a table no model stands for': {
      'connect: the far row itself stays': {
        write: (db) => db.post.update({ where: one, data: { tags: { connect: { name: 'blue' } } } }),
        stale: [...POSTS, ...POST_1, ...TAGS],
      },
      'connect from the far side: the near row itself stays': {
        write: (db) => db.tag.update({ where: { name: 'blue' }, data: { posts: { connect: { id: 1 } } } }),
        stale: [...POSTS, 'post 1 with tags', ...TAGS],
      },
      disconnect: {
        write: (db) => db.post.update({ where: { id: 3 }, data: { tags: { disconnect: [{ name: 'blue' }] } } }),
        stale: [...POSTS, 'post 3', ...TAGS],
      },
      'disconnect from the far side': {
        write: (db) => db.tag.update({ where: { name: 'blue' }, data: { posts: { disconnect: { id: 3 } } } }),
        stale: [...POSTS, 'post 1 with tags', ...TAGS],
      },
      set: {
        write: (db) => db.post.update({ where: one, data: { tags: { set: [{ name: 'green' }, { name: 'blue' }] } } }),
        stale: [...POSTS, ...POST_1, ...TAGS],
      },
      'set from the far side': {
        write: (db) => db.tag.update({ where: { name: 'blue' }, data: { posts: { set: [{ id: 1 }, { id: 2 }] } } }),
        stale: [...POSTS, 'post 1 with tags', ...TAGS],
      },
      create: {
        write: (db) => db.post.update({ where: { id: 3 }, data: { tags: { create: { name: 'new' } } } }),
        stale: [...POSTS, 'post 3', ...TAGS, 'tag new, not there'],
      },
      connectOrCreate: {
        write: (db) =>
          db.post.update({
            where: { id: 3 },
            data: { tags: { connectOrCreate: { where: { name: 'new' }, create: { name: 'new' } } } },
          }),
        stale: [...POSTS, 'post 3', ...TAGS, 'tag new, not there'],
      },
      'delete of the far row': {
        write: (db) => db.post.update({ where: { id: 3 }, data: { tags: { delete: { name: 'red' } } } }),
        stale: [...POSTS, 'post 3', ...TAGS, 'tag red'],
      },
    },

    'two levels deep': {
      'create in create in create': {
        write: (db) =>
          db.user.create({
            data: {
              email: 'x@example.test',
              posts: { create: { title: 'x', tags: { create: { name: 'new' } }, comments: { create: { text: 'x' } } } },
              orders: { create: { id: 'o2', lines: { create: { productId: 1 } } } },
            },
          }),
        stale: [...USERS, ...ALL_POSTS, ...TAGS, 'tag new, not there', ...ALL_COMMENTS, 'order o1'],
      },
      'update in update': {
        write: (db) =>
          db.user.update({
            where: one,
            data: {
              posts: {
                update: {
                  where: { id: 1 },
                  data: { comments: { update: { where: { id: 1 }, data: { text: 'x' } } } },
                },
              },
            },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...ALL_COMMENTS],
      },
      'connect in update': {
        write: (db) =>
          db.user.update({
            where: one,
            data: {
              posts: { update: { where: { id: 1 }, data: { tags: { connect: { name: 'blue' } } } } },
            },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...TAGS],
      },
      'create in the create branch of an upsert': {
        write: (db) =>
          db.user.update({
            where: one,
            data: {
              posts: {
                upsert: {
                  where: { id: 99 },
                  create: { title: 'x', tags: { create: { name: 'new' } } },
                  update: { title: 'y' },
                },
              },
            },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...TAGS, 'tag new, not there'],
      },
      'delete in upsert, by the branch that is taken': {
        write: (db) =>
          db.user.upsert({
            where: one,
            create: { email: 'x@example.test' },
            update: {
              posts: { update: { where: { id: 1 }, data: { comments: { deleteMany: {} } } } },
            },
          }),
        stale: [...USERS, ...USER_1, ...ALL_POSTS, ...ALL_COMMENTS],
      },
      'update of a row three relations away': {
        write: (db) =>
          db.comment.update({
            where: { id: 1 },
            data: { post: { update: { author: { update: { profile: { update: { bio: 'x' } } } } } } },
          }),
        stale: [...ALL_USERS, ...ALL_POSTS, ...ALL_PROFILES, ...ALL_COMMENTS],
      },
    },
  }

  for (const [title, group] of Object.entries(writes)) {
    describe(title, () => {
      it.each(Object.entries(group))('%s', async (_, { write, stale }) => {
        const { prisma, plain } = spec.cached()
        const seen = await madeStaleBy({ prisma, plain }, reads, () => write(prisma as unknown as typeof plain))
        expect(seen.filter((name) => !stale.includes(name as Read))).toEqual([])
      })
    })
  }
})

describePair('a nested write', (bed) => {
  const spec = useSpec(bed)

  it('that fails half-way, and is rolled back by Prisma, leaves the cache as it is', async () => {
    const { prisma, plain } = spec.cached()
    const stale = await madeStaleBy({ prisma, plain }, reads, async () => {
      const twice = [{ title: 'x' }, { title: 'x' }]
      const write = prisma.user.update({ where: { id: 1 }, data: { name: 'x', posts: { create: twice } } })
      await expect(write).rejects.toMatchObject({ code: 'P2002' })
    })
    expect(stale).toEqual([])
  })

  it('in a bulk that fails half-way is taken to have happened', async () => {
    const { prisma, plain } = spec.cached()
    const rows = [{ email: 'x@example.test' }, { email: 'ada@example.test' }]
    const read: Ask = (db) => db.user.findMany({ orderBy: { id: 'asc' } })
    const stale = await madeStaleBy({ prisma, plain }, { users: read }, async () => {
      await expect(prisma.user.createMany({ data: rows })).rejects.toMatchObject({ code: 'P2002' })
    })
    expect(stale).toEqual(['users'])
  })

  it('invalidates once, in one go', async () => {
    const { prisma, events } = spec.cached()
    await prisma.user.create({
      data: {
        email: 'x@example.test',
        posts: { create: [{ title: 'a' }, { title: 'b', tags: { create: { name: 'n' } } }] },
      },
    })
    const moves = events.filter((event) => event.type === 'invalidate')
    expect(moves).toHaveLength(1)
    expect(moves[0]?.tags).toEqual(expect.arrayContaining(['User', 'Post', 'Tag']))
    expect(new Set(moves[0]?.tags).size).toBe(moves[0]?.tags.length)
  })
})

describePair('without the text of the schema', (bed) => {
  const spec = useSpec(bed)

  /** Writes of every kind, each of which must not leave anything stale, however wide they have to aim. */
  const writes: Record<string, Ask> = {
    create: (db) => db.user.create({ data: { email: 'x@example.test' } }),
    update: (db) => db.user.update({ where: { id: 1 }, data: { name: 'x' } }),
    'update of a key': (db) => db.product.update({ where: { id: 1 }, data: { sku: 'screw' } }),
    'nested create': (db) => db.user.update({ where: { id: 1 }, data: { posts: { create: { title: 'x' } } } }),
    connect: (db) => db.post.update({ where: { id: 1 }, data: { author: { connect: { id: 2 } } } }),
    'connect many to many': (db) => db.tag.update({ where: { name: 'blue' }, data: { posts: { connect: { id: 1 } } } }),
    'connect one to one': (db) => db.user.update({ where: { id: 2 }, data: { profile: { connect: { id: 1 } } } }),
    'delete that cascades': (db) => db.user.delete({ where: { id: 1 } }),
  }
  const parts: Record<string, Ask> = {
    ...reads,
    'part 1': (db) => db.part.findUnique({ where: { id: 1 } }),
    line: (db) => db.orderLine.findUnique({ where: { orderId_productId: { orderId: 'o1', productId: 1 } } }),
  }
  it.each(Object.entries(writes))('%s leaves nothing stale', async (_, write) => {
    const { prisma, plain } = spec.cached({ schema: '// a text that explains nothing' })
    await madeStaleBy({ prisma, plain }, parts, () => write(prisma as unknown as typeof plain))
  })
})
