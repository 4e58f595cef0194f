import { createHash } from 'node:crypto'
import { HELD } from '../../tags/tag-versions.ts'

export interface Script {
  readonly text: string
  /** By which a server that has seen the text before knows it. */
  readonly sha1: string
}

const script = (text: string): Script => ({ text, sha1: createHash('sha1').update(text).digest('hex') })

/**
 * Holds live in the tag's own value, so that a look-up sees them without asking for anything more:
 *
 *     <version>                                       nobody holds it
 *     <version>~<holder>:<until>~<holder>:<until>…    held; times are epoch ms of the Redis server
 *
 * The key expires with its last hold: when all holders have died the tag is absent, which means changed. Until then
 * whoever passes drops the holds that have run out and moves the version with them, for their holders may have committed.
 */
export const HOLD = script(`
local version, moves, ended, added, lease, ttl = unpack(ARGV)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local value = redis.call('GET', KEYS[1])
if not value and added == '' then return end
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
if holds == '' then redis.call('SET', KEYS[1], result, 'PX', ttl)
else redis.call('SET', KEYS[1], result .. holds, 'PX', string.format('%d', last - now)) end
`)

/**
 * Gives a tag a new version. An absent one is changed already, and a row nobody has read costs no memory. In one step:
 * a moment without the holds that are on it would let the past of another write be stored.
 */
export const BUMP = script(`
local value = redis.call('GET', KEYS[1])
local holds = value and string.find(value, '~', 1, true)
if holds then redis.call('SET', KEYS[1], ARGV[1] .. string.sub(value, holds), 'KEEPTTL')
elseif value then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
`)

/** Forgets a version. Holds stay, over a new one: they are of writes that are under way. */
export const DROP = script(`
local value = redis.call('GET', KEYS[1])
local holds = value and string.find(value, '~', 1, true)
if holds then redis.call('SET', KEYS[1], ARGV[1] .. string.sub(value, holds), 'KEEPTTL')
elseif value then redis.call('UNLINK', KEYS[1]) end
`)

/** Lengthens the life of a version. Not of a held tag, whose end is that of its last hold. */
export const RENEW = script(`
local value = redis.call('GET', KEYS[1])
if value and not string.find(value, '~', 1, true) then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
`)

export interface HoldStep {
  /** The version the tag gets if it moves. */
  readonly version: string
  readonly moves: boolean
  /** Whose hold ends. */
  readonly ended?: string
  /** Whose hold begins or is renewed, and for how long. */
  readonly added?: string
  readonly leaseMs?: number
  readonly tagTtlMs: number
}

export function holdArguments(step: HoldStep): string[] {
  const { version, moves, ended = '', added = '', leaseMs = 0, tagTtlMs } = step
  return [version, moves ? '1' : '0', ended, added, String(leaseMs), String(tagTtlMs)]
}

export function isHeld(value: unknown): value is string {
  return typeof value === 'string' && value.includes(HELD)
}
