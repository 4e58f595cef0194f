import { EPOCH_LENGTH, FIRST_SLOTS, GROW_AT, MAX_CLOCK, MAX_SLOTS } from '../../tags/tag-clocks.ts'
import { script } from './script.ts'

/**
 * The clock record of one model is a string, so that the clocks of many tags are read by their places:
 *
 *     epoch (12 characters) · clock · floor · slots used since it grew · clock when it grew · flags · slots…
 *
 * Numbers are 32 bits, big-endian. A tag's slot is its hash modulo the number of slots. Flag 1: the hash of **marks** has
 * fields; flag 2: the hash of **shapes** has some. So a look-up of a record without marks reads one key. A marked record whose
 * marks are gone has lost locks or intents, one whose shapes are gone has lost what writers must know: both begin anew.
 *
 * Fields of the marks: `l:<hash>:<holder>` a lock, until when by the server's clock · `s:<hash>` a soft change,
 * `<clock>:<until>`, by the application's clock · `i:<holder>` an intent, until when by the server's clock.
 *
 * Every change is published: `<epoch> <before> <after> <hash,…|*|lost> <key of the record>`.
 *
 * Numbers that reach 2^53 are written with `%.0f`: `tostring` writes 14 digits.
 */
const HEAD_BYTES = EPOCH_LENGTH + 20

const RECORD = `
local time
local function now()
  if not time then
    local t = redis.call('TIME')
    time = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return time
end
local function text(number) return string.format('%.0f', number) end
local function has(r, flag) return math.floor(r.flags / flag) % 2 == 1 end
local function mark(r, flag) if not has(r, flag) then r.flags = r.flags + flag end end
local function unmark(r, flag) if has(r, flag) then r.flags = r.flags - flag end end

local function tell(r, before, what)
  redis.call('PUBLISH', r.channel, r.epoch .. ' ' .. text(before) .. ' ' .. text(r.clock) .. ' ' .. what .. ' ' .. r.key)
end

local function save(r)
  redis.call('SETRANGE', r.key, ${EPOCH_LENGTH}, struct.pack('>I4I4I4I4I4', r.clock, r.floor, r.used, r.grown, r.flags))
end

-- An epoch that nobody has seen. Locks and intents are of writes under way, and stay.
local function begin(r)
  r.epoch, r.clock, r.floor, r.used, r.grown, r.flags, r.size = r.fresh, 1, 0, 0, 0, 0, ${FIRST_SLOTS}
  local fields = redis.pcall('HKEYS', r.marks)
  if fields.err then
    redis.call('UNLINK', r.marks)
    fields = {}
  end
  for _, field in ipairs(fields) do
    if string.sub(field, 1, 2) == 's:' then redis.call('HDEL', r.marks, field) else r.flags = 1 end
  end
  local head = r.epoch .. struct.pack('>I4I4I4I4I4', r.clock, r.floor, r.used, r.grown, r.flags)
  local done = redis.pcall('SET', r.key, head .. string.rep('\\0', 4 * r.size), 'PX', r.ttl)
  if done.err and not r.mayFail then error(done.err) end
  tell(r, 0, 'lost')
end

local function note(r, hash, clock)
  local at = ${HEAD_BYTES} + 4 * (hash % r.size)
  local before = struct.unpack('>I4', redis.call('GETRANGE', r.key, at, at + 3))
  if before <= r.grown then r.used = r.used + 1 end
  if clock > before then redis.call('SETRANGE', r.key, at, struct.pack('>I4', clock)) end
end

local function advance(r, hashes, what)
  if r.clock >= ${MAX_CLOCK} then return begin(r) end
  local before = r.clock
  r.clock = before + 1
  for _, hash in ipairs(hashes) do note(r, hash, r.clock) end
  if r.used > r.size / ${GROW_AT} and r.size < ${MAX_SLOTS} then
    redis.call('APPEND', r.key, redis.call('GETRANGE', r.key, ${HEAD_BYTES}, -1))
    r.size, r.used, r.grown = r.size * 2, 0, r.clock
  end
  save(r)
  tell(r, before, what or table.concat(hashes, ','))
end

-- Marks that have run out count as changes: the holder of a lock or an intent may have committed.
local function settle(r)
  r.locked, r.soft = {}, {}
  if not has(r, 1) then return end
  local all = redis.pcall('HGETALL', r.marks)
  if all.err or #all == 0 then return begin(r) end
  local over, left, isOver = {}, 0, false
  for i = 1, #all, 2 do
    local kind, hash = string.match(all[i], '^(%l):(%d*)')
    local clock, last = string.match(all[i + 1], '^(%d+):?(%d*)$')
    hash, clock, last = tonumber(hash), tonumber(clock), tonumber(last)
    local isDone = false
    if kind == 'l' and hash then
      isDone = not clock or clock <= now()
      if isDone then table.insert(over, hash) else r.locked[hash] = true end
    elseif kind == 's' and hash and clock and last then
      isDone = last <= r.now
      if isDone then note(r, hash, clock) else r.soft[hash] = { clock, last } end
    else
      isDone = not clock or clock <= now()
      isOver = isOver or isDone
    end
    if isDone then redis.call('HDEL', r.marks, all[i]) else left = left + 1 end
  end
  if left == 0 then unmark(r, 1) end
  if isOver then
    advance(r, {}, '*')
    r.floor = r.clock
  end
  if #over > 0 then advance(r, over) end
  save(r)
end

-- The record as it is; nil where there is none, unless it is to be made.
local function open(r, isMade)
  local head = redis.pcall('GETRANGE', r.key, 0, ${HEAD_BYTES - 1})
  if type(head) == 'table' then
    redis.call('UNLINK', r.key)
    head = ''
  end
  local size = #head < ${HEAD_BYTES} and 0 or (redis.call('STRLEN', r.key) - ${HEAD_BYTES}) / 4
  if size < ${FIRST_SLOTS} or size % ${FIRST_SLOTS} ~= 0 then
    if not isMade then return nil end
    begin(r)
  else
    r.epoch, r.clock, r.floor, r.used, r.grown, r.flags = struct.unpack('>c${EPOCH_LENGTH}I4I4I4I4I4', head)
    r.size = size
  end
  settle(r)
  return r
end

local function keep(r)
  if redis.call('PTTL', r.key) >= r.ttl / 2 then return end
  for _, key in ipairs({ r.key, r.marks, r.shapes }) do redis.call('PEXPIRE', key, r.ttl) end
end
`

/** Keys of one record, in the order the scripts are given them. */
const OPENED = `
local r = {
  key = KEYS[1], marks = KEYS[2], shapes = KEYS[3],
  fresh = ARGV[1], ttl = tonumber(ARGV[2]), channel = ARGV[3], now = tonumber(ARGV[4]),
}
`

/**
 * What a look-up compares, of several records. A record that is not there is made.
 *
 *     KEYS  clock, marks, shapes, of each record
 *     ARGV  life ms, channel, application's time, then of each record: a fresh epoch, how many hashes, the hashes
 *     →     of each record: its epoch, its clock, and of each hash when it changed, -1 while it is locked, or
 *           `<changed>:<clock>:<until>` after a soft change
 */
export const LOOK = script(`${RECORD}
local replies, at = {}, 4
for k = 1, #KEYS, 3 do
  local r = {
    key = KEYS[k], marks = KEYS[k + 1], shapes = KEYS[k + 2], mayFail = true,
    fresh = ARGV[at], ttl = tonumber(ARGV[1]), channel = ARGV[2], now = tonumber(ARGV[3]),
  }
  open(r, true)
  keep(r)
  table.insert(replies, r.epoch)
  table.insert(replies, r.clock)
  local last = at + 1 + tonumber(ARGV[at + 1])
  for i = at + 2, last do
    local hash = tonumber(ARGV[i])
    if r.locked[hash] then table.insert(replies, -1)
    else
      local from = ${HEAD_BYTES} + 4 * (hash % r.size)
      local value = redis.call('GETRANGE', r.key, from, from + 3)
      local changed = #value == 4 and math.max(r.floor, (struct.unpack('>I4', value))) or 0
      local soft = r.soft[hash]
      if soft then table.insert(replies, text(changed) .. ':' .. text(soft[1]) .. ':' .. text(soft[2]))
      else table.insert(replies, changed) end
    end
  end
  at = last + 1
end
return replies
`)

/** The shapes a writer does not know of: nothing when it knows them all. */
const REGISTRY = `
local function registry(r, known)
  if known == '-' then return {} end
  local version = redis.pcall('HGET', r.shapes, 'v')
  if type(version) == 'table' then
    redis.call('UNLINK', r.shapes)
    version = false
  end
  if not version then
    if has(r, 2) then begin(r) end
    return {}
  end
  if version == known then return {} end
  local texts = { version }
  for _, name in ipairs(redis.call('HKEYS', r.shapes)) do
    if name ~= 'v' and name ~= 'n' then table.insert(texts, name) end
  end
  return texts
end
`

/**
 * Tags of one record change. A record that is not there needs no change: no entry under it can be valid.
 *
 *     KEYS  clock, marks, shapes
 *     ARGV  fresh epoch, life ms, channel, application's time, holder whose locks and intent end or '', until when entries
 *           may be served stale or '', the known version of the registry or '-', how many hashes change, these, and those
 *           that were locked and have not changed
 *     →     nothing, or the version of the registry and its shapes
 */
export const BUMP = script(`${RECORD}${REGISTRY}${OPENED}
local holder, grace, known, count = ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local changed = {}
for i = 9, 8 + count do table.insert(changed, tonumber(ARGV[i])) end
local function ended()
  if holder == '' then return end
  local fields = { 'i:' .. holder }
  for i = 9, #ARGV do table.insert(fields, 'l:' .. ARGV[i] .. ':' .. holder) end
  redis.call('HDEL', r.marks, unpack(fields))
end
if not open(r, false) then
  ended()
  r.epoch, r.clock = r.fresh, 0
  tell(r, 0, 'lost')
  return {}
end
if count > 0 and grace then
  advance(r, {}, table.concat(changed, ','))
  for _, hash in ipairs(changed) do
    local first = r.soft[hash]
    if first then note(r, hash, first[1]) end
    redis.call('HSET', r.marks, 's:' .. text(hash), text(r.clock) .. ':' .. text(grace))
  end
  mark(r, 1)
  redis.call('PEXPIRE', r.marks, r.ttl)
  save(r)
elseif count > 0 then
  advance(r, changed)
end
if holder ~= '' then
  ended()
  if has(r, 1) and redis.call('EXISTS', r.marks) == 0 then
    unmark(r, 1)
    save(r)
  end
end
return registry(r, known)
`)

/**
 * Locks tags of one record, or leaves an intent where no hash is given. The record is made, for the lock must be seen.
 *
 *     KEYS  clock, marks, shapes
 *     ARGV  fresh epoch, life ms, channel, application's time, holder, for how long ms, known registry or '-', hashes
 *     →     as BUMP
 */
export const LOCK = script(`${RECORD}${REGISTRY}${OPENED}
local holder, lease, known = ARGV[5], tonumber(ARGV[6]), ARGV[7]
open(r, true)
local function put(field)
  local before = tonumber(redis.call('HGET', r.marks, field) or '0')
  redis.call('HSET', r.marks, field, text(math.max(before, now() + lease)))
end
for i = 8, #ARGV do put('l:' .. ARGV[i] .. ':' .. holder) end
if #ARGV < 8 then put('i:' .. holder) end
mark(r, 1)
redis.call('PEXPIRE', r.marks, text(math.max(r.ttl, 2 * lease)))
save(r)
return registry(r, known)
`)

/**
 * Enters a shape into the registry, in one step with what makes it known: between a registry that was lost and the new
 * epoch, or between a shape that goes and the change of its tag, an entry would be valid that no writer knows how to reach.
 *
 *     KEYS  clock, marks, shapes
 *     ARGV  fresh epoch, life ms, channel, application's time, the most shapes, the shape's text, the hash of its any-values
 *           tag, and hashes of the tags that must not be locked
 *     →     epoch and clock, or nothing while one of the tags is locked
 */
export const REGISTER = script(`${RECORD}${OPENED}
local most, shape, hash = tonumber(ARGV[5]), ARGV[6], ARGV[7]
open(r, true)
for i = 8, #ARGV do if r.locked[tonumber(ARGV[i])] then return {} end end
local there = redis.pcall('HEXISTS', r.shapes, shape)
if type(there) == 'table' then
  redis.call('UNLINK', r.shapes)
  there = 0
end
if there == 0 then
  if has(r, 2) and redis.call('EXISTS', r.shapes) == 0 then begin(r) end
  while redis.call('HLEN', r.shapes) - 2 >= most do
    local oldest, least, its
    local all = redis.call('HGETALL', r.shapes)
    for i = 1, #all, 2 do
      local at, of = string.match(all[i + 1], '^(%d+):(%d+)$')
      at = tonumber(at)
      if at and (not least or at < least) then oldest, least, its = all[i], at, of end
    end
    if not oldest then
      redis.call('UNLINK', r.shapes)
      begin(r)
    else
      redis.call('HDEL', r.shapes, oldest)
      advance(r, { tonumber(its) })
    end
  end
  redis.call('HSET', r.shapes, 'v', r.fresh)
end
redis.call('HSET', r.shapes, shape, text(redis.call('HINCRBY', r.shapes, 'n', 1)) .. ':' .. hash)
redis.call('PEXPIRE', r.shapes, r.ttl)
mark(r, 2)
save(r)
return { r.epoch, r.clock }
`)

/** Forgets a record, and tells. Its marks stay: they are of writes that are under way. KEYS clock · ARGV channel */
export const DROP = script(`
if redis.call('UNLINK', KEYS[1]) == 1 then redis.call('PUBLISH', ARGV[1], '- 0 0 lost ' .. KEYS[1]) end
`)
