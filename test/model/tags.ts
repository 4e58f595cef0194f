import type { Guard } from './setup.ts'
import { type Hold, LAG, type State, type Tag, unusedVersion, type Value, type Version } from './state.ts'

/** What Redis does to one tag in one step: one command, or one script. */
type TagStep = (state: State, row: number, without: Guard | undefined) => State

function newVersion(state: State, row: number, without: Guard | undefined): Version {
  return without === 'versions never return' ? (state.tags[row]?.version ?? 0) + 1 : unusedVersion(state)
}

export function withTag(state: State, row: number, tag: Tag | undefined): State {
  return { ...state, tags: state.tags.with(row, tag) }
}

/** Gives the tag a version where it has none. */
export const ensure: TagStep = (state, row, without) => {
  if (state.tags[row] && without !== 'a new version only where there is none') return state
  return withTag(state, row, { version: newVersion(state, row, without), holds: [] })
}

/** Takes a hold, or renews it. */
export function take(holder: number): TagStep {
  return (state, row, without) => {
    if (!state.tags[row] && without === 'a hold is put on absent tags too') return state
    return settle(state, row, { moves: false, added: { holder, lapsed: false, until: 0 } }, without)
  }
}

/** Ends a hold. */
export function release(holder: number, moves: boolean): TagStep {
  return (state, row, without) => {
    const tag = state.tags[row]
    if (!tag) return state
    if (without === 'a release leaves the holds of others') {
      return withTag(state, row, { version: moves ? newVersion(state, row, without) : tag.version, holds: [] })
    }
    return settle(state, row, { moves, ended: holder }, without)
  }
}

export const bump: TagStep = (state, row, without) => {
  if (!state.tags[row]) return state
  if (without === 'a bump leaves the holds of others') return overwrite(state, row, without)
  return settle(state, row, { moves: true }, without)
}

/** A bump that does not look at what it overwrites. */
export const overwrite: TagStep = (state, row, without) =>
  state.tags[row] ? withTag(state, row, { version: newVersion(state, row, without), holds: [] }) : state

/** Puts back what `overwrite` has overwritten. */
export function putBack(holds: readonly Hold[]): TagStep {
  return (state, row, without) => {
    const present = state.tags[row]?.holds ?? []
    const missing = holds.filter(({ holder }) => !present.some((hold) => hold.holder === holder))
    const version = newVersion(state, row, without)
    return withTag(state, row, { version, holds: sorted([...present, ...missing]) })
  }
}

/** The bump of a default writer where replicas lag: a hold that nobody releases. */
export function leaveBehind(until: Value): TagStep {
  return (state, row, without) => {
    if (without === 'a lagging replica leaves a hold behind') return bump(state, row, without)
    if (!state.tags[row] && without === 'that hold is put on absent tags too') return state
    const known = state.tags[row]?.holds.find(({ holder }) => holder === LAG)
    const added = { holder: LAG, lapsed: false, until: Math.max(until, known?.until ?? 0) }
    return settle(state, row, { moves: false, added }, without)
  }
}

/** A hold runs out. The key expires with the last of them. */
export function lapse(holder: number): TagStep {
  return (state, row, without) => {
    const tag = state.tags[row]
    if (!tag) return state
    const holds = tag.holds.map((hold) => (hold.holder === holder ? { ...hold, lapsed: true } : hold))
    if (holds.some((hold) => !hold.lapsed)) return withTag(state, row, { ...tag, holds })
    const version = tag.version
    return withTag(
      state,
      row,
      without === 'a hold that runs out moves the version' ? { version, holds: [] } : undefined,
    )
  }
}

export interface Change {
  readonly moves: boolean
  readonly ended?: number
  readonly added?: Hold
}

/** The script: whoever passes drops the holds that have run out, and moves the version with them. */
function settle(state: State, row: number, change: Change, without: Guard | undefined): State {
  const keeps = without === 'a hold that is dropped moves the version'
  return withTag(
    state,
    row,
    settled(state.tags[row], change, () => newVersion(state, row, without), keeps),
  )
}

/** What the script makes of a tag. `keeps`: without the move that goes with a hold that is dropped. */
export function settled(
  tag: Tag | undefined,
  { moves, ended, added }: Change,
  newVersion: () => Version,
  keeps = false,
): Tag {
  const others = (tag?.holds ?? []).filter(({ holder }) => holder !== ended && holder !== added?.holder)
  const left = others.filter(({ lapsed }) => !lapsed)
  const dropped = left.length < others.length && !keeps
  const version = !tag || moves || dropped ? newVersion() : tag.version
  return { version, holds: sorted(added ? [...left, added] : left) }
}

function sorted(holds: readonly Hold[]): readonly Hold[] {
  return holds.toSorted((a, b) => a.holder - b.holder)
}
