import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/**
 * What one process did, line by line. A write is noted before it is sent and again when it was answered, each time
 * straight to the file: what the system has taken survives a SIGKILL of the process.
 *
 * Times are nanoseconds on the system's monotonic clock, which all processes share.
 */
export type Line =
  | readonly ['write', unit: number, at: number, effects: readonly Effect[], adds: readonly Add[], open: boolean]
  /** A transaction's last moment before its COMMIT: until then nobody else may see anything of it. */
  | readonly ['commit', unit: number, at: number]
  | readonly [
      'end',
      unit: number,
      at: number,
      Outcome,
      versions: readonly (readonly [object: string, version: number])[],
    ]
  /** All invalidations that this process had kept for later were delivered by now. */
  | readonly ['delivered', at: number]
  /** `since`: in a transaction that reads a snapshot, when it began at the earliest. */
  | readonly ['read', start: number, end: number, what: string, unit: number, Seen, since?: number]

/**
 * `ok`: acknowledged. `kept`: acknowledged, but its invalidation could not be delivered and waits. `aborted`: certainly
 * nothing of it stands. `unknown`: it may.
 */
export type Outcome = 'ok' | 'kept' | 'aborted' | 'unknown'

/** A write was answered as if it had been made. */
export class NothingWritten extends Error {
  override readonly name = 'NothingWritten'
}

/**
 * An object comes into a new state. The versions of an object are in the order of its commits; where the database counts
 * them (`null`) the write's answer tells, or a read that sees the value. `like`: another object that the same write
 * changed just before, and whose version this has.
 */
export type Effect = readonly [object: string, version: number | null, value: string, like?: string]
/** A counter that only grows, by so much. */
export type Add = readonly [counter: string, by: number]

export interface Seen {
  /** The state of objects; without a version, any state with this value will do. */
  readonly states: readonly Effect[]
  readonly counters: readonly (readonly [counter: string, value: number])[]
  /** What is wrong with the answer in itself. */
  readonly torn: readonly string[]
}

export function now(): number {
  return Number(process.hrtime.bigint())
}

export class Recorder {
  readonly #file: number

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  add(line: Line): void {
    writeSync(this.#file, `${JSON.stringify(line)}\n`)
  }

  close(): void {
    closeSync(this.#file)
  }
}

export function readLines(path: string): Line[] {
  const text = readFileSync(path, 'utf8')
  // A process may have been killed in the middle of its last line.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1)
  return whole.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line]))
}
