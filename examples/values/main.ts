// npx tsx examples/values/main.ts
//
// Values of your own, without Prisma; `prisma.$cache` can do the same. With REDIS_URL set they are shared by processes.
import { Cached, createCache, Invalidates } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const cache = createCache({ prefix: 'example-values:' })
await cache.clear()

await cache.set('greeting', { text: 'hello', at: new Date(0) }, { ttl: 60, tags: ['texts'] })
console.log(await cache.get('greeting')) // the Date is a Date
console.log(await cache.increment('visits'), await cache.increment('visits', 10)) // 1 11

let runs = 0
const report = () => cache.getOrSet('report', async () => `report ${(runs += 1)}`, { models: ['Order'], swr: 'hour' })
console.log(await Promise.all([report(), report(), report()])) // computed once
await cache.invalidate({ models: ['Order'] }) // what a write through Prisma does by itself
console.log(await report()) // report 2

class Users {
  names = new Map([[1, 'Ada']])

  @Cached({ cache, name: 'Users.find', ttl: 300, tags: (id: number) => [`user:${id}`] })
  async find(id: number) {
    return this.names.get(id) ?? null
  }

  @Invalidates({ cache, tags: (id: number) => [`user:${id}`] })
  async rename(id: number, name: string) {
    this.names.set(id, name)
  }
}

const users = new Users()
console.log(await users.find(1), await users.find(1)) // the second from the cache
await users.rename(1, 'Lovelace')
console.log(await users.find(1)) // Lovelace
console.log(cache.stats().models['$data'])
await cache.disconnect()
