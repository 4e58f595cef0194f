/** What runs did, so that "no mismatch" can be told from "nothing was tried". */
export class Figures {
  /** Reads compared with a plain client, and writes whose consequences were. */
  steps = 0
  mismatches = 0
  /** Reads of the panel, each once after each step. */
  reads = 0
  hits = 0
  /** Answers that a step changed although the entry was warm: each would have been wrong, had the entry been served. */
  changed = 0
  /** Hits on a row beside the ones that the step wrote. */
  survived = 0
  /** Misses by an invalidation after which the answer was what it had been. */
  needless = 0
  /** Reads that had just asked the database, once more without a step in between. */
  again = 0
  againHits = 0
  /** How often each thing happened: `done create`, `done nested connect`, `hit groupBy`, `refused P2002`, … */
  readonly seen = new Map<string, number>()

  saw(what: string, times = 1): void {
    this.seen.set(what, (this.seen.get(what) ?? 0) + times)
  }

  add(others: Figures): void {
    for (const figure of COUNTED) this[figure] += others[figure]
    for (const [what, times] of others.seen) this.saw(what, times)
  }

  toString(): string {
    const { steps, mismatches, reads, hits, changed, survived, needless, again, againHits } = this
    return [
      `${steps} steps, ${mismatches} mismatches`,
      `  after each step: ${reads} reads, ${percent(hits, reads)} hits, ${changed} answers that the step had changed`,
      `  ${survived} hits on a row beside the ones written, ${needless} misses that need not have been`,
      `  what had to be asked for, once more: ${again} reads, ${percent(againHits, again)} hits`,
    ].join('\n')
  }

  details(): string {
    const kinds = [...new Set([...this.seen.keys()].map((what) => what.split(' ', 1)[0]))].sort()
    return kinds.map((kind) => `  ${kind}: ${this.#list(`${kind} `)}`).join('\n')
  }

  #list(prefix: string): string {
    return [...this.seen]
      .filter(([what]) => what.startsWith(prefix))
      .sort(([, one], [, other]) => other - one)
      .map(([what, times]) => `${what.slice(prefix.length)} ${times}`)
      .join(', ')
  }
}

const COUNTED = [
  'steps',
  'mismatches',
  'reads',
  'hits',
  'changed',
  'survived',
  'needless',
  'again',
  'againHits',
] as const

function percent(part: number, whole: number): string {
  return `${whole === 0 ? 0 : Math.round((100 * part) / whole)} %`
}
