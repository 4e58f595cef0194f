import type { Step } from '../explore.ts'
import { bump, end, intend, lock, soften } from './record.ts'
import type { Setup, Writer } from './setup.ts'
import { copyOf, type State, type Tag, type WriterState } from './state.ts'

const TOLD: readonly Tag[] = ['told']
const KNOWN: readonly Tag[] = ['value']

type Action = 'intend' | 'lock' | 'commit' | 'bump' | 'bump the rest' | 'acknowledge' | 'soften'

/** What a writer does, in order. */
function programOf({ mode }: Writer, { without }: Setup): readonly Action[] {
  if (mode === 'soft') return ['commit', 'soften']
  const bumps: Action[] = ['bump', 'bump the rest']
  const before: Action[] = mode === 'strict' ? ['lock'] : mode === 'intent' ? ['intend'] : []
  if (without === 'a lock comes before the commit' || without === 'an intent comes before the commit') {
    return ['commit', ...before, ...bumps, 'acknowledge']
  }
  if (without === 'a bump comes after the commit') return [...before, 'bump', 'commit', 'acknowledge']
  if (without === 'a bump comes before the acknowledgement') return [...before, 'commit', 'acknowledge', ...bumps]
  return [...before, 'commit', ...bumps, 'acknowledge']
}

export function* writerSteps(state: State, setup: Setup): Iterable<Step<State>> {
  for (const [w, writer] of setup.writers.entries()) {
    const program = programOf(writer, setup)
    const { at, isAlive } = state.writers[w] as WriterState
    const action = program[at]
    if (!action || !isAlive) continue
    if (at > 0 && state.crashes > 0) {
      const after = copyOf(state)
      after.crashes -= 1
      Object.assign(after.writers[w] as WriterState, { isAlive: false })
      yield { label: `W${w} is killed`, state: after }
    }
    if (action === 'commit') yield* commit(state, w, setup)
    else yield act(state, w, action, setup)
  }
}

function* commit(state: State, w: number, setup: Setup): Iterable<Step<State>> {
  const mode = setup.writers[w]?.mode
  const committed = copyOf(state)
  committed.db += 1
  if (setup.promised === 'committed' && mode === 'strict') committed.floor = committed.db
  const writer = committed.writers[w] as WriterState
  Object.assign(writer, { at: writer.at + 1, outcome: 'committed', value: committed.db })
  yield { label: `W${w} commits ${committed.db}`, state: committed }
  if (!setup.unknownOutcomes || mode === 'soft') return
  const unknown = copyOf(committed)
  const isForgotten = setup.without === 'an unknown outcome bumps'
  ;(unknown.writers[w] as WriterState).outcome = isForgotten ? 'forgotten' : 'unknown'
  yield { label: `W${w} commits ${committed.db}, is not told`, state: unknown }
  const undone = copyOf(state)
  Object.assign(undone.writers[w] as WriterState, { at: writer.at, outcome: 'undone' })
  yield { label: `W${w} is rolled back`, state: undone }
}

function act(state: State, w: number, action: Action, setup: Setup): Step<State> {
  const after = copyOf(state)
  const writer = after.writers[w] as WriterState
  const { changes } = setup.writers[w] as Writer
  const { outcome } = writer
  writer.at += 1
  const label = `W${w}: ${action}`
  if (action === 'intend') intend(after, setup, w)
  else if (action === 'lock') {
    const isRegistered = lock(after, setup, lockedBy(changes), w)
    writer.knows = changes === 'value' && isRegistered && setup.without !== 'a lock tells which shapes there are'
  } else if (action === 'soften') soften(after, setup)
  else if (action === 'acknowledge') {
    // Of an unknown outcome an error is told, and whoever hears it may know no better.
    if (outcome !== 'undone') after.floor = Math.max(after.floor, writer.value)
    writer.value = 0
  } else if (outcome === 'undone' || outcome === 'forgotten') end(after, w, setup)
  else if (action === 'bump') {
    // A shape that is not registered is not known to the writer: it moves what it does know of.
    const isRegistered = bump(after, setup, [...(changes === 'told' ? TOLD : writer.knows ? KNOWN : []), 'model'], w)
    const isNews = changes === 'value' && isRegistered && !writer.knows
    writer.missed = isNews && setup.without !== 'the registry is compared with the bump'
    writer.knows = false
  } else if (writer.missed) {
    bump(after, setup, ['value'], w)
    writer.missed = false
  }
  return { label, state: after }
}

function lockedBy(changes: Writer['changes']): readonly Tag[] {
  return changes === 'told' ? ['told', 'model'] : ['value', 'wildcard', 'model']
}
