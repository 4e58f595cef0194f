import type { Shop } from './shop.ts'
import type { ShopClient } from './shop-client.ts'
import { skuOf, slugOf } from './shop-rows.ts'

export interface Write {
  readonly kind: string
  /** What it changes, in the words of `Read.needs`; a row changes its model as well. */
  readonly changes: readonly string[]
  readonly run: (db: ShopClient) => PromiseLike<unknown>
}

interface WriteKind {
  /** How often, among all. */
  readonly weight: number
  readonly write: (shop: Shop) => Omit<Write, 'kind'>
}

/** What a shop writes; `shop.writes` makes every value one that was never there. */
export const WRITES: Readonly<Record<string, WriteKind>> = {
  'view counted': {
    weight: 40,
    write(shop) {
      const id = shop.product()
      return {
        changes: [`Product:${id}`],
        run: (db) => db.product.update({ where: { id }, data: { views: { increment: 1 } } }),
      }
    },
  },
  'bio edited': {
    weight: 7,
    write(shop) {
      const id = shop.user()
      const bio = `Bio ${shop.writes}. `.repeat(15)
      return { changes: [`User:${id}`], run: (db) => db.user.update({ where: { id }, data: { bio } }) }
    },
  },
  'name and city edited': {
    weight: 4,
    write(shop) {
      const id = shop.user()
      const data = { name: `Name ${shop.writes}`, city: `City ${shop.writes}` }
      return { changes: [`User:${id}`], run: (db) => db.user.update({ where: { id }, data }) }
    },
  },
  'e-mail changed': {
    weight: 1,
    write(shop) {
      const id = shop.user()
      const where = { email: shop.emailOf(id) }
      const email = `user${id}-${shop.writes}@example.test`
      shop.moveUser(id, email)
      return { changes: [`User:${id}`], run: (db) => db.user.update({ where, data: { email } }) }
    },
  },
  'user registered': {
    weight: 2,
    write(shop) {
      const email = shop.register()
      const data = { email, name: `New ${shop.writes}`, bio: '', city: 'Berlin' }
      return { changes: ['User', `User:${email}`], run: (db) => db.user.create({ data }) }
    },
  },
  'order placed': {
    weight: 10,
    write(shop) {
      const order = newOrder(shop)
      return {
        changes: order.changes,
        run: (db) =>
          db.$transaction(async (tx) => {
            for (const { productId: id, quantity } of order.items) {
              await tx.product.update({ where: { id }, data: { stock: { decrement: quantity } } })
            }
            return await tx.order.create({ data: order.data })
          }),
      }
    },
  },
  'order placed, in a batch': {
    weight: 3,
    write(shop) {
      const order = newOrder(shop)
      return {
        changes: order.changes,
        run: (db) =>
          db.$transaction([
            ...order.items.map(({ productId: id, quantity }) =>
              db.product.update({ where: { id }, data: { stock: { decrement: quantity } } }),
            ),
            db.order.create({ data: order.data, include: { items: true } }),
          ]),
      }
    },
  },
  'order status changed': {
    weight: 10,
    write(shop) {
      const { id, status } = shop.advanceOrder()
      return { changes: [`Order:${id}`], run: (db) => db.order.update({ where: { id }, data: { status } }) }
    },
  },
  'review written': {
    weight: 8,
    write(shop) {
      const [productId, userId] = [shop.product(), shop.user()]
      const data = { productId, userId, rating: 1 + shop.below(5), body: `Review ${shop.writes}. `.repeat(8) }
      return { changes: ['Review'], run: (db) => db.review.create({ data }) }
    },
  },
  'review edited': {
    weight: 1,
    write(shop) {
      const id = shop.review()
      const body = `Edited ${shop.writes}.`
      return { changes: [`Review:${id}`], run: (db) => db.review.update({ where: { id }, data: { body } }) }
    },
  },
  'review deleted': {
    weight: 1,
    write(shop) {
      const id = shop.deleteReview()
      return { changes: [`Review:${id}`], run: (db) => db.review.delete({ where: { id } }) }
    },
  },
  'price changed': {
    weight: 5,
    write(shop) {
      const id = shop.product()
      const price = 500 + shop.below(50_000)
      return { changes: [`Product:${id}`], run: (db) => db.product.update({ where: { id }, data: { price } }) }
    },
  },
  restocked: {
    weight: 3,
    write(shop) {
      const id = shop.product()
      return {
        changes: [`Product:${id}`],
        run: (db) => db.product.update({ where: { sku: skuOf(id) }, data: { stock: { increment: 50 } } }),
      }
    },
  },
  'description edited': {
    weight: 2,
    write(shop) {
      const id = shop.product()
      const description = `Described anew, ${shop.writes}. `.repeat(10)
      return {
        changes: [`Product:${id}`],
        run: (db) => db.product.update({ where: { id }, data: { description }, select: { id: true } }),
      }
    },
  },
  'product moved to another category': {
    weight: 1,
    write(shop) {
      const id = shop.product()
      const categoryId = 1 + shop.below(shop.categories)
      shop.moveProduct(id, categoryId)
      const data = shop.chance(0.5) ? { categoryId } : { category: { connect: { id: categoryId } } }
      return { changes: [`Product:${id}`], run: (db) => db.product.update({ where: { id }, data }) }
    },
  },
  'category renamed': {
    weight: 0.3,
    write(shop) {
      const id = shop.category()
      const name = `Category ${shop.writes}`
      return {
        changes: [`Category:${id}`],
        run: (db) => db.category.update({ where: { slug: slugOf(id) }, data: { name } }),
      }
    },
  },
  'prices of a category raised': {
    weight: 0.5,
    write(shop) {
      const categoryId = shop.category()
      return {
        changes: ['Product', ...shop.productsOf(categoryId).map((id) => `Product:${id}`)],
        run: (db) => db.product.updateMany({ where: { categoryId }, data: { price: { increment: 10 } } }),
      }
    },
  },
  'paid orders shipped': {
    weight: 0.2,
    write: (shop) => ({
      changes: ['Order', ...shop.shipOrders().map((id) => `Order:${id}`)],
      run: (db) => db.order.updateMany({ where: { status: 'paid' }, data: { status: 'shipped' } }),
    }),
  },
}

/** Products in the order of their ids: two transactions never wait for each other. */
function newOrder(shop: Shop) {
  const userId = shop.user()
  const products = [...new Set(Array.from({ length: 1 + shop.below(3) }, () => shop.product()))].sort((a, b) => a - b)
  const items = products.map((productId) => ({
    productId,
    quantity: 1 + shop.below(2),
    price: 1000 + shop.below(9000),
  }))
  const total = items.reduce((sum, { quantity, price }) => sum + quantity * price, 0)
  return {
    items,
    data: { userId, status: 'pending', total, items: { create: items } },
    changes: ['Order', `Order:${shop.placeOrder(userId)}`, 'OrderItem', ...products.map((id) => `Product:${id}`)],
  }
}
