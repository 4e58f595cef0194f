import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { graceUntil, HELD, newVersion, softened } from '../../../src/tags/tag-versions.ts'

describe('a new version', () => {
  it('is one that never was, through many pools of randomness', () => {
    const versions = new Set(Array.from({ length: 10_000 }, newVersion))
    expect(versions.size).toBe(10_000)
  })

  it('needs no escaping where entries list their versions', () => {
    expect(newVersion()).toMatch(/^[\w-]{12}$/)
  })
})

describe('a version that was made softly', () => {
  it('is another one, and names the one before with its time', () => {
    const before = newVersion()
    const now = softened(before, 1_767_323_045_678)
    expect(now).toMatch(/^[\w-]{33}$/)
    expect(graceUntil(before, now)).toBe(1_767_323_045_678)
    expect(graceUntil(now, now)).toBe(0)
    expect(graceUntil(newVersion(), now)).toBe(0)
  })

  it('says nothing where it is held, absent, or plain', () => {
    const before = newVersion()
    for (const now of [null, undefined, HELD, '', newVersion(), before]) expect(graceUntil(before, now)).toBe(0)
  })

  it('of one that may be anything says nothing of versions it does not hold whole', () => {
    const tail = softened('AAAAAAAAAAAA', 5)
    expect(graceUntil('AAAAAAAAAAAA', tail.slice(0, -1))).toBe(0)
  })

  it('serves what no move for good came after, until the earliest time that was said, and nothing else', () => {
    const step = fc.record({ isSoft: fc.boolean(), until: fc.integer({ min: 1, max: 1000 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        let now = newVersion()
        /** Each version there was, and until when it may be served. */
        let graces = new Map<string, number>()
        for (const { isSoft, until } of steps) {
          graces = isSoft ? graces.set(now, until) : new Map([...graces.keys(), now].map((version) => [version, 0]))
          now = isSoft ? softened(now, until) : newVersion()
        }
        for (const [i, [version, until]] of [...graces].toReversed().entries()) {
          expect(graceUntil(version, now)).toBe(i < 4 ? until : 0)
        }
      }),
    )
  })
})
