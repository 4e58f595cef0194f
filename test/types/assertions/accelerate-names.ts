import type * as Published from '@prisma/extension-accelerate'
import { PrismaClient } from 'generated-client'
import * as Ours from 'prisma-extension-query-cache/accelerate/index'
import { type Equal, expectType } from './expect-type.ts'

// The types an application may have named.

export function names() {
  expectType<Equal<Ours.PrismaCacheStrategy, Published.PrismaCacheStrategy>>()
  expectType<Equal<Ours.AccelerateInfo, Published.AccelerateInfo>>()
  expectType<Equal<Ours.AccelerateInvalidateInput['tags'], Published.AccelerateInvalidateInput['tags']>>()
  expectType<Equal<Ours.AcceleratePromise<string>['then'], Published.AcceleratePromise<string>['then']>>()
  expectType<
    Equal<
      ReturnType<Ours.AcceleratePromise<string>['withAccelerateInfo']>,
      ReturnType<Published.AcceleratePromise<string>['withAccelerateInfo']>
    >
  >()
}

export const options = (given: Published.WithAccelerateOptions): Ours.WithAccelerateOptions => given

// What the extension of Prisma has no types for.

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(Ours.withAccelerate({ prefix: 'shop:', invalidation: 'tags' }))

export async function more() {
  const groups = await prisma.m7.groupBy({ by: ['kind'], _count: true, cacheStrategy: { ttl: 60 } })
  expectType<Equal<(typeof groups)[number]['kind'], 'A' | 'B'>>()
  const children = await prisma.m3.findUnique({ where: { id: 1 }, cacheStrategy: { ttl: 60 } }).children()
  expectType<Equal<NonNullable<typeof children>[number]['email'], string>>()
  await prisma.m3.findMany({ cache: { ttl: 60 } })
  await prisma.m3.delete({ where: { id: 1 }, cache: { invalidate: ['a'] } })
  await prisma.$cache.invalidate({ models: ['M3'] })
  // @ts-expect-error: no such option
  Ours.withAccelerate({ prefx: 'shop:' })
}
