import { EPOCH_LENGTH, FIRST_SLOTS, GROW_AT, MAX_CLOCK, MAX_SLOTS } from '../../tags/tag-clocks.ts'
import { script } from './script.ts'

/**
 * The clock record of one model is a string, so that the clocks of many tags are read by their places:
 *
 *     epoch (12 characters) · size · clock · floor · used · grown · flags · deadline · slots…
 *
 * `size` is the number of slots, a power of two; `used` counts slots that changed for the first time since the record had the
 * clock `grown`. Numbers are 32 bits, big-endian; `deadline` has 64. A tag's slot is its hash modulo the number of slots.
 *
 * Flag 1: the hash of **marks** holds locks or soft changes. Flag 2: the hash of **shapes** has fields. Flag 4: the marks hold
 * intents, the earliest of which ends at `deadline`, not before. A look-up of a record without locks and soft changes reads
 * one key. A record whose marks or shapes are gone has lost what its flags say, and begins anew.
 *
 * Fields of the marks: `l:<hash>:<holder>` a lock, until when by the server's clock · `s:<hash>` a soft change,
 * `<clock>:<until>`, by the application's clock · `i:<holder>` an intent, until when by the server's clock.
 *
 * Every change is published: `<epoch> <before> <after> <hash,…|*|lost> <key of the record>`. A server that refuses to publish
 * refuses nothing else: a listener compares clocks with every heartbeat.
 *
 * Numbers that reach 2^53 are written with `%.0f`: `tostring` writes 14 digits.
 */
/** By how much the clocks of the application and of the server may differ before a grace ends early. */
const SKEW_MS = 60_000

/** Lua hands over some thousands of keys at once. */
const MOST_AT_ONCE = 1000

/** Length of what is asked of one record from which all of its slots are read at once, while they are few. */
const MANY = 33

const HEAD = '>I4I4I4I4I4I4I8'
const HEAD_BYTES = EPOCH_LENGTH + 32

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
  local message = r.epoch .. ' ' .. text(before) .. ' ' .. text(r.clock) .. ' ' .. what .. ' ' .. r.key
  redis.pcall('PUBLISH', r.channel, message)
end

local function head(r)
  return struct.pack('${HEAD}', r.size, r.clock, r.floor, r.used, r.grown, r.flags, r.deadline)
end
-- For a key that others want to keep for longer, that is no less.
local function keepFor(key, ms)
  if redis.call('PTTL', key) < ms then redis.call('PEXPIRE', key, text(ms)) end
end

local function save(r)
  if not r.isLost then redis.call('SETRANGE', r.key, ${EPOCH_LENGTH}, head(r)) end
end

-- A full server keeps no record: nothing is stored under an epoch that nobody is told again.
-- An epoch that nobody has seen, even where a client sends a command twice. Locks and intents are of writes under way, and
-- stay; the deadline of those intents is not known.
local function begin(r)
  local t = redis.call('TIME')
  r.epoch = string.sub(redis.sha1hex(r.fresh .. t[1] .. t[2] .. r.key), 1, ${EPOCH_LENGTH})
  r.size, r.clock, r.floor, r.used, r.grown, r.flags, r.deadline = ${FIRST_SLOTS}, 1, 0, 0, 0, 0, 0
  local fields = redis.pcall('HKEYS', r.marks)
  if fields.err then
    redis.call('UNLINK', r.marks)
    fields = {}
  end
  for _, field in ipairs(fields) do
    local kind = string.sub(field, 1, 2)
    if kind == 's:' then redis.call('HDEL', r.marks, field)
    elseif kind == 'i:' then mark(r, 4)
    else mark(r, 1) end
  end
  if r.isThere then redis.call('UNLINK', r.key) end
  local done = redis.pcall('SET', r.key, r.epoch .. head(r) .. string.rep('\\0', 4 * r.size), 'PX', r.ttl)
  r.isLost = done.err ~= nil
  if r.isLost and not r.mayFail then error(done.err) end
  tell(r, 0, 'lost')
end

local function note(r, hash, clock)
  if r.isLost then return end
  local at = ${HEAD_BYTES} + 4 * (hash % r.size)
  local before = struct.unpack('>I4', redis.call('GETRANGE', r.key, at, at + 3))
  if before <= r.grown then r.used = r.used + 1 end
  if clock > before then redis.call('SETRANGE', r.key, at, struct.pack('>I4', clock)) end
end

-- The caller saves the record.
local function advance(r, hashes, what)
  if r.clock >= ${MAX_CLOCK} then return begin(r) end
  local before = r.clock
  r.clock = before + 1
  for _, hash in ipairs(hashes) do note(r, hash, r.clock) end
  if r.used > r.size / ${GROW_AT} and r.size < ${MAX_SLOTS} then
    redis.call('APPEND', r.key, redis.call('GETRANGE', r.key, ${HEAD_BYTES}, -1))
    r.size, r.used, r.grown = r.size * 2, 0, r.clock
  end
  tell(r, before, what or table.concat(hashes, ','))
end

-- The locks and soft changes. A grace that is over for long makes the change a hard one. Locks and intents that have run out count as changes: their holder may have committed.
local function settle(r)
  r.locked, r.soft = {}, {}
  if not has(r, 1) and (not has(r, 4) or r.deadline > now()) then return end
  local all = redis.pcall('HGETALL', r.marks)
  if all.err or #all == 0 then return begin(r) end
  local over, left, isOver, earliest = {}, false, false, nil
  for i = 1, #all, 2 do
    local kind, hash = string.match(all[i], '^(%l):(%d*)')
    local clock, last = string.match(all[i + 1], '^(%d+):?(%d*)$')
    hash, clock, last = tonumber(hash), tonumber(clock), tonumber(last)
    if kind == 's' and hash and clock and last then
      if last + ${SKEW_MS} > now() then
        r.soft[hash] = { clock, last }
        left = true
      else
        note(r, hash, clock)
        redis.call('HDEL', r.marks, all[i])
      end
    elseif clock and clock > now() then
      if kind == 'l' and hash then
        r.locked[hash] = true
        left = true
      else earliest = math.min(clock, earliest or clock) end
    else
      redis.call('HDEL', r.marks, all[i])
      if kind == 'l' and hash then table.insert(over, hash) else isOver = true end
    end
  end
  if not left then unmark(r, 1) end
  r.deadline = earliest or 0
  if earliest then mark(r, 4) else unmark(r, 4) end
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
  r.isThere = head ~= ''
  local isWhole = type(head) == 'string' and #head == ${HEAD_BYTES}
  if isWhole then
    r.epoch, r.size, r.clock, r.floor, r.used, r.grown, r.flags, r.deadline =
      struct.unpack('>c${EPOCH_LENGTH}${HEAD.slice(1)}', head)
    isWhole = r.size >= ${FIRST_SLOTS} and r.size <= ${MAX_SLOTS}
  end
  if not isWhole then
    if not isMade then return nil end
    begin(r)
  end
  settle(r)
  return r
end
`

/** Keys of one record, in the order the scripts are given them. */
const OPENED = `
local r = {
  key = KEYS[1], marks = KEYS[2], shapes = KEYS[3],
  fresh = ARGV[1], ttl = tonumber(ARGV[2]), channel = ARGV[3],
}
`

/**
 * Entries, and what is compared of several records. A record that is not there is made. Names the marks and the shapes by
 * the clock: most records are read by that one key.
 *
 *     KEYS  entries · clocks of records
 *     ARGV  a fresh token, life ms (0: nothing is made, nor lengthened), channel, then for each record `-`, or `+<life ms>;`
 *           where its life is to be lengthened, and the hashes as `hashDigits` writes them
 *     →     the token; of each record its epoch, its clock, and of each hash when it changed, `-` while it is locked, or
 *           `<changed>:<clock>:<until>` after a soft change; the entries
 */
export const LOOK = script(`
local ttl, records = tonumber(ARGV[2]), #ARGV - 3
local replies, entries = { ARGV[1] }, #KEYS - records
local call, unpacked = redis.call, struct.unpack

-- Most records need none of this, and what is not defined costs nothing.
local function opened(key, life)
  ${RECORD}
  local prefix, name = string.match(key, '^(.*)clock:({[^{}]*})$')
  local r = {
    key = key, marks = prefix .. 'marks:' .. name, shapes = prefix .. 'shapes:' .. name, mayFail = true,
    fresh = ARGV[1], ttl = ttl, channel = ARGV[3],
  }
  if not open(r, ttl > 0) then return { epoch = '-', clock = 0, floor = 0, locked = {}, soft = {} } end
  if life then
    for _, one in ipairs({ r.key, r.marks, r.shapes }) do keepFor(one, life) end
  end
  return r
end

local deadlines
local function isOver(deadline)
  if not deadlines then
    local t = call('TIME')
    deadlines = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return deadline <= deadlines
end

for k = 1, records do
  local key, asked = KEYS[entries + k], ARGV[3 + k]
  local epoch, size, clock, floor, flags, deadline, _
  local head = redis.pcall('GETRANGE', key, 0, ${HEAD_BYTES - 1})
  local isPlain = string.byte(asked) == 45 and type(head) == 'string' and #head == ${HEAD_BYTES}
  if isPlain then
    epoch, size, clock, floor, _, _, flags, deadline = unpacked('>c${EPOCH_LENGTH}${HEAD.slice(1)}', head)
    isPlain = flags % 2 == 0 and size >= ${FIRST_SLOTS} and (flags < 4 or not isOver(deadline))
  end
  local locked, soft
  if not isPlain then
    local life, hashes = string.match(asked, '^+(%d+);(.*)$')
    if life then asked = '-' .. hashes end
    local r = opened(key, tonumber(life))
    epoch, size, clock, floor, locked, soft = r.epoch, r.size, r.clock, r.floor, r.locked, r.soft
  end
  local said, n = { epoch, clock }, 2
  local all = size and #asked >= ${MANY} and size <= ${2 * FIRST_SLOTS} and call('GETRANGE', key, ${HEAD_BYTES}, -1)
  for i = 2, #asked, 4 do
    local a, b, c, d = string.byte(asked, i, i + 3)
    local hash = (((a - 48) * 64 + b - 48) * 64 + c - 48) * 64 + d - 48
    local changed = floor
    if all then
      local at = 4 * (hash % size)
      if #all >= at + 4 then changed = unpacked('>I4', all, at + 1) end
    elseif size then
      local at = ${HEAD_BYTES} + 4 * (hash % size)
      local value = call('GETRANGE', key, at, at + 3)
      if #value == 4 then changed = unpacked('>I4', value) end
    end
    if changed < floor then changed = floor end
    n = n + 1
    if locked and locked[hash] then said[n] = '-'
    elseif soft and soft[hash] then
      said[n] = string.format('%.0f:%.0f:%.0f', changed, soft[hash][1], soft[hash][2])
    else said[n] = changed end
  end
  replies[k + 1] = table.concat(said, ' ')
end
for i = 1, entries, ${MOST_AT_ONCE} do
  local last = math.min(i + ${MOST_AT_ONCE - 1}, entries)
  local values = call('MGET', unpack(KEYS, i, last))
  for j = i, last do replies[1 + records + j] = values[1 + j - i] end
end
return replies
`)

/** A hash as LOOK is given it. */
export function hashDigits(hash: number): string {
  return String.fromCharCode(
    48 + ((hash >>> 18) & 63),
    48 + ((hash >>> 12) & 63),
    48 + ((hash >>> 6) & 63),
    48 + (hash & 63),
  )
}

/**
 * The shapes a writer does not know of: nothing when it knows them all. A registry that was lost takes the epoch with it. One
 * that is asked for alone is made where there is none, and is told as empty: what it held may concern other records.
 */
const REGISTRY = `
local function registry(r, known, isAlone)
  if known == '-' then return {} end
  local version = redis.pcall('HGET', r.shapes, 'v')
  if type(version) == 'table' then
    redis.call('UNLINK', r.shapes)
    version = false
  end
  if not version then
    if has(r, 2) then begin(r) end
    if not isAlone then return {} end
    redis.call('HSET', r.shapes, 'v', r.fresh)
    keepFor(r.shapes, r.ttl)
    mark(r, 2)
    save(r)
    return { r.fresh }
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
 *     ARGV  fresh token, life ms, channel, application's time, holder whose locks and intent end or '', until when entries
 *           may be served stale or '', the known version of the registry or '-', how many hashes change, these, and those
 *           that were locked and have not changed
 *     →     nothing, or the version of the registry and its shapes. The intent stays then: what it announced may concern
 *           shapes that are not told yet
 */
export const BUMP = script(`${RECORD}${REGISTRY}${OPENED}
local at, holder, grace, known, count = tonumber(ARGV[4]), ARGV[5], tonumber(ARGV[6]), ARGV[7], tonumber(ARGV[8])
local changed = {}
for i = 9, 8 + count do table.insert(changed, tonumber(ARGV[i])) end
local isAlone = count == 0 and known ~= '-'
if not open(r, isAlone) then
  if holder ~= '' then
    redis.call('HDEL', r.marks, 'i:' .. holder)
    for i = 9, #ARGV do redis.call('HDEL', r.marks, 'l:' .. ARGV[i] .. ':' .. holder) end
  end
  r.epoch, r.clock = '-', 0
  tell(r, 0, 'lost')
  return {}
end
if count > 0 and grace then
  for hash, soft in pairs(r.soft) do
    if soft[2] <= at then
      note(r, hash, soft[1])
      redis.call('HDEL', r.marks, 's:' .. text(hash))
      r.soft[hash] = nil
    end
  end
  advance(r, {}, table.concat(changed, ','))
  for _, hash in ipairs(changed) do
    -- What is in the grace of another change must not be given a longer one.
    local first = r.soft[hash]
    local last = first and math.min(first[2], grace) or grace
    redis.call('HSET', r.marks, 's:' .. text(hash), text(r.clock) .. ':' .. text(last))
  end
  mark(r, 1)
  keepFor(r.marks, r.ttl)
elseif count > 0 then
  advance(r, changed)
end
local said = registry(r, known, isAlone)
if holder ~= '' then
  for i = 9, #ARGV do redis.call('HDEL', r.marks, 'l:' .. ARGV[i] .. ':' .. holder) end
  if #said == 0 then redis.call('HDEL', r.marks, 'i:' .. holder) end
  if redis.call('EXISTS', r.marks) == 0 then
    unmark(r, 1)
    unmark(r, 4)
    r.deadline = 0
  end
end
if count > 0 or holder ~= '' then save(r) end
return said
`)

/**
 * Locks tags of one record, or leaves an intent where no hash is given. The record is made, for a lock must be seen. A lock
 * is published as a change of its tags: copies that are told of changes must not be served while it lasts.
 *
 *     KEYS  clock, marks, shapes
 *     ARGV  fresh token, life ms, channel, holder, for how long ms, known registry or '-', hashes
 *     →     as BUMP
 */
export const LOCK = script(`${RECORD}${REGISTRY}${OPENED}
local holder, lease, known = ARGV[4], tonumber(ARGV[5]), ARGV[6]
open(r, true)
local till = now() + lease
local function put(field)
  till = math.max(till, tonumber(redis.call('HGET', r.marks, field) or '0'))
  redis.call('HSET', r.marks, field, text(till))
end
if #ARGV < 7 then
  put('i:' .. holder)
  r.deadline = has(r, 4) and math.min(r.deadline, till) or till
  mark(r, 4)
else
  local hashes = {}
  for i = 7, #ARGV do
    put('l:' .. ARGV[i] .. ':' .. holder)
    table.insert(hashes, ARGV[i])
  end
  mark(r, 1)
  advance(r, {}, table.concat(hashes, ','))
end
keepFor(r.marks, math.max(r.ttl, 2 * lease))
save(r)
return registry(r, known)
`)

/**
 * Enters a shape into the registry, in one step with what makes it known: between a registry that was lost and the new
 * epoch, or between a shape that goes and the change of its tag, an entry would be valid that no writer knows how to reach.
 *
 *     KEYS  clock, marks, shapes
 *     ARGV  fresh token, life ms, channel, the most shapes, the shape's text, the hash of its any-values tag, and hashes of the
 *           tags that must not be locked
 *     →     epoch and clock, or nothing while one of the tags is locked
 */
export const REGISTER = script(`${RECORD}${OPENED}
local most, shape, hash = tonumber(ARGV[4]), ARGV[5], ARGV[6]
open(r, true)
for i = 7, #ARGV do if r.locked[tonumber(ARGV[i])] then return {} end end
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
keepFor(r.shapes, r.ttl)
mark(r, 2)
save(r)
return { r.epoch, r.clock }
`)

/** Forgets a record, and tells. Its marks stay: they are of writes that are under way. KEYS clock · ARGV channel */
export const DROP = script(`
if redis.call('UNLINK', KEYS[1]) == 1 then redis.pcall('PUBLISH', ARGV[1], '- 0 0 lost ' .. KEYS[1]) end
return 1
`)
