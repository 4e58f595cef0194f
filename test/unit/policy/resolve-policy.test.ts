import { describe, expect, it } from 'vitest'
import { CacheConfigError } from '../../../src/errors.ts'
import type { CacheOptions } from '../../../src/policy/options.ts'
import { known, Policies, type ReadCache } from '../../../src/policy/resolve-policy.ts'
import { graphOf, testSchema } from '../query/graph-of.ts'

const shop = graphOf(testSchema)
const policiesOf = (options: CacheOptions) => new Policies(options, shop)
const resolve = (options: CacheOptions, cache?: ReadCache, operation = 'findMany') =>
  policiesOf(options).resolve('User', operation, cache)

describe('without a configuration', () => {
  it('nothing is cached unless the call asks', () => {
    expect(resolve({})).toBe('not-enabled')
    expect(resolve({}, false)).toBe('call-disabled')
  })

  it('a call that asks is cached for a minute', () => {
    expect(resolve({}, true)).toEqual({
      ttlMs: 60_000,
      swrMs: 0,
      nullTtlMs: 60_000,
      jitter: 0.1,
      earlyRefresh: 0,
      userTags: [],
      key: undefined,
      refresh: false,
      isShared: false,
    })
    expect(resolve({}, {})).toEqual(resolve({}, true))
  })
})

describe('a policy is laid together from', () => {
  const options: CacheOptions = {
    defaults: { ttl: 10, swr: 1, jitter: 0 },
    models: { User: { ttl: 20, swr: 2, operations: { count: { ttl: 30 }, groupBy: false } }, Post: {}, Tag: false },
  }

  it('defaults ← model ← operation ← call, each time by time', () => {
    const layers = (model: string, operation: string, cache?: ReadCache) => {
      const policy = policiesOf(options).resolve(model, operation, cache)
      return typeof policy === 'string' ? policy : [policy.ttlMs, policy.swrMs]
    }
    expect(layers('Comment', 'findMany')).toEqual([10_000, 1000])
    expect(layers('Post', 'findMany')).toEqual([10_000, 1000])
    expect(layers('User', 'findMany')).toEqual([20_000, 2000])
    expect(layers('User', 'count')).toEqual([30_000, 2000])
    expect(layers('User', 'count', { ttl: 40 })).toEqual([40_000, 2000])
    expect(layers('User', 'count', { swr: 4 })).toEqual([30_000, 4000])
    expect(layers('User', 'count', true)).toEqual([30_000, 2000])
    expect(layers('User', 'groupBy')).toBe('operation-disabled')
    expect(layers('Tag', 'findMany')).toBe('model-disabled')
  })

  it('and what is undefined in one of them is not said there', () => {
    const said = resolve({
      defaults: { ttl: 10 },
      models: { User: { ttl: undefined, operations: { findMany: { ttl: undefined } } } },
    })
    expect(said).toMatchObject({ ttlMs: 10_000 })
    expect(resolve(options, { ttl: undefined })).toMatchObject({ ttlMs: 20_000 })
  })

  it('nothing that a call says opens what the configuration closed', () => {
    expect(policiesOf(options).resolve('Tag', 'findMany', true)).toBe('model-disabled')
    expect(policiesOf(options).resolve('User', 'groupBy', { ttl: 60 })).toBe('operation-disabled')
  })

  it('0 switches off, and a call may ask all the same', () => {
    const off: CacheOptions = { defaults: { ttl: 10 }, models: { User: { ttl: 0 } } }
    expect(resolve(off)).toBe('not-enabled')
    expect(resolve(off, true)).toMatchObject({ ttlMs: 60_000 })
    expect(resolve(off, { swr: 5 })).toMatchObject({ ttlMs: 60_000, swrMs: 5000 })
    expect(resolve(off, { ttl: 0 })).toBe('call-disabled')
    expect(resolve(off, { ttl: 5 })).toMatchObject({ ttlMs: 5000 })
  })
})

describe('nulls', () => {
  it.each([
    [{}, 600, 60_000],
    [{ nullTtl: 5 }, 600, 5000],
    [{ nullTtl: 600 }, 60, 60_000],
    [{ nullTtl: 0 }, 60, 0],
  ])('%j with a ttl of %d s are kept for %d ms, never longer than rows', (defaults, ttl, expected) => {
    expect(resolve({ defaults: { ...defaults, ttl } })).toMatchObject({ nullTtlMs: expected })
  })
})

describe('the application’s tags', () => {
  it('of model and call add up, sorted, each once: their order is no other entry', () => {
    const tags = (cache: ReadCache) => resolve({ models: { User: { ttl: 1, tags: ['team', 'b'] } } }, cache)
    expect(tags(undefined)).toMatchObject({ userTags: ['#b', '#team'] })
    expect(tags({ tags: ['z', 'a', 'team', 'a'] })).toMatchObject({ userTags: ['#a', '#b', '#team', '#z'] })
  })
})

describe('what only a call can say', () => {
  it('is a name of its own and to ask the database', () => {
    expect(resolve({}, { key: 'mine', refresh: true })).toMatchObject({ key: 'mine', refresh: true })
  })
})

describe('the longest life of an entry', () => {
  it.each<[CacheOptions, number]>([
    [{}, 60_000],
    [{ defaults: { ttl: 100, swr: 20 } }, 120_000],
    [{ models: { User: { ttl: 100 }, Post: false, Tag: { ttl: 90, swr: 30 } } }, 120_000],
    [{ models: { User: { ttl: 1, operations: { count: { ttl: 500 }, groupBy: false } } } }, 500_000],
  ])('%j: %d ms', (options, expected) => {
    expect(policiesOf(options).longestMs).toBe(expected)
  })
})

describe('names', () => {
  it.each<[CacheOptions, string, string]>([
    [{ models: { user: { ttl: 1 } } }, 'models.user', 'Did you mean User?'],
    [{ models: { Usr: false } }, 'models.Usr', 'The schema has User, Profile, Post'],
    [{ models: { User: { dependsOn: ['post'] } } }, 'models.User.dependsOn', 'Did you mean Post?'],
    [{ models: { User: { neverCache: ['passwordHash'] } } }, 'models.User.neverCache', 'It has id, email'],
    [{ raw: [{ match: 'a' }, { match: 'b', reads: ['X'] }] }, 'raw.1.reads', 'The schema has'],
    [{ raw: [{ match: 'a', writes: ['tag'] }] }, 'raw.0.writes', 'Did you mean Tag?'],
  ])('%j is refused where the schema has no such name', (options, option, fix) => {
    expect(() => policiesOf(options)).toThrow(expect.objectContaining({ option, name: 'CacheConfigError' }))
    expect(() => policiesOf(options)).toThrow(fix)
  })

  it('that every object has are no models', () => {
    expect(() => policiesOf({ models: { constructor: { ttl: 1 } } as CacheOptions['models'] & object })).toThrow(
      CacheConfigError,
    )
    expect(() => known(shop, 'x', 'toString')).toThrow(CacheConfigError)
    expect(policiesOf({ defaults: { ttl: 1 } }).resolve('User', 'constructor', undefined)).toMatchObject({
      ttlMs: 1000,
    })
  })

  it('that the schema has are found', () => {
    expect(known(shop, 'x', 'User').name).toBe('User')
  })
})

describe('a lease', () => {
  const leases = (lease: CacheOptions['lease'], ofUser?: CacheOptions['lease']) => {
    const policies = policiesOf({ lease, models: { User: { lease: ofUser } } })
    return [policies.lease('User'), policies.lease('Post'), policies.lease('$raw')]
  }
  const usual = { waitMs: 500, leaseMs: 2000, minQueryMs: 20 }

  it('is taken unless it is said not to be', () => {
    expect(leases(undefined)).toEqual([usual, usual, usual])
    expect(leases(false)).toEqual([undefined, undefined, undefined])
  })

  it('is what the model says, where it says something', () => {
    expect(leases(undefined, false)).toEqual([undefined, usual, usual])
    expect(leases(false, true)).toEqual([usual, undefined, undefined])
    expect(leases({ waitMs: 100 }, { minQueryMs: 0 })).toEqual([
      { waitMs: 100, leaseMs: 2000, minQueryMs: 0 },
      { waitMs: 100, leaseMs: 2000, minQueryMs: 20 },
      { waitMs: 100, leaseMs: 2000, minQueryMs: 20 },
    ])
  })
})

describe('an adaptive life', () => {
  const bounds = { min: 10, max: 600 }
  const of = (options: CacheOptions, cache?: ReadCache, operation = 'findMany') => {
    const policy = resolve(options, cache, operation)
    return typeof policy === 'string' ? policy : [policy.ttlMs, policy.adaptive]
  }

  it('begins with the `ttl`, and is accepted up to its longest', () => {
    const adaptive = { minMs: 10_000, maxMs: 600_000, firstMs: 60_000 }
    expect(of({ defaults: { ttl: 60, adaptive: bounds } })).toEqual([600_000, adaptive])
    expect(of({ defaults: { ttl: 60 }, models: { User: { adaptive: bounds } } })).toEqual([600_000, adaptive])
    expect(policiesOf({ defaults: { ttl: 60, swr: 5, adaptive: bounds } }).longestMs).toBe(605_000)
  })

  it('is not of a `ttl` that is said nearer to the call', () => {
    const options: CacheOptions = {
      defaults: { ttl: 60, adaptive: bounds },
      models: { User: { operations: { count: { ttl: 5 } } } },
    }
    expect(of(options, { ttl: 7 })).toEqual([7000, undefined])
    expect(of(options, undefined, 'count')).toEqual([5000, undefined])
    expect(of(options, true)).toEqual([600_000, expect.anything()])
  })
})
