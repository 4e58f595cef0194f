import { createRequire } from 'node:module'
import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../.generated/sqlite/client-ts/client.ts'

// As it was built: an application does not compile it.
const { cacheExtension } = createRequire(import.meta.url)('../../dist/index.cjs') as typeof import('../../src/index.ts')

/** An application's own client, as a module that the command line loads. */
const { DATABASE = '', PREFIX = '', REDIS_URL = '' } = process.env
const adapter = new PrismaLibSql({ url: DATABASE })

export const prisma = new PrismaClient({ adapter }).$extends(
  cacheExtension({
    configFile: false,
    redis: REDIS_URL,
    prefix: PREFIX,
    timeoutMs: 10_000,
    breaker: { quarantineMs: 0 },
    defaults: { ttl: 60, jitter: 0 },
    warmers: [
      { name: 'tags', run: (client) => client.tag.findMany() },
      { name: 'users', run: (client) => [1, 2, 3].map((id) => client.user.findUnique({ where: { id } })) },
      {
        name: 'broken',
        run() {
          throw new Error('no such table')
        },
      },
    ],
  }),
)
