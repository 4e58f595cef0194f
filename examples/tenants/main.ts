// npx tsx examples/tenants/main.ts
//
// Each passenger is a tenant. An extension adds the passenger to every query, and the cache is told by the same async
// scope whose result it is: an entry answers nobody else, and all of one tenant's can be dropped at once.
import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const tenant = new AsyncLocalStorage<number>() // in your project: set by a middleware, for each request

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter })
  .$extends({
    query: {
      booking: {
        findMany: ({ args, query }) =>
          query({ ...args, where: { AND: [args.where ?? {}, { passengerId: tenant.getStore() ?? -1 }] } }),
      },
    },
  })
  .$extends(cacheExtension({ defaults: { ttl: 60 }, vary: () => tenant.getStore(), requireScope: true }))

const read = () => prisma.booking.findMany({ take: 3, select: { reference: true }, cache: { tags: ['bookings'] } })

async function show(id: number | undefined): Promise<void> {
  const ask = () => prisma.$cache.withCacheInfo(read())
  const { data, info } = await (id === undefined ? ask() : tenant.run(id, ask))
  const how = info.status === 'bypass' ? `${info.status}, ${info.reason}` : info.status
  console.log(`passenger ${String(id).padEnd(9)} ${how.padEnd(16)} ${data.map((one) => one.reference).join(' ')}`)
}

for (const id of [14, 27, 14, 27]) await show(id)
await show(undefined) // nobody: the extension finds nothing, and the cache stores nothing

console.log('passenger 14 is imported anew')
await prisma.$cache.invalidate({ scope: 14 })
for (const id of [14, 27]) await show(id)

console.log('bookings of passenger 27, and of nobody else')
await prisma.$cache.invalidate({ tags: ['bookings'], scope: 27 })
for (const id of [14, 27]) await show(id)

console.log('bookings of everybody')
await prisma.$cache.invalidate({ tags: ['bookings'] })
for (const id of [14, 27]) await show(id)

await prisma.$cache.disconnect()
