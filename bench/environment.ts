import { randomUUID } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ClientOptions, type OpenedClient, openClient } from '../test/support/clients.ts'
import type { Database } from '../test/support/databases.ts'
import { generateClients, schemaFolder } from '../test/support/generated-clients.ts'
import { startPostgres } from '../test/support/postgres-server.ts'
import { adapterFor, type Provider, withConnection } from '../test/support/provider.ts'
import { type RedisServer, startRedis } from '../test/support/redis-server.ts'
import { schemaSql } from '../test/support/schema-sql.ts'

/** What a command works on: a private database with the test schema, and a private Redis. */
export interface BenchEnvironment {
  readonly redis: RedisServer
  /** Of the database. */
  readonly url: string
  /** A plain client of its own on the database; closed at the end. */
  open(options?: ClientOptions): Promise<OpenedClient<Provider>>
}

export async function withEnvironment(
  provider: Provider,
  use: (environment: BenchEnvironment) => Promise<void>,
): Promise<void> {
  const endings: (() => unknown)[] = []
  try {
    await generateClients(provider)
    const redis = await startRedis()
    endings.push(() => redis.stop())
    const url = await database(provider, endings)
    const sql = await schemaSql(schemaFolder(provider), adapterFor(provider, url))
    await withConnection(provider, url, (connection) => connection.executeScript(sql))
    const adapter = () => adapterFor(provider, url)
    await use({
      redis,
      url,
      async open(options) {
        const client = await openClient({ provider, adapter } as Database, 'ts', options)
        endings.push(() => client.close())
        return client
      },
    })
  } finally {
    for (const end of endings.reverse()) await end()
  }
}

async function database(provider: Provider, endings: (() => unknown)[]): Promise<string> {
  if (provider === 'postgresql') {
    const postgres = await startPostgres()
    endings.push(() => postgres.stop())
    return postgres.url('postgres')
  }
  // In memory where the system offers it: the disk would be most of what is measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'query-cache-bench-'))
  endings.push(() => rmSync(folder, { recursive: true, force: true }))
  return `file:${join(folder, 'bench.db')}`
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
