import { expect, it } from 'vitest'
import { LoopDelay } from '../../../src/read/loop-delay.ts'

const standStill = (ms: number) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

it('is what the loop was late by while it was measured, and no more', () => {
  const delay = new LoopDelay()
  const first = delay.begin()
  standStill(100)
  const second = delay.begin()
  standStill(100)
  expect(second()).toBeGreaterThan(90)
  const late = first()
  expect(late).toBeGreaterThan(180)
  const begun = performance.now()
  const third = delay.begin()
  expect(third()).toBeLessThanOrEqual(performance.now() - begun)
})

it('leaves no timer behind', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const delay = new LoopDelay()
  const ends = [delay.begin(), delay.begin()]
  for (const end of ends) end()
  expect(timers()).toBe(before)
})
