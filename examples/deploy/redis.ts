import { Redis } from 'ioredis'
import type { RedisSettings } from './settings.ts'

/**
 * The one connection of this process. The cache duplicates it, with all that is said here, for what Redis pushes
 * (`near: 'push'`): a connection that has subscribed can send nothing else.
 */
export function connectRedis({ url, password, ca }: RedisSettings): Redis {
  const { protocol, hostname, port, username } = new URL(url)
  const redis = new Redis({
    // One by one: of an address that names a user and no password, ioredis takes the password to be empty.
    host: hostname,
    port: Number(port || 6379),
    username: decodeURIComponent(username) || 'default',
    password,
    // Certificates are checked, the name in them included; a server that is not who it says it is gets no password.
    ...(protocol === 'rediss:' && { tls: { ...(ca && { ca }), minVersion: 'TLSv1.2' } }),
    // Probes an idle connection before a NAT or a load balancer forgets it, which tells neither end.
    keepAlive: 10_000,
    // A server that is gone without a word, not one that is slow: those are the cache's own `timeoutMs`.
    connectTimeout: 5000,
    // For ever, and with pauses shorter than `breaker.quarantineMs` (3 s): for so long nobody reads from a Redis that was
    // restarted, so that every process has found it and delivered what it kept for it.
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000),
    // A command that was lost with its connection fails now, and the database answers: the query behind it has a time limit
    // of its own. Invalidations that were lost are kept and brought again by the cache.
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // Behind one name, a failover leaves this connection at what has become a replica: only a new one finds the new master.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
    // `CLIENT LIST` says whose connection it is. What else ioredis would say of itself, servers before 7.2 do not know.
    connectionName: 'shop',
    disableClientInfo: true,
  })
  // Each fault is an event and a metric of the cache; without a listener, ioredis prints every attempt.
  redis.on('error', () => {})
  return redis
}
