import type { CacheControl } from '../../src/index.ts'

/** What is imported is handed in: the runner of the tests knows no decorators, so this file is compiled by them. */
type Package = typeof import('../../src/index.ts')

export function decorated({ Cached, Invalidates }: Pick<Package, 'Cached' | 'Invalidates'>, cache: CacheControl) {
  class Users {
    #names = new Map([
      [1, 'ada'],
      [2, 'bob'],
    ])
    loads = 0
    readonly cache = cache

    @Cached({ cache, name: 'Users.find', ttl: 60, tags: (id: number) => [`user:${id}`] })
    async find(id: number): Promise<string | null> {
      this.loads += 1
      return this.#names.get(id) ?? null
    }

    @Cached<Users['list']>({ cache: (self: Users) => self.cache, key: (order = 'asc') => `users:${order}` })
    async list(order?: 'asc' | 'desc'): Promise<string[]> {
      this.loads += 1
      const names = [...this.#names.values()]
      return order === 'desc' ? names.reverse() : names
    }

    @Invalidates({
      cache: (self: Users) => self.cache,
      tags: (id: number) => [`user:${id}`],
      keys: ['users:asc', 'users:desc'],
    })
    async rename(id: number, name: string): Promise<string> {
      if (name === '') throw new RangeError('no name')
      this.#names.set(id, name)
      return name
    }

    @Invalidates({
      cache,
      tags: () => {
        throw new Error('which?')
      },
    })
    async touch(): Promise<'touched'> {
      return 'touched'
    }

    @Cached({ cache, name: 'Users.count' })
    static async count(): Promise<number> {
      return Users.counts++
    }
    static counts = 0
  }
  return Users
}
