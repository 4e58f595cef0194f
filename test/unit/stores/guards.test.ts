import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { StoreUnavailableError } from '../../../src/errors.ts'
import type { DeliveryOutcome, GuardedStore } from '../../../src/stores/guarded-store.ts'
import { guardedStore } from '../../../src/stores/guards.ts'
import { type FakeStore, fakeStore } from './fake-store.ts'

let store: FakeStore
let resilient: GuardedStore
let errors: string[]

const timing = { timeoutMs: 50, connectTimeoutMs: 1000, graceMs: 0, failures: 3, resetMs: 1000, onCondition: () => {} }
const onError = (during: string) => void errors.push(during)

beforeEach(() => {
  // Immediates stay real: one of them stands for the turn of the event loop in which sockets are read.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  // Pauses are of the length they are said to be.
  vi.spyOn(Math, 'random').mockReturnValue(0.5)
  store = fakeStore()
  errors = []
  resilient = guardedStore(store, { ...timing, onError })
})
afterEach(() => {
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Moves time, and lets everything happen that then can. */
async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await new Promise(setImmediate)
  await vi.advanceTimersByTimeAsync(0)
}

const read = () => resilient.lookUp('key', ['User'])

/** An invalidation that the store has been sent; the write may still be waiting for it. */
async function begun(tags: readonly string[]): Promise<{ state: 'waiting' | DeliveryOutcome }> {
  const delivery: { state: 'waiting' | DeliveryOutcome } = { state: 'waiting' }
  void resilient.bump(tags).then((delivered) => {
    delivery.state = delivered.delivery
  })
  await new Promise(setImmediate)
  return delivery
}
const outcome = (promise: Promise<unknown>) => {
  const seen = { state: 'pending' }
  promise.then(
    () => (seen.state = 'resolved'),
    () => (seen.state = 'rejected'),
  )
  return seen
}

async function failReads(times: number): Promise<void> {
  const { mood } = store
  store.mood = 'down'
  for (let i = 0; i < times; i += 1) await read().catch(() => {})
  store.mood = mood
}

describe('while the store answers', () => {
  it('everything passes through', async () => {
    expect(await read()).toEqual({ entry: 'entry', clocks: [] })
    await resilient.fill('key', 'entry', 1)
    expect(await resilient.bump(['User', 'Post'])).toEqual({ delivery: 'delivered', registries: [] })
    expect(await resilient.remove(['key'])).toBe(1)
    expect(await resilient.peek('key')).toBe('entry')
    expect(await resilient.clear()).toBe(3)
    await resilient.ping()
    for await (const keys of resilient.scan('*')) expect(keys).toEqual(['key'])
    expect(store.heard()).toEqual([
      'lookUp key',
      'fill key',
      'bump User,Post',
      'remove key',
      'peek key',
      'clear',
      'ping',
      'scan *',
    ])
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
    expect(errors).toEqual([])
  })

  it('leaves no timer behind', async () => {
    await Promise.all([read(), resilient.bump(['User']), resilient.fill('key', 'entry', 1)])
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a store that is slow', () => {
  it('is waited for as long as a query can wait, and five times as long by what nobody waits for', async () => {
    store.mood = 'silent'
    const looking = outcome(read())
    const [filling, pinging] = [outcome(Promise.resolve(resilient.fill('key', 'entry', 1))), outcome(resilient.ping())]
    const bumping = resilient.bump(['User'])
    const bumped = outcome(bumping)
    await pass(49)
    expect(looking.state).toBe('pending')
    await pass(1)
    expect(looking.state).toBe('rejected')
    await pass(199)
    expect([filling.state, pinging.state, bumped.state]).toEqual(['pending', 'pending', 'pending'])
    await pass(1)
    expect([filling.state, pinging.state, bumped.state]).toEqual(['rejected', 'rejected', 'resolved'])
    expect(await bumping).toEqual({ delivery: 'kept', registries: [] })
  })

  it('is reported as what it is', async () => {
    store.mood = 'silent'
    const looking = read()
    const rejected = expect(looking).rejects.toThrow(StoreUnavailableError)
    await pass(50)
    await rejected
  })

  it('answered in time when its reply lay in the socket while the event loop was blocked', async () => {
    store.mood = 'held'
    const looking = read()
    // The timer runs first: timers come before sockets. The reply comes in the same turn.
    vi.advanceTimersByTime(1000)
    store.calls[0]?.answer()
    expect(await looking).toEqual({ entry: 'entry', clocks: [] })
  })

  it('did not when its reply came a turn later', async () => {
    store.mood = 'held'
    const looking = outcome(read())
    await pass(50)
    store.calls[0]?.answer()
    await pass(0)
    expect(looking.state).toBe('rejected')
  })
})

describe('the circuit', () => {
  it('opens when reads failed often enough in a row: the store is left alone', async () => {
    await failReads(3)
    expect(resilient.condition()).toEqual({ state: 'unavailable', undelivered: 0 })
    store.calls.splice(0)
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    await expect(resilient.fill('key', 'entry', 1)).rejects.toThrow(StoreUnavailableError)
    expect(store.calls).toEqual([])
  })

  it('stays closed when one of them answers in between', async () => {
    for (let i = 0; i < 5; i += 1) {
      await failReads(2)
      await read()
    }
    expect(resilient.condition().state).toBe('ok')
  })

  it('counts reads that fail together once: one stalled round trip is one failure', async () => {
    store.mood = 'silent'
    const reads = Promise.allSettled([read(), read(), read(), read()])
    await pass(50)
    await reads
    expect(errors).toEqual(['look-up'])
    expect(resilient.condition().state).toBe('ok')
    await failReads(2)
    expect(resilient.condition().state).toBe('unavailable')
  })

  it('counts a store that throws as one that rejects', async () => {
    store.mood = 'throws'
    for (let i = 0; i < 3; i += 1) await expect(read()).rejects.toThrow('thrown')
    expect(resilient.condition().state).toBe('unavailable')
  })

  it('is tried after a pause by a ping of its own, never by a query', async () => {
    store.mood = 'down'
    await failReads(3)
    store.calls.splice(0)
    await pass(999)
    expect(store.heard()).toEqual([])
    await pass(1)
    expect(store.heard()).toEqual(['ping'])
  })

  it('closes when the ping is answered', async () => {
    await failReads(3)
    await pass(1000)
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
    expect(await read()).toEqual({ entry: 'entry', clocks: [] })
  })

  it('is closed anew, with all failures forgiven', async () => {
    await failReads(3)
    await pass(1000)
    await failReads(2)
    expect(resilient.condition().state).toBe('ok')
  })

  it('lets nobody through while the ping is under way', async () => {
    await failReads(3)
    store.mood = 'held'
    await pass(1000)
    expect(store.heard().at(-1)).toBe('ping')
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    store.calls.at(-1)?.answer()
    await pass(0)
    store.mood = 'up'
    await read()
  })

  it('is tried again after pauses that double, up to four times the first', async () => {
    store.mood = 'down'
    await failReads(3)
    const pauses: number[] = []
    let waited = 0
    while (pauses.length < 9) {
      store.calls.splice(0)
      await pass(500)
      waited += 500
      if (store.calls.length === 0) continue
      pauses.push(waited)
      waited = 0
    }
    expect(pauses).toEqual([1000, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000])
    expect(errors.filter((during) => during === 'recovery')).toHaveLength(9)
  })

  it('gives up a ping that is not answered', async () => {
    await failReads(3)
    store.mood = 'silent'
    await pass(1000)
    await pass(timing.connectTimeoutMs)
    store.mood = 'up'
    await pass(1000)
    expect(resilient.condition().state).toBe('ok')
  })

  it('keeps no process alive', async () => {
    vi.useRealTimers()
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
    const before = timers()
    resilient = guardedStore(store, { ...timing, resetMs: 60_000, onError })
    await failReads(3)
    expect(resilient.condition().state).toBe('unavailable')
    expect(timers()).toBe(before)
    await resilient.close()
  })
})

describe('an invalidation that the store did not acknowledge', () => {
  it('is kept, and does not fail', async () => {
    store.mood = 'down'
    const delivery = await begun(['User', 'User:id=1'])
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 2 })
    expect(errors).toEqual(['invalidate'])
    await pass(250)
    expect(delivery.state).toBe('kept')
  })

  it('closes the store to readers at once: nothing in it can be trusted', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    store.calls.splice(0)
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    expect(store.calls).toEqual([])
  })

  it('is delivered before this process reads again', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    store.calls.splice(0)
    await pass(0)
    expect(store.heard()).toEqual(['ping', 'bump User'])
    await read()
    expect(store.heard()).toEqual(['ping', 'bump User', 'lookUp key'])
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
  })

  it('is waited for by its write, which may find it delivered', async () => {
    store.mood = 'down'
    const delivery = await begun(['User'])
    store.mood = 'up'
    expect(delivery.state).toBe('waiting')
    await pass(0)
    expect(delivery.state).toBe('delivered')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is waited for within the budget of a write, counted from when the store was lost', async () => {
    store.mood = 'down'
    const first = await begun(['User'])
    await pass(200)
    const second = await begun(['Post'])
    await pass(50)
    expect([first.state, second.state]).toEqual(['kept', 'kept'])
    const third = await begun(['Tag'])
    await pass(0)
    expect(third.state).toBe('kept')
  })

  it('waits with those that come later, each tag once', async () => {
    store.mood = 'down'
    await begun(['User', 'User:id=1'])
    await begun(['User', 'User:id=2'])
    await begun(['User', 'User:id=2'])
    expect(resilient.condition().undelivered).toBe(3)
    store.mood = 'up'
    store.calls.splice(0)
    await pass(1000)
    expect(store.heard()).toEqual(['ping', 'bump User,User:id=1,User:id=2'])
  })

  it('by a store that hangs: those that come after it are sent, and not waited for', async () => {
    store.mood = 'silent'
    const first = await begun(['User'])
    await pass(250)
    expect(first.state).toBe('kept')
    await pass(250)
    store.calls.splice(0)
    expect(await resilient.bump(['Post'])).toEqual({ delivery: 'kept', registries: [] })
    expect(store.heard().filter((call) => call.startsWith('bump'))).toEqual(['bump Post'])
    await expect(resilient.hold(['User'], 'me', 1000)).rejects.toThrow(StoreUnavailableError)
  })

  it('by a store that hangs: no more than a thousand are on their way to it', async () => {
    store.mood = 'silent'
    await begun(['User'])
    await pass(500)
    store.calls.splice(0)
    for (let i = 0; i < 1100; i += 1) await resilient.bump([`Post:id=${i}`])
    expect(store.heard().filter((call) => call.startsWith('bump'))).toHaveLength(999)
    expect(resilient.condition().undelivered).toBe(1101)
  })

  it('is waited for again when a store that hung has answered', async () => {
    store.mood = 'held'
    await begun(['User'])
    await pass(250)
    store.calls[0]?.answer()
    await pass(0)
    const next = await begun(['Post'])
    expect(next.state).toBe('waiting')
    store.calls.findLast(({ method }) => method === 'bump')?.answer()
    await pass(0)
    // Others read already, and are told, although this process has not come back yet.
    expect(next.state).toBe('delivered')
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 1 })
  })

  it('is kept where reads had opened the circuit and the store is still gone', async () => {
    await failReads(3)
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    store.calls.splice(0)
    await pass(1000)
    expect(store.heard()).toEqual(['ping', 'bump User'])
  })

  it('arrives where reads had opened the circuit and the store is back', async () => {
    await failReads(3)
    expect(await resilient.bump(['User'])).toEqual({ delivery: 'delivered', registries: [] })
    expect(resilient.condition()).toEqual({ state: 'unavailable', undelivered: 0 })
  })

  it('counts as undelivered until it is: reads stay away during the delivery', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    expect(store.heard().at(-1)).toBe('bump User')
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 1 })
    await expect(read()).rejects.toThrow(StoreUnavailableError)
  })

  it('is sent again when its delivery fails', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    store.calls.at(-1)?.fail(new Error('lost'))
    store.mood = 'up'
    await pass(0)
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 1 })
    store.calls.splice(0)
    await pass(1000)
    expect(store.heard()).toEqual(['ping', 'bump User'])
    expect(resilient.condition().state).toBe('ok')
  })

  it('is sent again when its delivery is not acknowledged in time', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(250)
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 1 })
    store.mood = 'up'
    store.calls.splice(0)
    await pass(1000)
    expect(store.heard()).toEqual(['ping', 'bump User'])
  })

  it('that comes during a delivery is delivered too, before anybody reads', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    const delivery = store.calls.at(-1)
    // The same tag moves once more: what is on its way was the version of before.
    await begun(['User', 'Post'])
    store.calls.at(-1)?.fail(new Error('lost'))
    await pass(0)
    store.mood = 'up'
    delivery?.answer()
    await pass(0)
    expect(store.heard().at(-1)).toBe('bump User,Post')
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
  })

  it('was on its way when another opened the circuit, and is kept as well', async () => {
    store.mood = 'silent'
    const slow = await begun(['Post'])
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    await pass(0)
    expect(resilient.condition().state).toBe('ok')
    await pass(250)
    await pass(1)
    expect(slow.state).not.toBe('waiting')
    expect(store.heard().filter((call) => call.startsWith('bump'))).toEqual([
      'bump Post',
      'bump User',
      'bump User',
      'bump Post',
    ])
    expect(resilient.condition().state).toBe('ok')
  })

  it('that ends a hold is kept by what moved; the other holds run out', async () => {
    store.mood = 'down'
    void resilient.release('me', ['User'], ['User:*'])
    await new Promise(setImmediate)
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: 1 })
    store.mood = 'up'
    store.calls.splice(0)
    await pass(0)
    expect(store.heard()).toEqual(['ping', 'bump User'])
  })
})

describe('a hold', () => {
  it('is taken whatever the circuit says, as long as the store answers', async () => {
    await failReads(3)
    await resilient.hold(['User'], 'me', 1000)
    expect(store.heard().at(-1)).toBe('hold User me')
  })

  it('rejects in the time a write has', async () => {
    store.mood = 'silent'
    const holding = outcome(resilient.hold(['User'], 'me', 1000))
    await pass(249)
    expect(holding.state).toBe('pending')
    await pass(1)
    expect(holding.state).toBe('rejected')
  })
})

describe('a store that has just come', () => {
  let graceMs: number
  beforeEach(() => {
    graceMs = 3000
    store = Object.assign(fakeStore(), { graceLeftMs: () => graceMs })
    resilient = guardedStore(store, { ...timing, onError, onCondition: ({ state }) => states.push(state) })
    states.splice(0)
  })
  const states: string[] = []

  it('is told what is kept, and read from when its grace is over and all is told once more', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    store.calls.splice(0)
    await pass(0)
    expect(store.heard()).toEqual(['ping', 'bump User'])
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    store.mood = 'down'
    await begun(['Post'])
    store.mood = 'up'
    store.calls.splice(0)
    graceMs = 0
    await pass(3000)
    expect(store.heard()).toEqual(['ping', 'bump Post'])
    await read()
    expect(states).toEqual(['undelivered', 'ok'])
  })
})

describe('a store that was out of reach', () => {
  const graceMs = 3000
  beforeEach(() => {
    resilient = guardedStore(store, { ...timing, graceMs, onError })
  })

  it('for longer than a write waits is left alone: others bring what they have kept', async () => {
    store.mood = 'down'
    await begun(['User'])
    await pass(1000)
    store.mood = 'up'
    await pass(2000)
    expect(store.heard().at(-1)).toBe('bump User')
    await pass(graceMs - 1000)
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    await pass(1000)
    await read()
  })

  it('again meanwhile is left alone as long once more', async () => {
    store.mood = 'down'
    await begun(['User'])
    await pass(1000)
    store.mood = 'up'
    await pass(2000)
    expect(store.heard().at(-1)).toBe('bump User')
    store.mood = 'down'
    await pass(graceMs)
    store.mood = 'up'
    await pass(2500)
    await expect(read()).rejects.toThrow(StoreUnavailableError)
    await pass(graceMs)
    await read()
  })

  it('for no longer than a write waits is read from at once', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'up'
    await pass(0)
    await read()
  })

  it('is tried again before others read', async () => {
    store.mood = 'down'
    await failReads(3)
    store.calls.splice(0)
    for (let second = 0; second < 30; second += 1) await pass(1000)
    expect(store.heard().length).toBeGreaterThanOrEqual(30_000 / (0.7 * graceMs))
  })
})

describe('too many undelivered invalidations', () => {
  const tags = (count: number, of = 'User') => Array.from({ length: count }, (_, i) => `${of}:id=${i}`)

  beforeEach(async () => {
    store.mood = 'down'
    await begun(tags(10_000))
    expect(resilient.condition().undelivered).toBe(10_000)
    await begun(['one more'])
    store.calls.splice(0)
  })

  it('count as all of them', () => {
    expect(resilient.condition()).toEqual({ state: 'undelivered', undelivered: Number.POSITIVE_INFINITY })
  })

  it('end in an empty store, before anybody reads', async () => {
    store.mood = 'up'
    await pass(1000)
    expect(store.heard()).toEqual(['ping', 'clear'])
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
  })

  it('are still all of them when the store could not be emptied', async () => {
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    expect(store.heard().at(-1)).toBe('clear')
    store.calls.at(-1)?.fail(new Error('lost'))
    await pass(0)
    expect(resilient.condition().undelivered).toBe(Number.POSITIVE_INFINITY)
    store.mood = 'up'
    await pass(1000)
    expect(store.heard().slice(-2)).toEqual(['ping', 'clear'])
    expect(resilient.condition().state).toBe('ok')
  })

  it('and one that comes while the store is emptied is delivered after', async () => {
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    const clearing = store.calls.at(-1)
    await begun(['Post'])
    store.calls.at(-1)?.fail(new Error('lost'))
    await pass(0)
    store.mood = 'up'
    clearing?.answer()
    await pass(0)
    expect(store.heard().slice(-3)).toEqual(['clear', 'bump Post', 'bump Post'])
    expect(resilient.condition().state).toBe('ok')
  })

  it('do not wait for ever for a store that does not say it is empty', async () => {
    store.mood = 'held'
    await pass(0)
    store.calls.at(-1)?.answer()
    await pass(0)
    expect(store.heard().at(-1)).toBe('clear')
    store.mood = 'up'
    await pass(600_000)
    expect(resilient.condition().state).toBe('ok')
  })
})

describe('when it is closed', () => {
  it('the store is, and is not tried again', async () => {
    await failReads(3)
    await resilient.close()
    expect(store.heard().at(-1)).toBe('close')
    store.calls.splice(0)
    await pass(100_000)
    expect(store.heard()).toEqual([])
  })

  it('nobody reads any more, even where the client is the application’s and still answers', async () => {
    await resilient.close()
    await expect(read()).rejects.toThrow(StoreUnavailableError)
  })

  it('writes still tell other processes; where they cannot, that is an error, for nobody tells them later', async () => {
    await resilient.close()
    expect(await resilient.bump(['User'])).toEqual({ delivery: 'delivered', registries: [] })
    store.mood = 'down'
    expect(await resilient.bump(['User'])).toEqual({ delivery: 'lost', registries: [] })
    expect(errors).toEqual(['invalidate'])
    store.calls.splice(0)
    await pass(100_000)
    expect(store.heard()).toEqual([])
  })

  it('a recovery under way does not open it again', async () => {
    store.mood = 'down'
    await begun(['User'])
    store.mood = 'held'
    await pass(0)
    const ping = store.calls.at(-1)
    expect(ping?.method).toBe('ping')
    store.mood = 'up'
    await resilient.close()
    ping?.answer()
    await pass(100_000)
    await expect(read()).rejects.toThrow(StoreUnavailableError)
  })
})

describe('a store inside the process', () => {
  beforeEach(() => {
    store = fakeStore(false)
    resilient = guardedStore(store, { ...timing, onError })
  })

  it('is used as it is: nothing is timed', async () => {
    store.mood = 'held'
    const looking = outcome(read())
    await pass(100_000)
    expect(looking.state).toBe('pending')
    store.calls[0]?.answer()
    await pass(0)
    expect(looking.state).toBe('resolved')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is always in order', async () => {
    expect(await resilient.bump(['User'])).toEqual({ delivery: 'delivered', registries: [] })
    expect(resilient.condition()).toEqual({ state: 'ok', undelivered: 0 })
    await resilient.fill('key', 'entry', 1)
    expect([await resilient.remove(['key']), await resilient.peek('key'), await resilient.clear()]).toEqual([
      1,
      'entry',
      3,
    ])
    await resilient.ping()
    for await (const keys of resilient.scan('*')) expect(keys).toEqual(['key'])
    await resilient.close()
  })

  it('does not fail the write whose invalidation it fails', async () => {
    store.mood = 'down'
    expect(await resilient.bump(['User'])).toEqual({ delivery: 'kept', registries: [] })
  })
})
