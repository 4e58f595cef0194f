import type { Answer } from './bounds.ts'

/** What became of one read. */
export interface Outcome {
  readonly hit: boolean
  readonly stale: boolean
  /** SELECTs it took. */
  readonly selects: number
}

export interface Count {
  reads: number
  hits: number
  /** Misses whose last result was still right. */
  needless: number
  stale: number
  selects: number
  plainSelects: number
}

/** The outcomes of one subject, in all and by kind of read. */
export class Tally {
  readonly total = zero()
  readonly kinds = new Map<string, Count>()

  add(kind: string, { unchanged, selects: plainSelects }: Answer, { hit, stale, selects }: Outcome): void {
    let ofKind = this.kinds.get(kind)
    if (!ofKind) this.kinds.set(kind, (ofKind = zero()))
    for (const count of [this.total, ofKind]) {
      count.reads += 1
      if (hit) count.hits += 1
      if (stale) count.stale += 1
      if (unchanged && !hit) count.needless += 1
      count.selects += selects
      count.plainSelects += plainSelects
    }
  }
}

function zero(): Count {
  return { reads: 0, hits: 0, needless: 0, stale: 0, selects: 0, plainSelects: 0 }
}
