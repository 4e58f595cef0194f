import { beforeEach, describe, expect, it } from 'vitest'
import { AdaptiveTtl } from '../../../src/read/adaptive-ttl.ts'

const bounds = { minMs: 10_000, maxMs: 200_000, firstMs: 60_000 }
let lives: AdaptiveTtl
let now: number

beforeEach(() => {
  lives = new AdaptiveTtl()
  now = 1_000_000
})

/** The life the entry is given, and so many hits in a part of it. */
function life(hits: number, part = 1): number {
  const ttlMs = lives.next('key', bounds, now)
  for (let i = 0; i < hits; i += 1) lives.hit('key')
  now += ttlMs * part
  return ttlMs
}

describe('a life', () => {
  it('begins as it is configured, within its bounds', () => {
    expect(life(0)).toBe(60_000)
    expect(lives.next('other', { ...bounds, firstMs: 1 }, now)).toBe(10_000)
  })

  it('of what is hit often doubles, up to the longest', () => {
    expect([life(8), life(8), life(8), life(8)]).toEqual([60_000, 120_000, 200_000, 200_000])
  })

  it('of what is hardly hit halves, down to the shortest', () => {
    expect([life(1), life(0), life(1), life(0), life(0)]).toEqual([60_000, 30_000, 15_000, 10_000, 10_000])
  })

  it('stays where it is in between', () => {
    expect([life(2), life(7), life(2)]).toEqual([60_000, 60_000, 60_000])
  })

  it('that was cut short counts as the whole it would have been', () => {
    expect([life(1, 0.1), life(0, 0.1), life(0)]).toEqual([60_000, 120_000, 60_000])
  })

  it('is counted by key', () => {
    life(0)
    for (let i = 0; i < 20; i += 1) lives.hit('other')
    expect(life(0)).toBe(30_000)
  })
})
