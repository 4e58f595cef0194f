import type { Reply } from './redis-client.ts'
import { script } from './script.ts'

/** Whether a command failed because something of another type lies under a key of ours. Scripts wrap the message. */
export function isWrongType(reply: Reply | undefined): boolean {
  return reply?.[0]?.message.includes('WRONGTYPE') ?? false
}

/**
 * Removes what of another type lies under these keys. Nobody of ours put it there, and every command would fail on it
 * for ever. A record without its marks or shapes begins anew, which only misses. Asks with commands that the other scripts
 * send, too: the rights of a deployment hold no TYPE.
 */
export const REMOVE_WRONG_TYPES = script(`
for _, key in ipairs(KEYS) do
  local isHash = string.find(key, 'marks:{[^{}]*}$') or string.find(key, 'shapes:{[^{}]*}$')
  local found = isHash and redis.pcall('HLEN', key) or redis.pcall('GETRANGE', key, 0, 0)
  if type(found) == 'table' and found.err then redis.call('UNLINK', key) end
end
return 1
`)
