import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, type OpenedClient, openClient } from '../test/support/clients.ts'
import { generateClients, schemaFolder } from '../test/support/generated-clients.ts'
import { adapterFor, withConnection } from '../test/support/provider.ts'
import { type RedisServer, startRedis } from '../test/support/redis-server.ts'
import { schemaSql } from '../test/support/schema-sql.ts'

/** What a command works on: a SQLite database with the test schema and a private Redis. */
export interface BenchEnvironment {
  readonly redis: RedisServer
  /** A plain client of its own on the database. */
  open(options?: ClientOptions): Promise<OpenedClient<'sqlite'>>
}

export async function withEnvironment(use: (environment: BenchEnvironment) => Promise<void>): Promise<void> {
  // In memory where the system offers it: the disk would be most of what is measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'query-cache-bench-'))
  const opened: OpenedClient<'sqlite'>[] = []
  let redis: RedisServer | undefined
  try {
    await generateClients('sqlite')
    const url = `file:${join(folder, 'bench.db')}`
    const sql = await schemaSql(schemaFolder('sqlite'), adapterFor('sqlite', url))
    await withConnection('sqlite', url, (connection) => connection.executeScript(sql))
    redis = await startRedis()
    const database = { provider: 'sqlite', adapter: () => adapterFor('sqlite', url) } as const
    await use({
      redis,
      async open(options) {
        const client = await openClient(database, 'ts', options)
        opened.push(client)
        return client
      },
    })
  } finally {
    await Promise.all(opened.map((client) => client.close()))
    await redis?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A prefix nobody else uses. */
export const freshPrefix = () => `bench-${randomUUID()}:`

export const median = (values: readonly number[]) => quantile(values, 0.5)

export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN
}

export function print(line = ''): void {
  process.stdout.write(`${line}\n`)
}
