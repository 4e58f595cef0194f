import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { validator } from 'hono/validator'
import { honoCache } from '../../src/http/index.ts' // in your project: 'prisma-extension-query-cache/http'
import { findCategories, findOrders, findProduct, findProducts } from './catalog.ts'
import type { Shop } from './client.ts'
import { OutOfStock, placeOrder } from './orders.ts'

/** Nothing below knows of the cache but the line that says what it did. */
export function shopApi(prisma: Shop): Hono {
  const api = new Hono()
  api.use(honoCache(prisma.$cache))

  api.get('/categories', async (c) => c.json(await findCategories(prisma)))

  api.get('/products', async (c) => {
    const { category, q = '', page = '1' } = c.req.query()
    return c.json(await findProducts(prisma, { category, text: q.slice(0, 80), page: wholeNumber(page, 1000) }))
  })

  api.get('/products/:id', async (c) => {
    const product = await findProduct(prisma, wholeNumber(c.req.param('id')))
    return product ? c.json(product) : c.json({ error: 'there is no such product' }, 404)
  })

  api.get('/orders', async (c) => c.json(await findOrders(prisma)))

  api.post('/orders', validator('json', orderInput), async (c) => {
    try {
      return c.json(await placeOrder(prisma, c.req.valid('json')), 201)
    } catch (error) {
      if (error instanceof OutOfStock) return c.json({ error: error.message }, 409)
      throw error
    }
  })
  return api
}

function orderInput(body: unknown): { productId: number; quantity: number } {
  const { productId, quantity } = (body ?? {}) as Record<string, unknown>
  return { productId: wholeNumber(productId), quantity: wholeNumber(quantity, 10) }
}

function wholeNumber(value: unknown, most = 2 ** 31 - 1): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1 && number <= most) return number
  throw new HTTPException(400, { message: `not a whole number from 1 to ${most}` })
}
