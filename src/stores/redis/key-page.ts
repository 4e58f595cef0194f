import { CacheConfigError, show } from '../../errors.ts'
import type { KeyPage } from '../store.ts'
import type { RedisClient } from './redis-client.ts'
import { called } from './send-commands.ts'

/** Most keys the server looks at in one step. */
const MAX_COUNT = 1000
/** Steps of one page: where few keys match, a page ends short of its limit and not after the whole keyspace. */
const MAX_STEPS = 100
const MAX_CURSOR = 2n ** 64n - 1n

/**
 * The keys that `SCAN` finds from `cursor` on, one server after the other. The server says how many come with a step, so
 * a page may hold some more than `limit`: to leave them out would lose them.
 */
export async function keyPage(
  masters: readonly RedisClient[],
  pattern: string,
  cursor: string,
  limit: number,
): Promise<KeyPage> {
  let { master, at } = place(cursor)
  const keys = new Set<string>()
  let count = Math.min(limit, MAX_COUNT)
  for (let step = 0; step < MAX_STEPS && keys.size < limit; step += 1) {
    const server = masters[master]
    if (!server) return { keys: [...keys], cursor: undefined }
    const reply = await called(server, 'SCAN', at, 'MATCH', pattern, 'COUNT', String(count))
    const [next, found] = reply as [string, string[]]
    for (const key of found) keys.add(key)
    count = found.length === 0 ? Math.min(2 * count, MAX_COUNT) : Math.max(10, Math.min(count, limit - keys.size))
    at = next
    if (at === '0') master += 1
  }
  return { keys: [...keys], cursor: masters[master] ? `${master}-${at}` : undefined }
}

function place(cursor: string): { master: number; at: string } {
  if (cursor === '') return { master: 0, at: '0' }
  const [, master, at] = /^(\d{1,4})-(\d{1,20})$/.exec(cursor) ?? []
  // A cursor of Redis has 64 bits; it refuses another one as it refuses a command while it is down.
  if (at === undefined || BigInt(at) > MAX_CURSOR)
    throw new CacheConfigError('cursor', `got ${show(cursor)}`, 'Give the cursor of the page before.')
  return { master: Number(master), at }
}
