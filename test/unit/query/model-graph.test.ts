import { describe, expect, it } from 'vitest'
import {
  type ForeignKey,
  type Model,
  type ModelGraph,
  modelGraph,
  oppositeField,
} from '../../../src/query/model-graph.ts'
import { dataModelOf, graphOf, graphWithoutText, testSchema } from './graph-of.ts'

const modelOf = (graph: ModelGraph, name: string) => graph.models.get(name) as Model
const fieldOf = (graph: ModelGraph, model: string, name: string) => {
  const field = modelOf(graph, model).fields.get(name)
  if (!field) throw new Error(`no field ${model}.${name}`)
  return field
}
const uniquesOf = (model: Model) => model.uniques?.map(({ name, fields }) => [name, fields.map((field) => field.name)])

describe('a graph with the text of the schema', () => {
  const shop = graphOf(testSchema)

  it('has every model under its table', () => {
    expect([...shop.models.values()].map(({ name, table }) => [name, table])).toEqual([
      ['User', 'users'],
      ['Profile', 'Profile'],
      ['Post', 'Post'],
      ['Tag', 'Tag'],
      ['Comment', 'Comment'],
      ['Order', 'Order'],
      ['OrderLine', 'OrderLine'],
      ['Product', 'catalog products'],
      ['Part', 'Part'],
    ])
  })

  it('knows each model by its unique keys', () => {
    expect(uniquesOf(modelOf(shop, 'User'))).toEqual([
      ['id', ['id']],
      ['email', ['email']],
    ])
    expect(uniquesOf(modelOf(shop, 'Post'))).toEqual([
      ['id', ['id']],
      ['authorId_title', ['authorId', 'title']],
    ])
    expect(uniquesOf(modelOf(shop, 'OrderLine'))).toEqual([['orderId_productId', ['orderId', 'productId']]])
  })

  it('tells scalars, enums and relations, and which are lists', () => {
    expect(fieldOf(shop, 'User', 'email')).toEqual({ name: 'email', kind: 'scalar', type: 'String', isList: false })
    expect(fieldOf(shop, 'User', 'role')).toMatchObject({ kind: 'enum', type: 'Role' })
    expect(fieldOf(shop, 'User', 'posts')).toMatchObject({ kind: 'relation', type: 'Post', isList: true })
  })

  it('has a foreign key on the side that holds it, and only there', () => {
    expect(fieldOf(shop, 'Part', 'product').foreignKey).toEqual({
      holder: 'Part',
      target: 'Product',
      from: ['productSku'],
      references: ['sku'],
      onDelete: 'follow',
      onUpdate: 'rewrite',
    })
    expect(fieldOf(shop, 'Product', 'parts').foreignKey).toBeUndefined()
    expect(fieldOf(shop, 'Post', 'tags').foreignKey).toBeUndefined()
    expect(fieldOf(shop, 'Tag', 'posts').foreignKey).toBeUndefined()
  })

  it('lists the keys that refer to a model', () => {
    const holders = modelOf(shop, 'User').referencedBy.map(({ holder, from }) => `${holder}.${from.join()}`)
    expect(holders).toEqual([
      'User.managerId',
      'Profile.userId',
      'Post.authorId',
      'Comment.authorId',
      'Order.customerId',
    ])
    expect(modelOf(shop, 'Tag').referencedBy).toEqual([])
  })

  it('knows views and native types', () => {
    const schema = `
      model Key {
        id String @id @db.Uuid
      }
      view KeyStats {
        id String @unique
      }`
    const graph = graphOf(schema)
    expect(fieldOf(graph, 'Key', 'id').nativeType).toBe('Uuid')
    expect(modelOf(graph, 'Key').isView).toBe(false)
    expect(modelOf(graph, 'KeyStats').isView).toBe(true)
  })
})

describe('referential actions', () => {
  /** The key of a relation written with these arguments. */
  function keyOf(relation: string, optional: boolean): ForeignKey {
    const mark = optional ? '?' : ''
    const graph = graphOf(`
      model Parent {
        id       Int @id
        children Child[]
      }
      model Child {
        id       Int @id
        parentId Int${mark}
        parent   Parent${mark} @relation(fields: [parentId], references: [id]${relation})
      }`)
    return fieldOf(graph, 'Child', 'parent').foreignKey as ForeignKey
  }

  // Prisma's own defaults: what is not written is not in the text, nor anywhere else a client could see it.
  it.each([
    ['required', false, '', 'none', 'rewrite'],
    ['optional', true, '', 'rewrite', 'rewrite'],
    ['required', false, ', onDelete: Cascade', 'follow', 'rewrite'],
    ['required', false, ', onDelete: Restrict', 'none', 'rewrite'],
    ['required', false, ', onDelete: NoAction', 'none', 'rewrite'],
    ['optional', true, ', onDelete: Cascade', 'follow', 'rewrite'],
    ['optional', true, ', onDelete: SetNull', 'rewrite', 'rewrite'],
    ['required', false, ', onDelete: SetDefault', 'rewrite', 'rewrite'],
    ['optional', true, ', onDelete: Restrict, onUpdate: Restrict', 'none', 'none'],
    ['required', false, ', onUpdate: NoAction', 'none', 'none'],
    ['optional', true, ', onUpdate: SetNull', 'rewrite', 'rewrite'],
    ['required', false, ', onUpdate: SetDefault', 'none', 'rewrite'],
  ])('%s relation, written %j%s', (_, optional, relation, onDelete, onUpdate) => {
    expect(keyOf(relation, optional)).toMatchObject({ onDelete, onUpdate })
  })
})

describe('a graph without the text of the schema', () => {
  const shop = graphWithoutText(testSchema)

  it('still has models, tables, fields and relations', () => {
    expect(modelOf(shop, 'Product').table).toBe('catalog products')
    expect(fieldOf(shop, 'Post', 'author')).toMatchObject({
      kind: 'relation',
      type: 'User',
      relationName: 'PostToUser',
    })
  })

  it('names no row', () => {
    for (const model of shop.models.values()) expect(model.uniques).toBeUndefined()
  })

  it('does not say what is a list', () => {
    expect(fieldOf(shop, 'User', 'posts').isList).toBeUndefined()
  })

  it('takes every relation to cascade both ways, by any column', () => {
    const widest = { from: [], references: [], onDelete: 'follow', onUpdate: 'follow' }
    expect(fieldOf(shop, 'Post', 'author').foreignKey).toEqual({ holder: 'Post', target: 'User', ...widest })
    expect(fieldOf(shop, 'User', 'posts').foreignKey).toEqual({ holder: 'User', target: 'Post', ...widest })
  })
})

describe('text of another schema', () => {
  const before = `
    model User {
      id    Int @id
      posts Post[]
    }
    model Post {
      id       Int @id
      authorId Int
      author   User @relation(fields: [authorId], references: [id])
    }`
  const running = dataModelOf(before.replace('authorId Int', 'authorId Int\n slug String'))

  it('is refused for a model that has a field the text does not', () => {
    const graph = modelGraph(running, 'postgresql', before)
    expect(modelOf(graph, 'Post').uniques).toBeUndefined()
    expect(fieldOf(graph, 'Post', 'author').foreignKey).toMatchObject({ from: [], onDelete: 'follow' })
  })

  it('is refused for a model it does not have, and for relations to it', () => {
    const graph = modelGraph(dataModelOf(before), 'postgresql', before.replace('model Post', 'model Article'))
    expect(modelOf(graph, 'Post').uniques).toBeUndefined()
    expect(fieldOf(graph, 'User', 'posts').foreignKey).toMatchObject({ from: [], onDelete: 'follow' })
  })

  it('is still good for the models it explains', () => {
    expect(uniquesOf(modelOf(modelGraph(running, 'postgresql', before), 'User'))).toEqual([['id', ['id']]])
  })

  it('may know more fields than the client: unsupported and ignored ones', () => {
    const text = before.replace('authorId Int', 'authorId Int\n place Unsupported("point")?')
    expect(uniquesOf(modelOf(modelGraph(dataModelOf(before), 'postgresql', text), 'Post'))).toEqual([['id', ['id']]])
  })
})

describe('the other end of a relation', () => {
  const shop = graphOf(testSchema)
  const opposite = (graph: ModelGraph, model: string, field: string) =>
    oppositeField(graph, modelOf(graph, model), fieldOf(graph, model, field))?.name

  it.each([
    ['User', 'posts', 'author'],
    ['Post', 'author', 'posts'],
    ['User', 'profile', 'user'],
    ['Post', 'tags', 'posts'],
    ['User', 'manager', 'reports'],
    ['User', 'reports', 'manager'],
  ])('of %s.%s is %s', (model, field, expected) => {
    expect(opposite(shop, model, field)).toBe(expected)
  })

  it('is told by the name of the relation where two models have several', () => {
    const graph = graphOf(`
      model User {
        id      Int @id
        written Post[] @relation("writes")
        pinned  Post?  @relation("pins")
      }
      model Post {
        id       Int  @id
        authorId Int
        author   User @relation("writes", fields: [authorId], references: [id])
        pinnerId Int?  @unique
        pinner   User? @relation("pins", fields: [pinnerId], references: [id])
      }`)
    expect(opposite(graph, 'User', 'pinned')).toBe('pinner')
    expect(opposite(graph, 'Post', 'author')).toBe('written')
  })

  it('of a model related to itself many to many is the other field', () => {
    const graph = graphOf(`
      model User {
        id        Int @id
        follows   User[] @relation("follow")
        followers User[] @relation("follow")
      }`)
    expect(opposite(graph, 'User', 'follows')).toBe('followers')
  })

  it('cannot be told where the other model is not there', () => {
    const graph = modelGraph(
      { models: { A: { fields: [{ name: 'b', kind: 'object', type: 'B', relationName: 'AToB' }] } } },
      'postgresql',
      undefined,
    )
    expect(opposite(graph, 'A', 'b')).toBeUndefined()
  })
})
