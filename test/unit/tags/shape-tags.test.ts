import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { anyValuesTag, equalityFields, type ShapeKey, valuesTag } from '../../../src/tags/shape-tags.ts'
import { everyShapeTag, modelOf } from '../../../src/tags/tag.ts'

const post = (text: string): ShapeKey => ({ model: 'Post', text })
const name = fc.constantFrom('a', 'b', 'authorId', 'status', 'title')
const text = fc
  .tuple(fc.uniqueArray(name, { maxLength: 3 }), fc.uniqueArray(name, { maxLength: 3 }))
  .map(([fields, columns]) => `${fields.sort().join()}/${columns.sort().join()}`)

describe('the tags of a shape', () => {
  it('say the columns that are compared, and their values', () => {
    const shape = post('authorId,status~/createdAt,title')
    expect(anyValuesTag(shape)).toMatch(/^Post\?authorId=\*&status=\*&[\w-]{8}$/)
    expect(valuesTag(shape, ['5', 'draft'])).toMatch(/^Post\?authorId=5&status=draft&[\w-]{8}$/)
    expect(valuesTag(shape, ['5', '*'])).toMatch(/^Post\?authorId=5&status=\*&[\w-]{8}$/)
    expect(valuesTag(shape, ['5', ''])).toMatch(/^Post\?authorId=5&status=&[\w-]{8}$/)
  })

  it('are two where nothing is compared: one for all rows, and one for when it is given up', () => {
    expect(valuesTag(post('/*'), [])).toMatch(/^Post\?[\w-]{8}$/)
    expect(anyValuesTag(post('/*'))).toMatch(/^Post\?\*&[\w-]{8}$/)
  })

  it('are of their model, and none of them is the tag of all', () => {
    for (const tag of [anyValuesTag(post('/*')), valuesTag(post('/*'), []), valuesTag(post('id/*'), ['1'])]) {
      expect(modelOf(tag)).toBe('Post')
      expect(tag).not.toBe(everyShapeTag('Post'))
    }
  })

  it('are the same each time, however many shapes there were in between', () => {
    const tag = anyValuesTag(post('id/title'))
    for (let i = 0; i < 5000; i += 1) anyValuesTag(post(`id/column${i}`))
    expect(anyValuesTag(post('id/title'))).toBe(tag)
  })

  it('are others for another shape, whatever the values', () => {
    const value = fc.constantFrom('', '*', '1', 'a')
    fc.assert(
      fc.property(text, text, fc.array(value, { minLength: 3, maxLength: 3 }), (one, other, values) => {
        fc.pre(one !== other)
        const tagsOf = (its: string) => [anyValuesTag(post(its)), valuesTag(post(its), values)]
        expect(tagsOf(one).filter((tag) => tagsOf(other).includes(tag))).toEqual([])
      }),
    )
  })

  it('are others for other values', () => {
    const shape = post('a,b/*')
    const value = fc.constantFrom('', '1', '2', 'x', 'USER', 'true')
    fc.assert(
      fc.property(fc.tuple(value, value), fc.tuple(value, value), (one, other) => {
        expect(valuesTag(shape, one) === valuesTag(shape, other)).toBe(one.join() === other.join())
        expect(valuesTag(shape, one)).not.toBe(anyValuesTag(shape))
      }),
    )
  })
})

describe('the columns that a shape compares', () => {
  it.each<[string, string[]]>([
    ['authorId,status~/createdAt,title', ['authorId', 'status']],
    ['id|authorId,ownerId/*', ['id', 'authorId', 'ownerId']],
    ['authorId/+id', ['authorId']],
    ['/createdAt', []],
    ['/*', []],
    ['no shape at all', []],
    ['', []],
  ])('%s', (its, fields) => {
    expect(equalityFields(its)).toEqual(fields)
  })
})
