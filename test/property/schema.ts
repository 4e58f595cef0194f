import type { Provider } from '../support/provider.ts'

/**
 * What a random query may say, model by model. Written down a second time, beside `prisma/test`: read off the graph
 * that the extension builds, a mistake in the graph would be asked about in its own terms.
 */
export interface ModelShape {
  readonly name: string
  readonly delegate: string
  readonly columns: readonly Column[]
  readonly relations: readonly Relation[]
  /** Columns of each unique key, the primary key first. */
  readonly uniques: readonly (readonly string[])[]
  readonly readOnly?: true
  /** The database changes its rows by itself. */
  readonly changesByItself?: true
}

export type Kind =
  | 'Int'
  | 'String'
  | 'Boolean'
  | 'Float'
  | 'Decimal'
  | 'BigInt'
  | 'Bytes'
  | 'Json'
  | 'DateTime'
  | 'Role'

export interface Column {
  readonly name: string
  readonly kind: Kind
  /** The values it takes; few, so that steps meet the same rows. By default those of its kind. */
  readonly pool?: readonly (number | string)[]
  readonly nullable?: true
  readonly list?: true
  /** A `create` may leave it out. */
  readonly optional?: true
  /** Only the inputs that take foreign keys as they are ("unchecked") have it: a foreign key, or a counted id. */
  readonly unchecked?: true
  /** By the database: no write may name it. */
  readonly computed?: true
  /** The database holds different values of it equal. */
  readonly folded?: true
}

export interface Relation {
  readonly name: string
  readonly to: string
  /** The field at the other end. */
  readonly opposite: string
  readonly list?: true
  readonly required?: true
  /** Its foreign key, where this side holds it. */
  readonly key?: string
  readonly manyToMany?: true
}

const USER_IDS = [1, 2, 3, 4, 5, 6, 7]
const POST_IDS = [1, 2, 3, 4, 5, 6, 7]
const CHILD_IDS = [1, 2, 3, 4, 5, 6]
const PRODUCT_IDS = [1, 2, 3, 4, 5]
const ORDER_IDS = ['o1', 'o2', 'o3', 'O1', 'o1 ', 'ö1']
const EMAILS = ['ann@x', 'bob@x', 'cid@x', 'Ann@x', 'ann@x ', 'änn@x', 'dan@x', 'eva@x', 'fay@x', 'gus@x']
const TITLES = ['one', 'two', 'One', 'three', '']
const SKUS = ['a', 'b', 'c', 'A', 'd', 'e']
const HANDLES = ['ada', 'bob', 'cid', 'Ada', 'ÁDA', 'Bob', 'dan', 'eva']
const TAGS = ['red', 'green', 'blue', 'Red', 'pink', 'grey', 'red ']

const countedId = (pool: readonly number[]): Column => ({
  name: 'id',
  kind: 'Int',
  pool,
  optional: true,
  unchecked: true,
})

const SHARED: readonly ModelShape[] = [
  {
    name: 'User',
    delegate: 'user',
    uniques: [['id'], ['email']],
    columns: [
      countedId(USER_IDS),
      { name: 'email', kind: 'String', pool: EMAILS },
      { name: 'name', kind: 'String', nullable: true },
      { name: 'role', kind: 'Role', optional: true },
      { name: 'balance', kind: 'Decimal', optional: true },
      { name: 'ratio', kind: 'Float', optional: true },
      { name: 'big', kind: 'BigInt', optional: true },
      { name: 'bytes', kind: 'Bytes', nullable: true },
      { name: 'meta', kind: 'Json', nullable: true },
      { name: 'active', kind: 'Boolean', optional: true },
      { name: 'createdAt', kind: 'DateTime', optional: true },
      { name: 'updatedAt', kind: 'DateTime', optional: true },
      { name: 'managerId', kind: 'Int', pool: USER_IDS, nullable: true, unchecked: true },
    ],
    relations: [
      { name: 'manager', to: 'User', opposite: 'reports', key: 'managerId' },
      { name: 'reports', to: 'User', opposite: 'manager', list: true },
      { name: 'profile', to: 'Profile', opposite: 'user' },
      { name: 'posts', to: 'Post', opposite: 'author', list: true },
      { name: 'orders', to: 'Order', opposite: 'customer', list: true },
      { name: 'comments', to: 'Comment', opposite: 'author', list: true },
    ],
  },
  {
    name: 'Profile',
    delegate: 'profile',
    uniques: [['id'], ['userId']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'bio', kind: 'String' },
      { name: 'userId', kind: 'Int', pool: USER_IDS, unchecked: true },
    ],
    relations: [{ name: 'user', to: 'User', opposite: 'profile', key: 'userId', required: true }],
  },
  {
    name: 'Post',
    delegate: 'post',
    uniques: [['id'], ['authorId', 'title']],
    columns: [
      countedId(POST_IDS),
      { name: 'title', kind: 'String', pool: TITLES },
      { name: 'published', kind: 'Boolean', optional: true },
      { name: 'views', kind: 'Int', optional: true },
      { name: 'authorId', kind: 'Int', pool: USER_IDS, nullable: true, unchecked: true },
    ],
    relations: [
      { name: 'author', to: 'User', opposite: 'posts', key: 'authorId' },
      { name: 'tags', to: 'Tag', opposite: 'posts', list: true, manyToMany: true },
      { name: 'comments', to: 'Comment', opposite: 'post', list: true },
    ],
  },
  {
    name: 'Tag',
    delegate: 'tag',
    uniques: [['name']],
    columns: [
      { name: 'name', kind: 'String', pool: TAGS },
      { name: 'color', kind: 'String', optional: true },
    ],
    relations: [{ name: 'posts', to: 'Post', opposite: 'tags', list: true, manyToMany: true }],
  },
  {
    name: 'Comment',
    delegate: 'comment',
    uniques: [['id']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'text', kind: 'String' },
      { name: 'postId', kind: 'Int', pool: POST_IDS, unchecked: true },
      { name: 'authorId', kind: 'Int', pool: USER_IDS, nullable: true, unchecked: true },
    ],
    relations: [
      { name: 'post', to: 'Post', opposite: 'comments', key: 'postId', required: true },
      { name: 'author', to: 'User', opposite: 'comments', key: 'authorId' },
    ],
  },
  {
    name: 'Order',
    delegate: 'order',
    uniques: [['id']],
    columns: [
      { name: 'id', kind: 'String', pool: ORDER_IDS },
      { name: 'customerId', kind: 'Int', pool: USER_IDS, unchecked: true },
      { name: 'placedAt', kind: 'DateTime', optional: true },
    ],
    relations: [
      { name: 'customer', to: 'User', opposite: 'orders', key: 'customerId', required: true },
      { name: 'lines', to: 'OrderLine', opposite: 'order', list: true },
    ],
  },
  {
    name: 'OrderLine',
    delegate: 'orderLine',
    uniques: [['orderId', 'productId']],
    columns: [
      { name: 'orderId', kind: 'String', pool: ORDER_IDS, unchecked: true },
      { name: 'productId', kind: 'Int', pool: PRODUCT_IDS, unchecked: true },
      { name: 'quantity', kind: 'Int', optional: true },
    ],
    relations: [
      { name: 'order', to: 'Order', opposite: 'lines', key: 'orderId', required: true },
      { name: 'product', to: 'Product', opposite: 'lines', key: 'productId', required: true },
    ],
  },
  {
    name: 'Product',
    delegate: 'product',
    uniques: [['id'], ['sku']],
    columns: [
      countedId(PRODUCT_IDS),
      { name: 'sku', kind: 'String', pool: SKUS },
      { name: 'price', kind: 'Decimal' },
      { name: 'stock', kind: 'Int', optional: true },
    ],
    relations: [
      { name: 'lines', to: 'OrderLine', opposite: 'product', list: true },
      { name: 'parts', to: 'Part', opposite: 'product', list: true },
    ],
  },
  {
    name: 'Part',
    delegate: 'part',
    uniques: [['id']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'label', kind: 'String' },
      { name: 'productSku', kind: 'String', pool: SKUS, unchecked: true },
    ],
    relations: [{ name: 'product', to: 'Product', opposite: 'parts', key: 'productSku', required: true }],
  },
  {
    name: 'Account',
    delegate: 'account',
    changesByItself: true,
    uniques: [['id'], ['handle']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'handle', kind: 'String', pool: HANDLES, folded: true },
      { name: 'nickname', kind: 'String', nullable: true, folded: true },
      { name: 'points', kind: 'Int', optional: true },
      { name: 'doubled', kind: 'Int', nullable: true, computed: true },
      { name: 'label', kind: 'String', pool: ['p1', 'p0', 'p2', 'x'], nullable: true },
      { name: 'moves', kind: 'Int', optional: true },
      { name: 'touchedAt', kind: 'DateTime', optional: true },
    ],
    relations: [{ name: 'entries', to: 'Entry', opposite: 'account', list: true }],
  },
  {
    name: 'Entry',
    delegate: 'entry',
    changesByItself: true,
    uniques: [['id']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'amount', kind: 'Int' },
      { name: 'accountId', kind: 'Int', pool: CHILD_IDS, unchecked: true },
    ],
    relations: [{ name: 'account', to: 'Account', opposite: 'entries', key: 'accountId', required: true }],
  },
  {
    name: 'Total',
    delegate: 'total',
    changesByItself: true,
    readOnly: true,
    uniques: [['id']],
    columns: [
      { name: 'id', kind: 'Int', pool: CHILD_IDS },
      { name: 'handle', kind: 'String', pool: HANDLES, folded: true },
      { name: 'entries', kind: 'Int' },
      { name: 'amount', kind: 'Int' },
    ],
    relations: [],
  },
]

const POSTGRESQL_ONLY: readonly ModelShape[] = [
  {
    name: 'Sensor',
    delegate: 'sensor',
    uniques: [['id'], ['label']],
    columns: [
      countedId(CHILD_IDS),
      { name: 'label', kind: 'String', pool: ['s1', 's2', 's3', 'S1', 's4'] },
      { name: 'readings', kind: 'Float', list: true, optional: true },
      { name: 'names', kind: 'String', list: true, optional: true },
      { name: 'amounts', kind: 'Decimal', list: true, optional: true },
    ],
    relations: [],
  },
  {
    name: 'AuthorStats',
    delegate: 'authorStats',
    readOnly: true,
    uniques: [['id']],
    columns: [
      { name: 'id', kind: 'Int', pool: USER_IDS },
      { name: 'posts', kind: 'Int' },
    ],
    relations: [],
  },
]

export function modelShapes(provider: Provider): ReadonlyMap<string, ModelShape> {
  const shapes = provider === 'postgresql' ? [...SHARED, ...POSTGRESQL_ONLY] : SHARED
  return new Map(shapes.map((shape) => [shape.name, shape]))
}
