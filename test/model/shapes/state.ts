import type { Tag, Value, Version } from '../state.ts'
import type { Plan } from './setup.ts'

/** Tags are numbered: COARSE, then WILDCARD and VALUE of each shape that is followed. */
export const COARSE = 0
export const wildcardTag = (shape: number): number => 1 + 2 * shape
export const valueTag = (shape: number): number => 2 + 2 * shape
/** The model's own tag. No read of a shape depends on it; its version matters only where tags are derived. */
export const MODEL = -1

export interface Registry {
  readonly version: Version
  /** The least recently registered first. */
  readonly shapes: readonly number[]
}

/** Versions of COARSE, WILDCARD and VALUE, in this order. */
export type Versions = readonly [coarse: Version | undefined, wildcard: Version | undefined, value: Version | undefined]

export interface Entry {
  readonly versions: Versions
  readonly value: Value
}

/** Versions a shape is remembered to be registered under. */
export type Remembered = readonly [coarse: Version | undefined, wildcard: Version | undefined]

export const STAGES = ['idle', 'looking', 'ensure', 'ask', 'late', 'derive', 'compare', 'fill'] as const

/**
 * A miss on its way. A hit takes no time and needs no state: every state is asked whether one could be served in it.
 * `looking` is a look-up in several steps; in `derive` the result has told of VALUE, in `compare` VALUE has a version.
 */
export interface Read {
  readonly at: (typeof STAGES)[number]
  readonly versions: Versions
  readonly registered: boolean
  /** Of the model's tag before the database was asked, where VALUE is told by the result. */
  readonly guard: Version | undefined
  readonly value: Value
  /** `looking`: what it must at least show, the parts it has read, and the entry if it was one. */
  readonly owed: Value
  readonly parts: number
  readonly entry: Entry | undefined
}

export const IDLE: Read = {
  at: 'idle',
  versions: [undefined, undefined, undefined],
  registered: false,
  guard: undefined,
  value: 0,
  owed: 0,
  parts: 0,
  entry: undefined,
}

export const PHASES = ['idle', 'open', 'moving', 'undone', 'cut off', 'over'] as const

export interface WriterState {
  readonly at: (typeof PHASES)[number]
  /** `false`: killed, with a COMMIT under way. */
  readonly alive: boolean
  /** How many commands of its hold were executed. */
  readonly begun: number
  /** Tags it holds and renews, by number. */
  readonly holds: readonly number[]
  /** What it committed; 0 for nothing. */
  readonly wrote: Value
  /** The copy of the registry its tags came from; before the commit, the one its hold came with. */
  readonly copy: Registry | undefined
  /** Tags to be bumped, by number. */
  readonly bumps: readonly number[]
  readonly checks: boolean
}

const UNBEGUN: WriterState = {
  at: 'idle',
  alive: true,
  begun: 0,
  holds: [],
  wrote: 0,
  copy: undefined,
  bumps: [],
  checks: false,
}
export const OVER: WriterState = { ...UNBEGUN, at: 'over' }

export interface State {
  /** How many writes were committed; each changes what every shape shows. */
  readonly db: Value
  /** What the replica that lags most has; where none lags, the database. */
  readonly replica: Value
  readonly tags: readonly (Tag | undefined)[]
  readonly model: Tag | undefined
  readonly registry: Registry | undefined
  readonly entries: readonly (Entry | undefined)[]
  readonly reads: readonly Read[]
  readonly writers: readonly WriterState[]
  /** By process: the copy of the registry. */
  readonly copies: readonly (Registry | undefined)[]
  /** By process: what a check brought and the process does not know yet. */
  readonly answers: readonly (Registry | undefined)[]
  /** By process and shape. */
  readonly memory: readonly (readonly (Remembered | undefined)[])[]
  /** By process: what a read that begins now must at least show. */
  readonly floors: readonly Value[]
  /** Tags that a broken protocol moves in a step of its own. */
  readonly late: readonly number[]
  readonly crashes: number
  readonly failedHolds: number
  readonly failedChecks: number
  readonly cutOffs: number
  readonly lostHolds: number
  readonly earlyLapses: number
}

export function initialState(plan: Plan): State {
  const { followed, processes, crashes = 0, failedHolds = 0, failedChecks = 0, cutOffs = 0 } = plan
  const { lostHolds = 0, earlyLapses = 0 } = plan
  return {
    db: 0,
    replica: 0,
    tags: new Array<undefined>(1 + 2 * followed).fill(undefined),
    model: undefined,
    registry: undefined,
    entries: new Array<undefined>(followed).fill(undefined),
    reads: plan.reads.map(() => IDLE),
    writers: plan.writers.map(() => UNBEGUN),
    copies: new Array<undefined>(processes).fill(undefined),
    answers: new Array<undefined>(processes).fill(undefined),
    memory: new Array<undefined[]>(processes).fill(new Array<undefined>(followed).fill(undefined)),
    floors: new Array<Value>(processes).fill(0),
    late: [],
    crashes,
    failedHolds,
    failedChecks,
    cutOffs,
    lostHolds,
    earlyLapses,
  }
}

/** A version that nothing has. One that is forgotten will do: nobody can tell it from a new one. */
export function unusedVersion(state: State): Version {
  // As bits: there are far fewer than thirty.
  let used = 0
  const add = (version: Version | undefined) => {
    if (version !== undefined) used |= 1 << version
  }
  const note = (versions: readonly (Version | undefined)[] = []) => {
    for (const version of versions) add(version)
  }
  for (const tag of state.tags) add(tag?.version)
  add(state.model?.version)
  for (const entry of state.entries) note(entry?.versions)
  for (const { versions, guard, entry } of state.reads) {
    note(versions)
    add(guard)
    note(entry?.versions)
  }
  for (const shapes of state.memory) for (const remembered of shapes) note(remembered)
  add(state.registry?.version)
  for (const copy of state.copies) add(copy?.version)
  for (const answer of state.answers) add(answer?.version)
  for (const { copy } of state.writers) add(copy?.version)
  let version = 1
  while (used & (1 << version)) version += 1
  return version
}

export function withTag(state: State, tag: number, now: Tag | undefined): State {
  return tag === MODEL ? { ...state, model: now } : { ...state, tags: state.tags.with(tag, now) }
}

export function withRead(state: State, r: number, read: Read): State {
  return { ...state, reads: state.reads.with(r, read) }
}

export function withWriter(state: State, w: number, writer: WriterState): State {
  return { ...state, writers: state.writers.with(w, writer) }
}

/** Present versions, in the order of an entry. */
export function versionsOf(state: State, shape: number): Versions {
  const { tags } = state
  return [tags[COARSE]?.version, tags[wildcardTag(shape)]?.version, tags[valueTag(shape)]?.version]
}

export const tagsOf = (shape: number): readonly number[] => [COARSE, wildcardTag(shape), valueTag(shape)]

/** A writer's copy: of the shapes only those that are followed make a difference. */
export function copyOf({ version, shapes }: Registry, { followed }: Plan): Registry {
  return { version, shapes: shapes.filter((shape) => shape < followed).toSorted() }
}

export const tagOf = (state: State, tag: number): Tag | undefined => (tag === MODEL ? state.model : state.tags[tag])

export const isHeld = (state: State, tag: number): boolean => (tagOf(state, tag)?.holds.length ?? 0) > 0

/** Whether every version is the present one of its tag. */
export function isCurrent({ versions }: Entry, present: Versions): boolean {
  return versions.every((version, i) => version === present[i])
}

export function nameOf(tag: number): string {
  if (tag === MODEL) return 'the model'
  if (tag === COARSE) return 'COARSE'
  const shape = Math.floor((tag - 1) / 2)
  return `${tag === wildcardTag(shape) ? 'WILDCARD' : 'VALUE'} ${shape}`
}
