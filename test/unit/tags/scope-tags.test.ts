import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keyedDigest } from '../../../src/tags/keyed-digest.ts'
import { inScope, outOfScope, scopeName } from '../../../src/tags/scope-tags.ts'
import { modelOf, namespaceTag, userTag } from '../../../src/tags/tag.ts'

const scope = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[%#@=:~?*&{}\w]{0,8}$/),
  fc.integer(),
  fc.boolean(),
  fc.string().map((text) => scopeName(text)),
)
const name = fc.oneof(fc.string(), fc.stringMatching(/^[%#@=:~?*&{}\w]{1,8}$/))

describe('the tag of a scope', () => {
  it('is another for another scope or tag, whatever they are made of', () => {
    fc.assert(
      fc.property(scope, scope, name, name, (one, other, tag, otherTag) => {
        const [a, b] = [one, other].map((each) => scopeName(each)) as [string, string]
        expect(a === b).toBe(String(one) === String(other))
        const tags = [inScope(a), inScope(a, userTag(tag)), inScope(a, namespaceTag(tag))]
        const others = [inScope(b), inScope(b, userTag(otherTag)), inScope(b, namespaceTag(otherTag))]
        const areOne = a === b && userTag(tag) === userTag(otherTag)
        expect(tags[1] === others[1]).toBe(areOne)
        expect(tags[2] === others[2]).toBe(areOne)
        expect(new Set([...tags, userTag(tag), namespaceTag(tag)]).size).toBe(5)
        if (a !== b) expect(tags.filter((each) => others.includes(each))).toEqual([])
      }),
    )
  })

  it('says what it is in all scopes, and what is in none', () => {
    const a = scopeName('a')
    expect(outOfScope(inScope(a))).toBe('')
    expect(outOfScope(inScope(a, userTag('team')))).toBe('#team')
    for (const tag of ['User', '#team', '@catalog', '=key', 'User:id=1']) expect(outOfScope(tag)).toBeUndefined()
    expect(modelOf(inScope(a, '#team'))).toBeUndefined()
  })

  it('is a name that cannot be found by trying, where the cache has a key', () => {
    const digest = keyedDigest(randomBytes(32), 'value')
    expect(scopeName('a', digest)).toMatch(/^[\w-]{22}$/)
    expect(scopeName('a', digest)).not.toBe(scopeName('a'))
    expect(scopeName('a')).toMatch(/^[\w-]{22}$/)
  })
})
