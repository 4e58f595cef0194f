import type { Setup } from './setup.ts'
import { Text } from './text.ts'

/** A random token in truth; here a number that means nothing but itself. */
export type Version = number

/** How many writes to the row were committed before: the database puts them in one order. */
export type Value = number

/** A row as its writer sees it before the commit. */
export const UNCOMMITTED: Value = 99

/** The hold an invalidation leaves behind for lagging replicas; other holders are writers, by number. */
export const LAG = -1

export interface Hold {
  readonly holder: number
  /** Run out, and not dropped yet because others hold the tag. */
  readonly lapsed: boolean
  /** `LAG`: the commit every replica must have had before the hold runs out. */
  readonly until: Value
}

export interface Tag {
  readonly version: Version
  readonly holds: readonly Hold[]
}

export interface Entry {
  readonly versions: readonly Version[]
  readonly values: readonly Value[]
}

const STAGES = ['idle', 'has entry', 'has tags', 'ensure', 'ask', 'answer', 'bypass'] as const

export interface ReaderState {
  readonly at: (typeof STAGES)[number]
  /** What the read must at least show, fixed when it begins. */
  readonly owed: readonly Value[]
  readonly versions: readonly (Version | undefined)[]
  readonly values: readonly Value[]
  /** Half of a split look-up. */
  readonly entry: Entry | undefined
  readonly tags: readonly (Tag | undefined)[]
  /** On its way to Redis, behind the caller. */
  readonly fill: Entry | undefined
}

const OUTCOMES = ['open', 'committed', 'unknown', 'undone'] as const

export interface WriterState {
  /** Index into its program. */
  readonly at: number
  readonly alive: boolean
  readonly outcome: (typeof OUTCOMES)[number]
  readonly wrote: readonly Value[]
  /** Holds a bump in two steps has overwritten and not put back yet. */
  readonly carried: readonly Hold[]
}

export interface State {
  readonly db: readonly Value[]
  /** The replica that lags most. */
  readonly replica: readonly Value[]
  readonly tags: readonly (Tag | undefined)[]
  readonly entry: Entry | undefined
  readonly readers: readonly ReaderState[]
  readonly writers: readonly WriterState[]
  /** What a read that begins now must at least show. */
  readonly floor: readonly Value[]
  readonly crashes: number
  readonly lostHolds: number
  readonly earlyLapses: number
}

export const IDLE = { at: 'idle', owed: [], versions: [], values: [], entry: undefined, tags: [] } as const

export function initialState(setup: Setup): State {
  const { rows = 1, readers = 2, crashes = 0, lostHolds = 0, earlyLapses = 0 } = setup
  const zeros = new Array<Value>(rows).fill(0)
  return {
    db: zeros,
    replica: setup.replicas ? zeros : [],
    tags: new Array<undefined>(rows).fill(undefined),
    entry: undefined,
    readers: new Array<ReaderState>(readers).fill({ ...IDLE, fill: undefined }),
    writers: setup.writers.map(() => ({ at: 0, alive: true, outcome: 'open', wrote: [], carried: [] })),
    floor: zeros,
    crashes,
    lostHolds,
    earlyLapses,
  }
}

/** A version that nothing holds. One that was held and is forgotten will do: nobody can tell it from a new one. */
export function unusedVersion(state: State): Version {
  const used = new Set<Version | undefined>()
  for (const tag of state.tags) used.add(tag?.version)
  noteVersions(used, state.entry)
  for (const reader of state.readers) {
    for (const version of reader.versions) used.add(version)
    for (const tag of reader.tags) used.add(tag?.version)
    noteVersions(used, reader.entry)
    noteVersions(used, reader.fill)
  }
  let version = 1
  while (used.has(version)) version += 1
  return version
}

function noteVersions(used: Set<Version | undefined>, entry: Entry | undefined): void {
  for (const version of entry?.versions ?? []) used.add(version)
}

/**
 * States that differ in the names of versions, or in which of two equal readers does what, have the same futures.
 * `counted`: versions are told apart by more than being equal (the counters of a broken protocol).
 */
export function keyOf(state: State, counted: boolean): string {
  const [first, second] = state.readers
  if (!first || !second) return textOf(state, state.readers, counted)
  const order = rank(first) - rank(second)
  if (order > 0) return textOf(state, [second, first], counted)
  const one = textOf(state, [first, second], counted)
  if (order < 0 || first === second) return one
  const other = textOf(state, [second, first], counted)
  if (one < other) return one
  return other
}

/** Tells most readers apart, whatever versions are called. */
function rank({ at, owed, values, fill }: ReaderState): number {
  const parts = [STAGES.indexOf(at), owed[0] ?? 3, values[0] ?? 3, fill?.values[0] ?? 3]
  return parts.reduce((rank, part) => 128 * rank + part, 0)
}

const text = new Text()

function textOf(state: State, readers: readonly ReaderState[], counted: boolean): string {
  text.begin(counted)
  text.numbers(state.db)
  text.numbers(state.replica)
  text.numbers(state.floor)
  text.number(state.crashes)
  text.number(state.lostHolds)
  text.number(state.earlyLapses)
  tags(state.tags)
  entry(state.entry)
  for (const { at, alive, outcome, wrote, carried } of state.writers) {
    text.number(at)
    text.number(alive ? 1 : 0)
    text.number(OUTCOMES.indexOf(outcome))
    text.numbers(wrote)
    holds(carried)
  }
  for (const reader of readers) {
    text.number(STAGES.indexOf(reader.at))
    text.numbers(reader.owed)
    text.versions(reader.versions)
    text.numbers(reader.values)
    entry(reader.entry)
    tags(reader.tags)
    entry(reader.fill)
  }
  return text.end()
}

function tags(tags: readonly (Tag | undefined)[]): void {
  text.number(tags.length)
  for (const tag of tags) {
    text.version(tag?.version)
    holds(tag?.holds ?? [])
  }
}

function entry(entry: Entry | undefined): void {
  text.versions(entry?.versions ?? [])
  text.numbers(entry?.values ?? [])
}

function holds(holds: readonly Hold[]): void {
  text.number(holds.length)
  for (const { holder, lapsed, until } of holds) {
    text.number(holder + 1)
    text.number(lapsed ? 1 : 0)
    text.number(until)
  }
}

/**
 * Versions never return, so an entry under one that its tag no longer has, and that no look-up under way has seen, will
 * never be served, whatever it shows: it is as good as none, and its fill as good as lost.
 */
export function withoutDead(state: State): State {
  const isDead = (entry: Entry | undefined): boolean =>
    entry?.versions.some(
      (version, row) =>
        state.tags[row]?.version !== version && state.readers.every(({ tags }) => tags[row]?.version !== version),
    ) ?? false
  const stored = isDead(state.entry)
  const fills = state.readers.some(({ fill }) => isDead(fill))
  if (!stored && !fills) return state
  const readers = fills
    ? state.readers.map((reader) => (isDead(reader.fill) ? { ...reader, fill: undefined } : reader))
    : state.readers
  return { ...state, entry: stored ? undefined : state.entry, readers }
}
