import type { Step } from './explore.ts'
import type { Guard, Setup } from './setup.ts'
import {
  type Entry,
  IDLE,
  type ReaderState,
  type State,
  type Tag,
  UNCOMMITTED,
  type Value,
  type Version,
} from './state.ts'
import { ensure } from './tags.ts'

/**
 * Readers read without end: look-up → hit, bypass or miss → ensure versions → ask the database → answer, and the fill
 * behind the caller, which may arrive at any time after, or never. Readers of one process may share the query of equal
 * misses; that they do not is among the steps too.
 */
export function* readerSteps(state: State, setup: Setup): Iterable<Step<State>> {
  for (const [r, reader] of state.readers.entries()) {
    yield* fillSteps(state, r, reader)
    if (reader.at === 'idle') yield* begin(state, r, reader, setup)
    else if (reader.at === 'has entry') yield judge(state, r, reader, reader.entry, state.tags, reader.owed, setup)
    else if (reader.at === 'has tags') yield judge(state, r, reader, state.entry, reader.tags, reader.owed, setup)
    else if (reader.at === 'ensure') yield ensureVersions(state, r, reader, setup)
    else if (reader.at === 'ask') yield* ask(state, r, reader, setup)
    else if (reader.at === 'bypass') {
      for (const values of rowsInDatabase(state)) {
        yield answered(
          withReader(state, r, { ...IDLE, fill: reader.fill }),
          r,
          'bypasses, is answered',
          values,
          reader,
          setup,
        )
      }
    } else yield answerMiss(state, r, reader, setup)
  }
}

function* fillSteps(state: State, r: number, reader: ReaderState): Iterable<Step<State>> {
  if (!reader.fill) return
  const rest = withReader(state, r, { ...reader, fill: undefined })
  const breaks = reader.fill.values.includes(UNCOMMITTED) ? 'stored what is not committed' : undefined
  yield { label: `the fill of R${r} arrives: ${reader.fill.values}`, state: { ...rest, entry: reader.fill }, breaks }
  yield { label: `the fill of R${r} is lost`, state: rest }
}

function* begin(state: State, r: number, reader: ReaderState, setup: Setup): Iterable<Step<State>> {
  // Of replicas nobody can ask for more than the last of them has.
  const owed = setup.replicas ? state.floor.map((value, i) => Math.min(value, state.replica[i] as Value)) : state.floor
  if (!setup.splitLookUps) {
    yield judge(state, r, reader, state.entry, state.tags, owed, setup)
    return
  }
  const { entry, tags } = state
  yield {
    label: `R${r} begins, reads the entry`,
    state: withReader(state, r, { ...reader, at: 'has entry', owed, entry }),
  }
  yield {
    label: `R${r} begins, reads the tags`,
    state: withReader(state, r, { ...reader, at: 'has tags', owed, tags }),
  }
}

function judge(
  state: State,
  r: number,
  { fill }: ReaderState,
  entry: Entry | undefined,
  tags: readonly (Tag | undefined)[],
  owed: readonly Value[],
  setup: Setup,
): Step<State> {
  const held = tags.some((tag) => tag && tag.holds.length > 0)
  const serves = !held || setup.without === 'a held tag is not served'
  if (entry && serves && unchanged(entry.versions, tags, setup.without)) {
    const reader = { ...IDLE, owed, fill }
    return answered(withReader(state, r, { ...IDLE, fill }), r, 'looks up, hits', entry.values, reader, setup)
  }
  if (!serves && setup.without !== 'nothing is shared or stored under a held tag') {
    return { label: `R${r} looks up: held`, state: withReader(state, r, { ...IDLE, at: 'bypass', owed, fill }) }
  }
  const versions = tags.map((tag) => tag?.version)
  const late = setup.without === 'versions are read before the database'
  const at = versions.includes(undefined) && !late ? 'ensure' : 'ask'
  return { label: `R${r} looks up: miss`, state: withReader(state, r, { ...IDLE, at, owed, versions, fill }) }
}

function unchanged(held: readonly Version[], tags: readonly (Tag | undefined)[], without: Guard | undefined): boolean {
  const compared = without === 'every tag is compared' ? held.slice(0, 1) : held
  return compared.every((version, i) => {
    const tag = tags[i]
    return tag ? tag.version === version : without === 'an absent tag is a changed tag'
  })
}

function ensureVersions(state: State, r: number, reader: ReaderState, { without }: Setup): Step<State> {
  let after = state
  for (const [row, version] of reader.versions.entries()) if (version === undefined) after = ensure(after, row, without)
  const found = reader.versions.map((version, row) => (version === undefined ? after.tags[row] : undefined))
  const versions = reader.versions.map((version, row) => version ?? found[row]?.version)
  const held =
    found.some((tag) => tag && tag.holds.length > 0) && without !== 'nothing is shared or stored under a held tag'
  const { owed, fill } = reader
  return {
    label: `R${r} gives absent tags a version${held ? ': held' : ''}`,
    state: withReader(after, r, held ? { ...IDLE, at: 'bypass', owed, fill } : { ...reader, at: 'ask', versions }),
  }
}

function* ask(state: State, r: number, reader: ReaderState, setup: Setup): Iterable<Step<State>> {
  // One fill a reader is on its way at most: two readers have two.
  if (!reader.fill) {
    for (const values of rowsInDatabase(state)) {
      yield {
        label: `R${r} asks the database: ${values}`,
        state: withReader(state, r, { ...reader, at: 'answer', values }),
      }
    }
  }
  if (setup.apart) return
  for (const [other, { at, versions, values }] of state.readers.entries()) {
    if (other === r || at !== 'answer') continue
    const same = versions.every((version, i) => version === reader.versions[i])
    if (!same && setup.without !== 'a flight is named by its versions too') continue
    const after = withReader(state, r, { ...IDLE, fill: reader.fill })
    yield answered(after, r, `joins the query of R${other}`, values, reader, setup)
  }
}

function answerMiss(state: State, r: number, reader: ReaderState, setup: Setup): Step<State> {
  let after = state
  let { versions } = reader
  if (setup.without === 'versions are read before the database') {
    for (const row of state.tags.keys()) after = ensure(after, row, setup.without)
    versions = after.tags.map((tag) => tag?.version)
  }
  const fill = { versions: versions as readonly Version[], values: reader.values }
  return answered(withReader(after, r, { ...IDLE, fill }), r, 'is answered', reader.values, reader, setup)
}

function answered(
  state: State,
  r: number,
  how: string,
  values: readonly Value[],
  { owed }: ReaderState,
  { promised }: Setup,
): Step<State> {
  const label = `R${r} ${how}: ${values}`
  if (values.includes(UNCOMMITTED)) return { label, state, breaks: 'showed what is not committed' }
  if (values.some((value, i) => value < (owed[i] as Value))) {
    return { label, state, breaks: `R${r} showed ${values}, had to show ${owed}` }
  }
  if (promised !== 'linear') return { label, state }
  return { label, state: { ...state, floor: state.floor.map((value, i) => Math.max(value, values[i] as Value)) } }
}

/** What a query may be told now; a replica may know less than the database, and another replica more. */
function rowsInDatabase({ db, replica }: State): readonly (readonly Value[])[] {
  const oldest = replica[0]
  if (oldest === undefined) return [db]
  const newest = db[0] as Value
  return Array.from({ length: newest - oldest + 1 }, (_, i) => [oldest + i])
}

function withReader(state: State, r: number, reader: ReaderState): State {
  return { ...state, readers: state.readers.with(r, reader) }
}
