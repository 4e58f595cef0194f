import { describe, expect, it } from 'vitest'
import { newVersion, unchanged } from '../../../src/tags/tag-versions.ts'

describe('a new version', () => {
  it('is one that never was, through many pools of randomness', () => {
    const versions = new Set(Array.from({ length: 10_000 }, newVersion))
    expect(versions.size).toBe(10_000)
  })

  it('needs no escaping where entries list their versions', () => {
    expect(newVersion()).toMatch(/^[\w-]{12}$/)
  })
})

describe('what an entry holds is unchanged', () => {
  it.each<[boolean, string, string[], (string | null)[]]>([
    [true, 'when each version is still current', ['a', 'b'], ['a', 'b']],
    [true, 'when it depends on nothing', [], []],
    [false, 'not when one moved', ['a', 'b'], ['a', 'c']],
    [false, 'not when one is absent: evicted, flushed and expired count as changed', ['a', 'b'], ['a', null]],
    [false, 'not when they are those of other tags', ['a', 'b'], ['b', 'a']],
    [false, 'not when there are more tags than versions', ['a'], ['a', 'b']],
    [false, 'not when there are more versions than tags', ['a', 'b'], ['a']],
    [false, 'not when there are none to compare', ['a'], []],
    [false, 'not when an absent one is spelt out', ['null'], [null]],
  ])('%s: %s', (expected, _, held, current) => {
    expect(unchanged(held, current)).toBe(expected)
  })
})
