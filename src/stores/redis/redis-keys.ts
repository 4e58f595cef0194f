import type { Lease } from '../store.ts'

/**
 * The keys of one namespace. Those of one record lie in one slot of a cluster, as scripts change them together; a lease lies
 * in the slot of its entry.
 */
export class RedisKeys {
  readonly #prefix: string
  /** Which servers the records were made on. */
  readonly note: string
  /** Where changes of records are published. */
  readonly channel: string
  /** What keys begin with that never exist. */
  readonly probe: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.note = `${prefix}server`
    this.channel = `${prefix}changes`
    this.probe = `${prefix}probe:`
  }

  /** Clock, marks and shapes, in the order the scripts are given them. */
  record(name: string): readonly [clock: string, marks: string, shapes: string] {
    return [this.of('clock', `{${name}}`), this.of('marks', `{${name}}`), this.of('shapes', `{${name}}`)]
  }

  /** The record of a clock's key; `undefined`: it is another namespace's. */
  recordOf(clockKey: string): string | undefined {
    const start = `${this.#prefix}clock:{`
    return clockKey.startsWith(start) ? clockKey.slice(start.length, -1) : undefined
  }

  lease({ key, under }: Lease): string {
    return `${this.#prefix}lease:{${key}}${under}`
  }

  of(kind: string, rest: string): string {
    return `${this.#prefix}${kind}:${rest}`
  }
}
