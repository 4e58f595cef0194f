import { cacheExtension } from 'cache-extension'
import { PrismaClient } from 'generated-client'
import { type Equal, expectType } from './expect-type.ts'

declare const adapter: never
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)

export async function rows() {
  const whole = await prisma.$cache.findManyByIds(prisma.m3, [1, 2])
  expectType<Equal<NonNullable<(typeof whole)[number]>['age'], number | null>>()
  expectType<Equal<Extract<(typeof whole)[number], null>, null>>()

  const selected = await prisma.$cache.findManyByIds(prisma.m3, [1], { select: { id: true, name: true } })
  expectType<Equal<typeof selected, ({ id: number; name: string } | null)[]>>()

  const cached = await prisma.$cache.findManyByIds(prisma.m3, [1], { select: { id: true }, cache: { ttl: 5 } })
  expectType<Equal<typeof cached, ({ id: number } | null)[]>>()

  const byEmail = await prisma.$cache.findManyByIds(prisma.m3, ['a@b.c'], { by: 'email', select: { age: true } })
  expectType<Equal<typeof byEmail, ({ age: number | null } | null)[]>>()

  const compound = { by: 'name_age', select: { id: true } } as const
  const byBoth = await prisma.$cache.findManyByIds(prisma.m3, [{ name: 'a', age: 1 }], compound)
  expectType<Equal<typeof byBoth, ({ id: number } | null)[]>>()

  const within = await prisma.$transaction((tx) => prisma.$cache.findManyByIds(tx.m3, [1], { select: { id: true } }))
  expectType<Equal<typeof within, ({ id: number } | null)[]>>()

  // @ts-expect-error: an id of another type
  await prisma.$cache.findManyByIds(prisma.m3, ['a'])
  // @ts-expect-error: no such key
  await prisma.$cache.findManyByIds(prisma.m3, [1], { by: 'nothing' })
  // @ts-expect-error: no such column
  await prisma.$cache.findManyByIds(prisma.m3, [1], { select: { nothing: true } })
  // @ts-expect-error: the ids say which rows
  await prisma.$cache.findManyByIds(prisma.m3, [1], { where: { id: 1 } })
  // @ts-expect-error: not a model
  await prisma.$cache.findManyByIds(prisma, [1])
}
