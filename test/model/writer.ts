import type { Step } from './explore.ts'
import type { Guard, Setup, Writer } from './setup.ts'
import { type State, UNCOMMITTED, type Value, type WriterState } from './state.ts'
import { bump, leaveBehind, overwrite, putBack, release, take } from './tags.ts'

type Action =
  | { readonly does: 'commit' | 'acknowledge' }
  /** One tag after the other: in a cluster they are on several nodes. */
  | { readonly does: 'hold' | 'release' | 'bump'; readonly row: number }

export type Program = readonly Action[]

/** What a writer does, in order. Where its transaction begins shows nowhere. */
export function programOf({ mode, rows = [0] }: Writer, without: Guard | undefined): Program {
  const each = (does: 'hold' | 'release' | 'bump') => rows.map((row): Action => ({ does, row }))
  const commit: Action = { does: 'commit' }
  const acknowledge: Action = { does: 'acknowledge' }
  if (mode === 'strict') {
    if (without === 'a hold comes before the commit') return [commit, ...each('hold'), ...each('release'), acknowledge]
    return [...each('hold'), commit, ...each('release'), acknowledge]
  }
  if (without === 'a bump comes after the commit') return [...each('bump'), commit, acknowledge]
  if (without === 'a bump comes before the acknowledgement') return [commit, acknowledge, ...each('bump')]
  return [commit, ...each('bump'), acknowledge]
}

/** Each writer writes once. It may be killed between any two steps, and its transaction may be rolled back. */
export function* writerSteps(state: State, setup: Setup, programs: readonly Program[]): Iterable<Step<State>> {
  for (const [w, program] of programs.entries()) {
    const writer = state.writers[w] as WriterState
    const action = program[writer.at]
    if (!action) continue
    // The database has the COMMIT, and executes it or not, whether or not its sender is still there.
    if (action.does === 'commit') yield* commit(state, w, program, setup)
    if (!writer.alive) continue
    if (writer.at > 0 && state.crashes > 0) {
      const crashed = { ...state, crashes: state.crashes - 1 }
      const left = action.does === 'commit' ? { ...writer, alive: false } : overState(program)
      yield { label: `W${w} is killed`, state: withWriter(crashed, w, left) }
    }
    if (action.does !== 'commit') yield act(state, w, action, program, setup)
    yield* renew(state, w, writer, program, setup)
    if (action.does === 'commit' && setup.without === 'reads inside a transaction are not stored') {
      yield* storeInside(state, w, setup)
    }
  }
}

/** Nothing of the writer is under way: it has not begun, is through, or was killed. Its COMMIT would be. */
export function isOver({ at, alive }: WriterState, program: Program): boolean {
  return alive && (at === 0 || at === program.length)
}

/** Of a writer that is through, or dead, nothing matters but the holds it left. */
const overState = ({ length }: Program): WriterState => ({
  at: length,
  alive: true,
  outcome: 'open',
  wrote: [],
  carried: [],
})

function* commit(state: State, w: number, program: Program, setup: Setup): Iterable<Step<State>> {
  const writer = state.writers[w] as WriterState
  const { mode, rows = [0] } = setup.writers[w] as Writer
  const db = state.db.map((value, row) => (rows.includes(row) ? value + 1 : value))
  const floor = setup.promised === 'committed' && mode === 'strict' ? db : state.floor
  const wrote = rows.map((row) => db[row] as Value)
  const after = { ...state, db, floor }
  const label = `W${w} commits: ${db}`
  yield { label, state: next(after, w, { ...writer, wrote, outcome: 'committed' }, program, setup) }
  if (setup.unknownOutcomes && writer.alive) {
    const outcome = setup.without === 'an unknown outcome moves the tags' ? 'undone' : 'unknown'
    yield { label: `${label}, is not told`, state: next(after, w, { ...writer, outcome }, program, setup) }
  }
  yield { label: `W${w} is rolled back`, state: next(state, w, { ...writer, outcome: 'undone' }, program, setup) }
}

function act(state: State, w: number, action: Action, program: Program, setup: Setup): Step<State> {
  const { without, replicas } = setup
  const writer = state.writers[w] as WriterState
  const row = 'row' in action ? action.row : 0
  const committed = state.db[row] as Value
  const did = (what: string, after: State) => ({
    label: `W${w} ${what} tag ${row}`,
    state: next(after, w, { ...writer, carried: [] }, program, setup),
  })
  if (action.does === 'hold') return did('holds', take(w)(state, row, without))
  if (action.does === 'release') {
    if (writer.outcome === 'undone') return did('releases unmoved', release(w, false)(state, row, without))
    const left = replicas ? leaveBehind(committed)(state, row, without) : state
    return did('releases moved', release(w, true)(left, row, without))
  }
  if (writer.carried.length > 0) return did('puts back the holds on', putBack(writer.carried)(state, row, without))
  if (replicas) return did('bumps', leaveBehind(committed)(state, row, without))
  const carried = state.tags[row]?.holds ?? []
  if (without !== 'a bump keeps them in one step' || carried.length === 0)
    return did('bumps', bump(state, row, without))
  return {
    label: `W${w} bumps tag ${row}, with its holds`,
    state: withWriter(overwrite(state, row, without), w, { ...writer, carried }),
  }
}

/** The writer goes on. Acknowledged as soon as it may be: no other moment asks more of readers. */
function next(state: State, w: number, writer: WriterState, program: Program, { writers }: Setup): State {
  let at = writer.at + 1
  const strict = program.some(({ does }) => does === 'release')
  if (!writer.alive || (writer.outcome === 'undone' && !strict)) at = program.length
  let { floor } = state
  if (program[at]?.does === 'acknowledge') {
    const { rows = [0] } = writers[w] as Writer
    if (writer.outcome === 'committed') {
      floor = floor.map((value, row) => Math.max(value, writer.wrote[rows.indexOf(row)] ?? 0))
    }
    at += 1
  }
  return withWriter({ ...state, floor }, w, at === program.length ? overState(program) : { ...writer, at })
}

/** Its holds are there, or it takes them again; that they are renewed in time is what `lapse` takes for granted. */
function* renew(state: State, w: number, writer: WriterState, program: Program, { without }: Setup) {
  for (const [i, action] of program.entries()) {
    if (action.does !== 'hold' || i >= writer.at) continue
    const { row } = action
    const released = program.findIndex(({ does, ...rest }) => does === 'release' && 'row' in rest && rest.row === row)
    if (released < writer.at) continue
    if (state.tags[row]?.holds.some(({ holder, lapsed }) => holder === w && !lapsed)) continue
    yield { label: `W${w} renews its hold on tag ${row}`, state: take(w)(state, row, without) }
  }
}

/** A read on the transaction's own connection, stored under the versions of the moment. */
function* storeInside(state: State, w: number, setup: Setup): Iterable<Step<State>> {
  const { rows = [0] } = setup.writers[w] as Writer
  const versions = state.tags.flatMap((tag) => (tag && tag.holds.length === 0 ? [tag.version] : []))
  if (versions.length < state.tags.length) return
  const values = state.db.map((value, row) => (rows.includes(row) ? UNCOMMITTED : value))
  yield { label: `W${w} reads, and stores what it read`, state: { ...state, entry: { versions, values } } }
}

function withWriter(state: State, w: number, writer: WriterState): State {
  return { ...state, writers: state.writers.with(w, writer) }
}
