import { Redis } from 'ioredis'
import type { Prisma } from './reads.ts'

/**
 * The control: what one writes in an afternoon, shared by all processes. Look, ask, store; after a write, forget
 * everything, more than any real cache would. It is stale all the same: nothing ties a fill to the moment its answer was
 * true, and a write in a transaction is not yet a commit.
 */
export function naiveCache(plain: Prisma, url: string, prefix: string, ttlMs: number) {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, commandTimeout: 250, retryStrategy: () => 50 })
  redis.on('error', () => {})
  const reads = { hits: 0, all: 0 }
  const index = `${prefix}index`

  const prisma = plain.$extends({
    query: {
      async $allOperations({ model, operation, args, query, ...internal }) {
        const isRead = model !== undefined && /^(find|count|aggregate|groupBy)/.test(operation)
        // A batch waits for ever for an element that does not reach the database.
        if (!isRead || isInBatch(internal)) {
          const result = await query(args)
          if (operation !== '$queryRaw') await forget().catch(() => {})
          return result
        }
        const key = `${prefix}${model}:${operation}:${text(args)}`
        reads.all += 1
        const stored = await redis.get(key).catch(() => null)
        if (stored !== null) {
          reads.hits += 1
          return JSON.parse(stored)
        }
        const result = await query(args)
        await store(key, text(result)).catch(() => {})
        return result
      },
    },
  })

  async function store(key: string, result: string): Promise<void> {
    await redis.multi().set(key, result, 'PX', ttlMs).sadd(index, key).exec()
  }

  /** In one step: what is forgotten is all there was. */
  async function forget(): Promise<void> {
    const all = "for _, key in ipairs(redis.call('SMEMBERS', KEYS[1])) do redis.call('DEL', key) end"
    await redis.eval(`${all} redis.call('DEL', KEYS[1])`, 1, index)
  }

  return { prisma: prisma as unknown as Prisma, reads, close: () => redis.disconnect() }
}

const text = (value: unknown) => JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}` : part))

const isInBatch = (internal: object) =>
  (internal as { __internalParams?: { transaction?: { kind: string } } }).__internalParams?.transaction?.kind ===
  'batch'
