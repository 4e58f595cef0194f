import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

// `prisma-client-js` with an `output` copies Prisma's types, and TypeScript cannot tell the copy from a stranger. What is
// lost with that, and only that: the type still has a column that the client omits everywhere.

declare const adapter: never
const prisma = new PrismaClient({ adapter, omit: { m3: { secret: true } } }).$extends(cacheExtension)

export async function globalOmitIsNotSeen() {
  const row = await prisma.m3.findFirstOrThrow({ where: { id: 1 }, cache: true })
  expectType<Equal<typeof row.secret, string>>()
  const omitted = await prisma.m3.findFirstOrThrow({ omit: { secret: true }, cache: true })
  // @ts-expect-error: omitted by the call
  omitted.secret
}
