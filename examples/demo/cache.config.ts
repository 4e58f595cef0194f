import type { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
// In your project: from 'prisma-extension-query-cache'.
import { defineCacheConfig } from '../../src/index.ts'

const HOUR = 3_600

// Seconds. Model and operation names are checked by the type system.
export default defineCacheConfig<PrismaClient>({
  prefix: 'demo:',
  defaults: { nullTtl: 60, jitter: 0.1 },
  models: {
    State: { ttl: 24 * HOUR },
    City: { ttl: 24 * HOUR },
    Airport: { ttl: 24 * HOUR },
    Flight: { ttl: HOUR, operations: { groupBy: { ttl: 5 * 60 } } },
    Passenger: { ttl: HOUR },
    Booking: { ttl: HOUR },
    Payment: { ttl: HOUR },
  },
  // Made by `$cache.warm()`, or by who presses its button on the dashboard.
  warmers: [
    {
      name: 'airports',
      run: (prisma) =>
        ['CA', 'TX', 'NY'].map((stateCode) =>
          prisma.airport.findMany({ where: { city: { stateCode } }, include: { city: true } }),
        ),
    },
  ],
  // What a raw query reads is not written in its arguments: a rule says so, for every query that contains `match`.
  raw: [{ match: 'revenue by state', reads: ['Payment', 'Booking', 'Flight', 'Airport', 'City'], ttl: 5 * 60 }],
})
