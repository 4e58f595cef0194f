import type { Model, Step } from './explore.ts'
import { readerSteps } from './reader.ts'
import type { Guard, Setup } from './setup.ts'
import { initialState, keyOf, LAG, type State, type Value, type WriterState, withoutDead } from './state.ts'
import { lapse, withTag } from './tags.ts'
import { isOver, type Program, programOf, writerSteps } from './writer.ts'

/** Without these an entry that lost one of its versions may be served all the same. */
const REVIVES: ReadonlySet<Guard> = new Set([
  'every tag is compared',
  'an absent tag is a changed tag',
  'versions never return',
])

type Programs = readonly Program[]

/** The protocol of docs/protocol.md, in which anything that can happen next may happen next. */
export function protocol(setup: Setup): Model<State> {
  const programs = setup.writers.map((writer) => programOf(writer, setup.without))
  const forgetsDead = !setup.without || !REVIVES.has(setup.without)
  return {
    initial: initialState(setup),
    key: (state) => keyOf(state, setup.without === 'versions never return'),
    *steps(state) {
      for (const step of writerSteps(state, setup, programs)) yield tidied(step)
      for (const step of serverSteps(state, setup, programs)) yield tidied(step)
      for (const step of readerSteps(state, setup)) yield tidied(step)
    },
  }

  function tidied(step: Step<State>): Step<State> {
    const state = forgetsDead ? withoutDead(step.state) : step.state
    const floor = setup.promised === 'settled' && isQuiet(state, programs) ? state.db : state.floor
    return { ...step, state: floor === state.floor ? state : { ...state, floor } }
  }
}

function isQuiet(state: State, programs: Programs): boolean {
  return (
    state.tags.every((tag) => !tag || tag.holds.length === 0) &&
    programs.every((program, w) => isOver(state.writers[w] as WriterState, program))
  )
}

/** What Redis and the replicas do by themselves. */
function* serverSteps(state: State, { without }: Setup, programs: Programs): Iterable<Step<State>> {
  if (state.entry) yield { label: 'Redis loses the entry', state: { ...state, entry: undefined } }
  const held = state.tags.some((tag) => tag && tag.holds.length > 0)
  const lostHolds = state.lostHolds - (held ? 1 : 0)
  if (lostHolds >= 0) {
    const tags = state.tags.map(() => undefined)
    yield { label: 'Redis loses everything', state: { ...state, tags, entry: undefined, lostHolds } }
  }
  for (const [row, tag] of state.tags.entries()) {
    if (!tag) continue
    const left = state.lostHolds - (tag.holds.length > 0 ? 1 : 0)
    if (left >= 0) {
      yield { label: `Redis loses tag ${row}`, state: withTag({ ...state, lostHolds: left }, row, undefined) }
    }
    for (const { holder, lapsed, until } of tag.holds) {
      if (lapsed) continue
      const inTime = holder === LAG ? (state.replica[row] as Value) >= until : mayLapse(state, holder, programs)
      if (!inTime && (holder === LAG || state.earlyLapses === 0)) continue
      const earlyLapses = state.earlyLapses - (inTime ? 0 : 1)
      const whose = holder === LAG ? 'the hold for replicas' : `the hold of W${holder}`
      yield {
        label: `${whose} on tag ${row} runs out${inTime ? '' : ' early'}`,
        state: lapse(holder)({ ...state, earlyLapses }, row, without),
      }
    }
  }
  for (const [row, value] of state.replica.entries()) {
    if (value >= (state.db[row] as Value)) continue
    yield {
      label: `the last replica has ${value + 1}`,
      state: { ...state, replica: state.replica.with(row, value + 1) },
    }
  }
}

/** A writer that lives renews its hold, and a COMMIT takes less time than a lease. */
function mayLapse(state: State, holder: number, programs: Programs): boolean {
  return state.writers[holder]?.at === programs[holder]?.length
}
