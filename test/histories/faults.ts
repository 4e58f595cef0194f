import { Redis } from 'ioredis'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import type { Delays } from './messages.ts'
import type { Dice } from './reads.ts'
import type { RedisLine } from './redis-line.ts'

/** What a fault can reach. */
export interface Scene {
  readonly redis: RedisServer
  readonly line: RedisLine
  readonly dice: Dice
  /** Rejects with `Over` when the schedule is over. */
  wait(ms: number): Promise<void>
  /** A worker at random. */
  worker(): Victim
  /** What is to be undone before the last look. */
  later(undo: () => Promise<void>): void
}

export interface Victim {
  /** At its next commit, before the cache hears of it; resolves when another has taken its place. */
  dieAtCommit(): Promise<void>
  die(): Promise<void>
  turnClock(offsetMs: number): void
}

export interface Schedule {
  readonly what: string
  readonly delays?: Delays
  /** How long entries live; short where a killed writer leaves some behind that default mode serves to their end. */
  readonly ttlMs?: number
  /** Goes on until `wait` throws. */
  readonly play?: (scene: Scene) => Promise<void>
}

const SHORT: Delays = { chance: 0.05, ms: 10 }
const LONG: Delays = { chance: 0.25, ms: 30 }
const CRASH_TTL_MS = 2000
/** Between two new servers: each is left alone for three seconds at first, and there must be hits to be wrong. */
const SETTLED_MS = [4500, 7000] as const

async function forever(round: () => Promise<void>): Promise<never> {
  for (;;) await round()
}

const between = ({ wait, dice }: Scene, from: number, to: number) => wait(from + dice.below(to - from))

/** Talks to the server itself, past the line. */
async function command<T>(server: RedisServer, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(server.url, { retryStrategy: () => null })
  redis.on('error', () => {})
  try {
    return await use(redis)
  } finally {
    redis.disconnect()
  }
}

const refusing =
  (error: string): NonNullable<Schedule['play']> =>
  (scene) =>
    forever(async () => {
      await between(scene, 500, 2500)
      scene.line.answerWith(error)
      await between(scene, 50, 500)
      scene.line.answerWith(undefined)
    })

export const SCHEDULES: Readonly<Record<string, Schedule>> = {
  calm: { what: 'no fault' },

  delays: { what: 'time passes between the answer of the database and the cache', delays: LONG },

  'kill-at-commit': {
    what: 'SIGKILL of a worker between its commit and its invalidation',
    ttlMs: CRASH_TTL_MS,
    play: (scene) =>
      forever(async () => {
        await between(scene, 100, 500)
        await scene.worker().dieAtCommit()
      }),
  },

  kill: {
    what: 'SIGKILL of a worker at any moment',
    ttlMs: CRASH_TTL_MS,
    play: (scene) =>
      forever(async () => {
        await between(scene, 300, 900)
        await scene.worker().die()
      }),
  },

  'redis-stopped': {
    what: 'SIGSTOP and SIGCONT of Redis',
    play: (scene) =>
      forever(async () => {
        await between(scene, 500, 3000)
        scene.redis.pause()
        try {
          await between(scene, 20, 600)
        } finally {
          scene.redis.resume()
        }
      }),
  },

  'redis-restarted': {
    what: 'SIGKILL of Redis, which comes back empty',
    play: (scene) =>
      forever(async () => {
        await between(scene, ...SETTLED_MS)
        await scene.redis.restart()
      }),
  },

  'redis-rolled-back': {
    what: 'SIGKILL of Redis, which comes back with what it knew before later invalidations',
    play: (scene) =>
      forever(async () => {
        await between(scene, ...SETTLED_MS)
        await command(scene.redis, (redis) => redis.save())
        await between(scene, 50, 500)
        await scene.redis.restart()
      }),
  },

  cut: {
    what: 'connections break',
    play: (scene) =>
      forever(async () => {
        await between(scene, 100, 2500)
        scene.line.cut()
      }),
  },

  'answers-lost': {
    what: 'commands arrive, their answers do not, then connections break',
    play: (scene) =>
      forever(async () => {
        await between(scene, 500, 3000)
        scene.line.loseAnswers()
        await between(scene, 20, 400)
        scene.line.cut()
      }),
  },

  evicting: {
    what: 'maxmemory with allkeys-lru, and junk that pushes tags and entries out',
    async play(scene) {
      await command(scene.redis, async (redis) => {
        const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1])
        await redis.config('SET', 'maxmemory', `${used + 2_000_000}`)
        await redis.config('SET', 'maxmemory-policy', 'allkeys-lru')
        await redis.config('SET', 'maxmemory-samples', '2')
        const junk = 'junk'.repeat(1000)
        await forever(async () => {
          const batch = redis.pipeline()
          for (let i = 0; i < 100; i += 1) batch.set(`junk:${scene.dice.below(1e6)}`, junk)
          await batch.exec()
          await between(scene, 10, 60)
        })
      })
    },
  },

  full: {
    what: '-OOM: maxmemory is reached and nothing may be evicted',
    play: (scene) =>
      forever(async () => {
        await between(scene, 500, 2500)
        await command(scene.redis, (redis) => redis.config('SET', 'maxmemory', '1'))
        try {
          await between(scene, 50, 700)
        } finally {
          await command(scene.redis, (redis) => redis.config('SET', 'maxmemory', '0'))
        }
      }),
  },

  readonly: {
    what: '-READONLY: the server has become a replica for a while',
    play: (scene) =>
      forever(async () => {
        await between(scene, 500, 2500)
        await command(scene.redis, (redis) => redis.replicaof('127.0.0.1', 1))
        try {
          await between(scene, 50, 700)
        } finally {
          await command(scene.redis, (redis) => redis.replicaof('NO', 'ONE'))
        }
      }),
  },

  loading: {
    what: '-LOADING to every command',
    play: refusing('LOADING Redis is loading the dataset in memory'),
  },

  moved: { what: '-MOVED to every command', play: refusing('MOVED 3999 127.0.0.1:1') },

  failover: {
    what: 'a replica takes over without the last writes',
    async play(scene) {
      let master = scene.redis
      await forever(async () => {
        const replica = await startRedis()
        scene.later(() => replica.stop())
        await command(replica, (redis) => redis.replicaof('127.0.0.1', master.port))
        await between(scene, 1000, 2000)
        // From here on it hears nothing of its master: what that acknowledges is lost.
        await command(replica, (redis) => redis.replicaof('127.0.0.1', 1))
        await between(scene, 20, 300)
        await master.kill()
        await between(scene, 0, 100)
        await command(replica, (redis) => redis.replicaof('NO', 'ONE'))
        scene.line.leadTo(replica.port)
        scene.line.cut()
        master = replica
      })
    },
  },

  clocks: {
    what: 'the clock of a worker jumps',
    play: (scene) =>
      forever(async () => {
        await between(scene, 100, 400)
        scene.worker().turnClock(scene.dice.pick([-3_600_000, -1000, 0, 1000, 3_600_000, 86_400_000]))
      }),
  },
}

export const delaysOf = (schedule: Schedule) => schedule.delays ?? SHORT
export const ttlOf = (schedule: Schedule) => schedule.ttlMs ?? 60_000
