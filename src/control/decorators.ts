import { assertCache, assertCached, checkedInvalidates } from '../policy/validate-values.ts'
import type { WrapOptions } from '../policy/value-options.ts'
import type { CacheControl } from './cache-control.ts'
import type { InvalidationTarget } from './invalidate-on.ts'
import { TELL } from './tell.ts'

// biome-ignore lint/suspicious/noExplicitAny: any method of any class
type AsyncMethod = (this: any, ...args: any) => PromiseLike<unknown>
type ArgumentsOf<M extends AsyncMethod> = M extends (...args: infer Args) => unknown ? Args : never

/** A cache, or where the object whose method is called has it: `(self) => self.cache`. */
// biome-ignore lint/suspicious/noExplicitAny: the class is not known where its decorator is made
type CacheOf = CacheControl | ((self: any) => CacheControl)

/** A decorator of methods, of TypeScript 5 and ECMAScript, or with `experimentalDecorators`. */
export interface MethodDecorator<M extends AsyncMethod = AsyncMethod> {
  <Decorated extends M>(method: Decorated, context: ClassMethodDecoratorContext): Decorated
  <Decorated extends M>(
    target: object,
    name: string | symbol,
    descriptor: TypedPropertyDescriptor<Decorated>,
  ): TypedPropertyDescriptor<Decorated>
}

/** `Method`: that of the class, `Users['find']`, for builders that know its parameters. */
export interface CachedOptions<Method extends AsyncMethod = AsyncMethod> extends WrapOptions<ArgumentsOf<Method>> {
  readonly cache: CacheOf
}

/** What to invalidate. At least one must be given. */
export interface InvalidatesOptions<Method extends AsyncMethod = AsyncMethod> {
  readonly cache: CacheOf
  readonly tags?: InvalidationTarget['tags'] | ((...args: ArgumentsOf<Method>) => InvalidationTarget['tags'])
  readonly models?: InvalidationTarget['models']
  /** Keys of values, as `get` knows them. */
  readonly keys?: readonly string[] | ((...args: ArgumentsOf<Method>) => readonly string[])
}

/**
 * Keeps what a method resolves to, by its arguments, as `cache.wrap` does. The object is no part of the key: where objects
 * answer differently the `key` must say which one it is.
 *
 *     class Users {
 *       @Cached({ cache, name: 'Users.find', ttl: 60, rows: (id: number) => ({ User: { id } }) })
 *       async find(id: number) { … }
 *     }
 *
 * @throws CacheConfigError for options that are wrong.
 */
export function Cached<Method extends AsyncMethod = AsyncMethod>(
  given: CachedOptions<Method>,
): MethodDecorator<Method> {
  const { cache, ...options } = given
  assertCached(cache, options)
  return decorator((method) => {
    // A cache may come with each object: one wrapper for each cache.
    const wrappers = new WeakMap<CacheControl, AsyncMethod>()
    const wrapperOf = (own: CacheControl): AsyncMethod => {
      let wrapper = wrappers.get(own)
      if (!wrapper) wrappers.set(own, (wrapper = own.wrap(method, options as WrapOptions) as AsyncMethod))
      return wrapper
    }
    // What is wrong is told when the class is defined, where that is possible.
    if (typeof cache !== 'function') wrapperOf(cache)
    return function (this: unknown, ...args) {
      return wrapperOf(cacheOf(cache, this)).apply(this, args)
    }
  })
}

/**
 * Invalidates when the method has resolved, before its caller resumes; not when it threw. What goes wrong with that is an
 * `error` event: the method has done its work.
 *
 * @throws CacheConfigError for options that are wrong.
 */
export function Invalidates<Method extends AsyncMethod = AsyncMethod>(
  given: InvalidatesOptions<Method>,
): MethodDecorator<Method> {
  const { cache, tags, models, keys } = checkedInvalidates(given) as InvalidatesOptions<AsyncMethod>
  return decorator(
    (method) =>
      async function (this: unknown, ...args) {
        const own = cacheOf(cache, this)
        const result = await method.apply(this, args)
        try {
          const moved = typeof tags === 'function' ? tags(...args) : tags
          const gone = (typeof keys === 'function' ? keys(...args) : keys) ?? []
          if (moved !== undefined || models !== undefined) await own.invalidate({ tags: moved, models })
          await Promise.all(gone.map((key) => own.delete(key)))
        } catch (error) {
          own[TELL]({ type: 'error', during: 'invalidate', error })
        }
        return result
      },
  )
}

function cacheOf(cache: CacheOf, self: unknown): CacheControl {
  const own = typeof cache === 'function' ? cache(self) : cache
  assertCache(own)
  return own
}

/** Both kinds say what they decorate: the older one by a property of the class, whose value is the method. */
function decorator(replaced: (method: AsyncMethod) => (this: unknown, ...args: unknown[]) => PromiseLike<unknown>) {
  const decorate = (decorated: object, _about: unknown, descriptor?: PropertyDescriptor): unknown =>
    descriptor
      ? { ...descriptor, value: replaced(descriptor.value as AsyncMethod) }
      : replaced(decorated as AsyncMethod)
  return decorate as MethodDecorator<never>
}
