import { LAG, type Version } from '../state.ts'
import { type Change, settled } from '../tags.ts'
import type { Guard, Plan } from './setup.ts'
import {
  COARSE,
  copyOf,
  isHeld,
  MODEL,
  type Registry,
  type State,
  tagOf,
  unusedVersion,
  wildcardTag,
  withTag,
} from './state.ts'

/** What the script makes of one tag, in one step. An absent tag is changed already. */
function settle(state: State, tag: number, change: Change, derives = true): State {
  const before = tagOf(state, tag)
  if (!before && !change.added) return state
  const hasVersion = tag !== MODEL || derives
  const after = settled(before, change, () => (hasVersion ? unusedVersion(state) : 0))
  return withTag(state, tag, hasVersion || after.holds.length > 0 ? after : undefined)
}

export function move(state: State, tag: number): State {
  return settle(state, tag, { moves: true })
}

export function take(state: State, tag: number, holder: number, { derives }: Plan): State {
  return settle(state, tag, { moves: false, added: { holder, lapsed: false, until: 0 } }, derives)
}

/**
 * A writer's bump; `ended`: of a tag whose hold it releases. Where replicas lag it leaves a hold behind, on absent tags
 * too, and the tag moves when that one ends.
 */
export function bump(state: State, tag: number, { replicas, derives }: Plan, ended?: number): State {
  const change = { moves: ended !== undefined || !replicas, ...(ended !== undefined && { ended }) }
  if (!replicas) return settle(state, tag, change, derives)
  return settle(state, tag, { ...change, added: { holder: LAG, lapsed: false, until: state.db } }, derives)
}

export function release(state: State, tag: number, holder: number, { derives }: Plan): State {
  return settle(state, tag, { moves: false, ended: holder }, derives)
}

export function ensure(state: State, tag: number): State {
  if (tagOf(state, tag)) return state
  return withTag(state, tag, { version: unusedVersion(state), holds: [] })
}

/** REGISTER, one script. `undefined`: refused. The versions are those the tags have afterwards. */
export function register(state: State, shape: number, plan: Plan): State | undefined {
  const { room, followed, without } = plan
  const wildcard = shape < followed ? wildcardTag(shape) : undefined
  if (without !== 'nothing is registered while the model is held') {
    if (isHeld(state, MODEL) || isHeld(state, COARSE)) return undefined
    if (wildcard !== undefined && isHeld(state, wildcard)) return undefined
  }
  let after = state.registry ? state : made(state, without !== 'a registry that is made anew moves COARSE', without)
  const { version, shapes } = after.registry as Registry
  const others = shapes.filter((other) => other !== shape)
  const isNew = others.length === shapes.length
  const retired = isNew && others.length >= room ? others.shift() : undefined
  if (shapes.at(-1) !== shape) {
    const now = isNew ? nextVersion(after, without) : version
    after = { ...after, registry: { version: now, shapes: [...others, shape] } }
  }
  if (retired !== undefined && retired < followed) after = retire(after, retired, without)
  if (without !== 'COARSE gets its version in the step that registers') after = ensure(after, COARSE)
  if (wildcard === undefined || without === 'WILDCARD gets its version in the step that registers') return after
  return ensure(after, wildcard)
}

export interface Checked {
  readonly state: State
  /** The registry, where it is not the one that is known. */
  readonly brings?: Registry
}

/** CHECK, one script. */
export function check(state: State, known: Version | undefined, plan: Plan): Checked {
  const { without } = plan
  const moves = without !== 'a registry that a writer makes anew moves COARSE'
  const after = state.registry ? state : made(state, moves, without)
  const registry = after.registry as Registry
  return state.registry?.version === known && known !== undefined
    ? { state }
    : { state: after, brings: copyOf(registry, plan) }
}

function made(state: State, moves: boolean, without: Guard | undefined): State {
  const after = { ...state, registry: { version: nextVersion(state, without), shapes: [] } }
  if (!moves) return after
  return without === 'COARSE moves in the step that makes the registry' ? later(after, COARSE) : move(after, COARSE)
}

function retire(state: State, shape: number, without: Guard | undefined): State {
  if (without === 'a shape that gives way moves its WILDCARD') return state
  const wildcard = wildcardTag(shape)
  return without === 'WILDCARD moves in the step that retires' ? later(state, wildcard) : move(state, wildcard)
}

function later(state: State, tag: number): State {
  return state.late.includes(tag) ? state : { ...state, late: [...state.late, tag].toSorted() }
}

function nextVersion(state: State, without: Guard | undefined): Version {
  if (without !== 'the version of a registry never returns') return unusedVersion(state)
  return (state.registry?.version ?? 0) + 1
}
