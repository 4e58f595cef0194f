import { globLiteral } from '../../stores/glob.ts'
import { answer, type Command, type RedisClient } from '../../stores/redis/redis-client.ts'
import { scanKeys } from '../../stores/redis/scan-keys.ts'
import { pipelined } from '../../stores/redis/send-commands.ts'

/** Keys under a prefix, by what they are for. */
export interface Census {
  readonly total: number
  /** Whether all were looked at. */
  readonly complete: boolean
  /** Keys of this cache that never expire: left behind by another version, or changed by hand. */
  readonly eternal: { count: number; readonly names: string[] }
  /** Keys that are not this cache's. */
  readonly foreign: { count: number; readonly names: string[] }
  /** Prefixes of other caches that begin with this one. */
  readonly nested: ReadonlySet<string>
}

const ROOMS = 'query|tag|shapes|lease|data|warm|catalogue'
const SHOWN = 5

export async function takeCensus(masters: readonly RedisClient[], prefix: string, maxKeys: number): Promise<Census> {
  const own = new RegExp(`^(?:(?:${ROOMS}):|server$)`)
  const inner = /^(.*?)(?:query|tag|shapes):/
  const eternal = { count: 0, names: [] as string[] }
  const foreign = { count: 0, names: [] as string[] }
  const nested = new Set<string>()
  let total = 0
  let complete = true
  for (const master of masters) {
    for await (const { keys, isLast } of scanKeys(master, `${globLiteral(prefix)}*`)) {
      const mine = keys.filter((key) => own.test(key.slice(prefix.length)))
      for (const key of keys) {
        const rest = key.slice(prefix.length)
        if (own.test(rest)) continue
        const theirs = inner.exec(rest)?.[1]
        if (theirs && theirs.length <= 128 && nested.size < SHOWN) nested.add(prefix + theirs)
        if (!theirs) add(foreign, key)
      }
      total += keys.length
      for (const key of await withoutEnd(master, mine)) add(eternal, key)
      if (total >= maxKeys && !isLast) complete = false
      if (!complete) break
    }
  }
  return { total, complete, eternal, foreign, nested }
}

/** Removes keys of this cache that never expire; nothing else. */
export async function removeEternal(masters: readonly RedisClient[], prefix: string): Promise<number> {
  const own = new RegExp(`^(?:${ROOMS}):`)
  let removed = 0
  for (const master of masters) {
    for await (const { keys } of scanKeys(master, `${globLiteral(prefix)}*`)) {
      const mine = keys.filter((key) => own.test(key.slice(prefix.length)))
      const dead = await withoutEnd(master, mine)
      const unlinks = dead.map((key): Command => ['unlink', key])
      for (const done of await pipelined(master, unlinks)) removed += Number(answer(done))
    }
  }
  return removed
}

/** Those of them that never expire. */
async function withoutEnd(master: RedisClient, keys: readonly string[]): Promise<string[]> {
  const lives = await pipelined(
    master,
    keys.map((key) => ['pttl', key]),
  )
  return keys.filter((_, i) => Number(answer(lives[i])) === -1)
}

function add(list: { count: number; readonly names: string[] }, name: string): void {
  list.count += 1
  if (list.names.length < SHOWN) list.names.push(name)
}
