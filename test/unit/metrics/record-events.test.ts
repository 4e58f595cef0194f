import { describe, expect, it } from 'vitest'
import { type CacheEvent, EventHub } from '../../../src/events.ts'
import { type RecordOptions, recordEvents } from '../../../src/metrics/record-events.ts'

function recorded(options: Partial<RecordOptions> = {}) {
  const hub = new EventHub()
  const source = { on: hub.on.bind(hub), stats: () => expect.unreachable(), info: () => expect.unreachable() }
  const seconds: [string, number][] = []
  const recording = recordEvents(source as never, {
    byModel: true,
    times: (histogram, labels) => (time) =>
      void seconds.push([`${histogram} ${Object.values(labels).join(' ')}`, time]),
    ...options,
  })
  return { recording, seconds, emit: (event: unknown) => hub.emit(event as CacheEvent) }
}
const read = { model: 'User', operation: 'count', key: 'k', tags: [], ageMs: 0, freshForMs: 1 }
const hit = { type: 'hit', tier: 'near', ...read }

describe('the record of events', () => {
  it('has one series for reads that were answered alike, and times of those that were measured', () => {
    const { recording, seconds, emit } = recorded()
    emit({ ...hit, ms: 2 })
    emit({ ...hit, ms: 4 })
    emit(hit)
    emit({ ...hit, type: 'stale', ms: 1 })
    emit({ ...hit, tier: 'far', ms: 1 })
    const counts = [...recording.counts.all('hits')].map(({ labels, value }) => [
      labels['result'],
      labels['tier'],
      value,
    ])
    expect(counts).toEqual([
      ['hit', 'near', 3],
      ['stale', 'near', 1],
      ['hit', 'far', 1],
    ])
    expect(seconds.slice(0, 4)).toEqual([
      ['responseTime User count near hit', 0.002],
      ['lookUpTime hit', 0.002],
      ['responseTime User count near hit', 0.004],
      ['lookUpTime hit', 0.004],
    ])
    expect(seconds).toHaveLength(8)
  })

  it('counts what is no model of a schema as `other`, hits included', () => {
    const { recording, emit } = recorded()
    for (let i = 0; i < 300; i += 1) {
      emit({ ...hit, model: `Model${i}` })
      emit({ type: 'invalidate', tags: ['t'], cause: 'api', delivered: true, model: `Model${i}` })
    }
    const hits = [...recording.counts.all('hits')]
    expect(hits).toHaveLength(201)
    expect(hits.find(({ labels }) => labels['model'] === 'other')?.value).toBe(100)
    expect([...recording.counts.all('invalidations')]).toHaveLength(201)
  })

  it('has a hit rate of the last five minutes', () => {
    let now = 0
    const { recording, emit } = recorded({ clock: () => now })
    expect(recording.hitRate()).toBeUndefined()
    emit({ ...hit, type: 'miss', cause: 'absent', coalesced: false })
    expect(recording.hitRate()).toBe(0)
    now += 4 * 60_000
    for (let i = 0; i < 3; i += 1) emit(hit)
    expect(recording.hitRate()).toBe(0.75)
    now += 2 * 60_000
    expect(recording.hitRate()).toBe(1)
    now += 5 * 60_000
    expect(recording.hitRate()).toBeUndefined()
  })

  it('ends', () => {
    const { recording, emit } = recorded()
    recording.stop()
    emit(hit)
    expect([...recording.counts.all('hits')]).toEqual([])
  })
})
