import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'

export type Provider = 'sqlite' | 'postgresql'

export function adapterFor(provider: Provider, url: string): SqlMigrationAwareDriverAdapterFactory {
  return provider === 'sqlite' ? new PrismaLibSql({ url, intMode: 'bigint' }) : new PrismaPg({ connectionString: url })
}

export async function withConnection<T>(
  provider: Provider,
  url: string,
  use: (connection: SqlDriverAdapter) => Promise<T>,
): Promise<T> {
  const connection = await adapterFor(provider, url).connect()
  try {
    return await use(connection)
  } finally {
    await connection.dispose()
  }
}
