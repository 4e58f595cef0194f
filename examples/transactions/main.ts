// npx tsx examples/transactions/main.ts
//
// Reads inside a transaction go to the database, so they see its own writes. What it wrote is invalidated after the
// commit and before the caller goes on; a rollback invalidates nothing.
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter }).$extends(
  cacheExtension({ models: { Booking: { ttl: 60 }, Payment: { ttl: 60 } } }),
)

const PAID = { where: { status: 'PAID' } } as const

async function show(when: string): Promise<void> {
  const { data, info } = await prisma.$cache.withCacheInfo(prisma.booking.count(PAID))
  console.log(`${when.padEnd(18)} ${data} paid bookings, ${info.status}`)
}

await show('at first')
await show('once more')

await prisma.$transaction(async (tx) => {
  await tx.booking.update({ where: { reference: '177FI' }, data: { status: 'CANCELLED', payment: { delete: true } } })
  const { data, info } = await prisma.$cache.withCacheInfo(tx.booking.count(PAID))
  console.log(`inside             ${data} paid bookings, ${info.status === 'bypass' && info.reason}`)
})
await show('after the commit')

await prisma
  .$transaction(async (tx) => {
    await tx.booking.deleteMany()
    throw new Error('never mind')
  })
  .catch((error: Error) => console.log(`rolled back        ${error.message}`))
await show('after a rollback')

await prisma.$transaction([
  prisma.booking.update({
    where: { reference: '177FI' },
    data: { status: 'PAID', payment: { create: { amount: '39.58', paidAt: new Date() } } },
  }),
  prisma.payment.aggregate({ _sum: { amount: true } }),
])
await show('after a batch')
