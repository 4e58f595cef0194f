/** A part of the shape registry that can be left out, to see that the search notices. */
export type Guard =
  | 'a shape is registered before the database is asked'
  | 'a registration is remembered under the version of COARSE'
  | 'a registration is remembered under the version of WILDCARD'
  | 'WILDCARD gets its version in the step that registers'
  | 'COARSE gets its version in the step that registers'
  | 'a registry that is made anew moves COARSE'
  | 'a registry that a writer makes anew moves COARSE'
  | 'COARSE moves in the step that makes the registry'
  | 'a shape that gives way moves its WILDCARD'
  | 'WILDCARD moves in the step that retires'
  | 'the version of a registry never returns'
  | 'a writer checks its copy of the registry'
  | 'a check comes after the commit'
  | 'a check names the copy the tags came from'
  | 'shapes a check brings are moved too'
  | 'they are moved before the acknowledgement'
  | 'a check that failed moves COARSE'
  | 'values that are not known move WILDCARD'
  | 'what could not be delivered is not read around'
  | 'what could not be delivered is delivered'
  | 'COARSE is held before the commit'
  | 'COARSE is held until VALUE has moved'
  | 'a strict writer checks its copy before the commit'
  | 'that check comes after the holds'
  | 'it is checked again after the commit'
  | 'a copy that is not that of the hold moves COARSE'
  | 'it goes by the copy that was compared'
  | 'COARSE is looked up before VALUE'
  | 'the model is held before the check'
  | 'nothing is registered while the model is held'
  | 'the model is compared'
  | 'the model has a version before the database is asked'
  | 'VALUE has a version before the model is compared'
  | 'the model moves before VALUE'
  | 'a model that is held has moved'

/**
 * As in the model of tags, see `../setup.ts`; and `registered`, nothing but the invariant of the registry, which is looked
 * at besides wherever no guard is left out: the shape of a valid entry is in the registry, or there is no registry.
 */
export type Promised = 'acknowledged' | 'settled' | 'committed' | 'registered'

export interface Writer {
  readonly mode: 'default' | 'strict'
  /** What it knows of its write: the values (unless told), that there was a change, or not even of which shapes. */
  readonly tells?: 'values' | 'change' | 'nothing'
  /** Whose copy of the registry it uses; a process of its own unless told. */
  readonly process?: number
}

export interface Reading {
  readonly shape: number
  readonly process: number
  /** Only its result tells which VALUE it depends on. */
  readonly derives?: boolean
}

export interface Setup {
  readonly promised: Promised
  readonly writers: readonly Writer[]
  /** Two reads of shape 0 in two processes unless told. */
  readonly reads?: readonly Reading[]
  /** How many shapes of which no read is followed are registered by somebody, any time. */
  readonly others?: number
  /** How many shapes the registry has room for. */
  readonly room?: number
  /** The parts of a look-up are read one after the other: the nodes of a cluster. */
  readonly splitLookUps?: boolean
  /** Reads fill under the versions of their look-up where it found any, whatever the registration says. */
  readonly fillsUnderLookUp?: boolean
  /** What a check of another write brings may be known to its process later than what it asked for after it. */
  readonly lateAnswers?: boolean
  /** Reads are answered by replicas that lag. */
  readonly replicas?: boolean
  /** How many writers may be killed, at any point. */
  readonly crashes?: number
  /** How many writers may not be told that their holds were taken, executed or not; they write all the same. */
  readonly failedHolds?: number
  /** How many checks may fail, executed or not. */
  readonly failedChecks?: number
  /** How many writers may be cut off from Redis after their commit. */
  readonly cutOffs?: number
  /** How often Redis may lose a tag while it is held. */
  readonly lostHolds?: number
  /** How often a hold may run out although its writer lives. */
  readonly earlyLapses?: number
  /** The guard that is left out. */
  readonly without?: Guard
}

/** What follows from a setup, worked out once. */
export interface Plan extends Setup {
  readonly reads: readonly Reading[]
  readonly writers: readonly Required<Writer>[]
  readonly others: number
  readonly room: number
  /** Shapes whose reads are followed: 0, and 1 where a read is of it. */
  readonly followed: number
  readonly processes: number
  /** Whether reads compare versions of the model's own tag. */
  readonly derives: boolean
}

export function planOf(setup: Setup): Plan {
  const { others = 1, room = 1 } = setup
  const reads: readonly Reading[] = setup.reads ?? [
    { shape: 0, process: 0 },
    { shape: 0, process: 1 },
  ]
  const writers = setup.writers.map(({ mode, tells = 'values', process }, w) => ({
    mode,
    tells,
    process: process ?? w,
  }))
  const followed = 1 + Math.max(...reads.map(({ shape }) => shape))
  const processes = 1 + Math.max(...[...reads, ...writers].map(({ process }) => process))
  const derives = reads.some((read) => read.derives)
  return { ...setup, reads, writers, others, room, followed, processes, derives }
}
