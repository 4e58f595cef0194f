import type { Model, Step } from '../explore.ts'
import { LAG, type Tag } from '../state.ts'
import { keyOf, needsCopy, withoutDead } from './key.ts'
import { bypasses, owedTo, readSteps, registeredBy } from './read.ts'
import { check, ensure, move, register } from './registry.ts'
import { type Plan, planOf, type Setup } from './setup.ts'
import {
  initialState,
  isCurrent,
  isHeld,
  MODEL,
  nameOf,
  type State,
  tagOf,
  tagsOf,
  versionsOf,
  withTag,
} from './state.ts'
import { isQuiet, writeSteps } from './write.ts'

/** The shape registry of docs/protocol.md, in which anything that can happen next may happen next. */
export function shapes(setup: Setup): Model<State> {
  const plan = planOf(setup)
  return {
    initial: initialState(plan),
    key: (state) => keyOf(state, plan),
    *steps(state) {
      for (const step of writeSteps(state, plan)) yield judged(step)
      for (const step of serverSteps(state, plan)) yield judged(step)
      for (const step of readSteps(state, plan)) yield judged(step)
    },
  }

  function judged(step: Step<State>): Step<State> {
    let state = withoutDead(step.state, plan)
    if (plan.promised === 'settled' && isQuiet(state)) state = { ...state, floors: state.floors.map(() => state.db) }
    return { ...step, state, breaks: step.breaks ?? broken(state, plan) }
  }
}

/** What a read that begins now would be served, and the invariant of the registry. */
function broken(state: State, plan: Plan): string | undefined {
  for (const [shape, entry] of state.entries.entries()) {
    if (!entry || !isCurrent(entry, versionsOf(state, shape))) continue
    const isRegistered = !state.registry || state.registry.shapes.includes(shape)
    if (!isRegistered && (!plan.without || plan.promised === 'registered')) {
      return `shape ${shape} has a valid entry, and is not registered`
    }
    if (plan.promised === 'registered') continue
    if (tagsOf(shape).some((tag) => isHeld(state, tag))) continue
    for (const process of state.floors.keys()) {
      if (bypasses(state, process, plan)) continue
      const owed = owedTo(state, process)
      if (entry.value < owed) return `a hit in process ${process} showed ${entry.value}, had to show ${owed}`
    }
  }
  return undefined
}

/** What Redis, the replicas and other processes do by themselves. Losing an entry only spares reads. */
function* serverSteps(state: State, plan: Plan): Iterable<Step<State>> {
  if (state.registry) yield { label: 'Redis loses the registry', state: { ...state, registry: undefined } }
  for (const tag of [...state.tags.keys(), MODEL]) {
    const present = tagOf(state, tag)
    if (!present) continue
    const lostHolds = state.lostHolds - (present.holds.length > 0 ? 1 : 0)
    if (lostHolds < 0) continue
    yield { label: `Redis loses ${nameOf(tag)}`, state: withTag({ ...state, lostHolds }, tag, undefined) }
  }
  yield* lapses(state)
  if (state.replica < state.db) {
    const replica = state.replica + 1
    yield { label: `the last replica has ${replica}`, state: { ...state, replica } }
  }
  for (let shape = plan.followed; shape < plan.followed + plan.others; shape += 1) {
    const after = register(state, shape, plan)
    if (after && after !== state) yield { label: `somebody registers shape ${shape}`, state: after }
  }
  yield* otherReads(state, plan)
  for (const [process, copy] of state.copies.entries()) {
    if (!needsCopy(state, process, plan)) continue
    const { state: after, brings } = check(state, copy?.version, plan)
    if (!brings) continue
    const copies = after.copies.with(process, brings)
    yield { label: `process ${process} learns the registry: [${brings.shapes}]`, state: { ...after, copies } }
    if (!plan.lateAnswers || state.answers[process]) continue
    const answers = after.answers.with(process, brings)
    yield {
      label: `process ${process} is going to learn the registry: [${brings.shapes}]`,
      state: { ...after, answers },
    }
  }
  for (const [process, answer] of state.answers.entries()) {
    if (!answer) continue
    const known = { copies: state.copies.with(process, answer), answers: state.answers.with(process, undefined) }
    yield { label: `process ${process} learns, late: [${answer.shapes}]`, state: { ...state, ...known } }
  }
  for (const tag of state.late) {
    const late = state.late.filter((other) => other !== tag)
    yield { label: `${nameOf(tag)} moves, late`, state: { ...move(state, tag), late } }
  }
}

/** Reads that come no further than their registration. So nothing is lost when one that is as good as dead is dropped. */
function* otherReads(state: State, plan: Plan): Iterable<Step<State>> {
  if (plan.derives && !state.model)
    yield { label: 'another read gives the model a version', state: ensure(state, MODEL) }
  for (const [r, { shape, process }] of plan.reads.entries()) {
    if (plan.reads.findIndex((other) => other.shape === shape && other.process === process) < r) continue
    const after = registeredBy(state, shape, process, plan)
    if (after && after !== state)
      yield { label: `another read in process ${process} registers shape ${shape}`, state: after }
  }
}

/** A writer that lives renews its hold, and a COMMIT takes less time than a lease. */
function* lapses(state: State): Iterable<Step<State>> {
  const held: readonly (readonly [number, Tag])[] = [
    ...(state.model ? ([[MODEL, state.model]] as const) : []),
    ...state.tags.flatMap((tag, i) => (tag ? ([[i, tag]] as const) : [])),
  ]
  for (const [number, tag] of held) {
    for (const { holder, lapsed, until } of tag.holds) {
      if (lapsed) continue
      const at = state.writers[holder]?.at
      const inTime = holder === LAG ? state.replica >= until : at === 'over' || at === 'cut off'
      if (!inTime && (holder === LAG || state.earlyLapses === 0)) continue
      const earlyLapses = state.earlyLapses - (inTime ? 0 : 1)
      const whose = holder === LAG ? 'the hold for replicas' : `the hold of W${holder}`
      const label = `${whose} on ${nameOf(number)} runs out${inTime ? '' : ' early'}`
      yield { label, state: lapse({ ...state, earlyLapses }, number, tag, holder) }
    }
  }
}

/** The key expires with the last of its holds. */
function lapse(state: State, number: number, tag: Tag, holder: number): State {
  const holds = tag.holds.map((hold) => (hold.holder === holder ? { ...hold, lapsed: true } : hold))
  const left = holds.some(({ lapsed }) => !lapsed)
  return withTag(state, number, left ? { ...tag, holds } : undefined)
}
