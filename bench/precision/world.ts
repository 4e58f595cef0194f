import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqlDriverAdapter } from '@prisma/driver-adapter-utils'
import { startMariadb } from '../../test/support/mariadb-server.ts'
import { startPostgres } from '../../test/support/postgres-server.ts'
import { adapterFor, type Provider, withConnection } from '../../test/support/provider.ts'
import { schemaSql } from '../../test/support/schema-sql.ts'
import { type SqlTap, tapSql } from '../../test/support/sql-tap.ts'
import { type ExtensibleClient, generateShopClient, openShopClient, shopFolder } from './shop-client.ts'
import type { ShopRows } from './shop-rows.ts'

/** A private server, and the shop as it was before the first call, as often as it is wanted. */
export interface World {
  /** A database with the initial rows, that of nobody before, for as long as `use` lasts. */
  restored<T>(use: (database: ShopDatabase) => Promise<T>): Promise<T>
  close(): Promise<void>
}

export interface ShopDatabase {
  readonly url: string
  /** A plain client; its statements pass `sql`. Closed with the database. */
  tapped(): Promise<{ readonly prisma: ExtensibleClient; readonly sql: SqlTap }>
  /** A plain client with nothing between it and its driver. */
  open(): Promise<ExtensibleClient>
}

interface Server {
  readonly template: string
  /** The template must have no connections. */
  copy(name: string): Promise<string>
  drop(name: string): Promise<void>
  stop(): Promise<void>
}

export async function openWorld(provider: Provider, rows: ShopRows): Promise<World> {
  await generateShopClient(provider)
  const server = await SERVERS[provider]()
  try {
    await fill(provider, server.template, rows)
  } catch (error) {
    await server.stop()
    throw error
  }
  let copies = 0
  return {
    close: () => server.stop(),
    async restored(use) {
      const name = `shop_${(copies += 1)}`
      const url = await server.copy(name)
      const clients: ExtensibleClient[] = []
      const kept = (client: ExtensibleClient) => {
        clients.push(client)
        return client
      }
      try {
        return await use({
          url,
          open: async () => kept(await openShopClient(provider, adapterFor(provider, url))),
          async tapped() {
            const { adapter, tap } = tapSql(adapterFor(provider, url))
            return { prisma: kept(await openShopClient(provider, adapter)), sql: tap }
          },
        })
      } finally {
        for (const client of clients) await client.$disconnect()
        await server.drop(name)
      }
    },
  }
}

async function sqliteFolder(): Promise<Server> {
  // In memory where the system offers it: the disk would be most of what is measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'query-cache-bench-'))
  const file = (name: string) => join(folder, `${name}.db`)
  return {
    template: `file:${file('template')}`,
    async copy(name) {
      copyFileSync(file('template'), file(name))
      return `file:${file(name)}`
    },
    async drop(name) {
      for (const suffix of ['', '-journal', '-wal', '-shm']) rmSync(`${file(name)}${suffix}`, { force: true })
    },
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

async function postgresServer(): Promise<Server> {
  const postgres = await startPostgres()
  const administer = (sql: string) =>
    withConnection('postgresql', postgres.url('postgres'), (connection) => connection.executeScript(sql))
  await administer('CREATE DATABASE template_shop')
  return {
    template: postgres.url('template_shop'),
    async copy(name) {
      await administer(`CREATE DATABASE ${name} TEMPLATE template_shop`)
      return postgres.url(name)
    },
    drop: (name) => administer(`DROP DATABASE ${name} WITH (FORCE)`),
    stop: () => postgres.stop(),
  }
}

async function mariadbServer(): Promise<Server> {
  const mariadb = await startMariadb()
  const administer = <T>(use: (connection: SqlDriverAdapter) => Promise<T>) =>
    withConnection('mysql', mariadb.url('mysql'), use)
  await administer((connection) => connection.executeScript('CREATE DATABASE template_shop'))
  return {
    template: mariadb.url('template_shop'),
    async copy(name) {
      const url = mariadb.url(name)
      const tables = await schemaSql(shopFolder('mysql'), adapterFor('mysql', url))
      await administer(async (connection) => {
        // It copies no database.
        await connection.executeScript(`CREATE DATABASE ${name}; USE ${name}; ${tables}`)
        const copies = Object.keys(MODELS).map(
          (table) => `INSERT INTO "${table}" SELECT * FROM template_shop."${table}";`,
        )
        await connection.executeScript(`SET foreign_key_checks = 0; ${copies.join(' ')} SET foreign_key_checks = 1`)
      })
      return url
    },
    drop: (name) => administer((connection) => connection.executeScript(`DROP DATABASE ${name}`)),
    stop: () => mariadb.stop(),
  }
}

const SERVERS: Readonly<Record<Provider, () => Promise<Server>>> = {
  sqlite: sqliteFolder,
  postgresql: postgresServer,
  mysql: mariadbServer,
}

/** Tables, and what the client calls them. */
const MODELS = {
  User: 'user',
  Category: 'category',
  Product: 'product',
  Order: 'order',
  OrderItem: 'orderItem',
  Review: 'review',
} as const

const ANALYZE: Readonly<Record<Provider, string>> = {
  sqlite: 'ANALYZE',
  postgresql: 'ANALYZE',
  mysql: `ANALYZE TABLE ${Object.keys(MODELS)
    .map((table) => `"${table}"`)
    .join()}`,
}

/** Rows a statement: a database bounds its parameters. */
const CHUNK = 500

async function fill(provider: Provider, url: string, rows: ShopRows): Promise<void> {
  const schema = await schemaSql(shopFolder(provider), adapterFor(provider, url))
  await withConnection(provider, url, (connection) => connection.executeScript(schema))
  const client = await openShopClient(provider, adapterFor(provider, url))
  try {
    for (const model of Object.values(MODELS)) {
      const all: readonly object[] = rows[model]
      for (let i = 0; i < all.length; i += CHUNK) await client[model].createMany({ data: all.slice(i, i + CHUNK) })
    }
  } finally {
    await client.$disconnect()
  }
  // Plans are those of a database that has been there for a while.
  await withConnection(provider, url, (connection) => connection.executeScript(ANALYZE[provider]))
}
