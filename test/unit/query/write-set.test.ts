import { describe, expect, it } from 'vitest'
import type { Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { wholeModelsWriteSet, writeSet } from '../../../src/query/write-set.ts'
import { wholeModel } from '../../../src/tags/tag.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'
import { readable } from './readable-tags.ts'

type Args = Readonly<Record<string, unknown>>

const shop = graphOf(testSchema)
const whole = (...models: string[]) => models.flatMap(wholeModel).sort()
const modelOf = (graph: ModelGraph, name: string) => graph.models.get(name) as Model

function tagsOf(model: string, operation: string, args: Args, result?: unknown, graph: ModelGraph = shop): string[] {
  const texts = ['ada', 'bob', 'eve', 'a title', 'o1', 'red', 'blue', 'bolt', 'nut']
  return readable(writeSet(graph, modelOf(graph, model), operation, args, result).tags, texts)
}

/** A user as the database returns it. */
const ada = { id: 1, email: 'ada', name: 'Ada', managerId: null }

describe('a write moves its model, and the row by each of its keys', () => {
  it.each<[string, string, string, Args, unknown, string[]]>([
    ['create', 'User', 'create', { data: { email: 'ada' } }, ada, ['User', 'User:email=‹ada›', 'User:id=1']],
    [
      'create, returning a part that the arguments complete',
      'User',
      'create',
      { data: { email: 'ada' }, select: { id: true } },
      { id: 1 },
      ['User', 'User:email=‹ada›', 'User:id=1'],
    ],
    [
      'create, returning too little',
      'User',
      'create',
      { data: { email: 'ada' }, select: { name: true } },
      { name: 'Ada' },
      ['User', 'User:+', 'User:email=‹ada›'],
    ],
    [
      'create with a key that is null',
      'Post',
      'create',
      { data: { title: 'a title' } },
      { id: 1, title: 'a title', authorId: null },
      ['Post', 'Post:id=1'],
    ],
    [
      'createMany with known keys',
      'OrderLine',
      'createMany',
      {
        data: [
          { orderId: 'o1', productId: 1 },
          { orderId: 'o1', productId: 2 },
        ],
      },
      { count: 2 },
      ['OrderLine', 'OrderLine:orderId=‹o1›&productId=1', 'OrderLine:orderId=‹o1›&productId=2'],
    ],
    ['createMany of one row', 'Tag', 'createMany', { data: { name: 'red' } }, { count: 1 }, ['Tag', 'Tag:name=‹red›']],
    [
      'createMany with keys the database makes',
      'User',
      'createMany',
      { data: [{ email: 'ada' }] },
      { count: 1 },
      ['User', 'User:+', 'User:email=‹ada›'],
    ],
    [
      'createManyAndReturn',
      'User',
      'createManyAndReturn',
      { data: [{ email: 'ada' }, { email: 'bob' }] },
      [ada, { id: 2, email: 'bob' }],
      ['User', 'User:email=‹ada›', 'User:email=‹bob›', 'User:id=1', 'User:id=2'],
    ],
    [
      'createManyAndReturn, returning too little',
      'User',
      'createManyAndReturn',
      { data: [{ email: 'ada' }] },
      [{ id: 1 }],
      ['User', 'User:+', 'User:id=1'],
    ],
    [
      'createManyAndReturn of nothing new',
      'User',
      'createManyAndReturn',
      { data: [{ email: 'ada' }], skipDuplicates: true },
      [],
      ['User', 'User:+', 'User:email=‹ada›'],
    ],
    [
      'update by a key',
      'User',
      'update',
      { where: { id: 1 }, data: { name: 'Ada' } },
      ada,
      ['User', 'User:email=‹ada›', 'User:id=1'],
    ],
    [
      'update by a key, returning nothing of the other',
      'User',
      'update',
      { where: { id: 1 }, data: { name: 'Ada' }, select: { id: true } },
      { id: 1 },
      ['User', 'User:*', 'User:id=1'],
    ],
    [
      'update of a key that is known before and after',
      'User',
      'update',
      { where: { email: 'ada' }, data: { email: 'bob' } },
      { ...ada, email: 'bob' },
      ['User', 'User:email=‹ada›', 'User:email=‹bob›', 'User:id=1'],
    ],
    [
      'update of a key, by { set }',
      'User',
      'update',
      { where: { email: 'ada' }, data: { email: { set: 'bob' } } },
      { ...ada, email: 'bob' },
      ['User', 'User:email=‹ada›', 'User:email=‹bob›', 'User:id=1'],
    ],
    [
      'update of a key whose old value is not known',
      'User',
      'update',
      { where: { id: 1 }, data: { email: 'bob' } },
      { ...ada, email: 'bob' },
      ['User', 'User:*', 'User:email=‹bob›', 'User:id=1'],
    ],
    [
      'update of an id that others refer to',
      'Tag',
      'update',
      { where: { name: 'red' }, data: { name: 'blue' } },
      { name: 'blue' },
      ['Tag', 'Tag:name=‹blue›', 'Tag:name=‹red›'],
    ],
    [
      'update by increment',
      'Comment',
      'update',
      { where: { id: 1 }, data: { id: { increment: 1 } } },
      { id: 2 },
      ['Comment', 'Comment:id=1', 'Comment:id=2'],
    ],
    [
      'updateMany of one row',
      'Comment',
      'updateMany',
      { where: { id: 1 }, data: { text: 'a' } },
      { count: 1 },
      ['Comment', 'Comment:id=1'],
    ],
    [
      'updateMany of rows that are not named',
      'User',
      'updateMany',
      { where: { active: true }, data: { name: 'a' } },
      { count: 5 },
      ['User', 'User:*'],
    ],
    ['updateMany of all', 'User', 'updateMany', { data: { name: 'a' } }, { count: 5 }, ['User', 'User:*']],
    [
      'updateManyAndReturn',
      'User',
      'updateManyAndReturn',
      { data: { name: 'a' } },
      [ada, { id: 2, email: 'bob' }],
      ['User', 'User:email=‹ada›', 'User:email=‹bob›', 'User:id=1', 'User:id=2'],
    ],
    [
      'updateManyAndReturn of a key',
      'User',
      'updateManyAndReturn',
      { data: { email: 'bob' } },
      [{ id: 1, email: 'bob' }],
      ['User', 'User:*', 'User:email=‹bob›', 'User:id=1'],
    ],
    [
      'updateManyAndReturn of nothing',
      'User',
      'updateManyAndReturn',
      { where: { id: 1, email: 'ada' }, data: { name: 'a' } },
      [],
      ['User', 'User:email=‹ada›', 'User:id=1'],
    ],
    [
      'upsert that created',
      'User',
      'upsert',
      { where: { email: 'ada' }, create: { email: 'ada' }, update: {} },
      ada,
      ['User', 'User:email=‹ada›', 'User:id=1'],
    ],
    [
      'upsert that changed a key',
      'User',
      'upsert',
      { where: { email: 'ada' }, create: { email: 'eve' }, update: { email: 'bob' } },
      { ...ada, email: 'bob' },
      ['User', 'User:email=‹ada›', 'User:email=‹bob›', 'User:id=1'],
    ],
    ['delete', 'Comment', 'delete', { where: { id: 1 } }, { id: 1 }, ['Comment', 'Comment:id=1']],
    ['deleteMany of one row', 'Comment', 'deleteMany', { where: { id: 1 } }, { count: 1 }, ['Comment', 'Comment:id=1']],
    ['deleteMany of all', 'Comment', 'deleteMany', {}, { count: 9 }, ['Comment', 'Comment:*']],
  ])('%s', (_, model, operation, args, result, tags) => {
    expect(tagsOf(model, operation, args, result)).toEqual(tags)
  })

  it('a large bulk write moves the model instead of each row, so that it stays one small round trip', () => {
    const rows = Array.from({ length: 5000 }, (_, i) => ({ name: `tag ${i}` }))
    for (const tags of [
      tagsOf('Tag', 'createMany', { data: rows }, { count: rows.length }),
      tagsOf('Tag', 'createManyAndReturn', { data: rows }, rows),
      tagsOf('Tag', 'updateManyAndReturn', { data: { color: 'x' } }, rows),
    ]) {
      expect(tags).toContain('Tag:*')
      expect(tags.length).toBeLessThan(200)
    }
  })

  it('an operation newer than this package moves the model and all that follows it', () => {
    expect(tagsOf('Order', 'replaceMany', {})).toEqual(whole('Order', 'OrderLine'))
  })

  it('a write that failed on its way back is judged by its arguments alone', () => {
    expect(tagsOf('Comment', 'delete', { where: { id: 1 } }, undefined)).toEqual(['Comment', 'Comment:id=1'])
    expect(tagsOf('User', 'create', { data: { email: 'ada' } }, undefined)).toEqual([
      'User',
      'User:+',
      'User:email=‹ada›',
    ])
  })
})

describe('a nested write moves', () => {
  const user = (data: Args) => tagsOf('User', 'update', { where: { id: 1, email: 'ada' }, data }, ada)
  const row = ['User', 'User:email=‹ada›', 'User:id=1']

  it.each<[string, Args, string[]]>([
    [
      'a created row',
      { posts: { create: { title: 'a title' } } },
      ['Post', 'Post:+', 'Post:authorId=1&title=‹a title›', ...row],
    ],
    [
      'created rows',
      {
        comments: {
          create: [
            { id: 1, text: 'a', postId: 1 },
            { id: 2, text: 'b', postId: 1 },
          ],
        },
      },
      ['Comment', 'Comment:id=1', 'Comment:id=2', ...row],
    ],
    [
      'rows created in bulk',
      { comments: { createMany: { data: [{ id: 1, text: 'a', postId: 1 }] } } },
      ['Comment', 'Comment:id=1', ...row],
    ],
    ['a connected row', { comments: { connect: { id: 1 } } }, ['Comment', 'Comment:id=1', ...row]],
    [
      'a connected row that cannot be named by all its keys',
      { posts: { connect: { id: 1 } } },
      ['Post', 'Post:*', 'Post:id=1', ...row],
    ],
    [
      'connected rows',
      { comments: { connect: [{ id: 1 }, { id: 2 }] } },
      ['Comment', 'Comment:id=1', 'Comment:id=2', ...row],
    ],
    [
      'a row connected or created',
      { comments: { connectOrCreate: { where: { id: 1 }, create: { id: 2, text: 'a', postId: 1 } } } },
      ['Comment', 'Comment:id=1', 'Comment:id=2', ...row],
    ],
    ['a disconnected row', { comments: { disconnect: { id: 1 } } }, ['Comment', 'Comment:id=1', ...row]],
    [
      'a set, which cuts links to rows that are not named',
      { comments: { set: [{ id: 1 }] } },
      ['Comment', 'Comment:*', ...row],
    ],
    ['an empty set', { comments: { set: [] } }, ['Comment', 'Comment:*', ...row]],
    [
      'an updated row',
      { comments: { update: { where: { id: 1 }, data: { text: 'a' } } } },
      ['Comment', 'Comment:id=1', ...row],
    ],
    [
      'updated rows',
      {
        comments: {
          update: [
            { where: { id: 1 }, data: { text: 'a' } },
            { where: { id: 2 }, data: { text: 'a' } },
          ],
        },
      },
      ['Comment', 'Comment:id=1', 'Comment:id=2', ...row],
    ],
    [
      'rows updated in bulk',
      { comments: { updateMany: { where: { text: 'a' }, data: { text: 'b' } } } },
      ['Comment', 'Comment:*', ...row],
    ],
    [
      'an upserted row',
      { comments: { upsert: { where: { id: 1 }, create: { id: 1, text: 'a', postId: 1 }, update: { text: 'b' } } } },
      ['Comment', 'Comment:id=1', ...row],
    ],
    ['a deleted row', { comments: { delete: { id: 1 } } }, ['Comment', 'Comment:id=1', ...row]],
    ['rows deleted in bulk', { comments: { deleteMany: { text: 'a' } } }, ['Comment', 'Comment:*', ...row]],
    [
      'rows deleted by several conditions',
      { comments: { deleteMany: [{ id: 1 }, { id: 2 }] } },
      ['Comment', 'Comment:id=1', 'Comment:id=2', ...row],
    ],
    ['a row of a single relation', { profile: { update: { bio: 'b' } } }, ['Profile', 'Profile:*', ...row]],
    [
      'a row of a single relation, by { data }',
      { profile: { update: { where: { bio: 'a' }, data: { bio: 'b' } } } },
      ['Profile', 'Profile:*', ...row],
    ],
    ['a single row that is deleted', { profile: { delete: true } }, ['Profile', 'Profile:*', ...row]],
    [
      'a single row that is replaced',
      { profile: { create: { bio: 'b' } } },
      ['Profile:userId=1', ...whole('Profile'), ...row],
    ],
    ['nothing by what is undefined', { comments: { create: undefined }, posts: undefined }, row],
  ])('%s', (_, data, tags) => {
    expect(user(data)).toEqual([...tags].sort())
  })

  it('both ends of a relation that the row itself holds', () => {
    // The author is another row now: who read posts by author depends on Post, who read the author's posts as well.
    const tags = tagsOf('Comment', 'update', { where: { id: 1 }, data: { author: { connect: { id: 2 } } } }, { id: 1 })
    expect(tags).toEqual(['Comment', 'Comment:id=1'])
    const created = tagsOf(
      'Comment',
      'update',
      { where: { id: 1 }, data: { author: { create: { email: 'bob' } } } },
      { id: 1 },
    )
    expect(created).toEqual(['Comment', 'Comment:id=1', 'User', 'User:+', 'User:email=‹bob›'])
  })

  it('the row that loses a single relation to another', () => {
    const taken = tagsOf(
      'Profile',
      'update',
      { where: { id: 1, userId: 1 }, data: { user: { connect: { id: 2 } } } },
      { id: 1, userId: 2 },
    )
    expect(taken).toEqual([...whole('Profile'), 'Profile:id=1', 'Profile:userId=1', 'Profile:userId=2'].sort())
    const given = user({ profile: { connect: { id: 7, userId: 3 } } })
    expect(given).toEqual(expect.arrayContaining(whole('Profile')))
  })

  it('both ends of a relation that a join table holds', () => {
    const link = (data: Args) =>
      tagsOf('Post', 'update', { where: { id: 1 }, data }, { id: 1, authorId: null, title: 'a title' })
    // The rows of the other side are what they were: who reads them through the link depends on this side as well.
    const both = ['Post', 'Post:id=1', 'Tag']
    expect(link({ tags: { connect: { name: 'red' } } })).toEqual(both)
    expect(link({ tags: { disconnect: [{ name: 'red' }] } })).toEqual(both)
    expect(link({ tags: { set: [] } })).toEqual(both)
    const created = link({ tags: { connectOrCreate: { where: { name: 'red' }, create: { name: 'blue' } } } })
    expect(created).toEqual([...both, 'Tag:name=‹blue›'])
  })

  it('what it writes at any depth', () => {
    const tags = user({
      posts: {
        update: {
          where: { id: 1 },
          data: { comments: { updateMany: { where: {}, data: { text: 'a' } } }, tags: { create: { name: 'red' } } },
        },
      },
    })
    expect(tags).toEqual(
      [...row, 'Comment', 'Comment:*', 'Post', 'Post:*', 'Post:id=1', 'Tag', 'Tag:name=‹red›'].sort(),
    )
  })

  it('what either branch of an upsert writes', () => {
    const args = {
      where: { id: 1 },
      create: { email: 'ada', posts: { create: { title: 'a title' } } },
      update: { comments: { delete: { id: 5 } } },
    }
    const post = ['Post', 'Post:+', 'Post:authorId=1&title=‹a title›']
    expect(tagsOf('User', 'upsert', args, ada)).toEqual([...row, 'Comment', 'Comment:id=5', ...post].sort())
  })

  it('everything, by an operation newer than this package', () => {
    expect(user({ orders: { exchange: {} } })).toEqual([...row, ...whole('Order', 'OrderLine')].sort())
  })

  it('a single row whose model has a column called `data`, read either way', () => {
    const graph = graphOf(`
      model User {
        id  Int  @id
        box Box?
      }
      model Box {
        id     Int  @id
        data   Json
        userId Int  @unique
        user   User @relation(fields: [userId], references: [id])
      }`)
    const update = (box: Args) =>
      tagsOf('User', 'update', { where: { id: 1 }, data: { box: { update: box } } }, { id: 1 }, graph)
    for (const box of [{ data: { a: 1 } }, { data: { data: { a: 1 } } }, { id: 5 }]) {
      expect(update(box)).toEqual(expect.arrayContaining(['Box', 'Box:*']))
    }
  })
})

describe('what the database does to other tables moves too', () => {
  it('rows deleted along with a row, over three levels', () => {
    const graph = graphOf(`
      model A {
        id Int @id
        bs B[]
      }
      model B {
        id  Int @id
        aId Int
        a   A   @relation(fields: [aId], references: [id], onDelete: Cascade)
        cs  C[]
      }
      model C {
        id  Int @id
        bId Int
        b   B   @relation(fields: [bId], references: [id], onDelete: Cascade)
        ds  D[]
      }
      model D {
        id  Int  @id
        cId Int?
        c   C?   @relation(fields: [cId], references: [id], onDelete: SetNull)
        es  E[]
      }
      model E {
        id  Int @id
        dId Int
        d   D   @relation(fields: [dId], references: [id], onDelete: Cascade)
      }`)
    // D is rewritten, not deleted: it stays, and E with it.
    expect(tagsOf('A', 'delete', { where: { id: 1 } }, { id: 1 }, graph)).toEqual([
      'A',
      'A:id=1',
      'B',
      'B:*',
      'C',
      'C:*',
      'D',
      'D:*',
    ])
    expect(tagsOf('A', 'deleteMany', {}, { count: 1 }, graph)).toEqual(['A', 'A:*', 'B', 'B:*', 'C', 'C:*', 'D', 'D:*'])
    expect(tagsOf('D', 'delete', { where: { id: 1 } }, { id: 1 }, graph)).toEqual(['D', 'D:id=1', 'E', 'E:*'])
  })

  it('rows deleted along with a nested one', () => {
    expect(tagsOf('Comment', 'update', { where: { id: 1 }, data: { post: { delete: true } } }, { id: 1 })).toEqual([
      'Comment',
      'Comment:*',
      'Comment:id=1',
      'Post',
      'Post:*',
    ])
  })

  it('a restricted row is not touched', () => {
    expect(
      tagsOf(
        'OrderLine',
        'delete',
        { where: { orderId_productId: { orderId: 'o1', productId: 1 } } },
        { orderId: 'o1', productId: 1 },
      ),
    ).toEqual(['OrderLine', 'OrderLine:orderId=‹o1›&productId=1'])
    const tags = tagsOf('Product', 'delete', { where: { id: 1 } }, { id: 1, sku: 'bolt' })
    expect(tags).toEqual(['Part', 'Part:*', 'Product', 'Product:id=1', 'Product:sku=‹bolt›'])
  })

  it('everything that hangs on the deepest model', () => {
    const gone = tagsOf('User', 'delete', { where: { id: 1 } }, ada)
    expect(gone).toEqual(
      [
        'User:email=‹ada›',
        'User:id=1',
        'Profile:userId=1',
        ...['User', 'Profile', 'Post', 'Comment', 'Order', 'OrderLine'].flatMap((model) => [model, `${model}:*`]),
      ].sort(),
    )
  })

  it('keys that follow the key they refer to', () => {
    const update = (data: Args) =>
      tagsOf('Product', 'update', { where: { id: 1, sku: 'bolt' }, data }, { id: 1, sku: data['sku'] ?? 'bolt' })
    expect(update({ sku: 'nut' })).toEqual([
      ...whole('Part'),
      'Product',
      'Product:id=1',
      'Product:sku=‹bolt›',
      'Product:sku=‹nut›',
    ])
    expect(update({ stock: 1 })).toEqual(['Product', 'Product:id=1', 'Product:sku=‹bolt›'])
  })

  it('keys that follow over two levels, and end where they are no part of a key', () => {
    const graph = graphOf(`
      model A {
        code String @id
        bs   B[]
      }
      model B {
        aCode String @id
        a     A      @relation(fields: [aCode], references: [code])
        cs    C[]
      }
      model C {
        id    Int    @id
        bCode String
        b     B      @relation(fields: [bCode], references: [aCode])
        ds    D[]
      }
      model D {
        id  Int @id
        cId Int
        c   C   @relation(fields: [cId], references: [id])
      }`)
    const tags = tagsOf('A', 'update', { where: { code: 'ada' }, data: { code: 'bob' } }, { code: 'bob' }, graph)
    expect(tags).toEqual(['A', 'A:code=‹ada›', 'A:code=‹bob›', ...whole('B', 'C')])
  })

  it('keys that may not follow stay', () => {
    const graph = graphOf(`
      model A {
        id Int @id
        bs B[]
      }
      model B {
        id  Int @id
        aId Int
        a   A   @relation(fields: [aId], references: [id], onUpdate: Restrict)
      }`)
    expect(tagsOf('A', 'update', { where: { id: 1 }, data: { id: 2 } }, { id: 2 }, graph)).toEqual([
      'A',
      'A:id=1',
      'A:id=2',
    ])
  })

  it('in circles, once round', () => {
    const graph = graphOf(`
      model A {
        id  Int  @id
        bId Int?
        b   B?   @relation("ab", fields: [bId], references: [id], onDelete: Cascade)
        bs  B[]  @relation("ba")
      }
      model B {
        id  Int  @id
        aId Int?
        a   A?   @relation("ba", fields: [aId], references: [id], onDelete: Cascade)
        as  A[]  @relation("ab")
      }`)
    expect(tagsOf('A', 'delete', { where: { id: 1 } }, { id: 1 }, graph)).toEqual(['A', 'A:*', 'A:id=1', 'B', 'B:*'])
  })
})

describe('without the text of the schema', () => {
  const unknown = graphWithoutText(testSchema)

  it('a row has no name', () => {
    expect(tagsOf('Comment', 'create', { data: { text: 'a' } }, { id: 1 }, unknown)).toEqual(['Comment', 'Comment:+'])
  })

  it('a deleted row takes along all that it is related to', () => {
    const connected = ['User', 'Profile', 'Post', 'Tag', 'Comment', 'Order', 'OrderLine', 'Product', 'Part']
    expect([...unknown.models.keys()]).toEqual(connected)
    expect(tagsOf('Comment', 'delete', { where: { id: 1 } }, { id: 1 }, unknown)).toEqual(
      connected.flatMap((model) => [model, `${model}:*`]).sort(),
    )
  })

  it('a relation may be held by either end', () => {
    const tags = tagsOf(
      'Comment',
      'update',
      { where: { id: 1 }, data: { author: { connect: { id: 1 } } } },
      { id: 1 },
      unknown,
    )
    expect(tags).toEqual(whole(...unknown.models.keys()))
  })
})

describe('a statement that names its models', () => {
  const moved = (graph: ModelGraph, ...models: string[]) =>
    readable(
      wholeModelsWriteSet(
        graph,
        models.map((name) => modelOf(graph, name)),
      ),
      [],
    )

  it('moves them whole, and what the database does along with them', () => {
    expect(moved(shop, 'Tag')).toEqual(whole('Tag'))
    expect(moved(shop, 'Order', 'Tag')).toEqual(whole('Order', 'OrderLine', 'Tag'))
    expect(moved(shop, 'User')).toEqual(whole('Comment', 'Order', 'OrderLine', 'Post', 'Profile', 'User'))
  })

  it('moves what its keys may follow', () => {
    expect(moved(shop, 'Product')).toEqual(whole('OrderLine', 'Part', 'Product'))
  })

  it('moves nothing for no models', () => {
    expect(moved(shop)).toEqual([])
  })
})
