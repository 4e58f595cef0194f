import { beforeEach, describe, expect, it } from 'vitest'
import { LeaseWorth } from '../../../src/read/lease-worth.ts'
import { planOf } from './plan-of.ts'

const rule = { waitMs: 500, leaseMs: 2000, minQueryMs: 20 }
const plan = planOf(['User'])
let worth: LeaseWorth

beforeEach(() => {
  worth = new LeaseWorth()
})

describe('a miss is worth a lease', () => {
  it('when the entry before says that its query takes long enough, and not too long', () => {
    const answers = [0, 19, 20, 500, 501].map((tookMs) => worth.isWorth(plan, tookMs, rule))
    expect(answers).toEqual([false, false, true, true, false])
  })

  it('when there was none, as queries of its model and operation took here', () => {
    expect(worth.isWorth(plan, undefined, rule)).toBe(false)
    worth.learn(planOf(['User'], { key: 'other' }), 40, true)
    expect(worth.isWorth(plan, undefined, rule)).toBe(true)
    expect(worth.isWorth(planOf(['User'], { operation: 'count' }), undefined, rule)).toBe(false)
    for (let i = 0; i < 10; i += 1) worth.learn(plan, 1, true)
    expect(worth.isWorth(plan, undefined, rule)).toBe(false)
  })

  it('always, where it is said so', () => {
    expect(worth.isWorth(plan, undefined, { ...rule, minQueryMs: 0 })).toBe(true)
  })

  it('not while its results are not stored: nobody would be served', () => {
    worth.learn(plan, 40, false)
    expect(worth.isWorth(plan, 40, rule)).toBe(false)
    expect(worth.isWorth(planOf(['User'], { key: 'other' }), 40, rule)).toBe(true)
    worth.learn(plan, 40, true)
    expect(worth.isWorth(plan, 40, rule)).toBe(true)
  })
})
