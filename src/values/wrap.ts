import { CacheConfigError } from '../errors.ts'
import type { BypassReason } from '../events.ts'
import { assertKey, checkedRows, checkedTags } from '../policy/validate-values.ts'
import type { ValueOptions, WrapOptions } from '../policy/value-options.ts'
import { canonicalText, UnsupportedArgument } from '../query/canonical-text.ts'
import { digestIn } from '../read/cache-key.ts'
import type { Bypass, ReadPlan } from '../read/read-plan.ts'
import { idFor } from './bypassed.ts'
import type { ComputedValues } from './computed-values.ts'
import { VALUES, type ValueContext } from './value-context.ts'
import { dropValues } from './value-writes.ts'

/** A function whose results are kept. `this` is handed on, and is not part of the key. */
export interface Wrapped<Args extends readonly unknown[], Result, This = unknown> {
  (this: This, ...args: Args): Promise<Result>
  /** Calls the function and stores nothing. */
  skipCache(this: unknown, ...args: Args): Promise<Result>
  /** Calls the function and stores its result in the place of the one that is there. */
  refresh(this: unknown, ...args: Args): Promise<Result>
  /** Forgets the result for these arguments; one that is being computed is not stored. */
  invalidate(...args: Args): Promise<void>
  /** Under which key the result for these arguments is kept. @throws CacheConfigError where there is none. */
  key(...args: Args): string
}

// biome-ignore lint/suspicious/noExplicitAny: with `never` for its parameters nothing could be told of them
export type AnyFunction = (this: any, ...args: any[]) => unknown
export type WrappedOf<Fn extends AnyFunction> = Wrapped<Parameters<Fn>, Awaited<ReturnType<Fn>>, ThisParameterType<Fn>>

export function wrapped(
  fn: AnyFunction,
  { name, key, tags, rows, ...rest }: WrapOptions<never[]>,
  { computed, context }: { readonly computed: ComputedValues; readonly context: ValueContext },
): Wrapped<never[], unknown> {
  const operation = name ?? 'wrap'
  const call = (self: unknown, args: readonly unknown[]) => () => Reflect.apply(fn, self, args)

  function keyOf(args: readonly unknown[]): string {
    if (!key) return `${name}:${digestIn(context.read, canonicalText(given(args)))}`
    const built: unknown = Reflect.apply(key, undefined, args)
    assertKey(built)
    return built as string
  }

  /** `undefined`: nothing is kept for such arguments. */
  function keyOrNone(args: readonly unknown[]): string | undefined {
    try {
      return keyOf(args)
    } catch (error) {
      if (error instanceof UnsupportedArgument) return undefined
      throw error
    }
  }

  function optionsFor(args: readonly unknown[]): ValueOptions {
    return {
      ...rest,
      tags: typeof tags === 'function' ? checkedTags(Reflect.apply(tags, undefined, args) ?? []) : tags,
      rows: typeof rows === 'function' ? checkedRows(Reflect.apply(rows, undefined, args) ?? {}) : rows,
    }
  }

  /** What cannot be keyed is not cached; a builder that fails must not fail the call. */
  async function through(self: unknown, args: readonly unknown[], refresh: boolean): Promise<unknown> {
    let plan: ReadPlan | Bypass
    try {
      plan = computed.plan(keyOf(args), operation, { ...optionsFor(args), refresh })
    } catch (error) {
      plan = { kind: 'bypass', reason: whyNot(error) }
    }
    return computed.get(operation, call(self, args), plan)
  }

  function whyNot(error: unknown): BypassReason {
    if (error instanceof UnsupportedArgument) return 'unsupported-argument'
    context.read.events.emit({ type: 'error', during: 'key', error, model: VALUES, operation })
    return 'key-failed'
  }

  const wrapper = function (this: unknown, ...args: unknown[]) {
    return through(this, args, false)
  }
  const own = (self: unknown) => (self === wrapper ? undefined : self)
  return Object.assign(wrapper, {
    skipCache(this: unknown, ...args: unknown[]) {
      return computed.get(operation, call(own(this), args), { kind: 'bypass', reason: 'call-disabled' })
    },
    refresh(this: unknown, ...args: unknown[]) {
      return through(own(this), args, true)
    },
    async invalidate(...args: unknown[]) {
      const place = keyOrNone(args)
      const id = place === undefined ? undefined : idFor(place, operation, context)
      if (typeof id === 'object') await dropValues([id], context)
    },
    key(...args: unknown[]) {
      const place = keyOrNone(args)
      if (place !== undefined) return place
      throw new CacheConfigError('key', 'these arguments have no text', 'Give the function a `key` of its own.')
    },
  }) as unknown as Wrapped<never[], unknown>
}

/** `f(1, undefined)` is `f(1)`. */
function given(args: readonly unknown[]): readonly unknown[] {
  let count = args.length
  while (count > 0 && args[count - 1] === undefined) count -= 1
  return args.slice(0, count)
}
