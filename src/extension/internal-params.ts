/**
 * What Prisma passes to a query hook beside its public arguments. Private, stable across 6.19 and 7.10, and the only way
 * to tell that a query runs inside a transaction; `test/prisma-canary` fails when it changes.
 */
export interface HookCall {
  readonly transaction: HookTransaction | undefined
  /** Path of the fluent API: `['select', 'posts']` for `user.findUnique(…).posts()`. */
  readonly dataPath: readonly string[]
}

export interface HookTransaction {
  readonly kind: 'interactive' | 'batch'
  readonly id: string
}

export function hookCall(internalParams: unknown): HookCall {
  const { transaction, dataPath } = (internalParams ?? {}) as {
    transaction?: { kind?: unknown; id?: unknown }
    dataPath?: unknown
  }
  if (!transaction && Array.isArray(dataPath) && dataPath.length === 0) return NEITHER
  return {
    transaction: transaction && {
      // What is not known to be a batch is taken for an interactive transaction, the stricter of the two.
      kind: transaction.kind === 'batch' ? 'batch' : 'interactive',
      id: String(transaction.id),
    },
    dataPath: Array.isArray(dataPath) ? dataPath.map(String) : [],
  }
}

const NEITHER: HookCall = { transaction: undefined, dataPath: [] }

/** The id an interactive transaction's queries will carry; `undefined` when this Prisma does not show it. */
export function transactionId(transactionClient: unknown): string | undefined {
  const client = transactionClient as {
    readonly [SCOPE]?: { readonly txId?: unknown }
    _createPrismaPromise?: (run: (transaction: { id?: unknown } | undefined) => Promise<void>) => PromiseLike<void>
  }
  const id = client[SCOPE]?.txId
  if (typeof id === 'string') return id
  // Before 7.5 the client is only bound to its transaction through the promises it makes; this one sends no query.
  let bound: unknown
  void client
    ._createPrismaPromise?.(async (transaction) => {
      bound = transaction?.id
    })
    .then(() => {})
  return typeof bound === 'string' ? bound : undefined
}

const SCOPE = Symbol.for('prisma.client.transaction.scope_context')
