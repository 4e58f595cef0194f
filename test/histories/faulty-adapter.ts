import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'

/** What is done to a client at the only places where time can pass between the database and the cache. */
export interface Interference {
  /** The database is about to be asked by a read. */
  beforeRead(): Promise<void>
  /** It has answered a read, and the client does not know yet. */
  afterRead(): Promise<void>
  /** It has committed a write, and the client does not know yet. */
  afterCommit(): Promise<void>
}

/** A driver adapter on which `interference` acts. Transactions are held up at their commit alone. */
export function faulty(factory: SqlDriverAdapterFactory, interference: Interference): SqlDriverAdapterFactory {
  const pass = async <T>(sql: string, send: () => Promise<T>): Promise<T> => {
    const reads = /^\s*SELECT/i.test(sql)
    if (reads) await interference.beforeRead()
    const answer = await send()
    await (reads ? interference.afterRead() : interference.afterCommit())
    return answer
  }
  const queryable = (inner: SqlQueryable) => ({
    provider: inner.provider,
    adapterName: inner.adapterName,
    queryRaw: (query: Parameters<SqlQueryable['queryRaw']>[0]) => pass(query.sql, () => inner.queryRaw(query)),
    executeRaw: (query: Parameters<SqlQueryable['executeRaw']>[0]) => pass(query.sql, () => inner.executeRaw(query)),
  })
  const transaction = (inner: Transaction): Transaction =>
    new Proxy(inner, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return async (...args: unknown[]) => {
          const answer: unknown = await value.apply(target, args)
          const sql = (args[0] as { sql?: string } | undefined)?.sql
          // Where the driver does not end the transaction itself, COMMIT is a statement and `commit` comes after it.
          const committed = sql === 'COMMIT' || (name === 'commit' && target.options.usePhantomQuery)
          if (committed) await interference.afterCommit()
          return answer
        }
      },
    })
  const connection = (inner: SqlDriverAdapter): SqlDriverAdapter => ({
    ...queryable(inner),
    executeScript: (script) => inner.executeScript(script),
    startTransaction: async (level) => transaction(await inner.startTransaction(level)),
    dispose: () => inner.dispose(),
    ...(inner.getConnectionInfo && { getConnectionInfo: () => inner.getConnectionInfo!() }),
  })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => connection(await factory.connect()),
  }
}
