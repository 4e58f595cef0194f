import type { Contender } from './contender.ts'
import { farFloor, floor, hook, plainPrisma } from './floors.ts'
import { ours, type Package } from './ours.ts'
import { bentoRedis, bentoTiered, byHand, extensionRedis } from './peers.ts'

/** Everybody, in the order of the tables. */
export function contenders(built: Package): readonly Contender[] {
  const store = built.memoryStore
  return [
    plainPrisma,
    hook,
    floor,
    farFloor,
    byHand,
    extensionRedis,
    bentoRedis,
    bentoTiered,
    ours(built, 'memory', 'memory', () => ({ store: store({ maxEntries: 1 << 18, maxBytes: 1 << 30 }) })),
    ours(built, 'redis', 'redis', ({ redis }) => ({ redis: redis.url })),
  ]
}
