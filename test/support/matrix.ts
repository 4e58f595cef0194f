import { Cluster } from 'ioredis'
import { afterAll, beforeAll, describe, inject } from 'vitest'
import type { RedisClient } from '../../src/index.ts'
import { type ClientOptions, type Generator, type OpenedClient, openClient } from './clients.ts'
import { createDatabase, type Database } from './databases.ts'
import { freshNamespace } from './fresh-namespace.ts'
import type { Provider } from './provider.ts'
import { type RedisCluster, startRedisCluster } from './redis-cluster.ts'
import { PATIENCE_MS } from './with-timeout.ts'

export type StoreKind = 'memory' | 'redis' | 'cluster'

export interface Combination<P extends Provider = Provider> {
  readonly provider: P
  readonly generator: Generator
  readonly store: StoreKind
}

/** Both providers and both stores, with the generator that is Prisma's default: what `npm test` runs. */
const short: readonly Combination[] = [
  { provider: 'sqlite', generator: 'ts', store: 'memory' },
  { provider: 'postgresql', generator: 'ts', store: 'redis' },
]

/**
 * The older generator, each provider with the other store: what `npm run verify` runs besides. With the short ones they pair
 * every provider, generator and store with every other; the remaining four of the eight pair nothing that these do not.
 */
const others: readonly Combination[] = [
  { provider: 'sqlite', generator: 'js', store: 'redis' },
  { provider: 'postgresql', generator: 'js', store: 'memory' },
]

/** `COMBINATIONS` is set by the projects of vitest.config.ts. */
export const combinations = { all: [...short, ...others], others }[process.env['COMBINATIONS'] ?? ''] ?? short

/** For tests that depend on what MariaDB does; the others need not run on it too. */
export const onMariadb: readonly Combination[] = [
  { provider: 'mysql', generator: 'ts', store: 'memory' },
  { provider: 'mysql', generator: 'js', store: 'redis' },
]

/** A database for the tests of one combination, and clients on it that are closed after them. */
export interface TestBed<P extends Provider = Provider> extends Combination<P> {
  /** There from the first `beforeAll` on. */
  readonly database: Database<P>
  /** A plain client on that database. */
  open(options?: ClientOptions): Promise<OpenedClient<P>>
  /**
   * What to hand to `cacheExtension`: the combination's store under a prefix of its own, no config file. On a cluster
   * each time with a client of its own.
   */
  readonly cache: { readonly configFile: false; readonly prefix: string; readonly timeoutMs: number } & (
    | { readonly store: 'memory' }
    | { readonly redis: string | RedisClient; readonly breaker: { readonly quarantineMs: 0 } }
  )
}

/** Runs the body once for each combination, under a title that names it. */
export function describeCombinations(title: string, body: (bed: TestBed) => void, all = combinations): void {
  for (const combination of all) {
    const { provider, generator, store } = combination
    describe(`${title} (${provider}, client-${generator}, ${store})`, () => body(useTestBed(combination)))
  }
}

/** For a `describe` that wants one combination only; one that names PostgreSQL gets a client with its models. */
export function useTestBed<P extends Provider>(combination: Combination<P>): TestBed<P> {
  const { provider, generator, store } = combination
  const opened: OpenedClient<P>[] = []
  let database: Database<P> | undefined
  beforeAll(async () => {
    database = await createDatabase(provider)
  })
  afterAll(async () => {
    await Promise.all(opened.map((client) => client.close()))
    await database?.drop()
  })
  const cluster = store === 'cluster' ? useRedisCluster() : undefined
  const prefix = freshNamespace()
  const ready = () => {
    if (!database) throw new Error('the database is made in beforeAll; ask for it from there on')
    return database
  }
  return {
    ...combination,
    get database() {
      return ready()
    },
    async open(options) {
      const client = await openClient(ready(), generator, options)
      opened.push(client)
      return client
    },
    get cache(): TestBed['cache'] {
      // A slow machine is not taken for a store that is down.
      const common = { configFile: false, prefix, timeoutMs: PATIENCE_MS } as const
      if (store === 'memory') return { ...common, store }
      const redis = cluster ? cluster.connect() : inject('servers').redisUrl
      // The server is as old as the run: nobody is still looking for it.
      return { ...common, redis, breaker: { quarantineMs: 0 } }
    },
  }
}

/** Six nodes for one `describe`, and clients on them that are closed after it. */
function useRedisCluster() {
  const clients: Cluster[] = []
  let cluster: RedisCluster | undefined
  beforeAll(async () => {
    cluster = await startRedisCluster({ masters: 3, replicasPerMaster: 1 })
  })
  afterAll(async () => {
    for (const client of clients) client.disconnect()
    await cluster?.stop()
  })
  return {
    connect(): RedisClient {
      if (!cluster) throw new Error('the cluster is started in beforeAll; ask for a client from there on')
      const client = new Cluster(cluster.addresses)
      client.on('error', () => {})
      clients.push(client)
      return client as unknown as RedisClient
    },
  }
}
