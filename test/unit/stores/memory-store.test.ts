import { describe, expect, it } from 'vitest'
import { CacheConfigError } from '../../../src/errors.ts'
import { type MemoryStoreOptions, memoryStore } from '../../../src/stores/memory-store.ts'
import type { CacheStore, StoreContext } from '../../../src/stores/store.ts'
import { manualClock } from '../../support/manual-clock.ts'

// What every store promises is in `test/contract`; here is what only this one does.

const clock = manualClock(1_000_000)
const context: StoreContext = {
  prefix: 'p:',
  clock: clock.now,
  tagTtlMs: 1000,
  graceMs: 0,
  waitReplicas: 0,
  timeoutMs: 1000,
  onError: () => {},
}
const open = (options?: MemoryStoreOptions) => memoryStore(options)(context)

const has = async (store: CacheStore, key: string) => (await store.peek(key)) !== undefined
const keysOf = async (store: CacheStore) => {
  const keys: string[] = []
  for await (const found of store.scan('*')) keys.push(...found)
  return keys.sort()
}

describe('a store of some entries', () => {
  it('never has more, and gives up the ones not used for longest', async () => {
    const store = open({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await store.fill(key, 'x', 1000)
    await store.lookUp('a', [])
    await store.fill('d', 'x', 1000)
    expect(await keysOf(store)).toEqual(['a', 'c', 'd'])
  })

  it('counts an entry that is filled again once', async () => {
    const store = open({ maxEntries: 2 })
    for (const key of ['a', 'b', 'a', 'a']) await store.fill(key, 'x', 1000)
    expect(await keysOf(store)).toEqual(['a', 'b'])
  })
})

describe('a store of some bytes', () => {
  it('never has more, keys and entries together', async () => {
    const store = open({ maxBytes: 1000 })
    for (let i = 0; i < 10; i += 1) await store.fill(`key ${i}`, 'x'.repeat(100), 1000)
    expect(await keysOf(store)).toEqual(['key 6', 'key 7', 'key 8', 'key 9'])
    await store.fill('k'.repeat(400), '', 1000)
    expect((await keysOf(store)).length).toBeLessThan(3)
  })

  it('does not take an entry that is larger than all of it, nor keep what that would have replaced', async () => {
    const store = open({ maxBytes: 1000 })
    await store.fill('a', 'small', 1000)
    await store.fill('b', 'small', 1000)
    await store.fill('a', 'x'.repeat(1000), 1000)
    expect(await has(store, 'a')).toBe(false)
    expect(await has(store, 'b')).toBe(true)
  })
})

describe('an entry', () => {
  it('is there until its time, on the clock it was given', async () => {
    const store = open()
    await store.fill('a', 'x', 1000)
    clock.advance(999)
    expect((await store.lookUp('a', [])).entry).toBe('x')
    clock.advance(1)
    expect((await store.lookUp('a', [])).entry).toBeUndefined()
    expect(await keysOf(store)).toEqual([])
    expect(await has(store, 'a')).toBe(false)
  })
})

describe('clients that are given one store', () => {
  it('see each other’s entries and writes under one prefix, and nothing of others', async () => {
    const factory = memoryStore()
    const [mine, same, other] = [factory(context), factory(context), factory({ ...context, prefix: 'q:' })]
    await mine.fill('a', 'x', 1000)
    const { clocks } = await mine.lookUp('a', ['User'])
    expect(await same.lookUp('a', ['User'])).toEqual({ entry: 'x', clocks })
    const there = await other.lookUp('a', ['User'])
    expect(there.entry).toBeUndefined()
    await same.bump(['User'])
    expect((await mine.lookUp('a', ['User'])).clocks).not.toEqual(clocks)
    expect(await other.lookUp('a', ['User'])).toEqual(there)
  })

  it('see nothing of a store made apart', async () => {
    await open().fill('a', 'x', 1000)
    expect(await has(open(), 'a')).toBe(false)
  })
})

describe('bounds that make no sense are refused where they are written', () => {
  it.each([
    ['maxEntries', 0],
    ['maxEntries', -1],
    ['maxEntries', 1.5],
    ['maxEntries', Number.NaN],
    ['maxEntries', '10'],
    ['maxBytes', 0],
    ['maxBytes', -1],
    ['maxBytes', Number.POSITIVE_INFINITY],
    ['maxEntires', 10],
  ])('%s: %s', (option, value) => {
    const refused = () => memoryStore({ [option]: value } as MemoryStoreOptions)(context)
    expect(refused).toThrow(CacheConfigError)
    expect(refused).toThrow(option)
  })
})
