import type { Step } from '../explore.ts'
import { isCurrent, type Looked, lookUp, register, store } from './record.ts'
import type { Setup } from './setup.ts'
import { copyOf, type Heard, IDLE, type Reader, type Seen, type State, type Tag, type Value } from './state.ts'

/** Known from the arguments, before anything is asked. */
const OF_THE_PLAN: readonly Tag[] = ['value', 'wildcard']
/** Named by the entry. */
const OF_THE_ENTRY: readonly Tag[] = ['value', 'wildcard', 'told']
/** As the result may tell of more, a flight is also named by the model's own tag, which every write to it moves. */
const OF_THE_FLIGHT: readonly Tag[] = ['value', 'wildcard', 'model']

/** Look-up → hit, bypass or miss → ask the database → answer and fill. The first reader may keep a copy besides. */
export function* readerSteps(state: State, setup: Setup): Iterable<Step<State>> {
  for (const [r, reader] of state.readers.entries()) {
    if (reader.at === 'idle') {
      if (reader.left === 0) continue
      if (r === 0 && setup.pushes) yield* servedHere(state, setup)
      yield* begin(state, r, setup)
    } else if (reader.at === 'second step') yield secondStep(state, r, setup)
    else if (reader.at === 'ask') yield ask(state, r)
    else if (reader.at === 'answer') yield answer(state, r, setup)
    else if (reader.at === 'bypass') yield answered(copyOf(state), r, 'bypasses, is answered', state.db)
    // A reader that waits is answered by the one who leads.
  }
  yield* heard(state, setup)
}

function* begin(state: State, r: number, setup: Setup): Iterable<Step<State>> {
  const after = copyOf(state)
  const looked = lookUp(after, setup)
  const reader = after.readers[r] as Reader
  Object.assign(reader, { owed: state.floor, seen: looked.seen })
  if (r === 0 && setup.pushes) after.local.heard = heardOf(looked)
  if (looked.isLocked) {
    reader.at = 'bypass'
    yield { label: `R${r} looks up: locked`, state: after }
    return
  }
  const { entry } = after
  if (entry && isCurrent(entry, looked, OF_THE_PLAN, setup)) {
    if (setup.inTwoSteps) {
      Object.assign(reader, { at: 'second step', entry })
      yield { label: `R${r} looks up, finds ${entry.value} at ${entry.clock}, asks for its other tags`, state: after }
      return
    }
    if (servesTold(entry, looked, setup)) {
      if (r === 0 && setup.pushes) after.local.copy = entry
      yield answered(after, r, 'looks up, hits', entry.value)
      return
    }
  }
  yield* missed(after, r, looked, setup)
}

/** The tags that only the result told: an entry names them. Softly invalidated is the plan's value alone, in this model. */
function servesTold(entry: Seen, looked: Looked, setup: Setup): boolean {
  const tags = setup.without === 'tags told by the result are compared' ? OF_THE_PLAN : OF_THE_ENTRY
  return isCurrent(entry, looked, tags, setup)
}

function secondStep(state: State, r: number, setup: Setup): Step<State> {
  const after = copyOf(state)
  const looked = lookUp(after, setup)
  const reader = after.readers[r] as Reader
  const entry = reader.entry as NonNullable<Reader['entry']>
  const isGood =
    setup.without === 'the second step judges epoch and floor again'
      ? looked.clockOf('told') <= entry.clock
      : !looked.isLocked && servesTold(entry, looked, setup)
  if (isGood) return answered(after, r, 'asks again, hits', entry.value)
  Object.assign(reader, {
    at: looked.isLocked ? 'bypass' : 'ask',
    entry: null,
    seen: looked.seen,
    under: named(looked),
  })
  if (!looked.isLocked) register(after, setup)
  return { label: `R${r} asks again: ${reader.at}`, state: after }
}

function* missed(after: State, r: number, looked: Looked, setup: Setup): Iterable<Step<State>> {
  const reader = after.readers[r] as Reader
  reader.under = named(looked)
  const { shares, without } = setup
  const leader = after.readers.findIndex(({ at }, other) => other !== r && (at === 'ask' || at === 'answer'))
  const led = after.readers[leader]
  const isSame =
    without === 'a flight is named by the clocks of its tags' ||
    (led?.seen?.epoch === looked.seen.epoch && led.under === reader.under)
  if (shares && led && isSame) {
    const joined = copyOf(after)
    ;(joined.readers[r] as Reader).at = 'waits'
    yield { label: `R${r} misses, joins the query of R${leader}`, state: joined }
  }
  reader.at = 'ask'
  if (without !== 'a shape is registered before the database is asked' && !isRegistered(reader, looked, setup)) {
    register(after, setup)
    reader.registered = looked.seen
  }
  yield { label: `R${r} misses at ${looked.seen.epoch}.${looked.seen.clock}`, state: after }
}

/** The largest of the floor and the clocks of what the flight may depend on. */
function named(looked: Looked): number {
  return Math.max(looked.floor, ...OF_THE_FLIGHT.map(looked.clockOf))
}

/** A registration of an earlier read is judged like an entry. */
function isRegistered({ registered }: Reader, looked: Looked, setup: Setup): boolean {
  if (!registered) return false
  if (setup.without === 'a remembered registration needs the epoch') return true
  const tags: readonly Tag[] = setup.without === 'a remembered registration needs the wildcard' ? [] : ['wildcard']
  return isCurrent(registered, looked, tags, setup)
}

function ask(state: State, r: number): Step<State> {
  const after = copyOf(state)
  Object.assign(after.readers[r] as Reader, { at: 'answer', value: state.db })
  return { label: `R${r} asks the database: ${state.db}`, state: after }
}

function answer(state: State, r: number, setup: Setup): Step<State> {
  const after = copyOf(state)
  const { value, seen, under } = after.readers[r] as Reader
  let at = seen as Seen
  if (setup.without === 'a shape is registered before the database is asked') register(after, setup)
  if (setup.without === 'the clock is seen before the database is asked') at = lookUp(after, setup).seen
  const entry = { ...at, value }
  store(after, entry)
  if (r === 0 && setup.pushes) after.local.copy = entry
  const done = answered(after, r, 'is answered, fills', value)
  let { breaks } = done
  for (const [other, waiting] of done.state.readers.entries()) {
    if (waiting.at !== 'waits' || (waiting.under !== under && !setup.without)) continue
    breaks ??= answered(done.state, other, 'is answered too', value).breaks
  }
  return { ...done, breaks }
}

/** The read ends. Changes the state it is given. */
function answered(after: State, r: number, how: string, value: Value): Step<State> {
  const reader = after.readers[r] as Reader
  const { owed, left, registered } = reader
  after.readers[r] = { ...IDLE, left: left - 1, registered }
  const breaks = value < owed ? `R${r} showed ${value}, had to show ${owed}` : undefined
  return { label: `R${r} ${how}: ${value}`, state: after, breaks }
}

function heardOf({ seen, clockOf, floor }: Looked): Heard {
  const at = (tag: Tag) => Math.max(floor, clockOf(tag))
  return {
    ...seen,
    changed: { wildcard: at('wildcard'), value: at('value'), told: at('told'), model: at('model') },
  }
}

/** A hit without a round trip: the copy is as good as what the push has told. */
function* servedHere(state: State, { promised }: Setup): Iterable<Step<State>> {
  const { heard, copy, owed } = state.local
  if (!heard || !copy || copy.epoch !== heard.epoch) return
  if (OF_THE_ENTRY.some((tag) => heard.changed[tag] > copy.clock)) return
  const after = copyOf(state)
  // A push takes its time: what it promises is what was acknowledged before the last heartbeat.
  ;(after.readers[0] as Reader).owed = promised === 'acknowledged' ? owed : state.floor
  yield answered(after, 0, 'is served its copy', copy.value)
}

function* heard(state: State, { pushes, without, readers }: Setup): Iterable<Step<State>> {
  if (!pushes || readers[0] === 0) return
  const [message, ...rest] = state.local.inbox
  if (!message) return
  const after = copyOf(state)
  after.local.inbox = rest
  if (state.lostMessages > 0) {
    const lost = copyOf(after)
    lost.lostMessages -= 1
    yield { label: `the push loses "${message.says}"`, state: lost }
  }
  const { heard } = after.local
  const { epoch, before, after: now, says, tags, owed } = message
  const isNext = heard?.epoch === epoch && heard.clock === before
  const hasGap = without !== 'a gap in the push is noticed' && !isNext
  if (says === 'beat') {
    const isTrue = heard?.epoch === epoch && heard.clock === now
    if (!isTrue && without !== 'a heartbeat carries the clock') after.local.heard = null
    after.local.owed = Math.max(after.local.owed, owed)
  } else if (says === 'lost' || hasGap || !heard) after.local.heard = null
  else {
    const changed = { ...heard.changed, ...Object.fromEntries(tags.map((tag) => [tag, now])) }
    after.local.heard = { epoch, clock: now, changed }
  }
  yield { label: `the push says "${says}"`, state: after }
}
