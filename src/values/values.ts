import {
  assertBy,
  assertFunction,
  assertKey,
  assertKeys,
  checkedIncrement,
  checkedSet,
  checkedValue,
  checkedWrap,
} from '../policy/validate-values.ts'
import type { IncrementOptions, SetOptions, ValueOptions, WrapOptions } from '../policy/value-options.ts'
import { bypassed, idFor } from './bypassed.ts'
import { ComputedValues } from './computed-values.ts'
import type { ValueContext } from './value-context.ts'
import { getValue, hasValue } from './value-reads.ts'
import { dataTags } from './value-tags.ts'
import { increment as addTo, dropValues, setValues } from './value-writes.ts'
import { type AnyFunction, type WrappedOf, wrapped } from './wrap.ts'

/**
 * Values of the application's own, beside the results of queries: under `{prefix}data:{key}`, in the same store and by the
 * same protocol. Date, Decimal, BigInt and bytes come back as they were; class instances, functions and `undefined` are
 * not stored. A store that does not answer costs time and is told by events; nothing here throws for it.
 */
export interface Values {
  /** The value, if there is a fresh one, each time another copy; `undefined`: none, or the store does not answer. */
  get<T = unknown>(key: string): Promise<T | undefined>
  /** Keeps a value. What it depends on is taken as of now: use `getOrSet` for values that take time to compute. `false`: it was not stored. */
  set(key: string, value: unknown, options?: SetOptions): Promise<boolean>
  /** Removes a value; one that is being computed for this key is not stored. Whether there was one; `false` also where the store does not answer. */
  delete(key: string): Promise<boolean>
  has(key: string): Promise<boolean>
  /** As `get` for each, in one round trip (a second one for tags this process has not heard of). */
  mget<T = unknown>(keys: readonly string[]): Promise<(T | undefined)[]>
  /** As `set` for each, in one round trip, with `tags`, `models` or `rows` in two. `false`: some were not stored. */
  mset(
    entries: Readonly<Record<string, unknown>> | Iterable<readonly [key: string, value: unknown]>,
    options?: SetOptions,
  ): Promise<boolean>
  /**
   * Adds to a counter, in one step whoever else does, and says the sum; one that is not there begins at 0. `get` reads
   * it; an integer that was `set` without tags is one, too. `undefined`: the key holds something else, or the store did
   * not answer, and may have counted or not.
   */
  increment(key: string, by?: number, options?: IncrementOptions): Promise<number | undefined>
  /**
   * The value under this key, or what `compute` returns, which is kept. Calls of one moment share one run of it, its error
   * and its `undefined` included; its value is another copy for each. What is computed while something it depends on is
   * invalidated is returned, and never served afterwards. `null` is kept for `nullTtl`, `undefined` is not.
   *
   * Inside `$transaction(async (tx) => …)` it is always computed and never kept.
   */
  getOrSet<T>(key: string, compute: () => PromiseLike<T> | T, options?: ValueOptions): Promise<T>
  /**
   * The function, its results kept by its arguments. Arguments that have no text of their own (functions, instances of
   * classes) are not cached, nor is a call whose `key`, `tags` or `rows` throw.
   *
   *     const profile = cache.wrap(loadProfile, { name: 'profile', ttl: 300, models: ['User'] })
   *
   * @throws CacheConfigError for options that are wrong.
   */
  wrap<Fn extends AnyFunction>(fn: Fn, options: WrapOptions<Parameters<Fn>>): WrappedOf<Fn>
}

export function valueRoom(context: ValueContext): Values {
  const computed = new ComputedValues(context)

  return {
    async get(key: string) {
      assertKey(key)
      return (await getValue(key, context))?.value
    },
    async set(key: string, value: unknown, options?: SetOptions) {
      assertKey(key)
      return setValues([[key, value]], checkedSet(options ?? {}), context)
    },
    async delete(key: string) {
      assertKey(key)
      const id = idFor(key, 'delete', context)
      if (typeof id === 'string') return bypassed('delete', id, context) ?? false
      return (await dropValues([id], context)) > 0
    },
    async has(key: string) {
      assertKey(key)
      return hasValue(key, context)
    },
    async mget(keys: readonly string[]) {
      assertKeys(keys)
      const found = await Promise.all(keys.map((key) => getValue(key, context)))
      return found.map((one) => one?.value)
    },
    async mset(entries: object, options?: SetOptions) {
      const all = Symbol.iterator in entries ? [...(entries as Iterable<[string, unknown]>)] : Object.entries(entries)
      assertKeys(all.map(([key]) => key))
      return setValues(all, checkedSet(options ?? {}), context)
    },
    async increment(key: string, by = 1, options?: IncrementOptions) {
      assertKey(key)
      assertBy(by)
      return addTo(key, by, checkedIncrement(options ?? {}), context)
    },
    async getOrSet(key: string, compute: () => unknown, options?: ValueOptions) {
      assertKey(key)
      assertFunction(compute, 'getOrSet')
      return computed.get('getOrSet', compute, computed.plan(key, 'getOrSet', checkedValue(options ?? {})))
    },
    wrap(fn: (...args: never[]) => unknown, options: WrapOptions<never[]>) {
      assertFunction(fn, 'wrap')
      const checked = checkedWrap(options)
      // What is wrong in them is told now, not when the function is first called.
      const { models, rows } = checked
      dataTags({ models, ...(typeof rows === 'object' && { rows }) }, context.read)
      return wrapped(fn, checked, { computed, context })
    },
  } as unknown as Values
}
