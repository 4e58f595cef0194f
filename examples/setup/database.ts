import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { type Prisma, PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { readAirports, readFlights } from './public-data.ts'

const file = fileURLToPath(new URL('../../prisma/demo/.generated/demo.db', import.meta.url))
const migrations = new URL('../../prisma/demo/migrations/', import.meta.url)

/** What the examples connect to. */
export const databaseUrl = `file:${file}`

/** A prime, so that bookings of every status spread over all of them. */
const PASSENGERS = 1_201
const BOOKINGS = 6_000
const ROWS_PER_INSERT = 500

/** Makes the database anew and fills it, with the same rows every time. Answers how many rows each model has. */
export async function resetDatabase(): Promise<Record<string, number>> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(file + suffix, { force: true })
  const adapter = new PrismaLibSql({ url: databaseUrl })
  await migrate(adapter)
  const prisma = new PrismaClient({ adapter })
  try {
    return await load(prisma)
  } finally {
    await prisma.$disconnect()
  }
}

async function migrate(adapter: PrismaLibSql): Promise<void> {
  const connection = await adapter.connect()
  await connection.executeScript('PRAGMA journal_mode = WAL')
  for (const name of readdirSync(migrations).sort()) {
    await connection.executeScript(readFileSync(new URL(`${name}/migration.sql`, migrations), 'utf8'))
  }
  await connection.dispose()
}

async function load(prisma: PrismaClient): Promise<Record<string, number>> {
  const cities = new Map<string, Prisma.CityCreateManyInput & { id: number }>()
  const airports = readAirports().map(({ city, state, ...airport }) => {
    const place = `${city}, ${state}`
    const { id } = cities.get(place) ?? { id: cities.size + 1 }
    cities.set(place, { id, name: city, stateCode: state })
    return { ...airport, cityId: id }
  })
  const flights = readFlights().map(({ date, delay, distance, origin, destination }, index) => ({
    id: index + 1,
    departsAt: new Date(`${date.replaceAll('/', '-').replace(' ', 'T')}Z`),
    delay,
    distance,
    originIata: origin,
    destinationIata: destination,
  }))
  const passengers = Array.from({ length: PASSENGERS }, (_, index) => passenger(index + 1))
  const bookings = Array.from({ length: BOOKINGS }, (_, index) => booking(index + 1, flights))
  const payments = bookings.filter(({ status }) => status === 'PAID').map((paid) => payment(paid, flights))
  const states = [...new Set([...cities.values()].map(({ stateCode }) => stateCode))].map((code) => ({ code }))

  await inChunks(states, (data) => prisma.state.createMany({ data }))
  await inChunks([...cities.values()], (data) => prisma.city.createMany({ data }))
  await inChunks(airports, (data) => prisma.airport.createMany({ data }))
  await inChunks(flights, (data) => prisma.flight.createMany({ data }))
  await inChunks(passengers, (data) => prisma.passenger.createMany({ data }))
  await inChunks(bookings, (data) => prisma.booking.createMany({ data }))
  await inChunks(payments, (data) => prisma.payment.createMany({ data }))
  for (const [index, iata] of ['SFO', 'JFK', 'HNL', 'ANC', 'ORD', 'ATL', 'DEN', 'SEA'].entries()) {
    const fans = [1, 2, 3, 4, 5, 6].map((step) => ({ id: 1 + ((index * 5 + step * 7) % 40) }))
    await prisma.airport.update({ where: { iata }, data: { fans: { connect: fans } } })
  }

  return {
    State: states.length,
    City: cities.size,
    Airport: airports.length,
    Flight: flights.length,
    Passenger: passengers.length,
    Booking: bookings.length,
    Payment: payments.length,
  }
}

async function inChunks<Row>(rows: Row[], insert: (chunk: Row[]) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < rows.length; from += ROWS_PER_INSERT) await insert(rows.slice(from, from + ROWS_PER_INSERT))
}

// Passengers, bookings and payments are not public data: they are counted out, so that every run has the same ones.

const FIRST_NAMES = ['Ada', 'Bo', 'Carmen', 'Dmitri', 'Elif', 'Femi', 'Grace', 'Hiro', 'Ines', 'Jonas', 'Katya', 'Leo']
const LAST_NAMES = [
  'Adler',
  'Brandt',
  'Costa',
  'Dube',
  'Eriksen',
  'Fontaine',
  'Garcia',
  'Haddad',
  'Ito',
  'Jansen',
  'Kim',
]
const DAY_MS = 86_400_000

function passenger(id: number) {
  const first = pick(FIRST_NAMES, id)
  const last = pick(LAST_NAMES, id * 7)
  return {
    id,
    email: `${first}.${last}.${id}@example.com`.toLowerCase(),
    name: `${first} ${last}`,
    miles: BigInt(id) * 1_000_000_007n,
    ...(id % 3 === 0 && { seating: { row: 1 + (id % 30), window: id % 2 === 0 } }),
    ...(id % 5 === 0 && { photo: Uint8Array.of(0xff, 0xd8, id % 256) }),
    joinedAt: new Date(Date.UTC(1999, 0, 1) + id * DAY_MS),
  }
}

function booking(id: number, flights: { id: number }[]) {
  return {
    id,
    reference: (id * 7_919 + 2_000_000).toString(36).toUpperCase(),
    status: id % 11 === 0 ? ('CANCELLED' as const) : id % 6 === 0 ? ('RESERVED' as const) : ('PAID' as const),
    flightId: pick(flights, id * 37).id,
    passengerId: 1 + ((id * 13) % PASSENGERS),
  }
}

function payment(paid: { id: number; flightId: number }, flights: { departsAt: Date; distance: number }[]) {
  const { departsAt, distance } = pick(flights, paid.flightId - 1)
  return {
    amount: (29 + distance * 0.12 + (paid.id % 100) / 100).toFixed(2),
    paidAt: new Date(departsAt.getTime() - (1 + (paid.id % 60)) * DAY_MS),
    bookingId: paid.id,
  }
}

function pick<Item>(items: Item[], index: number): Item {
  return items[index % items.length] as Item
}
