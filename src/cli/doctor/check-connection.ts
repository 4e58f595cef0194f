import { connected, type RedisClient } from '../../stores/redis/redis-client.ts'
import { timeText } from '../table.ts'
import { error, type Finding, note, ok, warning } from './finding.ts'

const PINGS = 50

/** How long the store takes, against how long a query waits for it. */
export async function checkLatency(client: RedisClient, timeoutMs: number): Promise<Finding> {
  const times: number[] = []
  for (let i = 0; i < PINGS; i += 1) {
    const begun = performance.now()
    await connected(client).call('PING')
    times.push(performance.now() - begun)
  }
  times.sort((one, other) => one - other)
  const [middle, late] = [times[Math.floor(PINGS / 2)] as number, times[Math.floor(PINGS * 0.95)] as number]
  const found = `a round trip takes ${timeText(middle)}, one in twenty ${timeText(late)} or more`
  if (late > timeoutMs)
    return error(
      'latency',
      found,
      `Queries wait ${timeoutMs} ms for the store: raise \`timeoutMs\`, or bring Redis nearer.`,
    )
  if (late > timeoutMs / 2)
    return warning(
      'latency',
      found,
      `Queries wait ${timeoutMs} ms for the store: raise \`timeoutMs\`, or bring Redis nearer.`,
    )
  return ok('latency', found)
}

/** The clocks of processes tell the age of entries: one that is wrong keeps them too long or too short. */
export async function checkClock(client: RedisClient): Promise<Finding> {
  const before = Date.now()
  const [seconds, micros] = (await connected(client).call('TIME')) as [string, string]
  const after = Date.now()
  const theirs = Number(seconds) * 1000 + Number(micros) / 1000
  const apart = theirs < before ? before - theirs : theirs > after ? theirs - after : 0
  const found =
    apart < 1
      ? "this machine's clock and that of Redis agree"
      : `this machine's clock and that of Redis are ${timeText(apart)} apart`
  const fix = 'Keep clocks by NTP: the age of entries is told by those of the processes.'
  if (apart > 60_000) return error('clock', found, fix)
  return apart > 2000 ? warning('clock', found, fix) : ok('clock', found)
}

/** Whether this user may; `undefined`: Redis before 7, or the user may not ask. */
async function dryRun(client: RedisClient, name: string, args: readonly string[]): Promise<boolean | undefined> {
  try {
    const user = String(await connected(client).call('ACL', 'WHOAMI'))
    return (await connected(client).call('ACL', 'DRYRUN', user, name, ...args)) === 'OK'
  } catch {
    return undefined
  }
}

async function sent(client: RedisClient, name: string, args: readonly string[]): Promise<true> {
  await connected(client).call(name, ...args)
  return true
}

/** What the cache says to Redis; a user of an ACL may not be allowed to. Asked, not tried, where Redis can be asked. */
export async function checkCommands(client: RedisClient, prefix: string): Promise<Finding[]> {
  const key = `${prefix}clock:doctor`
  // None of them changes anything, even where it is sent: nothing lies under this key, and `XX` makes nothing.
  const tries: [string, string[]][] = [
    ['SET', [key, '1', 'PX', '1000', 'XX']],
    ['MGET', [key]],
    ['PTTL', [key]],
    ['PEXPIRE', [key, '1000']],
    ['EXISTS', [key]],
    ['GETRANGE', [key, '0', '1']],
    ['SETRANGE', [key, '0', '']],
    ...['HGETALL', 'HKEYS', 'HLEN'].map((name): [string, string[]] => [name, [key]]),
    ...['HGET', 'HEXISTS', 'HDEL'].map((name): [string, string[]] => [name, [key, 'doctor']]),
    ['TIME', []],
    ['EVAL', ["return redis.call('GET', KEYS[1])", '1', key]],
    ['SCAN', ['0', 'COUNT', '1']],
    ['ROLE', []],
    ['UNLINK', [key]],
  ]
  // These would change something: they are asked for where that can be asked without sending them.
  const asks: [string, string[]][] = [
    ['APPEND', [key, '1']],
    ['HSET', [key, 'doctor', '1']],
    ['HINCRBY', [key, 'doctor', '1']],
    ['INCRBY', [key, '1']],
    ['EVALSHA', ['0'.repeat(40), '1', key]],
  ]
  const pushes: [string, string[]][] = [
    ['PUBLISH', [`${prefix}changes`, 'doctor']],
    ['SUBSCRIBE', [`${prefix}changes`]],
  ]
  const refused: string[] = []
  for (const [name, args] of tries) {
    try {
      if ((await dryRun(client, name, args)) ?? (await sent(client, name, args))) continue
      refused.push(name)
    } catch (problem) {
      const { message } = problem as Error
      if (/^(NOPERM|ERR unknown command)/.test(message)) refused.push(name)
      else if (/^OOM/.test(message)) {
        return [
          error(
            'commands',
            'Redis is full and refuses to store anything',
            'Raise maxmemory, or let it evict: CONFIG SET maxmemory-policy allkeys-lru.',
          ),
        ]
      } else throw problem
    }
  }
  for (const [name, args] of asks) if ((await dryRun(client, name, args)) === false) refused.push(name)
  const unheard: string[] = []
  for (const [name, args] of pushes) if ((await dryRun(client, name, args)) === false) unheard.push(name)
  const told = unheard.map((name) =>
    note(
      'commands',
      `${name} on ${prefix}changes is not allowed: copies in processes hear of changes late, or not at all`,
    ),
  )
  if (refused.length === 0) return [ok('commands', 'what the cache needs is allowed'), ...told]
  if (refused.every((name) => name === 'ROLE'))
    return [note('commands', 'ROLE is not allowed: a replica could be taken for the primary'), ...told]
  return [
    error(
      'commands',
      `not allowed: ${refused.join(', ')}`,
      `Allow them to this user: ACL SETUSER … ${refused.map((name) => `+${name.toLowerCase()}`).join(' ')} ~${prefix}*`,
    ),
    ...told,
  ]
}
