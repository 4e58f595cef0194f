import { beforeEach, describe, expect, it } from 'vitest'
import { Alerts } from '../../../src/control/alerts.ts'
import { type CacheEvent, type CacheEventOf, EventHub } from '../../../src/events.ts'
import type { AlertOptions } from '../../../src/policy/options.ts'
import type { StoreCondition } from '../../../src/stores/guarded-store.ts'
import type { ServerInfo } from '../../../src/stores/store.ts'

let now: number
let hub: EventHub
let condition: StoreCondition
let told: string[]
beforeEach(() => {
  now = 1_000_000
  hub = new EventHub()
  condition = { state: 'ok', undelivered: 0 }
  told = []
})

function watch(options: AlertOptions = {}): Alerts {
  const alerts = new Alerts(
    { window: 100, minSamples: 10, ...options },
    hub,
    () => now,
    () => condition,
  )
  hub.on('alert', ({ alert, state, value, threshold, server }: CacheEventOf<'alert'>) => {
    told.push(
      [state, alert, Number(value.toPrecision(2)), 'of', threshold, server].filter((x) => x !== undefined).join(' '),
    )
  })
  return alerts
}
const read = { model: 'User', operation: 'count', key: 'k', tags: [], ageMs: 0, freshForMs: 1, tier: 'near' } as const
const emit = (event: unknown, times = 1) => {
  for (let i = 0; i < times; i += 1) hub.emit(event as CacheEvent)
}
const hits = (times: number, ms?: number) => emit({ type: 'hit', ...read, ms }, times)
const misses = (times: number, lookUpMs?: number) => emit({ type: 'miss', ...read, lookUpMs, ms: 9999 }, times)
const bypasses = (times: number, reason: string) => emit({ type: 'bypass', ...read, reason }, times)
const errors = (times: number, during = 'look-up') => emit({ type: 'error', during }, times)

describe('alerts', () => {
  it('are raised once, and resolved once', () => {
    const alerts = watch()
    hits(10)
    misses(10)
    alerts.check()
    alerts.check()
    misses(10)
    alerts.check()
    expect(alerts.raised()).toMatchObject([{ alert: 'hit-rate', value: 1 / 3, threshold: 0.7 }])
    hits(100)
    alerts.check()
    alerts.check()
    expect(told).toEqual(['raised hit-rate 0.5 of 0.7', 'resolved hit-rate 0.85 of 0.7'])
    expect(alerts.raised()).toEqual([])
  })

  it('look back as far as their window, and no further', () => {
    const alerts = watch()
    misses(20)
    alerts.check()
    now += 50_000
    hits(40)
    alerts.check()
    expect(told).toEqual(['raised hit-rate 0 of 0.7'])
    now += 50_000
    alerts.check()
    expect(told[1]).toBe('resolved hit-rate 1 of 0.7')
  })

  it('know nothing below the least number of samples, and leave things as they were', () => {
    const alerts = watch()
    misses(9)
    errors(9)
    alerts.check()
    expect(told).toEqual([])
    misses(1)
    alerts.check()
    expect(told).toEqual(['raised hit-rate 0 of 0.7', 'raised error-rate 0.9 of 0.05'])
    now += 1_000_000
    hits(9)
    alerts.check()
    expect(told).toHaveLength(2)
    expect(alerts.raised()).toHaveLength(2)
    hits(1)
    alerts.check()
    expect(told.slice(2)).toEqual(['resolved hit-rate 1 of 0.7', 'resolved error-rate 0 of 0.05'])
  })

  it('are looked at by the way, once in a tenth of the window', () => {
    watch()
    misses(20)
    expect(told).toEqual([])
    now += 10_000
    misses(1)
    expect(told).toEqual(['raised hit-rate 0 of 0.7'])
  })

  it('of faults count those of the cache beside its look-ups, not a listener’s', () => {
    const alerts = watch({ errorRate: 0.1 })
    hits(50)
    bypasses(50, 'not-enabled')
    bypasses(50, 'store-unavailable')
    errors(100, 'listener')
    errors(10)
    alerts.check()
    expect(told).toEqual([])
    errors(1)
    alerts.check()
    expect(told).toEqual(['raised error-rate 0.11 of 0.1'])
  })

  it('of look-ups are about one in twenty: of hits all of it, of misses the part before the query', () => {
    const alerts = watch({ lookUpMs: 10, hitRate: false })
    hits(95, 1)
    misses(5, 20)
    alerts.check()
    expect(told).toEqual([])
    misses(1, 20)
    alerts.check()
    expect(told).toHaveLength(1)
    // The p95, to within a fifth.
    const [raised] = alerts.raised()
    expect(raised).toMatchObject({ alert: 'look-up', threshold: 10 })
    expect(raised?.value).toBeGreaterThanOrEqual(20)
    expect(raised?.value).toBeLessThan(24)
    hits(50, 1)
    alerts.check()
    expect(told[1]).toMatch(/^resolved look-up 1(\.\d)? of 10$/)
  })

  it('of look-ups tell of the shortest and the longest as well', () => {
    const alerts = watch({ lookUpMs: 10, hitRate: false })
    misses(30, 1e9)
    alerts.check()
    expect(alerts.raised()[0]?.value).toBeGreaterThan(60_000)
    hits(1000, 0)
    alerts.check()
    expect(told[1]).toBe('resolved look-up 0.001 of 10')
  })

  it('of look-ups have reads timed, while they are wanted', () => {
    watch({ lookUpMs: false })
    expect(hub.since(hub.begin())).toBeUndefined()
    const alerts = watch()
    expect(hub.since(hub.begin())).toBeGreaterThanOrEqual(0)
    alerts.stop()
    expect(hub.since(hub.begin())).toBeUndefined()
  })

  it('of the store follow it at once', () => {
    const alerts = watch()
    condition = { state: 'unavailable', undelivered: 0 }
    emit({ type: 'store', ...condition })
    expect(told).toEqual(['raised unavailable 1 of 0'])
    condition = { state: 'undelivered', undelivered: 3 }
    alerts.check()
    expect(told[1]).toBe('raised undelivered 3 of 0')
    condition = { state: 'ok', undelivered: 0 }
    emit({ type: 'store', ...condition })
    expect(told.slice(2)).toEqual(['resolved unavailable 0 of 0', 'resolved undelivered 0 of 0'])
  })

  it('of memory are of each server that has a limit, and end with it', () => {
    const alerts = watch()
    const server = (address: string, usedBytes: number | null, maxBytes: number | null, error: string | null = null) =>
      ({ address, error, memory: { usedBytes, maxBytes } }) as ServerInfo
    alerts.checkMemory([server('a', 95, 100), server('b', 90, 100), server('c', 95, 0), server('d', null, null)])
    expect(told).toEqual(['raised memory 0.95 of 0.9 a'])
    alerts.checkMemory([server('a', null, null, 'gone for now')])
    expect(told).toHaveLength(1)
    alerts.checkMemory([server('a', 50, 100), server('b', 99, 100)])
    expect(told.slice(1)).toEqual(['resolved memory 0.5 of 0.9 a', 'raised memory 0.99 of 0.9 b'])
    alerts.checkMemory([server('a', 50, 100)])
    expect(told[3]).toBe('resolved memory 0.99 of 0.9 b')
  })

  it('that are switched off are not raised', () => {
    const off = {
      hitRate: false,
      errorRate: false,
      lookUpMs: false,
      memory: false,
      unavailable: false,
      undelivered: false,
    }
    const alerts = watch(off as AlertOptions)
    condition = { state: 'undelivered', undelivered: 3 }
    misses(50, 1000)
    errors(50)
    emit({ type: 'store', ...condition })
    alerts.checkMemory([{ address: 'a', error: null, memory: { usedBytes: 1, maxBytes: 1 } } as ServerInfo])
    alerts.check()
    expect(told).toEqual([])
    expect(alerts.watchesMemory).toBe(false)
  })

  it('are handed to a callback, whose own failure changes nothing', () => {
    const handed: unknown[] = []
    const alerts = watch({
      onAlert(alert) {
        handed.push(alert)
        throw new Error('mine')
      },
    })
    misses(20)
    alerts.check()
    alerts.check()
    expect(handed).toEqual([{ alert: 'hit-rate', state: 'raised', value: 0, threshold: 0.7 }])
    alerts.stop()
    misses(20)
    expect(handed).toHaveLength(1)
  })
})
