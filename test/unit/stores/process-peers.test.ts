import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../../src/stores/memory-store.ts'
import { join, leave, type Peer, peerGroup, peersOf } from '../../../src/stores/process-peers.ts'

setFlagsFromString('--expose-gc')
const gc: () => void = runInNewContext('gc')

/** A reference that was asked for is kept until the task is over. */
async function collected(isGone: () => boolean): Promise<void> {
  while (!isGone()) {
    await new Promise((resolve) => setImmediate(resolve))
    gc()
  }
}

const peer = (): Peer => ({ invalidate() {}, remove() {}, clear() {} })

describe('a group of in-process stores', () => {
  it('is one for a prefix, and another for another', () => {
    expect(peerGroup('one:')).toBe(peerGroup('one:'))
    expect(peerGroup('one:')).not.toBe(peerGroup('other:'))
  })

  it('tells everybody but who asks, until they leave', () => {
    const group = peerGroup('leaving:')
    const [first, second] = [peer(), peer()]
    for (const one of [first, second]) join(group, one)
    expect([...peersOf(group)]).toEqual([first, second])
    expect([...peersOf(group, first)]).toEqual([second])
    leave(group, second)
    expect([...peersOf(group)]).toEqual([first])
  })

  it('keeps nothing of a store that was dropped, and ends with the last one', async () => {
    const ref = new WeakRef(peerGroup('dropped:'))
    const open = () =>
      memoryStore({ maxEntries: 10 })({
        prefix: 'dropped:',
        clock: Date.now,
        tagTtlMs: 1000,
        graceMs: 0,
        waitReplicas: 0,
        timeoutMs: 1000,
        onError: () => {},
      })
    const used = { store: open() as ReturnType<typeof open> | undefined }
    await open().lookUp('a', ['a'])
    const size = () => ref.deref()?.peers.size ?? 0
    expect(size()).toBe(2)
    await collected(() => {
      const group = ref.deref()
      return group !== undefined && [...peersOf(group)].length === 1
    })
    expect(size()).toBe(1)
    used.store = undefined
    await collected(() => ref.deref() === undefined)
    const names = () => {
      peerGroup('another:')
      return [...((globalThis as Record<symbol, unknown>)[GROUPS] as Map<string, unknown>).keys()]
    }
    expect(names()).not.toContain('dropped:')
  })
})

const GROUPS = Symbol.for('prisma-extension-query-cache/peer-groups@1')
