import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { CacheConfigError } from '../../../src/errors.ts'
import {
  assertRawOptions,
  assertReadCache,
  assertTarget,
  assertWarm,
  assertWriteCache,
  validateConfig,
  validateOptions,
} from '../../../src/policy/validate-options.ts'
import { memoryStore } from '../../../src/stores/memory-store.ts'

/** The error of `run`, which must be ours. */
function refused(run: () => unknown): CacheConfigError {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(CacheConfigError)
    return error as CacheConfigError
  }
  throw new Error('was not refused')
}

const SECONDS = 'Give seconds from 0 to 315360000.'
const TTL = "Give seconds from 0 to 315360000, or one of 'short', 'medium', 'long', 'hour', 'day'."

describe('an invalidation that is wrong', () => {
  it.each<[target: object, option: string, fix: string]>([
    [{ soft: true }, 'invalidate', 'Name what to invalidate'],
    [{ soft: true, keys: ['a'] }, 'invalidate', 'Give tags, models or a namespace'],
    [{ soft: true, tags: ['a'], pattern: '*' }, 'invalidate', 'Give tags, models or a namespace'],
    [{ tags: ['a'], grace: 5 }, 'invalidate', 'Give `soft: true` with `grace`.'],
    [{ tags: ['a'], soft: true, grace: -1 }, 'invalidate.grace', SECONDS],
    [{ tags: ['a'], soft: 1 }, 'invalidate.soft', 'Give true or false.'],
    [{ scope: '' }, 'invalidate.scope', 'Give what `vary` returns'],
    [{ scope: null }, 'invalidate.scope', 'Give what `vary` returns'],
    [{ scope: Number.NaN }, 'invalidate.scope', 'Give what `vary` returns'],
    [{ scope: { id: 1 } }, 'invalidate.scope', 'Give what `vary` returns'],
    [{ scope: 'a', models: ['User'] }, 'invalidate', 'models are invalidated in all scopes'],
    [{ scope: 'a', keys: ['k'] }, 'invalidate', 'keys belong to one'],
    [{ scope: 'a', pattern: '*' }, 'invalidate', 'keys belong to one'],
  ])('%j', (target, option, fix) => {
    const error = refused(() => assertTarget(target))
    expect(error.message).toContain(option)
    expect(error.message).toContain(fix)
  })
})

describe('an option that is wrong', () => {
  it.each<[unknown, option: string, value: string, fix: string]>([
    [5, 'options', '5', 'Give an object with redis, store'],
    [null, 'options', 'null', 'Give an object'],
    ['redis://localhost', 'options', '"redis://localhost"', 'Give an object'],
    [[], 'options', 'an array of 0', 'Give an object'],
    [{ reddis: 'x' }, 'reddis', '"reddis"', 'There is no such option; there are redis, store'],
    [{ defaults: { ttl: -1 } }, 'defaults.ttl', '-1', TTL],
    [{ defaults: { ttl: Number.NaN } }, 'defaults.ttl', 'NaN', TTL],
    [{ defaults: { ttl: Number.POSITIVE_INFINITY } }, 'defaults.ttl', 'Infinity', TTL],
    [{ defaults: { ttl: 315_360_001 } }, 'defaults.ttl', '315360001', TTL],
    [{ defaults: { ttl: '60' } }, 'defaults.ttl', '"60"', TTL],
    [{ defaults: { ttl: 'shorter' } }, 'defaults.ttl', '"shorter"', TTL],
    [{ defaults: { ttl: 'toString' } }, 'defaults.ttl', '"toString"', TTL],
    [{ models: { User: { nullTtl: 'week' } } }, 'models.User.nullTtl', '"week"', TTL],
    [
      { models: { User: { adaptive: { min: 'hour', max: 'short' } } } },
      'models.User.adaptive',
      'an object with min, max',
      'not above max',
    ],
    [{ laterExtensions: true }, 'laterExtensions', 'true', "Give 'transparent' or 'changing'."],
    [{ requireScope: 'yes' }, 'requireScope', '"yes"', 'Give true or false.'],
    [{ models: { User: { maxTtl: 0 } } }, 'models.User.maxTtl', '0', 'Give more than 0, or false'],
    [{ models: { User: { maxTtl: '60' } } }, 'models.User.maxTtl', '"60"', TTL],
    [{ models: { User: { encrypt: 'yes' } } }, 'models.User.encrypt', '"yes"', 'Give true or false.'],
    [{ models: { User: { audit: 1 } } }, 'models.User.audit', '1', 'Give true or false.'],
    [{ models: { User: { maxBytes: 0 } } }, 'models.User.maxBytes', '0', 'bytes from 1'],
    [{ models: { User: { maxBytes: '1kb' } } }, 'models.User.maxBytes', '"1kb"', 'bytes from 1'],
    [{ models: { User: { maxEntries: 1.5 } } }, 'models.User.maxEntries', '1.5', 'entries from 1'],
    [{ defaults: { maxEntries: 5 } }, 'defaults.maxEntries', '"maxEntries"', 'There is no such option'],
    [{ defaults: { ttl: 60n } }, 'defaults.ttl', '60n', TTL],
    [{ defaults: { ttl: null } }, 'defaults.ttl', 'null', TTL],
    [{ defaults: { swr: -1 } }, 'defaults.swr', '-1', TTL],
    [{ defaults: { nullTtl: -1 } }, 'defaults.nullTtl', '-1', TTL],
    [{ defaults: { earlyRefresh: -1 } }, 'defaults.earlyRefresh', '-1', 'Give a factor from 0 to 100.'],
    [
      { defaults: { adaptive: { min: 0, max: 5 } } },
      'defaults.adaptive',
      'an object',
      'Give `{ min, max }` in seconds',
    ],
    [{ defaults: { adaptive: { min: 9, max: 5 } } }, 'defaults.adaptive', 'an object', 'not above max'],
    [{ defaults: { jitter: 10 } }, 'defaults.jitter', '10', 'Give a fraction from 0 to 1.'],
    [{ defaults: { jitter: Number.NaN } }, 'defaults.jitter', 'NaN', 'Give a fraction from 0 to 1.'],
    [
      { defaults: { tll: 1 } },
      'defaults.tll',
      '"tll"',
      'There is no such option; there are ttl, swr, nullTtl, jitter, earlyRefresh, adaptive, namespace, validate.',
    ],
    [
      { defaults: 60 },
      'defaults',
      '60',
      'Give an object with ttl, swr, nullTtl, jitter, earlyRefresh, adaptive, namespace, validate.',
    ],
    [{ lease: 5 }, 'lease', '5', 'Give `{ waitMs, leaseMs, minQueryMs }`, true or false.'],
    [{ lease: { waitMs: -1 } }, 'lease.waitMs', '-1', 'Give a whole number of milliseconds from 0 to 60000.'],
    [{ models: { User: { lease: { leaseMs: 1 } } } }, 'models.User.lease.leaseMs', '1', 'Give a whole number'],
    [{ models: { User: 60 } }, 'models.User', '60', 'Give a policy object, or false.'],
    [{ models: { User: true } }, 'models.User', 'true', 'Give a policy object, or false.'],
    [{ models: { User: { ttl: -1 } } }, 'models.User.ttl', '-1', TTL],
    [{ models: { User: { tags: 'team' } } }, 'models.User.tags', '"team"', 'Give a list of tags.'],
    [{ models: { User: { tags: [''] } } }, 'models.User.tags.0', '""', 'Give a tag of 1 to 256 characters.'],
    [{ models: { User: { tags: ['x'.repeat(257)] } } }, 'models.User.tags.0', `"${'x'.repeat(40)}…"`, 'Give a tag'],
    [
      { models: { User: { operations: { find: {} } } } },
      'models.User.operations.find',
      '"find"',
      'there are findUnique',
    ],
    [
      { models: { User: { operations: { create: {} } } } },
      'models.User.operations.create',
      '"create"',
      'no such option',
    ],
    [{ models: { User: { operations: { count: true } } } }, 'models.User.operations.count', 'true', 'or false.'],
    [{ models: { User: { operations: { count: { ttl: -1 } } } } }, 'models.User.operations.count.ttl', '-1', TTL],
    [{ models: { User: { neverCache: [1] } } }, 'models.User.neverCache.0', '1', 'Give a list of field names.'],
    [{ models: { User: { dependsOn: 'Post' } } }, 'models.User.dependsOn', '"Post"', 'Give a list of model names.'],
    [{ raw: {} }, 'raw', 'an object with no keys', 'Give a list of rules.'],
    [{ raw: [{}] }, 'raw.0.match', 'undefined', 'Give an object with match, reads, writes, ttl.'],
    [{ raw: [{ match: '' }] }, 'raw.0.match', '""', 'Give a part of the statement'],
    [{ raw: [{ match: 'x', read: ['User'] }] }, 'raw.0.read', '"read"', 'there are match, reads, writes, ttl.'],
    [{ prefix: 5 }, 'prefix', '5', 'Give a text.'],
    [{ prefix: 'x'.repeat(129) }, 'prefix', '…', 'Give at most 128 characters.'],
    [{ store: 'redis' }, 'store', '"redis"', "Give 'memory', memoryStore({ … })"],
    [{ store: new Map() }, 'store', 'an object with no keys', "Give 'memory', memoryStore({ … })"],
    [
      { redis: 'localhost' },
      'redis',
      '"localhost"',
      'Give a redis:// or rediss:// URL, or a client of ioredis, iovalkey, redis or @upstash/redis.',
    ],
    [{ redis: 'http://localhost' }, 'redis', '"http://localhost"', 'Give a redis:// or rediss:// URL'],
    [{ redis: { host: 'a' } }, 'redis', 'an object with host', 'Give a redis:// or rediss:// URL'],
    [{ redis: null }, 'redis', 'null', 'Give a redis:// or rediss:// URL'],
    [{ vary: 'tenant' }, 'vary', '"tenant"', 'Give a function that returns the scope.'],
    [{ version: 2 }, 'version', '2', 'Give a text.'],
    [{ timeoutMs: 0 }, 'timeoutMs', '0', 'Give a whole number of milliseconds from 1 to 60000.'],
    [{ timeoutMs: 1.5 }, 'timeoutMs', '1.5', 'Give a whole number of milliseconds'],
    [{ breaker: { failures: 0 } }, 'breaker.failures', '0', 'Give a whole number of failures from 1 to 1000000.'],
    [{ consistency: 'linear' }, 'consistency', '"linear"', "Give 'default' or 'strict'."],
    [{ models: { User: { consistency: true } } }, 'models.User.consistency', 'true', "Give 'default' or 'strict'."],
    [{ lockTtlMs: 5 }, 'lockTtlMs', '5', 'Give a whole number of milliseconds from 100 to 600000.'],
    [{ onUnavailable: 'wait' }, 'onUnavailable', '"wait"', "Give 'proceed' or 'reject'."],
    [{ replicaLag: '5s' }, 'replicaLag', '"5s"', 'Give seconds from 0 to'],
    [{ waitReplicas: -1 }, 'waitReplicas', '-1', 'Give a whole number of replicas from 0 to 100.'],
    [
      { breaker: { quarantineMs: 0.5 } },
      'breaker.quarantineMs',
      '0.5',
      'Give a whole number of milliseconds from 0 to 600000.',
    ],
    [{ breaker: { resetMs: -1 } }, 'breaker.resetMs', '-1', 'Give a whole number of milliseconds from 1 to 600000.'],
    [{ breaker: { reset: 1 } }, 'breaker.reset', '"reset"', 'there are failures, resetMs, quarantineMs.'],
    [{ maxValueBytes: 0 }, 'maxValueBytes', '0', 'Give a whole number of bytes from 1 to 536870912.'],
    [{ maxValueBytes: '1mb' }, 'maxValueBytes', '"1mb"', 'Give a whole number of bytes'],
    [{ schema: {} }, 'schema', 'an object with no keys', 'Give the text of the schema.'],
    [{ configFile: true }, 'configFile', 'true', 'Give a path, or false.'],
    [{ configFile: '' }, 'configFile', '""', 'Give a path, or false.'],
    [{ clock: 5 }, 'clock', '5', 'Give a function that returns epoch milliseconds.'],
  ])('%o is told by its path, its value and what to do', (options, option, value, fix) => {
    const error = refused(() => validateOptions(options))
    expect(error.option).toBe(option)
    expect(error.message).toContain(`\`${option}\``)
    expect(error.message).toContain(value)
    expect(error.message).toContain(fix)
    expect(error.code).toBe('CACHE_CONFIG')
  })

  it('is told with the place it was written in', () => {
    const error = refused(() => validateConfig({ models: { User: { ttl: -1 } } }, 'cache.config.ts'))
    expect(error.option).toBe('cache.config.ts.models.User.ttl')
  })
})

describe('a secret stands in no message', () => {
  it.each<unknown>([
    { redis: 'http://user:hunter2@localhost' },
    { redis: 'redis//:hunter2@localhost' },
    { redis: ':hunter2@localhost:6379' },
    { redis: 'http://user:p@ss-hunter2@localhost' },
    { redis: { host: 'localhost', password: 'hunter2' } },
    { redis: ['redis://:hunter2@localhost'] },
    { store: 'redis://:hunter2@localhost' },
    { redis: 'http://localhost?password=hunter2' },
    'redis://:hunter2@localhost',
  ])('%j', (options) => {
    expect(refused(() => validateOptions(options)).message).not.toContain('hunter2')
  })
})

describe('options that are right', () => {
  it.each<unknown>([
    {},
    { redis: 'redis://localhost' },
    { redis: 'rediss://:secret@[::1]:6380/2?family=6' },
    { store: 'memory' },
    { store: memoryStore() },
    { prefix: '' },
    { defaults: { ttl: 0, swr: 0, nullTtl: 0, jitter: 0 } },
    { defaults: { ttl: 315_360_000, jitter: 1 } },
    { defaults: { ttl: 0.5 } },
    { models: { Session: false, User: { ttl: 1, operations: { count: false, findMany: { ttl: 2 } }, tags: [] } } },
    { raw: [{ match: 'x' }, { match: /x/, reads: [], writes: [], ttl: 0 }] },
    { vary: () => 1, clock: () => 1, version: '', schema: '' },
    { configFile: false },
    { configFile: './cache.config.ts' },
    { prefix: undefined, redis: undefined, models: undefined, defaults: { ttl: undefined } },
  ])('%o pass as they are', (options) => {
    expect(validateOptions(options)).toEqual(options)
  })

  it('may hold a client of ioredis, which passes as itself', () => {
    const redis = new Redis({ lazyConnect: true })
    expect(validateOptions({ redis }).redis).toBe(redis)
    redis.disconnect()
  })

  it('may be frozen, and are not changed', () => {
    const options = Object.freeze({ models: Object.freeze({ User: Object.freeze({ ttl: 1 }) }) })
    expect(validateOptions(options)).toEqual(options)
  })
})

describe('what a call is given', () => {
  it.each<[(value: unknown) => void, unknown, string, string]>([
    [assertReadCache, 60, 'cache', 'Give true, false, or an object with ttl, '],
    [assertReadCache, null, 'cache', 'Give true, false, or an object'],
    [assertReadCache, 'yes', 'cache', 'Give true, false, or an object'],
    [assertReadCache, { tll: 1 }, 'cache.tll', 'There is no such option; there are ttl'],
    [assertReadCache, { ttl: -1 }, 'cache.ttl', TTL],
    [assertReadCache, { tags: 'a' }, 'cache.tags', 'Give a list of tags.'],
    [assertReadCache, { key: '' }, 'cache.key', 'Give a key of 1 to 256 characters.'],
    [assertReadCache, { refresh: 1 }, 'cache.refresh', 'Give true or false.'],
    [assertReadCache, { invalidate: ['a'] }, 'cache.invalidate', 'There is no such option'],
    [assertWriteCache, true, 'cache', 'Give an object with invalidate.'],
    [assertWriteCache, {}, 'cache.invalidate', 'Give an object with invalidate.'],
    [assertWriteCache, { ttl: 1, invalidate: [] }, 'cache.ttl', 'There is no such option; there are invalidate.'],
    [assertWriteCache, { ttl: 1 }, 'cache.ttl', 'There is no such option; there are invalidate.'],
    [assertWarm, { query: 1 }, 'keepWarm.query', 'There is no such option; there are name, run.'],
    [assertWriteCache, { invalidate: 'a' }, 'cache.invalidate', 'Give a list of tags.'],
    [assertRawOptions, { read: ['User'] }, 'raw.read', 'there are reads, writes, ttl, tags, invalidate.'],
    [assertRawOptions, { reads: 'User' }, 'raw.reads', 'Give a list of model names.'],
    [assertRawOptions, { ttl: -1 }, 'raw.ttl', TTL],
    [assertTarget, {}, 'invalidate', 'Name what to invalidate: tags, models, a namespace, a scope, keys or a pattern.'],
    [assertTarget, { tags: undefined }, 'invalidate', 'Name what to invalidate'],
    [
      assertTarget,
      undefined,
      'invalidate',
      'Give an object with tags, models, namespace, scope, keys, pattern, soft, grace.',
    ],
    [
      assertTarget,
      ['a'],
      'invalidate',
      'Give an object with tags, models, namespace, scope, keys, pattern, soft, grace.',
    ],
    [assertTarget, { tag: ['a'] }, 'invalidate.tag', 'There is no such option'],
    [assertTarget, { keys: 'a' }, 'invalidate.keys', 'Give a list of keys.'],
    [assertTarget, { pattern: '' }, 'invalidate.pattern', 'Give a glob over keys'],
  ])('%o refuses %o', (assert, value, option, fix) => {
    const error = refused(() => assert(value))
    expect(error.option).toBe(option)
    expect(error.message).toContain(fix)
  })

  it('passes when it is right', () => {
    for (const cache of [true, false, {}, { ttl: 0, swr: 1, nullTtl: 1, tags: [], key: 'k', refresh: true }])
      assertReadCache(cache)
    assertWriteCache({ invalidate: ['a'] })
    assertRawOptions({ reads: [], writes: [], ttl: 0, tags: [], invalidate: [] })
    for (const target of [{ tags: ['a'] }, { models: ['User'] }, { keys: ['k'] }, { pattern: '*' }])
      assertTarget(target)
  })
})
