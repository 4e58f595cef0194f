import { CacheConfigError, show } from '../errors.ts'
import type { CacheOptions } from '../policy/options.ts'

/** The options that `CACHE_PREFIX` and `CACHE_DEFAULT_TTL` stand for. */
export function environmentOptions(env: Readonly<Record<string, string | undefined>>): CacheOptions {
  const ttl = wholeNumber(env, 'CACHE_DEFAULT_TTL', 315_360_000)
  return {
    ...(env['CACHE_PREFIX'] && { prefix: env['CACHE_PREFIX'] }),
    ...(ttl !== undefined && { defaults: { ttl } }),
  }
}

/** The Redis that `REDIS_URL`, or `REDIS_HOST` and its like, name; apart, since they are often set for others. */
export function environmentRedis(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const redis = env['REDIS_URL'] || urlFromParts(env)
  if (redis) assertRedisUrl(redis)
  return redis
}

function urlFromParts(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const host = env['REDIS_HOST']
  if (!host) return undefined
  if (!URL.canParse(`redis://${host.includes(':') ? `[${host}]` : host}`)) {
    throw new CacheConfigError('REDIS_HOST', `got ${show(host)}`, 'Give a host name or an address.')
  }
  const port = wholeNumber(env, 'REDIS_PORT', 65_535) ?? 6379
  const db = wholeNumber(env, 'REDIS_DB', 1_000_000) ?? 0
  const password = env['REDIS_PASSWORD'] ? `:${encodeURIComponent(env['REDIS_PASSWORD'])}@` : ''
  return `redis://${password}${host.includes(':') ? `[${host}]` : host}:${port}/${db}`
}

function assertRedisUrl(url: string): void {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  if (protocol === 'redis:' || protocol === 'rediss:') return
  throw new CacheConfigError('REDIS_URL', `got ${show(url)}`, 'Give a redis:// or rediss:// URL.')
}

function wholeNumber(env: Readonly<Record<string, string | undefined>>, name: string, max: number): number | undefined {
  const value = env[name]
  if (value === undefined || value === '') return undefined
  if (/^\d{1,9}$/.test(value) && Number(value) <= max) return Number(value)
  throw new CacheConfigError(name, `got ${show(value)}`, `Give a whole number from 0 to ${max}.`)
}
