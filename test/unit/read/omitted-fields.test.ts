import { describe, expect, it } from 'vitest'
import type { GlobalOmit, Model } from '../../../src/query/model-graph.ts'
import { along, omittedFields, showsOmitted } from '../../../src/read/omitted-fields.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(testSchema)
const omitted = (model: string, args: Record<string, unknown>, globalOmit: GlobalOmit = {}) =>
  omittedFields(shop, globalOmit, shop.models.get(model) as Model, args)
const global: GlobalOmit = { user: { email: true }, orderLine: { quantity: true } }

describe('a query leaves out', () => {
  it('nothing, as a rule', () => {
    expect(omitted('User', {})).toBeUndefined()
    expect(omitted('User', { include: { posts: true }, where: { id: 1 } })).toBeUndefined()
    expect(omitted('User', { omit: { email: false } })).toBeUndefined()
  })

  it('what it says, and what the client says of the model', () => {
    expect(omitted('User', { omit: { name: true, email: false } })?.fields).toEqual(['name'])
    expect(omitted('User', {}, global)?.fields).toEqual(['email'])
    expect(omitted('OrderLine', {}, global)?.fields).toEqual(['quantity'])
    expect(omitted('User', { omit: { name: true } }, global)?.fields).toEqual(['email', 'name'])
  })

  it('not what it asks for against the client', () => {
    expect(omitted('User', { omit: { email: false } }, global)).toBeUndefined()
    expect(omitted('User', { select: { email: true } }, global)).toBeUndefined()
  })

  it('what is left out of the relations in it', () => {
    const selecting = { select: { id: true, author: { include: { manager: true } } } }
    for (const args of [{ include: { author: true } }, selecting]) {
      expect(omitted('Post', args, global)?.relations.get('author')?.fields).toEqual(['email'])
    }
    expect(omitted('Post', { include: { author: false, tags: undefined } }, global)).toBeUndefined()
    expect(omitted('User', { include: { posts: { omit: { title: true } } } })?.relations.get('posts')?.fields).toEqual([
      'title',
    ])
  })
})

describe('a result shows what was left out', () => {
  const ofPosts = omitted('User', { omit: { email: true }, include: { posts: { omit: { title: true } } } })
  const shows = (result: unknown) => ofPosts && showsOmitted(ofPosts, result)

  it.each<[boolean, string, unknown]>([
    [false, 'in nothing', null],
    [false, 'in no rows', []],
    [false, 'in rows without it', [{ id: 1, posts: [{ id: 1 }] }]],
    [true, 'in a row', { id: 1, email: 'a' }],
    [true, 'in a row in which it is null', { id: 1, email: null }],
    [true, 'in any of the rows', [{ id: 1 }, { id: 2, email: 'a' }]],
    [true, 'in a relation', { id: 1, posts: [{ id: 1 }, { id: 2, title: 't' }] }],
    [false, 'in a relation that is not there', { id: 1, posts: null }],
    [false, 'in a field of the same name elsewhere', { id: 1, profile: { email: 'a' } }],
  ])('%s: %s', (expected, _, result) => {
    expect(shows(result)).toBe(expected)
  })

  it('at the end of a fluent path', () => {
    const path = omitted('Post', { select: { author: { select: { manager: true } } } }, global)
    expect(along([], path)).toBe(path)
    expect(along(['select', 'author', 'select', 'manager'], path)?.fields).toEqual(['email'])
    expect(along(['select', 'author'], path)?.fields).toEqual([])
    expect(along(['select', 'tags'], path)).toBeUndefined()
    expect(along(['select', 'author'], undefined)).toBeUndefined()
  })
})
