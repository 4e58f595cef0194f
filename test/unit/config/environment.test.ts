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
    [{ CACHE_DEFAULT_TTL: '1m' }, 'CACHE_DEFAULT_TTL', 'Give a whole number from 0 to 315360000.'],
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
