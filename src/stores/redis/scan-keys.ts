import type { RedisClient } from './redis-client.ts'
import { called } from './send-commands.ts'

const COUNT = '1000'

interface ScanStep {
  /** May be none. */
  readonly keys: readonly string[]
  readonly isLast: boolean
}

/** The keys of one server that match, step by step: it looks at a thousand in each, and serves others in between. */
export async function* scanKeys(server: RedisClient, pattern: string): AsyncIterable<ScanStep> {
  let cursor = '0'
  do {
    const reply = await called(server, 'SCAN', cursor, 'MATCH', pattern, 'COUNT', COUNT)
    const [next, keys] = reply as [string, string[]]
    cursor = next
    yield { keys, isLast: cursor === '0' }
  } while (cursor !== '0')
}
