import type { Reply } from './redis-client.ts'
import { script } from './script.ts'

/** Ends a lease that is still its holder's: one that ran out may be another's by now. */
export const END_LEASE = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
return 1
`)

/** Gives a lease to this holder unless another has it. Its key lies in one slot with its entry. */
export const TAKE_LEASE = script(`
return redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) and 1 or 0
`)

/** Lengthens one that is still its holder's. */
export const RENEW_LEASE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/** A server that refuses (it is full, say) gives the lease to nobody else either: waiting for that would be in vain. */
export function isGranted(reply: Reply | undefined): boolean {
  return reply?.[0] ? true : reply?.[1] === 1
}
