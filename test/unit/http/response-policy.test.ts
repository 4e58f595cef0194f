import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ResponseReads } from '../../../src/http/cache-status.ts'
import { cacheControlOf, matchesPath } from '../../../src/http/response-policy.ts'
import { globExpression } from '../../../src/stores/glob.ts'

describe('a path', () => {
  it('matches where the stars of the pattern can stand for what is between', () => {
    const textOf = (parts: string) =>
      fc.array(fc.constantFrom(...parts.split(' ')), { maxLength: 8 }).map((all) => all.join(''))
    fc.assert(
      fc.property(textOf('a b / *'), textOf('a b /'), (pattern, path) => {
        expect(matchesPath(pattern, path)).toBe(globExpression(pattern).test(path))
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  it('is compared without trying every way to match, however long it is, and with however many stars', () => {
    const compare = () => matchesPath(`/${'*a'.repeat(20)}*b`, `/${'a'.repeat(16_000)}`)
    // An exponential comparison never ends, and no other limit ends what does not wait.
    expect(runInNewContext('compare()', { compare }, { timeout: 60_000 })).toBe(false)
  })
})

describe('Cache-Control', () => {
  const hit: ResponseReads = { status: 'HIT', ageMs: 5900, freshForMs: 10_900 }
  const own = { isPersonal: false }
  it.each<[string, Parameters<typeof cacheControlOf>[0], ResponseReads | undefined, string | undefined]>([
    ['asks each time unless told otherwise', {}, hit, 'private, no-cache'],
    ['is what was written', 'public, immutable', hit, 'public, immutable'],
    ['is not there where none is wanted', false, hit, undefined],
    ['counts from when the database was asked', { ttl: 'remaining' }, hit, 'private, max-age=15'],
    ['of no whole second left is none', { ttl: 'remaining' }, { ...hit, freshForMs: 999 }, 'private, no-cache'],
    ['of no read is none', { ttl: 'remaining' }, undefined, 'private, no-cache'],
    [
      'of a time is that time',
      { ttl: 30, swr: 5, scope: 'public' },
      hit,
      'public, max-age=30, stale-while-revalidate=5',
    ],
    ['of what is stale is none', { ttl: 30 }, { ...hit, status: 'STALE' }, 'private, no-cache'],
  ])('%s', (_, policy, reads, expected) => {
    expect(cacheControlOf(policy, reads, own)).toBe(expected)
  })

  it('of what is one’s own is never public', () => {
    expect(cacheControlOf({ ttl: 5, scope: 'public' }, hit, { isPersonal: true })).toBe('private, max-age=5')
  })
})
