/** A part of the protocol that can be left out, to see that the search notices. */
export type Guard =
  | 'the clock is seen before the database is asked'
  | 'epochs are compared'
  | 'the floor is compared'
  | 'tags told by the result are compared'
  | 'the second step judges epoch and floor again'
  | 'a bump comes after the commit'
  | 'a bump comes before the acknowledgement'
  | 'an unknown outcome bumps'
  | 'a shape is registered before the database is asked'
  | 'the registry is compared with the bump'
  | 'a remembered registration needs the epoch'
  | 'a remembered registration needs the wildcard'
  | 'a flight is named by the clocks of its tags'
  | 'a missing side key takes a new epoch'
  | 'a clock that wraps takes a new epoch'
  | 'growth copies the slots'
  | 'a server that changed loses its records'
  | 'a locked tag is not served'
  | 'a lock comes before the commit'
  | 'a lock creates the record'
  | 'a bump leaves the locks of others'
  | 'a lock that runs out bumps'
  | 'an intent comes before the commit'
  | 'an intent creates the record'
  | 'an intent is kept by its holder'
  | 'an intent that runs out raises the floor'
  | 'an intent outlives a bump that missed shapes'
  | 'a gap in the push is noticed'
  | 'a heartbeat carries the clock'
  | 'a soft bump leaves the hard clock'
  | 'a second soft bump gives no longer grace'
  | 'a grace that ends bumps'

/** What a write does beside its bump. */
export type Mode =
  /** Nothing. */
  | 'default'
  /** It leaves an intent before the commit, which runs out when its holder is killed. */
  | 'intent'
  /** It locks its tags before the commit. */
  | 'strict'
  /** No write to the database: the application invalidates softly what a write behind its back changed. */
  | 'soft'

/** What a write changes: values that the shape of the query compares, a row that only the result tells of, or another. */
export type Changes = 'value' | 'told' | 'other'

export interface Writer {
  readonly mode: Mode
  readonly changes: Changes
}

/**
 * What a read that begins must at least show:
 *
 * - `acknowledged`: every acknowledged write
 * - `bounded`: also what a killed writer committed, once its intent or lock has run out, and what was invalidated softly,
 *   once its grace is over
 * - `committed`: also every commit of a strict writer, acknowledged or not
 */
export type Promised = 'acknowledged' | 'bounded' | 'committed'

export interface Setup {
  readonly promised: Promised
  readonly writers: readonly Writer[]
  /** How many reads each reader makes, one after the other. */
  readonly readers: readonly number[]
  /** The reader asks for the tags that its entry tells in a second step. */
  readonly inTwoSteps?: boolean
  /** Equal misses may share a query. */
  readonly shares?: boolean
  /** How often the store may lose each of: the clocks of the record, its side key, the entry. */
  readonly losses?: number
  /** The registry may give the shape up, once. */
  readonly retires?: boolean
  /** A replica that lags may take over, once. */
  readonly failsOver?: boolean
  /** How many writers may be killed, at any point. */
  readonly crashes?: number
  /** How often an intent or a lock may run out although its writer lives. */
  readonly earlyEnds?: number
  /** Whether a record that holds a lock or an intent may be lost. */
  readonly losesMarks?: boolean
  /** The reply to a COMMIT may be lost, or the transaction may be rolled back. */
  readonly unknownOutcomes?: boolean
  /** The first reader keeps a copy, and is told of changes by a push. */
  readonly pushes?: boolean
  /** How many messages of the push may be lost. */
  readonly lostMessages?: number
  /** The largest clock; beyond it the record begins anew. */
  readonly maxClock?: number
  /** Slots at first, and whether they may double, once. */
  readonly slots?: 2 | 4
  readonly grows?: boolean
  /** The guard that is left out. */
  readonly without?: Guard
}
