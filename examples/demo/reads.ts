import type { Prisma, PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cached, plain } from './clients.ts'

export interface Read {
  readonly operation: string
  readonly title: string
  readonly onCached: () => Prisma.PrismaPromise<unknown>
  readonly onPlain: () => Prisma.PrismaPromise<unknown>
}

// Every query is written once and run on both clients. The cached client's type differs by what it adds (`cache` in the
// arguments), which TypeScript cannot compare through the generics of Prisma's methods.
const cachedAsPlain = cached as unknown as PrismaClient

function read(operation: string, title: string, query: (prisma: PrismaClient) => Prisma.PrismaPromise<unknown>): Read {
  return { operation, title, onCached: () => query(cachedAsPlain), onPlain: () => query(plain) }
}

const atlas = {
  where: { code: { in: ['AK', 'HI', 'RI', 'VT'] } },
  include: { cities: { orderBy: { name: 'asc' } } },
  orderBy: { code: 'asc' },
} satisfies Prisma.StateFindManyArgs

export const reads = {
  passenger: read('findUnique', 'a passenger by e-mail', (prisma) =>
    prisma.passenger.findUnique({ where: { email: 'jonas.haddad.45@example.com' } }),
  ),
  otherPassenger: read('findUniqueOrThrow', 'another passenger by id', (prisma) =>
    prisma.passenger.findUniqueOrThrow({ where: { id: 60 } }),
  ),
  delays: read('findMany', 'page 2 of delayed departures', (prisma) =>
    prisma.flight.findMany({
      where: { originIata: 'ORD', delay: { gt: 60 } },
      orderBy: [{ delay: 'desc' }, { id: 'asc' }],
      skip: 20,
      take: 20,
      include: { destination: { select: { iata: true, name: true } } },
    }),
  ),
  ticket: read('findUnique', 'a booking, four levels deep', (prisma) =>
    prisma.booking.findUnique({
      where: { id: 2 },
      include: {
        payment: true,
        passenger: { select: { name: true, seating: true } },
        flight: { include: { origin: { include: { city: { include: { state: true } } } }, destination: true } },
      },
    }),
  ),
  bigSpenders: read('findMany', 'passengers by what they paid', (prisma) =>
    prisma.passenger.findMany({
      where: {
        bookings: { some: { payment: { amount: { gt: 300 } }, flight: { origin: { city: { stateCode: 'CA' } } } } },
      },
      orderBy: { id: 'asc' },
    }),
  ),
  hawaii: read('findMany', 'airports of Hawaii and counts', (prisma) =>
    prisma.airport.findMany({
      where: { city: { stateCode: 'HI' } },
      include: { city: true, _count: { select: { departures: true, arrivals: true } } },
      orderBy: { iata: 'asc' },
    }),
  ),
  longHauls: read('count', 'flights of 2,000 miles and more', (prisma) =>
    prisma.flight.count({ where: { distance: { gte: 2_000 } } }),
  ),
  turnover: read('aggregate', 'sum and mean of payments', (prisma) =>
    prisma.payment.aggregate({ _sum: { amount: true }, _avg: { amount: true }, _max: { paidAt: true } }),
  ),
  hubs: read('groupBy', 'mean delay of the ten hubs', (prisma) =>
    prisma.flight.groupBy({
      by: ['originIata'],
      _count: { id: true },
      _avg: { delay: true },
      orderBy: { _count: { id: 'desc' } },
      take: 10,
    }),
  ),
  longest: read('findFirst', 'the longest flight', (prisma) =>
    prisma.flight.findFirst({
      orderBy: [{ distance: 'desc' }, { id: 'asc' }],
      include: { origin: true, destination: true },
    }),
  ),
  noAirport: read('findUnique', 'an airport that is not there', (prisma) =>
    prisma.airport.findUnique({ where: { iata: 'XXX' } }),
  ),
  favourites: read('findMany', 'passengers with their favourites', (prisma) =>
    prisma.passenger.findMany({
      where: { favourites: { some: {} } },
      include: { favourites: { orderBy: { iata: 'asc' } } },
      orderBy: { id: 'asc' },
    }),
  ),
  myBookings: read('findUnique', 'bookings by the fluent API', (prisma) =>
    prisma.passenger.findUnique({ where: { id: 60 } }).bookings({ orderBy: { id: 'asc' } }),
  ),
  revenue: read(
    '$queryRaw',
    'revenue by state, five joins',
    (prisma) => prisma.$queryRaw`
    SELECT /* revenue by state */ City.stateCode AS state, COUNT(*) AS payments, SUM(Payment.amount) AS revenue
    FROM Payment
    JOIN Booking ON Booking.id = Payment.bookingId
    JOIN Flight ON Flight.id = Booking.flightId
    JOIN Airport ON Airport.iata = Flight.originIata
    JOIN City ON City.id = Airport.cityId
    GROUP BY City.stateCode
    ORDER BY revenue DESC, state`,
  ),
  atlas: {
    operation: 'findMany',
    title: 'states and cities, tagged',
    // Options of one call: they go before the config.
    onCached: () => cached.state.findMany({ ...atlas, cache: { ttl: 60, tags: ['atlas'] } }),
    onPlain: () => plain.state.findMany(atlas),
  } satisfies Read,
}

export type ReadName = keyof typeof reads
