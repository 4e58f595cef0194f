import type { Hold, Tag, Version } from '../state.ts'
import { Text } from '../text.ts'
import type { Guard, Plan } from './setup.ts'
import { IDLE, PHASES, type Read, type Registry, STAGES, type State, type Versions, versionsOf } from './state.ts'

/** States that differ in the names of versions, or in which of two equal reads does what, have the same futures. */
export function keyOf(state: State, plan: Plan): string {
  const [first, second] = state.reads
  if (!first || !second || !areEqual(plan)) return textOf(state, plan, IN_ORDER)
  const order = rank(first) - rank(second)
  if (order > 0) return textOf(state, plan, REVERSED)
  const one = textOf(state, plan, IN_ORDER)
  if (order < 0) return one
  const other = textOf(state, plan, REVERSED)
  if (one < other) return one
  return other
}

const IN_ORDER = [0, 1]
const REVERSED = [1, 0]

/** Two reads may change places with what their processes remember; a process that is cut off is not like others. */
function areEqual({ reads, cutOffs }: Plan): boolean {
  const [first, second] = reads
  if (first?.derives !== second?.derives) return false
  return first?.shape === second?.shape && (cutOffs === undefined || first?.process === second?.process)
}

/** Tells most reads apart, whatever versions are called. */
function rank({ at, value, owed, parts, versions }: Read): number {
  const known = versions.reduce<number>((known, version) => 2 * known + (version === undefined ? 0 : 1), 0)
  return [STAGES.indexOf(at), value, owed, parts, known].reduce((rank, part) => 16 * rank + part, 0)
}

const text = new Text()

function textOf(state: State, plan: Plan, reads: readonly number[]): string {
  const counted = isCounted(plan.without)
  text.begin(false)
  text.number(state.db)
  text.number(state.replica)
  text.numbers(state.floors)
  text.numbers(state.late)
  for (const budget of ['crashes', 'failedHolds', 'failedChecks', 'cutOffs', 'lostHolds', 'earlyLapses'] as const) {
    text.number(state[budget])
  }
  for (const tag of state.tags) writeTag(tag)
  writeTag(state.model)
  text.number(state.registry ? 1 : 0)
  if (state.registry) {
    if (counted) text.number(state.registry.version)
    else if (plan.lateAnswers) text.version(state.registry.version)
    text.numbers(state.registry.shapes)
  }
  for (const entry of state.entries) {
    text.number(entry ? entry.value + 1 : 0)
    if (entry) text.versions(entry.versions)
  }
  for (const r of reads) {
    const { shape, process } = plan.reads[r] ?? {}
    if (shape === undefined || process === undefined) continue
    writeRead(state.reads[r] as Read)
    text.versions(state.memory[process]?.[shape] ?? [])
  }
  for (const { at, alive, begun, holds, wrote, copy, bumps, checks } of state.writers) {
    text.number(PHASES.indexOf(at))
    text.number((alive ? 1 : 0) + (checks ? 2 : 0) + 4 * begun)
    numbers(holds)
    text.number(wrote)
    numbers(bumps)
    writeCopy(copy, state, plan)
  }
  for (const copy of state.copies) writeCopy(copy, state, plan)
  if (plan.lateAnswers) for (const answer of state.answers) writeCopy(answer, state, plan)
  return text.end()
}

const isCounted = (without: Guard | undefined) => without === 'the version of a registry never returns'

/** Tag numbers begin below zero. */
function numbers(tags: readonly number[]): void {
  text.numbers(tags.map((tag) => tag + 1))
}

/** A registry's version is compared with the present one; by strict writers also with that of another copy. */
function writeCopy(copy: Registry | undefined, { registry }: State, { without, lateAnswers, writers }: Plan): void {
  const named = lateAnswers && writers.some(({ mode }) => mode === 'strict')
  if (isCounted(without)) text.number(copy?.version ?? 0)
  else if (named) text.version(copy?.version)
  else text.number(copy && copy.version === registry?.version ? 1 : 0)
  text.numbers(copy?.shapes ?? [])
}

function writeTag(tag: Tag | undefined): void {
  text.version(tag?.version)
  holds(tag?.holds ?? [])
}

function holds(holds: readonly Hold[]): void {
  text.number(holds.length)
  for (const { holder, lapsed, until } of holds) {
    text.number(holder + 1)
    text.number(lapsed ? 1 : 0)
    text.number(until)
  }
}

function writeRead({ at, versions, registered, guard, value, owed, parts, entry }: Read): void {
  text.number(STAGES.indexOf(at))
  text.versions(versions)
  text.number(registered ? 1 : 0)
  text.version(guard)
  text.number(value)
  text.number(owed)
  text.number(parts)
  text.number(entry ? entry.value + 1 : 0)
  if (entry) text.versions(entry.versions)
}

/** Without these a memory that lost one of its versions counts all the same. */
const REVIVES: ReadonlySet<Guard> = new Set([
  'a registration is remembered under the version of COARSE',
  'a registration is remembered under the version of WILDCARD',
])

/**
 * What can no longer be told from nothing: an entry, a memory, and a read on its way under versions their tags have lost,
 * for these never return; a copy of the registry whose process has no use for it any more.
 */
export function withoutDead(state: State, plan: Plan): State {
  let { entries, reads, memory, copies, answers } = state
  const revives = plan.without !== undefined && REVIVES.has(plan.without)
  const splits = plan.splitLookUps && reads.some(({ at }) => at === 'looking')
  for (const [r, read] of reads.entries()) {
    if (read.at === 'idle' || read.at === 'looking') continue
    const isRefused = !plan.without && read.guard !== undefined && read.guard !== state.model?.version
    if (isRefused || isDead(read.versions, versionsOf(state, plan.reads[r]?.shape ?? 0))) reads = reads.with(r, IDLE)
  }
  for (let shape = 0; shape < plan.followed; shape += 1) {
    const present = versionsOf(state, shape)
    const seen = splits ? reads.filter(({ at }, r) => at === 'looking' && plan.reads[r]?.shape === shape) : []
    const entry = entries[shape]
    if (entry && isDead(entry.versions, present, seen)) entries = entries.with(shape, undefined)
    for (const [process, shapes] of memory.entries()) {
      const versions = shapes[shape]
      if (versions && !revives && isDead(versions, present, seen))
        memory = memory.with(process, shapes.with(shape, undefined))
    }
  }
  for (const [process, copy] of copies.entries()) {
    if (needsCopy(state, process, plan)) continue
    if (copy) copies = copies.with(process, undefined)
    if (answers[process]) answers = answers.with(process, undefined)
  }
  const same = entries === state.entries && reads === state.reads && memory === state.memory
  if (same && copies === state.copies && answers === state.answers) return state
  return { ...state, entries, reads, memory, copies, answers }
}

function isDead(versions: readonly (Version | undefined)[], present: Versions, seen: readonly Read[] = []): boolean {
  return versions.some(
    (version, i) =>
      version !== undefined && version !== present[i] && seen.every((read) => read.versions[i] !== version),
  )
}

/** Somebody of the process will still write, or compare. */
export function needsCopy(state: State, process: number, { writers, without }: Plan): boolean {
  const late = without === 'a check names the copy the tags came from'
  return state.writers.some(
    ({ at, alive, checks }, w) =>
      writers[w]?.process === process && alive && (at === 'idle' || at === 'open' || (late && checks)),
  )
}
