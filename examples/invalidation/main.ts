// npx tsx examples/invalidation/main.ts
//
// Writes through the client invalidate by themselves. These are the ways to say what they cannot know: each is shown by
// which of four reads are still answered by the cache afterwards.
import { EventEmitter } from 'node:events'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter }).$extends(
  cacheExtension({ models: { Airport: { ttl: 'hour' }, Flight: { ttl: 'medium', namespace: 'timetable' } } }),
)
const { $cache } = prisma

const reads: Record<string, () => PromiseLike<unknown>> = {
  SFO: () => prisma.airport.findUnique({ where: { iata: 'SFO' }, cache: { tags: ['airport:SFO'] } }),
  LAX: () => prisma.airport.findUnique({ where: { iata: 'LAX' }, cache: { tags: ['airport:LAX'] } }),
  flights: () => prisma.flight.findMany({ take: 5 }),
  delayed: () => prisma.flight.count({ where: { delay: { gt: 60 } }, cache: { key: 'delayed' } }),
}

async function show(what: string): Promise<void> {
  await $cache.settled()
  const told: string[] = []
  for (const [name, read] of Object.entries(reads)) {
    const { info } = await $cache.withCacheInfo(read())
    told.push(`${name} ${info.status}`)
  }
  console.log(what.padEnd(26), told.join(', '))
}

await show('first')
await show('again')

await $cache.invalidate({ tags: ['airport:SFO'] })
await show('a tag')

await $cache.invalidate({ tags: ['airport'] }) // what lies under it, airport:SFO and airport:LAX
await show('a tag above others')

await $cache.invalidate({ models: ['Airport'] })
await show('a model') // and what the database changes with it: flights follow the code of their airport

await $cache.invalidate({ namespace: 'timetable' })
await show('a namespace')

await $cache.invalidate({ keys: ['Flight:count:@delayed'] })
await show('a key')

await $cache.invalidate({ pattern: 'Flight:*' })
await show('a pattern')

await $cache.invalidate({ tags: ['airport:SFO'], soft: true, grace: 30 })
await show('softly: served once more')

const bus = new EventEmitter()
const stop = $cache.invalidateOn(bus, { landed: (iata: string) => ({ tags: [`airport:${iata}`] }) })
bus.emit('landed', 'LAX')
await show('an event')
stop()

await prisma.airport.update({ where: { iata: 'LAX' }, data: { name: 'Los Angeles International' } })
await show('a write, by itself')

await $cache.disconnect()
await prisma.$disconnect()
