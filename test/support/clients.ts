import { createRequire } from 'node:module'
import type { PrismaClient as MysqlClient } from '../.generated/mysql/client-ts/client.ts'
import type { PrismaClient as PostgresClient } from '../.generated/postgresql/client-ts/client.ts'
import type { Prisma, PrismaClient as SqliteClient } from '../.generated/sqlite/client-ts/client.ts'
import type { Database } from './databases.ts'
import type { Provider } from './provider.ts'
import { type SqlTap, tapSql } from './sql-tap.ts'
import { PATIENCE_MS } from './with-timeout.ts'

/** `ts` is the generator `prisma-client`, `js` is `prisma-client-js`, here with an output folder of its own. */
export type Generator = 'ts' | 'js'

/** A test that runs on every provider sees the models all of them have; one that names one of them sees its own too. */
export type ClientOf<P extends Provider> = 'sqlite' extends P
  ? SqliteClient
  : 'mysql' extends P
    ? MysqlClient
    : PostgresClient
export type PrismaNamespace = typeof Prisma
export type ClientOptions = Omit<Prisma.PrismaClientOptions, 'adapter' | 'accelerateUrl'>

export interface OpenedClient<P extends Provider = Provider> {
  /** A plain client: nothing of ours is in it. Its queries pass `sql`. */
  readonly prisma: ClientOf<P>
  /** `Prisma` of the same generated client, for `Prisma.sql`, `Prisma.DbNull`, `Prisma.Decimal`, `Prisma.defineExtension`. */
  readonly Prisma: PrismaNamespace
  readonly sql: SqlTap
  close(): Promise<void>
}

/** Prisma's own limits, 2 and 5 seconds, end a transaction that is merely slow on a busy machine. */
const PATIENT = { maxWait: PATIENCE_MS, timeout: PATIENCE_MS }

export async function openClient<P extends Provider>(
  database: Database<P>,
  generator: Generator,
  options: ClientOptions = {},
): Promise<OpenedClient<P>> {
  const { PrismaClient, Prisma } = await load(database.provider, generator)
  const { adapter, tap } = tapSql(database.adapter())
  const prisma = new PrismaClient({ transactionOptions: PATIENT, ...options, adapter })
  return { prisma: prisma as ClientOf<P>, Prisma, sql: tap, close: () => prisma.$disconnect() }
}

interface GeneratedClient {
  readonly PrismaClient: new (options: Prisma.PrismaClientOptions) => SqliteClient
  readonly Prisma: PrismaNamespace
}

/** Typed as one of them: all are generated from the same models. */
async function load(provider: Provider, generator: Generator): Promise<GeneratedClient> {
  // By `require`, as an application would have it: the runner would otherwise read this CommonJS folder as modules.
  if (generator === 'js') return require(`../.generated/${provider}/client-js/index.js`)
  return (await TS_CLIENTS[provider]()) as unknown as GeneratedClient
}

const TS_CLIENTS = {
  sqlite: () => import('../.generated/sqlite/client-ts/client.ts'),
  postgresql: () => import('../.generated/postgresql/client-ts/client.ts'),
  mysql: () => import('../.generated/mysql/client-ts/client.ts'),
}

const require = createRequire(import.meta.url)
