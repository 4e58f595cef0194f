import { Redis } from 'ioredis'
import { findUnique } from './cases.ts'
import type { Contender, Opened } from './contender.ts'
import type { StepFigure } from './misses.ts'
import { type Step, timeInTurn } from './timing.ts'
import type { World } from './world.ts'

/** The measure of what an invalidation may cost. */
export const ROUND_TRIP = 'a PING, one round trip'

/** An update by id of a row that is cached, of each in turn; and a round trip to Redis, which is not a write. */
export async function measureWrites(
  world: World,
  contenders: readonly Contender[],
  turns: number,
): Promise<StepFigure[]> {
  const opened: Opened[] = []
  const redis = new Redis(world.redis.url)
  try {
    const steps: Step[] = []
    for (const { name, open } of contenders) {
      const one = await open(world)
      opened.push(one)
      if (!one.rename) continue
      steps.push({
        name,
        async before() {
          await one.read(findUnique.query(0))
          await one.settled()
        },
        // Who stores behind the answer is not done with the write when it is told, but `settled` may be a pause.
        run: async () => one.rename?.(1, `${Math.random()}`),
      })
    }
    steps.push({ name: ROUND_TRIP, run: () => redis.ping() })
    const costs = await timeInTurn(steps, turns)
    world.sql.clear()
    return costs.map((cost) => ({ ...cost, database: world.provider, case: 'update by id' }))
  } finally {
    redis.disconnect()
    for (const one of opened) await one.close()
  }
}
