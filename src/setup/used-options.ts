import type { CacheOptions } from '../policy/options.ts'

/** On `globalThis`, for the command line and the application's client may come from two copies of this package. */
const OPTIONS = Symbol.for('prisma-extension-query-cache.options')
const holder = globalThis as { [OPTIONS]?: WeakMap<object, CacheOptions> }

/** Lets `doctor --client` see options that are given in code. They hold secrets: nobody who prints the control sees them. */
export function noteOptions(control: object, options: CacheOptions): void {
  holder[OPTIONS] ??= new WeakMap()
  holder[OPTIONS].set(control, options)
}

/** The options that a client's cache was set up with. */
export function usedOptions(control: object): CacheOptions | undefined {
  return holder[OPTIONS]?.get(control)
}
