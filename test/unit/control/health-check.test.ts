import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { Alerts } from '../../../src/control/alerts.ts'
import { HealthCheck } from '../../../src/control/health-check.ts'
import { type CacheEventOf, EventHub } from '../../../src/events.ts'
import type { AlertOptions } from '../../../src/policy/options.ts'
import type { GuardedStore } from '../../../src/stores/guarded-store.ts'
import { holds } from '../../support/holds.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
})
afterEach(() => {
  vi.useRealTimers()
})

function start(options?: AlertOptions) {
  const events = new EventHub()
  const told: CacheEventOf<'health'>[] = []
  events.on('health', (event) => told.push(event))
  let described = 0
  const asked: { answer(): void; fail(error: Error): void }[] = []
  const store = {
    name: 'slow',
    ping: () => new Promise<void>((answer, fail) => asked.push({ answer, fail })),
    condition: () => ({ state: 'ok', undelivered: 0 }),
    servers: async () => {
      described += 1
      return []
    },
  } as unknown as GuardedStore
  const alerts = options && new Alerts(options, events, Date.now, () => store.condition())
  const check = new HealthCheck(1000, { store, events, alerts })
  const end = () => check.stop()
  const answered = async (how: (one: (typeof asked)[number]) => void) => {
    for (const one of asked) how(one)
    await holds(() => expect(told.length).toBeGreaterThan(0))
  }
  return { end, asked, told, answered, described: () => described }
}

it('asks one question at a time: a store that hangs is not asked again meanwhile', async () => {
  const { end, asked, told, answered } = start()
  vi.advanceTimersByTime(10_000)
  expect(asked).toHaveLength(1)
  await answered(({ answer }) => answer())
  expect(told).toMatchObject([{ state: 'ok', latencyMs: expect.any(Number) }])
  vi.advanceTimersByTime(10_000)
  expect(asked).toHaveLength(2)
  end()
})

it('tells of a store that does not answer, and goes on asking', async () => {
  const { end, asked, told, answered } = start()
  vi.advanceTimersByTime(1000)
  await answered(({ fail }) => fail(new Error('gone')))
  expect(told).toMatchObject([{ state: 'unavailable', latencyMs: null }])
  vi.advanceTimersByTime(1000)
  expect(asked).toHaveLength(2)
  end()
})

it('is over when it is ended: nothing is asked, and what was under way is not told', async () => {
  const { end, asked, told } = start()
  vi.advanceTimersByTime(1000)
  end()
  vi.advanceTimersByTime(10_000)
  expect(asked).toHaveLength(1)
  asked[0]?.answer()
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toEqual([])
  expect(vi.getTimerCount()).toBe(0)
})

it('asks servers what they use where somebody wants to know, and nobody else', async () => {
  for (const [options, times] of [[undefined, 0] as const, [{ memory: false }, 0] as const, [{}, 1] as const]) {
    const { end, answered, described } = start(options)
    vi.advanceTimersByTime(1000)
    await answered(({ answer }) => answer())
    expect(described()).toBe(times)
    end()
  }
})

it('keeps no process alive', () => {
  vi.useRealTimers()
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const before = timers()
  const { end } = start()
  expect(timers()).toBe(before)
  end()
})
