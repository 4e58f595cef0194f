import { AsyncLocalStorage } from 'node:async_hooks'
import { type CacheOptions, type Coherence, cacheExtension } from '../../src/index.ts'
import { naiveCache } from './naive.ts'
import type { Db, Prisma } from './reads.ts'

export type Mode = 'default' | 'strict' | 'naive'

export const INVALIDATIONS = ['model', 'row', 'shape'] as const
export type Invalidation = (typeof INVALIDATIONS)[number]

/** A client whose reads are to be checked. */
export interface Contestant extends Db {
  /** A read, and where its answer came from. */
  watch<T>(read: () => Promise<T>): Promise<{ readonly data: T; readonly from: string }>
  /** A write, and whether its invalidation had to be kept for later. */
  tell<T>(write: () => Promise<T>): Promise<{ readonly data: T; readonly kept: boolean }>
  /** Whether it keeps none. */
  delivered(): Promise<boolean>
  reads(): { readonly hits: number; readonly all: number }
  /** Whether everything it has to say to the store was said, and it reads from it. */
  healthy(): Promise<boolean>
  close(): Promise<void>
}

export interface ContestantOptions {
  readonly mode: Mode
  /** @default that of the extension */
  readonly invalidation?: Invalidation | undefined
  readonly near?: Coherence | undefined
  readonly redis: string
  readonly prefix: string
  readonly ttlMs: number
  readonly clock: () => number
}

export function contestant(plain: Prisma, options: ContestantOptions): Contestant {
  const { mode, invalidation, near, redis, prefix, ttlMs, clock } = options
  if (mode === 'naive') {
    const { prisma, reads, close } = naiveCache(plain, redis, prefix, ttlMs)
    return {
      prisma,
      raw: (_, statement) => statement,
      watch: async (read) => ({ data: await read(), from: '' }),
      tell: async (write) => ({ data: await write(), kept: false }),
      delivered: async () => true,
      reads: () => reads,
      healthy: async () => true,
      close: async () => close(),
    }
  }
  const ttl = ttlMs / 1000
  // A write that could not be held is refused: let through, it would be a write of default mode.
  const promise = mode === 'strict' ? { consistency: 'strict', onUnavailable: 'reject' } : {}
  const cacheOptions = {
    configFile: false,
    redis,
    prefix,
    clock,
    defaults: { ttl, nullTtl: ttl, jitter: 0 },
    ...promise,
    ...(invalidation && { invalidation }),
    ...(near && { near }),
  }
  const extended = plain.$extends(cacheExtension(cacheOptions as CacheOptions))
  const cache = extended.$cache
  const telling = new AsyncLocalStorage<{ kept: boolean }>()
  // Listeners run in the async context of the write that emits.
  cache.on('invalidate', ({ delivered }) => {
    const scope = telling.getStore()
    if (scope && !delivered) scope.kept = true
  })
  return {
    prisma: extended as unknown as Prisma,
    raw: (models, statement) => cache.raw({ reads: models, ttl }, statement),
    async watch(read) {
      const { data, reads } = await cache.collectCacheInfo(read)
      return { data, from: reads.map((info) => (info.status === 'bypass' ? info.reason : info.status)).join() }
    },
    async tell(write) {
      const scope = { kept: false }
      return { data: await telling.run(scope, write), kept: scope.kept }
    },
    delivered: async () => (await cache.health()).undelivered === 0,
    reads() {
      const { hit, stale, miss, bypass } = cache.stats().totals
      return { hits: hit + stale, all: hit + stale + miss + bypass }
    },
    healthy: async () => (await cache.health()).state === 'ok',
    close: () => cache.disconnect(),
  }
}
