import { describe, expect, it } from 'vitest'
import { type CacheEvent, EventHub } from '../../src/events.ts'

const bypass = { type: 'bypass', model: 'User', operation: 'findMany', reason: 'not-enabled' } as const
const invalidate = { type: 'invalidate', tags: ['User'], cause: 'api', delivered: true } as const

/** A hub, and all that its listeners heard. */
function listened() {
  const hub = new EventHub()
  const heard: CacheEvent[] = []
  return { hub, heard, hear: (event: CacheEvent) => void heard.push(event) }
}

describe('a listener', () => {
  it('hears events of its type and no others', () => {
    const { hub, heard, hear } = listened()
    hub.on('bypass', hear)
    hub.emit(bypass)
    hub.emit(invalidate)
    expect(heard).toEqual([bypass])
  })

  it('of everything hears everything', () => {
    const { hub, heard, hear } = listened()
    hub.on('*', hear)
    hub.emit(bypass)
    hub.emit(invalidate)
    expect(heard).toEqual([bypass, invalidate])
  })

  it('hears nothing more once it was taken away, and may be taken away twice', () => {
    const { hub, heard, hear } = listened()
    const off = hub.on('bypass', hear)
    const other = hub.on('bypass', () => {})
    off()
    off()
    hub.emit(bypass)
    expect(heard).toEqual([])
    other()
  })

  it('may take itself away while it listens', () => {
    const { hub, heard, hear } = listened()
    const off = hub.on('bypass', (event) => {
      hear(event)
      off()
    })
    hub.on('bypass', hear)
    hub.emit(bypass)
    hub.emit(bypass)
    expect(heard).toHaveLength(3)
  })
})

describe('a listener that throws', () => {
  it('breaks neither the emitter nor the other listeners', () => {
    const { hub, heard, hear } = listened()
    hub.on('bypass', () => {
      throw new Error('mine')
    })
    hub.on('bypass', hear)
    hub.on('*', hear)
    hub.emit(bypass)
    expect(heard.filter(({ type }) => type === 'bypass')).toHaveLength(2)
  })

  it('is told once', () => {
    const { hub, heard, hear } = listened()
    const error = new Error('mine')
    hub.on('bypass', () => {
      throw error
    })
    hub.on('error', hear)
    hub.emit(bypass)
    expect(heard).toEqual([{ type: 'error', during: 'listener', error }])
  })

  it('of errors, or of everything, is not called for ever', () => {
    for (const type of ['error', '*'] as const) {
      const { hub } = listened()
      let calls = 0
      hub.on(type, () => {
        calls += 1
        throw new Error('again')
      })
      hub.emit(bypass)
      hub.emit({ type: 'error', during: 'fill', error: undefined })
      expect(calls).toBeLessThanOrEqual(3)
    }
  })

  it('later, being asynchronous, is told as well and ends no process', async () => {
    const { hub, heard, hear } = listened()
    const error = new Error('later')
    hub.on('bypass', async () => {
      await undefined
      throw error
    })
    hub.on('error', hear)
    const unhandled: unknown[] = []
    const note = (reason: unknown) => void unhandled.push(reason)
    const others = process.listeners('unhandledRejection')
    process.removeAllListeners('unhandledRejection').on('unhandledRejection', note)
    try {
      hub.emit(bypass)
      await new Promise(setImmediate)
      await new Promise(setImmediate)
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const other of others) process.on('unhandledRejection', other)
    }
    expect(unhandled).toEqual([])
    expect(heard).toEqual([{ type: 'error', during: 'listener', error }])
  })
})
