import type { CachePolicy } from './options.ts'
import type { Ttl } from './ttl.ts'

/** What a value depends on besides its own key, and is invalidated by. */
export interface Dependencies {
  /** Tags of the application's own; each lies under those its name begins with. @default [] */
  readonly tags?: readonly string[] | undefined
  /** Models: any write to one of their rows invalidates the value. @default [] */
  readonly models?: readonly string[] | undefined
  /**
   * Single rows, by model and unique key: `{ User: { id: 5 } }`, or a list of keys. Only writes to these rows invalidate
   * the value. What names no row by a unique key stands for its model. @default {}
   */
  readonly rows?: Rows | undefined
}

export interface Rows {
  readonly [model: string]: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[]
}

/** How a value that is handed in is kept. Times are **seconds**. */
export interface SetOptions extends Dependencies {
  /** How long it is kept. @default `defaults.ttl`, or 60 where that is 0 */
  readonly ttl?: Ttl | undefined
  /** The namespace it lies in. @default `defaults.namespace` */
  readonly namespace?: string | undefined
}

/** How a value that is computed is kept; what is left out comes from `defaults`. Times are **seconds**. */
export interface ValueOptions extends CachePolicy, Dependencies {
  /** How long the value is fresh, counted from the moment it began to be computed. `0`: not kept. @default `defaults.ttl`, or 60 where that is 0 */
  readonly ttl?: Ttl | undefined
  /** Computes the value even where a fresh one is stored, and stores it. @default false */
  readonly refresh?: boolean | undefined
}

export interface IncrementOptions {
  /** For how long a counter that begins with this call lives, **seconds**. Later calls do not lengthen it. @default until it is deleted, or evicted */
  readonly ttl?: Ttl | undefined
}

/** How the results of a function are kept. `Args` are its parameters. Times are **seconds**. */
export interface WrapOptions<Args extends readonly unknown[] = readonly unknown[]> extends CachePolicy {
  /**
   * What the results are kept under, together with the arguments; also names the function in events and statistics. One
   * name, one function: two of one name answer for each other. Needed where there is no `key`.
   */
  readonly name?: string | undefined
  /**
   * The whole key of a result, made from the arguments, as `get` and `delete` know it.
   * @default `name` and a digest of the arguments
   */
  readonly key?: ((...args: Args) => string) | undefined
  readonly tags?: Dependencies['tags'] | ((...args: Args) => Dependencies['tags'])
  readonly models?: Dependencies['models']
  readonly rows?: Dependencies['rows'] | ((...args: Args) => Dependencies['rows'])
}
