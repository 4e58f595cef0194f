import type { ReadContext } from '../read/read-context.ts'
import type { Invalidate } from '../write/invalidate.ts'
import type { TransactionScopes } from '../write/transaction-scopes.ts'

/** What every step works with; made once. */
export interface ValueContext {
  readonly read: ReadContext
  readonly invalidate: Invalidate
  readonly transactions: TransactionScopes
  /** The option of that name. */
  readonly version: string
}

/** The model name under which values are told of and counted. */
export const VALUES = '$data'
