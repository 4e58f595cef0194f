import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import type { CachedClient, CachedTransaction } from 'prisma-extension-query-cache'
import { type Equal, expectType } from './expect-type.ts'

// The client's copy of Prisma's types is not recognized. The type of the client itself does.

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)

async function names(db: CachedTransaction<typeof prisma>) {
  const rows = await db.m3.findMany({ select: { name: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof rows, { name: string }[]>>()
}

export async function clients() {
  expectType<Equal<CachedClient<PrismaClient>, never>>()
  await names(prisma)
  await prisma.$transaction((tx) => names(tx))
}
