// npx tsx examples/quickstart/main.ts
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter }).$extends(cacheExtension)

const where = { iata: 'SFO' }
const read = () => prisma.airport.findUnique({ where, include: { city: true }, cache: { ttl: 60 } })

console.log(await read()) // database
console.log(await read()) // cache
await prisma.airport.update({ where, data: { name: 'San Francisco International' } }) // invalidates
console.log(await prisma.$cache.withCacheInfo(read())) // database again, and says so
