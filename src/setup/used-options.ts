import type { CacheOptions } from '../policy/options.ts'
import { processWide } from '../process-wide.ts'

/** The command line and the application's client may come from two copies of this package. */
const all = () => processWide('options@1', () => new WeakMap<object, CacheOptions>())

/** Lets `doctor --client` see options that are given in code. They hold secrets: nobody who prints the control sees them. */
export function noteOptions(control: object, options: CacheOptions): void {
  all().set(control, options)
}

/** The options that a client's cache was set up with. */
export function usedOptions(control: object): CacheOptions | undefined {
  return all().get(control)
}
