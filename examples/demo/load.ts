import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { cached } from './clients.ts'

// What an application does all day: many reads of few things, some of many, and now and then a write. For the dashboard.

const CODES = ['CA', 'TX', 'NY', 'FL', 'IL', 'WA', 'HI', 'AK', 'CO', 'GA']
const HUBS = ['ORD', 'ATL', 'DFW', 'DEN', 'LAX', 'SFO', 'JFK', 'SEA', 'BOS', 'MIA']

/** A few are asked for often, most seldom. */
const popular = (count: number) => 1 + Math.floor(count * Math.random() ** 3)
const one = <Item>(items: readonly Item[]) => items[popular(items.length) - 1] as Item

const reads: readonly (() => PromiseLike<unknown>)[] = [
  () => cached.passenger.findUnique({ where: { id: popular(1200) } }),
  () => cached.passenger.findUnique({ where: { id: popular(1200) } }),
  () => cached.passenger.findUnique({ where: { id: popular(300) }, include: { bookings: { take: 5 } } }),
  () => cached.flight.findMany({ where: { originIata: one(HUBS) }, orderBy: { delay: 'desc' }, take: 20 }),
  () => cached.flight.findUnique({ where: { id: popular(4000) }, include: { origin: true, destination: true } }),
  () => cached.flight.groupBy({ by: ['originIata'], _avg: { delay: true }, where: { delay: { gt: popular(40) } } }),
  () => cached.airport.findMany({ where: { city: { stateCode: one(CODES) } }, include: { city: true } }),
  () => cached.booking.findUnique({ where: { id: popular(5000) }, include: { payment: true, flight: true } }),
  () => cached.booking.count({ where: { flightId: popular(800) } }),
  () => cached.payment.aggregate({ _sum: { amount: true }, where: { bookingId: { lt: popular(20) * 100 } } }),
  () => cached.state.findMany({ cache: { tags: ['atlas'] } }),
  () => cached.city.findMany({ where: { stateCode: one(CODES) }, cache: false }),
]

const writes: readonly (() => PromiseLike<unknown>)[] = [
  () => cached.passenger.update({ where: { id: popular(1200) }, data: { miles: { increment: 100n } } }),
  () => cached.flight.update({ where: { id: popular(4000) }, data: { delay: popular(90) } }),
  () => cached.booking.update({ where: { id: popular(5000) }, data: { status: one(['PAID', 'CANCELLED'] as const) } }),
  () => cached.flight.updateMany({ where: { originIata: one(HUBS), delay: { gt: 200 } }, data: { delay: 0 } }),
  () => cached.$executeRaw`UPDATE Payment SET amount = amount WHERE id = ${popular(3000)}`,
]

const USERS = 6

/** Goes on until the signal; what fails is said by the cache's own events. */
export async function load(signal: AbortSignal): Promise<void> {
  const user = async () => {
    while (!signal.aborted) {
      const begun = performance.now()
      for (let i = 0; i < 6 && !signal.aborted; i += 1) {
        await one(shuffled(reads))()
        // Whoever asks for the page comes in between: hits alone never leave the event loop to others.
        await nextTurn()
      }
      if (Math.random() < 0.15) await one(shuffled(writes))()
      // On a slow machine a round takes longer, and so does the pause: all users together leave half of it free.
      const tookMs = performance.now() - begun
      await sleep(20 + 60 * Math.random() + 2 * USERS * tookMs, undefined, { signal })
    }
  }
  await Promise.allSettled(Array.from({ length: USERS }, user))
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}
