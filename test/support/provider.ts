import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'

/** `mysql` is what Prisma calls it; the server is MariaDB. */
export type Provider = 'sqlite' | 'postgresql' | 'mysql'

export function adapterFor(provider: Provider, url: string): SqlDriverAdapterFactory {
  switch (provider) {
    case 'sqlite':
      return new PrismaLibSql({ url, intMode: 'bigint' })
    case 'postgresql':
      return new PrismaPg({ connectionString: url })
    case 'mysql': {
      const address = new URL(url)
      // The driver opens ten connections at once for every client unless it is told that one may be idle.
      address.searchParams.set('minimumIdle', '1')
      return new PrismaMariaDb(address.href)
    }
  }
}

/** A connection past every client, for scripts and queries of a test. */
export function sideConnection(provider: Provider, url: string): Promise<SqlDriverAdapter> {
  return provider === 'mysql' ? mariadbConnection(url) : adapterFor(provider, url).connect()
}

/** Names in double quotes, and scripts: Prisma's adapter for MariaDB has none. */
async function mariadbConnection(url: string): Promise<SqlDriverAdapter> {
  const { hostname, port, username, pathname } = new URL(url)
  const connection = await new PrismaMariaDb({
    host: hostname,
    port: Number(port),
    user: username,
    database: pathname.slice(1),
    connectionLimit: 1,
    multipleStatements: true,
    initSql: "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')",
  }).connect()
  connection.executeScript = async (script) => {
    if (script.trim()) await connection.underlyingDriver().query(script)
  }
  return connection
}

export async function withConnection<T>(
  provider: Provider,
  url: string,
  use: (connection: SqlDriverAdapter) => Promise<T>,
): Promise<T> {
  const connection = await sideConnection(provider, url)
  try {
    return await use(connection)
  } finally {
    await connection.dispose()
  }
}
