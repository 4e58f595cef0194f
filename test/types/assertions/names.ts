import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import type { FieldNameOf, ModelNameOf } from 'prisma-extension-query-cache/extension/typed-client'
import { type Equal, expectType } from './expect-type.ts'

declare const adapter: never
const plain = new PrismaClient({ adapter })
const prisma = plain.$extends(cacheExtension)
const again = prisma.$extends({ name: 'later', client: { $other: () => 1 } })

type Numbered = `M${number}`
type Fields = 'id' | 'name' | 'email' | 'age' | 'price' | 'at' | 'data' | 'flag' | 'kind' | 'secret' | 'parentId'

export function modelNames() {
  expectType<Equal<ModelNameOf<PrismaClient>, ModelNameOf<typeof prisma>>>()
  expectType<Equal<ModelNameOf<typeof plain>, ModelNameOf<typeof again>>>()
  expectType<Equal<Extract<ModelNameOf<typeof prisma>, 'M0' | 'M49' | 'm0' | '$cache'>, 'M0' | 'M49'>>()
  expectType<Equal<Exclude<ModelNameOf<typeof prisma>, Numbered>, never>>()
  // biome-ignore lint/suspicious/noExplicitAny: a client of which nothing is known
  expectType<Equal<ModelNameOf<any>, string>>()
  expectType<Equal<FieldNameOf<PrismaClient, 'M0'>, Fields>>()
  expectType<Equal<FieldNameOf<typeof again, 'M0'>, Fields>>()
  // biome-ignore lint/suspicious/noExplicitAny: a client of which nothing is known
  expectType<Equal<FieldNameOf<any, 'M0'>, string>>()
  expectType<Equal<FieldNameOf<PrismaClient, 'Nope'>, never>>()
}

/** As a config file would check its model and field names. */
declare function define<Client>(
  models: {
    [M in ModelNameOf<Client>]?: { ttl?: number; neverCache?: readonly FieldNameOf<Client, M>[] } | false
  },
): void

export function config() {
  define<typeof prisma>({ M3: { ttl: 4, neverCache: ['secret'] }, M4: false })
  define<PrismaClient>({ M3: { ttl: 4, neverCache: ['secret'] }, M4: false })
  // @ts-expect-error: no such model
  define<typeof prisma>({ M50: { ttl: 4 } })
  // @ts-expect-error: the model's name, not the client's property
  define<PrismaClient>({ m3: { ttl: 4 } })
  // @ts-expect-error: no such field
  define<typeof prisma>({ M3: { neverCache: ['secrets'] } })
}
