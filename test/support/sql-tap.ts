import type { SqlDriverAdapter, SqlDriverAdapterFactory, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'

/** Which statements are meant: a part of their text, a pattern, or a test of it. */
export type SqlMatch = string | RegExp | ((sql: string) => boolean)

/** What passes between one client and its database: seen, counted, and where a test needs it, held or failed. */
export interface SqlTap {
  /** Every statement sent so far, in order; BEGIN, COMMIT, ROLLBACK and savepoints too. Not what the cache asks for itself. */
  readonly statements: readonly string[]
  /** Those that ask for the catalogue of the database. */
  readonly ofCatalogue: readonly string[]
  count(match?: SqlMatch): number
  clear(): void
  /**
   * Stops the next matching statement until the gate is opened: by default when the database has answered and the
   * client does not know it yet, with `before` when the database has not seen the statement.
   */
  hold(match: SqlMatch, options?: { before?: boolean }): Gate
}

export interface Gate {
  /** Resolves with the statement once one is being held. */
  readonly held: Promise<string>
  /** Lets it go on. A gate opened before anything came to it holds nothing. */
  open(): void
  /** Lets it go on with this error: after the answer, that is a connection lost with the outcome unknown. */
  fail(error: Error): void
}

interface WaitingGate {
  readonly match: SqlMatch
  readonly before: boolean
  readonly hold: (sql: string) => Promise<void>
}

/** Wraps a driver adapter; pass `adapter` to the client and watch through `tap`. */
export function tapSql(factory: SqlDriverAdapterFactory): { adapter: SqlDriverAdapterFactory; tap: SqlTap } {
  const statements: string[] = []
  const ofCatalogue: string[] = []
  const waiting = new Set<WaitingGate>()

  async function atGates(sql: string, before: boolean): Promise<void> {
    for (const gate of waiting) {
      if (gate.before !== before || !matches(gate.match, sql)) continue
      waiting.delete(gate)
      await gate.hold(sql)
      return
    }
  }

  async function pass<T>(sql: string, send: () => Promise<T>): Promise<T> {
    ;(sql.startsWith('/* prisma-extension-query-cache: catalogue */') ? ofCatalogue : statements).push(sql)
    await atGates(sql, true)
    const answer = await send()
    await atGates(sql, false)
    return answer
  }

  const queryable = (inner: SqlQueryable): SqlQueryable => ({
    provider: inner.provider,
    adapterName: inner.adapterName,
    queryRaw: (query) => pass(query.sql, () => inner.queryRaw(query)),
    executeRaw: (query) => pass(query.sql, () => inner.executeRaw(query)),
  })

  // With `usePhantomQuery` the driver itself ends the transaction; without, the engine has sent COMMIT as a statement
  // already and the method only gives the connection back.
  const ending = (inner: Transaction, sql: string, end: () => Promise<void>) => () =>
    inner.options.usePhantomQuery ? pass(sql, end) : end()

  const transaction = (inner: Transaction): Transaction => ({
    ...queryable(inner),
    options: inner.options,
    commit: ending(inner, 'COMMIT', () => inner.commit()),
    rollback: ending(inner, 'ROLLBACK', () => inner.rollback()),
    ...savepoint('createSavepoint', 'SAVEPOINT', inner),
    ...savepoint('rollbackToSavepoint', 'ROLLBACK TO SAVEPOINT', inner),
    ...savepoint('releaseSavepoint', 'RELEASE SAVEPOINT', inner),
  })

  function savepoint(
    method: 'createSavepoint' | 'rollbackToSavepoint' | 'releaseSavepoint',
    sql: string,
    inner: Transaction,
  ): Partial<Transaction> {
    // Prisma asks whether the method is there.
    return inner[method]
      ? { [method]: (name: string) => pass(`${sql} ${name}`, async () => inner[method]?.(name)) }
      : {}
  }

  const connection = (inner: SqlDriverAdapter): SqlDriverAdapter => ({
    ...queryable(inner),
    executeScript: (script) => pass(script, () => inner.executeScript(script)),
    startTransaction: (level) => pass('BEGIN', async () => transaction(await inner.startTransaction(level))),
    dispose: () => inner.dispose(),
    ...(inner.getConnectionInfo && { getConnectionInfo: () => inner.getConnectionInfo!() }),
  })

  return {
    adapter: {
      provider: factory.provider,
      adapterName: factory.adapterName,
      connect: async () => connection(await factory.connect()),
    },
    tap: {
      statements,
      ofCatalogue,
      count: (match) => (match === undefined ? statements : statements.filter((sql) => matches(match, sql))).length,
      clear() {
        statements.splice(0)
        ofCatalogue.splice(0)
      },
      hold(match, { before = false } = {}) {
        const { gate, hold } = createGate()
        waiting.add({ match, before, hold })
        return gate
      },
    },
  }
}

function createGate(): { gate: Gate; hold: (sql: string) => Promise<void> } {
  let open!: () => void
  let fail!: (error: Error) => void
  let arrived!: (sql: string) => void
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  opened.catch(() => {})
  const held = new Promise<string>((resolve) => {
    arrived = resolve
  })
  return {
    gate: { held, open, fail },
    hold(sql) {
      arrived(sql)
      return opened
    },
  }
}

function matches(match: SqlMatch, sql: string): boolean {
  if (typeof match === 'string') return sql.includes(match)
  return typeof match === 'function' ? match(sql) : match.test(sql)
}
