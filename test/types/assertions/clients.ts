import { cacheExtension } from 'cache-extension'
import { type Prisma, PrismaClient } from 'generated-client'
import type { CachedClient, CachedTransaction, DropInClient } from 'prisma-extension-query-cache'
import { type Equal, expectType } from './expect-type.ts'

// Types for code that takes the client or its transaction.

declare const adapter: never
const plain = new PrismaClient({ adapter })
const prisma = plain.$extends(cacheExtension)
const later = prisma.$extends({
  name: 'later',
  client: { $other: () => 1 },
  result: { m3: { shout: { needs: { name: true }, compute: ({ name }) => name.toUpperCase() } } },
})

type Db = CachedClient<PrismaClient>
type Tx = CachedTransaction<PrismaClient>

async function names(db: Tx) {
  const rows = await db.m3.findMany({ select: { name: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof rows, { name: string }[]>>()
  // @ts-expect-error: no such column
  await db.m3.findMany({ select: { nme: true } })
  // @ts-expect-error: no such option
  await db.m3.findMany({ cache: { tll: 5 } })
  // @ts-expect-error: Prisma takes it from the client of a transaction
  await db.$disconnect()
  return rows
}

async function ofPlain(db: PrismaClient, tx: Prisma.TransactionClient) {
  return [await db.m3.count(), await tx.m3.count()]
}

export async function cachedClients(db: Db) {
  expectType<Equal<typeof prisma, Db>>()
  await names(db)
  await prisma.$transaction((tx) => names(tx))
  const rows = await db.$transaction(async (tx) => tx.m3.findMany({ select: { id: true }, cache: true }))
  expectType<Equal<typeof rows, { id: number }[]>>()
  const { data } = await db.$cache.withCacheInfo(db.m3.count({ cache: true }))
  expectType<Equal<typeof data, number>>()
  // @ts-expect-error: a plain client takes no `cache`
  await names(plain)
  // @ts-expect-error: an extended client is no plain one to TypeScript
  await ofPlain(prisma, plain)
}

/** To compare clients with other extensions, TypeScript would have to compare all their models. They have types of their own. */
export async function otherExtensions() {
  const early = plain.$extends({ name: 'early', client: { $early: () => 'a' as const } })
  const cached: CachedClient<typeof early> = early.$extends(cacheExtension)
  expectType<Equal<ReturnType<typeof cached.$early>, 'a'>>()
  expectType<Equal<CachedClient<typeof later>, typeof later>>()
  const shouts = async (db: CachedTransaction<typeof later>) => {
    const rows = await db.m3.findMany({ select: { shout: true }, cache: { ttl: 5 } })
    expectType<Equal<typeof rows, { shout: string }[]>>()
    // @ts-expect-error: no such option
    await db.m3.findMany({ cache: { tll: 5 } })
  }
  await shouts(later)
  await later.$transaction((tx) => shouts(tx))
  const counts = (db: CachedTransaction<typeof early>) => db.m3.count({ cache: true })
  await counts(cached)
  await cached.$transaction((tx) => counts(tx))
}

export async function dropIn() {
  const both = plain.$extends(cacheExtension) as DropInClient<PrismaClient>
  await names(both)
  await ofPlain(both, both)
  const rows = await both.m3.findMany({ select: { id: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof rows, { id: number }[]>>()
  const name = await both.$transaction(
    async (tx) => {
      await ofPlain(both, tx)
      await names(tx)
      const found = await tx.m3.findFirstOrThrow({ select: { name: true }, cache: false })
      expectType<Equal<typeof found, { name: string }>>()
      return found.name
    },
    { isolationLevel: 'Serializable', timeout: 1000 },
  )
  expectType<Equal<typeof name, string>>()
  const [n] = await both.$transaction([both.m3.count()])
  expectType<Equal<typeof n, number>>()
  const health = await both.$cache.health()
  expectType<Equal<typeof health.store, string>>()
  // @ts-expect-error: no such option
  await both.m3.findMany({ cache: { tll: 5 } })
  // @ts-expect-error: no such column
  await both.m3.findMany({ select: { nme: true } })
}
