import { Redis } from 'ioredis'
import { startRedis } from '../../test/support/redis-server.ts'
import { print } from '../environment.ts'
import { table } from '../precision/report.ts'
import type { Case } from './cases.ts'
import type { Contender } from './contender.ts'
import type { World } from './world.ts'

/** Means over the entries, bytes. */
export interface BytesFigure {
  readonly case: string
  readonly contender: string
  /** Of the result, as `JSON.stringify` writes it. */
  readonly json: number
  /** STRLEN of the entry. */
  readonly value: number
  /** MEMORY USAGE of the entry: with its key and what Redis keeps about it. */
  readonly memory: number
  /** MEMORY USAGE of all other keys: tags, their versions, registries. */
  readonly besides: number
}

const ENTRIES = 64

/** What an entry takes in a Redis of the contender's own; `undefined` for who keeps nothing there. */
export async function measureRedisBytes(
  world: World,
  contender: Contender,
  asked: Case,
): Promise<BytesFigure | undefined> {
  const server = await startRedis()
  const redis = new Redis(server.url)
  const opened = await contender.open({ ...world, redis: { host: '127.0.0.1', port: server.port, url: server.url } })
  try {
    let json = 0
    for (let variant = 0; variant < ENTRIES; variant += 1) {
      const query = asked.query(variant)
      json += Buffer.byteLength(JSON.stringify(await query.run(world.plain)))
      await opened.read(query)
    }
    await opened.settled()
    world.sql.clear()
    for (let variant = 0; variant < ENTRIES; variant += 1) await opened.read(asked.query(variant))
    if (world.sql.count() > 0) throw new Error(`${contender.name} has not stored what it was asked for`)
    const sizes: { key: string; memory: number }[] = []
    for (const key of await redis.keys('*')) {
      sizes.push({ key, memory: Number(await redis.memory('USAGE', key, 'SAMPLES', 0)) })
    }
    if (sizes.length === 0) return undefined
    // Everybody keeps one key a result, and nobody keeps a larger one.
    sizes.sort((a, b) => b.memory - a.memory)
    const entries = sizes.slice(0, ENTRIES)
    let value = 0
    for (const { key } of entries) value += await redis.strlen(key)
    const memory = entries.reduce((sum, entry) => sum + entry.memory, 0)
    const besides = sizes.slice(ENTRIES).reduce((sum, other) => sum + other.memory, 0)
    const figure = { json, value, memory, besides }
    const mean = Object.fromEntries(Object.entries(figure).map(([name, sum]) => [name, sum / ENTRIES]))
    return { case: asked.name, contender: contender.name, ...(mean as typeof figure) }
  } finally {
    await opened.close()
    redis.disconnect()
    await server.stop()
  }
}

export function reportRedisBytes(figures: readonly BytesFigure[]): void {
  print(`\nin Redis, bytes an entry: ${figures[0]?.case}`)
  table(
    ['', 'JSON', 'STRLEN', 'of JSON', 'MEMORY USAGE', 'over JSON', 'of JSON', 'other keys'],
    figures.map(({ contender, json, value, memory, besides }) => [
      contender,
      json.toFixed(0),
      value.toFixed(0),
      `x${(value / json).toFixed(2)}`,
      memory.toFixed(0),
      (memory - json).toFixed(0),
      `x${(memory / json).toFixed(2)}`,
      besides.toFixed(0),
    ]),
  )
}
