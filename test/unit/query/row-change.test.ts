import { describe, expect, it } from 'vitest'
import type { Model, ModelGraph, UniqueKey } from '../../../src/query/model-graph.ts'
import { movedTags as movedIn, type RowChange } from '../../../src/query/row-change.ts'
import { keyTag, regionTag, type Shape, shapeOf, shapeOfRows } from '../../../src/query/shape.ts'
import { anyValuesTag, valuesTag } from '../../../src/tags/shape-tags.ts'
import { graphOf, testSchema } from './graph-of.ts'

type Columns = Readonly<Record<string, string>>

const shop = graphOf(testSchema)
const modelOf = (name: string, graph: ModelGraph = shop) => graph.models.get(name) as Model
const post = modelOf('Post')
const user = modelOf('User')
const movedTags = (model: Model, shape: Shape, change: RowChange) => [...movedIn(shop, model, shape, change)]
const row = (columns: Columns) => new Map(Object.entries(columns))

/** Queries that compare these columns and read these. */
function shape(model: Model, compared: string, read: string, isOfArrivals = false): Shape {
  const names = compared.split(' ').filter(Boolean)
  const conjunction = new Map(names.map((name) => [name, 'x']))
  return shapeOf(model, conjunction, new Set(read.split(' ').filter(Boolean)), isOfArrivals)
}

const created = (after: Columns): RowChange => ({
  kind: 'created',
  before: undefined,
  after: row(after),
  changed: undefined,
})
const deleted = (before: Columns): RowChange => ({
  kind: 'deleted',
  before: row(before),
  after: undefined,
  changed: undefined,
})
const updated = (before: Columns, after: Columns, changed: string): RowChange => ({
  kind: 'updated',
  before: row(before),
  after: row(after),
  changed: new Set(changed.split(' ')),
})

describe('a row that was', () => {
  const byAuthor = shape(post, 'authorId', 'title')
  const of = (author: string) => valuesTag(byAuthor, [author])

  it('created moves the tag of its values', () => {
    expect(movedTags(post, byAuthor, created({ id: '1', authorId: '5' }))).toEqual([of('5')])
    expect(movedTags(post, byAuthor, created({ id: '1', authorId: '' }))).toEqual([of('')])
  })

  it('deleted moves the tag of its values', () => {
    expect(movedTags(post, byAuthor, deleted({ authorId: '5' }))).toEqual([of('5')])
  })

  it('updated moves those of before and of after, each once', () => {
    expect(movedTags(post, byAuthor, updated({ authorId: '5' }, { authorId: '6' }, 'authorId'))).toEqual([
      of('5'),
      of('6'),
    ])
    expect(movedTags(post, byAuthor, updated({ authorId: '5' }, { authorId: '5' }, 'title'))).toEqual([of('5')])
  })

  it('updated in columns that nobody reads or compares moves nothing', () => {
    expect(movedTags(post, byAuthor, updated({ authorId: '5' }, { authorId: '5' }, 'views published'))).toEqual([])
    expect(movedTags(post, shape(post, 'views', 'title'), updated({}, { views: '1' }, 'published'))).toEqual([])
    expect(movedTags(post, shape(post, '', 'views'), updated({}, {}, 'title'))).toEqual([])
  })

  it('updated in no one knows which columns moves', () => {
    const change: RowChange = { ...updated({ authorId: '5' }, { authorId: '5' }, ''), changed: undefined }
    expect(movedTags(post, byAuthor, change)).toEqual([of('5')])
  })

  it('created or deleted moves, whatever is read', () => {
    const counted = shape(post, 'authorId', '')
    expect(movedTags(post, counted, created({ authorId: '5' }))).toHaveLength(1)
    expect(movedTags(post, counted, deleted({ authorId: '5' }))).toHaveLength(1)
  })

  it('one of those that are not compared at all moves their one tag', () => {
    const all = shape(post, '', 'title')
    for (const change of [created({}), deleted({ id: '1' }), updated({}, {}, 'title')]) {
      expect(movedTags(post, all, change)).toEqual([valuesTag(all, [])])
    }
  })
})

describe('a value that is not known', () => {
  const byAuthor = shape(post, 'authorId', 'title')

  it('moves all values of the shape', () => {
    expect(movedTags(post, byAuthor, created({ id: '1' }))).toEqual([anyValuesTag(byAuthor)])
    expect(movedTags(post, byAuthor, deleted({ id: '1' }))).toEqual([anyValuesTag(byAuthor)])
    expect(movedTags(post, byAuthor, updated({ id: '1' }, { id: '1', authorId: '6' }, 'authorId'))).toEqual([
      anyValuesTag(byAuthor),
      valuesTag(byAuthor, ['6']),
    ])
  })

  it('of a column that changes unseen moves those who ask for the others', () => {
    const both = shape(post, 'authorId views', 'title')
    expect(both.text).toBe('authorId,views~/title')
    expect(movedTags(post, both, updated({ authorId: '5' }, { authorId: '5', views: '2' }, 'views'))).toEqual([
      valuesTag(both, ['5', '*']),
      valuesTag(both, ['5', '2']),
    ])
    expect(movedTags(post, both, deleted({ views: '2' }))).toEqual([anyValuesTag(both)])
    expect(movedTags(post, both, deleted({}))).toEqual([anyValuesTag(both)])
  })

  it('of two such columns moves all values: their readers ask for one of them with any value of the other', () => {
    const three = shape(user, 'managerId name ratio', 'email')
    expect(three.text).toBe('managerId,name~,ratio~/email')
    expect(movedTags(user, three, deleted({ managerId: '1' }))).toEqual([anyValuesTag(three)])
    expect(movedTags(user, three, deleted({ managerId: '1', name: 'x' }))).toEqual([valuesTag(three, ['1', 'x', '*'])])
  })

  it('of a boolean or an enum is each it may be', () => {
    const flag = shape(post, 'authorId published', 'title')
    expect(movedTags(post, flag, deleted({ authorId: '5' }))).toEqual(
      ['true', 'false', ''].map((value) => valuesTag(flag, ['5', value])),
    )
    const role = shape(user, 'role', 'name')
    // Under either name that `ADMIN @map("admin_role")` has.
    expect(movedTags(user, role, deleted({}))).toEqual(
      ['USER', 'ADMIN', 'admin_role', ''].map((value) => valuesTag(role, [value])),
    )
    const several = shape(user, 'active role', 'name')
    expect(movedTags(user, several, deleted({}))).toHaveLength(12)
  })

  it('of more booleans and enums than can be listed moves all values', () => {
    const graph = graphOf('model M {\n  id Int @id\n  a Boolean\n  b Boolean\n  c Boolean\n}')
    const flags = modelOf('M', graph)
    const three = shape(flags, 'a b c', 'id')
    expect(movedTags(flags, three, deleted({}))).toEqual([anyValuesTag(three)])
    expect(movedTags(flags, three, deleted({ a: 'true' }))).toHaveLength(9)
  })

  it('of a boolean beside one that can be anything moves all values', () => {
    const flag = shape(post, 'authorId published', 'title')
    expect(movedTags(post, flag, deleted({}))).toEqual([anyValuesTag(flag)])
  })
})

describe('a row that came to exist under a key that is not known', () => {
  it('moves what absent rows depend on, not those that were found', () => {
    expect(movedTags(post, shape(post, 'id', 'title'), created({ authorId: '5' }))).toEqual(['Post:+'])
    expect(movedTags(post, shape(post, 'id views', 'title'), created({}))).toEqual(['Post:+'])
    expect(movedTags(post, shape(post, 'authorId title', 'views'), created({ title: 'x' }))).toEqual(['Post:+'])
  })

  it('moves the values where they are no key', () => {
    const some = shape(post, 'authorId', 'title')
    expect(movedTags(post, some, created({ id: '1' }))).toEqual([anyValuesTag(some)])
  })

  it('and one that changed or went under it moves who found it', () => {
    const one = shape(post, 'id', 'title')
    expect(movedTags(post, one, deleted({}))).toEqual([anyValuesTag(one)])
    expect(movedTags(post, one, updated({}, {}, 'title'))).toEqual([anyValuesTag(one)])
  })
})

describe('readers who know the rows they were shown', () => {
  const arrivals = shape(post, 'authorId', 'views', true)

  it('are told of rows that come to have its values, or stay with them', () => {
    const [five, six] = ['5', '6'].map((author) => valuesTag(arrivals, [author]))
    expect(movedTags(post, arrivals, created({ authorId: '5' }))).toEqual([five])
    expect(movedTags(post, arrivals, updated({ authorId: '6' }, { authorId: '5' }, 'authorId'))).toEqual([five])
    expect(movedTags(post, arrivals, updated({ authorId: '6' }, { authorId: '6' }, 'views'))).toEqual([six])
    expect(movedTags(post, arrivals, updated({ authorId: '6' }, {}, 'authorId'))).toEqual([anyValuesTag(arrivals)])
  })

  it('and not of rows that go', () => {
    expect(movedTags(post, arrivals, deleted({ authorId: '5' }))).toEqual([])
  })

  describe('one by one', () => {
    const rows = shapeOfRows(post, post.uniques?.[0] as UniqueKey, ['authorId'], new Set(['title']))

    it('are told of it by its key', () => {
      for (const change of [created({ id: '1' }), deleted({ id: '1', authorId: '5' })]) {
        expect(movedTags(post, rows, change)).toEqual([keyTag(rows, ['1'])])
      }
      expect(movedTags(post, rows, updated({ id: '1' }, { id: '2' }, 'id'))).toEqual([
        keyTag(rows, ['1']),
        keyTag(rows, ['2']),
      ])
    })

    it('by where it belongs, when its key is not known', () => {
      expect(movedTags(post, rows, deleted({ authorId: '5' }))).toEqual([regionTag(rows, 0, '5')])
      expect(movedTags(post, rows, updated({ authorId: '' }, { authorId: '5' }, 'authorId'))).toEqual([
        regionTag(rows, 0, ''),
        regionTag(rows, 0, '5'),
      ])
    })

    it('by all of them, when neither is', () => {
      expect(movedTags(post, rows, deleted({ views: '1' }))).toEqual([anyValuesTag(rows)])
    })

    it('and not of columns they do not see', () => {
      expect(movedTags(post, rows, updated({ id: '1' }, { id: '1' }, 'views'))).toEqual([])
      expect(movedTags(post, rows, updated({ id: '1' }, { id: '1' }, 'authorId'))).toEqual([keyTag(rows, ['1'])])
    })

    it('and not of new ones, which they cannot have been shown', () => {
      expect(movedTags(post, rows, created({ authorId: '5' }))).toEqual(['Post:+'])
    })
  })
})
