import type { CacheStore } from '../../../src/stores/store.ts'

/** One call of the store's port, waiting for an answer where the store is told to hold it. */
export interface StoreCall {
  readonly method: string
  readonly args: readonly unknown[]
  answer(): void
  fail(error: unknown): void
}

/** `held` waits for the test to answer each call; `silent` never answers. */
export type Mood = 'up' | 'down' | 'silent' | 'held' | 'throws'

export interface FakeStore extends CacheStore {
  mood: Mood
  /** What every call so far was, in order; `splice(0)` to look at what comes next. */
  readonly calls: StoreCall[]
  /** Calls so far in short: `bump a,b`. */
  heard(): string[]
}

/** Our own port, played by hand: a store that is slow, down or silent at the moment the test says. */
export function fakeStore(isRemote = true): FakeStore {
  const calls: StoreCall[] = []
  const answers: Record<string, unknown> = {
    lookUp: { entry: 'entry', clocks: [] },
    register: [],
    bump: [],
    hold: [],
    release: [],
    remove: 1,
    peek: 'entry',
    clear: 3,
    increment: 1,
  }

  function called<T>(method: string, ...args: unknown[]): Promise<T> {
    const { mood } = store
    if (mood === 'throws') throw new Error('thrown')
    return new Promise<T>((resolve, reject) => {
      const call = { method, args, answer: () => resolve(answers[method] as T), fail: reject }
      calls.push(call)
      if (mood === 'up') call.answer()
      if (mood === 'down') call.fail(new Error('down'))
    })
  }

  const store: FakeStore = {
    mood: 'up',
    calls,
    heard: () => calls.map(({ method, args }) => [method, ...args].join(' ').trim()),
    name: 'fake',
    isRemote,
    lookUp: (key) => called('lookUp', key),
    register: (shapes) => called('register', shapes),
    fill: (key) => called('fill', key),
    increment: (key) => called('increment', key),
    bump: (tags) => called('bump', tags),
    hold: (tags, holder) => called('hold', tags, holder),
    release: (holder, moved, kept) => called('release', holder, moved, kept),
    remove: (keys) => called('remove', keys),
    async *scan(pattern) {
      await called('scan', pattern)
      yield ['key']
    },
    peek: (key) => called('peek', key),
    clear: () => called('clear'),
    ping: () => called('ping'),
    close: () => called('close'),
  }
  return store
}
