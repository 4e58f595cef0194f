import { PrismaLibSql } from '@prisma/adapter-libsql'
import { PrismaMariaDb } from '@prisma/adapter-mariadb'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'

/** `mysql` is what Prisma calls it; the server is MariaDB. */
export type Provider = 'sqlite' | 'postgresql' | 'mysql'

/** Raw statements of the tests quote names as the other databases want them. */
const ANSI_QUOTES = "SET SESSION sql_mode = CONCAT(@@sql_mode, ',ANSI_QUOTES')"

/** `session`: what every connection to MariaDB says first. */
export function adapterFor(provider: Provider, url: string, session = ANSI_QUOTES): SqlDriverAdapterFactory {
  switch (provider) {
    case 'sqlite':
      return new PrismaLibSql({ url, intMode: 'bigint' })
    case 'postgresql':
      return new PrismaPg({ connectionString: url })
    case 'mysql':
      // The driver opens ten connections at once for every client unless it is told that one may be idle.
      return new PrismaMariaDb({ ...mariadbAddress(url), minimumIdle: 1, initSql: session })
  }
}

function mariadbAddress(url: string) {
  const { hostname, port, username, pathname } = new URL(url)
  return { host: hostname, port: Number(port), user: username, database: pathname.slice(1) }
}

/** A connection past every client, for scripts and queries of a test. */
export function sideConnection(provider: Provider, url: string): Promise<SqlDriverAdapter> {
  return provider === 'mysql' ? mariadbConnection(url) : adapterFor(provider, url).connect()
}

/** For scripts, which Prisma's adapter for MariaDB has none of. */
async function mariadbConnection(url: string): Promise<SqlDriverAdapter> {
  const connection = await new PrismaMariaDb({
    ...mariadbAddress(url),
    connectionLimit: 1,
    multipleStatements: true,
    initSql: ANSI_QUOTES,
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
