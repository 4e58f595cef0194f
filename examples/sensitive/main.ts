// npx tsx examples/sensitive/main.ts
//
// What passengers are is encrypted, their photographs are never cached, nothing that shows a passenger lives for longer
// than a minute, and every access is told. With REDIS_URL set, look at what stands there: no name, no e-mail address.
import { randomBytes } from 'node:crypto'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension, memoryStore } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
// In your project: from the environment, CACHE_ENCRYPTION_KEYS and CACHE_DIGEST_KEY, the same in every process.
const [lastYears, thisYears] = [
  { id: '2025', key: randomBytes(32) },
  { id: '2026', key: randomBytes(32) },
]
const digestKey = randomBytes(32)
const store = process.env['REDIS_URL'] ? {} : { store: memoryStore() }
const prefix = `example-${process.pid}:`

function clientWith(keys: readonly { readonly id: string; readonly key: Uint8Array }[]) {
  return new PrismaClient({ adapter }).$extends(
    cacheExtension({
      ...store,
      prefix,
      encryption: { keys, digestKey },
      models: {
        Booking: { ttl: 'hour' },
        Passenger: { ttl: 'hour', maxTtl: 'short', encrypt: true, audit: true, neverCache: ['photo'] },
      },
    }),
  )
}

const prisma = clientWith([lastYears])
prisma.$cache.on('audit', ({ at, status, operation, model, key }) =>
  console.log(`audit   ${new Date(at).toISOString()} ${status} ${operation} ${model} ${key?.split(':').at(-1) ?? ''}`),
)
prisma.$cache.on('bypass', ({ model, reason }) => console.log(`bypass  ${model}: ${reason}`))

const passenger = { select: { name: true, email: true } } as const
const read = (client: typeof prisma) => client.booking.findMany({ take: 2, include: { passenger } })

await read(prisma) // database, then encrypted: a result of bookings, but it shows passengers
console.log(await read(prisma)) // cache
await prisma.passenger.findFirst() // would show a photograph
await prisma.$cache.settled()

const [key] = await prisma.$cache.keys({ pattern: 'Booking:*' })
const entry = key === undefined ? null : await prisma.$cache.inspect(key)
console.log(`entry   under key ${entry?.encryptedWith}, ${entry?.freshForMs} ms to live`)

// A new key goes in front; what the old one encrypted is read on.
const rotated = clientWith([thisYears, lastYears])
console.log(`rotated ${(await rotated.$cache.withCacheInfo(read(rotated))).info.status}`)

// And without it there is nothing to read: a miss, and an event.
const late = clientWith([thisYears])
late.$cache.on('error', ({ during, error }) => console.log(`error   ${during}: ${(error as Error).message}`))
console.log(`late    ${(await late.$cache.withCacheInfo(read(late))).info.status}`)

for (const client of [prisma, rotated, late]) await client.$cache.disconnect()
