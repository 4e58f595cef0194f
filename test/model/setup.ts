/** A part of the protocol that can be left out, to see that the search notices. */
export type Guard =
  | 'versions are read before the database'
  | 'a flight is named by its versions too'
  | 'every tag is compared'
  | 'an absent tag is a changed tag'
  | 'versions never return'
  | 'a new version only where there is none'
  | 'reads inside a transaction are not stored'
  | 'a bump comes after the commit'
  | 'a bump comes before the acknowledgement'
  | 'an unknown outcome moves the tags'
  | 'a held tag is not served'
  | 'nothing is shared or stored under a held tag'
  | 'a hold comes before the commit'
  | 'a hold is put on absent tags too'
  | 'a release leaves the holds of others'
  | 'a bump leaves the holds of others'
  | 'a bump keeps them in one step'
  | 'a hold that is dropped moves the version'
  | 'a hold that runs out moves the version'
  | 'a lagging replica leaves a hold behind'
  | 'that hold is put on absent tags too'

/**
 * What a read that begins must at least show, from the weakest to the strongest:
 *
 * - `acknowledged`: every acknowledged write
 * - `settled`: also what was committed when last no write was under way and no hold was left
 * - `linear`: also what any finished read has shown
 * - `committed`: also every commit of a strict writer, acknowledged or not: what a plain client would see
 */
export type Promised = 'acknowledged' | 'settled' | 'linear' | 'committed'

export interface Writer {
  readonly mode: 'default' | 'strict'
  /** The rows it changes, each with a tag of its own; `[0]` unless told. */
  readonly rows?: readonly number[]
}

export interface Setup {
  readonly promised: Promised
  readonly writers: readonly Writer[]
  readonly readers?: number
  /** A read shows all of them and depends on all their tags. */
  readonly rows?: 1 | 2
  /** Readers are processes of their own, and share no query. */
  readonly apart?: boolean
  /** Entry and versions are read one after the other, in either order: the nodes of a cluster. */
  readonly splitLookUps?: boolean
  /** The reply to a COMMIT may be lost. */
  readonly unknownOutcomes?: boolean
  /** Reads are answered by replicas that lag. */
  readonly replicas?: boolean
  /** How many writers may be killed, at any point. */
  readonly crashes?: number
  /** How often Redis may lose a tag while it is held. Tags nobody holds, and entries, it may always lose. */
  readonly lostHolds?: number
  /** How often a hold may run out although its writer lives, or its COMMIT is still under way. */
  readonly earlyLapses?: number
  /** The guard that is left out. */
  readonly without?: Guard
}
