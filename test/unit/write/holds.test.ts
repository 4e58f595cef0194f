import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { tagsAlone } from '../../../src/query/write-set.ts'
import type { GuardedStore } from '../../../src/stores/guarded-store.ts'
import { Holds, type HoldsOptions } from '../../../src/write/holds.ts'
import { ShapesInUse } from '../../../src/write/shapes-in-use.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(testSchema)
let story: string[]
let fails: boolean
const store = {
  async hold(tags: readonly string[]) {
    story.push(`hold ${tags}`)
    if (fails) throw new Error('down')
    return []
  },
  async release(_: string, moved: readonly string[], kept: readonly string[]) {
    story.push(`moved ${moved} kept ${kept}`)
    return { delivery: 'delivered', registries: [] }
  },
} as unknown as GuardedStore

beforeEach(() => {
  vi.useFakeTimers()
  story = []
  fails = false
})
afterEach(() => void vi.useRealTimers())

const holds = (over: Partial<HoldsOptions> = {}) =>
  new Holds(store, new ShapesInUse(shop), {
    enabled: true,
    leaseMs: 900,
    rejects: false,
    isStrict: (tag) => tag.startsWith('User'),
    ...over,
  })

describe('a hold', () => {
  it('is on what is strict, and ends with what moved told apart', async () => {
    const hold = await holds().take(() => tagsAlone(['User', 'Post', 'User:*', 'User']))
    await hold?.release(['User', 'Post'])
    expect(story).toEqual(['hold User,User:*', 'moved User,Post kept User:*'])
  })

  it('is not taken where nothing is strict, and what it would be on is not even worked out', async () => {
    expect(await holds().take(() => tagsAlone(['Post']))).toBeUndefined()
    const tags = vi.fn(() => tagsAlone(['User']))
    expect(await holds({ enabled: false }).take(tags)).toBeUndefined()
    expect(tags).not.toHaveBeenCalled()
    expect(story).toEqual([])
  })

  it('is renewed every third of its lease, until it is released', async () => {
    const hold = await holds().take(() => tagsAlone(['User']))
    await vi.advanceTimersByTimeAsync(900)
    expect(story).toEqual(Array(4).fill('hold User'))
    await hold?.release(['User'])
    story = []
    await vi.advanceTimersByTimeAsync(9000)
    expect(story).toEqual([])
  })

  it('that cannot be taken refuses the write where it is to', async () => {
    fails = true
    await expect(holds({ rejects: true }).take(() => tagsAlone(['User']))).rejects.toMatchObject({
      name: 'StoreUnavailableError',
    })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('that may have been taken is released all the same', async () => {
    fails = true
    const hold = await holds().take(() => tagsAlone(['User', 'User:*']))
    await hold?.release(['User'])
    expect(story.at(-1)).toBe('moved User kept User:*')
  })

  it('of a batch ends with the batch as moved, and can still be told what moved besides', async () => {
    const all = holds()
    let hold: Awaited<ReturnType<typeof all.take>>
    const refused = all.batch(async () => {
      hold = await all.take(() => tagsAlone(['User']))
      throw new Error('refused')
    })
    await expect(refused).rejects.toThrow('refused')
    expect(story).toEqual(['hold User', 'moved User kept '])
    await hold?.release(['User', 'User:id=7'])
    expect(story.at(-1)).toBe('moved User,User:id=7 kept ')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is left behind where nobody reports the end', async () => {
    await holds().leave(tagsAlone(['User', 'Post']), 7000)
    expect(story).toEqual(['hold User'])
    fails = true
    await holds().leave(tagsAlone(['User']), 7000)
    expect(vi.getTimerCount()).toBe(0)
  })
})
