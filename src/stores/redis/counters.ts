import { script } from './script.ts'

/**
 * `ARGV`: what to add, and for how many milliseconds a counter that begins lives (`''`: until it is removed). Replies with
 * the sum as text, which a Lua number would round; `''` where something else is kept, or the sum has no place in 64 bits.
 */
export const INCREMENT = script(`
local value = redis.call('GET', KEYS[1])
if value and not string.find(value, '^-?%d+$') then return '' end
if type(redis.pcall('INCRBY', KEYS[1], ARGV[1])) == 'table' then return '' end
if not value and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])
`)
