import { describe, expect, it } from 'vitest'
import type { Model, ModelGraph } from '../../../src/query/model-graph.ts'
import type { Yields } from '../../../src/query/read-places.ts'
import { type PrecisionRules, readSet } from '../../../src/query/read-set.ts'
import { anyValuesTag, valuesTag } from '../../../src/tags/shape-tags.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'
import { readable } from './readable-tags.ts'

type Args = Readonly<Record<string, unknown>>

const shop = graphOf(testSchema)
const byRow: PrecisionRules = { of: () => 'row', maxTags: 1000, maxRowTags: 0 }
const setOf = (model: string, args: Args, yields: Yields = 'row', graph: ModelGraph = shop) =>
  readSet(graph, graph.models.get(model) as Model, args, yields, byRow)
const tagsOf = (...query: Parameters<typeof setOf>) => readable(setOf(...query).tags, ['ada', 'a title', 'o1'])

describe('a read of rows depends on', () => {
  it.each<[string, string, Args, string[]]>([
    ['its model', 'User', {}, ['User']],
    ['its model, whatever it filters by', 'User', { where: { name: 'a', id: { gt: 1 } } }, ['User']],
    ['one row, by its id', 'User', { where: { id: 1 } }, ['User:*', 'User:id=1']],
    ['one row, by another key', 'User', { where: { email: 'ada' } }, ['User:*', 'User:email=‹ada›']],
    [
      'one row, by a compound key',
      'Post',
      { where: { authorId_title: { authorId: 1, title: 'a title' } } },
      ['Post:*', 'Post:authorId=1&title=‹a title›'],
    ],
    ['one row, selected', 'User', { where: { id: 1 }, select: { name: true, posts: false } }, ['User:*', 'User:id=1']],
    [
      'the row a cursor stands at, too',
      'User',
      { where: { id: 1 }, orderBy: { id: 'desc' }, cursor: { id: 3 } },
      ['User:*', 'User:+', 'User:id=1', 'User:id=3'],
    ],
    ['each of several rows', 'User', { where: { id: { in: [1, 2] } } }, ['User:*', 'User:+', 'User:id=1', 'User:id=2']],
    ['what it includes', 'User', { where: { id: 1 }, include: { posts: true } }, ['Post', 'User:*', 'User:id=1']],
    [
      'what it selects',
      'User',
      { where: { id: 1 }, select: { posts: { select: { id: true } } } },
      ['Post', 'User:*', 'User:id=1'],
    ],
    [
      'what it includes below',
      'User',
      { include: { posts: { include: { tags: true, comments: { include: { author: true } } } } } },
      ['Comment', 'Post', 'Tag', 'User'],
    ],
    [
      'its row alone, when it comes back to it',
      'User',
      { where: { id: 1 }, include: { posts: { include: { author: true } } } },
      ['Post', 'User:*', 'User:+', 'User:id=1'],
    ],
    [
      'its whole model, when it comes back to other rows of it',
      'User',
      { where: { id: 1 }, include: { posts: { include: { comments: { include: { author: true } } } } } },
      ['Comment', 'Post', 'User'],
    ],
    [
      'its whole model, when it is related to itself',
      'User',
      { where: { id: 1 }, include: { manager: true } },
      ['User'],
    ],
    [
      'what it counts',
      'User',
      { where: { id: 1 }, select: { _count: { select: { posts: true } } } },
      ['Post', 'User:*', 'User:id=1'],
    ],
    [
      'every list relation, when it counts all',
      'Post',
      { where: { id: 1 }, include: { _count: true } },
      ['Comment', 'Post:*', 'Post:id=1', 'Tag', 'User'],
    ],
    [
      'what it counts by',
      'User',
      { select: { _count: { select: { posts: { where: { tags: { some: {} } } } } } } },
      ['Post', 'Tag', 'User'],
    ],
    ['relations it filters by', 'User', { where: { posts: { some: { title: 'a' } } } }, ['Post', 'User']],
    [
      'relations it filters by, in the short form',
      'Post',
      { where: { author: { name: 'a', profile: { bio: 'b' } } } },
      ['Post', 'Profile', 'User'],
    ],
    ['relations that must not be there', 'Post', { where: { author: null } }, ['Post', 'User']],
    [
      'relations it filters by, below AND, OR and NOT',
      'Post',
      { where: { AND: { OR: [{ NOT: [{ tags: { none: {} } }] }] } } },
      ['Post', 'Tag'],
    ],
    [
      'relations it filters one row by',
      'Post',
      { where: { id: 1, tags: { some: { name: 'ada' } } } },
      ['Post:*', 'Post:id=1', 'Tag:*', 'Tag:+', 'Tag:name=‹ada›'],
    ],
    [
      'relations of relations it filters by',
      'Tag',
      { where: { posts: { every: { author: { isNot: { orders: { some: {} } } } } } } },
      ['Order', 'Post', 'Tag', 'User'],
    ],
    [
      'relations it filters included rows by',
      'User',
      { include: { posts: { where: { tags: { some: {} } } } } },
      ['Post', 'Tag', 'User'],
    ],
    ['relations it orders by', 'Post', { orderBy: { author: { name: 'asc' } } }, ['Post', 'User']],
    [
      'relations it orders by, one after the other',
      'Comment',
      { orderBy: [{ id: 'asc' }, { post: { author: { profile: { bio: 'asc' } } } }] },
      ['Comment', 'Post', 'Profile', 'User'],
    ],
    ['the number of relations it orders by', 'User', { orderBy: { posts: { _count: 'desc' } } }, ['Post', 'User']],
    [
      'relations it orders included rows by',
      'User',
      { include: { posts: { orderBy: { comments: { _count: 'asc' } } } } },
      ['Comment', 'Post', 'User'],
    ],
    [
      'nothing more for what it leaves out',
      'User',
      { include: { posts: false, orders: undefined }, where: { posts: undefined } },
      ['User'],
    ],
    [
      'nothing more for pages and distinct rows',
      'User',
      { take: 1, skip: 1, distinct: ['name'], cursor: { id: 1 }, relationLoadStrategy: 'join' },
      ['User'],
    ],
    [
      'nothing more for JSON that looks like a relation',
      'User',
      { where: { meta: { equals: { posts: { some: {} } } } } },
      ['User'],
    ],
  ])('%s', (_, model, args, tags) => {
    expect(tagsOf(model, args)).toEqual(tags)
  })

  it('its model, where rows cannot be named for want of the schema', () => {
    const graph = graphWithoutText(testSchema)
    expect(tagsOf('User', { where: { id: 1 } }, 'rows', graph)).toEqual(['User'])
    expect(tagsOf('Post', { where: { authorId_title: { authorId: 1, title: 'a' } } }, 'rows', graph)).toEqual(['Post'])
  })
})

describe('a figure depends on', () => {
  it.each<[string, string, Args, string[]]>([
    ['its model', 'User', {}, ['User']],
    ['one row, when it is about one, there or not', 'User', { where: { id: 1 } }, ['User:*', 'User:+', 'User:id=1']],
    [
      'the row a cursor stands at, too',
      'User',
      { where: { id: 1 }, orderBy: { id: 'desc' }, cursor: { id: 3 } },
      ['User:*', 'User:+', 'User:id=1', 'User:id=3'],
    ],
    ['relations it filters by', 'User', { where: { posts: { none: {} } } }, ['Post', 'User']],
    ['relations it orders by', 'Post', { orderBy: { author: { name: 'asc' } }, take: 1 }, ['Post', 'User']],
    ['nothing more for columns it counts', 'User', { select: { _all: true, name: true } }, ['User']],
    [
      'nothing more for columns it sums',
      'User',
      { _sum: { balance: true }, _count: { _all: true }, _min: { id: true } },
      ['User'],
    ],
    [
      'nothing more for groups',
      'User',
      { by: ['role'], having: { id: { _sum: { gt: 1 } } }, orderBy: { _count: { id: 'asc' } } },
      ['User'],
    ],
  ])('%s', (_, model, args, tags) => {
    expect(tagsOf(model, args, 'aggregate')).toEqual(tags)
  })
})

describe('what a result shows', () => {
  /** Models whose rows are in the result, each with its columns. */
  function shown(model: string, args: Args, yields: 'rows' | 'aggregate' = 'rows') {
    const { returned } = setOf(model, args, yields)
    return Object.fromEntries([...returned].map(([{ name }, fields]) => [name, [...fields].sort()]))
  }

  it('is every column, unless some are selected or omitted', () => {
    expect(shown('Tag', {})).toEqual({ Tag: ['color', 'name'] })
    expect(shown('Tag', { select: { name: true, color: false } })).toEqual({ Tag: ['name'] })
    expect(shown('Tag', { omit: { color: true, name: false } })).toEqual({ Tag: ['name'] })
  })

  it('is the rows of included relations too', () => {
    expect(
      shown('Profile', { include: { user: { select: { email: true, posts: { omit: { title: true } } } } } }),
    ).toEqual({
      Profile: ['bio', 'id', 'userId'],
      User: ['email'],
      Post: ['authorId', 'id', 'published', 'views'],
    })
  })

  it('is nothing of a model that only decides', () => {
    expect(
      shown('Tag', {
        select: { name: true, _count: { select: { posts: true } } },
        where: { posts: { some: { author: { email: 'ada' } } } },
        orderBy: { posts: { _count: 'asc' } },
      }),
    ).toEqual({ Tag: ['name'] })
  })

  it('is the columns of groups and of figures that are values, but no counts', () => {
    expect(shown('User', { by: ['role', 'name'], _count: { email: true } }, 'aggregate')).toEqual({
      User: ['name', 'role'],
    })
    expect(shown('User', { by: 'role' }, 'aggregate')).toEqual({ User: ['role'] })
    expect(shown('User', { _max: { email: true }, _sum: { balance: true } }, 'aggregate')).toEqual({
      User: ['balance', 'email'],
    })
    expect(shown('User', { select: { email: true } }, 'aggregate')).toEqual({ User: [] })
  })
})

describe('a read is not cached', () => {
  it.each<[string, Args, string]>([
    ['with an argument we do not know', { lock: true }, 'unknown-argument'],
    ['with a condition on a column we do not know', { where: { nickname: 'a' } }, 'unknown-argument'],
    ['with such a condition below', { where: { posts: { some: { OR: [{ nickname: 'a' }] } } } }, 'unknown-argument'],
    ['with a compound key we do not know', { where: { a_b: { a: 1, b: 2 } } }, 'unknown-argument'],
    ['with such an argument below', { include: { posts: { lock: true } } }, 'unknown-argument'],
    ['that selects a field of a result extension', { select: { fullName: true } }, 'computed-field'],
    ['that selects one below', { include: { posts: { select: { slug: true } } } }, 'computed-field'],
  ])('%s', (_, args, obstacle) => {
    expect(setOf('User', args).obstacle).toBe(obstacle)
  })

  it('by a relation to a model that is not there', () => {
    const graph = graphOf('model A {\n  id Int @id\n  b B\n}\nmodel B {\n  id Int @id\n}')
    const alone = { ...graph, models: new Map([...graph.models].filter(([name]) => name === 'A')) }
    expect(setOf('A', { include: { b: true } }, 'rows', alone).obstacle).toBe('unknown-argument')
  })

  it('unless what is unknown is undefined or not selected', () => {
    expect(setOf('User', { lock: undefined, select: { id: true, fullName: false } }).obstacle).toBeUndefined()
  })
})

describe('a read by shapes depends on', () => {
  const byShape: PrecisionRules = { of: () => 'shape', maxTags: 100, maxRowTags: 0 }
  const finely = (model: string, args: Args, yields: Yields = 'rows', over: Partial<PrecisionRules> = {}) =>
    readSet(shop, shop.models.get(model) as Model, args, yields, { ...byShape, ...over })
  /** Tags with the text of their shape in place of its digest, `*` for all values: `Post?authorId=5 of authorId/id`. */
  function told(...query: Parameters<typeof finely>): string[] {
    const { tags, shapes } = finely(...query)
    const texts = new Map(
      shapes.map((shape) => [anyValuesTag(shape).split('&').at(-1)?.split('?').at(-1) ?? '', shape.text]),
    )
    return [...tags].sort().map((tag) => {
      const digest = tag.split(/[?&]/).at(-1) as string
      return texts.has(digest) ? `${tag.slice(0, -digest.length).replace(/&$/, '')} of ${texts.get(digest)}` : tag
    })
  }
  const id = { select: { id: true } }

  it.each<[string, string, Args, string[]]>([
    [
      'the rows that have its values',
      'Post',
      { ...id, where: { authorId: 5 } },
      ['Post?*', 'Post?authorId=* of authorId/id', 'Post?authorId=5 of authorId/id'],
    ],
    [
      'rows that have none',
      'Post',
      { ...id, where: { authorId: null } },
      ['Post?*', 'Post?authorId=* of authorId/id', 'Post?authorId= of authorId/id'].sort(),
    ],
    [
      'rows of each value',
      'Post',
      { ...id, where: { authorId: { in: [5, 6] } } },
      ['Post?*', 'Post?authorId=* of authorId/id', 'Post?authorId=5 of authorId/id', 'Post?authorId=6 of authorId/id'],
    ],
    [
      'all rows where it compares none by equality',
      'Post',
      { ...id, where: { views: { gt: 5 } } },
      ['Post?* of /id,views', 'Post?* of /id,views'.slice(0, 0), 'Post?*', 'Post? of /id,views'].filter(Boolean),
    ],
    [
      'rows of either condition',
      'Post',
      { ...id, where: { OR: [{ authorId: 5 }, { published: true }] } },
      [
        'Post?*',
        'Post?authorId=* of authorId/id,published',
        'Post?authorId=5 of authorId/id,published',
        'Post?published=* of published/authorId,id',
        'Post?published=true of published/authorId,id',
      ],
    ],
    [
      'any value of what changes unseen, besides',
      'Post',
      { ...id, where: { authorId: 5, views: 1 } },
      [
        'Post?*',
        'Post?authorId=*&views=* of authorId,views~/id',
        'Post?authorId=5&views=* of authorId,views~/id',
        'Post?authorId=5&views=1 of authorId,views~/id',
      ],
    ],
    [
      'one row, by a key, of which it reads a part',
      'Post',
      { ...id, where: { id: 1 } },
      ['Post:+', 'Post?*', 'Post?id=* of id/', 'Post?id=1 of id/'],
    ],
    ['one row, by a key, and all of it', 'Post', { where: { id: 1 } }, ['Post:*', 'Post:+', 'Post:id=1']],
    [
      'the children of its parents',
      'User',
      { where: { id: 1 }, select: { posts: id } },
      [
        'Post?*',
        'Post?authorId=* of authorId/id',
        'Post?authorId=1 of authorId/id',
        'User:+',
        'User?*',
        'User?id=* of id/',
        'User?id=1 of id/',
      ],
    ],
  ])('%s', (_, model, args, tags) => {
    expect(told(model, args).sort()).toEqual([...tags].sort())
  })

  it('a row that comes to exist, only where it found none', () => {
    const one = finely('Post', { where: { id: 1 } }, 'row')
    expect([[...one.tags].sort(), one.absence]).toEqual([['Post:*', 'Post:id=1'], ['Post:+']])
    const part = finely('Post', { ...id, where: { id: 1 } }, 'row')
    expect([part.tags.has('Post:+'), part.absence]).toEqual([false, ['Post:+']])
    // Of several rows one may be missing, and a page that skips rows says nothing of those.
    for (const args of [{ where: { id: { in: [1, 2] } } }, { where: { id: 1 }, skip: 1 }]) {
      const several = finely('Post', args, 'row')
      expect([several.tags.has('Post:+'), several.absence]).toEqual([true, []])
    }
    expect(finely('Post', { where: { id: 1 } }, 'aggregate').tags.has('Post:+')).toBe(true)
  })

  it('rows that come to exist, wherever one of its conditions is a key: writers spare it the rest of the shape', () => {
    for (const [where, isByKeyWhenFewer] of [
      [{ OR: [{ id: 1 }, { views: 2 }] }, false],
      [{ authorId: null, title: 'a' }, true],
      [{ id: 1, views: { in: [1, 2, 3] } }, true],
    ] as const) {
      const args = { ...id, where }
      expect(finely('Post', args, 'rows').tags.has('Post:+')).toBe(true)
      expect(finely('Post', args, 'rows', { maxTags: 5 }).tags.has('Post:+')).toBe(isByKeyWhenFewer)
    }
  })

  it('shapes that are told apart by what is read', () => {
    const [one, other] = [{ id: true }, { title: true }].map((select) =>
      finely('Post', { select, where: { authorId: 5 } }),
    )
    expect([...(one?.tags ?? [])].filter((tag) => other?.tags.has(tag))).toEqual(['Post?*'])
  })

  it('the shapes that writers must know of, each once', () => {
    const { shapes } = finely('Post', { ...id, where: { OR: [{ authorId: 5 }, { authorId: 6 }, { title: 'a' }] } })
    expect(shapes).toEqual([
      { model: 'Post', text: 'authorId/id,title' },
      { model: 'Post', text: 'title/authorId,id' },
    ])
    expect(finely('Post', { where: { id: 1 } }).shapes).toEqual([])
  })

  it('each of its models as finely as that one is', () => {
    const of = (model: string) => (model === 'Post' ? 'shape' : 'model')
    const args = { ...id, where: { authorId: 5, author: { name: 'x' } } }
    expect(told('Post', args, 'rows', { of })).toEqual([
      'Post?*',
      'Post?authorId=* of authorId/id',
      'Post?authorId=5 of authorId/id',
      'User',
    ])
  })

  it('no more tags than it may', () => {
    const ids = { where: { authorId: { in: [1, 2, 3, 4] }, views: 1 }, ...id }
    const counts = [100, 14, 13, 4, 3, 2, 1].map((maxTags) => {
      const { tags } = finely('Post', ids, 'rows', { maxTags })
      expect(tags.size).toBeLessThanOrEqual(maxTags)
      return tags.size
    })
    expect(counts).toEqual([10, 10, 10, 3, 3, 1, 1])
    expect(told('Post', ids, 'rows', { maxTags: 9 })).toEqual([
      'Post?*',
      'Post?views=* of views/authorId,id',
      'Post?views=1 of views/authorId,id',
    ])
  })

  it('a model as a whole where one place does, in all places', () => {
    const args = { where: { id: 1 }, select: { id: true, reports: { select: { id: true } } } }
    expect(told('User', args)).not.toContain('User')
    const { dependencies, tags } = finely('User', args, 'rows', { maxTags: 4 })
    expect([...tags]).toEqual(['User'])
    expect(dependencies().map(({ because }) => because)).toEqual(expect.arrayContaining(['too-many-tags']))
  })

  it('what is said of it', () => {
    const said = (...query: Parameters<typeof finely>) => finely(...query).dependencies()
    expect(said('Post', { ...id, where: { authorId: 5, views: { gt: 1 } } })).toEqual([
      {
        model: 'Post',
        precision: 'shape',
        fields: ['authorId'],
        columns: ['authorId', 'id', 'views'],
        because: undefined,
      },
    ])
    expect(said('Post', { where: { id: 5 } })).toEqual([
      { model: 'Post', precision: 'row', fields: ['id'], columns: undefined, because: undefined },
    ])
    expect(said('Post', {}, 'rows', { of: () => 'model' })).toMatchObject([{ precision: 'model', because: 'option' }])
    expect(said('Post', {}, 'rows', { of: () => 'row' })).toMatchObject([{ precision: 'model', because: 'option' }])
    const unknown = graphWithoutText(testSchema)
    expect(readSet(unknown, unknown.models.get('Post') as Model, {}, 'rows', byShape).dependencies()).toMatchObject([
      { precision: 'model', because: 'schema-unknown' },
    ])
  })

  it('tags that writers spell alike', () => {
    const { tags, shapes } = finely('Post', { ...id, where: { authorId: 5 } })
    const [shape] = shapes
    expect(shape && [...tags]).toEqual(['Post?*', anyValuesTag(shape as never), valuesTag(shape as never, ['5'])])
  })
})
