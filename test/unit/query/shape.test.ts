import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Model, UniqueKey } from '../../../src/query/model-graph.ts'
import {
  concerns,
  keyTag,
  parseShape,
  regionTag,
  type Shape,
  shapeOf,
  shapeOfRows,
  showsAll,
  valueTags,
} from '../../../src/query/shape.ts'
import { anyValuesTag, valuesTag } from '../../../src/tags/shape-tags.ts'
import { graphOf, testSchema } from './graph-of.ts'

const shop = graphOf(testSchema)
const modelOf = (name: string) => shop.models.get(name) as Model
const post = modelOf('Post')
const byId = post.uniques?.[0] as UniqueKey
const allOf = (model: Model) =>
  [...model.fields.values()].filter(({ kind }) => kind !== 'relation').map(({ name }) => name)

const conjunction = (columns: Record<string, string>) => new Map(Object.entries(columns))
const shape = (columns: Record<string, string>, read: readonly string[], isOfArrivals = false) =>
  shapeOf(post, conjunction(columns), new Set(read), isOfArrivals)

describe('the text of a shape', () => {
  it.each<[string, Shape, string]>([
    ['names what is compared, then what is read', shape({ authorId: '5' }, ['title', 'id']), 'authorId/id,title'],
    ['is in one order', shape({ published: 'true', authorId: '5' }, ['views', 'id']), 'authorId,published/id,views'],
    ['names no column twice', shape({ authorId: '5' }, ['authorId', 'id']), 'authorId/id'],
    ['says when every column is read', shape({ authorId: '5' }, allOf(post)), 'authorId/.'],
    ['says which relations are, besides', shape({ authorId: '5' }, [...allOf(post), 'tags']), 'authorId/.,tags'],
    ['says when any column may be read', shape({ authorId: '5' }, ['id', '*']), 'authorId/*'],
    ['may compare nothing', shape({}, ['id']), '/id'],
    ['may read nothing', shape({ authorId: '5' }, []), 'authorId/'],
    ['marks what changes often and unseen', shape({ authorId: '5', views: '1' }, ['id']), 'authorId,views~/id'],
    ['marks it not where it is alone', shape({ views: '1' }, ['id']), 'views/id'],
    [
      'marks neither keys nor columns of few values',
      shape({ authorId: '5', published: 'true', title: 'x' }, []),
      'authorId,published,title/',
    ],
    ['marks arrivals', shape({ authorId: '5' }, ['id'], true), 'authorId/+id'],
    [
      'of rows names their key, and where they belong',
      shapeOfRows(post, byId, ['authorId'], new Set(['title'])),
      'id|authorId/title',
    ],
    ['of rows may be of rows that belong nowhere', shapeOfRows(post, byId, [], new Set(allOf(post))), 'id/.'],
  ])('%s', (_, { text }, expected) => {
    expect(text).toBe(expected)
  })

  it('does not depend on the values', () => {
    expect(shape({ authorId: '5' }, ['id'])).toEqual(shape({ authorId: '6' }, ['id']))
  })

  it('is read back as it was written', () => {
    const columns = fc.uniqueArray(fc.constantFrom(...allOf(post), 'tags', '*'))
    const compared = fc.uniqueArray(fc.constantFrom(...allOf(post)), { maxLength: 4 })
    const regions = fc.uniqueArray(fc.constantFrom('authorId', 'views'), { maxLength: 2 })
    const shapes = fc.oneof(
      fc
        .tuple(compared, columns, fc.boolean())
        .map(([names, read, arrivals]) => shape(Object.fromEntries(names.map((name) => [name, '1'])), read, arrivals)),
      fc.tuple(regions, columns).map(([some, read]) => shapeOfRows(post, byId, some, new Set(read))),
    )
    fc.assert(
      fc.property(shapes, (one) => {
        expect(parseShape('Post', one.text)).toEqual(one)
      }),
    )
  })

  it.each([
    '',
    'id',
    '/id/title',
    'id,/title',
    ',id/title',
    'id//',
    'id~~/title',
    'id~status/title',
    'id/title,',
    'id/*,title',
    'id/**',
    'id/++title',
    'id|/title',
    'id|a|b/title',
    'id/ti tle',
    'id=1/title',
    'id/title\n',
    'v',
    'n',
    '../*',
    '*/*',
  ])('is nothing but that: %j', (text) => {
    expect(parseShape('Post', text)).toBeUndefined()
  })

  it('is not read from what somebody else wrote', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom(...'ab,~/|+*') }), (bytes, near) => {
        for (const text of [bytes, near]) {
          const parsed = parseShape('Post', text)
          if (!parsed || text.startsWith('|')) continue
          // What is read must name its tags as whoever wrote it does.
          expect(parsed.text).toBe(text)
          expect(parsed.fields.map(({ name }) => name).every((name) => /^\w+$/.test(name))).toBe(true)
          const texts = [...parsed.fields, ...parsed.regions].map(() => '1')
          expect(valuesTag(parsed, texts)).not.toContain('undefined')
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a reader depends on', () => {
  it('its values', () => {
    const one = shape({ authorId: '5', published: 'true' }, [])
    expect(valueTags(one, conjunction({ authorId: '5', published: 'true' }))).toEqual([valuesTag(one, ['5', 'true'])])
  })

  it('all values of each column that changes unseen, besides', () => {
    const one = shape({ authorId: '5', ratio: '1', views: '2' }, [])
    const two = shapeOf(post, conjunction({ title: 'x', views: '2' }), new Set())
    expect(valueTags(one, conjunction({ authorId: '5', ratio: '1', views: '2' }))).toEqual([
      valuesTag(one, ['5', '1', '2']),
      valuesTag(one, ['5', '1', '*']),
    ])
    expect(valueTags(two, conjunction({ title: 'x', views: '2' }))).toContain(valuesTag(two, ['x', '*']))
  })

  it('the one tag of a shape that compares nothing', () => {
    const one = shape({}, ['id'])
    expect(valueTags(one, conjunction({}))).toEqual([valuesTag(one, [])])
    expect(valuesTag(one, [])).not.toBe(anyValuesTag(one))
  })

  it('its rows by their key, and by where they belong', () => {
    const one = shapeOfRows(post, byId, ['authorId', 'views'], new Set(['title']))
    expect(keyTag(one, ['1'])).toBe(valuesTag(one, ['1', '*', '*']))
    expect(regionTag(one, 0, '5')).toBe(valuesTag(one, ['*', '5', '*']))
    expect(regionTag(one, 1, '')).toBe(valuesTag(one, ['*', '*', '']))
    expect(anyValuesTag(one)).toBe(valuesTag(one, ['*', '*', '*']))
  })
})

describe('a change concerns a shape', () => {
  const one = shape({ authorId: '5' }, ['title'])
  it.each<[boolean, string, Shape, string[]]>([
    [true, 'by a column it reads', one, ['views', 'title']],
    [true, 'by a column it compares', one, ['authorId']],
    [true, 'by where its rows belong', shapeOfRows(post, byId, ['authorId'], new Set(['title'])), ['authorId']],
    [true, 'by the key of its rows', shapeOfRows(post, byId, ['authorId'], new Set(['title'])), ['id']],
    [true, 'by any column, where it reads all', shape({}, ['*']), ['views']],
    [true, 'by a relation that counts as a column', shape({}, ['tags']), ['tags']],
    [true, 'by any column, where it reads all there are', shape({}, allOf(post)), ['views']],
    [true, 'by such a relation, beside all columns', shape({}, [...allOf(post), 'tags']), ['tags']],
    [false, 'not by such a relation, where it reads columns alone', shape({}, allOf(post)), ['tags']],
    [false, 'not by others', one, ['views', 'published', 'id']],
    [false, 'not by none', one, []],
  ])('%s: %s', (expected, _, its, changed) => {
    expect(concerns(post, its, new Set(changed))).toBe(expected)
  })
})

describe('all of a model is shown', () => {
  it.each<[boolean, string, string[]]>([
    [true, 'by all of its columns', allOf(post)],
    [true, 'by a column that may be any', ['*']],
    [false, 'not by all but one', allOf(post).slice(1)],
    [false, 'not by its relations', ['author', 'tags', 'comments']],
  ])('%s: %s', (expected, _, columns) => {
    expect(showsAll(post, new Set(columns))).toBe(expected)
  })
})
