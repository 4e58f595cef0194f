import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { knownText } from '../../../src/query/column-text.ts'
import { both, type Conjunction, carried, conjunctions } from '../../../src/query/conditions.ts'
import type { Field, Model, ModelGraph } from '../../../src/query/model-graph.ts'
import { modelNames, someContents, tablesOf, whereOf } from '../../model/soundness/queries.ts'
import { shapeOf } from '../../model/soundness/schema.ts'
import { matches, type Row } from '../../model/soundness/tables.ts'
import { graphOf, testSchema } from './graph-of.ts'
import { readable } from './readable-tags.ts'

/** As `prisma.user.fields.managerId` is. */
class FieldReference {
  readonly modelName = 'User'
  readonly name = 'managerId'
  readonly typeName = 'Int'
}

const shop = graphOf(testSchema)
const modelOf = (name: string, graph: ModelGraph = shop) => graph.models.get(name) as Model
const texts = ['a', 'b', 'x', 't', 'u', 'ada']

/** Each conjunction as `id=1&name=‹x›`, `''` where it admits anything. */
function told(all: readonly Conjunction[]): string[] {
  return all.map((one) => {
    const columns = [...one].sort().map(([name, text]) => `${name}=${text}`)
    return readable([columns.join('&')], texts)[0] as string
  })
}
const of = (model: string, where: unknown, limit = 12, graph: ModelGraph = shop) =>
  told(conjunctions(graph, modelOf(model, graph), where, limit))

describe('a `where` is said in conjunctions of equalities', () => {
  it.each<[string, string, unknown, string[]]>([
    ['nothing', 'User', undefined, ['']],
    ['nothing, spelt out', 'User', {}, ['']],
    ['one column', 'User', { id: 1 }, ['id=1']],
    ['several', 'User', { name: 'x', id: 1, role: 'USER' }, ['id=1&name=‹x›&role=USER']],
    ['NULL', 'User', { name: null }, ['name=']],
    ['`equals`', 'User', { id: { equals: 1 }, name: { equals: null } }, ['id=1&name=']],
    ['`in`', 'User', { id: { in: [1, 2] } }, ['id=1', 'id=2']],
    ['`in`, with more that narrows it', 'User', { id: { in: [1, 2], not: 2 } }, ['id=1', 'id=2']],
    ['`in`, each once', 'User', { id: { in: [1, 1] } }, ['id=1']],
    ['AND', 'User', { AND: [{ id: 1 }, { name: 'x' }] }, ['id=1&name=‹x›']],
    ['AND of one', 'User', { AND: { id: 1 } }, ['id=1']],
    ['AND of nothing', 'User', { AND: [], id: 1 }, ['id=1']],
    ['OR', 'User', { OR: [{ id: 1 }, { name: 'x' }] }, ['id=1', 'name=‹x›']],
    ['OR beside a column', 'User', { role: 'USER', OR: [{ id: 1 }, { id: 2 }] }, ['id=1&role=USER', 'id=2&role=USER']],
    [
      'OR within AND',
      'User',
      { AND: [{ OR: [{ id: 1 }, { id: 2 }] }, { name: 'x' }] },
      ['id=1&name=‹x›', 'id=2&name=‹x›'],
    ],
    ['AND within OR', 'User', { OR: [{ AND: [{ id: 1 }, { name: 'x' }] }, { id: 2 }] }, ['id=1&name=‹x›', 'id=2']],
    ['a list, each value once', 'User', { id: { in: [1, 1] } }, ['id=1']],
    ['a compound key', 'Post', { authorId_title: { authorId: 1, title: 't' } }, ['authorId=1&title=‹t›']],
    ['a parent by its key', 'Post', { author: { id: 1 } }, ['authorId=1']],
    ['a parent by its key, by `is`', 'Post', { author: { is: { id: { in: [1, 2] } } } }, ['authorId=1', 'authorId=2']],
    ['a parent’s parent', 'Comment', { post: { author: { id: 1 } }, authorId: 1 }, ['authorId=1']],
    ['what is undefined', 'User', { id: 1, name: undefined }, ['id=1']],
  ])('%s', (_, model, where, expected) => {
    expect(of(model, where)).toEqual(expected)
  })

  it.each<[string, string, unknown]>([
    ['a range', 'User', { id: { gt: 1 } }],
    ['`not`', 'User', { id: { not: 1 } }],
    ['NOT', 'User', { NOT: { id: 1 } }],
    ['`equals` that more widens', 'User', { email: { equals: 'a', mode: 'insensitive' } }],
    ['`in` that more widens', 'User', { email: { in: ['a'], mode: 'insensitive' } }],
    ['`equals` undefined', 'User', { id: { equals: undefined } }],
    ['`in` of nothing', 'User', { id: { in: [] } }],
    ['`in` of a column', 'User', { id: { in: new FieldReference() } }],
    ['`in` with a value that has no text', 'User', { id: { in: [1, 1.5] } }],
    ['a branch that admits anything', 'User', { OR: [{ id: 1 }, {}] }],
    ['OR of nothing', 'User', { OR: [] }],
    ['a kind that has no text', 'User', { balance: 1 }],
    ['a value of another type', 'User', { id: '1' }],
    ['the value of another column', 'User', { id: { equals: new FieldReference() } }],
    ['a parent by what is not its key', 'Post', { author: { name: 'x' } }],
    ['a parent that is not', 'Post', { author: { isNot: { id: 1 } } }],
    ['a parent that is, and is not', 'Post', { author: { is: { id: 1 }, isNot: { name: 'x' } } }],
    ['no parent', 'Post', { author: null }],
    ['no parent, by `is`', 'Post', { author: { is: null } }],
    ['children', 'User', { posts: { some: { id: 1 } } }],
    ['a compound key that is not there', 'User', { a_b: { id: 1 } }],
    ['a field that is not there', 'User', { nickname: 'x' }],
  ])('%s admits anything', (_, model, where) => {
    expect(of(model, where)).toEqual([''])
    // And what stands beside it is still said.
    expect(of(model, { AND: [where, { id: 7 }] })).toEqual(['id=7'])
  })

  it('a list column is compared with nothing', () => {
    const graph = graphOf('model M {\n  id Int @id\n  names String[]\n}')
    expect(of('M', { names: { equals: ['a'] }, id: 1 }, 12, graph)).toEqual(['id=1'])
    expect(of('M', { names: { has: 'a' } }, 12, graph)).toEqual([''])
  })

  it('one that says two things of one column admits no more than one of them', () => {
    const [one] = conjunctions(shop, modelOf('User'), { AND: [{ id: 1 }, { id: 2 }] }, 12)
    expect(one?.size).toBe(1)
  })
})

describe('too many conjunctions', () => {
  it('of one list are left out', () => {
    expect(of('User', { role: 'USER', id: { in: [1, 2, 3] } }, 3)).toEqual([1, 2, 3].map((id) => `id=${id}&role=USER`))
    expect(of('User', { role: 'USER', id: { in: [1, 2, 3, 4] } }, 3)).toEqual(['role=USER'])
    expect(of('User', { OR: [{ id: 1 }, { id: 2 }, { name: 'x' }, { name: 'b' }], role: 'USER' }, 3)).toEqual([
      'role=USER',
    ])
  })

  it('of two lists leave the first', () => {
    expect(of('User', { id: { in: [1, 2] }, name: { in: ['a', 'b'] } }, 4)).toHaveLength(4)
    expect(of('User', { id: { in: [1, 2] }, name: { in: ['a', 'b'] } }, 3)).toEqual(['id=1', 'id=2'])
    expect(both([new Map([['a', '1']])], [], 3)).toEqual([])
  })
})

describe('conditions carried along a relation', () => {
  const post = { model: modelOf('Post'), columns: ['authorId'] }
  const user = { model: modelOf('User'), columns: ['id'] }
  const along = (rows: readonly Conjunction[], from = post, to = user) => told(carried(shop, rows, from, to))

  it('are of the columns at its other end, and of nothing else', () => {
    expect(
      along([
        new Map([
          ['authorId', '1'],
          ['views', '2'],
        ]),
      ]),
    ).toEqual(['id=1'])
    expect(along([new Map([['id', '1']])], user, post)).toEqual(['authorId=1'])
    expect(
      along([
        new Map([
          ['authorId', '1'],
          ['views', '2'],
        ]),
        new Map([
          ['authorId', '1'],
          ['views', '3'],
        ]),
      ]),
    ).toEqual(['id=1'])
  })

  it('admit anything where they do not say what leads there, or it leads nowhere', () => {
    expect(along([new Map([['views', '2']])])).toEqual([''])
    expect(along([new Map([['authorId', '']])])).toEqual([''])
    expect(along([new Map([['authorId', '1']]), new Map([['views', '2']])])).toEqual([''])
    expect(along([new Map([['authorId', '1']])], { ...post, columns: [] }, { ...user, columns: [] })).toEqual([''])
  })

  it('admit anything where the two ends spell a value differently', () => {
    const graph = graphOf(`
      model A {
        id String @id @db.Uuid
        bs B[]
      }
      model B {
        id  Int    @id
        aId String
        a   A      @relation(fields: [aId], references: [id])
      }`)
    expect(of('B', { a: { id: 'ada' } }, 12, graph)).toEqual([''])
    expect(of('B', { aId: 'ada' }, 12, graph)).toEqual(['aId=‹ada›'])
  })
})

it('no row that a `where` finds is left out', () => {
  let found = 0
  let narrowed = 0
  fc.assert(
    fc.property(
      modelNames.chain((name) => fc.tuple(fc.constant(name), whereOf(shapeOf(name), 2))),
      someContents(),
      fc.constantFrom(1, 2, 12),
      ([name, where], contents, limit) => {
        const model = modelOf(name)
        const tables = tablesOf(contents)
        const all = conjunctions(shop, model, where, limit)
        expect(all.length).toBeLessThanOrEqual(limit)
        if (!all.some((one) => one.size === 0)) narrowed += 1
        for (const row of tables.rows[name]) {
          if (matches(tables, shapeOf(name), row, where) !== true) continue
          found += 1
          if (!all.some((one) => admits(model, one, row))) {
            throw new Error(
              `${JSON.stringify(where)} finds ${JSON.stringify(row)}, and ${told(all).join(' or ')} does not`,
            )
          }
        }
      },
    ),
    { numRuns: 5000 },
  )
  expect(Math.min(found, narrowed)).toBeGreaterThan(1000)

  function admits(model: Model, conjunction: Conjunction, row: Row): boolean {
    return [...conjunction].every(
      ([name, text]) => knownText(shop, model.fields.get(name) as Field, row[name]) === text,
    )
  }
})
