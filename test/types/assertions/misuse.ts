import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'

// Every directive here must hold back an error of the line under it.

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)
const where = { id: 1 }

export const reads = [
  // @ts-expect-error: misspelt argument
  prisma.m1.findMany({ cahce: true }),
  // @ts-expect-error: misspelt option
  prisma.m1.findMany({ cache: { tttl: 1 } }),
  // @ts-expect-error: misspelt option beside a right one
  prisma.m1.findMany({ cache: { ttl: 1, tag: ['a'] } }),
  // @ts-expect-error: seconds are a number
  prisma.m1.findMany({ cache: { ttl: '1' } }),
  // @ts-expect-error: seconds are a number
  prisma.m1.findUnique({ where, cache: { swr: true } }),
  // @ts-expect-error: a list of tags
  prisma.m1.findUniqueOrThrow({ where, cache: { tags: 'a' } }),
  // @ts-expect-error: not a word
  prisma.m1.findFirst({ cache: 'yes' }),
  // @ts-expect-error: not a number
  prisma.m1.findFirstOrThrow({ cache: 60 }),
  // @ts-expect-error: not a list
  prisma.m1.count({ cache: ['a'] }),
  // @ts-expect-error: a text
  prisma.m1.aggregate({ _count: true, cache: { key: 1 } }),
  // @ts-expect-error: a boolean
  prisma.m1.groupBy({ by: ['kind'], cache: { refresh: 'yes' } }),
  // @ts-expect-error: only at the top
  prisma.m1.findMany({ include: { prev: { cache: true } } }),
]

export const readsThatInvalidate = [
  // @ts-expect-error: invalidate is for writes
  prisma.m1.findUnique({ where, cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.findUniqueOrThrow({ where, cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.findFirst({ cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.findFirstOrThrow({ cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.findMany({ cache: { ttl: 1, invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.count({ cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.aggregate({ _count: true, cache: { invalidate: ['a'] } }),
  // @ts-expect-error: invalidate is for writes
  prisma.m1.groupBy({ by: ['kind'], cache: { invalidate: ['a'] } }),
]

const data = { name: 'a', email: 'b', price: 1, kind: 'A', secret: 's', prevId: 1 } as const

export const writesThatCache = [
  // @ts-expect-error: ttl is for reads
  prisma.m1.create({ data, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.createMany({ data, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.createManyAndReturn({ data, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.update({ where, data: {}, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.updateMany({ data: {}, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.updateManyAndReturn({ data: {}, cache: { invalidate: ['a'], ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.upsert({ where, create: data, update: {}, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.delete({ where, cache: { ttl: 1 } }),
  // @ts-expect-error: ttl is for reads
  prisma.m1.deleteMany({ cache: { ttl: 1 } }),
  // @ts-expect-error: a write is not cached
  prisma.m1.create({ data, cache: true }),
  // @ts-expect-error: a list of tags
  prisma.m1.delete({ where, cache: { invalidate: 'a' } }),
  // @ts-expect-error: misspelt option
  prisma.m1.deleteMany({ cache: { invalidates: ['a'] } }),
  // @ts-expect-error: no key
  prisma.m1.delete({ cache: { invalidate: ['a'] } }),
]
