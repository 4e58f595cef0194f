import { describe, expect, it } from 'vitest'
import { aSecond, hitRatios, seen } from '../../../../src/admin/page/seen.ts'

const STEPS = 60
const START = 1_700_000_000

/** Sixty steps of five seconds, in which hits came as they are given, the last one being under way. */
function series(...hits: readonly number[]) {
  const none = Array.from({ length: STEPS }, () => 0)
  return {
    stepSeconds: 5,
    at: none.map((_, i) => START + 5 * i),
    hit: [...none, ...hits].slice(-STEPS),
    stale: none,
    miss: none.map((_, i) => (i === STEPS - 2 ? 10 : 0)),
    bypass: none,
    invalidate: none,
  }
}

describe('what of a series is drawn', () => {
  it('is not the step under way, which would look like a fall', () => {
    const { hit, at } = seen(series(50, 50, 50, 3))
    expect(hit.slice(-3)).toEqual([50, 50, 50])
    expect(at.at(-1)).toBe(START + 5 * (STEPS - 2))
  })

  it('is the step under way where there is nothing else, as so many a second of those there have been', () => {
    const only = { ...series(30), miss: series().hit }
    const drawn = seen(only)
    expect([drawn.hit.at(-1), drawn.hit.length]).toEqual([30, 36])
    const began = START + 5 * (STEPS - 1)
    expect(aSecond(drawn, 1000 * (began + 3))(drawn.hit).at(-1)).toBe(10)
    // Of less than a second nothing is made more.
    expect(aSecond(drawn, 1000 * began)(drawn.hit).at(-1)).toBe(30)
    expect(aSecond(drawn, 1000 * (began + 60))(drawn.hit).at(-1)).toBe(6)
  })

  it('is no more of what was before the first read than a chart needs', () => {
    expect(seen(series(...Array.from({ length: 50 }, () => 1))).at).toHaveLength(50)
    expect(seen(series(1, 1, 1)).at).toHaveLength(35)
    expect(seen({ ...series(1, 1, 1), stepSeconds: 20 }).at).toHaveLength(8)
  })

  it('has a hit ratio only where reads asked', () => {
    expect(hitRatios(seen(series(30, 30, 0))).slice(-3)).toEqual([null, 1, 0.75])
  })
})
