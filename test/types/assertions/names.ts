import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { defineCacheConfig } from 'prisma-extension-query-cache'
import type { FieldNameOf, ModelNameOf } from 'prisma-extension-query-cache/policy/model-names'
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
  expectType<Equal<ModelNameOf<any>, string>>()
  expectType<Equal<ModelNameOf<unknown>, string>>()
  expectType<Equal<FieldNameOf<PrismaClient, 'M0'>, Fields>>()
  expectType<Equal<FieldNameOf<typeof again, 'M0'>, Fields>>()
  expectType<Equal<FieldNameOf<any, 'M0'>, string>>()
  expectType<Equal<FieldNameOf<PrismaClient, 'Nope'>, never>>()
}

export function config() {
  defineCacheConfig({ prefix: 'shop:', models: { Anything: { ttl: 4, neverCache: ['at', 'all'] }, Other: false } })
  defineCacheConfig<PrismaClient>({
    models: { M3: { ttl: 4, operations: { count: false }, neverCache: ['secret'], dependsOn: ['M4'] }, M4: false },
    raw: [{ match: 'FROM "M3"', reads: ['M3'], ttl: 4 }],
  })
  defineCacheConfig<typeof prisma>({ models: { M3: { ttl: 4, neverCache: ['secret'] }, M4: false } })
  // @ts-expect-error: no such model
  defineCacheConfig<typeof prisma>({ models: { M50: { ttl: 4 } } })
  // @ts-expect-error: the model's name, not the client's property
  defineCacheConfig<PrismaClient>({ models: { m3: { ttl: 4 } } })
  // @ts-expect-error: no such field
  defineCacheConfig<typeof prisma>({ models: { M3: { neverCache: ['secrets'] } } })
  // @ts-expect-error: no such model
  defineCacheConfig<PrismaClient>({ models: { M3: { dependsOn: ['M50'] } } })
  // @ts-expect-error: no such operation
  defineCacheConfig<PrismaClient>({ models: { M3: { operations: { findmany: false } } } })
  // @ts-expect-error: no such model
  defineCacheConfig<PrismaClient>({ raw: [{ match: 'FROM "M3"', reads: ['m3'] }] })
  // @ts-expect-error: no such option
  defineCacheConfig({ prefx: 'shop:' })
  // @ts-expect-error: no such option
  defineCacheConfig({ models: { Anything: { tttl: 4 } } })
}
