import type { Shop } from './shop.ts'
import type { ReadOperation, ShopModel } from './shop-client.ts'
import { STATUSES, skuOf, slugOf, WORDS } from './shop-rows.ts'

/** One read, as data: the same arguments are the same query. */
export interface Read {
  readonly kind: string
  readonly model: ShopModel
  readonly operation: ReadOperation
  readonly args: object
  /** What a cache that knows rows and models would have it depend on: `Product`, or of one row `Product:12`. */
  readonly needs: readonly string[]
}

export interface ReadKind {
  /** How often, among all. */
  readonly weight: number
  readonly read: (shop: Shop) => Omit<Read, 'kind'>
}

const CARD = { id: true, sku: true, name: true, price: true, stock: true }
const NEWEST = [{ createdAt: 'desc' }, { id: 'desc' }]

/** What a shop asks. Lists are in a total order: a result is the same whatever plan the database chooses. */
export const READS: Readonly<Record<string, ReadKind>> = {
  'product page': {
    weight: 18,
    read(shop) {
      const id = shop.product()
      return {
        model: 'product',
        operation: 'findUnique',
        args: {
          where: { id },
          select: { ...CARD, description: true, category: { select: { id: true, name: true } } },
        },
        needs: [`Product:${id}`, 'Category'],
      }
    },
  },
  'product by id, every column': {
    weight: 5,
    read(shop) {
      const id = shop.product()
      return { model: 'product', operation: 'findUnique', args: { where: { id } }, needs: [`Product:${id}`] }
    },
  },
  'product by sku, every column': {
    weight: 3,
    read(shop) {
      const id = shop.product()
      return {
        model: 'product',
        operation: 'findUnique',
        args: { where: { sku: skuOf(id) } },
        needs: [`Product:${id}`],
      }
    },
  },
  'product price by sku': {
    weight: 3,
    read(shop) {
      const id = shop.product()
      return {
        model: 'product',
        operation: 'findUnique',
        args: { where: { sku: skuOf(id) }, select: { id: true, price: true } },
        needs: [`Product:${id}`],
      }
    },
  },
  'user by id': {
    weight: 10,
    read(shop) {
      const id = shop.user()
      return { model: 'user', operation: 'findUnique', args: { where: { id } }, needs: [`User:${id}`] }
    },
  },
  'user by e-mail': {
    weight: 4,
    read(shop) {
      const id = shop.user()
      return {
        model: 'user',
        operation: 'findUnique',
        args: { where: { email: shop.emailOf(id) } },
        needs: [`User:${id}`],
      }
    },
  },
  'user card': {
    weight: 3,
    read(shop) {
      const id = shop.user()
      return {
        model: 'user',
        operation: 'findUnique',
        args: { where: { id }, select: { id: true, name: true, city: true } },
        needs: [`User:${id}`],
      }
    },
  },
  'is the e-mail taken': {
    weight: 1,
    read(shop) {
      const email = shop.freeEmail
      return {
        model: 'user',
        operation: 'findUnique',
        args: { where: { email }, select: { id: true } },
        needs: [`User:${email}`],
      }
    },
  },
  'category by slug': {
    weight: 3,
    read(shop) {
      const id = shop.category()
      return {
        model: 'category',
        operation: 'findUnique',
        args: { where: { slug: slugOf(id) } },
        needs: [`Category:${id}`],
      }
    },
  },
  'menu of categories': {
    weight: 4,
    read: () => ({
      model: 'category',
      operation: 'findMany',
      args: { orderBy: { name: 'asc' } },
      needs: ['Category'],
    }),
  },
  'category page, by price': {
    weight: 7,
    read(shop) {
      const page = shop.chance(0.7) ? 0 : 1
      return {
        model: 'product',
        operation: 'findMany',
        args: {
          where: { categoryId: shop.category(), stock: { gt: 0 } },
          orderBy: [{ price: 'asc' }, { id: 'asc' }],
          take: 10,
          skip: 10 * page,
          select: CARD,
        },
        needs: ['Product'],
      }
    },
  },
  'category page, by name, every column': {
    weight: 2,
    read: (shop) => ({
      model: 'product',
      operation: 'findMany',
      args: { where: { categoryId: shop.category() }, orderBy: [{ name: 'asc' }, { id: 'asc' }], take: 10 },
      needs: ['Product'],
    }),
  },
  'products in stock of a category': {
    weight: 2,
    read: (shop) => ({
      model: 'product',
      operation: 'count',
      args: { where: { categoryId: shop.category(), stock: { gt: 0 } } },
      needs: ['Product'],
    }),
  },
  'category by slug with its products': {
    weight: 2,
    read: (shop) => ({
      model: 'category',
      operation: 'findUnique',
      args: {
        where: { slug: slugOf(shop.category()) },
        include: { products: { orderBy: { id: 'asc' }, take: 10, select: CARD } },
      },
      needs: ['Category', 'Product'],
    }),
  },
  'search by name': {
    weight: 2,
    read: (shop) => ({
      model: 'product',
      operation: 'findMany',
      args: {
        where: { name: { contains: shop.pick(WORDS) } },
        orderBy: [{ price: 'asc' }, { id: 'asc' }],
        take: 10,
        select: CARD,
      },
      needs: ['Product'],
    }),
  },
  'search by price': {
    weight: 1,
    read(shop) {
      const from = 5000 * shop.below(10)
      return {
        model: 'product',
        operation: 'findMany',
        args: {
          where: { price: { gte: from, lt: from + 5000 }, stock: { gt: 0 } },
          orderBy: [{ price: 'asc' }, { id: 'asc' }],
          take: 10,
          select: CARD,
        },
        needs: ['Product'],
      }
    },
  },
  'most viewed': {
    weight: 1,
    read: () => ({
      model: 'product',
      operation: 'findMany',
      args: {
        orderBy: [{ views: 'desc' }, { id: 'asc' }],
        take: 10,
        select: { id: true, name: true, price: true },
      },
      needs: ['Product'],
    }),
  },
  'reviews of a product': {
    weight: 7,
    read: (shop) => ({
      model: 'review',
      operation: 'findMany',
      args: {
        where: { productId: shop.product() },
        orderBy: NEWEST,
        take: 10,
        include: { user: { select: { name: true } } },
      },
      needs: ['Review', 'User'],
    }),
  },
  'number of reviews': {
    weight: 3,
    read: (shop) => ({
      model: 'review',
      operation: 'count',
      args: { where: { productId: shop.product() } },
      needs: ['Review'],
    }),
  },
  'rating of a product': {
    weight: 3,
    read: (shop) => ({
      model: 'review',
      operation: 'aggregate',
      args: { where: { productId: shop.product() }, _avg: { rating: true }, _count: { _all: true } },
      needs: ['Review'],
    }),
  },
  'reviews by a user': {
    weight: 2,
    read: (shop) => ({
      model: 'review',
      operation: 'findMany',
      args: {
        where: { userId: shop.user() },
        orderBy: { id: 'desc' },
        take: 10,
        include: { product: { select: { id: true, name: true } } },
      },
      needs: ['Review', 'Product'],
    }),
  },
  'orders of a user, with items': {
    weight: 4,
    read: (shop) => ({
      model: 'order',
      operation: 'findMany',
      args: {
        where: { userId: shop.user() },
        orderBy: { id: 'desc' },
        take: 10,
        include: { items: { orderBy: { id: 'asc' }, include: { product: { select: { name: true } } } } },
      },
      needs: ['Order', 'OrderItem', 'Product'],
    }),
  },
  'orders of a user, bare': {
    weight: 2,
    read: (shop) => ({
      model: 'order',
      operation: 'findMany',
      args: { where: { userId: shop.user() }, orderBy: NEWEST },
      needs: ['Order'],
    }),
  },
  'order by id, with items': {
    weight: 4,
    read(shop) {
      const id = shop.order()
      return {
        model: 'order',
        operation: 'findUnique',
        args: { where: { id }, include: { items: { orderBy: { id: 'asc' } } } },
        needs: [`Order:${id}`, 'OrderItem'],
      }
    },
  },
  'items of an order': {
    weight: 1,
    read: (shop) => ({
      model: 'orderItem',
      operation: 'findMany',
      args: { where: { orderId: shop.order() }, orderBy: { id: 'asc' } },
      needs: ['OrderItem'],
    }),
  },
  'orders of a user by status': {
    weight: 2,
    read: (shop) => ({
      model: 'order',
      operation: 'count',
      args: { where: { userId: shop.user(), status: shop.pick(STATUSES) } },
      needs: ['Order'],
    }),
  },
  'orders to ship': {
    weight: 1,
    read: () => ({
      model: 'order',
      operation: 'findMany',
      args: {
        where: { status: 'paid' },
        orderBy: { id: 'asc' },
        take: 20,
        include: { user: { select: { name: true, city: true } } },
      },
      needs: ['Order', 'User'],
    }),
  },
  'orders by status': {
    weight: 0.5,
    read: () => ({
      model: 'order',
      operation: 'groupBy',
      args: { by: ['status'], _count: { _all: true }, orderBy: { status: 'asc' } },
      needs: ['Order'],
    }),
  },
  'best sellers': {
    weight: 0.5,
    read: () => ({
      model: 'orderItem',
      operation: 'groupBy',
      args: {
        by: ['productId'],
        _sum: { quantity: true },
        orderBy: [{ _sum: { quantity: 'desc' } }, { productId: 'asc' }],
        take: 10,
      },
      needs: ['OrderItem'],
    }),
  },
}
