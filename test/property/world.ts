import type { PrismaCacheControl } from '../../src/extension/prisma-control.ts'
import { type CacheOptions, cacheExtension } from '../../src/index.ts'
import { DOINGS } from '../support/doings.ts'
import type { TestBed } from '../support/matrix.ts'
import type { Provider } from '../support/provider.ts'
import { runScript } from '../support/run-script.ts'
import { typedSql } from '../support/typed-sql.ts'
import { realize } from './late.ts'
import { RULE, type Statement } from './raw.ts'
import type { Read } from './reads.ts'
import { type ModelShape, modelShapes } from './schema.ts'
import type { Write } from './writes.ts'

/** Clients by name only: what a random query may say, no type could. */
export interface Client {
  $transaction(input: unknown, options?: object): Promise<unknown>
  $queryRaw(statement: object): PromiseLike<unknown>
  $queryRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>
  $queryRawTyped(statement: object): PromiseLike<unknown>
  $executeRaw(statement: object): PromiseLike<unknown>
  $executeRawUnsafe(sql: string, ...values: unknown[]): PromiseLike<unknown>
  readonly $cache?: PrismaCacheControl
}

export interface CachedClient extends Client {
  readonly $cache: PrismaCacheControl
}

interface PrismaNamespace {
  sql(pieces: readonly string[], ...values: readonly unknown[]): { readonly sql: string; readonly text: string }
}

/** A database, a plain client on it, and the cached ones: two on one Redis, as in an application with two processes. */
export interface World {
  readonly provider: Provider
  readonly shapes: ReadonlyMap<string, ModelShape>
  readonly Prisma: object
  readonly plain: Client
  readonly cached: readonly CachedClient[]
  /** The few rows every run begins with, and no entry of the run before. */
  reset(): Promise<void>
  close(): Promise<void>
}

export async function openWorld(bed: TestBed): Promise<World> {
  const options = {
    // Else most of the time goes into stack traces.
    errorFormat: 'minimal' as const,
    // The rows that writes return do not show these keys then, and what they were must be told in another way.
    ...(bed.generator === 'js' && { omit: { user: { email: true }, post: { title: true } } }),
  }
  await runScript(bed.database, DOINGS[bed.provider])
  const { prisma: plain, Prisma } = await bed.open(options)
  const isPostgres = bed.provider === 'postgresql'
  const cached = await Promise.all(
    (bed.store === 'memory' ? [1] : [1, 2]).map(async (number) => {
      const { prisma } = await bed.open(options)
      return prisma.$extends(
        cacheExtension({
          ...bed.cache,
          defaults: { ttl: 60 },
          raw: [RULE],
          // The point here is what is answered, and a look-up that timed out would be answered by the database.
          timeoutMs: 10_000,
          // One of two has copies of its own.
          ...(number === 2 && { near: 'revalidate' }),
          // A view, which the schemas of the other databases do not have.
          ...(isPostgres && { models: { AuthorStats: { dependsOn: ['User', 'Post'] } } as CacheOptions['models'] }),
        }),
      ) as unknown as CachedClient
    }),
  )
  // Statistics gathered in the background would change the plan of a query, and with it the order of unordered rows.
  if (isPostgres) {
    const tables = await bed.database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    const alter = tables.map(([table]) => `ALTER TABLE "${table}" SET (autovacuum_enabled = false)`)
    await bed.database.execute(alter.join(';'))
  }
  return {
    provider: bed.provider,
    shapes: modelShapes(bed.provider),
    Prisma,
    plain: plain as unknown as Client,
    cached,
    async reset() {
      await bed.database.reset()
      await sow(plain as unknown as Client, Prisma.JsonNull, isPostgres)
      for (const client of cached) await client.$cache.clear()
    },
    async close() {
      for (const client of cached) await client.$cache.disconnect()
    },
  }
}

/** Ids are left to the database, so that the ones it counts out later follow on. */
async function sow(client: Client, jsonNull: object, isPostgres: boolean): Promise<void> {
  const { user, profile, post, tag, comment, order, product, orderLine, part, account, entry, sensor } =
    client as unknown as Record<
      string,
      { createMany(args: object): Promise<unknown>; update(args: object): Promise<unknown> }
    >
  const rows = async (delegate: typeof user, ...data: object[]) => delegate?.createMany({ data })
  await rows(
    user,
    {
      email: 'ann@x',
      name: 'x',
      balance: '1.10',
      big: 2n ** 53n + 1n,
      bytes: new Uint8Array([255, 0, 1]),
      meta: { a: 1 },
    },
    { email: 'bob@x', role: 'ADMIN', ratio: 1.5, managerId: 1, meta: [1, 'x', null] },
    { email: 'cid@x', active: false, managerId: 1, meta: jsonNull, createdAt: new Date('2024-01-01T00:00:00.123Z') },
  )
  await rows(profile, { bio: 'x', userId: 1 }, { bio: '', userId: 2 })
  await rows(
    post,
    { title: 'one', authorId: 1, published: true },
    { title: 'two', authorId: 1, views: 2 },
    { title: 'one', authorId: 2 },
  )
  await rows(tag, { name: 'red' }, { name: 'green', color: 'x' }, { name: 'blue' })
  await post?.update({ where: { id: 1 }, data: { tags: { connect: [{ name: 'red' }, { name: 'green' }] } } })
  await post?.update({ where: { id: 2 }, data: { tags: { connect: { name: 'red' } } } })
  await rows(
    comment,
    { text: 'x', postId: 1, authorId: 1 },
    { text: '', postId: 1, authorId: null },
    { text: 'ä', postId: 2, authorId: 1 },
  )
  await rows(order, { id: 'o1', customerId: 1 }, { id: 'o2', customerId: 1 }, { id: 'o3', customerId: 2 })
  await rows(product, { sku: 'a', price: 1 }, { sku: 'b', price: '2.50', stock: 3 }, { sku: 'c', price: 0 })
  await rows(
    orderLine,
    { orderId: 'o1', productId: 1 },
    { orderId: 'o1', productId: 2, quantity: 2 },
    { orderId: 'o2', productId: 1 },
  )
  await rows(part, { label: 'x', productSku: 'a' }, { label: 'X', productSku: 'a' }, { label: 'x', productSku: 'b' })
  await rows(
    account,
    { handle: 'ada', nickname: 'x', points: 1 },
    { handle: 'bob', nickname: 'X' },
    { handle: 'cid', points: 2 },
  )
  await rows(entry, { amount: 1, accountId: 1 }, { amount: 2, accountId: 1 }, { amount: 1, accountId: 2 })
  if (isPostgres)
    await rows(sensor, { label: 's1', readings: [1.5, 0], amounts: ['0.1'] }, { label: 's2', names: ['x'] })
}

/** The promise a client makes of it, not sent before somebody waits for it. A plain client is told nothing of caching. */
export function promiseOf(world: World, client: Client, operation: Read | Write): PromiseLike<unknown> {
  if (operation.kind === 'raw read' || operation.kind === 'raw write') return rawPromise(world, client, operation)
  const { model, args, cache } = operation
  const given = realize(args, { Prisma: world.Prisma, client })
  const options = client.$cache && cache !== undefined ? { ...(given as object), cache } : given
  const delegate = model.charAt(0).toLowerCase() + model.slice(1)
  let promise = call(client[delegate as keyof Client], operation.operation, options)
  const hops = operation.kind === 'read' ? operation.hops : operation.hop ? [{ relation: operation.hop, args: {} }] : []
  for (const { relation, args } of hops) {
    promise = call(promise, relation, realize(args, { Prisma: world.Prisma, client }))
  }
  return promise
}

function call(target: unknown, method: string, args: unknown): PromiseLike<unknown> {
  return (target as Record<string, (args: unknown) => PromiseLike<unknown>>)[method]!(args)
}

function rawPromise(
  world: World,
  client: Client,
  operation: Extract<Read | Write, { kind: 'raw read' | 'raw write' }>,
): PromiseLike<unknown> {
  const { statement, form } = operation
  const sql = (world.Prisma as PrismaNamespace).sql(statement.pieces, ...statement.values)
  const text = world.provider === 'postgresql' ? sql.text : sql.sql
  const writes = operation.kind === 'raw write'
  const sent = () => {
    if (form === 'typed') return client.$queryRawTyped(typed(statement))
    if (form === 'unsafe') {
      return writes
        ? client.$executeRawUnsafe(text, ...statement.values)
        : client.$queryRawUnsafe(text, ...statement.values)
    }
    return writes && form !== 'query' ? client.$executeRaw(sql) : client.$queryRaw(sql)
  }
  if (!client.$cache) return sent()
  if (operation.kind === 'raw write') {
    return operation.writes ? client.$cache.raw({ writes: operation.writes }, sent()) : sent()
  }
  return operation.reads ? client.$cache.raw({ reads: operation.reads }, sent()) : sent()
}

function typed({ pieces, values }: Statement): object {
  const text = pieces.reduce((before, piece, i) => `${before}$${i}${piece}`)
  return typedSql<unknown[], unknown>(text)(...values)
}
