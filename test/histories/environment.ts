import { AUTHOR_STATS, DOINGS } from '../support/doings.ts'
import { generateClients, schemaFolder } from '../support/generated-clients.ts'
import { startMariadb } from '../support/mariadb-server.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { adapterFor, withConnection } from '../support/provider.ts'
import { runScript } from '../support/run-script.ts'
import { schemaSql } from '../support/schema-sql.ts'
import type { Served } from './database-kinds.ts'

const NAME = 'histories'

/** A private server, and a database on it with the test schema. */
export async function withDatabase(provider: Served, use: (url: string) => Promise<void>): Promise<void> {
  await generateClients(provider)
  const server = await (provider === 'mysql' ? startMariadb() : startPostgres())
  try {
    const first = server.url(provider === 'mysql' ? 'mysql' : 'postgres')
    await withConnection(provider, first, (connection) => connection.executeScript(`CREATE DATABASE ${NAME}`))
    const url = server.url(NAME)
    const sql = await schemaSql(schemaFolder(provider), adapterFor(provider, url))
    const execute = (script: string) => withConnection(provider, url, (connection) => connection.executeScript(script))
    await execute(sql)
    await runScript({ provider, url, execute }, DOINGS[provider])
    // Two writers that wait for each other are to find out soon; MariaDB looks for them at once.
    if (provider === 'postgresql') await execute(`${AUTHOR_STATS}; ALTER ROLE postgres SET deadlock_timeout = '50ms'`)
    await use(url)
  } finally {
    await server.stop()
  }
}
