import { beforeEach, describe, expect, it } from 'vitest'
import { Recorder } from '../../../../src/admin/recorder/recorder.ts'
import { EventHub } from '../../../../src/events.ts'

const HOUR = 3_600_000
let hub: EventHub
let now: number
let recorder: Recorder

beforeEach(() => {
  hub = new EventHub()
  now = 1_700_000_000_000
  recorder = new Recorder(hub, () => now)
})

const about = (key = 'k', model = 'User') => ({ model, operation: 'findMany', key })
const hit = (key?: string, ms = 1, model?: string) =>
  ({ type: 'hit', ...about(key, model), ageMs: 1, freshForMs: 1, tier: 'far', tags: [], ms }) as const
const miss = (key?: string, ms = 10) =>
  ({
    type: 'miss',
    ...about(key),
    tags: [],
    cause: 'absent',
    coalesced: false,
    freshForMs: 1,
    ms,
    lookUpMs: 1,
  }) as const
const sum = (column: readonly number[]) => column.reduce((one, other) => one + other, 0)

describe('what a cache does', () => {
  it('is counted in steps of time, of the last hour', () => {
    for (let i = 0; i < 3 * 720; i += 1) {
      hub.emit(hit())
      if (i % 2 === 0) hub.emit(miss())
      now += 5000
    }
    now -= 5000
    const { series } = recorder.activity(3600)
    expect(series.at).toHaveLength(180)
    expect(series.stepSeconds).toBe(20)
    expect(series.at.at(-1)).toBe(Math.floor(now / 20_000) * 20)
    expect(new Set(series.hit.slice(0, -1))).toEqual(new Set([4]))
    expect(new Set(series.miss.slice(0, -1))).toEqual(new Set([2]))
    const short = recorder.activity(300).series
    expect([short.at.length, short.stepSeconds, sum(short.hit)]).toEqual([60, 5, 60])
  })

  it('is forgotten after an hour, also when nothing happens', () => {
    hub.emit(hit())
    hub.emit(miss())
    now += HOUR + 60_000
    const { series, operations, topKeys, slowMisses } = recorder.activity(3600)
    expect(sum(series.hit)).toBe(0)
    expect({ operations, slowMisses }).toEqual({ operations: [], slowMisses: [] })
    expect(topKeys).toEqual([])
  })

  it('takes time, of which the middle and the long end are told', () => {
    for (let i = 1; i <= 100; i += 1) {
      hub.emit(hit('k', i / 10))
      hub.emit(miss('k', i))
    }
    const { series } = recorder.activity(300)
    const within = (value: number | null | undefined, wanted: number) =>
      expect(Math.abs((value as number) / wanted - 1)).toBeLessThan(0.15)
    within(series.hitP50.at(-1), 5)
    within(series.hitP95.at(-1), 9.5)
    within(series.missP50.at(-1), 50)
    within(series.missP95.at(-1), 95)
    expect(series.hitP50[0]).toBeNull()
  })

  it('is told by operation with what reads typically take, and what hits spared', () => {
    for (let i = 0; i < 100; i += 1) hub.emit(hit('k', 1))
    hub.emit(miss('k', 1000))
    const judged = () => recorder.activity(300).operations[0]
    // By one miss, the first of a process above all, nothing is judged.
    expect(judged()).toMatchObject({ hit: 100, miss: 1, savedMs: null })
    for (let i = 0; i < 7; i += 1) hub.emit(miss('k', 10))
    const { hitMs, missMs, savedMs } = judged() ?? {}
    expect(hitMs).toBeCloseTo(1)
    // The mean would be 134, and say that 13 s were spared.
    expect(missMs).toBeCloseTo(10 ** (1 + 2 / 8))
    expect(savedMs).toBeCloseTo(100 * (10 ** (1 + 2 / 8) - 1))
  })

  it('is told of one operation over time, when it is asked for', () => {
    for (let i = 0; i < 15; i += 1) {
      hub.emit(hit('k', 2))
      hub.emit(hit('k', 2, 'Post'))
      if (i >= 12) hub.emit(miss('k', 50))
      now += 60_000
    }
    now -= 60_000
    const { of } = recorder.activity(900, 'User.findMany')
    expect(of).toMatchObject({ model: 'User', operation: 'findMany', stepSeconds: 20 })
    expect([of?.at.length, of?.at.at(-1), sum(of?.hit ?? []), sum(of?.miss ?? [])]).toEqual([
      45,
      Math.floor(now / 20_000) * 20,
      15,
      3,
    ])
    expect([of?.hitMs.at(-1), of?.missMs.at(-1)].map((ms) => Math.round(ms ?? 0))).toEqual([2, 50])
    expect([of?.hitMs.at(-2), of?.missMs.at(-2)]).toEqual([null, null])
    expect([recorder.activity(900).of, recorder.activity(900, 'Nobody.at.all').of]).toEqual([null, null])
  })

  it('is told by operation, the busiest first', () => {
    hub.emit({ type: 'bypass', model: 'Tag', operation: 'count', reason: 'write-in-progress' })
    for (let i = 0; i < 3; i += 1) hub.emit(miss())
    const { operations } = recorder.activity(300)
    expect(operations.map(({ model, miss, bypass }) => [model, miss, bypass])).toEqual([
      ['User', 3, 0],
      ['Tag', 0, 1],
    ])
  })

  it('names the keys that are hit most of late', () => {
    for (let i = 0; i < 100; i += 1) hub.emit(hit('early'))
    now += 30 * 60_000
    for (let i = 0; i < 10; i += 1) hub.emit(hit('late'))
    hub.emit({ type: 'fill', ...about('late'), bytes: 77, ttlMs: 1 })
    const { topKeys } = recorder.activity(300)
    expect(topKeys.map(({ key, hits, bytes }) => [key, hits, bytes])).toEqual([
      ['late', 10, 77],
      ['early', 100, null],
    ])
  })

  it('says how often a key that is hit steadily is hit', () => {
    for (let i = 0; i < 3600; i += 1) {
      hub.emit(hit())
      now += 1000
    }
    expect(recorder.activity(300).topKeys[0]?.perMinute).toBeCloseTo(60, 0)
  })

  it('says so of a key that has just come as well, and multiplies nothing', () => {
    for (let i = 0; i < 10; i += 1) hub.emit(hit('once'))
    expect(Math.round(recorder.activity(300).topKeys[0]?.perMinute ?? 0)).toBe(11)
    for (let i = 0; i < 120; i += 1) {
      now += 1000
      hub.emit(hit('steady'))
    }
    expect(recorder.activity(300).topKeys[0]?.perMinute).toBeGreaterThan(58)
    expect(recorder.activity(300).topKeys[0]?.perMinute).toBeLessThan(62)
  })

  it('names the slowest misses, one a key, of the time that is asked for', () => {
    for (const ms of [5, 500, 50]) hub.emit(miss('once', ms))
    hub.emit(miss('slow', 900))
    now += 10 * 60_000
    for (let i = 0; i < 100; i += 1) hub.emit(miss(`n${i}`, i))
    expect(
      recorder
        .activity(3600)
        .slowMisses.slice(0, 3)
        .map(({ key, ms }) => [key, ms]),
    ).toEqual([
      ['slow', 900],
      ['once', 500],
      ['n99', 99],
    ])
    const recent = recorder.activity(300).slowMisses
    expect([recent.length, recent[0]?.key, recent[0]?.lookUpMs]).toEqual([20, 'n99', 1])
  })

  it('names the writes that drop most', () => {
    const drop = (model: string, by: { cause: string; model?: string; operation?: string } | null) =>
      hub.emit({ type: 'entry-invalidated', ...about('k', model), tags: ['User'], by: by && { ...by, at: now } })
    for (let i = 0; i < 3; i += 1) drop('Post', { cause: 'write', model: 'User', operation: 'update' })
    drop('User', { cause: 'write', model: 'User', operation: 'update' })
    drop('User', { cause: 'api' })
    drop('User', null)
    const { blame, drops } = recorder.activity(300)
    expect(blame).toEqual([
      { by: 'write User.update', drops: 4, models: ['Post', 'User'] },
      { by: null, drops: 1, models: ['User'] },
      { by: 'api', drops: 1, models: ['User'] },
    ])
    expect([drops.length, drops[0]?.by]).toEqual([6, null])
  })

  it('tells of faults in a line, of the store, and of operators', () => {
    hub.emit({ type: 'error', during: 'fill', error: new Error('no\nstack') })
    hub.emit({ type: 'store', state: 'undelivered', undelivered: Number.POSITIVE_INFINITY })
    hub.emit({ type: 'admin', action: 'clear', actor: 'ada', outcome: 'done', keyCount: 7 })
    hub.emit({ type: 'admin', action: 'invalidate', actor: null, outcome: 'done', tagCount: 1, keyCount: 1 })
    hub.emit({ type: 'alert', state: 'raised', alert: 'hit-rate', value: 0.41234, threshold: 0.7 })
    hub.emit({ type: 'verify', ...about('old'), ageMs: 1500, outcome: 'stale' })
    hub.emit({ type: 'verify', ...about('good'), ageMs: 1500, outcome: 'fresh' })
    expect(recorder.activity(300).notes.map(({ kind, text }) => [kind, text])).toEqual([
      ['stale', 'User.findMany differed from the database, 1.5 s old, and nothing had invalidated it: old'],
      ['alert', 'hit-rate raised: 0.412, threshold 0.7'],
      ['admin', 'invalidate done: 1 tag invalidated, 1 entry removed'],
      ['admin', 'clear done, by ada: 7 entries removed'],
      ['store', 'all invalidations wait to be delivered: reads go to the database'],
      ['error', 'fill: no'],
    ])
  })

  it('is no longer listened to in the end', () => {
    recorder.end()
    hub.emit(hit())
    expect(recorder.activity(300).operations).toEqual([])
  })
})

it('keeps no more than it may, whatever comes', () => {
  for (let i = 0; i < 20_000; i += 1) {
    const key = `key ${i}`
    hub.emit({ ...hit(key), model: `M${i % 5000}` })
    hub.emit(miss(key, i))
    hub.emit({ type: 'entry-invalidated', ...about(key), tags: Array(500).fill('t'), by: null })
    hub.emit({ type: 'invalidate', tags: Array(500).fill('t'), cause: 'api', delivered: true })
    hub.emit({ type: 'error', during: 'fill', error: new Error('x'.repeat(10_000)) })
    now += 10
  }
  const activity = recorder.activity(3600)
  expect(activity.operations.length).toBeLessThanOrEqual(1000)
  expect(activity.topKeys).toHaveLength(50)
  expect(activity.drops).toHaveLength(50)
  expect(activity.invalidations[0]).toMatchObject({ tagCount: 500, tags: { length: 20 } })
  expect(JSON.stringify(activity).length).toBeLessThan(400_000)
})
