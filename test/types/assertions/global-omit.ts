import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

declare const adapter: never
const prisma = new PrismaClient({ adapter, omit: { m3: { secret: true } } }).$extends(cacheExtension)

export async function globalOmit() {
  const row = await prisma.m3.findFirstOrThrow({ where: { id: 1 }, cache: true })
  expectType<Equal<typeof row.name, string>>()
  // @ts-expect-error: omitted by the client
  row.secret
  const rows = await prisma.m2.findMany({ include: { nexts: true }, cache: true })
  // @ts-expect-error: omitted by the client, nested
  rows[0]?.nexts[0]?.secret
  const shown = await prisma.m3.findFirstOrThrow({ omit: { secret: false }, cache: true })
  expectType<Equal<typeof shown.secret, string>>()
  const created = await prisma.m3.update({ where: { id: 1 }, data: {}, cache: { invalidate: [] } })
  // @ts-expect-error: omitted by the client
  created.secret
}
