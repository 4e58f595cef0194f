import { describe, expect, it } from 'vitest'
import { Statistics } from '../../../src/control/stats.ts'
import { type CacheEvent, EventHub } from '../../../src/events.ts'

const read = { model: 'User', operation: 'findMany', key: 'k' }
const tags = ['User']
const one: { readonly [type in CacheEvent['type']]: CacheEvent } = {
  hit: { type: 'hit', ...read, ageMs: 1, freshForMs: 1, tier: 'near', tags },
  stale: { type: 'stale', ...read, ageMs: 1, freshForMs: 0, tier: 'far', tags },
  miss: { type: 'miss', ...read, tags, cause: 'absent', coalesced: false, freshForMs: 1 },
  bypass: { type: 'bypass', model: 'User', operation: 'findMany', reason: 'not-enabled' },
  fill: { type: 'fill', ...read, bytes: 1, ttlMs: 1 },
  'fill-skipped': { type: 'fill-skipped', ...read, reason: 'oversize' },
  invalidate: { type: 'invalidate', tags, cause: 'write', delivered: true, model: 'User', operation: 'create' },
  error: { type: 'error', during: 'look-up', error: undefined },
  verify: { type: 'verify', outcome: 'fresh', ...read, ageMs: 1 },
  store: { type: 'store', state: 'unavailable', undelivered: 0 },
  plan: { type: 'plan', ...read, dependencies: [] },
  alert: { type: 'alert', alert: 'hit-rate', state: 'raised', value: 0.5, threshold: 0.7 },
  health: { type: 'health', state: 'ok', latencyMs: 1, undelivered: 0 },
  'entry-invalidated': { type: 'entry-invalidated', ...read, tags, by: null },
  admission: { type: 'admission', state: 'refused', model: 'User', operation: 'findMany', form: 'where{id}' },
  catalogue: { type: 'catalogue', state: 'known', source: 'database', unclear: [] },
  warm: { type: 'warm', name: 'a', state: 'progress', done: 1, total: 2, ms: 1 },
  audit: { type: 'audit', ...read, status: 'hit', at: 1, scope: 'tenant' },
  admin: { type: 'admin', action: 'clear', actor: null, outcome: 'done', keyCount: 1 },
}
const nothing = { hit: 0, stale: 0, miss: 0, bypass: 0, fill: 0, skippedFills: 0, invalidate: 0, error: 0 }

function counted(...events: CacheEvent[]) {
  const hub = new EventHub()
  const statistics = new Statistics(hub)
  for (const event of events) hub.emit(event)
  return statistics.snapshot({ state: 'ok', undelivered: 0 }, null)
}

describe('statistics', () => {
  it('tell the share of verified hits that was not stale, and how often the store was left alone', () => {
    const verified = (outcome: 'fresh' | 'stale') => ({ type: 'verify', outcome, ...read, ageMs: 1 }) as const
    const suspended = { type: 'store', state: 'undelivered', undelivered: 1 } as const
    const stats = counted(verified('fresh'), verified('fresh'), verified('fresh'), verified('stale'), suspended, {
      ...suspended,
      state: 'ok',
    })
    expect(stats).toMatchObject({
      verified: { fresh: 3, late: 0, stale: 1 },
      freshness: 0.75,
      store: { suspensions: 1, lost: 0 },
    })
  })

  it('begin at nothing', () => {
    expect(counted()).toEqual({
      totals: nothing,
      hitRatio: null,
      models: {},
      forms: { admitted: 0, refused: 0 },
      bypasses: {},
      verified: { fresh: 0, late: 0, stale: 0 },
      freshness: null,
      store: { state: 'ok', undelivered: 0, suspensions: 0, lost: 0 },
      local: null,
      alerts: [],
    })
  })

  it('count every kind of event', () => {
    expect(counted(...Object.values(one)).totals).toEqual({
      hit: 1,
      stale: 1,
      miss: 1,
      bypass: 1,
      fill: 1,
      skippedFills: 1,
      invalidate: 1,
      error: 1,
    })
  })

  it('count by model and operation, where an event has them', () => {
    const { models } = counted(
      one.hit,
      one.hit,
      one.miss,
      { ...one.miss, model: 'Post' } as CacheEvent,
      one.invalidate,
      one.error,
    )
    expect(models).toEqual({
      User: { findMany: { ...nothing, hit: 2, miss: 1 }, create: { ...nothing, invalidate: 1 } },
      Post: { findMany: { ...nothing, miss: 1 } },
    })
  })

  it('say how many of the reads that asked the cache it answered: bypasses did not ask', () => {
    expect(counted(one.hit, one.stale, one.miss, one.miss, one.bypass, one.bypass).hitRatio).toBe(0.5)
    expect(counted(one.bypass).hitRatio).toBeNull()
  })

  it('say why reads bypassed', () => {
    const other: CacheEvent = { type: 'bypass', model: 'User', operation: 'count', reason: 'call-disabled' }
    expect(counted(one.bypass, one.bypass, other).bypasses).toEqual({ 'not-enabled': 2, 'call-disabled': 1 })
  })

  it('tell reads without a ttl apart, beside the writes of their model', () => {
    const hub = new EventHub()
    const statistics = new Statistics(hub)
    for (const event of [one.bypass, one.bypass, one.invalidate, one.hit]) hub.emit(event)
    hub.emit({ type: 'bypass', model: 'User', operation: 'count', reason: 'call-disabled' })
    expect(statistics.uncached()).toEqual([{ model: 'User', operation: 'findMany', reads: 2, writes: 1 }])
  })

  it('that were handed out change nothing, and do not change', () => {
    const hub = new EventHub()
    const statistics = new Statistics(hub)
    hub.emit(one.hit)
    const first = statistics.snapshot({ state: 'ok', undelivered: 0 }, null)
    ;(first.totals as { hit: number }).hit = 100
    ;(first.models['User']?.['findMany'] as { hit: number }).hit = 100
    hub.emit(one.hit)
    expect(statistics.snapshot({ state: 'ok', undelivered: 0 }, null)).toMatchObject({
      totals: { hit: 2 },
      models: { User: { findMany: { hit: 2 } } },
    })
    expect(first.totals.hit).toBe(100)
  })
})
