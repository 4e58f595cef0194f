/** Servers that several processes can share. */
export type Served = 'postgresql' | 'mysql'

export interface DatabaseKind {
  /** Prisma has `updateManyAndReturn` where the database has RETURNING. */
  readonly hasReturning: boolean
  /** A transaction goes on seeing what stood when it first read: REPEATABLE READ, MariaDB's default. */
  readonly hasSnapshots: boolean
  /** SQL for the sessions of a worker. */
  sessionsOf(worker: string): string
}

export const DATABASE_KINDS: Readonly<Record<Served, DatabaseKind>> = {
  postgresql: {
    hasReturning: true,
    hasSnapshots: false,
    sessionsOf: (worker) => `SELECT pid FROM pg_stat_activity WHERE application_name = '${worker}'`,
  },
  mysql: {
    hasReturning: false,
    hasSnapshots: true,
    sessionsOf: (worker) => `SELECT id FROM information_schema.processlist WHERE user = '${worker}'`,
  },
}
