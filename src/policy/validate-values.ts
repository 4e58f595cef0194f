import * as v from 'valibot'
import { check, listOf, shape } from '../input.ts'
import { secondsOf, ttlSchema as ttl } from './ttl.ts'
import { isFunction, names, namespace, policy, tagName } from './validate-options.ts'
import type { IncrementOptions, SetOptions, ValueOptions, WrapOptions } from './value-options.ts'

const TAGS = 'Give a list of tags.'
const MODELS = 'Give a list of model names.'
const ROWS = 'Give unique keys by model: `{ User: { id: 5 } }`.'

const tags = listOf(tagName, TAGS)
const models = names(MODELS)
const where = v.custom<Record<string, unknown>>((value) => isObject(value) && !Array.isArray(value), ROWS)
const rows = v.pipe(
  v.custom<object>((value) => isObject(value) && !Array.isArray(value), ROWS),
  v.record(v.string(), v.union([where, v.array(where, ROWS)], ROWS)),
)
const dependencies = { tags: v.optional(tags), models: v.optional(models), rows: v.optional(rows) }

/** `~` begins the keys that are made here: of scopes, and of names that are too long. */
const KEY = 'Give a text that is not empty and does not begin with `~`.'
const key = v.pipe(
  v.string(KEY),
  v.check((name) => name !== '' && !name.startsWith('~'), KEY),
)

const setOptions = shape({ ttl: v.optional(ttl), namespace: v.optional(namespace), ...dependencies })
const valueOptions = shape({ ...policy, ...dependencies, refresh: v.optional(v.boolean('Give true or false.')) })
const lasting = 'Give seconds above 0, or leave `ttl` out.'
const incrementOptions = shape({
  ttl: v.optional(
    v.pipe(
      ttl,
      v.check((length) => secondsOf(length) > 0, lasting),
    ),
  ),
})
const wrapOptions = v.pipe(
  shape({
    ...policy,
    name: v.optional(tagName),
    key: v.optional(isFunction('Give a function of the arguments that returns the key.')),
    tags: v.optional(v.union([tags, isFunction('')], 'Give a list of tags, or a function of the arguments.')),
    models: v.optional(models),
    rows: v.optional(v.union([rows, isFunction('')], 'Give unique keys by model, or a function of the arguments.')),
  }),
  v.check(
    ({ name, key: built }) => name !== undefined || built !== undefined,
    'Give a `name` or a `key`: the names functions have themselves are changed by minifiers, and shared.',
  ),
)
const WHOLE = 'Give a whole number up to 2^53 - 1, of either sign.'

const CACHE = 'Give what `createCache` returned, `prisma.$cache`, or a function of the object that returns it.'
const isCache = (value: unknown) => typeof (value as { wrap?: unknown } | null | undefined)?.wrap === 'function'
const cache = v.custom<object>((value) => typeof value === 'function' || isCache(value), CACHE)
const invalidates = v.pipe(
  shape({
    cache,
    tags: v.optional(v.union([tags, isFunction('')], 'Give a list of tags, or a function of the arguments.')),
    models: v.optional(models),
    keys: v.optional(
      v.union(
        [listOf(key, 'Give a list of keys.'), isFunction('')],
        'Give a list of keys, or a function of the arguments.',
      ),
    ),
  }),
  v.check(
    ({ tags: moved, models: written, keys }) => [moved, written, keys].some((part) => part !== undefined),
    'Name what to invalidate: tags, models or keys.',
  ),
)

export const assertKey = (name: unknown): void => void check(key, name, 'key')
export const assertKeys = (names_: unknown): void => void check(listOf(key, 'Give a list of keys.'), names_, 'keys')
export const assertFunction = (fn: unknown, what: string): void => void check(isFunction('Give a function.'), fn, what)
export const assertBy = (by: unknown): void =>
  void check(v.pipe(v.number(WHOLE), v.safeInteger(WHOLE)), by, 'increment')
export const checkedSet = (options: unknown): SetOptions => check(setOptions, options, 'set')
export const checkedIncrement = (options: unknown): IncrementOptions => check(incrementOptions, options, 'increment')
export const checkedValue = (options: unknown): ValueOptions => check(valueOptions, options, 'getOrSet') as ValueOptions
export const checkedWrap = (options: unknown): WrapOptions<never[]> =>
  check(wrapOptions, options, 'wrap') as WrapOptions<never[]>
export function assertCached(given: unknown, options: unknown): void {
  check(cache, given, 'Cached.cache')
  check(wrapOptions, options, 'Cached')
}
export const checkedInvalidates = (options: unknown): object => check(invalidates, options, 'Invalidates')
export const assertCache = (given: unknown): void =>
  void check(
    v.custom<object>((value) => isCache(value), CACHE),
    given,
    'cache',
  )
/** What functions of the arguments return. */
export const checkedTags = (built: unknown): readonly string[] => check(tags, built, 'wrap.tags')
export const checkedRows = (built: unknown): NonNullable<ValueOptions['rows']> => check(rows, built, 'wrap.rows')

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}
