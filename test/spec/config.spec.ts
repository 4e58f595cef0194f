import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CacheConfigError, type CacheOptions, cacheExtension } from '../../src/index.ts'
import { useTestBed } from '../support/matrix.ts'
import { type RedisServer, startRedis } from '../support/redis-server.ts'
import type { Outcome, Scenario } from './config-probe.ts'
import { did, useSpec } from './support.ts'

const bed = useTestBed({ provider: 'sqlite', generator: 'ts', store: 'memory' })
const spec = useSpec(bed)

describe('the configuration is found', () => {
  const source = fileURLToPath(new URL('../../src/index.ts', import.meta.url))
  const typed = `import { defineCacheConfig } from ${JSON.stringify(source)}
    export default defineCacheConfig<unknown>({ prefix: 'file:' as string, models: { Tag: { ttl: 7, jitter: 0 } } })`
  const plain = `{ prefix: 'file:', models: { Tag: { ttl: 7, jitter: 0 } } }`
  const json = JSON.stringify({ prefix: 'file:', models: { Tag: { ttl: 7, jitter: 0 } } })
  const inFile = { store: 'memory', prefix: 'file:', ttl: { Tag: 7 }, health: 'ok' }
  const nothing = { store: 'memory', prefix: 'prisma:', ttl: {}, health: 'ok' }

  let home: string
  let guarded: RedisServer
  let outcomes: Outcome[]
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'query-cache-config-'))
    guarded = await startRedis({ args: ['--requirepass', 'p@ss:word/1'] })
    outcomes = await tryAll()
  })
  afterAll(async () => {
    rmSync(home, { recursive: true, force: true })
    await guarded.stop()
  })

  const cases: Record<
    string,
    { files?: Record<string, string>; env?: () => Scenario['env']; options?: () => object; expected: unknown }
  > = {
    'nowhere: nothing is cached unless a call asks, and in this process': { expected: nothing },
    'in cache.config.ts': { files: { 'cache.config.ts': typed }, expected: inFile },
    'in cache.config.mts': { files: { 'cache.config.mts': typed }, expected: inFile },
    'in cache.config.js': { files: { 'cache.config.js': `export default ${plain}` }, expected: inFile },
    'in cache.config.js of a CommonJS package': {
      files: { 'cache.config.js': `module.exports = ${plain}`, 'package.json': '{"type":"commonjs"}' },
      expected: inFile,
    },
    'in cache.config.mjs': { files: { 'cache.config.mjs': `export default ${plain}` }, expected: inFile },
    'in cache.config.cjs': { files: { 'cache.config.cjs': `module.exports = ${plain}` }, expected: inFile },
    'in cache.config.json': { files: { 'cache.config.json': json }, expected: inFile },
    'in the first of several': {
      files: { 'cache.config.json': '{"prefix":"last:"}', 'cache.config.ts': typed },
      expected: inFile,
    },
    'not in a parent folder': { files: { '../cache.config.json': json }, expected: nothing },
    'where a path says': {
      files: { 'etc/other.ts': typed },
      options: () => ({ configFile: 'etc/other.ts' }),
      expected: inFile,
    },
    'not in a file when told so': {
      files: { 'cache.config.json': json },
      options: () => ({ configFile: false }),
      expected: nothing,
    },
    'in code before environment before file, `models` and `defaults` taken together': {
      files: {
        'cache.config.json': JSON.stringify({
          prefix: 'file:',
          defaults: { ttl: 9, jitter: 0 },
          models: { Tag: { ttl: 1 }, User: { ttl: 2 } },
        }),
      },
      env: () => ({ CACHE_PREFIX: 'env:', CACHE_DEFAULT_TTL: '3', REDIS_URL: 'redis://127.0.0.1:1' }),
      options: () => ({ store: 'memory', models: { Tag: { ttl: 4 } } }),
      expected: { store: 'memory', prefix: 'env:', ttl: { Tag: 4, User: 2, Post: 3 }, health: 'ok' },
    },
    'in REDIS_URL, whatever the file says': {
      files: { 'cache.config.json': '{"store":"memory","prefix":"config-spec-0:"}' },
      env: () => ({ REDIS_URL: inject('servers').redisUrl }),
      expected: { store: 'redis', prefix: 'config-spec-0:', ttl: {}, health: 'ok' },
    },
    'in the layer below, where code says undefined': {
      files: { 'cache.config.json': json },
      options: () => ({ prefix: undefined, defaults: { ttl: undefined }, models: undefined }),
      expected: inFile,
    },
    'in code, whatever REDIS_URL says': {
      env: () => ({ REDIS_URL: 'unix:/run/redis.sock' }),
      options: () => ({ store: 'memory' }),
      expected: nothing,
    },
    'in REDIS_URL': {
      env: () => ({ REDIS_URL: inject('servers').redisUrl, CACHE_PREFIX: 'config-spec-1:' }),
      expected: { store: 'redis', prefix: 'config-spec-1:', ttl: {}, health: 'ok' },
    },
    'in REDIS_HOST and its like': {
      env: () => ({
        REDIS_HOST: '127.0.0.1',
        REDIS_PORT: `${guarded.port}`,
        REDIS_PASSWORD: 'p@ss:word/1',
        REDIS_DB: '3',
        CACHE_PREFIX: 'config-spec-2:',
      }),
      expected: { store: 'redis', prefix: 'config-spec-2:', ttl: {}, health: 'ok' },
    },
    'in CACHE_DEFAULT_TTL': {
      env: () => ({ CACHE_DEFAULT_TTL: '30' }),
      options: () => ({ defaults: { jitter: 0 } }),
      expected: { ...nothing, ttl: { Tag: 30, User: 30, Post: 30 } },
    },
    'empty variables are none': {
      env: () => ({ REDIS_URL: '', REDIS_HOST: '', CACHE_PREFIX: '', CACHE_DEFAULT_TTL: '' }),
      expected: nothing,
    },
    'a missing file is an error': {
      options: () => ({ configFile: 'nowhere.ts' }),
      expected: refusal('configFile', /there is no file .*nowhere\.ts/),
    },
    'a file that is no code is an error': {
      files: { 'cache.config.ts': 'export default {' },
      expected: refusal('configFile', /cache\.config\.ts cannot be read/),
    },
    'a file that throws is an error, with its words': {
      files: { 'cache.config.js': `throw new Error('no database today')` },
      expected: refusal('configFile', /cannot be read: .*no database today/),
    },
    'a file that is no JSON is an error': {
      files: { 'cache.config.json': '{ prefix: 1 }' },
      expected: refusal('configFile', /cache\.config\.json cannot be read/),
    },
    'a file that must be waited for is an error': {
      files: { 'cache.config.mjs': `export default await Promise.resolve(${plain})` },
      expected: refusal('configFile', /cannot be read/),
    },
    'what is wrong in a file is said of the file': {
      files: { 'cache.config.json': '{ "models": { "Tag": { "ttl": "60" } } }' },
      expected: refusal('cache.config.json.models.Tag.ttl', /got "60".*seconds/),
    },
    'a model that is not in the schema is said, with the one that was meant': {
      files: { 'cache.config.json': '{ "models": { "tag": { "ttl": 60 } } }' },
      expected: refusal('models.tag', /no model "tag".*Did you mean Tag\?/),
    },
    'a port that is none is an error': {
      env: () => ({ REDIS_HOST: 'cache', REDIS_PORT: '70000' }),
      expected: refusal('REDIS_PORT', /got "70000".*0 to 65535/),
    },
    'a time that is none is an error': {
      env: () => ({ CACHE_DEFAULT_TTL: '1h' }),
      expected: refusal('CACHE_DEFAULT_TTL', /got "1h".*whole number/),
    },
    'a URL of something else is an error': {
      env: () => ({ REDIS_URL: 'postgresql://user:hunter2@db' }),
      expected: refusal('REDIS_URL', /^(?!.*hunter2).*redis:\/\/ or rediss:\/\//),
    },
  }

  async function tryAll(): Promise<Outcome[]> {
    const scenarios = Object.values(cases).map(({ files = {}, env, options }, i): Scenario => {
      const directory = join(home, `${i}`, 'app')
      mkdirSync(directory, { recursive: true })
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(directory, name)), { recursive: true })
        writeFileSync(join(directory, name), text)
      }
      return { directory, ...(env && { env: env()! }), ...(options && { options: options() }) }
    })
    const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href
    const probe = fileURLToPath(new URL('config-probe.ts', import.meta.url))
    const args = ['--import', tsx, probe, bed.database.url, JSON.stringify(scenarios)]
    return JSON.parse((await promisify(execFile)(process.execPath, args, { cwd: home })).stdout)
  }

  it.each(Object.keys(cases))('%s', (name) => {
    expect(outcomes[Object.keys(cases).indexOf(name)]).toEqual(cases[name]?.expected)
  })

  it('and each Redis is left without a trace', async () => {
    const redis = new Redis(guarded.url, { password: 'p@ss:word/1', db: 3 })
    expect(await redis.keys('*')).toEqual([])
    redis.disconnect()
  })
})

describe('what is wrong in the options is said when the extension is set up: option, value and fix', () => {
  const wrong: [string, object | null | string | number, string, RegExp][] = [
    ['an unknown option', { tll: 60 }, 'tll', /no such option.*defaults/],
    ['a negative time', { defaults: { ttl: -1 } }, 'defaults.ttl', /got -1.*0 to 315360000/],
    ['NaN', { defaults: { ttl: Number.NaN } }, 'defaults.ttl', /got NaN/],
    ['a time without end', { models: { Tag: { ttl: Infinity } } }, 'models.Tag.ttl', /got Infinity/],
    ['milliseconds for seconds', { defaults: { ttl: 1e9 } }, 'defaults.ttl', /got 1000000000/],
    ['a time as text', { defaults: { swr: '5' } }, 'defaults.swr', /got "5"/],
    ['more than all', { defaults: { jitter: 1.5 } }, 'defaults.jitter', /got 1\.5.*0 to 1/],
    ['a misspelt option of a model', { models: { Tag: { tll: 5 } } }, 'models.Tag.tll', /no such option/],
    [
      'a misspelt operation',
      { models: { Tag: { operations: { find: { ttl: 1 } } } } },
      'models.Tag.operations.find',
      /findUnique/,
    ],
    [
      'a write as an operation',
      { models: { Tag: { operations: { create: { ttl: 1 } } } } },
      'models.Tag.operations.create',
      /findMany/,
    ],
    ['a switch for a policy', { models: { Tag: true } }, 'models.Tag', /got true/],
    ['a tag for a list of tags', { models: { Tag: { tags: 'a' } } }, 'models.Tag.tags', /got "a".*list/],
    ['an unknown model', { models: { Nope: { ttl: 1 } } }, 'models.Nope', /no model "Nope".*User, Profile/],
    ['a model in other letters', { models: { user: false } }, 'models.user', /Did you mean User\?/],
    [
      'an unknown model behind a view',
      { models: { User: { dependsOn: ['Nope'] } } },
      'models.User.dependsOn',
      /no model "Nope"/,
    ],
    [
      'an unknown field',
      { models: { User: { neverCache: ['pass'] } } },
      'models.User.neverCache',
      /no field "pass".*email/,
    ],
    ['a rule without a match', { raw: [{ reads: ['User'] }] }, 'raw.0.match', /got undefined/],
    ['a rule of an unknown model', { raw: [{ match: 'x', writes: ['Nope'] }] }, 'raw.0.writes', /no model "Nope"/],
    ['another URL', { redis: 'http://cache' }, 'redis', /got "http:\/\/cache".*redis:\/\//],
    ['a host for a URL', { redis: 'localhost:6379' }, 'redis', /got "localhost:6379"/],
    ['no client', { redis: { host: 'localhost' } }, 'redis', /an object with host.*a client of ioredis/],
    ['an unknown store', { store: 'file' }, 'store', /got "file".*memoryStore/],
    ['no function', { vary: 'tenant' }, 'vary', /got "tenant".*function/],
    ['a clock that stands', { clock: 0 }, 'clock', /got 0.*function/],
    ['half a millisecond', { timeoutMs: 0.5 }, 'timeoutMs', /got 0\.5.*whole number/],
    ['no failures at all', { breaker: { failures: 0 } }, 'breaker.failures', /got 0/],
    ['no bytes at all', { maxValueBytes: 0 }, 'maxValueBytes', /got 0/],
    ['a prefix that is no text', { prefix: 5 }, 'prefix', /got 5/],
    ['a prefix without end', { prefix: 'x'.repeat(200) }, 'prefix', /at most 128/],
    ['no options but a text', 'redis://localhost', 'options', /got "redis:\/\/localhost"/],
    ['no options but a number', 5, 'options', /got 5/],
  ]
  it.each(wrong)('%s', (_, options, option, message) => {
    const setUp = () =>
      spec.plain.$extends(
        cacheExtension((typeof options === 'object' ? { configFile: false, ...options } : options) as CacheOptions),
      )
    expect(setUp).toThrow(CacheConfigError)
    expect(setUp).toThrow(
      expect.objectContaining({
        name: 'CacheConfigError',
        code: 'CACHE_CONFIG',
        option,
        message: expect.stringMatching(message),
      }),
    )
    expect(setUp).toThrow(expect.objectContaining({ message: expect.stringContaining(`\`${option}\``) }))
  })

  it('a client whose keys have a prefix of their own', async () => {
    const redis = new Redis(inject('servers').redisUrl, { keyPrefix: 'shop:', lazyConnect: true })
    expect(() => spec.plain.$extends(cacheExtension({ configFile: false, redis }))).toThrow(
      /keyPrefix "shop:".*`prefix`/,
    )
    redis.disconnect()
  })

  it('and nothing is wrong with what the types allow', () => {
    const all: CacheOptions = {
      configFile: false,
      store: 'memory',
      prefix: '',
      defaults: { ttl: 0, swr: 0, nullTtl: 0, jitter: 0 },
      models: {
        User: {
          ttl: 315_360_000,
          tags: [],
          operations: { count: false, findMany: { ttl: 0.5 } },
          neverCache: [],
          dependsOn: [],
        },
        Tag: false,
        Post: {},
      },
      raw: [{ match: /x/g, reads: ['User'], writes: [], ttl: 1 }],
      vary: () => undefined,
      version: '',
      timeoutMs: 1,
      breaker: {},
      maxValueBytes: 1,
      clock: Date.now,
    }
    expect(() => spec.plain.$extends(cacheExtension(all))).not.toThrow()
    expect(() => spec.plain.$extends(cacheExtension({ ...all, redis: undefined, models: undefined }))).not.toThrow()
  })
})

describe('what is wrong in a call, which only JavaScript lets through, is said by the call', () => {
  const reads: [string, unknown, RegExp][] = [
    ['a text', 'yes', /`cache`.*got "yes".*true, false, or an object/],
    ['a number', 60, /`cache`.*got 60/],
    ['null', null, /`cache`.*got null/],
    ['a list', [60], /`cache`.*an array of 1/],
    ['a misspelt option', { tll: 5 }, /`cache\.tll`.*ttl, swr, nullTtl, tags, namespace, validate, key, refresh/],
    ['an option of writes', { invalidate: ['a'] }, /`cache\.invalidate`/],
    ['a negative time', { ttl: -5 }, /`cache\.ttl`.*got -5/],
    ['no number', { ttl: Number.NaN }, /`cache\.ttl`.*got NaN/],
    ['time as text', { swr: '5' }, /`cache\.swr`.*got "5"/],
    ['a tag for a list', { tags: 'a' }, /`cache\.tags`.*got "a"/],
    ['an empty tag', { tags: ['a', ''] }, /`cache\.tags\.1`/],
    ['a number as key', { key: 5 }, /`cache\.key`.*got 5/],
    ['an empty key', { key: '' }, /`cache\.key`/],
    ['a key without end', { key: 'x'.repeat(1000) }, /`cache\.key`.*1 to 256/],
    ['a word for a switch', { refresh: 'yes' }, /`cache\.refresh`.*true or false/],
  ]
  it.each(reads)('%s at a read', async (_, cache, message) => {
    const { prisma, sql } = spec.cached()
    const args = { cache } as object
    for (const read of [() => prisma.tag.findMany(args), () => prisma.$transaction((tx) => tx.tag.findMany(args))]) {
      await expect(read()).rejects.toMatchObject({ name: 'CacheConfigError', message: expect.stringMatching(message) })
    }
    expect(sql.count(/SELECT/)).toBe(0)
  })

  const writes: [string, unknown, RegExp][] = [
    ['a switch', true, /`cache`.*got true/],
    ['a text', 'users', /`cache`.*got "users"/],
    ['an option of reads', { ttl: 5 }, /`cache\.(ttl|invalidate)`/],
    ['a tag for a list', { invalidate: 'a' }, /`cache\.invalidate`.*got "a"/],
    ['an empty tag', { invalidate: [''] }, /`cache\.invalidate\.0`/],
  ]
  it.each(writes)('%s at a write, which is then not made', async (_, cache, message) => {
    const { prisma, plain } = spec.cached()
    const args = { data: { name: 'x' }, cache } as { data: { name: string } }
    for (const write of [() => prisma.tag.create(args), () => prisma.$transaction((tx) => tx.tag.create(args))]) {
      await expect(write()).rejects.toMatchObject({ name: 'CacheConfigError', message: expect.stringMatching(message) })
    }
    expect(await plain.tag.count()).toBe(3)
  })

  it('anywhere but at the top it is Prisma’s to refuse', async () => {
    const { prisma } = spec.cached()
    const nested = { include: { posts: { cache: true } } } as object
    await expect(prisma.user.findMany(nested)).rejects.toThrow('Unknown argument `cache`')
  })

  it('undefined is no option, and an empty object asks', async () => {
    const { prisma } = spec.cached({ defaults: {} })
    expect(await did(prisma, prisma.tag.count({ cache: undefined } as object))).toBe('bypass: not-enabled')
    expect(await did(prisma, prisma.tag.count({ cache: {} }))).toBe('miss')
    expect(
      await prisma.tag.create({ data: { name: 'x' }, cache: undefined } as { data: { name: string } }),
    ).toMatchObject({ name: 'x' })
  })
})

function refusal(option: string, message: RegExp) {
  return { name: 'CacheConfigError', option, error: expect.stringMatching(message) }
}
