import type { Contender } from './contender.ts'
import { farFloor, floor, hook, plainPrisma } from './floors.ts'
import { FAR, NEAR, ours, type Package, SUBSCRIBED, VALIDATED } from './ours.ts'
import { bentoRedis, bentoTiered, byHand, extensionRedis } from './peers.ts'

/** For all that is asked, and not much more: `lru-cache` allocates for as many at once. */
const ROOM = { maxEntries: 1 << 15, maxBytes: 1 << 30 }

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
    ours(built, NEAR, 'memory', () => ({ store: store(ROOM) })),
    ours(built, FAR, 'redis', ({ redis }) => ({ redis: redis.url })),
    ours(built, VALIDATED, 'redis', ({ redis }) => ({ redis: redis.url, near: 'revalidate' })),
    ours(built, SUBSCRIBED, 'redis', ({ redis }) => ({ redis: redis.url, near: 'push' })),
  ]
}
