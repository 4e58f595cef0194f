import type { Setup } from './setup.ts'

/** How many writes were committed before: the database puts them in one order. */
export type Value = number

/** What a query depends on. Its slot among the clocks is its place here, modulo their number. */
export const TAGS = ['wildcard', 'value', 'told', 'model'] as const
export type Tag = (typeof TAGS)[number]

/** One key of the store: everything a look-up compares. */
export interface Clocks {
  /** Random in truth: no two records ever have the same. */
  epoch: number
  clock: number
  /** Entries below it are dead, whatever their tags say. */
  floor: number
  /** The clock of the last change, by slot. */
  slots: number[]
}

/** A lock or an intent. */
export interface Mark {
  readonly holder: number
  readonly tags: readonly Tag[]
  /** Its time has run out, and nobody has met it since. */
  isOver: boolean
}

/** A soft bump that is in its grace. */
export interface Soft {
  clock: number
  /** What was in the database when it was invalidated. */
  readonly covers: Value
  isOver: boolean
}

/** The other key of the record, beside the clocks: what few look-ups need. */
export interface Side {
  locks: Mark[]
  intents: Mark[]
  isRegistered: boolean
  soft: Soft | null
}

export interface Entry {
  readonly epoch: number
  readonly clock: number
  readonly value: Value
}

/** What a look-up saw of the record. */
export interface Seen {
  readonly epoch: number
  readonly clock: number
}

export interface Reader {
  at: 'idle' | 'second step' | 'ask' | 'answer' | 'waits' | 'bypass'
  left: number
  /** What the read must at least show, fixed when it begins. */
  owed: Value
  seen: Seen | null
  /** The largest of the floor and the clocks of the query's own tags, when it looked: names its flight. */
  under: number
  entry: Entry | null
  value: Value
  /** The shape was registered by this process, and what it saw of the record then. */
  registered: Seen | null
}

export interface WriterState {
  at: number
  /** `forgotten`: committed, and taken for undone. */
  outcome: 'open' | 'committed' | 'unknown' | 'undone' | 'forgotten'
  value: Value
  isAlive: boolean
  /** It was told of the shape when it took its lock. */
  knows: boolean
  /** The registry it met with its bump had a shape it did not know. */
  missed: boolean
}

/** What a script that changes the record tells all who keep copies. */
export interface Message {
  readonly epoch: number
  readonly before: number
  readonly after: number
  /** `lost`: anything may have changed · `beat`: nothing did. */
  readonly says: 'moved' | 'lost' | 'beat'
  readonly tags: readonly Tag[]
  /** Of a heartbeat: what was acknowledged when it was sent. */
  readonly owed: Value
}

/** What a process knows of the record. */
export interface Heard extends Seen {
  readonly changed: Readonly<Record<Tag, number>>
}

/** The copy that the first reader keeps in its process. */
export interface Local {
  /** What the push has told so far; `null`: not known, the next look-up says. */
  heard: Heard | null
  copy: Entry | null
  inbox: Message[]
  /** What was acknowledged before the last heartbeat it heard. */
  owed: Value
}

export interface State {
  db: Value
  /** What a read that begins now must at least show. */
  floor: Value
  clocks: Clocks | null
  side: Side | null
  entry: Entry | null
  /** What a replica that lags has; `undefined`: it does not lag. */
  replica: { clocks: Clocks | null; side: Side | null } | undefined
  readers: Reader[]
  writers: WriterState[]
  local: Local
  /** What was in the database at each soft bump whose grace is not over. */
  graces: Value[]
  crashes: number
  losses: { clocks: number; side: number; entry: number }
  earlyEnds: number
  lostMessages: number
  hasFailedOver: boolean
  hasRetired: boolean
  hasGrown: boolean
}

export function initialState(setup: Setup): State {
  const losses = setup.losses ?? 0
  return {
    db: 0,
    floor: 0,
    clocks: null,
    side: null,
    entry: null,
    replica: undefined,
    readers: setup.readers.map((left) => ({ ...IDLE, left, registered: null })),
    writers: setup.writers.map(() => ({
      at: 0,
      outcome: 'open',
      value: 0,
      isAlive: true,
      knows: false,
      missed: false,
    })),
    local: { heard: null, copy: null, inbox: [], owed: 0 },
    graces: [],
    crashes: setup.crashes ?? 0,
    losses: { clocks: losses, side: losses, entry: losses },
    earlyEnds: setup.earlyEnds ?? 0,
    lostMessages: setup.lostMessages ?? 0,
    hasFailedOver: false,
    hasRetired: false,
    hasGrown: false,
  }
}

/** An epoch that nothing holds. One that is forgotten will do: nobody can tell it from a new one. */
export function unusedEpoch({ clocks, entry, replica, readers, local }: State): number {
  const ofReaders = readers.flatMap(({ seen, entry, registered }) => [seen, entry, registered])
  const used = [clocks, entry, replica?.clocks, local.heard, local.copy, ...local.inbox, ...ofReaders]
  return 1 + Math.max(0, ...used.map((held) => held?.epoch ?? 0))
}

/** What can never be served again is as good as none. Epochs are compared and do not return, so an entry of another one is. */
export function withoutDead(state: State): State {
  const { entry, clocks, replica } = state
  if (entry && entry.epoch !== clocks?.epoch && entry.epoch !== replica?.clocks?.epoch) state.entry = null
  for (const reader of state.readers) if (reader.left === 0) reader.registered = null
  return state
}

/** A reader between two reads. */
export const IDLE = { at: 'idle', owed: 0, seen: null, under: 0, entry: null, value: 0 } as const

/** A copy of which everything may be changed. */
export function copyOf(state: State): State {
  return {
    ...state,
    clocks: clocksOf(state.clocks),
    side: sideOf(state.side),
    replica: state.replica && { clocks: clocksOf(state.replica.clocks), side: sideOf(state.replica.side) },
    readers: state.readers.map((reader) => ({ ...reader })),
    writers: state.writers.map((writer) => ({ ...writer })),
    local: { ...state.local, inbox: [...state.local.inbox] },
    losses: { ...state.losses },
    graces: [...state.graces],
  }
}

const clocksOf = (clocks: Clocks | null): Clocks | null => clocks && { ...clocks, slots: [...clocks.slots] }

const marksOf = (marks: readonly Mark[]): Mark[] => marks.map((mark) => ({ ...mark }))

const sideOf = (side: Side | null): Side | null =>
  side && {
    ...side,
    locks: marksOf(side.locks),
    intents: marksOf(side.intents),
    soft: side.soft && { ...side.soft },
  }
