/**
 * What random queries may say of five models of `prisma/test`, and what their columns hold. Few values, so that reads
 * and writes meet on the same rows; text that differs in what collations may hold equal.
 */
export interface ModelShape {
  readonly name: ModelName
  readonly columns: readonly Column[]
  readonly relations: readonly Relation[]
  /** Columns of each unique key, the primary key first. */
  readonly uniques: readonly (readonly string[])[]
}

export type ModelName = 'User' | 'Profile' | 'Post' | 'Comment' | 'Tag'

export interface Column {
  readonly name: string
  readonly pool: readonly unknown[]
  readonly nullable?: true
  /** What a row has that was created without it. */
  readonly initial?: { readonly value: unknown } | 'counted'
  /** Written with every update. */
  readonly ticks?: true
}

export interface Relation {
  readonly name: string
  readonly to: ModelName
  /** The field at the other end. */
  readonly opposite: string
  readonly list?: true
  /** Its foreign key, where this side holds it; it refers to `id`. */
  readonly key?: string
  readonly required?: true
  /** What becomes of the holder when the other goes. */
  readonly onDelete?: 'Cascade' | 'SetNull'
  readonly manyToMany?: true
}

const USERS = [1, 2, 3, 4]
const POSTS = [1, 2, 3, 4, 5]
const id = (pool: readonly number[]): Column => ({ name: 'id', pool, initial: 'counted' })
const foreign = (name: string, pool: readonly number[]): Column => ({ name, pool, nullable: true })

const models: readonly ModelShape[] = [
  {
    name: 'User',
    uniques: [['id'], ['email']],
    columns: [
      id(USERS),
      { name: 'email', pool: ['a', 'b', 'c', 'A', 'd'] },
      { name: 'name', pool: ['x', 'X', 'y'], nullable: true },
      { name: 'role', pool: ['USER', 'ADMIN'], initial: { value: 'USER' } },
      { name: 'ratio', pool: [0, 1.5], initial: { value: 0 } },
      { name: 'active', pool: [true, false], initial: { value: true } },
      { name: 'updatedAt', pool: [0], initial: { value: 0 }, ticks: true },
      foreign('managerId', USERS),
    ],
    relations: [
      { name: 'manager', to: 'User', opposite: 'reports', key: 'managerId', onDelete: 'SetNull' },
      { name: 'reports', to: 'User', opposite: 'manager', list: true },
      { name: 'profile', to: 'Profile', opposite: 'user' },
      { name: 'posts', to: 'Post', opposite: 'author', list: true },
      { name: 'comments', to: 'Comment', opposite: 'author', list: true },
    ],
  },
  {
    name: 'Profile',
    uniques: [['id'], ['userId']],
    columns: [id([1, 2, 3]), { name: 'bio', pool: ['p', 'q'] }, { name: 'userId', pool: USERS }],
    relations: [{ name: 'user', to: 'User', opposite: 'profile', key: 'userId', required: true, onDelete: 'Cascade' }],
  },
  {
    name: 'Post',
    uniques: [['id'], ['authorId', 'title']],
    columns: [
      id(POSTS),
      { name: 'title', pool: ['t', 'T', 'u', ''] },
      { name: 'published', pool: [true, false], initial: { value: false } },
      { name: 'views', pool: [0, 1, 2], initial: { value: 0 } },
      foreign('authorId', USERS),
    ],
    relations: [
      { name: 'author', to: 'User', opposite: 'posts', key: 'authorId', onDelete: 'SetNull' },
      { name: 'tags', to: 'Tag', opposite: 'posts', list: true, manyToMany: true },
      { name: 'comments', to: 'Comment', opposite: 'post', list: true },
    ],
  },
  {
    name: 'Comment',
    uniques: [['id']],
    columns: [
      id([1, 2, 3, 4]),
      { name: 'text', pool: ['k', 'l'] },
      { name: 'postId', pool: POSTS },
      foreign('authorId', USERS),
    ],
    relations: [
      { name: 'post', to: 'Post', opposite: 'comments', key: 'postId', required: true, onDelete: 'Cascade' },
      { name: 'author', to: 'User', opposite: 'comments', key: 'authorId', onDelete: 'Cascade' },
    ],
  },
  {
    name: 'Tag',
    uniques: [['name']],
    columns: [
      { name: 'name', pool: ['r', 'R', 'g'] },
      { name: 'color', pool: ['grey', 'k'], initial: { value: 'grey' } },
    ],
    relations: [{ name: 'posts', to: 'Post', opposite: 'tags', list: true, manyToMany: true }],
  },
]

export const shapes = new Map<ModelName, ModelShape>(models.map((model) => [model.name, model]))

export function shapeOf(name: ModelName): ModelShape {
  return shapes.get(name) as ModelShape
}

export function relationOf(shape: ModelShape, name: string): Relation | undefined {
  return shape.relations.find((relation) => relation.name === name)
}

export function columnOf(shape: ModelShape, name: string): Column | undefined {
  return shape.columns.find((column) => column.name === name)
}
