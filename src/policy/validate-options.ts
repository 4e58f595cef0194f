import * as v from 'valibot'
import { check, listOf, shape, text, wholeNumber } from '../input.ts'
import { isRedisClient } from '../stores/redis/adapters/index.ts'
import { KEY_ID, keyBytes } from './key-bytes.ts'
import type {
  CacheConfig,
  CacheOptions,
  CachePolicy,
  ModelCachePolicy,
  ReadCacheOptions,
  WriteCacheOptions,
} from './options.ts'
import { secondsSchema as seconds, secondsOf, ttlSchema as ttl } from './ttl.ts'

/** A schema for each option, no more and no fewer: an option that is added to one of the two places alone does not compile. */
type EachOf<Options> = { readonly [option in keyof Options]-?: v.GenericSchema }

/** What a Redis value may hold. */
const MAX_VALUE_BYTES = 512 * 1024 * 1024
export const tagName = text('Give a tag of 1 to 256 characters.')
export const names = (fix: string) => listOf(text(fix), fix)

const fraction = v.pipe(
  v.number('Give a fraction from 0 to 1.'),
  v.minValue(0, 'Give a fraction from 0 to 1.'),
  v.maxValue(1, 'Give a fraction from 0 to 1.'),
)
const BETA = 'Give a factor from 0 to 100.'
const beta = v.pipe(v.number(BETA), v.minValue(0, BETA), v.maxValue(100, BETA))
export const namespace = text('Give a name of 1 to 256 characters.')
const validate = isFunction('Give a function of a stored result that returns whether it is good.')
export const policy = {
  ttl: v.optional(ttl),
  swr: v.optional(ttl),
  nullTtl: v.optional(ttl),
  jitter: v.optional(fraction),
  earlyRefresh: v.optional(beta),
  adaptive: v.optional(
    v.pipe(
      shape({ min: ttl, max: ttl }),
      v.check(
        ({ min, max }) => secondsOf(min) > 0 && secondsOf(min) <= secondsOf(max),
        'Give `{ min, max }` in seconds, min above 0 and not above max.',
      ),
    ),
  ),
  namespace: v.optional(namespace),
  validate: v.optional(validate),
} satisfies EachOf<CachePolicy>

const consistency = v.picklist(['default', 'strict'], "Give 'default' or 'strict'.")
const coherence = v.picklist(['revalidate', 'push'], "Give 'revalidate' or 'push'.")
const precision = v.picklist(['tags', 'model', 'row', 'shape'], "Give 'tags', 'model', 'row' or 'shape'.")

const LEASE_FIX = 'Give `{ waitMs, leaseMs, minQueryMs }`, true or false.'
const lease = v.union(
  [
    v.boolean(),
    shape({
      waitMs: v.optional(wholeNumber(0, 60_000, 'milliseconds')),
      leaseMs: v.optional(wholeNumber(10, 600_000, 'milliseconds')),
      minQueryMs: v.optional(wholeNumber(0, 600_000, 'milliseconds')),
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
          'Give `{ ttl, swr, nullTtl, jitter, earlyRefresh, adaptive, namespace, validate }` or false.',
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
  encrypt: v.optional(v.boolean('Give true or false.')),
  maxTtl: v.optional(
    v.pipe(
      ttl,
      v.check((length) => secondsOf(length) > 0, 'Give more than 0, or false for a model whose rows are never stored.'),
    ),
  ),
  audit: v.optional(v.boolean('Give true or false.')),
  maxBytes: v.optional(wholeNumber(1, MAX_VALUE_BYTES, 'bytes')),
  maxEntries: v.optional(wholeNumber(1, 2 ** 24, 'entries')),
  dependsOn: v.optional(names('Give a list of model names.')),
  consistency: v.optional(consistency),
  invalidation: v.optional(precision),
  lease: v.optional(lease),
} satisfies EachOf<ModelCachePolicy>)

const rawRule = shape({
  match: v.union(
    [text('Give a part of the statement.'), v.instance(RegExp)],
    'Give a part of the statement, or a RegExp.',
  ),
  reads: v.optional(names('Give a list of model names.')),
  writes: v.optional(names('Give a list of model names.')),
  ttl: v.optional(ttl),
})

const LOGGER_FIX = 'Give an object with a function `warn`, such as `console`, or false.'
const REDIS_FIX = 'Give a redis:// or rediss:// URL, or a client of ioredis, iovalkey, redis or @upstash/redis.'

const warmOn = v.union(
  [
    v.literal('startup'),
    v.pipe(
      shape({
        tags: v.optional(listOf(tagName, 'Give a list of tags.')),
        models: v.optional(names('Give a list of model names.')),
      }),
      v.check(({ tags, models }) => (tags?.length ?? 0) + (models?.length ?? 0) > 0, 'Name a tag or a model.'),
    ),
  ],
  "Give 'startup', `{ tags }` or `{ models }`, or a list of these.",
)
const everySecond = v.pipe(
  ttl,
  v.check((every) => secondsOf(every) >= 1, 'Give 1 second or more.'),
)
const warmer = shape({
  name: v.pipe(
    text('Give a name of 1 to 256 characters.'),
    v.check((name) => name !== 'predict', 'Give another name: that is what the option `predict` is called by.'),
  ),
  run: isFunction('Give a function of the client: `(prisma) => prisma.post.findMany()`.'),
  on: v.optional(v.union([warmOn, v.array(warmOn)], "Give 'startup', `{ tags }` or `{ models }`, or a list of these.")),
  every: v.optional(everySecond),
  cron: v.optional(text("Give a cron expression: '*/5 * * * *'.")),
  timeZone: v.optional(text("Give a time zone: 'Europe/Berlin'.")),
  limit: v.optional(wholeNumber(1, 1_000_000, 'reads')),
  concurrency: v.optional(wholeNumber(1, 1000, 'reads')),
  leaseMs: v.optional(wholeNumber(100, 3_600_000, 'milliseconds')),
})
const PREDICT_FIX = 'Give `{ sample, maxQueries, models, least, every, limit, concurrency }`, true or false.'
const predict = v.union(
  [
    v.boolean(),
    shape({
      sample: v.optional(v.pipe(fraction, v.gtValue(0, 'Give a fraction above 0, up to 1.'))),
      maxQueries: v.optional(wholeNumber(1, 100_000, 'queries')),
      models: v.optional(names('Give a list of model names.')),
      least: v.optional(v.pipe(v.number('Give a number of reads.'), v.minValue(0, 'Give a number of reads.'))),
      every: v.optional(everySecond),
      limit: v.optional(wholeNumber(1, 1_000_000, 'reads')),
      concurrency: v.optional(wholeNumber(1, 1000, 'reads')),
    }),
  ],
  PREDICT_FIX,
)
const warmers = v.pipe(
  v.array(warmer, 'Give a list of warmers.'),
  v.check((all) => new Set(all.map(({ name }) => name)).size === all.length, 'Give each warmer a name of its own.'),
  v.check(
    (all) => all.every(({ cron, timeZone }) => cron !== undefined || timeZone === undefined),
    'Give `timeZone` with `cron`.',
  ),
)
const KEY_FIX = 'Give 32 random bytes: a Uint8Array, or their text in base64 or hex.'
const secretKey = v.custom<string | Uint8Array>((key) => keyBytes(key) !== undefined, KEY_FIX)
const keyId = v.pipe(
  v.string('Give a text.'),
  v.regex(KEY_ID, 'Give 1 to 32 letters, digits, dots, underscores or hyphens.'),
)
const encryption = shape({
  keys: v.pipe(
    listOf(shape({ id: keyId, key: secretKey }), 'Give a list of `{ id, key }`, the newest first.'),
    v.minLength(1, 'Give one key at least: `{ id, key }`.'),
    v.check((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'Give each key another id.'),
  ),
  digestKey: secretKey,
})

const share = v.union([v.literal(false), fraction], 'Give a fraction from 0 to 1, or false.')
const MILLISECONDS = 'Give milliseconds above 0.'
const positive = v.pipe(v.number(MILLISECONDS), v.finite(MILLISECONDS), v.gtValue(0, MILLISECONDS))
const EVERY = 'Give seconds from 0.01 to 86400.'

const byModel = v.record(v.string(), names('Give a list of names.'))
const catalogue = v.union(
  [
    v.boolean(),
    shape({
      read: v.optional(v.boolean('Give true or false.')),
      timeoutMs: v.optional(wholeNumber(1, 60_000, 'milliseconds')),
      maxAge: v.optional(everySecond),
      generated: v.optional(byModel),
      writes: v.optional(byModel),
    }),
  ],
  'Give `{ read, timeoutMs, maxAge, generated, writes }`, true or false.',
)

/** Of one read: each is looked up with every hit. */
const MAX_TAGS = 128
const TOO_MANY_TAGS = `Give at most ${MAX_TAGS} tags to a read, ${10 * MAX_TAGS} to a write.`
const readCacheEntries = {
  ttl: v.optional(ttl),
  swr: v.optional(ttl),
  nullTtl: v.optional(ttl),
  tags: v.optional(v.pipe(listOf(tagName, 'Give a list of tags.'), v.maxLength(MAX_TAGS, TOO_MANY_TAGS))),
  namespace: v.optional(namespace),
  validate: v.optional(validate),
  key: v.optional(text('Give a key of 1 to 256 characters.')),
  refresh: v.optional(v.boolean('Give true or false.')),
} satisfies EachOf<ReadCacheOptions>
const writeCacheEntries = {
  invalidate: v.pipe(listOf(tagName, 'Give a list of tags.'), v.maxLength(10 * MAX_TAGS, TOO_MANY_TAGS)),
} satisfies EachOf<WriteCacheOptions>
const CALL_OPTIONS = [...Object.keys(readCacheEntries), ...Object.keys(writeCacheEntries)]
const CALL_OPTIONS_FIX = `Give a list of ${CALL_OPTIONS.join(', ')}.`

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
      "Give 'revalidate', 'push', or `{ coherence, maxEntries, maxBytes, heartbeatMs }`.",
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
  requireScope: v.optional(v.boolean('Give true or false.')),
  encryption: v.optional(encryption),
  callOptions: v.optional(
    v.union(
      [
        v.literal(false),
        shape({
          maxTtl: v.optional(ttl),
          allow: v.optional(listOf(v.picklist(CALL_OPTIONS, CALL_OPTIONS_FIX), CALL_OPTIONS_FIX)),
        }),
      ],
      'Give `{ maxTtl, allow }`, or false.',
    ),
  ),
  version: v.optional(v.string('Give a text.')),
  consistency: v.optional(consistency),
  invalidation: v.optional(precision),
  maxTags: v.optional(wholeNumber(1, 1000, 'tags')),
  maxRowTags: v.optional(wholeNumber(0, 1000, 'tags')),
  lockTtlMs: v.optional(wholeNumber(100, 600_000, 'milliseconds')),
  onUnavailable: v.optional(v.picklist(['proceed', 'reject'], "Give 'proceed' or 'reject'.")),
  lease: v.optional(lease),
  replicaLag: v.optional(seconds),
  waitReplicas: v.optional(wholeNumber(0, 100, 'replicas')),
  timeoutMs: v.optional(wholeNumber(1, 60_000, 'milliseconds')),
  connection: v.optional(
    shape({
      connectTimeoutMs: v.optional(wholeNumber(1, 600_000, 'milliseconds')),
      silenceMs: v.optional(wholeNumber(10, 600_000, 'milliseconds')),
      writeCheckMs: v.optional(wholeNumber(0, 600_000, 'milliseconds')),
    }),
  ),
  logger: v.optional(v.union([v.literal(false), v.custom<object>(isLogger, LOGGER_FIX)], LOGGER_FIX)),
  breaker: v.optional(
    shape({
      failures: v.optional(wholeNumber(1, 1_000_000, 'failures')),
      resetMs: v.optional(wholeNumber(1, 600_000, 'milliseconds')),
      quarantineMs: v.optional(wholeNumber(0, 600_000, 'milliseconds')),
    }),
  ),
  maxValueBytes: v.optional(wholeNumber(1, MAX_VALUE_BYTES, 'bytes')),
  admission: v.optional(v.picklist(['auto', 'always'], "Give 'auto' or 'always'.")),
  observe: v.optional(v.boolean('Give true or false.')),
  verify: v.optional(
    shape({
      sample: fraction,
      afterMs: v.optional(wholeNumber(1, 600_000, 'milliseconds')),
      maxInFlight: v.optional(wholeNumber(1, 1000, 'verifications')),
    }),
  ),
  alerts: v.optional(
    v.union(
      [
        v.boolean(),
        shape({
          hitRate: v.optional(share),
          errorRate: v.optional(share),
          lookUpMs: v.optional(v.union([v.literal(false), positive], `${MILLISECONDS.slice(0, -1)}, or false.`)),
          memory: v.optional(share),
          unavailable: v.optional(v.boolean('Give true or false.')),
          undelivered: v.optional(v.boolean('Give true or false.')),
          window: v.optional(wholeNumber(1, 86_400, 'seconds')),
          minSamples: v.optional(wholeNumber(1, 1_000_000_000, 'samples')),
          onAlert: v.optional(isFunction('Give a function.')),
        }),
      ],
      'Give `{ hitRate, errorRate, lookUpMs, memory, … }`, true or false.',
    ),
  ),
  healthIntervalSeconds: v.optional(
    v.pipe(v.number(EVERY), v.finite(EVERY), v.minValue(0.01, EVERY), v.maxValue(86_400, EVERY)),
  ),
  warmers: v.optional(warmers),
  laterExtensions: v.optional(v.picklist(['transparent', 'changing'], "Give 'transparent' or 'changing'.")),
  predict: v.optional(predict),
  catalogue: v.optional(catalogue),
  schema: v.optional(v.string('Give the text of the schema.')),
  client: v.optional(text('Give the path of the module that exports the cached client.')),
} satisfies EachOf<CacheConfig>
const config = shape(configEntries)
const cacheOptions = shape({
  ...configEntries,
  configFile: v.optional(v.union([v.literal(false), text('Give a path, or false.')], 'Give a path, or false.')),
  clock: v.optional(isFunction('Give a function that returns epoch milliseconds.')),
})

const readCache = v.union(
  [v.boolean(), shape(readCacheEntries)],
  `Give true, false, or an object with ${Object.keys(readCacheEntries).join(', ')}.`,
)
const writeCache = shape(writeCacheEntries)

const rawOptions = shape({
  reads: v.optional(names('Give a list of model names.')),
  writes: v.optional(names('Give a list of model names.')),
  ttl: v.optional(ttl),
  tags: v.optional(listOf(tagName, 'Give a list of tags.')),
  invalidate: v.optional(listOf(tagName, 'Give a list of tags.')),
})

const SCOPE = 'Give what `vary` returns: a text, a number, true or false.'
const scope = v.union(
  [v.pipe(v.string(SCOPE), v.minLength(1, SCOPE)), v.pipe(v.number(), v.finite(SCOPE)), v.boolean()],
  SCOPE,
)
const invalidationTarget = v.pipe(
  shape({
    tags: v.optional(listOf(tagName, 'Give a list of tags.')),
    models: v.optional(names('Give a list of model names.')),
    namespace: v.optional(namespace),
    scope: v.optional(scope),
    keys: v.optional(listOf(text('Give a list of keys.'), 'Give a list of keys.')),
    pattern: v.optional(text('Give a glob over keys, such as `User:findMany:*`.')),
    soft: v.optional(v.boolean('Give true or false.')),
    grace: v.optional(seconds),
  }),
  v.check(
    ({ tags, models, namespace, scope, keys, pattern }) =>
      [tags, models, namespace, scope, keys, pattern].some((part) => part !== undefined),
    'Name what to invalidate: tags, models, a namespace, a scope, keys or a pattern.',
  ),
  v.check(
    ({ scope, models, keys, pattern }) => scope === undefined || [models, keys, pattern].every((part) => !part),
    'Give tags or a namespace with `scope`, or nothing: models are invalidated in all scopes, keys belong to one.',
  ),
  v.check(
    ({ soft, keys, pattern }) => !soft || (keys === undefined && pattern === undefined),
    'Give tags, models or a namespace: entries named by key or pattern are removed, there is nothing left to serve.',
  ),
  v.check(({ soft, grace }) => soft === true || grace === undefined, 'Give `soft: true` with `grace`.'),
)

const keyPage = shape({
  pattern: v.optional(text('Give a glob over keys, such as `User:findMany:*`.')),
  limit: v.optional(wholeNumber(1, 1000, 'keys')),
  cursor: v.optional(
    v.nullable(v.pipe(v.string('Give a text.'), v.maxLength(1024, 'Give the cursor of the page before.'))),
  ),
})
const SECONDS = 'Give seconds from 0 to 3600.'
const ready = shape({
  timeout: v.optional(v.pipe(v.number(SECONDS), v.minValue(0, SECONDS), v.maxValue(3600, SECONDS))),
})
const disconnect = shape({
  flushTimeoutSeconds: v.optional(v.pipe(v.number(SECONDS), v.minValue(0, SECONDS), v.maxValue(3600, SECONDS))),
})
const invalidationMap = v.pipe(
  v.record(v.string(), v.union([isFunction(''), invalidationTarget], 'Give what to invalidate, or a function of it.')),
  v.check((map) => Object.keys(map).length > 0, 'Name at least one event.'),
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
export const assertKeyPage = (options: unknown): void => void check(keyPage, options, 'keyPage')
export const assertReady = (options: unknown): void => void check(ready, options, 'ready')
export const assertDisconnect = (options: unknown): void => void check(disconnect, options, 'disconnect')
export const assertInvalidationMap = (map: unknown): void => void check(invalidationMap, map, 'invalidateOn')
export const assertTarget = (target: unknown): void => void check(invalidationTarget, target, 'invalidate')

export function isFunction(fix: string) {
  return v.custom<(...args: never[]) => unknown>((value) => typeof value === 'function', fix)
}

function isRedisUrl(url: string): boolean {
  const protocol = URL.canParse(url) ? new URL(url).protocol : ''
  return protocol === 'redis:' || protocol === 'rediss:'
}

function isLogger(value: unknown): boolean {
  return typeof (value as { warn?: unknown } | null)?.warn === 'function'
}
