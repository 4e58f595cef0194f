// npx tsx examples/batches/main.ts
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const base = new PrismaClient({ adapter, log: [{ emit: 'event', level: 'query' }] })
let queries = 0
base.$on('query', () => {
  queries += 1
})
const prisma = base.$extends(cacheExtension)

const airports = (codes: string[]) =>
  prisma.$cache.findManyByIds(prisma.airport, codes, { by: 'iata', select: { name: true }, cache: { ttl: 60 } })

console.log(await airports(['SFO', 'nowhere', 'LAX']), `${queries} query`) // in this order, null for what is not there
console.log(await airports(['JFK', 'LAX', 'SFO']), `${queries} queries`) // one more, for JFK alone
await prisma.airport.update({ where: { iata: 'LAX' }, data: { name: 'Los Angeles International' } })
console.log(await airports(['JFK', 'LAX', 'SFO'])) // LAX is asked for again, the others are not
console.log(prisma.$cache.stats().models['Airport'])
await prisma.$cache.disconnect()
await prisma.$disconnect()
