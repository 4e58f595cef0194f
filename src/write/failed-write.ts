/**
 * Databases that undo all of a transaction, or of a statement that fails. MySQL has engines that undo nothing and
 * statements that commit by themselves; SQL Server may end a transaction with the statement that fails in it.
 */
const UNDO_ALL: ReadonlySet<string> = new Set(['sqlite', 'postgresql', 'postgres', 'cockroachdb'])

export function undoesAll(provider: string): boolean {
  return UNDO_ALL.has(provider)
}

/**
 * Whether a write that threw has certainly changed nothing. Only then may its tags stay: after a lost connection or a
 * timeout the database may have committed all the same.
 */
export function changedNothing(error: unknown, operation: string, provider: string): boolean {
  if (isUnsent(error)) return true
  // A bulk write may reach the database in several statements; the first may stand when the second fails.
  return undoesAll(provider) && ATOMIC.has(operation) && isKnown(error, REFUSED)
}

/**
 * Whether a statement that failed inside an interactive transaction has certainly not ended it. Afterwards the next
 * statements might be committed one by one: MySQL does so after a deadlock, SQLite after `ON CONFLICT ROLLBACK`.
 */
export function leavesTransactionOpen(error: unknown, provider: string): boolean {
  if (isUnsent(error) || isKnown(error, NOT_FOUND)) return true
  // They refuse every further statement until the rollback.
  return provider !== 'sqlite' && undoesAll(provider) && isKnown(error, REFUSED_OR_CONFLICT)
}

function isUnsent(error: unknown): boolean {
  return (error as { name?: unknown } | null)?.name === 'PrismaClientValidationError'
}

function isKnown(error: unknown, codes: ReadonlySet<string>): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  return name === 'PrismaClientKnownRequestError' && codes.has(String(code))
}

const ATOMIC: ReadonlySet<string> = new Set(['create', 'update', 'upsert', 'delete'])

/** Constraint and validation errors of the database: the statement, and the transaction Prisma put round it, is undone. */
const REFUSED: ReadonlySet<string> = new Set(
  'P2000 P2002 P2003 P2004 P2005 P2006 P2007 P2011 P2012 P2013 P2014 P2015 P2017 P2018 P2019 P2020 P2025'.split(' '),
)
const REFUSED_OR_CONFLICT: ReadonlySet<string> = new Set([...REFUSED, 'P2034'])
/** Prisma's own, of a row that is not there: nothing failed in the database. */
const NOT_FOUND: ReadonlySet<string> = new Set(['P2025'])
