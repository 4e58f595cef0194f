import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AnyClient } from '../../../src/extension/client.ts'
import { LaterExtensions } from '../../../src/extension/later-extensions.ts'
import type { CacheOptions } from '../../../src/policy/options.ts'

let later: LaterExtensions
let warned: unknown[]
let calls: unknown[][]
let firsts: number

function expecting(expected?: CacheOptions['laterExtensions']): void {
  firsts = 0
  later = new LaterExtensions(expected, () => {
    firsts += 1
  })
}

beforeEach(() => {
  expecting()
  warned = []
  calls = []
  vi.spyOn(process, 'emitWarning').mockImplementation((...args: unknown[]) => void warned.push(args[1]))
})
afterEach(() => {
  vi.restoreAllMocks()
})

function extend(extension: unknown): unknown {
  const parent = {
    $extends(this: unknown, given: unknown) {
      calls.push([this, given])
      return 'extended'
    },
  } as unknown as AnyClient
  return later.hook(parent).call('the outermost client', extension)
}

describe('an extension applied after ours', () => {
  it('is applied to the outermost client, as it is', () => {
    const extension = { name: 'theirs' }
    expect(extend(extension)).toBe('extended')
    expect(calls).toEqual([['the outermost client', extension]])
  })

  it('is noticed where it stands between us and the database', () => {
    expect(later.none).toBe(true)
    extend({ query: {} })
    expect(later.none).toBe(false)
  })

  it('is told, once', () => {
    extend({ query: {} })
    extend({ query: {} })
    expect(warned).toEqual([{ code: 'PRISMA_QUERY_CACHE_ORDER' }])
    expect(firsts).toBe(1)
  })

  it('that may change what passes through it needs no warning where it was expected', () => {
    expecting('changing')
    extend({ query: {} })
    expect([later.none, warned, firsts]).toEqual([false, [], 1])
  })

  it('that was said to change nothing is none', () => {
    expecting('transparent')
    extend({ query: {} })
    expect([later.none, warned, firsts]).toEqual([true, [], 0])
  })

  it.each([[{ name: 'a' }], [{ result: {} }], [{ client: {}, model: {} }], [() => 'a function'], [undefined], [null]])(
    'is nothing to us otherwise: %o',
    (extension) => {
      extend(extension)
      expect(later.none).toBe(true)
      expect(warned).toEqual([])
    },
  )
})
