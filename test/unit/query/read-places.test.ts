import { describe, expect, it } from 'vitest'
import type { Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { type Place, readPlaces, type Yields } from '../../../src/query/read-places.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'

type Args = Readonly<Record<string, unknown>>

/** As `prisma.post.fields.authorId` is. */
class FieldReference {
  readonly modelName = 'Post'
  readonly typeName = 'Int'
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

const shop = graphOf(testSchema)
const placesOf = (model: string, args: Args, yields: Yields = 'rows', graph: ModelGraph = shop) =>
  readPlaces(graph, graph.models.get(model) as Model, args, yields).places
const placeOf = (...query: Parameters<typeof placesOf>) => placesOf(...query)[0] as Place
const conditions = ({ rows }: Place) =>
  rows.map((row) =>
    [...row]
      .sort()
      .map((one) => one.join('='))
      .join('&'),
  )
const names = (columns: ReadonlySet<string>) => [...columns].sort().join(' ')

/** Each place as `Post authorId=1: id title`, with the columns that decide as `id!`. */
function told(...query: Parameters<typeof placesOf>): string[] {
  return placesOf(...query).map((place) => {
    const columns = [...place.columns].sort().map((name) => (place.deciding.has(name) ? `${name}!` : name))
    return `${[place.model.name, conditions(place).join(' | ')].join(' ').trim()}: ${columns.join(' ')}`.trim()
  })
}

describe('a place', () => {
  it.each<[string, string, Args, string[]]>([
    ['is of all columns where nothing is selected', 'Tag', {}, ['Tag: color name']],
    ['is of the selected ones', 'Tag', { select: { name: true, color: false } }, ['Tag: name']],
    ['is not of omitted ones', 'Tag', { omit: { color: true, name: false } }, ['Tag: name']],
    [
      'is of what conditions compare',
      'Post',
      { select: { id: true }, where: { title: { contains: 'a' } } },
      ['Post: id title!'],
    ],
    [
      'is of what conditions compare at any depth',
      'Post',
      { select: { id: true }, where: { AND: [{ OR: [{ NOT: { title: { gt: 'a' } } }, { views: 1 }] }] } },
      ['Post: id title! views!'],
    ],
    [
      'is of columns that conditions compare others with',
      'Post',
      { select: { id: true }, where: { views: { gt: new FieldReference('authorId') } } },
      ['Post: authorId! id views!'],
    ],
    [
      'has the rows that conditions find',
      'Post',
      { select: { id: true }, where: { authorId: { in: [1, 2] } } },
      ['Post authorId=1 | authorId=2: authorId! id'],
    ],
    [
      'is of a compound key',
      'Post',
      { select: { id: true }, where: { authorId_title: { authorId: 1, title: undefined } } },
      ['Post authorId=1: authorId! id title!'],
    ],
    [
      'is of what rows are ordered by',
      'Post',
      { select: { id: true }, orderBy: [{ views: 'desc' }, { title: { sort: 'asc', nulls: 'last' } }] },
      ['Post: id title! views!'],
    ],
    [
      'is of what rows are told apart by',
      'Post',
      { select: { id: true }, distinct: ['title', 'views'] },
      ['Post: id title! views!'],
    ],
    [
      'is of any column, ordered by something that is not known',
      'Post',
      { select: { id: true }, orderBy: { _relevance: { fields: ['title'] } } },
      ['Post: *! id'],
    ],
  ])('%s', (_, model, args, expected) => {
    expect(told(model, args)).toEqual(expected)
  })
})

describe('a relation leads to a place', () => {
  const id = { select: { id: true } }

  it.each<[string, string, Args, string[]]>([
    [
      'that is shown, by the columns that link them',
      'User',
      { select: { posts: id } },
      ['User: id', 'Post: authorId! id'],
    ],
    [
      'held by the other side',
      'Post',
      { select: { author: { select: { name: true } } } },
      ['Post: authorId', 'User: id! name'],
    ],
    [
      'of whole rows',
      'Profile',
      { select: { id: true, user: { select: { posts: true } } } },
      ['Profile: id userId', 'User: id!', 'Post: authorId! id published title views'],
    ],
    [
      'that filters it, and decides by its link',
      'Post',
      { ...id, where: { author: { name: 'x' } } },
      ['Post: authorId! id', 'User name=x: id! name!'],
    ],
    ['that is counted', 'User', { select: { _count: { select: { posts: true } } } }, ['User: id', 'Post: authorId!']],
    [
      'that is counted by a condition',
      'User',
      { select: { _count: { select: { posts: { where: { views: { gt: 1 } } } } } } },
      ['User: id', 'Post: authorId! views!'],
    ],
    [
      'that orders it',
      'Post',
      { ...id, orderBy: { author: { name: 'asc' } } },
      ['Post: authorId! id', 'User: id! name!'],
    ],
    [
      'whose number orders it',
      'User',
      { ...id, orderBy: { posts: { _count: 'asc' } } },
      ['User: id!', 'Post: authorId!'],
    ],
    [
      'held by a join table, which counts as a column of both',
      'Post',
      { select: { id: true, tags: { select: { name: true } } } },
      ['Post: id tags', 'Tag: name posts!'],
    ],
    ['without which rows are found', 'Post', { ...id, where: { author: null } }, ['Post: authorId! id', 'User: id!']],
  ])('%s', (_, model, args, expected) => {
    expect(told(model, args).map((one) => one.replace(/name=[\w-]{22}/, 'name=x'))).toEqual(expected)
  })

  it.each<[string, string, Args, string[]]>([
    [
      'of the children of known parents',
      'User',
      { where: { id: 1 }, select: { posts: id } },
      ['User id=1: id!', 'Post authorId=1: authorId! id'],
    ],
    [
      'of the parent of known children',
      'Post',
      { where: { authorId: 1 }, select: { author: id } },
      ['Post authorId=1: authorId!', 'User id=1: id!'],
    ],
    [
      'of the children that its conditions find',
      'User',
      { where: { id: 1 }, select: { posts: { ...id, where: { views: 2 } } } },
      ['User id=1: id!', 'Post authorId=1&views=2: authorId! id views!'],
    ],
    [
      'of children that are counted',
      'User',
      { where: { id: 1 }, select: { _count: { select: { posts: { where: { views: 2 } } } } } },
      ['User id=1: id!', 'Post authorId=1&views=2: authorId! views!'],
    ],
    [
      'of children that filter',
      'User',
      { ...id, where: { posts: { some: { views: 2 } } } },
      ['User: id!', 'Post views=2: authorId! views!'],
    ],
    [
      'of children that must not be there',
      'User',
      { ...id, where: { posts: { none: { views: 2 } } } },
      ['User: id!', 'Post views=2: authorId! views!'],
    ],
    [
      'of any children, where all must be alike',
      'User',
      { ...id, where: { posts: { every: { views: 2 } } } },
      ['User: id!', 'Post: authorId! views!'],
    ],
    [
      'of a parent that must not be',
      'Post',
      { ...id, where: { author: { isNot: { managerId: 2 } } } },
      ['Post: authorId! id', 'User managerId=2: id! managerId!'],
    ],
    [
      'of each quantifier',
      'User',
      { ...id, where: { posts: { some: { views: 1 }, none: { views: 2 } } } },
      ['User: id!', 'Post views=1: authorId! views!', 'Post views=2: authorId! views!'],
    ],
  ])('with rows %s', (_, model, args, expected) => {
    expect(told(model, args)).toEqual(expected)
  })

  it('by columns that cannot be told without the text of the schema', () => {
    expect(told('User', { select: { posts: id } }, 'rows', graphWithoutText(testSchema))).toEqual([
      'User: *',
      'Post: *! id',
    ])
  })

  it('of as many conditions as can be looked up', () => {
    const ids = (count: number) => ({ where: { id: { in: Array.from({ length: count }, (_, i) => i) } } })
    expect(placeOf('User', ids(12)).rows).toHaveLength(12)
    expect(conditions(placeOf('User', ids(13)))).toEqual([''])
  })
})

describe('a cursor', () => {
  it('is a place of its own: where its row stands decides the page', () => {
    expect(
      told('Post', { select: { id: true }, where: { authorId: 1 }, cursor: { id: 3 }, orderBy: { views: 'asc' } }),
    ).toEqual(['Post authorId=1: authorId! id! views!', 'Post id=3: id! views!'])
  })
})

describe('a figure', () => {
  it.each<[string, Args, string[]]>([
    ['of all rows is of no column', {}, ['Post:']],
    ['is of what it counts', { select: { _all: true, authorId: true } }, ['Post: authorId!']],
    ['is of what it adds up', { _sum: { views: true }, _max: { id: true } }, ['Post: id views']],
    ['is of what it counts beside others', { _count: { authorId: true, title: false } }, ['Post: authorId!']],
    ['of groups is of what they are made by', { by: ['title'], _count: true }, ['Post: title']],
    [
      'of groups is of what they must have',
      { by: ['title'], having: { views: { _sum: { gt: 1 } } } },
      ['Post: title views!'],
    ],
    ['of groups is of their order', { by: ['title'], orderBy: { _sum: { views: 'asc' } } }, ['Post: *! title views!']],
    ['is of conditions', { where: { authorId: 1, views: { gt: 1 } } }, ['Post authorId=1: authorId! views!']],
    ['of a page is of its order', { orderBy: { views: 'asc' }, take: 1 }, ['Post: views!']],
    [
      'of a page is of relations that order it',
      { orderBy: { author: { name: 'asc' } }, take: 1 },
      ['Post: *! authorId!', 'User: id! name!'],
    ],
    [
      'of a page is of where it begins',
      { where: { authorId: 1 }, orderBy: { views: 'asc' }, cursor: { id: 3 } },
      ['Post authorId=1: authorId! id! views!', 'Post id=3: id! views!'],
    ],
  ])('%s', (_, args, expected) => {
    expect(told('Post', args, 'aggregate')).toEqual(expected)
  })

  it('shows no rows', () => {
    expect(placeOf('Post', {}, 'aggregate').shown).toBeUndefined()
  })
})

describe('rows that stand in the result', () => {
  const shownOf = (...query: Parameters<typeof placesOf>) =>
    placesOf(...query).map(({ shown }) => shown && { ...shown, columns: names(shown.columns) })

  it('are at the end of a path, with the columns that are shown', () => {
    const args = { select: { id: true, posts: { select: { title: true, author: true } } }, where: { name: 'x' } }
    const all = { isFirst: true, take: undefined }
    expect(shownOf('User', args)).toEqual([
      { path: [], isList: true, columns: 'id', ...all },
      { path: ['posts'], isList: true, columns: 'title', ...all },
      {
        path: ['posts', 'author'],
        isList: false,
        columns: names(new Set(shop.models.get('User')?.fields.keys()))
          .split(' ')
          .filter((name) => shop.models.get('User')?.fields.get(name)?.kind !== 'relation')
          .join(' '),
        ...all,
      },
    ])
  })

  it('are none of those that filter, order or are counted', () => {
    const args = {
      select: { id: true, _count: true },
      where: { posts: { some: {} } },
      orderBy: { manager: { name: 'asc' } },
    }
    expect(
      shownOf('User', args as Args)
        .slice(1)
        .every((shown) => shown === undefined),
    ).toBe(true)
    expect(shownOf('User', { select: { id: true }, cursor: { id: 1 } })[1]).toBeUndefined()
  })

  it.each<[string, Args, { isFirst?: boolean; take?: number }]>([
    ['all', {}, { isFirst: true }],
    ['a first page', { take: 5 }, { isFirst: true, take: 5 }],
    ['the last ones', { take: -5 }, { isFirst: true, take: 5 }],
    ['none skipped', { take: 5, skip: 0 }, { isFirst: true, take: 5 }],
    ['a later page', { take: 5, skip: 5 }, { isFirst: false, take: 5 }],
    ['from a row on', { take: 5, cursor: { id: 1 } }, { isFirst: false, take: 5 }],
    ['of each kind one', { take: 5, distinct: ['name'] }, { isFirst: false, take: 5 }],
  ])('are %s', (_, args, expected) => {
    const { isFirst, take } = placeOf('User', args).shown ?? {}
    expect({ isFirst, take }).toEqual({ take: undefined, ...expected })
    const nested = placesOf('Post', { select: { author: { select: { posts: args } } } })[2]?.shown
    expect({ isFirst: nested?.isFirst, take: nested?.take }).toEqual({ take: undefined, ...expected })
  })

  it('are one at most, of a read of one', () => {
    expect(placeOf('User', { where: { name: 'x' } }, 'row').shown).toMatchObject({
      take: 1,
      isList: false,
      isFirst: true,
    })
    expect(placeOf('User', { skip: 1 }, 'row').shown).toMatchObject({ take: 1, isFirst: false })
  })

  it('lead to related ones by what both have', () => {
    const [user, post, tag] = placesOf('User', { select: { posts: { select: { tags: true } } } })
    expect(user?.link).toBeUndefined()
    expect(post?.link).toEqual({ from: user, here: ['id'], there: ['authorId'] })
    expect(tag?.link).toEqual({ from: post, here: ['tags'], there: ['posts'] })
  })

  it('lead to those that are counted, not to those that filter or order', () => {
    const [user, counted] = placesOf('User', { select: { _count: { select: { posts: true } } } })
    expect(counted?.link).toMatchObject({ from: user, here: ['id'], there: ['authorId'] })
    const args = { where: { posts: { some: {} } }, orderBy: { manager: { name: 'asc' } } }
    expect(
      placesOf('User', args)
        .slice(1)
        .map(({ link }) => link),
    ).toEqual([undefined, undefined])
  })
})
