import { storeError } from '../../errors.ts'
import { inTime } from '../in-time.ts'
import type { ServerInfo } from '../store.ts'
import type { RedisClient } from './redis-client.ts'
import { called } from './send-commands.ts'

/** An operator's question: longer than a query may wait, never without an end. */
const LEAST_MS = 1000
const PATIENCE = 5

/** Asks a server for `INFO`. Never rejects: one that does not answer, or does not allow it, is described by why. */
export async function serverInfo(client: RedisClient, timeoutMs: number): Promise<ServerInfo> {
  const address = addressOf(client)
  const begun = performance.now()
  try {
    const limit = Math.max(LEAST_MS, PATIENCE * timeoutMs)
    const text = String(await inTime(limit, () => called(client, 'INFO')))
    return readInfo(text, { address, error: null, latencyMs: performance.now() - begun }, client.options?.db ?? 0)
  } catch (error) {
    return readInfo('', { address, error: storeError(error).message, latencyMs: null }, 0)
  }
}

/** Reads what servers say, of any version and provider: what one of them leaves out is `null`. */
export function readInfo(
  text: string,
  about: Pick<ServerInfo, 'address' | 'error' | 'latencyMs'>,
  db: number,
): ServerInfo {
  const fields = new Map<string, string>()
  for (const line of text.split('\n')) {
    const at = line.indexOf(':')
    if (at > 0) fields.set(line.slice(0, at), line.slice(at + 1).trim())
  }
  const word = (name: string) => fields.get(name) || null
  const number = (name: string) => numberOf(fields.get(name))
  const flag = (name: string) => (fields.has(name) ? fields.get(name) === '1' : null)
  const role = word('role')
  const lastSave = number('rdb_last_save_time')
  const statuses = ['rdb_last_bgsave_status', 'aof_last_write_status'].flatMap((name) => word(name) ?? [])
  const keyspace = new Map((word(`db${db}`) ?? '').split(',').map((part) => part.split('=') as [string, string]))
  // A database without keys is not listed.
  const keys = (name: string) => (fields.size === 0 ? null : (numberOf(keyspace.get(name)) ?? 0))
  return {
    ...about,
    version: word('valkey_version') ?? word('redis_version'),
    role: role === 'slave' ? 'replica' : role === 'master' ? 'master' : null,
    uptimeSeconds: number('uptime_in_seconds'),
    memory: {
      usedBytes: number('used_memory'),
      maxBytes: number('maxmemory'),
      policy: word('maxmemory_policy'),
      fragmentation: number('mem_fragmentation_ratio'),
    },
    clients: {
      connected: number('connected_clients'),
      blocked: number('blocked_clients'),
      max: number('maxclients'),
    },
    counts: {
      hits: number('keyspace_hits'),
      misses: number('keyspace_misses'),
      evicted: number('evicted_keys'),
      expired: number('expired_keys'),
      rejectedConnections: number('rejected_connections'),
    },
    commandsPerSecond: number('instantaneous_ops_per_sec'),
    keys: { total: keys('keys'), expiring: keys('expires') },
    persistence: {
      aof: flag('aof_enabled'),
      lastSave: lastSave === null ? null : new Date(lastSave * 1000),
      ok: statuses.length === 0 ? null : statuses.every((status) => status === 'ok'),
      loading: flag('loading'),
    },
    replicas: number('connected_slaves'),
  }
}

function numberOf(text: string | undefined): number | null {
  const value = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : null
}

/** Host and port alone: a URL may hold a password. */
export function addressOf({ options = {}, stream }: RedisClient): string {
  const { host, port, path, sentinels } = options
  if (path) return path
  const { remoteAddress, remotePort } = stream ?? {}
  if ((sentinels || host === undefined) && remoteAddress) return `${remoteAddress}:${remotePort}`
  return sentinels || host === undefined ? 'unknown' : `${host}:${port ?? 6379}`
}
