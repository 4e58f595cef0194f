import type { Lease } from '../store.ts'
import type { Command, Reply } from './redis-client.ts'
import { script } from './script.ts'

/** Ends a lease that is still its holder's: one that ran out may be another's by now. */
export const END_LEASE = script(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('UNLINK', KEYS[1]) end
`)

/** Lengthens one that is still its holder's. */
export const RENEW_LEASE = script(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`)

/** `key`: in one slot with its entry, so that one node takes the lease and is asked for the entry, in this order. */
export function takeLease(key: string, lease: Lease): Command {
  return ['set', key, lease.holder, 'NX', 'PX', String(lease.leaseMs)]
}

/** A server that refuses (it is full, say) gives the lease to nobody else either: waiting for that would be in vain. */
export function isGranted(reply: Reply | undefined): boolean {
  return reply?.[0] ? true : reply?.[1] === 'OK'
}
