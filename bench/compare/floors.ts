import { Redis } from 'ioredis'
import { freshPrefix } from '../environment.ts'
import type { Client } from './cases.ts'
import { type Contender, rename } from './contender.ts'

export const plainPrisma: Contender = {
  name: 'plain Prisma',
  role: 'plain',
  from: 'database',
  open: async (world) => ({
    read: (query) => query.run(world.plain),
    rename: (id, name) => rename(world, id, name),
    settled: async () => {},
    close: async () => {},
  }),
}

/** The least an extension can do: Prisma calls the hook, and the hook has the answer. */
export const hook = hookFloor('hook alone', (answer) => answer)
/** And the least one that answers from memory can do, as what is handed to a caller must not be the cache's own. */
export const floor = hookFloor('floor: hook + copy', copyOf)

/** The least a miss and a write through an extension can cost: a hook that only asks. No part of the hits. */
export const passThrough: Contender = {
  name: 'hook that only asks',
  role: 'floor',
  from: 'database',
  async open(world) {
    const extended = world.plain.$extends(noOperation) as unknown as Client
    return {
      read: (query) => query.run(extended),
      rename: (id, name) => rename({ ...world, plain: extended }, id, name),
      settled: async () => {},
      close: async () => {},
    }
  },
}

/** The emptiest query extension. */
export const noOperation = {
  query: {
    async $allOperations({ args, query }: { args: unknown; query: (args: unknown) => Promise<unknown> }) {
      return query(args)
    },
  },
}

function hookFloor(name: string, give: (answer: unknown) => unknown): Contender {
  return {
    name,
    role: 'floor',
    from: 'memory',
    async open(world) {
      const answers = new Map<string, unknown>()
      /** Prisma calls the hook in the order of the calls, but later. */
      const due: unknown[] = []
      const extended = world.plain.$extends({
        query: {
          async $allOperations() {
            return give(due.shift())
          },
        },
      }) as unknown as Client
      return {
        read(query) {
          if (!answers.has(query.key)) {
            return query.run(world.plain).then((answer) => {
              answers.set(query.key, answer)
              return answer
            })
          }
          due.push(answers.get(query.key))
          return query.run(extended)
        },
        settled: async () => {},
        close: async () => {},
      }
    },
  }
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(copyOf)
  if (value instanceof Date) return new Date(value.getTime())
  const copy: Record<string, unknown> = {}
  for (const key in value) copy[key] = copyOf((value as Record<string, unknown>)[key])
  return copy
}

/**
 * The least a cache in Redis can do: the entry and, as it must be known whether it still holds, one version, in one
 * command. No Prisma, no types.
 */
export const farFloor: Contender = {
  name: 'far floor: MGET + JSON.parse',
  role: 'floor',
  from: 'redis',
  async open(world) {
    const redis = new Redis(world.redis.url)
    const prefix = freshPrefix()
    const version = `${prefix}version`
    await redis.set(version, 'k3v9x2mq')
    return {
      async read(query) {
        const key = prefix + query.key
        const [text] = await redis.mget(key, version)
        if (typeof text === 'string') return JSON.parse(text)
        const answer = await query.run(world.plain)
        await redis.set(key, JSON.stringify(answer))
        return answer
      },
      settled: async () => {},
      close: async () => redis.disconnect(),
    }
  },
}
