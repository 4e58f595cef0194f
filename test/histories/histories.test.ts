import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type Database } from '../support/databases.ts'
import type { Mode } from './contestant.ts'
import { SCHEDULES } from './faults.ts'
import { run } from './run.ts'

// Short; `npm run check:histories` goes on for as long as one likes.
describe('several processes at once', () => {
  let database: Database<'postgresql'>
  beforeAll(async () => {
    database = await createDatabase('postgresql')
  })
  afterAll(() => database.drop())

  const crew = { seed: 1, workers: 2, concurrency: 6, writes: 0.1 }
  const play = (name: string, mode: Mode, seconds: number, more = {}) =>
    run(SCHEDULES[name]!, { ...crew, seconds, mode, database: database.url, ...more })

  it.each([
    ['delays', 'default'],
    ['redis-rolled-back', 'default'],
    ['kill-at-commit', 'strict'],
  ] as const)('%s, %s mode: nobody sees the past', { timeout: 90_000 }, async (name, mode) => {
    const result = await play(name, mode, name.startsWith('redis') ? 8 : 3)
    expect(result.examples).toEqual([])
    expect(result.different).toEqual([])
    // Else nothing was tried.
    expect(result.reads).toBeGreaterThan(200)
    expect(result.writes - result.aborted).toBeGreaterThan(10)
    // A new process takes seconds to start, and what a killed one held is not read meanwhile.
    if (!name.startsWith('kill')) expect(result.hitRatio).toBeGreaterThan(0.01)
    if (name.startsWith('kill')) expect(result.killed).toBeGreaterThan(0)
  })

  it('the control, a naive cache, is found guilty', { timeout: 90_000 }, async () => {
    // It is caught where a read and a write cross: many at once, and few enough writes that the past is read again.
    const { violations } = await play('delays', 'naive', 6, { writes: 0.05, concurrency: 24 })
    expect(violations.stale + violations.dirty + violations.torn).toBeGreaterThan(0)
  })
})
