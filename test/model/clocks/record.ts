import type { Setup } from './setup.ts'
import {
  type Clocks,
  type Entry,
  type Mark,
  type Seen,
  type Side,
  type State,
  TAGS,
  type Tag,
  unusedEpoch,
} from './state.ts'

/**
 * The scripts of the store, each one step. They change the state they are given. Written so that they can be read as the
 * specification of the Lua that does the same.
 */

export interface Looked {
  readonly seen: Seen
  readonly floor: number
  readonly isLocked: boolean
  /** Whether the entry was changed by nothing but a soft bump in its grace. */
  readonly isSoft: boolean
  /** The clock of the last change of a tag. */
  readonly clockOf: (tag: Tag) => number
}

/** A record as it is, made where there is none. The first thing every script does but a bump. */
function recordOf(state: State, setup: Setup): { readonly clocks: Clocks; readonly side: Side } {
  const isLost = state.side === null && setup.without !== 'a missing side key takes a new epoch'
  if (state.clocks === null || isLost) begin(state, setup)
  state.side ??= { locks: [], intents: [], isRegistered: false, soft: null }
  settle(state, setup)
  return { clocks: state.clocks as Clocks, side: state.side }
}

/** A record whose epoch nobody has seen. Locks and intents are of writes under way, and stay. */
function begin(state: State, setup: Setup): void {
  state.clocks = { epoch: unusedEpoch(state), clock: 1, floor: 0, slots: new Array<number>(setup.slots ?? 4).fill(0) }
  if (state.side) state.side = { ...state.side, isRegistered: false, soft: null }
  publish(state, setup, 'lost', 0, TAGS)
}

/** Marks that have run out count as bumps: their holders may have committed. */
function settle(state: State, setup: Setup): void {
  const { side } = state
  if (!side) return
  const { without } = setup
  const locks = side.locks.filter(({ isOver }) => isOver)
  const intents = side.intents.filter(({ isOver }) => isOver)
  if (locks.length > 0) {
    side.locks = side.locks.filter(({ isOver }) => !isOver)
    if (without !== 'a lock that runs out bumps')
      advance(
        state,
        setup,
        locks.flatMap(({ tags }) => tags),
      )
  }
  if (intents.length > 0) {
    side.intents = side.intents.filter(({ isOver }) => !isOver)
    if (without !== 'an intent that runs out raises the floor') advance(state, setup, TAGS)
  }
  if (side.soft?.isOver) {
    const { clock } = side.soft
    side.soft = null
    if (without !== 'a grace that ends bumps') raise(state.clocks as Clocks, ['value'], clock)
  }
}

/** The next clock for these tags; all of them raise the floor. */
function advance(state: State, setup: Setup, tags: readonly Tag[]): void {
  const clocks = state.clocks as Clocks
  const before = clocks.clock
  if (clocks.clock >= (setup.maxClock ?? Number.POSITIVE_INFINITY)) {
    if (setup.without !== 'a clock that wraps takes a new epoch') return begin(state, setup)
    clocks.clock = 0
  }
  clocks.clock += 1
  if (tags.length === TAGS.length) clocks.floor = clocks.clock
  else raise(clocks, tags, clocks.clock)
  publish(state, setup, 'moved', before, tags)
}

function raise({ slots }: Clocks, tags: readonly Tag[], clock: number): void {
  for (const tag of tags) {
    const slot = slotOf(tag, slots)
    slots[slot] = Math.max(slots[slot] as number, clock)
  }
}

const slotOf = (tag: Tag, slots: readonly number[]): number => TAGS.indexOf(tag) % slots.length

export function lookUp(state: State, setup: Setup): Looked {
  const { clocks, side } = recordOf(state, setup)
  const { epoch, clock, floor, slots } = clocks
  const clockOf = (tag: Tag) => slots[slotOf(tag, slots)] as number
  return {
    seen: { epoch, clock },
    floor,
    isLocked: side.locks.length > 0 && setup.without !== 'a locked tag is not served',
    isSoft: side.soft !== null,
    clockOf,
  }
}

/** Whether an entry, a flight or a registration made under `held` is as good as it was, for these tags. */
export function isCurrent(held: Seen | null, looked: Looked, tags: readonly Tag[], { without }: Setup): boolean {
  if (!held) return false
  if (without !== 'epochs are compared' && held.epoch !== looked.seen.epoch) return false
  if (without !== 'the floor is compared' && held.clock < looked.floor) return false
  return tags.every((tag) => looked.clockOf(tag) <= held.clock)
}

export function store(state: State, entry: Entry): void {
  state.entry = entry
}

export function register(state: State, setup: Setup): void {
  recordOf(state, setup).side.isRegistered = true
}

/** The registry gives the shape up: whoever had registered it must do so again. */
export function retire(state: State, setup: Setup): void {
  const { side } = recordOf(state, setup)
  side.isRegistered = false
  advance(state, setup, ['wildcard'])
}

/**
 * After the commit. What is not there needs no bump: no entry under it can be valid. `mayMiss`: the writer does not know of
 * the shape.
 * @returns whether the shape is registered.
 */
export function bump(state: State, setup: Setup, tags: readonly Tag[], holder: number, mayMiss: boolean): boolean {
  if (state.clocks === null) {
    end(state, holder, setup)
    publish(state, setup, 'lost', 0, TAGS)
    return false
  }
  const { side } = recordOf(state, setup)
  advance(state, setup, tags)
  // A writer that must bump again may be killed before it does.
  const isLast = !mayMiss || !side.isRegistered || setup.without === 'an intent outlives a bump that missed shapes'
  if (isLast) end(state, holder, setup)
  return side.isRegistered
}

/** Ends the marks of one holder. */
export function end({ side }: State, holder: number, { without }: Setup): void {
  if (!side) return
  const others = (marks: readonly Mark[]) => marks.filter((mark) => mark.holder !== holder)
  const ofNobody = without === 'an intent is kept by its holder'
  side.intents = ofNobody ? [] : others(side.intents)
  side.locks = without === 'a bump leaves the locks of others' ? [] : others(side.locks)
}

/** @returns whether the shape is registered. While the lock stands no other is, for readers bypass. */
export function lock(state: State, setup: Setup, tags: readonly Tag[], holder: number): boolean {
  if (state.clocks === null && setup.without === 'a lock creates the record') return false
  const { side } = recordOf(state, setup)
  side.locks.push({ holder, tags, isOver: false })
  return side.isRegistered
}

export function intend(state: State, setup: Setup, holder: number): void {
  if (state.clocks === null && setup.without === 'an intent creates the record') return
  recordOf(state, setup).side.intents.push({ holder, tags: TAGS, isOver: false })
}

/** Entries may still be served, stale, until the grace is over. */
export function soften(state: State, setup: Setup): void {
  state.graces.push(state.db)
  if (state.clocks === null) return
  const { clocks, side } = recordOf(state, setup)
  // What is in the grace of another change must not be given a longer one.
  const covers =
    setup.without === 'a second soft bump gives no longer grace' ? state.db : (side.soft?.covers ?? state.db)
  const before = clocks.clock
  clocks.clock += 1
  side.soft = { clock: clocks.clock, covers, isOver: side.soft?.isOver ?? false }
  // Without the guard the grace is given to entries that a hard bump had ended.
  if (setup.without === 'a soft bump leaves the hard clock') clocks.slots.fill(0)
  publish(state, setup, 'moved', before, ['value'])
}

/** As many again, so that every tag finds the clock it had. */
export function grow({ clocks }: State, { without }: Setup): void {
  if (!clocks) return
  const again = without === 'growth copies the slots' ? clocks.slots.map(() => 0) : clocks.slots
  clocks.slots = [...clocks.slots, ...again]
}

export function publish(
  state: State,
  { pushes }: Setup,
  says: Message['says'],
  before: number,
  tags: readonly Tag[],
): void {
  if (!pushes) return
  const { epoch = 0, clock = 0 } = state.clocks ?? {}
  state.local.inbox.push({ epoch, before, after: clock, says, tags, owed: says === 'beat' ? state.floor : 0 })
}

type Message = State['local']['inbox'][number]
