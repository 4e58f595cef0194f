import { expect, it } from 'vitest'
import { SlidingWindow } from '../../../src/control/sliding-window.ts'

it('sums up what happened within its length, and forgets it in steps of a tenth', () => {
  let now = 5
  const window = new SlidingWindow<'a' | 'b'>(1000, () => now)
  window.add('a')
  now += 500
  window.add('a', 3)
  window.add('b')
  expect([window.sum('a'), window.sum('b')]).toEqual([4, 1])
  now = 999
  expect(window.sum('a')).toBe(4)
  now = 1000
  expect(window.sum('a')).toBe(3)
  now = 1499
  expect(window.sum('a')).toBe(3)
  now = 1500
  expect(window.sum('a')).toBe(0)
})

it('takes a place for what is new once what was in it is over', () => {
  let now = 0
  const window = new SlidingWindow<'a'>(1000, () => now)
  for (; now < 10_000; now += 50) window.add('a')
  now -= 50
  expect(window.sum('a')).toBe(20)
  window.clear()
  expect(window.sum('a')).toBe(0)
})

it('counts nothing from what was the future before the clock was set back', () => {
  let now = 10_000
  const window = new SlidingWindow<'a'>(1000, () => now)
  window.add('a')
  now = 9000
  expect(window.sum('a')).toBe(0)
})
