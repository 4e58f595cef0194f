import * as v from 'valibot'
import { check, listOf, shape, text, wholeNumber } from '../input.ts'
import type { CacheConfig, CacheOptions } from './options.ts'

/** Ten years; a longer time is a unit mistaken for another. */
const MAX_SECONDS = 315_360_000
const SECONDS = `Give seconds from 0 to ${MAX_SECONDS}.`

const seconds = v.pipe(v.number(SECONDS), v.finite(SECONDS), v.minValue(0, SECONDS), v.maxValue(MAX_SECONDS, SECONDS))
const tagName = text('Give a tag of 1 to 256 characters.')
const names = (fix: string) => listOf(text(fix), fix)

const fraction = v.pipe(
  v.number('Give a fraction from 0 to 1.'),
  v.minValue(0, 'Give a fraction from 0 to 1.'),
  v.maxValue(1, 'Give a fraction from 0 to 1.'),
)
const BETA = 'Give a factor from 0 to 100.'
const beta = v.pipe(v.number(BETA), v.minValue(0, BETA), v.maxValue(100, BETA))
const policy = {
  ttl: v.optional(seconds),
  swr: v.optional(seconds),
  nullTtl: v.optional(seconds),
  jitter: v.optional(fraction),
  earlyRefresh: v.optional(beta),
  adaptive: v.optional(
    v.pipe(
      shape({ min: seconds, max: seconds }),
      v.check(
        ({ min, max }) => min > 0 && min <= max,
        'Give `{ min, max }` in seconds, min above 0 and not above max.',
      ),
    ),
  ),
}

const consistency = v.picklist(['default', 'strict'], "Give 'default' or 'strict'.")
const coherence = v.picklist(['validated', 'subscribed'], "Give 'validated' or 'subscribed'.")
const precision = v.picklist(['model', 'row', 'shape'], "Give 'model', 'row' or 'shape'.")

const LEASE_FIX = 'Give `{ waitMs, leaseMs, fromMs }`, true or false.'
const lease = v.union(
  [
    v.boolean(),
    shape({
      waitMs: v.optional(wholeNumber(0, 60_000, 'milliseconds')),
      leaseMs: v.optional(wholeNumber(10, 600_000, 'milliseconds')),
      fromMs: v.optional(wholeNumber(0, 600_000, 'milliseconds')),
    }),
  ],
  LEASE_FIX,
)

const operations = shape(
  Object.fromEntries(
    [
      'findUnique',
      'findUniqueOrThrow',
      'findFirst',
      'findFirstOrThrow',
      'findMany',
      'count',
      'aggregate',
      'groupBy',
    ].map((operation) => [
      operation,
      v.optional(
        v.union(
          [v.literal(false), shape(policy)],
          'Give `{ ttl, swr, nullTtl, jitter, earlyRefresh, adaptive }` or false.',
        ),
      ),
    ]),
  ),
)

const modelPolicy = shape({
  ...policy,
  tags: v.optional(listOf(tagName, 'Give a list of tags.')),
  operations: v.optional(operations),
  neverCache: v.optional(names('Give a list of field names.')),
  dependsOn: v.optional(names('Give a list of model names.')),
  consistency: v.optional(consistency),
  invalidation: v.optional(precision),
  lease: v.optional(lease),
})

const rawRule = shape({
  match: v.union(
    [text('Give a part of the statement.'), v.instance(RegExp)],
    'Give a part of the statement, or a RegExp.',
  ),
  reads: v.optional(names('Give a list of model names.')),
  writes: v.optional(names('Give a list of model names.')),
  ttl: v.optional(seconds),
})

const isFunction = (fix: string) => v.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', fix)
const REDIS_FIX = 'Give a redis:// or rediss:// URL, or an ioredis client.'

const configEntries = {
  redis: v.optional(
    v.union(
      [v.pipe(v.string(), v.check(isRedisUrl, REDIS_FIX)), v.custom<object>(isRedisClient, REDIS_FIX)],
      REDIS_FIX,
    ),
  ),
  store: v.optional(
    v.union(
      [v.literal('memory'), isFunction('')],
      "Give 'memory', memoryStore({ … }), redisStore(client), or a store factory of your own.",
    ),
  ),
  near: v.optional(
    v.union(
      [
        coherence,
        shape({
          coherence,
          maxEntries: v.optional(wholeNumber(1, 2 ** 24, 'entries')),
          maxBytes: v.optional(wholeNumber(1, 2 ** 40, 'bytes')),
          heartbeatMs: v.optional(wholeNumber(10, 600_000, 'milliseconds')),
        }),
      ],
      "Give 'validated', 'subscribed', or `{ coherence, maxEntries, maxBytes, heartbeatMs }`.",
    ),
  ),
  prefix: v.optional(
    v.pipe(
      v.string('Give a text.'),
      v.maxLength(128, 'Give at most 128 characters.'),
      v.regex(/^[^{}]*(?:\{[^{}]+\}[^{}]*)?$/, 'Give one without braces, or with one hash tag: `{app}:`.'),
    ),
  ),
  defaults: v.optional(shape(policy)),
  models: v.optional(v.record(v.string(), v.union([v.literal(false), modelPolicy], 'Give a policy object, or false.'))),
  raw: v.optional(listOf(rawRule, 'Give a list of rules.')),
  vary: v.optional(isFunction('Give a function that returns the scope.')),
  version: v.optional(v.string('Give a text.')),
  consistency: v.optional(consistency),
  invalidation: v.optional(precision),
  maxTags: v.optional(wholeNumber(1, 1000, 'tags')),
  maxRowTags: v.optional(wholeNumber(0, 1000, 'tags')),
  holdMs: v.optional(wholeNumber(100, 600_000, 'milliseconds')),
  onUnavailable: v.optional(v.picklist(['proceed', 'reject'], "Give 'proceed' or 'reject'.")),
  lease: v.optional(lease),
  replicaLag: v.optional(seconds),
  waitReplicas: v.optional(wholeNumber(0, 100, 'replicas')),
  timeoutMs: v.optional(wholeNumber(1, 60_000, 'milliseconds')),
  breaker: v.optional(
    shape({
      failures: v.optional(wholeNumber(1, 1_000_000, 'failures')),
      resetMs: v.optional(wholeNumber(1, 600_000, 'milliseconds')),
      graceMs: v.optional(wholeNumber(0, 600_000, 'milliseconds')),
    }),
  ),
  maxValueBytes: v.optional(wholeNumber(1, 512 * 1024 * 1024, 'bytes')),
  verify: v.optional(
    shape({
      sample: fraction,
      afterMs: v.optional(wholeNumber(1, 600_000, 'milliseconds')),
      maxInFlight: v.optional(wholeNumber(1, 1000, 'verifications')),
    }),
  ),
  schema: v.optional(v.string('Give the text of the schema.')),
}
const config = shape(configEntries)
const cacheOptions = shape({
  ...configEntries,
  configFile: v.optional(v.union([v.literal(false), text('Give a path, or false.')], 'Give a path, or false.')),
  clock: v.optional(isFunction('Give a function that returns epoch milliseconds.')),
})

const readCache = v.union(
  [
    v.boolean(),
    shape({
      ttl: v.optional(seconds),
      swr: v.optional(seconds),
      nullTtl: v.optional(seconds),
      tags: v.optional(listOf(tagName, 'Give a list of tags.')),
      key: v.optional(text('Give a key of 1 to 256 characters.')),
      refresh: v.optional(v.boolean('Give true or false.')),
    }),
  ],
  'Give true, false, or an object with ttl, swr, nullTtl, tags, key, refresh.',
)
const writeCache = shape({ invalidate: listOf(tagName, 'Give a list of tags.') })

const rawOptions = shape({
  reads: v.optional(names('Give a list of model names.')),
  writes: v.optional(names('Give a list of model names.')),
  ttl: v.optional(seconds),
  tags: v.optional(listOf(tagName, 'Give a list of tags.')),
  invalidate: v.optional(listOf(tagName, 'Give a list of tags.')),
})

const invalidationTarget = v.pipe(
  shape({
    tags: v.optional(listOf(tagName, 'Give a list of tags.')),
    models: v.optional(names('Give a list of model names.')),
    keys: v.optional(listOf(text('Give a list of keys.'), 'Give a list of keys.')),
    pattern: v.optional(text('Give a glob over keys, such as `User:findMany:*`.')),
    soft: v.optional(v.boolean('Give true or false.')),
    grace: v.optional(seconds),
  }),
  v.check(
    ({ tags, models, keys, pattern }) => [tags, models, keys, pattern].some((part) => part !== undefined),
    'Name what to invalidate: tags, models, keys or a pattern.',
  ),
  v.check(
    ({ soft, keys, pattern }) => !soft || (keys === undefined && pattern === undefined),
    'Give tags or models: entries named by key or pattern are removed, there is nothing left to serve.',
  ),
  v.check(({ soft, grace }) => soft === true || grace === undefined, 'Give `soft: true` with `grace`.'),
)

const warmQuery = shape({
  name: text('Give a name of 1 to 256 characters.'),
  run: isFunction('Give a function that makes the query: `() => prisma.post.findMany()`.'),
})

/** @throws CacheConfigError naming the option, the value seen and the fix. */
export function validateOptions(options: unknown): CacheOptions {
  return check(cacheOptions, options, '') as CacheOptions
}

/** The same for what a config file holds; `file` is its name. */
export function validateConfig(config_: unknown, file: string): CacheConfig {
  return check(config, config_, file) as CacheConfig
}

export const assertReadCache = (cache: unknown): void => void check(readCache, cache, 'cache')
export const assertWriteCache = (cache: unknown): void => void check(writeCache, cache, 'cache')
export const assertRawOptions = (options: unknown): void => void check(rawOptions, options, 'raw')
export const assertWarm = (warm: unknown): void => void check(warmQuery, warm, 'keepWarm')
export const assertTarget = (target: unknown): void => void check(invalidationTarget, target, 'invalidate')

function isRedisUrl(url: string): boolean {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  return protocol === 'redis:' || protocol === 'rediss:'
}

function isRedisClient(value: unknown): boolean {
  const client = value as { call?: unknown; pipeline?: unknown } | null
  return typeof client === 'object' && typeof client?.call === 'function' && typeof client.pipeline === 'function'
}
