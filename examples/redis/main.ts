// REDIS_URL=redis://localhost:6379 npx tsx examples/redis/main.ts
//
// Run it twice: the second process begins with hits, for the first one left its results in Redis. With REDIS_URL set,
// `$extends(cacheExtension)` alone connects by itself; an instance of yours is for options of your own.
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { Redis } from 'ioredis'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const redis = new Redis(process.env['REDIS_URL'] ?? 'redis://localhost:6379')
const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter }).$extends(
  cacheExtension({ redis, prefix: 'example:', models: { Airport: { ttl: 300 }, Flight: { ttl: 30 } } }),
)

// Redis slow or gone costs speed, never an answer: the queries go to the database and these two say why.
prisma.$cache.on('error', ({ during, error }) => console.error('cache error', during, error))
prisma.$cache.on('bypass', ({ model, operation, reason }) => console.log('bypass    ', `${model}.${operation}`, reason))
prisma.$cache.on('hit', ({ key, ageMs }) => console.log('hit       ', key, `${ageMs} ms old`))
prisma.$cache.on('miss', ({ key, cause }) => console.log('miss      ', key, cause))
prisma.$cache.on('invalidate', ({ tags }) => console.log('invalidate', tags.join(' ')))

const departures = () =>
  prisma.flight.findMany({
    where: { origin: { city: { stateCode: 'HI' } } },
    orderBy: { departsAt: 'asc' },
    take: 10,
    cache: { ttl: 60, tags: ['departures'] },
  })

await departures()
await departures()
await prisma.airport.findUnique({ where: { iata: 'HNL' } })

if (process.argv.includes('--write')) {
  await prisma.flight.update({ where: { id: 1 }, data: { delay: { increment: 1 } } })
  await departures()
  await prisma.$cache.invalidate({ tags: ['departures'] })
  await departures()
}

await prisma.$cache.disconnect()
redis.disconnect()
