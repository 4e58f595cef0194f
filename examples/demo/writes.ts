import { cached, plain } from './clients.ts'
import type { ReadName } from './reads.ts'

export interface Write {
  readonly title: string
  /** What is shown of the code. */
  readonly code: string
  /** May answer a remark to print. */
  readonly run: () => Promise<unknown>
  /** Reads that must still come from the cache afterwards; the others may. */
  readonly survivors: readonly ReadName[] | 'all'
}

export const writes: readonly Write[] = [
  {
    title: 'update of a row nobody has cached',
    code: "passenger.update({ where: { id: 900 }, data: { name: 'Noor Novak' } })",
    run: () => cached.passenger.update({ where: { id: 900 }, data: { name: 'Noor Novak' } }),
    survivors: ['passenger', 'otherPassenger', 'delays', 'longHauls', 'turnover', 'hubs', 'revenue'],
  },
  {
    title: 'update of a cached row, by another key',
    code: 'passenger.update({ where: { id: 45 }, data: { miles: { increment: 500n } } })',
    run: () => cached.passenger.update({ where: { id: 45 }, data: { miles: { increment: 500n } } }),
    survivors: ['otherPassenger', 'delays', 'longHauls', 'turnover', 'hubs', 'revenue'],
  },
  {
    title: 'nested write: booking and payment',
    code: 'booking.create({ data: { flight: { connect }, passenger: { connect }, payment: { create } } })',
    run: () =>
      cached.booking.create({
        data: {
          reference: 'DEMO-1',
          status: 'PAID',
          flight: { connect: { id: 1 } },
          passenger: { connect: { id: 60 } },
          payment: { create: { amount: '199.99', paidAt: new Date('2001-01-01T00:00:00Z') } },
        },
      }),
    survivors: ['passenger', 'noAirport', 'atlas'],
  },
  {
    title: 'many-to-many connect',
    code: "airport.update({ where: { iata: 'SEA' }, data: { fans: { connect: { id: 60 } } } })",
    run: () => cached.airport.update({ where: { iata: 'SEA' }, data: { fans: { connect: { id: 60 } } } }),
    survivors: ['passenger', 'longHauls', 'turnover', 'hubs', 'atlas'],
  },
  {
    title: 'updateMany',
    code: "flight.updateMany({ where: { originIata: 'ORD' }, data: { delay: { increment: 1 } } })",
    run: () => cached.flight.updateMany({ where: { originIata: 'ORD' }, data: { delay: { increment: 1 } } }),
    survivors: ['passenger', 'otherPassenger', 'turnover', 'noAirport', 'favourites', 'atlas'],
  },
  {
    title: 'upsert of a row remembered as absent',
    code: "airport.upsert({ where: { iata: 'XXX' }, create: { …, city: { connect } }, update: {} })",
    run: () =>
      cached.airport.upsert({
        where: { iata: 'XXX' },
        create: { iata: 'XXX', name: 'Demo Field', latitude: 61.2, longitude: -149.9, city: { connect: { id: 1 } } },
        update: {},
      }),
    survivors: ['passenger', 'otherPassenger', 'longHauls', 'turnover', 'hubs'],
  },
  {
    title: 'delete that cascades to bookings, payments',
    code: 'passenger.delete({ where: { id: 61 } })',
    run: () => cached.passenger.delete({ where: { id: 61 } }),
    survivors: [
      'passenger',
      'otherPassenger',
      'delays',
      'hawaii',
      'longHauls',
      'hubs',
      'longest',
      'noAirport',
      'atlas',
    ],
  },
  {
    title: 'interactive transaction, committed',
    code: '$transaction(async (tx) => { tx.payment.update(…); tx.payment.aggregate(…) })',
    run: () =>
      cached.$transaction(async (tx) => {
        await tx.payment.update({ where: { id: 1 }, data: { amount: { increment: 10 } } })
        const { data, info } = await cached.$cache.withCacheInfo(tx.payment.aggregate({ _sum: { amount: true } }))
        return `inside it the sum was ${data._sum.amount}: ${info.status === 'bypass' && info.reason}`
      }),
    survivors: [
      'passenger',
      'otherPassenger',
      'delays',
      'hawaii',
      'longHauls',
      'hubs',
      'longest',
      'noAirport',
      'atlas',
    ],
  },
  {
    title: 'interactive transaction, rolled back',
    code: "$transaction(async (tx) => { tx.payment.deleteMany(); throw new Error('changed my mind') })",
    run: () =>
      cached
        .$transaction(async (tx) => {
          await tx.payment.deleteMany()
          throw new Error('changed my mind')
        })
        .catch((error: Error) => `rejected: ${error.message}`),
    survivors: 'all',
  },
  {
    title: 'batch transaction',
    code: '$transaction([booking.update(…), payment.update(…), payment.count()])',
    run: () =>
      cached.$transaction([
        cached.booking.update({ where: { id: 2 }, data: { status: 'CANCELLED' } }),
        cached.payment.update({ where: { bookingId: 2 }, data: { amount: 0 } }),
        cached.payment.count(),
      ]),
    survivors: [
      'passenger',
      'otherPassenger',
      'delays',
      'hawaii',
      'longHauls',
      'hubs',
      'longest',
      'noAirport',
      'atlas',
    ],
  },
  {
    title: 'raw write, models declared',
    code: "$cache.raw({ writes: ['Flight'] }, $executeRaw`UPDATE Flight …`)",
    run: () =>
      cached.$cache.raw(
        { writes: ['Flight'] },
        cached.$executeRaw`UPDATE Flight SET delay = delay + 100 WHERE originIata = 'DFW'`,
      ),
    survivors: ['passenger', 'otherPassenger', 'noAirport', 'favourites', 'atlas'],
  },
  {
    title: 'raw write, tables found in the SQL',
    code: '$executeRaw`UPDATE Payment SET amount = amount * 2 WHERE …`',
    run: () => cached.$executeRaw`UPDATE Payment SET amount = amount * 2 WHERE id % 2 = 0`,
    survivors: [
      'passenger',
      'otherPassenger',
      'delays',
      'hawaii',
      'longHauls',
      'hubs',
      'longest',
      'noAirport',
      'atlas',
    ],
  },
  {
    title: 'write from elsewhere, then $cache.invalidate',
    code: "plain.city.update({ … }); $cache.invalidate({ models: ['City'] })",
    run: async () => {
      const where = { stateCode_name: { stateCode: 'RI', name: 'Newport' } }
      await plain.city.update({ where, data: { name: 'New Newport' } })
      await cached.$cache.invalidate({ models: ['City'] })
    },
    survivors: ['passenger', 'otherPassenger', 'longHauls', 'turnover', 'hubs', 'myBookings'],
  },
  {
    title: "a tag of one's own",
    code: "$cache.invalidate({ tags: ['atlas'] })",
    run: () => cached.$cache.invalidate({ tags: ['atlas'] }),
    survivors: ['passenger', 'delays', 'ticket', 'bigSpenders', 'hawaii', 'turnover', 'hubs', 'noAirport', 'revenue'],
  },
]
