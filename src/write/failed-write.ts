/**
 * Whether a write that threw has certainly changed nothing. Only then may its tags stay: after a lost connection or a
 * time-out the database may have committed all the same.
 */
export function changedNothing(error: unknown, operation: string): boolean {
  const { name, code } = (error ?? {}) as { name?: unknown; code?: unknown }
  // Refused before it was sent.
  if (name === 'PrismaClientValidationError') return true
  // A bulk write may reach the database in several statements; the first may stand when the second fails.
  return ATOMIC.has(operation) && name === 'PrismaClientKnownRequestError' && REFUSED.has(String(code))
}

const ATOMIC: ReadonlySet<string> = new Set(['create', 'update', 'upsert', 'delete'])

/** Constraint and validation errors of the database: the statement, and the transaction Prisma put round it, is undone. */
const REFUSED: ReadonlySet<string> = new Set(
  'P2000 P2002 P2003 P2004 P2005 P2006 P2007 P2011 P2012 P2013 P2014 P2015 P2017 P2018 P2019 P2020 P2025'.split(' '),
)
