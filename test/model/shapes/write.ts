import type { Step } from '../explore.ts'
import { bump, check, move, release, take } from './registry.ts'
import type { Plan } from './setup.ts'
import {
  COARSE,
  isHeld,
  MODEL,
  nameOf,
  OVER,
  type Registry,
  type State,
  tagOf,
  valueTag,
  type WriterState,
  wildcardTag,
  withWriter,
} from './state.ts'

type Writer = Plan['writers'][number]

/** Each writer writes once, every shape. It may be killed between any two steps. */
export function* writeSteps(state: State, plan: Plan): Iterable<Step<State>> {
  for (const [w, writer] of state.writers.entries()) {
    const { mode } = plan.writers[w] as Writer
    if (writer.at === 'over') continue
    if (writer.at === 'idle') yield* begin(state, w, writer, plan)
    else if (writer.at === 'open') yield* end(state, w, writer, plan)
    if (!writer.alive) continue
    if (writer.at === 'moving') yield* invalidate(state, w, writer, plan)
    else if (writer.at === 'undone') yield undo(state, w, plan)
    else if (writer.at === 'cut off') yield* deliver(state, w, writer, plan)
    const begun = writer.at !== 'idle' || writer.begun > 0
    // Of a default writer that is cut off what it keeps dies with it: outside, as a killed one is.
    if (state.crashes > 0 && begun && (writer.at !== 'cut off' || mode === 'strict')) {
      const left = writer.at === 'open' ? { ...writer, alive: false } : OVER
      yield { label: `W${w} is killed`, state: withWriter({ ...state, crashes: state.crashes - 1 }, w, left) }
    }
    if (mode === 'strict' && writer.at !== 'cut off') yield* renew(state, w, writer, plan)
  }
}

const CHECK = 'check'

/** The commands of a strict writer's hold, one pipeline. */
function holding({ tells }: Writer, { replicas, derives, without }: Plan): readonly (number | typeof CHECK)[] {
  // Where no replica lags and nothing is derived the model's own hold refuses nothing that COARSE's does not.
  const model = replicas || derives ? [MODEL] : []
  const tags = without === 'COARSE is held before the commit' ? model : [...model, COARSE]
  if (tells === 'nothing' || without === 'a strict writer checks its copy before the commit') return tags
  return without === 'that check comes after the holds' ? [CHECK, ...tags] : [...tags, CHECK]
}

function* begin(state: State, w: number, writer: WriterState, plan: Plan): Iterable<Step<State>> {
  const told = plan.writers[w] as Writer
  const { mode, process } = told
  if (plan.without === 'a check comes after the commit') {
    const known = state.copies[process]
    const { state: after, brings } = check(state, known?.version, plan)
    const copy = brings ?? known
    const copies = state.copies.with(process, copy)
    yield { label: `W${w} checks`, state: withWriter({ ...after, copies }, w, { ...writer, at: 'open', copy }) }
    return
  }
  const commands = mode === 'strict' ? holding(told, plan) : []
  if (commands.length === 0) {
    yield* end(state, w, writer, plan)
    return
  }
  const next = commands[writer.begun]
  // All of them are sent at once, so the check names the copy there is now. It matters only where another can come.
  const sent = plan.lateAnswers && writer.begun === 0 ? state.copies[process] : writer.copy
  const done: WriterState =
    writer.begun + 1 < commands.length
      ? { ...writer, begun: writer.begun + 1, copy: sent }
      : { ...writer, at: 'open', begun: 0, copy: sent }
  if (next === CHECK) yield* checkUnderHold(state, w, done, plan)
  else if (next !== undefined) {
    const taken = { ...done, holds: [...writer.holds, next] }
    yield { label: `W${w} holds ${nameOf(next)}`, state: withWriter(take(state, next, w, plan), w, taken) }
  }
  if (state.failedHolds === 0) return
  // In doubt all of them were taken: they are renewed, and released. What the check said is not known.
  const holds = commands.filter((command) => command !== CHECK)
  yield {
    label: `W${w} is not told that it holds`,
    state: withWriter({ ...state, failedHolds: state.failedHolds - 1 }, w, {
      ...writer,
      at: 'open',
      begun: 0,
      holds,
      copy: undefined,
    }),
  }
}

/** No shape comes from here on. `next`: the writer afterwards. */
function* checkUnderHold(state: State, w: number, next: WriterState, plan: Plan): Iterable<Step<State>> {
  const { process } = plan.writers[w] as Writer
  const known = plan.lateAnswers ? next.copy : state.copies[process]
  const { state: after, brings } = check(state, known?.version, plan)
  if (state.failedChecks > 0) {
    const failedChecks = state.failedChecks - 1
    const moved = plan.without === 'a check that failed moves COARSE' ? state : move(state, COARSE)
    yield { label: `W${w} checks, fails, moves COARSE`, state: withWriter({ ...moved, failedChecks }, w, next) }
  }
  const copies = brings ? after.copies.with(process, brings) : after.copies
  const confirmed = plan.without === 'it goes by the copy that was compared' ? state.copies[process] : known
  const copy = plan.lateAnswers ? (brings ?? confirmed) : undefined
  const label = brings ? `W${w} checks: [${brings.shapes}]` : `W${w} checks: unchanged`
  yield { label, state: withWriter({ ...after, copies }, w, { ...next, copy }) }
}

function* end(state: State, w: number, writer: WriterState, plan: Plan): Iterable<Step<State>> {
  const { mode, tells, process } = plan.writers[w] as Writer
  const { without, promised, replicas, derives } = plan
  if (mode === 'strict') {
    const undone: WriterState = writer.alive ? { ...writer, at: 'undone', copy: undefined } : OVER
    yield { label: `W${w} is rolled back`, state: withWriter(state, w, undone) }
  }
  const db = state.db + 1
  const floors = promised === 'committed' && mode === 'strict' ? state.floors.map(() => db) : state.floors
  const after = { ...state, db, floors, replica: replicas ? state.replica : db }
  const label = `W${w} commits: ${db}`
  if (!writer.alive) {
    yield { label, state: withWriter(after, w, OVER) }
    return
  }
  const checked = without === 'a check comes after the commit'
  const copy = checked ? writer.copy : state.copies[process]
  const own = tells === 'nothing' ? [] : tagsFor(copy?.shapes ?? [], w, plan)
  // Another answer than that to its own check: it cannot tell what it held.
  const knows = without === 'a copy that is not that of the hold moves COARSE'
  const isOther = mode === 'strict' && !knows && writer.copy !== undefined && writer.copy.version !== copy?.version
  const coarse = tells === 'nothing' || isOther ? [COARSE] : []
  const checks = !checked && without !== 'a writer checks its copy of the registry'
  const committed: WriterState = {
    ...writer,
    at: 'moving',
    wrote: db,
    copy,
    bumps: union([...(replicas || derives ? [MODEL] : []), ...coarse], own),
    checks: tells !== 'nothing' && checks && (mode === 'default' || without !== 'it is checked again after the commit'),
  }
  yield { label, state: advance(after, w, committed) }
}

function tagsFor(shapes: readonly number[], w: number, { followed, writers, without }: Plan): readonly number[] {
  const { tells } = writers[w] as Writer
  if (tells === 'change' && without === 'values that are not known move WILDCARD') return []
  return shapes
    .filter((shape) => shape < followed)
    .map(tells === 'values' ? valueTag : wildcardTag)
    .toSorted()
}

/** Default mode: bumps and the check, in any order. Strict mode: the bumps, the releases, the check. */
function* invalidate(state: State, w: number, writer: WriterState, plan: Plan): Iterable<Step<State>> {
  const { without, replicas } = plan
  const { mode, tells, process } = plan.writers[w] as Writer
  for (const tag of ready(writer.bumps, plan)) {
    const bumps = writer.bumps.filter((other) => other !== tag)
    const holds = writer.holds.filter((other) => other !== tag)
    const isFirst = writer.checks || writer.holds.length > 0
    // After a check that failed the store moves COARSE by itself, and leaves no hold.
    const byStore = tag === COARSE && tells !== 'nothing' && !writer.holds.includes(COARSE)
    const after = byStore ? move(state, tag) : bump(state, tag, plan, mode === 'strict' && isFirst ? w : undefined)
    yield { label: `W${w} bumps ${nameOf(tag)}`, state: advance(after, w, { ...writer, bumps, holds }) }
  }
  const next = writer.holds.find((tag) => !writer.bumps.includes(tag))
  const isEarly = without === 'COARSE is held until VALUE has moved'
  if (next !== undefined && (writer.bumps.length === 0 || isEarly)) {
    const released = { ...writer, holds: writer.holds.filter((tag) => tag !== next) }
    const label = `W${w} releases ${nameOf(next)}`
    yield { label, state: advance(release(state, next, w, plan), w, released) }
  }
  const ordered = replicas && without !== 'the model is held before the check'
  const waits = (mode === 'strict' && holdsOrMoves(writer)) || (ordered && writer.bumps.includes(MODEL))
  if (writer.checks && !waits) yield* checkRegistry(state, w, writer, plan)
  if (state.cutOffs > 0) {
    const bumps = writer.checks ? union(writer.bumps, [COARSE]) : writer.bumps
    const floors = state.floors.with(process, Math.max(state.floors[process] ?? 0, writer.wrote))
    const kept: WriterState = { ...writer, at: 'cut off', bumps, checks: false, holds: [] }
    yield {
      label: `W${w} is cut off, acknowledges, keeps ${bumps.map(nameOf)}`,
      state: withWriter({ ...state, floors, cutOffs: state.cutOffs - 1 }, w, kept),
    }
  }
}

const holdsOrMoves = ({ bumps, holds }: WriterState): boolean => bumps.length > 0 || holds.length > 0

/** Those that may move next: the model is the first. */
function ready(bumps: readonly number[], { derives, without }: Plan): readonly number[] {
  return derives && bumps[0] === MODEL && without !== 'the model moves before VALUE' ? [MODEL] : bumps
}

function* checkRegistry(state: State, w: number, writer: WriterState, plan: Plan): Iterable<Step<State>> {
  const { without } = plan
  const { process } = plan.writers[w] as Writer
  const copy = without === 'a check names the copy the tags came from' ? state.copies[process] : writer.copy
  const { state: after, brings } = check(state, copy?.version, plan)
  const checked = { ...writer, checks: false }
  if (state.failedChecks > 0) {
    const moves = without === 'a check that failed moves COARSE' ? [] : [COARSE]
    const failed = { ...checked, bumps: union(writer.bumps, moves) }
    const failedChecks = state.failedChecks - 1
    yield { label: `W${w} checks, fails`, state: advance({ ...state, failedChecks }, w, failed) }
    yield { label: `W${w} checks, is not told`, state: advance({ ...after, failedChecks }, w, failed) }
  }
  if (!brings) {
    yield { label: `W${w} checks: unchanged`, state: advance(after, w, checked) }
    return
  }
  const learned = { ...after, copies: after.copies.with(process, brings) }
  const bumps = without === 'shapes a check brings are moved too' ? [] : tagsFor(news(brings, writer.copy), w, plan)
  const early = without === 'they are moved before the acknowledgement' && writer.bumps.length === 0
  const now = early ? acknowledge(learned, writer) : learned
  const label = `W${w} checks: [${brings.shapes}]`
  yield { label, state: advance(now, w, { ...checked, bumps: union(writer.bumps, bumps) }) }
}

function news({ shapes }: Registry, copy: Registry | undefined): readonly number[] {
  return shapes.filter((shape) => !copy?.shapes.includes(shape))
}

/** The writer is through: it is acknowledged. No other moment asks more of reads. */
function advance(state: State, w: number, writer: WriterState): State {
  if (holdsOrMoves(writer) || writer.checks) return withWriter(state, w, writer)
  return withWriter(acknowledge(state, writer), w, OVER)
}

function acknowledge(state: State, { wrote }: WriterState): State {
  if (state.floors.every((floor) => floor >= wrote)) return state
  return { ...state, floors: state.floors.map((floor) => Math.max(floor, wrote)) }
}

/** Rolled back: nothing has moved. */
function undo(state: State, w: number, plan: Plan): Step<State> {
  const [next, ...holds] = (state.writers[w] as WriterState).holds
  if (next === undefined) return { label: `W${w} is through`, state: withWriter(state, w, OVER) }
  const writer = holds.length === 0 ? OVER : { ...(state.writers[w] as WriterState), holds }
  return { label: `W${w} releases ${nameOf(next)}`, state: withWriter(release(state, next, w, plan), w, writer) }
}

function* deliver(state: State, w: number, writer: WriterState, plan: Plan): Iterable<Step<State>> {
  if (plan.without === 'what could not be delivered is delivered') {
    yield { label: `W${w} is back`, state: withWriter(state, w, OVER) }
    return
  }
  if (writer.bumps.length === 0) {
    yield { label: `W${w} is back`, state: withWriter(acknowledge(state, writer), w, OVER) }
  }
  for (const tag of ready(writer.bumps, plan)) {
    const bumps = writer.bumps.filter((other) => other !== tag)
    yield { label: `W${w} delivers ${nameOf(tag)}`, state: withWriter(bump(state, tag, plan), w, { ...writer, bumps }) }
  }
}

function* renew(state: State, w: number, { holds }: WriterState, plan: Plan): Iterable<Step<State>> {
  for (const tag of holds) {
    const present = tagOf(state, tag)?.holds ?? []
    if (present.some(({ holder, lapsed }) => holder === w && !lapsed)) continue
    yield { label: `W${w} renews its hold on ${nameOf(tag)}`, state: take(state, tag, w, plan) }
  }
}

function union(tags: readonly number[], more: readonly number[]): readonly number[] {
  return [...new Set([...tags, ...more])].toSorted((a, b) => a - b)
}

/** Nothing is under way, and no hold is left. */
export function isQuiet(state: State): boolean {
  return (
    !isHeld(state, MODEL) &&
    state.tags.every((_, tag) => !isHeld(state, tag)) &&
    state.writers.every(({ at, begun }) => at === 'over' || (at === 'idle' && begun === 0))
  )
}
