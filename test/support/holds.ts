import { vi } from 'vitest'
import { PATIENCE_MS } from './with-timeout.ts'

/** Resolves when the assertion holds. Moves fake timers on meanwhile, as `vi.waitFor` does, whose default is a second. */
export function holds<T>(assertion: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(assertion, { timeout: PATIENCE_MS, interval: 10 })
}
