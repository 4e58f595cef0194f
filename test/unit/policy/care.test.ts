import { describe, expect, it } from 'vitest'
import { careOf, within } from '../../../src/policy/care.ts'

describe('what several models ask for', () => {
  it('is encrypted if one of them says so, the shortest of their lives, and told of each', () => {
    expect(careOf([['A', {}]])).toEqual({ encrypts: false, longestMs: Number.POSITIVE_INFINITY, audited: [] })
    const policies = {
      A: { encrypt: true, maxTtl: 'hour' },
      B: { maxTtl: 60, audit: true },
      C: { audit: true },
    } as const
    expect(careOf(Object.entries(policies))).toEqual({ encrypts: true, longestMs: 60_000, audited: ['B', 'C'] })
    expect(careOf(Object.entries(policies).reverse())).toMatchObject({ encrypts: true, longestMs: 60_000 })
  })
})

describe('a policy within a longest life', () => {
  const policy = { ttlMs: 50, swrMs: 30, nullTtlMs: 40 }

  it('is what it was where that is longer', () => {
    expect(within(80, policy)).toBe(policy)
    expect(within(Number.POSITIVE_INFINITY, policy)).toBe(policy)
  })

  it('loses its time to be stale first, then its time to be fresh', () => {
    expect(within(60, policy)).toEqual({ ttlMs: 50, swrMs: 10, nullTtlMs: 40 })
    expect(within(50, policy)).toEqual({ ttlMs: 50, swrMs: 0, nullTtlMs: 40 })
    expect(within(30, policy)).toEqual({ ttlMs: 30, swrMs: 0, nullTtlMs: 30 })
  })

  it('adapts within it', () => {
    const adaptive = { minMs: 10, maxMs: 50, firstMs: 20 }
    expect(within(15, { ...policy, adaptive })).toMatchObject({ adaptive: { minMs: 10, maxMs: 15, firstMs: 15 } })
    expect(within(5, { ...policy, adaptive })).toMatchObject({ adaptive: { minMs: 5, maxMs: 5, firstMs: 5 } })
  })

  it('keeps what is not there no longer than it, also where `adaptive` makes the life of rows the shorter one', () => {
    expect(within(50, { ttlMs: 50, swrMs: 0, nullTtlMs: 90 })).toEqual({ ttlMs: 50, swrMs: 0, nullTtlMs: 50 })
    expect(within(60, { ttlMs: 20, swrMs: 30, nullTtlMs: 40 })).toEqual({ ttlMs: 20, swrMs: 20, nullTtlMs: 40 })
  })
})
