import { Decimal } from '@prisma/client/runtime/client'
import { describe, expect, it } from 'vitest'
import { knownText } from '../../../src/query/column-text.ts'
import { conjunctions } from '../../../src/query/conditions.ts'
import type { Field, Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { pinningKey, rowTags } from '../../../src/query/row-key.ts'
import { rowTag } from '../../../src/tags/tag.ts'
import { graphOf, graphWithoutText, testSchema } from './graph-of.ts'
import { readable } from './readable-tags.ts'

const shop = graphOf(testSchema)
const texts = ['ada', 'a title', 'o1']

/** The tag of the row a `where` pins, as readers spell it; `undefined` when there may be several, or none is told. */
function pinned(name: string, where: unknown, graph: ModelGraph = shop): string | undefined {
  const model = graph.models.get(name) as Model
  const [row, ...others] = conjunctions(graph, model, where, 12)
  const key = row && others.length === 0 ? pinningKey(model, row) : undefined
  const values = key?.fields.map((field) => [field.name, row?.get(field.name) as string] as const)
  return values && readable([rowTag(name, values)], texts)[0]
}

/** The tags of a row as writers spell them. */
function rowOf(name: string, columns: Record<string, unknown>, graph: ModelGraph = shop) {
  const model = graph.models.get(name) as Model
  const row = new Map<string, string>()
  for (const [column, value] of Object.entries(columns)) {
    const text = knownText(graph, model.fields.get(column) as Field, value)
    if (text !== undefined) row.set(column, text)
  }
  const { tags, areAll } = rowTags(graph, model, row)
  return { tags: readable(tags, texts), areAll }
}
const tagsOf = (...row: Parameters<typeof rowOf>) => rowOf(...row).tags

/** A graph of one model whose only key has this type. */
function keyed(type: string, provider = 'postgresql'): ModelGraph {
  return graphOf(`enum Role {\n  USER\n}\nmodel M {\n  key ${type} @unique\n}`, provider)
}

describe('a `where` pins a row', () => {
  it.each<[string, string, unknown, string]>([
    ['by its id', 'User', { id: 1 }, 'User:id=1'],
    ['by equals', 'User', { id: { equals: 1 } }, 'User:id=1'],
    ['by equals with undefined beside it', 'User', { id: { equals: 1, gt: undefined } }, 'User:id=1'],
    ['by another unique key', 'User', { email: 'ada' }, 'User:email=‹ada›'],
    ['by the first of several', 'User', { email: 'ada', id: 1 }, 'User:id=1'],
    ['with conditions beside it', 'User', { id: 1, name: { contains: 'a' }, NOT: { id: 2 } }, 'User:id=1'],
    ['by a list of one', 'User', { id: { in: [1] } }, 'User:id=1'],
    ['in one of one branches', 'User', { OR: [{ id: 1 }] }, 'User:id=1'],
    ['inside AND', 'User', { AND: [{ name: 'a' }, { id: 1 }] }, 'User:id=1'],
    ['inside AND of AND', 'User', { AND: { AND: { id: 1 } } }, 'User:id=1'],
    [
      'by a compound key',
      'Post',
      { authorId_title: { authorId: 1, title: 'a title' } },
      'Post:authorId=1&title=‹a title›',
    ],
    ['by the columns of a compound key', 'Post', { title: 'a title', authorId: 1 }, 'Post:authorId=1&title=‹a title›'],
    [
      'by a compound id',
      'OrderLine',
      { orderId_productId: { productId: 2, orderId: 'o1' } },
      'OrderLine:orderId=‹o1›&productId=2',
    ],
  ])('%s', (_, model, where, tag) => {
    expect(pinned(model, where)).toBe(tag)
  })

  it('by the name of a compound key', () => {
    const graph = graphOf('model M {\n  a Int\n  b Int\n  @@unique([a, b], name: "pair")\n}')
    expect(pinned('M', { pair: { a: 1, b: 2 } }, graph)).toBe('M:a=1&b=2')
    expect(pinned('M', { a_b: { a: 1, b: 2 } }, graph)).toBeUndefined()
  })
})

describe('a `where` pins no row', () => {
  it.each<[string, string, unknown]>([
    ['that is not there', 'User', undefined],
    ['that is empty', 'User', {}],
    ['on columns that are no key', 'User', { name: 'ada' }],
    ['on a part of a key', 'Post', { authorId: 1 }],
    ['in one of several branches', 'User', { OR: [{ id: 1 }, { id: 2 }] }],
    ['in a negation', 'User', { NOT: { id: 1 } }],
    ['of another row', 'User', { manager: { id: 1 } }],
    ['by a range', 'User', { id: { gt: 1 } }],
    ['by a list', 'User', { id: { in: [1, 2] } }],
    ['by an empty list', 'User', { id: { in: [] } }],
    ['by a negation', 'User', { id: { not: 1 } }],
    ['by more than equality', 'User', { email: { equals: 'ada', mode: 'insensitive' } }],
    ['by undefined', 'User', { id: undefined }],
    ['by equals undefined', 'User', { id: { equals: undefined } }],
    ['by null', 'Post', { authorId: null, title: 'a title' }],
    ['by a value of another type', 'User', { id: '1' }],
    [
      'by the value of another column',
      'User',
      { id: { equals: { modelName: 'User', name: 'managerId', typeName: 'Int' } } },
    ],
  ])('%s', (_, model, where) => {
    expect(pinned(model, where)).toBeUndefined()
  })

  it('without the text of the schema', () => {
    expect(pinned('User', { id: 1 }, graphWithoutText(testSchema))).toBeUndefined()
  })
})

describe('a row has a tag for each of its keys', () => {
  it('in the order of the schema', () => {
    expect(tagsOf('User', { id: 1, email: 'ada', name: 'Ada' })).toEqual(['User:email=‹ada›', 'User:id=1'])
  })

  it('and none by a key that is partly null: nobody can look a row up by it', () => {
    expect(tagsOf('Post', { id: 1, authorId: null, title: 'a title' })).toEqual(['Post:id=1'])
  })

  it('all of them, where each column is known or no key can be made of it', () => {
    expect(rowOf('User', { id: 1, email: 'ada' }).areAll).toBe(true)
    expect(rowOf('Post', { id: 1, authorId: null }).areAll).toBe(true)
    expect(rowOf('M', {}, keyed('DateTime')).areAll).toBe(true)
  })

  it.each<[string, Record<string, unknown>, string[]]>([
    ['is not known', { id: 1 }, ['User:id=1']],
    ['is undefined', { id: 1, email: undefined }, ['User:id=1']],
    ['has no text', { id: 1, email: { increment: 1 } }, ['User:id=1']],
    ['is no safe integer', { id: 2 ** 53, email: 'ada' }, ['User:email=‹ada›']],
    ['is one of those that are all unknown', { name: 'Ada' }, []],
  ])('but not all of them where one %s: a reader may know the row by just that key', (_, columns, tags) => {
    expect(rowOf('User', columns)).toEqual({ tags, areAll: false })
  })

  it('but not all of them where a part of a key is not known', () => {
    expect(rowOf('Post', { id: 1, title: 'a title' })).toEqual({ tags: ['Post:id=1'], areAll: false })
  })

  it('and none without the text of the schema', () => {
    expect(rowOf('User', { id: 1, email: 'ada' }, graphWithoutText(testSchema))).toEqual({ tags: [], areAll: false })
  })
})

describe('readers and writers spell a row alike', () => {
  // A reader has the value of its query, a writer that of the row; what the database holds equal must meet.
  it.each<[string, string, unknown, unknown]>([
    ['Int', 'a number and a bigint', 1, 1n],
    ['BigInt', 'a number and a bigint', 1, 1n],
    ['Int', 'zeros', 0, -0],
    ['String', 'case, for citext and NOCASE', 'Ada@Example.test', 'ada@example.TEST'],
    ['String', 'trailing blanks, for char(n) and RTRIM', 'ada  ', 'ada'],
    ['String @db.Char(8)', 'trailing blanks', 'ada     ', 'ada'],
    ['String @db.Citext', 'case beyond ASCII', 'ÉTÉ', 'été'],
    ['String @db.Citext', 'a sigma at the end of a word, lower-cased letter by letter', 'ΟΔΟΣ', 'οδοσ'],
    ['String @db.Uuid', 'case', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
    [
      'String @db.Uuid',
      'hyphens and braces',
      '{a0eebc999c0b4ef8bb6d6bb9bd380a11}',
      'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    ],
  ])('%s: %s', (type, _, reads, writes) => {
    const graph = keyed(type)
    const tag = pinned('M', { key: reads }, graph)
    expect(tag).toBeDefined()
    expect(tagsOf('M', { key: writes }, graph)).toEqual([tag])
  })

  it.each<[string, unknown, unknown]>([
    ['Int', 1, 2],
    ['Int', 1, -1],
    ['BigInt', 2n ** 53n, 2n ** 53n + 1n],
    ['String', 'ada', 'bob'],
    ['String', 'a&key=b', 'a'],
    ['Boolean', true, false],
    ['Role', 'USER', 'ADMIN'],
  ])('%s: other rows have other tags', (type, a, b) => {
    const graph = keyed(type)
    expect(pinned('M', { key: a }, graph)).not.toBe(pinned('M', { key: b }, graph))
  })

  it('columns of a compound key cannot run into each other', () => {
    const graph = graphOf('model M {\n  a String\n  b String\n  @@id([a, b])\n}')
    const tag = (a: string, b: string) => pinned('M', { a_b: { a, b } }, graph)
    expect(tag('x&b=y', 'z')).not.toBe(tag('x', 'y&b=z'))
  })
})

describe('kinds that name no row', () => {
  // Rounded by the column, or compared by rules that no folding of ours covers.
  it.each<[string, unknown]>([
    ['DateTime', new Date(0)],
    ['Decimal', new Decimal(1)],
    ['Float', 1.5],
    ['Bytes', new Uint8Array([1])],
    ['Json', {}],
    ['String[]', ['a']],
    ['String @db.Inet', '::1'],
    ['String @db.Bit(3)', '101'],
    ['String @db.Xml', '<a/>'],
    ['Unheard', 1],
  ])('%s', (type, value) => {
    const graph = keyed(type)
    expect(pinned('M', { key: value }, graph)).toBeUndefined()
    // Nobody reads by such a key, so writers need not know it.
    expect(tagsOf('M', {}, graph)).toEqual([])
  })

  it('text of a database that is not known', () => {
    expect(pinned('M', { key: 'ada' }, keyed('String', ''))).toBeUndefined()
    expect(pinned('M', { key: 1 }, keyed('Int', ''))).toBe('M:key=1')
  })
})

it('no text of a row stands in its tag', () => {
  const secret = 'sk_live_4242424242424242'
  const { tags } = rowOf('User', { email: secret })
  expect(tags).toEqual([expect.stringMatching(/^User:email=[\w-]{22}$/)])
  expect(tags.join()).not.toContain(secret.slice(0, 6))
})
