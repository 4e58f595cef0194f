import { generateClients, schemaFolder } from '../support/generated-clients.ts'
import { startPostgres } from '../support/postgres-server.ts'
import { adapterFor, withConnection } from '../support/provider.ts'
import { schemaSql } from '../support/schema-sql.ts'

/** A private PostgreSQL with the test schema. */
export async function withDatabase(use: (url: string) => Promise<void>): Promise<void> {
  await generateClients('postgresql')
  const postgres = await startPostgres()
  try {
    const url = postgres.url('postgres')
    const sql = await schemaSql(schemaFolder('postgresql'), adapterFor('postgresql', url))
    await withConnection('postgresql', url, async (connection) => {
      await connection.executeScript(sql)
      // Two writers that wait for each other are to find out soon.
      await connection.executeScript(`ALTER ROLE postgres SET deadlock_timeout = '50ms'`)
    })
    await use(url)
  } finally {
    await postgres.stop()
  }
}
