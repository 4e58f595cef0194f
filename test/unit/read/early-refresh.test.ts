import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../../bench/random.ts'
import { isDue, mayBeDue } from '../../../src/read/early-refresh.ts'

describe('an entry is renewed early', () => {
  it('with the likelihood XFetch gives it: e to the −left / (beta × took)', () => {
    const random = seededRandom(7)
    for (const [leftMs, tookMs, beta] of [
      [100, 100, 1],
      [300, 100, 1],
      [300, 100, 3],
      [10, 100, 1],
    ] as const) {
      const draws = 20_000
      let due = 0
      for (let i = 0; i < draws; i += 1) if (isDue(leftMs, tookMs, beta, random)) due += 1
      expect(due / draws).toBeCloseTo(Math.exp(-leftMs / (beta * tookMs)), 1.7)
    }
  })

  it('never where it is off, or where its query takes no time', () => {
    expect(isDue(1, 1000, 0, () => 0.999_999)).toBe(false)
    expect(isDue(1, 0, 1, () => 0.999_999)).toBe(false)
  })

  it('never when no draw could say so', () => {
    const largest = 1 - 2 ** -53
    for (const leftMs of [1, 36 * 100, 37 * 100, 1e6]) {
      if (!mayBeDue(leftMs, 100, 1)) expect(-Math.log(1 - largest) * 100).toBeLessThan(leftMs)
    }
    expect(mayBeDue(36 * 100, 100, 1)).toBe(true)
    expect(mayBeDue(37 * 100, 100, 1)).toBe(false)
  })
})
