import { Cached, createCache, Invalidates } from 'prisma-extension-query-cache'
import { type Equal, expectType } from './expect-type.ts'

const cache = createCache()

class Users {
  @Cached({ cache, name: 'find', tags: (id: number) => [`user:${id}`] })
  async find(id: number, _locale?: string) {
    return { id }
  }

  @Cached<Users['list']>({ cache: (self: Users) => self.own, key: (order) => order.toUpperCase() })
  async list(order: 'asc' | 'desc'): Promise<'asc' | 'desc'> {
    return order
  }

  @Invalidates<Users['rename']>({ cache, tags: (id, name) => [id.toFixed(), name.trim()] })
  async rename(id: number, name: string): Promise<void> {
    await this.find(id, name)
  }

  @Cached({ cache, name: 'count' })
  static async count() {
    return 1
  }

  // @ts-expect-error: what is cached must be waited for
  @Cached({ cache, name: 'now' })
  now() {
    return 1
  }

  own = cache
}

// @ts-expect-error: which cache
Cached({ name: 'x' })
// @ts-expect-error: misspelt option
Invalidates({ cache, tag: ['x'] })

export async function methods() {
  const users = new Users()
  const found = await users.find(1)
  const order = await users.list('asc')
  const count = await Users.count()
  expectType<Equal<typeof found, { id: number }>>()
  expectType<Equal<typeof order, 'asc' | 'desc'>>()
  expectType<Equal<typeof count, number>>()
}
