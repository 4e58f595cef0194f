import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabase, type Database } from '../support/databases.ts'
import { DOINGS } from '../support/doings.ts'
import { runScript } from '../support/run-script.ts'
import type { Mode } from './contestant.ts'
import type { Served } from './database-kinds.ts'
import { SCHEDULES } from './faults.ts'
import { type RunResult, run } from './run.ts'

/** Above so many seconds nothing is tried once more. */
const LONGEST = 12

// Short; `npm run check:histories` goes on for as long as one likes.
describe('several processes at once', () => {
  const databases = new Map<Served, Database>()
  beforeAll(async () => {
    for (const provider of ['postgresql', 'mysql'] as const) {
      const database = await createDatabase(provider)
      databases.set(provider, database)
      await runScript(database, DOINGS[provider])
    }
  })
  afterAll(async () => {
    for (const database of databases.values()) await database.drop()
  })

  const crew = { seed: 1, workers: 2, concurrency: 6, writes: 0.1 }
  const play = (provider: Served, name: string, mode: Mode, seconds: number, more = {}) =>
    run(SCHEDULES[name]!, { ...crew, seconds, mode, provider, database: databases.get(provider)!.url, ...more })

  /**
   * For so long, and where a busy machine did too little in that time to have tried anything, for longer. A violation in
   * any of the runs is one.
   */
  async function playEnough(
    seconds: number,
    play: (seconds: number) => Promise<RunResult>,
    isEnough: (result: RunResult) => boolean,
  ): Promise<RunResult> {
    const result = await play(seconds)
    return isEnough(result) || seconds > LONGEST ? result : playEnough(2 * seconds, play, isEnough)
  }

  it.each([
    ['postgresql', 'delays', 'default'],
    ['postgresql', 'redis-rolled-back', 'default'],
    ['postgresql', 'kill-at-commit', 'strict'],
    ['mysql', 'delays', 'default'],
    ['mysql', 'kill-at-commit', 'strict'],
  ] as const)('%s, %s, %s mode: nobody sees the past', async (provider, name, mode) => {
    const judged = async (seconds: number) => {
      const result = await play(provider, name, mode, seconds)
      expect(result.examples).toEqual([])
      expect(result.different).toEqual([])
      return result
    }
    const kills = name.startsWith('kill')
    const enough = (result: RunResult) =>
      result.reads > 200 &&
      result.writes - result.aborted > 10 &&
      // A new process takes seconds to start, and what a killed one held is not read meanwhile.
      (kills ? result.killed > 0 : result.hitRatio > 0.01)
    expect(await playEnough(name.startsWith('redis') ? 8 : 3, judged, enough)).toSatisfy(enough)
  })

  it('the control, a naive cache, is found guilty', async () => {
    // It is caught where a read and a write cross: many at once, and few enough writes that the past is read again.
    const naive = (seconds: number) => play('postgresql', 'delays', 'naive', seconds, { writes: 0.05, concurrency: 24 })
    const guilty = ({ violations }: RunResult) => violations.stale + violations.dirty + violations.torn > 0
    expect(await playEnough(6, naive, guilty)).toSatisfy(guilty)
  })
})
