import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProvidedContext } from 'vitest'
import type { TestProject } from 'vitest/node'
import { AUTHOR_STATS } from './doings.ts'
import { generateClients, schemaFolder } from './generated-clients.ts'
import { startMariadb } from './mariadb-server.ts'
import { guardAgainstOrphan } from './orphan-guard.ts'
import { startPostgres } from './postgres-server.ts'
import { adapterFor, type Provider, withConnection } from './provider.ts'
import { startRedis } from './redis-server.ts'
import { schemaSql } from './schema-sql.ts'
import { chromiumBinary } from './server-binaries.ts'

declare module 'vitest' {
  interface ProvidedContext {
    servers: {
      readonly redisUrl: string
      /** Its maintenance database; test files work in databases of their own. */
      readonly postgresUrl: string
      readonly postgresTemplate: string
      /** As `postgresUrl`. MariaDB copies no database: this script makes the tables of each. */
      readonly mariadbUrl: string
      readonly mariadbTables: string
      readonly sqliteTemplate: string
      /** A folder for SQLite files, removed at the end. */
      readonly scratch: string
    }
  }
}

interface Running {
  readonly servers: ProvidedContext['servers']
  stop(): Promise<void>
}

const SHARED = Symbol.for('the servers of this test run')

/**
 * Vitest loads and calls this file once for every project that names it, in one process. All of them share one set of
 * servers, because Prisma's schema engine cannot be loaded twice in a process: the first project starts them, the last
 * one stops them.
 */
const shared: { users: number; running?: Promise<Running> } = ((globalThis as { [SHARED]?: typeof shared })[SHARED] ??=
  {
    users: 0,
  })

export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  shared.users += 1
  shared.running ??= start()
  const { servers, stop } = await shared.running
  project.provide('servers', servers)
  // Here, in one process and within no test's time: fetching it takes minutes, and apt-get refuses to run twice at a time.
  // Where it cannot be had, the tests that need it say so themselves.
  if (project.name === 'verify') await chromiumBinary().catch(() => {})
  return async () => {
    shared.users -= 1
    if (shared.users === 0) await stop()
  }
}

/** Generated clients, a private Redis, PostgreSQL and MariaDB, and an empty database of each kind to make copies from. */
async function start(): Promise<Running> {
  const undo: (() => Promise<void> | void)[] = []
  const stop = async () => {
    const results = await Promise.allSettled(undo.map(async (step) => step()))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
  }
  try {
    // SQLite waits for the disk on every commit, which is most of what such a test would measure; memory does not.
    const scratch = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'query-cache-sqlite-'))
    const guard = guardAgainstOrphan(scratch)
    undo.push(() => {
      rmSync(scratch, { recursive: true, force: true })
      guard.release()
    })

    const stopLater = <Server extends { stop(): Promise<void> }>(server: Server) => {
      undo.push(() => server.stop())
      return server
    }
    const starting = [
      startRedis().then(stopLater),
      startPostgres().then(stopLater),
      startMariadb().then(stopLater),
      generateClients('sqlite'),
      generateClients('postgresql'),
      generateClients('mysql'),
    ] as const
    // All of them first: where one fails, what the others started is there to be stopped.
    await Promise.allSettled(starting)
    const [redis, postgres, mariadb] = await Promise.all(starting)

    const sqliteTemplate = join(scratch, 'template.db')
    await createTables('sqlite', `file:${sqliteTemplate}`)
    await run('postgresql', postgres.url('postgres'), 'CREATE DATABASE template_test')
    await createTables('postgresql', postgres.url('template_test'), AUTHOR_STATS)
    const mariadbUrl = mariadb.url('mysql')
    const mariadbTables = await schemaSql(schemaFolder('mysql'), adapterFor('mysql', mariadbUrl))

    const servers = {
      redisUrl: redis.url,
      postgresUrl: postgres.url('postgres'),
      postgresTemplate: 'template_test',
      mariadbUrl,
      mariadbTables,
      sqliteTemplate,
      scratch,
    }
    return { servers, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function createTables(provider: Provider, url: string, more = ''): Promise<void> {
  const sql = await schemaSql(schemaFolder(provider), adapterFor(provider, url))
  await run(provider, url, `${sql}\n${more}`)
}

function run(provider: Provider, url: string, sql: string): Promise<void> {
  return withConnection(provider, url, (connection) => connection.executeScript(sql))
}
