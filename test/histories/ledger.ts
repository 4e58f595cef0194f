import { type Add, type Effect, now, type Outcome, Recorder, type Seen } from './history.ts'

/** A write or a transaction, as it is noted. */
export interface Unit {
  readonly id: number
  wrote(effects: readonly Effect[], adds: readonly Add[]): void
  /** Its commit is about to be asked for. */
  committing(): void
  end(outcome: Outcome, told?: readonly Effect[]): void
}

/** What one process notes. Numbers are never given twice, neither here nor by its other incarnations. */
export class Ledger {
  readonly #recorder: Recorder
  #next: number

  constructor(path: string, slot: number, incarnation: number) {
    this.#recorder = new Recorder(path)
    this.#next = ((slot + 1) * 1000 + incarnation) * 1e7
  }

  number(): number {
    this.#next += 1
    return this.#next
  }

  /** `open`: others may not see it until its commit is asked for. */
  unit(open: boolean): Unit {
    const id = this.number()
    return {
      id,
      wrote: (effects, adds) => this.#recorder.add(['write', id, now(), effects, adds, open]),
      committing: () => this.#recorder.add(['commit', id, now()]),
      end: (outcome, told = []) => {
        const versions = told.flatMap(([object, version]) => (version === null ? [] : [[object, version] as const]))
        this.#recorder.add(['end', id, now(), outcome, versions])
      },
    }
  }

  /** What writes before `at` had left behind was delivered. */
  delivered(at: number): void {
    this.#recorder.add(['delivered', at])
  }

  /** `unit`: the transaction it was made in; `since`: the time of what it must show, where not that of its start. */
  read(
    start: number,
    what: string,
    { states = [], counters = [], torn = [] }: Partial<Seen>,
    unit = 0,
    since = start,
  ): void {
    this.#recorder.add(['read', start, now(), what, unit, { states, counters, torn }, since])
  }
}
