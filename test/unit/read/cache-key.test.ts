import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { digest, entryKey } from '../../../src/read/cache-key.ts'

describe('a digest', () => {
  it('is short and needs no escaping in a key, a glob or an envelope', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(digest(text)).toMatch(/^[\w-]{43}$/)
      }),
      { seed: 1, numRuns: 50 },
    )
  })

  it('is the same in every process, and of every text another', () => {
    expect(digest('{"where":{"id":1}}')).toBe(digest('{"where":{"id":1}}'))
    const texts = ['', ' ', 'a', 'A', 'b', 'ab', 'a\u0000b', '\u00e9', 'e\u0301', '1', '01']
    expect(new Set(texts.map(digest)).size).toBe(texts.length)
  })
})

describe('a key', () => {
  it('says what it is of', () => {
    expect(entryKey('shop:', 'User', 'findMany', 'abc')).toBe('shop:query:User:findMany:abc')
  })

  it('holds the application’s word in the place of the digest, and apart from any digest', () => {
    expect(entryKey('shop:', 'User', 'findMany', 'abc', 'active users')).toBe('shop:query:User:findMany:@active users')
    expect(entryKey('', 'User', 'findMany', 'abc', 'abc')).not.toBe(entryKey('', 'User', 'findMany', 'abc'))
  })
})
