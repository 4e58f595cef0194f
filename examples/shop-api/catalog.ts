import type { Shop } from './client.ts'

const PAGE_SIZE = 8

export function findCategories(prisma: Shop) {
  return prisma.category.findMany({ orderBy: { name: 'asc' } })
}

/** One page, and how many there are: two reads, both of them cached. */
export async function findProducts(
  prisma: Shop,
  { category, text, page }: { category?: string | undefined; text: string; page: number },
) {
  const where = { ...(category && { category: { slug: category } }), ...(text && { name: { contains: text } }) }
  const [products, total] = await Promise.all([
    prisma.product.findMany({ where, orderBy: { id: 'asc' }, skip: (page - 1) * PAGE_SIZE, take: PAGE_SIZE }),
    prisma.product.count({ where }),
  ])
  return { products, total, page, pages: Math.max(1, Math.ceil(total / PAGE_SIZE)) }
}

export function findProduct(prisma: Shop, id: number) {
  return prisma.product.findUnique({ where: { id }, include: { category: true } })
}

export function findOrders(prisma: Shop) {
  return prisma.order.findMany({
    orderBy: { id: 'desc' },
    take: 5,
    select: {
      id: true,
      total: true,
      createdAt: true,
      lines: { select: { id: true, quantity: true, product: { select: { id: true, name: true } } } },
    },
  })
}
