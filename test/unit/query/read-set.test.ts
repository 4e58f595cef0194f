import { describe, expect, it } from 'vitest'
import type { Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { readSet } from '../../../src/query/read-set.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'
import { readable } from './readable-tags.ts'

type Args = Readonly<Record<string, unknown>>

const shop = graphOf(testSchema)
const setOf = (model: string, args: Args, yields: 'rows' | 'aggregate' = 'rows', graph: ModelGraph = shop) =>
  readSet(graph, graph.models.get(model) as Model, args, yields)
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
      'its model, when a cursor stands at another row',
      'User',
      { where: { id: 1 }, orderBy: { id: 'desc' }, cursor: { id: 3 } },
      ['User'],
    ],
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
      'its whole model, when it comes back to it',
      'User',
      { where: { id: 1 }, include: { posts: { include: { author: true } } } },
      ['Post', 'User'],
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
      ['Post:*', 'Post:id=1', 'Tag'],
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
    ['one row, when it is about one', 'User', { where: { id: 1 } }, ['User:*', 'User:id=1']],
    [
      'its model, when a cursor stands at another row',
      'User',
      { where: { id: 1 }, orderBy: { id: 'desc' }, cursor: { id: 3 } },
      ['User'],
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
    expect(shown('User', { select: { email: true } }, 'aggregate')).toEqual({})
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
