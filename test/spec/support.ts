import { afterAll, beforeEach, describe, expect } from 'vitest'
import {
  type CacheControl,
  type CacheEvent,
  type CacheInfo,
  type CacheOptions,
  cacheExtension,
  memoryStore,
} from '../../src/index.ts'
import type { ClientOf, ClientOptions, OpenedClient } from '../support/clients.ts'
import { freshNamespace } from '../support/fresh-namespace.ts'
import { manualClock } from '../support/manual-clock.ts'
import { type TestBed, useTestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'

/** Everything is cached for a minute, to the millisecond; a slow machine is not taken for a database that does not answer. */
const options = {
  defaults: { ttl: 60, jitter: 0 },
  invalidation: 'row',
  logger: false,
  catalogue: { timeoutMs: 20_000 },
} as const

const extensionOf = (more: CacheOptions) => cacheExtension(more)
type Extension = ReturnType<typeof extensionOf>
const onSqlite = (client: ClientOf<'sqlite'>, extension: Extension) => client.$extends(extension)
const onPostgres = (client: ClientOf<'postgresql'>, extension: Extension) => client.$extends(extension)
type CachedClient<P extends Provider = Provider> = 'sqlite' extends P
  ? ReturnType<typeof onSqlite>
  : ReturnType<typeof onPostgres>

/** A read (or write) as a function of the client, so that a cached and a plain one can be asked the same. */
export type Ask<T = unknown> = (client: ClientOf<Provider>) => PromiseLike<T>

export interface Spec<P extends Provider = Provider> {
  readonly prisma: CachedClient<P>
  /** The client under it: nothing is cached, no write is seen. */
  readonly plain: ClientOf<P>
  readonly Prisma: OpenedClient['Prisma']
  readonly sql: OpenedClient['sql']
  readonly clock: ReturnType<typeof manualClock>
  readonly events: CacheEvent[]
  readonly prefix: string
}

/** Every provider, generator and store in two combinations: for long tables of what is decided before any of them is asked. */
export function describePair(title: string, body: (bed: TestBed) => void): void {
  for (const combination of [
    { provider: 'sqlite', generator: 'ts', store: 'redis' },
    { provider: 'postgresql', generator: 'js', store: 'memory' },
  ] as const) {
    const { provider, generator, store } = combination
    describe(`${title} (${provider}, client-${generator}, ${store})`, () => body(useTestBed<Provider>(combination)))
  }
}

/** Makes cached clients on the bed's database, which holds the rows of `world` before each test. */
export function useSpec<P extends Provider>(bed: TestBed<P>, clientOptions: ClientOptions = {}) {
  let opened: OpenedClient<P> | undefined
  const controls: CacheControl[] = []
  beforeEach(async () => {
    opened ??= await bed.open(clientOptions)
    await bed.database.execute(world(bed.provider))
    opened.sql.clear()
  })
  afterAll(async () => {
    await Promise.all(controls.map((control) => control.disconnect()))
  })
  const base = () => {
    if (!opened) throw new Error('the client is opened in beforeEach; ask for it from there on')
    return opened
  }

  /** Ours with other options, to be put among other extensions; ended after the tests. */
  function extension(more: CacheOptions = {}): Extension {
    // A small one: the default size is laid out when the store is made, which is most of what such a test would take.
    const store = bed.store === 'memory' && { store: memoryStore({ maxEntries: 500 }) }
    const extend = extensionOf({ ...bed.cache, ...store, ...options, prefix: freshNamespace(), ...more })
    return ((client: Parameters<typeof extend>[0]) => {
      const extended = extend(client) as unknown as { $cache: CacheControl }
      controls.push(extended.$cache)
      return extended
    }) as unknown as Extension
  }

  return {
    extension,
    get plain() {
      return base().prisma
    },
    cached(more: CacheOptions = {}): Spec<P> {
      const { prisma: plain, Prisma, sql } = base()
      const clock = manualClock()
      const events: CacheEvent[] = []
      const prefix = freshNamespace()
      const prisma = (plain as unknown as ClientOf<'sqlite'>).$extends(extension({ prefix, clock: clock.now, ...more }))
      // When that is told depends on who comes first; it is not about any read or write.
      prisma.$cache.on('*', (event) => event.type !== 'catalogue' && events.push(event))
      return { prisma: prisma as unknown as CachedClient<P>, plain, Prisma, sql, clock, events, prefix }
    },
  }
}

/** What the cache did for a read: `hit`, `stale`, `miss`, or `bypass: ` and why. */
export async function did(prisma: { $cache: CacheControl }, read: PromiseLike<unknown>): Promise<string> {
  const { info } = await prisma.$cache.withCacheInfo(read)
  return said(info)
}

export function said(info: CacheInfo): string {
  return info.status === 'bypass' ? `bypass: ${info.reason}` : info.status
}

/**
 * Has every read cached, makes the write, and tells which reads were made stale by it. All others were answered from the
 * cache, and every answer, from the cache or not, is the database's.
 */
export async function madeStaleBy(
  { prisma, plain }: { readonly prisma: { readonly $cache: CacheControl }; readonly plain: unknown },
  reads: Readonly<Record<string, Ask>>,
  write: () => PromiseLike<unknown>,
): Promise<string[]> {
  // The reads are written once for both clients; to TypeScript they are of the models every provider has.
  const client = prisma as unknown as ClientOf<Provider>
  const all = Object.entries(reads)
  await Promise.all(all.map(([, read]) => read(client)))
  for (const [name, read] of all)
    expect(await did(prisma, read(client)), `${name} is cached before the write`).toBe('hit')
  await write()
  const expected = await Promise.all(all.map(([, read]) => read(plain as ClientOf<Provider>)))
  const stale: string[] = []
  for (const [i, [name, read]] of all.entries()) {
    const { data, info } = await prisma.$cache.withCacheInfo(read(client))
    expect(data, `${name} after the write`).toEqual(expected[i])
    if (info.status !== 'hit') stale.push(name)
  }
  return stale
}

/**
 * ada (1) has a profile, posts 1 and 2 and an order; bob (2) reports to her and has post 3; cyd (3) has nothing.
 * Post 1 is red and has two comments, post 3 is red and blue; nothing is green. The order is for one bolt.
 */
const rows: Record<string, string> = {
  users: `(id, email, full_name, role, balance, "managerId", "updatedAt") VALUES
    (1, 'ada@example.test', 'Ada', 'admin_role', 12.5, NULL, '2024-01-01T00:00:00.000+00:00'),
    (2, 'bob@example.test', 'Bob', 'USER', 0, 1, '2024-01-01T00:00:00.000+00:00'),
    (3, 'cyd@example.test', NULL, 'USER', 3, NULL, '2024-01-01T00:00:00.000+00:00')`,
  Profile: `(id, bio, "userId") VALUES (1, 'first', 1)`,
  Post: `(id, title, "authorId") VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 2)`,
  Tag: `(name) VALUES ('red'), ('blue'), ('green')`,
  _PostToTag: `("A", "B") VALUES (1, 'red'), (3, 'red'), (3, 'blue')`,
  Comment: `(id, text, "postId", "authorId") VALUES (1, 'hello', 1, 2), (2, 'world', 1, NULL)`,
  'catalog products': `(id, sku, price, stock) VALUES (1, 'bolt', 0.1, 100), (2, 'nut', 0.05, 7)`,
  Part: `(id, label, "productSku") VALUES (1, 'head', 'bolt'), (2, 'ring', 'nut')`,
  Order: `(id, "customerId") VALUES ('o1', 1)`,
  OrderLine: `("orderId", "productId", quantity) VALUES ('o1', 1, 5)`,
}

/** Makes the world anew. `Database.reset` is general and, on PostgreSQL, ten times as slow. */
function world(provider: Provider): string {
  const tables = Object.keys(rows)
  const statements = [
    ...tables.toReversed().map((table) => `DELETE FROM "${table}"`),
    ...(provider === 'sqlite' ? ['DELETE FROM sqlite_sequence'] : ['DELETE FROM "Sensor"']),
    ...tables.map((table) => `INSERT INTO "${table}" ${rows[table]}`),
  ]
  if (provider === 'postgresql') {
    for (const [table, row] of Object.entries(rows)) {
      if (row.startsWith('(id') && table !== 'Order') {
        statements.push(`SELECT setval(pg_get_serial_sequence('"${table}"', 'id'), (SELECT max(id) FROM "${table}"))`)
      }
    }
  }
  return `BEGIN; ${statements.join('; ')}; COMMIT;`
}
