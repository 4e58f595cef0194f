import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/shop/.generated/client/client.ts'
import { type CacheOptions, cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

export type Shop = ReturnType<typeof openShop>

/** All the caching there is to write: how long results are fresh, by model. `REDIS_URL`, when set, shares them. */
export function openShop(url: string, more: CacheOptions = {}) {
  return new PrismaClient({ adapter: new PrismaLibSql({ url }) }).$extends(
    cacheExtension({
      prefix: 'shop:',
      models: {
        Category: { ttl: 'hour' },
        Product: { ttl: 300, swr: 60 },
        Order: { ttl: 60 },
      },
      ...more,
    }),
  )
}
