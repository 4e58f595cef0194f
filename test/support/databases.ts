import { randomUUID } from 'node:crypto'
import { copyFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { SqlDriverAdapter, SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import { inject } from 'vitest'
import { adapterFor, type Provider, sideConnection, withConnection } from './provider.ts'

/** An empty database with the test schema, for one test file alone. */
export interface Database<P extends Provider = Provider> {
  readonly provider: P
  /** For drivers of the database; `file:` on SQLite. */
  readonly url: string
  /** A driver adapter of its own for every client, as in an application with several processes. */
  adapter(): SqlDriverAdapterFactory
  /** Statements past every Prisma client, as psql or another service would send them. `;` separates. */
  execute(sql: string): Promise<void>
  /** Rows of a query past every Prisma client, as arrays of values. */
  query(sql: string): Promise<unknown[][]>
  /** Empties every table and starts ids at 1 again. */
  reset(): Promise<void>
  /** Removes the database; open connections do not stop it. */
  drop(): Promise<void>
}

export async function createDatabase<P extends Provider>(provider: P): Promise<Database<P>> {
  switch (provider) {
    case 'sqlite':
      return createSqlite(provider)
    case 'mysql':
      return createMariadb(provider)
    default:
      return createPostgres(provider)
  }
}

async function createSqlite<P extends Provider>(provider: P): Promise<Database<P>> {
  const { scratch, sqliteTemplate } = inject('servers')
  const file = join(scratch, `${randomUUID()}.db`)
  copyFileSync(sqliteTemplate, file)
  const database = sideDoor(provider, `file:${file}`)
  return {
    ...database,
    async reset() {
      const tables = await database.query(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
      )
      const deletes = tables.map(([name]) => `DELETE FROM "${name}";`).join('\n')
      // Off, not deferred: ON DELETE RESTRICT is checked at once even where checks are deferred.
      await database.execute(
        `PRAGMA foreign_keys = OFF; BEGIN; ${deletes} DELETE FROM sqlite_sequence; COMMIT; PRAGMA foreign_keys = ON;`,
      )
    },
    async drop() {
      await database.close()
      for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true })
    },
  }
}

async function createPostgres<P extends Provider>(provider: P): Promise<Database<P>> {
  const { postgresUrl, postgresTemplate } = inject('servers')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const url = new URL(postgresUrl)
  const administer = (sql: string) =>
    withConnection(provider, postgresUrl, (connection) => connection.executeScript(sql))
  await administer(`CREATE DATABASE "${name}" TEMPLATE "${postgresTemplate}"`)
  url.pathname = `/${name}`
  const database = sideDoor(provider, url.href)
  let emptying: Promise<string> | undefined
  return {
    ...database,
    async reset() {
      emptying ??= statementsThatEmpty(database)
      await database.execute(await emptying)
    },
    async drop() {
      await database.close()
      await administer(`DROP DATABASE "${name}" WITH (FORCE)`)
    },
  }
}

/** TRUNCATE makes every table anew, which takes ten times as long as to delete the few rows of a test. */
async function statementsThatEmpty(database: Pick<Database, 'query'>): Promise<string> {
  const tables = await database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
  const sequences = await database.query("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")
  return [
    // Foreign keys are not looked at, whatever the order.
    'BEGIN; SET LOCAL session_replication_role = replica',
    ...tables.map(([table]) => `DELETE FROM "${table}"`),
    ...sequences.map(([sequence]) => `SELECT setval('"${sequence}"', 1, false)`),
    'COMMIT',
  ].join('; ')
}

async function createMariadb<P extends Provider>(provider: P): Promise<Database<P>> {
  const { mariadbUrl, mariadbTables } = inject('servers')
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const url = new URL(mariadbUrl)
  await withConnection(provider, mariadbUrl, (connection) =>
    connection.executeScript(`CREATE DATABASE ${name}; USE ${name}; ${mariadbTables}`),
  )
  url.pathname = `/${name}`
  const database = sideDoor(provider, url.href)
  return {
    ...database,
    async reset() {
      const tables = await database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
      )
      // TRUNCATE starts ids at 1 again.
      const truncates = tables.map(([table]) => `TRUNCATE "${table}";`).join(' ')
      await database.execute(`SET foreign_key_checks = 0; ${truncates} SET foreign_key_checks = 1`)
    },
    async drop() {
      await database.close()
      await withConnection(provider, mariadbUrl, (connection) => dropMariadb(connection, name))
    },
  }
}

async function dropMariadb(connection: SqlDriverAdapter, name: string): Promise<void> {
  // DROP waits for transactions that are open in the database.
  const { rows } = await connection.queryRaw({
    sql: `SELECT id FROM information_schema.processlist WHERE db = '${name}'`,
    args: [],
    argTypes: [],
  })
  for (const [id] of rows) await connection.executeScript(`KILL ${id}`).catch(() => {})
  await connection.executeScript(`DROP DATABASE ${name}`)
}

function sideDoor<P extends Provider>(provider: P, url: string) {
  let connection: Promise<SqlDriverAdapter> | undefined
  const connected = () => {
    connection ??= sideConnection(provider, url)
    return connection
  }
  return {
    provider,
    url,
    adapter: () => adapterFor(provider, url),
    execute: async (sql: string) => (await connected()).executeScript(sql),
    query: async (sql: string) => (await (await connected()).queryRaw({ sql, args: [], argTypes: [] })).rows,
    close: async () => (await connection)?.dispose(),
  }
}
