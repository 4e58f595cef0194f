import { Redis } from 'ioredis'
import type { CacheControl, CacheOptions } from '../../src/index.ts'
import { noOperation } from '../compare/floors.ts'
import { OPTIONS, type Package } from '../compare/ours.ts'
import { cachedByExtensionRedis, pause } from '../compare/peers.ts'
import { freshPrefix } from '../environment.ts'
import { perform } from '../precision/replay.ts'
import type { ExtensibleClient, ShopClient } from '../precision/shop-client.ts'
import type { Call, TracedRead, TracedWrite } from '../precision/trace.ts'

export interface Contender {
  readonly name: string
  /** Its stale answers are faults, and its values must be those of plain Prisma, types included. */
  readonly isOurs: boolean
  open(plain: ExtensibleClient, redisUrl: string, built: Package): Opened
}

/** A contender at work, with a store that is nobody else's. */
export interface Opened {
  perform(call: Call): PromiseLike<unknown>
  hitRatio(): number | undefined
  /** Errors that the cache told of, by what it was doing. */
  readonly errors: ReadonlyMap<string, number>
  /** Resolves when nothing is being stored. */
  settled(): Promise<void>
  close(): Promise<void>
}

export const PLAIN = 'plain'
export const NO_OPERATION = 'no-op extension'

/** In the order of the tables. */
export const CONTENDERS: readonly Contender[] = [
  { name: PLAIN, isOurs: false, open: (plain) => uncached(plain) },
  { name: NO_OPERATION, isOurs: false, open: (plain) => uncached(plain.$extends(noOperation) as ShopClient) },
  ours('ours, memory', () => ({})),
  ours('ours, redis', (redis) => ({ redis })),
  ours('ours, L1 + L2', (redis) => ({ redis, near: 'push' })),
  { name: 'cache-aside by hand', isOurs: false, open: byHand },
  {
    name: 'prisma-extension-redis',
    isOurs: false,
    open(plain, redisUrl) {
      const redis = new Redis(redisUrl)
      const client = plain.$extends(cachedByExtensionRedis(redis)) as unknown as ShopClient
      return { ...uncached(client), settled: pause, close: async () => redis.disconnect() }
    },
  },
]

const NO_ERRORS: ReadonlyMap<string, number> = new Map()

function uncached(client: ShopClient): Opened {
  return {
    perform: (call) => perform(client, call),
    hitRatio: () => undefined,
    errors: NO_ERRORS,
    settled: async () => {},
    close: async () => {},
  }
}

/** This package; what `place` does not name is as a user has it who changes nothing, but for the life of entries. */
function ours(name: string, place: (redis: string) => Pick<CacheOptions, 'redis' | 'near'>): Contender {
  return {
    name,
    isOurs: true,
    open(plain, redisUrl, { cacheExtension }) {
      const options = { ...OPTIONS, ...place(redisUrl), prefix: freshPrefix() }
      const client = plain.$extends(cacheExtension(options)) as ShopClient & { readonly $cache: CacheControl }
      const errors = new Map<string, number>()
      client.$cache.on('error', ({ during }) => errors.set(during, (errors.get(during) ?? 0) + 1))
      return {
        perform: (call) => perform(client, call),
        hitRatio: () => client.$cache.stats().hitRatio ?? undefined,
        errors,
        settled: () => client.$cache.settled(),
        close: () => client.$cache.disconnect(),
      }
    },
  }
}

/** Seconds that a list is kept: nobody knows by hand which lists a write changes. */
const LIST_TTL = 5
const ROW_TTL = 3600

/**
 * What is written in an hour: results about one row lie in a hash of that row, which a write to the row deletes; all
 * others live for a few seconds. It is stale between the database's answer and its deletion, and in every list.
 */
function byHand(plain: ExtensibleClient, redisUrl: string): Opened {
  const redis = new Redis(redisUrl)
  const prefix = freshPrefix()
  let [reads, hits] = [0, 0]
  async function read(call: TracedRead): Promise<unknown> {
    const row = call.needs.length === 1 && call.needs[0]?.includes(':') ? prefix + call.needs[0] : undefined
    const key = `${call.model}:${call.operation}:${JSON.stringify(call.args)}`
    reads += 1
    const text = row ? await redis.hget(row, key) : await redis.get(prefix + key)
    if (text !== null) {
      hits += 1
      return JSON.parse(text)
    }
    const answer = await perform(plain, call)
    const stored = JSON.stringify(answer)
    if (row) await redis.multi().hset(row, key, stored).expire(row, ROW_TTL).exec()
    else await redis.set(prefix + key, stored, 'EX', LIST_TTL)
    return answer
  }
  async function write(call: TracedWrite): Promise<unknown> {
    const answer = await perform(plain, call)
    await redis.del(...call.changes.map((row) => prefix + row))
    return answer
  }
  return {
    perform: (call) => (call.type === 'read' ? read(call) : write(call)),
    hitRatio: () => (reads === 0 ? undefined : hits / reads),
    errors: NO_ERRORS,
    settled: async () => {},
    close: async () => redis.disconnect(),
  }
}
