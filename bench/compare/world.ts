import type { Provider } from '../../test/support/provider.ts'
import type { SqlTap } from '../../test/support/sql-tap.ts'
import { withEnvironment } from '../environment.ts'
import { type Client, fillTables } from './cases.ts'

/** What all contenders share: a database with rows in it, a Redis, and the plain client they stand around. */
export interface World {
  readonly provider: Provider
  readonly plain: Client
  /** What `plain`, and so every contender, sends to the database. */
  readonly sql: SqlTap
  readonly redis: { readonly host: string; readonly port: number; readonly url: string }
}

export async function withWorld(provider: Provider, use: (world: World) => Promise<void>): Promise<void> {
  await withEnvironment(provider, async (environment) => {
    const { prisma: plain, sql } = await environment.open()
    await fillTables(plain)
    const { url, port } = environment.redis
    await use({ provider, plain, sql, redis: { host: '127.0.0.1', port, url } })
  })
}
