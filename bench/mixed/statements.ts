import type { SqlDriverAdapterFactory, SqlQueryable } from '@prisma/driver-adapter-utils'

/** Counts the statements of a client and adds no promise to them. */
export function countStatements(factory: SqlDriverAdapterFactory): {
  readonly adapter: SqlDriverAdapterFactory
  readonly count: () => number
} {
  let count = 0
  const counted = <Q extends SqlQueryable>(queryable: Q): Q => {
    const { queryRaw, executeRaw } = queryable
    queryable.queryRaw = (query) => {
      count += 1
      return queryRaw.call(queryable, query)
    }
    queryable.executeRaw = (query) => {
      count += 1
      return executeRaw.call(queryable, query)
    }
    return queryable
  }
  return {
    count: () => count,
    adapter: {
      provider: factory.provider,
      adapterName: factory.adapterName,
      async connect() {
        const connection = counted(await factory.connect())
        const { startTransaction } = connection
        connection.startTransaction = async (level) => counted(await startTransaction.call(connection, level))
        return connection
      },
    },
  }
}
