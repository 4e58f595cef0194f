import type { CacheOptions } from '../policy/options.ts'

/** Registered, for the command line and the application's client may come from two copies of this package. */
const OPTIONS = Symbol.for('prisma-extension-query-cache.options')

/** Lets `doctor --client` see options that are given in code. Whoever prints the control must not print secrets. */
export function noteOptions(control: object, options: CacheOptions): void {
  Object.defineProperty(control, OPTIONS, { value: options, enumerable: false })
}

/** The options that a client's cache was set up with. */
export function usedOptions(control: object): CacheOptions | undefined {
  return (control as { readonly [OPTIONS]?: CacheOptions })[OPTIONS]
}
