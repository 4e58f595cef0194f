import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { globExpression, globLiteral } from '../../../src/stores/glob.ts'

describe('a pattern matches as in Redis', () => {
  // Each of these was tried on a Redis server: what `keys()` finds must not depend on the store.
  it.each<[string, string[], string[]]>([
    ['User:findMany:*', ['User:findMany:', 'User:findMany:a:b'], ['User:findMan', 'Post:findMany:a']],
    ['*', ['', 'a', 'a\nb'], []],
    ['a*c', ['ac', 'abc'], ['acd', 'abd']],
    ['**', ['', 'a'], []],
    ['a?c', ['abc', 'a\nc'], ['ac', 'abbc']],
    ['*ab*ab', ['abab', 'abxabxab'], ['ab', 'aba']],
    ['a*b*c*b1', ['abcb1', 'axbxcxbxb1'], ['acbb1', 'abcb']],
    ['a*?b*0', ['axb0', 'abb0'], ['ab0']],
    ['a[bc]d', ['abd', 'acd'], ['aed', 'ad']],
    ['a[^b]d', ['aed'], ['abd']],
    ['a[b-d]e', ['ace'], ['aee']],
    ['[d-b]', ['c'], ['a']],
    ['[]', [], ['a', ']']],
    ['[^]', ['a'], ['']],
    ['[[]', ['['], ['a']],
    ['[\\]]', [']'], ['\\']],
    ['[^\\]]', ['a'], [']']],
    ['[a\\-c]', ['-'], ['b']],
    ['[\\d]', ['d'], ['1', '\\']],
    ['[a^]', ['^', 'a'], ['b']],
    ['[!a]', ['!', 'a'], ['b']],
    ['a\\*b', ['a*b'], ['axb']],
    ['a\\\\b', ['a\\b'], ['ab']],
    ['a\\', ['a\\'], ['a']],
    ['a.c', ['a.c'], ['abc']],
    ['a+(b)|{1}$', ['a+(b)|{1}$'], ['aab']],
    ['A', ['A'], ['a']],
  ])('%s', (pattern, matching, others) => {
    const expression = globExpression(pattern)
    for (const text of matching) expect(expression.test(text), JSON.stringify(text)).toBe(true)
    for (const text of others) expect(expression.test(text), JSON.stringify(text)).toBe(false)
  })

  it.each([
    ['*?'.repeat(100), 'x'.repeat(1000)],
    ['*x'.repeat(100), 'x'.repeat(1000)],
    ['*[a-z]?'.repeat(60), 'x'.repeat(1000)],
  ])('and takes no longer for one that somebody made to take long: %s', (pattern, key) => {
    const expression = globExpression(`${pattern}!`)
    expect(runInNewContext('expression.test(key)', { expression, key }, { timeout: 60_000 })).toBe(false)
    expect(expression.test(`${key}!`)).toBe(true)
  })

  it('and never throws, whatever it is made of', () => {
    const pieces = ['[', ']', '^', 'a-z', 'z-a', '-', '\\', '*', '?', '{', '(', 'x']
    const pattern = fc.array(fc.constantFrom(...pieces), { maxLength: 6 }).map((chosen) => chosen.join(''))
    fc.assert(
      fc.property(pattern, (text) => {
        globExpression(text)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })
})

describe('a literal', () => {
  it('matches its text and nothing else', () => {
    const text = fc.array(fc.constantFrom(...'ab*?[]^\\-.:'), { maxLength: 6 }).map((chars) => chars.join(''))
    fc.assert(
      fc.property(text, text, (a, b) => {
        expect(globExpression(globLiteral(a)).test(b)).toBe(a === b)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('keeps to its prefix what is searched for under it', () => {
    const under = globExpression(`${globLiteral('shop*[1]:query:')}*`)
    expect(under.test('shop*[1]:query:User')).toBe(true)
    expect(under.test('shopping:query:User')).toBe(false)
    expect(under.test('shop*1:query:User')).toBe(false)
  })
})
