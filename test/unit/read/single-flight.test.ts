import { describe, expect, it } from 'vitest'
import { SingleFlight } from '../../../src/read/single-flight.ts'

/** Work that ends when the test says. */
function work() {
  let land!: (result: string) => void
  const promise = new Promise<string>((resolve) => {
    land = resolve
  })
  return { promise, land }
}

describe('work under way', () => {
  it('is joined by its name until it is through, and by no other name', async () => {
    const flights = new SingleFlight<string>()
    const query = work()
    flights.lead('a', query.promise)
    const [first, second] = [flights.under('a'), flights.under('a')]
    expect(flights.under('b')).toBeUndefined()
    query.land('rows')
    expect([await first, await second]).toEqual(['rows', 'rows'])
    expect(flights.under('a')).toBeUndefined()
  })

  it('is not remembered once its first waiter goes on', async () => {
    const flights = new SingleFlight<string>()
    const query = work()
    flights.lead('a', query.promise)
    const seen = flights.under('a')?.then(() => flights.under('a'))
    query.land('rows')
    expect(await seen).toBeUndefined()
  })

  it('that began last is the one to join: what began before it may be older', async () => {
    const flights = new SingleFlight<string>()
    const [older, newer] = [work(), work()]
    flights.lead('a', older.promise)
    flights.lead('a', newer.promise)
    const joined = flights.under('a')
    older.land('old rows')
    await older.promise
    await new Promise(setImmediate)
    expect(flights.under('a')).toBe(joined)
    newer.land('new rows')
    expect(await joined).toBe('new rows')
    expect(flights.under('a')).toBeUndefined()
  })
})
