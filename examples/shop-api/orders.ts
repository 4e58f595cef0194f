import type { Shop } from './client.ts'

export class OutOfStock extends Error {}

/**
 * Takes from the stock and enters the order, or does neither. Two buyers of the last packet are told apart by the
 * database, which looks at `stock` when it writes. What the two writes changed is invalidated after the commit, and
 * before this resolves; a rollback invalidates nothing.
 */
export function placeOrder(prisma: Shop, { productId, quantity }: { productId: number; quantity: number }) {
  return prisma.$transaction(async (tx) => {
    const where = { id: productId, stock: { gte: quantity } }
    const [product] = await tx.product.updateManyAndReturn({ where, data: { stock: { decrement: quantity } } })
    if (!product) throw new OutOfStock(`there are no ${quantity} of it left`)
    const { price, stock } = product
    const lines = { create: [{ productId, quantity, price }] }
    const order = await tx.order.create({ data: { total: quantity * price, lines } })
    return { id: order.id, total: order.total, productId, quantity, stock }
  })
}
