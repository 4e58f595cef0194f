import { createHash } from 'node:crypto'
import { GRACE_LENGTH, HELD, MAX_GRACES, VERSION_LENGTH } from '../../tags/tag-versions.ts'

export interface Script {
  readonly text: string
  /** By which a server that has seen the text before knows it. */
  readonly sha1: string
}

/**
 * A script must reply with something: an ioredis client that gets one reply too many, and finds it to be nil, throws
 * where nobody can catch it, and the process ends.
 */
export const script = (text: string): Script => ({ text, sha1: createHash('sha1').update(text).digest('hex') })

/**
 * Holds live in the tag's own value, so that a look-up sees them without asking for anything more:
 *
 *     <version>                                       nobody holds it
 *     <version>~<holder>:<until>~<holder>:<until>…    held; times are epoch ms of the Redis server
 *
 * The key expires with its last hold: when all holders have died the tag is absent, which means changed. Until then
 * whoever passes drops the holds that have run out and moves the version with them, for their holders may have committed.
 *
 * All tags that lie together in one step: a moment in which the shapes of a model are released and their values have not
 * moved yet would serve what was before the commit.
 */
export const HOLD = script(`
local ended, added, lease, ttl = unpack(ARGV, 1, 4)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for i, key in ipairs(KEYS) do
  local version, moves = ARGV[3 + 2 * i], ARGV[4 + 2 * i]
  local value = redis.call('GET', key)
  if value or added ~= '' then
    local result = version
    if value and moves == '0' then result = string.match(value, '^[^~]*') end
    local holds, last = '', 0
    local function hold(holder, till)
      holds = holds .. '~' .. holder .. ':' .. string.format('%d', till)
      last = math.max(last, till)
    end
    local till_added = now + tonumber(lease)
    for holder, till in string.gmatch(value or '', '~([^:~]+):(%d+)') do
      till = tonumber(till)
      if holder == added then till_added = math.max(till_added, till)
      elseif holder == ended then
      elseif till <= now then result = version
      else hold(holder, till) end
    end
    if added ~= '' then hold(added, till_added) end
    if holds == '' then redis.call('SET', key, result, 'PX', ttl)
    else redis.call('SET', key, result .. holds, 'PX', string.format('%d', last - now)) end
  end
end
return 1
`)

/**
 * Gives tags new versions; `ARGV` their life, then a version each. An absent one is changed already, and a row nobody has
 * read costs no memory. In one step: a moment without the holds that are on it would let the past of another write be
 * stored.
 */
export const BUMP = script(`
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  local holds = value and string.find(value, '~', 1, true)
  if holds then redis.call('SET', key, ARGV[i + 1] .. string.sub(value, holds), 'KEEPTTL')
  elseif value then redis.call('SET', key, ARGV[i + 1], 'PX', ARGV[1]) end
end
return 1
`)

/**
 * As `BUMP`, but the new version names the one before and until when that may still be served; `ARGV` their life, until
 * when, then a version each. Holds stay.
 */
export const SOFTEN = script(`
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value then
    local holds = string.match(value, '~.*$') or ''
    local version = string.sub(value, 1, #value - #holds)
    local graces = string.sub(version, ${VERSION_LENGTH + 1}, ${VERSION_LENGTH + GRACE_LENGTH * (MAX_GRACES - 1)})
    local soft = ARGV[i + 2] .. string.sub(version, 1, ${VERSION_LENGTH}) .. ARGV[2] .. graces .. holds
    if holds ~= '' then redis.call('SET', key, soft, 'KEEPTTL')
    else redis.call('SET', key, soft, 'PX', ARGV[1]) end
  end
end
return 1
`)

/** The values of tags, after those that had none were given a version; `ARGV` as for `BUMP`. */
export const ENSURE = script(`
local values = {}
for i, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if not value then
    value = ARGV[i + 1]
    redis.call('SET', key, value, 'PX', ARGV[1])
  end
  values[i] = value
end
return values
`)

/** Forgets a version. Holds stay, over a new one: they are of writes that are under way. */
export const DROP = script(`
local value = redis.call('GET', KEYS[1])
local holds = value and string.find(value, '~', 1, true)
if holds then redis.call('SET', KEYS[1], ARGV[1] .. string.sub(value, holds), 'KEEPTTL')
elseif value then redis.call('UNLINK', KEYS[1]) end
return 1
`)

/** Lengthens the life of versions; one that lasts longer is left: an entry may need it. Not of held tags, whose end is that of their last hold. */
export const RENEW = script(`
for _, key in ipairs(KEYS) do
  local value = redis.call('GET', key)
  if value and not string.find(value, '~', 1, true) and redis.call('PTTL', key) < tonumber(ARGV[1]) then
    redis.call('PEXPIRE', key, ARGV[1])
  end
end
return 1
`)

export interface HoldChange {
  /** Whose hold ends. */
  readonly ended?: string
  /** Whose hold begins or is renewed, and for how long. */
  readonly added?: string
  readonly leaseMs?: number
  readonly tagTtlMs: number
}

/** `moves`: for each key, whether it gets the version it is given. */
export function holdArguments(change: HoldChange, versions: readonly string[], moves: readonly boolean[]): string[] {
  const { ended = '', added = '', leaseMs = 0, tagTtlMs } = change
  const each = versions.flatMap((version, i) => [version, moves[i] ? '1' : '0'])
  return [ended, added, String(leaseMs), String(tagTtlMs), ...each]
}

export function isHeld(value: unknown): value is string {
  return typeof value === 'string' && value.includes(HELD)
}
