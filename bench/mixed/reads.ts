import { READS, type ReadKind } from '../precision/reads.ts'
import { skuOf } from '../precision/shop-rows.ts'

const CARD = { id: true, name: true, price: true }

/** What a shop asks, and reads whose conditions follow a relation. */
export const MIXED_READS: Readonly<Record<string, ReadKind>> = {
  ...READS,
  'products that a user reviewed': {
    weight: 3,
    read: (shop) => ({
      model: 'product',
      operation: 'findMany',
      args: { where: { reviews: { some: { userId: shop.user() } } }, orderBy: { id: 'asc' }, take: 10, select: CARD },
      needs: ['Product', 'Review'],
    }),
  },
  'reviews of a category': {
    weight: 2,
    read: (shop) => ({
      model: 'review',
      operation: 'findMany',
      args: { where: { product: { categoryId: shop.category() } }, orderBy: { id: 'desc' }, take: 10 },
      needs: ['Review', 'Product'],
    }),
  },
  'how often a product was ordered': {
    weight: 1,
    read: (shop) => ({
      model: 'orderItem',
      operation: 'count',
      args: { where: { product: { sku: skuOf(shop.product()) } } },
      needs: ['OrderItem', 'Product'],
    }),
  },
}

/** Reads that never come twice, so that no cache can answer any of them. */
export function hopelessReads(): Readonly<Record<string, ReadKind>> {
  const counters = new Map<string, number>()
  /** 1, 2, 3 … for each name, in an order in which neighbors of the table do not follow each other. */
  const unique = (name: string, count: number) => {
    const n = counters.get(name) ?? 0
    counters.set(name, n + 1)
    return 1 + ((n * STRIDE) % count)
  }
  return {
    'an item of an order': {
      weight: 4,
      read: () => {
        const id = unique('item', 15_000)
        return { model: 'orderItem', operation: 'findUnique', args: { where: { id } }, needs: [`OrderItem:${id}`] }
      },
    },
    'a review with its author': {
      weight: 3,
      read() {
        const id = unique('review', 8000)
        const args = { where: { id }, include: { user: { select: { name: true } } } }
        return { model: 'review', operation: 'findUnique', args, needs: [`Review:${id}`, 'User'] }
      },
    },
    'an order with its items': {
      weight: 3,
      read() {
        const id = unique('order', 6000)
        const args = { where: { id }, include: { items: { orderBy: { id: 'asc' } } } }
        return { model: 'order', operation: 'findUnique', args, needs: [`Order:${id}`, 'OrderItem'] }
      },
    },
    'items of an order': {
      weight: 3,
      read: () => ({
        model: 'orderItem',
        operation: 'findMany',
        args: { where: { orderId: unique('items', 6000) }, orderBy: { id: 'asc' } },
        needs: ['OrderItem'],
      }),
    },
    'reviews of a product, from one on': {
      weight: 4,
      read: (shop) => ({
        model: 'review',
        operation: 'findMany',
        args: {
          where: { productId: shop.product(), id: { lt: 3000 + unique('reviews', MANY) } },
          orderBy: { id: 'desc' },
          take: 10,
        },
        needs: ['Review'],
      }),
    },
    'products up to a price': {
      weight: 3,
      read: (shop) => ({
        model: 'product',
        operation: 'findMany',
        args: {
          where: { categoryId: shop.category(), price: { lt: 10_000 + unique('price', MANY) } },
          orderBy: [{ price: 'asc' }, { id: 'asc' }],
          take: 10,
          select: CARD,
        },
        needs: ['Product'],
      }),
    },
  }
}

const STRIDE = 7919
const MANY = 1_000_003
