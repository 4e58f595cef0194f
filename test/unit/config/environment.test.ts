import { describe, expect, it } from 'vitest'
import { environmentOptions, environmentRedis } from '../../../src/config/environment.ts'
import { CacheConfigError } from '../../../src/errors.ts'

/** Everything the environment says. */
function read(env: Record<string, string>) {
  const redis = environmentRedis(env)
  return { ...environmentOptions(env), ...(redis && { redis }) }
}

describe('the environment says', () => {
  it.each<[Record<string, string>, unknown]>([
    [{}, {}],
    [{ REDIS_URL: 'redis://a:1' }, { redis: 'redis://a:1' }],
    [{ REDIS_URL: 'rediss://a' }, { redis: 'rediss://a' }],
    [{ REDIS_HOST: 'a' }, { redis: 'redis://a:6379/0' }],
    [{ REDIS_HOST: 'a', REDIS_PORT: '1', REDIS_DB: '2' }, { redis: 'redis://a:1/2' }],
    [{ REDIS_HOST: '::1' }, { redis: 'redis://[::1]:6379/0' }],
    [{ REDIS_HOST: 'a', REDIS_PASSWORD: 'p@ss/w:rd' }, { redis: 'redis://:p%40ss%2Fw%3Ard@a:6379/0' }],
    [{ REDIS_URL: 'redis://a', REDIS_HOST: 'b' }, { redis: 'redis://a' }],
    [{ REDIS_URL: '', REDIS_HOST: 'b' }, { redis: 'redis://b:6379/0' }],
    [{ REDIS_PORT: '1', REDIS_PASSWORD: 'p', REDIS_DB: '1' }, {}],
    [{ CACHE_PREFIX: 'shop:' }, { prefix: 'shop:' }],
    [{ CACHE_PREFIX: '' }, {}],
    [{ CACHE_DEFAULT_TTL: '60' }, { defaults: { ttl: 60 } }],
    [{ CACHE_DEFAULT_TTL: 'hour' }, { defaults: { ttl: 'hour' } }],
    [{ CACHE_DEFAULT_TTL: '0' }, { defaults: { ttl: 0 } }],
    [{ CACHE_DEFAULT_TTL: '' }, {}],
    [{ SOMETHING_ELSE: 'x' }, {}],
  ])('%j → %j', (env, options) => {
    expect(read(env)).toEqual(options)
  })
})

describe('the environment is refused by the name of its variable', () => {
  it.each<[Record<string, string>, option: string, message: string]>([
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL', '"localhost:6379"'],
    [{ REDIS_URL: 'http://a' }, 'REDIS_URL', 'Give a redis:// or rediss:// URL.'],
    [{ REDIS_HOST: 'a', REDIS_PORT: 'x' }, 'REDIS_PORT', 'Give a whole number from 0 to 65535.'],
    [{ REDIS_HOST: 'a', REDIS_PORT: '65536' }, 'REDIS_PORT', '"65536"'],
    [{ REDIS_HOST: 'a', REDIS_PORT: '-1' }, 'REDIS_PORT', '"-1"'],
    [{ REDIS_HOST: 'a', REDIS_DB: '1.5' }, 'REDIS_DB', '"1.5"'],
    [{ REDIS_HOST: 'not a host' }, 'REDIS_HOST', 'not a host'],
    [{ CACHE_DEFAULT_TTL: '-1' }, 'CACHE_DEFAULT_TTL', '"-1"'],
    [
      { CACHE_DEFAULT_TTL: '1m' },
      'CACHE_DEFAULT_TTL',
      'Give a whole number from 0 to 315360000, or one of short, medium, long, hour, day.',
    ],
    [{ CACHE_DEFAULT_TTL: '999999999' }, 'CACHE_DEFAULT_TTL', '"999999999"'],
    [{ CACHE_DEFAULT_TTL: ' 60' }, 'CACHE_DEFAULT_TTL', '" 60"'],
  ])('%j', (env, option, message) => {
    expect(() => read(env)).toThrow(CacheConfigError)
    expect(() => read(env)).toThrow(expect.objectContaining({ option }))
    expect(() => read(env)).toThrow(message)
  })

  it('and never with a password', () => {
    for (const env of [
      { REDIS_URL: 'http://:hunter2@a' },
      { REDIS_URL: ':hunter2@a:6379' },
      { REDIS_HOST: 'not a host', REDIS_PASSWORD: 'hunter2' },
      { REDIS_HOST: 'a', REDIS_PORT: 'x', REDIS_PASSWORD: 'hunter2' },
    ]) {
      expect(() => read(env)).toThrow(CacheConfigError)
      expect(() => read(env)).not.toThrow('hunter2')
    }
  })
})

describe('secrets in the environment', () => {
  const [one, two, digest] = ['a', 'b', 'c'].map((letter) => Buffer.alloc(32, letter).toString('base64')) as [
    string,
    string,
    string,
  ]

  it('are keys by their ids, the newest first, and a key for digests', () => {
    expect(environmentOptions({ CACHE_ENCRYPTION_KEYS: `2026:${two}, 2025:${one}`, CACHE_DIGEST_KEY: digest })).toEqual(
      {
        encryption: {
          keys: [
            { id: '2026', key: two },
            { id: '2025', key: one },
          ],
          digestKey: digest,
        },
      },
    )
    expect(environmentOptions({ CACHE_ENCRYPTION_KEYS: '', CACHE_DIGEST_KEY: '' })).toEqual({})
  })

  it.each<[string, Record<string, string>, option: string]>([
    ['no key for digests', { CACHE_ENCRYPTION_KEYS: `a:${one}` }, 'CACHE_DIGEST_KEY'],
    ['no other key', { CACHE_DIGEST_KEY: digest }, 'CACHE_ENCRYPTION_KEYS'],
    ['a key without an id', { CACHE_ENCRYPTION_KEYS: one, CACHE_DIGEST_KEY: digest }, 'CACHE_ENCRYPTION_KEYS'],
    ['an id twice', { CACHE_ENCRYPTION_KEYS: `a:${one},a:${two}`, CACHE_DIGEST_KEY: digest }, 'CACHE_ENCRYPTION_KEYS'],
    [
      'a short key',
      { CACHE_ENCRYPTION_KEYS: `a:${one.slice(0, 20)}`, CACHE_DIGEST_KEY: digest },
      'CACHE_ENCRYPTION_KEYS',
    ],
    ['a comma too many', { CACHE_ENCRYPTION_KEYS: `a:${one},`, CACHE_DIGEST_KEY: digest }, 'CACHE_ENCRYPTION_KEYS'],
    ['a password', { CACHE_ENCRYPTION_KEYS: `a:${one}`, CACHE_DIGEST_KEY: digest.slice(0, 20) }, 'CACHE_DIGEST_KEY'],
  ])('are refused without being shown: %s', (_, env, option) => {
    const setUp = () => environmentOptions(env)
    expect(setUp).toThrow(CacheConfigError)
    expect(setUp).toThrow(`\`${option}\``)
    for (const secret of [one, two, digest]) expect(setUp).not.toThrow(secret.slice(0, 12))
  })
})
