import { CacheConfigError, show, showSecret } from '../errors.ts'
import { KEY_ID, keyBytes } from '../policy/key-bytes.ts'
import type { CacheOptions, EncryptionOptions } from '../policy/options.ts'
import { MAX_SECONDS, TTL_PRESETS, type Ttl, type TtlPreset } from '../policy/ttl.ts'

/** The options that the environment stands for, besides the Redis. */
export function environmentOptions(env: Readonly<Record<string, string | undefined>>): CacheOptions {
  const ttl = ttlOf(env, 'CACHE_DEFAULT_TTL')
  const encryption = encryptionOf(env)
  return {
    ...(env['CACHE_PREFIX'] && { prefix: env['CACHE_PREFIX'] }),
    ...(ttl !== undefined && { defaults: { ttl } }),
    ...(encryption && { encryption }),
  }
}

/** `id:key,id:key`, the newest first. Of what is wrong with them nothing is shown: they are secrets. */
function encryptionOf(env: Readonly<Record<string, string | undefined>>): EncryptionOptions | undefined {
  const { CACHE_ENCRYPTION_KEYS: keys, CACHE_DIGEST_KEY: digestKey } = env
  if (!keys && !digestKey) return undefined
  if (!keys || !digestKey) {
    const missing = keys ? 'CACHE_DIGEST_KEY' : 'CACHE_ENCRYPTION_KEYS'
    throw new CacheConfigError(missing, 'it is not set', 'Set CACHE_ENCRYPTION_KEYS and CACHE_DIGEST_KEY, or neither.')
  }
  const named = keys.split(',').map((item) => {
    const [id = '', ...key] = item.trim().split(':')
    return { id, key: key.join(':') }
  })
  const areKeys = named.every(({ id, key }) => KEY_ID.test(id) && keyBytes(key))
  if (!areKeys || new Set(named.map(({ id }) => id)).size < named.length) {
    const fix = 'Give `id:key,id:key`, the newest first, each id once, each key 32 random bytes in base64 or hex.'
    throw new CacheConfigError('CACHE_ENCRYPTION_KEYS', `got ${showSecret(keys)}`, fix)
  }
  if (!keyBytes(digestKey)) {
    throw new CacheConfigError(
      'CACHE_DIGEST_KEY',
      `got ${showSecret(digestKey)}`,
      'Give 32 random bytes in base64 or hex.',
    )
  }
  return { keys: named, digestKey }
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

function ttlOf(env: Readonly<Record<string, string | undefined>>, name: string): Ttl | undefined {
  const value = env[name] ?? ''
  if (Object.hasOwn(TTL_PRESETS, value)) return value as TtlPreset
  return wholeNumber(env, name, MAX_SECONDS, `, or one of ${Object.keys(TTL_PRESETS).join(', ')}`)
}

function wholeNumber(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  max: number,
  more = '',
): number | undefined {
  const value = env[name]
  if (value === undefined || value === '') return undefined
  if (/^\d{1,9}$/.test(value) && Number(value) <= max) return Number(value)
  throw new CacheConfigError(name, `got ${show(value)}`, `Give a whole number from 0 to ${max}${more}.`)
}
