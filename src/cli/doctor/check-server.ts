import type { CacheOptions } from '../../policy/options.ts'
import type { ServerInfo } from '../../stores/store.ts'
import { bytesText, countText, shareText } from '../table.ts'
import { error, type Finding, note, ok, warning } from './finding.ts'

/** What a server says of itself. */
export function checkServer(server: ServerInfo, { waitReplicas = 0 }: CacheOptions): Finding[] {
  if (server.error !== null) {
    return [
      error(
        'server',
        `${server.address}: ${server.error}`,
        'Is the address right, is Redis running, and may this user say INFO?',
      ),
    ]
  }
  return [
    checkVersion(server),
    ...checkRole(server, waitReplicas),
    ...checkMemory(server),
    ...checkPersistence(server),
    ...checkClients(server),
  ]
}

/** As docs/stores.md says. */
const OLDEST = [6, 2] as const

function checkVersion({ version, address }: ServerInfo): Finding {
  const [major = Number.NaN, minor = 0] = version?.split('.').map(Number) ?? []
  if (Number.isNaN(major)) return note('version', `${address} does not say which version it is`)
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])
  const found = `${address} is version ${version}`
  return isOld ? error('version', found, `Use Redis ${OLDEST.join('.')} or later, or Valkey.`) : ok('version', found)
}

function checkRole({ role, replicas, address }: ServerInfo, waitReplicas: number): Finding[] {
  if (role === 'replica') {
    return [
      error(
        'role',
        `${address} is a replica: what it answers is late, and it takes no writes`,
        'Name the primary, or connect through Sentinel.',
      ),
    ]
  }
  if (waitReplicas > (replicas ?? 0)) {
    return [
      error(
        'replicas',
        `\`waitReplicas\` is ${waitReplicas}, and ${address} has ${replicas ?? 0}: no invalidation counts as delivered`,
        'Lower `waitReplicas`, or connect the replicas.',
      ),
    ]
  }
  return []
}

/** Where memory runs out, something has to go. */
const FULL = 0.9

function checkMemory({ memory, counts, address }: ServerInfo): Finding[] {
  const { usedBytes, maxBytes, policy, fragmentation } = memory
  const findings: Finding[] = []
  if (maxBytes === 0) {
    findings.push(
      warning(
        'memory',
        `${address} has no maxmemory: it grows until the machine has no more`,
        'CONFIG SET maxmemory 1gb, and the same in redis.conf.',
      ),
    )
  } else if (maxBytes !== null && usedBytes !== null) {
    const share = usedBytes / maxBytes
    const found = `${bytesText(usedBytes)} of ${bytesText(maxBytes)} are used (${shareText(share)})`
    // What evicts may be full.
    const isFull = share > FULL && policy === 'noeviction'
    findings.push(
      isFull && share >= 1
        ? error('memory', `${found}: it refuses to store anything`, 'Raise maxmemory, or let it evict.')
        : isFull
          ? warning('memory', found, 'Raise maxmemory, shorten `ttl`s, or let it evict.')
          : ok('memory', found),
    )
  }
  if (policy === 'noeviction') {
    const fix =
      'CONFIG SET maxmemory-policy allkeys-lru (or allkeys-lfu), unless other data is in this Redis: then give the cache one of its own.'
    findings.push(warning('eviction', 'noeviction: when it is full, nothing is stored any more', fix))
  } else if (policy !== null)
    findings.push(ok('eviction', `${policy}, ${countText(counts.evicted)} keys evicted so far`))
  if (fragmentation !== null && fragmentation > 1.5 && (usedBytes ?? 0) > 100 * 1024 * 1024) {
    findings.push(
      warning(
        'fragmentation',
        `memory is fragmented: ${fragmentation} times what is used`,
        'CONFIG SET activedefrag yes.',
      ),
    )
  }
  return findings
}

function checkPersistence({ persistence, address }: ServerInfo): Finding[] {
  const { aof, ok: isWell, loading } = persistence
  if (loading)
    return [
      warning('persistence', `${address} is loading its data`, 'Wait; queries are answered by the database meanwhile.'),
    ]
  if (isWell === false) {
    return [
      error(
        'persistence',
        `${address} could not save: it may refuse every write`,
        'Look at its log and the free space of its disk; or save "" and appendonly no, for a cache need not be kept.',
      ),
    ]
  }
  if (aof === null) return []
  return [
    note(
      'persistence',
      aof
        ? 'append-only file: entries survive a restart, as far as they can be trusted'
        : 'no append-only file: after a restart the cache begins empty',
    ),
  ]
}

function checkClients({ clients, counts }: ServerInfo): Finding[] {
  const { connected, max } = clients
  const findings: Finding[] = []
  if (connected !== null && max !== null && connected > 0.8 * max) {
    findings.push(
      warning(
        'clients',
        `${connected} of ${max} connections are in use`,
        'Raise maxclients, or open fewer: one a process is enough.',
      ),
    )
  }
  if (counts.rejectedConnections) {
    findings.push(warning('clients', `${counts.rejectedConnections} connections were refused`, 'Raise maxclients.'))
  }
  return findings
}
