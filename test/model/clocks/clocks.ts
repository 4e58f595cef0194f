import type { Model, Step } from '../explore.ts'
import { readerSteps } from './reader.ts'
import { grow, publish, retire } from './record.ts'
import type { Setup } from './setup.ts'
import { copyOf, initialState, type Mark, type State, type WriterState, withoutDead } from './state.ts'
import { writerSteps } from './writer.ts'

/** The protocol of clocks, in which anything that can happen next may happen next. */
export function clocks(setup: Setup): Model<State> {
  return {
    initial: initialState(setup),
    key: (state) => JSON.stringify(state),
    *steps(state) {
      for (const step of writerSteps(state, setup)) yield tidied(step)
      for (const step of serverSteps(state, setup)) yield tidied(step)
      for (const step of readerSteps(state, setup)) yield tidied(step)
    },
  }

  function tidied(step: Step<State>): Step<State> {
    const { state } = step
    if (setup.promised === 'bounded') for (const value of bounded(state)) state.floor = Math.max(state.floor, value)
    return setup.without ? step : { ...step, state: withoutDead(state) }
  }
}

/** What killed writers committed of which nothing is left in the store that has not run out. */
function bounded({ writers, side }: State): number[] {
  const lives = (w: number) =>
    [...(side?.intents ?? []), ...(side?.locks ?? [])].some((mark) => mark.holder === w && !mark.isOver)
  return writers.flatMap(({ isAlive, value }, w) => (isAlive || lives(w) ? [] : [value]))
}

/** What the store does by itself. */
function* serverSteps(state: State, setup: Setup): Iterable<Step<State>> {
  yield* lossSteps(state, setup)
  yield* endSteps(state)
  yield* graceSteps(state)
  yield* failOverSteps(state, setup)
  if (setup.retires && !state.hasRetired && state.side?.isRegistered) {
    const after = copyOf(state)
    after.hasRetired = true
    retire(after, setup)
    yield { label: 'the registry gives the shape up', state: after }
  }
  if (setup.grows && !state.hasGrown && state.clocks) {
    const after = copyOf(state)
    after.hasGrown = true
    grow(after, setup)
    yield { label: 'the slots double', state: after }
  }
  // Later than the ones before: what nobody has heard yet says no less.
  if (
    setup.pushes &&
    state.clocks &&
    !state.local.inbox.some(({ says }) => says === 'beat') &&
    state.local.owed < state.floor
  ) {
    const after = copyOf(state)
    publish(after, setup, 'beat', 0, [])
    yield { label: 'a heartbeat is sent', state: after }
  }
}

function* lossSteps(state: State, setup: Setup): Iterable<Step<State>> {
  const { losses, side, clocks, entry } = state
  const hasMarks = side !== null && side.locks.length + side.intents.length > 0
  const lose = (what: 'clocks' | 'side' | 'entry') => {
    const after = copyOf(state)
    after[what] = null
    after.losses[what] -= 1
    return { label: `the store loses the ${what}`, state: after }
  }
  if (entry && losses.entry > 0) yield lose('entry')
  if (clocks && losses.clocks > 0) yield lose('clocks')
  if (side && losses.side > 0 && (!hasMarks || setup.losesMarks)) yield lose('side')
}

/** Intents, locks and graces that run out. */
function* endSteps(state: State): Iterable<Step<State>> {
  if (!state.side) return
  for (const kind of ['intents', 'locks'] as const) {
    for (const [i, { holder, isOver }] of state.side[kind].entries()) {
      if (isOver) continue
      const { isAlive } = state.writers[holder] as WriterState
      if (isAlive && state.earlyEnds === 0) continue
      const after = copyOf(state)
      if (isAlive) after.earlyEnds -= 1
      ;(after.side?.[kind][i] as Mark).isOver = true
      yield { label: `one of the ${kind}, of W${holder}, runs out`, state: after }
    }
  }
}

/** Each grace ends at its own time, whatever the record knows of it. */
function* graceSteps(state: State): Iterable<Step<State>> {
  const [covers, ...rest] = state.graces
  if (covers === undefined) return
  const after = copyOf(state)
  Object.assign(after, { graces: rest, floor: Math.max(state.floor, covers) })
  if (after.side?.soft?.covers === covers) after.side.soft.isOver = true
  yield { label: `the grace of ${covers} is over`, state: after }
}

function* failOverSteps(state: State, { failsOver, without }: Setup): Iterable<Step<State>> {
  if (!failsOver || state.hasFailedOver) return
  const after = copyOf(state)
  if (state.replica === undefined) {
    after.replica = { clocks: copyOf(state).clocks, side: copyOf(state).side }
    yield { label: 'the replica begins to lag', state: after }
    return
  }
  const { clocks, side } = state.replica
  const isDropped = without !== 'a server that changed loses its records'
  Object.assign(after, { replica: undefined, hasFailedOver: true })
  Object.assign(after, isDropped ? { clocks: null, side: null } : { clocks, side })
  yield { label: 'the replica takes over', state: after }
}
