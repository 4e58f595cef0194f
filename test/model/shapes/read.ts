import type { Step } from '../explore.ts'
import type { Value } from '../state.ts'
import { ensure, register } from './registry.ts'
import type { Plan, Reading } from './setup.ts'
import {
  COARSE,
  IDLE,
  isCurrent,
  isHeld,
  MODEL,
  nameOf,
  type Read,
  type Remembered,
  type State,
  tagsOf,
  type Versions,
  valueTag,
  versionsOf,
  withRead,
} from './state.ts'

/** Parts of a look-up in several steps. COARSE and WILDCARD are always read together: they lie in one slot. */
const SHAPES = 1
const VALUES = 2
const ENTRY = 4
const ALL = SHAPES | VALUES | ENTRY
const PARTS = { [SHAPES]: 'COARSE and WILDCARD', [VALUES]: 'VALUE', [ENTRY]: 'the entry' } as const

/**
 * Misses, without end: look-up → ensure and register → ask the database → fill, which may arrive at any time after, or
 * never. A bypass leaves nothing behind, and shows what the database has; neither needs a step.
 */
export function* readSteps(state: State, plan: Plan): Iterable<Step<State>> {
  for (const [r, read] of state.reads.entries()) {
    const { shape, process } = plan.reads[r] as Reading
    if (read.at === 'idle' && !bypasses(state, process, plan)) {
      if (plan.splitLookUps) yield* look(state, r, { ...IDLE, at: 'looking', owed: owedTo(state, process) }, plan)
      else if (!tagsOf(shape).some((tag) => isHeld(state, tag))) {
        yield {
          label: `R${r} looks up: miss`,
          state: withRead(state, r, missed(state, r, versionsOf(state, shape), plan)),
        }
      }
    } else if (read.at === 'looking') yield* look(state, r, read, plan)
    else if (read.at === 'ensure') yield* prepare(state, r, read, plan)
    else if (read.at === 'ask') yield* ask(state, r, read, plan)
    else if (read.at === 'late') yield* registerShape(state, r, read, plan)
    else if (read.at === 'derive') yield* derive(state, r, read, plan)
    else if (read.at === 'compare') yield compare(state, r, read, plan)
    else if (read.at === 'fill') {
      const { versions, value } = read
      const entries = state.entries.with(shape, { versions, value })
      yield { label: `the fill of R${r} arrives: ${value}`, state: { ...withRead(state, r, IDLE), entries } }
      yield { label: `the fill of R${r} is lost`, state: withRead(state, r, IDLE) }
    }
  }
}

/** Reads of a process with undelivered invalidations do not ask the store. */
export function bypasses(state: State, process: number, { writers, without }: Plan): boolean {
  if (without === 'what could not be delivered is not read around') return false
  return state.writers.some(({ at }, w) => at === 'cut off' && writers[w]?.process === process)
}

/** Of replicas nobody can ask for more than the last of them has. */
export function owedTo({ floors, replica }: State, process: number): Value {
  return Math.min(floors[process] as Value, replica)
}

function* look(state: State, r: number, read: Read, plan: Plan): Iterable<Step<State>> {
  const { reads, without } = plan
  const { shape } = reads[r] as Reading
  const present = versionsOf(state, shape)
  const [coarse, wildcard, value] = tagsOf(shape).map((tag) => isHeld(state, tag))
  for (const part of [SHAPES, VALUES, ENTRY] as const) {
    if (read.parts & part) continue
    if (part === VALUES && !(read.parts & SHAPES) && without !== 'COARSE is looked up before VALUE') continue
    const held = (part === SHAPES && (coarse || wildcard)) || (part === VALUES && value)
    const label = `R${r}${read.parts ? '' : ' begins,'} looks up ${PARTS[part]}`
    if (held) {
      yield { label: `${label}: held`, state: withRead(state, r, IDLE) }
      continue
    }
    const versions: Versions = [
      part === SHAPES ? present[0] : read.versions[0],
      part === SHAPES ? present[1] : read.versions[1],
      part === VALUES ? present[2] : read.versions[2],
    ]
    const entry = part === ENTRY ? state.entries[shape] : read.entry
    const parts = read.parts | part
    if (parts < ALL) yield { label, state: withRead(state, r, { ...read, parts, versions, entry }) }
    else if (entry && isCurrent(entry, versions)) {
      const breaks = entry.value < read.owed ? `R${r} showed ${entry.value}, had to show ${read.owed}` : undefined
      yield { label: `${label}, hits: ${entry.value}`, state: withRead(state, r, IDLE), breaks }
    } else yield { label: `${label}: miss`, state: withRead(state, r, missed(state, r, versions, plan)) }
  }
}

/** What a miss does before it asks the database, in either order. */
function* prepare(state: State, r: number, read: Read, plan: Plan): Iterable<Step<State>> {
  const { shape, derives } = plan.reads[r] as Reading
  const registersLate = plan.without === 'a shape is registered before the database is asked'
  if (!read.registered && !registersLate) yield* registerShape(state, r, read, plan)
  if (derives && read.guard === undefined && guardsBefore(plan)) {
    const after = ensure(state, MODEL)
    const guard = after.model?.version
    const given = isGuardHeld(after, plan) ? IDLE : ready({ ...read, guard }, r, plan)
    yield { label: `R${r} gives the model a version`, state: withRead(after, r, given) }
  }
  for (const [i, tag] of tagsOf(shape).entries()) {
    if (derives && tag === valueTag(shape)) continue
    const byRegistration = tag !== valueTag(shape) && !registersLate && !read.registered
    if (read.versions[i] !== undefined || byRegistration) continue
    const after = ensure(state, tag)
    const label = `R${r} gives ${nameOf(tag)} a version`
    if (isHeld(after, tag)) yield { label: `${label}: held`, state: withRead(after, r, IDLE) }
    else {
      const versions = read.versions.with(i, after.tags[tag]?.version) as unknown as Versions
      yield { label, state: withRead(after, r, ready({ ...read, versions }, r, plan)) }
    }
  }
}

/** Where the shape is remembered, the versions of the look-up stand. A registration is to replace them otherwise. */
function missed(state: State, r: number, versions: Versions, plan: Plan): Read {
  const { shape, process, derives } = plan.reads[r] as Reading
  const { fillsUnderLookUp, without } = plan
  if (derives && isGuardHeld(state, plan)) return IDLE
  const registered = remembers(state.memory[process]?.[shape], versions, plan)
  const keeps = registered || fillsUnderLookUp || without === 'a shape is registered before the database is asked'
  const read: Read = {
    ...IDLE,
    at: 'ensure',
    registered,
    guard: derives ? state.model?.version : undefined,
    versions: [keeps ? versions[0] : undefined, keeps ? versions[1] : undefined, derives ? undefined : versions[2]],
  }
  return ready(read, r, plan)
}

/** Whether there is anything left to do before the database is asked. */
function ready(read: Read, r: number, plan: Plan): Read {
  const { derives } = plan.reads[r] as Reading
  const registered = read.registered || plan.without === 'a shape is registered before the database is asked'
  const [coarse, wildcard, value] = read.versions
  const isGuarded = derives ? read.guard !== undefined || !guardsBefore(plan) : value !== undefined
  return registered && isGuarded && coarse !== undefined && wildcard !== undefined ? { ...read, at: 'ask' } : read
}

function guardsBefore({ without }: Plan): boolean {
  return without !== 'the model has a version before the database is asked'
}

/** The result tells which VALUE it depends on. */
function* derive(state: State, r: number, read: Read, plan: Plan): Iterable<Step<State>> {
  if (plan.without === 'VALUE has a version before the model is compared' && !read.parts) {
    const compared = compare(state, r, { ...read, at: 'compare' }, plan)
    const isRefused = compared.state.reads[r]?.at === 'idle'
    yield isRefused ? compared : { ...compared, state: withRead(state, r, { ...read, parts: ALL }) }
    return
  }
  const { shape } = plan.reads[r] as Reading
  const after = ensure(state, valueTag(shape))
  const label = `R${r} gives ${nameOf(valueTag(shape))} a version`
  if (isHeld(after, valueTag(shape))) yield { label: `${label}: held`, state: withRead(after, r, IDLE) }
  else {
    const versions = read.versions.with(2, after.tags[valueTag(shape)]?.version) as unknown as Versions
    yield { label, state: withRead(after, r, { ...read, versions, at: read.parts ? 'fill' : 'compare', parts: 0 }) }
  }
}

/** What is not to be stored under tags that are derived may be stored under others; here it is dropped. */
function isGuardHeld(state: State, { without }: Plan): boolean {
  return isHeld(state, MODEL) && without !== 'a model that is held has moved'
}

function compare(state: State, r: number, read: Read, plan: Plan): Step<State> {
  const isSame = !isGuardHeld(state, plan) && state.model?.version === read.guard
  const stands = isSame || plan.without === 'the model is compared'
  const filling: Read = { ...read, at: 'fill', guard: undefined }
  return {
    label: `R${r} compares the model: ${stands ? 'stands' : 'moved'}`,
    state: withRead(state, r, stands ? filling : IDLE),
  }
}

function* registerShape(state: State, r: number, read: Read, plan: Plan): Iterable<Step<State>> {
  const { shape, process, derives } = plan.reads[r] as Reading
  const after = registeredBy(state, shape, process, plan)
  if (!after) {
    yield { label: `R${r} registers its shape: refused`, state: withRead(state, r, IDLE) }
    return
  }
  const label = `R${r} registers its shape`
  if (read.at === 'late') {
    yield { label, state: withRead(after, r, { ...read, registered: true, at: derives ? 'derive' : 'fill' }) }
    return
  }
  const now = versionsOf(after, shape)
  const [coarse, wildcard, value] = read.versions
  const versions: Versions = [coarse ?? now[0], wildcard ?? now[1], value]
  yield { label, state: withRead(after, r, ready({ ...read, registered: true, versions }, r, plan)) }
}

/** `undefined`: refused. */
export function registeredBy(state: State, shape: number, process: number, plan: Plan): State | undefined {
  const after = register(state, shape, plan)
  if (!after) return undefined
  const [coarse, wildcard] = versionsOf(after, shape)
  const known = state.memory[process]?.[shape]
  if (known && known[0] === coarse && known[1] === wildcard) return after
  const memory = state.memory.with(process, (state.memory[process] ?? []).with(shape, [coarse, wildcard]))
  return { ...after, memory }
}

function remembers(remembered: Remembered | undefined, versions: Versions, { without }: Plan): boolean {
  if (!remembered) return false
  return remembered.every((version, tag) => {
    const guard =
      tag === COARSE
        ? 'a registration is remembered under the version of COARSE'
        : 'a registration is remembered under the version of WILDCARD'
    return version === versions[tag] || without === guard
  })
}

function* ask(state: State, r: number, read: Read, { reads }: Plan): Iterable<Step<State>> {
  const at = !read.registered ? 'late' : reads[r]?.derives ? 'derive' : 'fill'
  for (let value = state.replica; value <= state.db; value += 1) {
    yield { label: `R${r} asks the database: ${value}`, state: withRead(state, r, { ...read, at, value }) }
  }
}
