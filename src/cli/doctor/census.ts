import { globLiteral } from '../../stores/glob.ts'
import { answer, connected, pipelined, type RedisClient } from '../../stores/redis/redis-client.ts'

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

const ROOMS = 'query|tag|shapes|lease|data|warm'
const COUNT = '1000'
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
    let cursor = '0'
    do {
      const reply = await connected(master).call('SCAN', cursor, 'MATCH', `${globLiteral(prefix)}*`, 'COUNT', COUNT)
      const [next, keys] = reply as [string, string[]]
      cursor = next
      const mine = keys.filter((key) => own.test(key.slice(prefix.length)))
      for (const key of keys) {
        const rest = key.slice(prefix.length)
        if (own.test(rest)) continue
        const theirs = inner.exec(rest)?.[1]
        if (theirs && theirs.length <= 128 && nested.size < SHOWN) nested.add(prefix + theirs)
        if (!theirs) add(foreign, key)
      }
      total += keys.length
      const lives = await pipelined(
        master,
        mine.map((key) => ['pttl', key]),
      )
      for (const [i, life] of lives.entries()) if (Number(answer(life)) === -1) add(eternal, mine[i] as string)
      if (total >= maxKeys && cursor !== '0') complete = false
    } while (cursor !== '0' && complete)
  }
  return { total, complete, eternal, foreign, nested }
}

/** Removes keys of this cache that never expire; nothing else. */
export async function removeEternal(masters: readonly RedisClient[], prefix: string): Promise<number> {
  const own = new RegExp(`^(?:${ROOMS}):`)
  let removed = 0
  for (const master of masters) {
    let cursor = '0'
    do {
      const reply = await connected(master).call('SCAN', cursor, 'MATCH', `${globLiteral(prefix)}*`, 'COUNT', COUNT)
      const [next, keys] = reply as [string, string[]]
      cursor = next
      const mine = keys.filter((key) => own.test(key.slice(prefix.length)))
      const lives = await pipelined(
        master,
        mine.map((key) => ['pttl', key]),
      )
      const dead = mine.filter((_, i) => Number(answer(lives[i])) === -1)
      for (const done of await pipelined(
        master,
        dead.map((key) => ['unlink', key]),
      ))
        removed += Number(answer(done))
    } while (cursor !== '0')
  }
  return removed
}

function add(list: { count: number; readonly names: string[] }, name: string): void {
  list.count += 1
  if (list.names.length < SHOWN) list.names.push(name)
}
