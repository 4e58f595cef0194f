import { Client } from 'pg'
import type { Database } from './databases.ts'

/** Statements that may hold others, as bodies of functions do: the script of Prisma's adapter for PostgreSQL is cut at `;`. */
export async function runScript(
  database: Pick<Database, 'provider' | 'url' | 'execute'>,
  script: string,
): Promise<void> {
  if (database.provider !== 'postgresql') return database.execute(script)
  const client = new Client(database.url)
  await client.connect()
  await client.query(script)
  await client.end()
}
