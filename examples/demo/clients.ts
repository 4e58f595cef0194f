import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaClient } from '../../prisma/demo/.generated/client/client.ts'
// In your project: from 'prisma-extension-query-cache'.
import { cacheExtension } from '../../src/index.ts'
import { databaseUrl } from '../setup/database.ts'
import config from './cache.config.ts'

/** What the cached client is compared with. */
export const plain = new PrismaClient({ adapter: new PrismaLibSql({ url: databaseUrl }) })

export const cached = new PrismaClient({ adapter: new PrismaLibSql({ url: databaseUrl }) }).$extends(
  cacheExtension(config),
)
