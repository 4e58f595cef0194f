import { zipf } from './zipf.ts'

/** What the tables hold before the first call. Ids are left to the database: a row's id is its place, from 1. */
export interface ShopRows {
  readonly user: readonly { email: string; name: string; bio: string; city: string }[]
  readonly category: readonly { name: string; slug: string }[]
  readonly product: readonly {
    sku: string
    name: string
    description: string
    price: number
    stock: number
    views: number
    categoryId: number
  }[]
  readonly order: readonly { userId: number; status: Status; total: number; createdAt: Date }[]
  readonly orderItem: readonly { orderId: number; productId: number; quantity: number; price: number }[]
  readonly review: readonly { productId: number; userId: number; rating: number; body: string; createdAt: Date }[]
}

export const STATUSES = ['pending', 'paid', 'shipped', 'delivered'] as const
export type Status = (typeof STATUSES)[number]

export const WORDS = ['lamp', 'chair', 'table', 'shelf', 'rug', 'clock', 'vase', 'frame', 'stool', 'mirror'] as const
const CITIES = ['Berlin', 'Lyon', 'Porto', 'Gent', 'Turin', 'Brno'] as const
const LAST_YEAR = Date.UTC(2025, 0, 1)

export const emailOf = (user: number) => `user${user}@example.test`
export const skuOf = (product: number) => `SKU-${product}`
export const slugOf = (category: number) => `category-${category}`

export function shopRows(scale: number, skew: number, random: () => number): ShopRows {
  const below = (n: number) => Math.floor(random() * n)
  const pick = <T>(all: readonly T[]) => all[below(all.length)] as T
  const rows = <T>(count: number, row: (id: number) => T) =>
    Array.from({ length: Math.max(1, Math.round(count * scale)) }, (_, i) => row(i + 1))
  const past = (minutes: number) => new Date(LAST_YEAR + minutes * 60_000)

  const user = rows(2000, (id) => ({
    email: emailOf(id),
    name: `User ${id}`,
    bio: `What there is to say about user ${id}. `.repeat(5),
    city: pick(CITIES),
  }))
  const category = rows(40, (id) => ({ name: `Category ${id}`, slug: slugOf(id) }))
  const product = rows(1000, (id) => ({
    sku: skuOf(id),
    name: `${pick(WORDS)} ${id}`,
    description: `All about product ${id}. `.repeat(12),
    price: 500 + below(50_000),
    stock: random() < 0.1 ? 0 : 20 + below(200),
    views: below(5000),
    categoryId: 1 + below(category.length),
  }))
  const popular = zipf(product.length, skew, random)
  const order = rows(6000, (id) => ({
    userId: 1 + below(user.length),
    // Most have been delivered.
    status: random() < 0.8 ? ('delivered' as const) : pick(STATUSES),
    total: 1000 + below(100_000),
    createdAt: past(10 * id),
  }))
  const orderItem = rows(15_000, () => {
    const productId = popular()
    return {
      orderId: 1 + below(order.length),
      productId,
      quantity: 1 + below(3),
      price: product[productId - 1]?.price ?? 0,
    }
  })
  const review = rows(8000, (id) => ({
    productId: popular(),
    userId: 1 + below(user.length),
    rating: 1 + below(5),
    body: `Review ${id}. `.repeat(10),
    createdAt: past(7 * id),
  }))
  return { user, category, product, order, orderItem, review }
}
