// npx tsx examples/warming/main.ts
//
// A warmer makes reads before somebody needs them, and again after what they show has been written. Prisma's promises do
// nothing until they are waited for, so a warmer returns a list of them.
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
import { cacheExtension } from '../../src/index.ts' // in your project: 'prisma-extension-query-cache'

const STATES = ['HI', 'AK', 'TX']
const departures = (client: Pick<PrismaClient, 'flight'>, stateCode: string) =>
  client.flight.findMany({ where: { origin: { city: { stateCode } } }, orderBy: { departsAt: 'asc' }, take: 10 })

const adapter = new PrismaLibSql({ url: 'file:prisma/demo/.generated/demo.db' })
const prisma = new PrismaClient({ adapter }).$extends(
  cacheExtension({
    models: { Flight: { ttl: 60 } },
    warmers: [
      {
        name: 'departures',
        on: ['startup', { models: ['Flight'] }],
        every: 30,
        run: (client: PrismaClient) => STATES.map((state) => departures(client, state)),
      },
    ],
  }),
)

prisma.$cache.on('warm', ({ name, state, done, total }) => console.log(`${name.padEnd(12)} ${state} ${done}/${total}`))

async function show(when: string): Promise<void> {
  const { info } = await prisma.$cache.withCacheInfo(departures(prisma as unknown as PrismaClient, 'HI'))
  console.log(`${when.padEnd(20)} ${info.status}`)
}

await prisma.$cache.warm('departures')
await prisma.$cache.settled()
await show('the first read')
await prisma.flight.update({ where: { id: 1 }, data: { delay: { increment: 1 } } })
await prisma.$cache.warm('departures')
await prisma.$cache.settled()
await show('after a write')
await prisma.$cache.disconnect()
