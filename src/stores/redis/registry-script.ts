import { HELD } from '../../tags/tag-versions.ts'
import { script } from './hold-script.ts'

/**
 * A model's registry is a hash: `v` its version, `n` how many registrations there were, and each shape's text with the
 * number of its last one.
 *
 *     KEYS  registry, every-shape tag, model tag, the shape's any-values tag, that of the shape that is to go
 *     ARGV  text, life ms, most shapes, the text that is to go, and versions for what is made or moved
 *
 * In one step, because between a registry that was lost and the move of `every-shape`, or between a shape that goes and
 * the move of its tag, an entry would be valid that no writer knows how to reach.
 */
export const REGISTER = script(`
local text, ttl, most, retired = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
for i = 2, 4 do
  local value = redis.call('GET', KEYS[i])
  if value and string.find(value, '${HELD}', 1, true) then return { '${HELD}' } end
end
local function move(key, version)
  local value = redis.call('GET', key)
  local holds = value and string.find(value, '${HELD}', 1, true)
  if holds then redis.call('SET', key, version .. string.sub(value, holds), 'KEEPTTL')
  elseif value then redis.call('SET', key, version, 'PX', ttl) end
end
local isNew = redis.call('HEXISTS', KEYS[1], text) == 0
if isNew and redis.call('HLEN', KEYS[1]) - 2 >= most and redis.call('HEXISTS', KEYS[1], retired) == 0 then
  local oldest, least
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    local at = tonumber(all[i + 1])
    if all[i] ~= 'v' and all[i] ~= 'n' and (not least or at < least) then oldest, least = all[i], at end
  end
  return { 'full', oldest }
end
if redis.call('EXISTS', KEYS[1]) == 0 then move(KEYS[2], ARGV[5]) end
if isNew then
  if redis.call('HLEN', KEYS[1]) - 2 >= most then
    redis.call('HDEL', KEYS[1], retired)
    move(KEYS[5], ARGV[6])
  end
  redis.call('HSET', KEYS[1], 'v', ARGV[7])
end
redis.call('HSET', KEYS[1], text, redis.call('HINCRBY', KEYS[1], 'n', 1))
redis.call('PEXPIRE', KEYS[1], ttl)
local function ensured(key, version)
  if redis.call('SET', key, version, 'NX', 'PX', ttl) then return version end
  return redis.call('GET', key)
end
return { ensured(KEYS[2], ARGV[5]), ensured(KEYS[4], ARGV[8]) }
`)

/**
 * The version and the shapes of a registry, nothing when it is the one that is known. One that was lost is made anew,
 * and every shape of the model moves: there may be entries of shapes it held.
 *
 *     KEYS  registry, every-shape tag · ARGV  known version, a new one for each, life ms
 */
export const CHECK = script(`
local known, version, moved, ttl = unpack(ARGV)
local found = redis.call('HGET', KEYS[1], 'v')
if not found then
  redis.call('HSET', KEYS[1], 'v', version, 'n', 0)
  redis.call('PEXPIRE', KEYS[1], ttl)
  local value = redis.call('GET', KEYS[2])
  local holds = value and string.find(value, '${HELD}', 1, true)
  if holds then redis.call('SET', KEYS[2], moved .. string.sub(value, holds), 'KEEPTTL')
  elseif value then redis.call('SET', KEYS[2], moved, 'PX', ttl) end
  return { version }
end
if redis.call('PTTL', KEYS[1]) < ttl / 2 then redis.call('PEXPIRE', KEYS[1], ttl) end
if found == known then return {} end
local shapes = { found }
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if name ~= 'v' and name ~= 'n' then table.insert(shapes, name) end
end
return shapes
`)

/** What `REGISTER` says when a shape must give way first, and which. */
export const FULL = 'full'
