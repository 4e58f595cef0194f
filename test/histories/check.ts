import type { Effect, Line, Outcome, Seen } from './history.ts'

/**
 * - `stale`: shows the state before a write that was acknowledged when the read began
 * - `dirty`: shows what was not committed yet, was rolled back, or was never written
 * - `torn`: contradicts itself, or a transaction does not see its own write
 * - `backwards`: shows an older state than a read of the same process that had ended before this one began
 * - `nonlinear`: the same for a read of any process
 * - `overdue`: what is allowed for a while, after that while
 */
export const KINDS = ['stale', 'dirty', 'torn', 'backwards', 'nonlinear', 'overdue'] as const
export type Kind = (typeof KINDS)[number]

export interface Rules {
  /**
   * Where not, two things are allowed. Reads out of order while the newer write is not acknowledged: between its commit
   * and its acknowledgement, and for ever when its process died in between; they are counted as `unacknowledged`. And
   * reads of other processes that show the state before a write whose invalidation its process has to keep, until it is
   * delivered: `undelivered`.
   */
  readonly strict: boolean
  /** For how long after somebody saw or was told of the newer state that is allowed, ms. */
  readonly toleratedMs?: number
}

export interface Violation {
  readonly kind: Kind
  readonly process: number
  readonly object: string
  readonly read: string
  readonly start: number
  readonly end: number
  readonly detail: string
}

export interface Verdict {
  readonly reads: number
  readonly writes: number
  readonly aborted: number
  readonly unknown: number
  readonly violations: Readonly<Record<Kind, number>>
  readonly unacknowledged: number
  readonly undelivered: number
  /** Some of each kind. */
  readonly examples: readonly Violation[]
}

const EXAMPLES = 20

interface Unit {
  readonly id: number
  readonly process: number
  readonly start: number
  /** Not committed before that; Infinity: never. */
  commit: number
  end: number
  outcome: Outcome
  readonly written: Written[]
  readonly adds: { readonly counter: Subject; readonly by: number }[]
}

interface Written {
  readonly unit: Unit
  readonly subject: Subject
  readonly at: number
  readonly value: string
  version: number | null
  /** Of the same unit, and a view of it: their versions are one. */
  readonly like: Written | undefined
  /** Not committed before that, for neither were earlier versions. */
  commit: number
  /** The newest acknowledged version when the unit began, and what follows for the version of this. */
  floor: number
  least: number
}

/** An object by its versions, or a counter by its value: what only ever grows. */
interface Subject {
  readonly name: string
  /** What others may see, by value, in the order of versions; at the end those whose version nobody tells. */
  readonly values: Map<string, Written[]>
  /** What certainly stands, and everybody was told: the newest such version; of a counter, the sum. */
  acknowledged: number
  /** The same, whether or not others were told, and since when. */
  kept: number
  keptAt: number
  /** Of an object, by the process that wrote: it knows its own writes whatever becomes of their invalidations. */
  readonly keptBy: number[]
  /** Of a counter: all that may have been committed. */
  possible: number
  /** The newest state that any read showed, and since when. */
  seen: number
  seenAt: number
  readonly seenBy: number[]
}

interface Read {
  readonly process: number
  readonly start: number
  /** What was certain by then it must show: when it began, or the snapshot that it reads. */
  readonly since: number
  readonly end: number
  readonly what: string
  readonly unit: number
  readonly seen: Seen
  /** For each state, then for each counter: what was certain when the read began. */
  floors: Floor[]
}

interface Floor {
  readonly acknowledged: number
  readonly kept: number
  readonly keptSince: number
  readonly own: number
  readonly any: number
  readonly anySince: number
}

/** Judges what all processes did together. `histories[p]` is what process `p` noted. */
export function check(histories: readonly (readonly Line[])[], rules: Rules): Verdict {
  return new Check(rules).run(histories)
}

class Check {
  readonly #rules: Rules
  readonly #units = new Map<number, Unit>()
  readonly #subjects = new Map<string, Subject>()
  readonly #reads: Read[] = []
  readonly #violations: Record<Kind, number> = { stale: 0, dirty: 0, torn: 0, backwards: 0, nonlinear: 0, overdue: 0 }
  readonly #examples: Violation[] = []
  readonly #deliveries: { readonly process: number; readonly at: number }[] = []
  /** By process: acknowledged, and waiting for its invalidation. */
  readonly #waiting = new Map<number, Unit[]>()
  #unacknowledged = 0
  #undelivered = 0

  constructor(rules: Rules) {
    this.#rules = rules
  }

  run(histories: readonly (readonly Line[])[]): Verdict {
    for (const [process, lines] of histories.entries()) for (const line of lines) this.#take(process, line)
    this.#settleVersions()
    this.#sweep()
    const outcomes = [...this.#units.values()].map((unit) => unit.outcome)
    return {
      reads: this.#reads.length,
      writes: outcomes.length,
      aborted: outcomes.filter((outcome) => outcome === 'aborted').length,
      unknown: outcomes.filter((outcome) => outcome === 'unknown').length,
      violations: this.#violations,
      unacknowledged: this.#unacknowledged,
      undelivered: this.#undelivered,
      examples: this.#examples,
    }
  }

  #take(process: number, line: Line): void {
    switch (line[0]) {
      case 'write': {
        const [, id, at, effects, adds, open] = line
        let unit = this.#units.get(id)
        if (!unit) {
          const commit = open ? Number.POSITIVE_INFINITY : at
          const end = Number.POSITIVE_INFINITY
          unit = { id, process, start: at, commit, end, outcome: 'unknown', written: [], adds: [] }
          this.#units.set(id, unit)
        }
        for (const [object, version, value, other] of effects) {
          const like = other === undefined ? undefined : unit.written.findLast(({ subject }) => subject.name === other)
          const rest = { like, commit: Number.POSITIVE_INFINITY, floor: -1, least: -1 }
          unit.written.push({ unit, subject: this.#subject(object), at, value, version, ...rest })
        }
        for (const [counter, by] of adds) unit.adds.push({ counter: this.#subject(counter), by })
        return
      }
      case 'commit': {
        const unit = this.#units.get(line[1])
        if (unit) unit.commit = line[2]
        return
      }
      case 'end': {
        const [, id, at, outcome, versions] = line
        const unit = this.#units.get(id)
        if (!unit) return
        unit.end = at
        unit.outcome = outcome
        const told = new Map(versions)
        for (const written of unit.written) written.version ??= told.get(written.subject.name) ?? null
        return
      }
      case 'delivered':
        this.#deliveries.push({ process, at: line[1] })
        return
      case 'read': {
        const [, start, end, what, unit, seen, since = start] = line
        this.#reads.push({ process, start, since, end, what, unit, seen, floors: [] })
      }
    }
  }

  #subject(name: string): Subject {
    let subject = this.#subjects.get(name)
    if (!subject) {
      subject = {
        name,
        values: new Map(),
        acknowledged: -1,
        kept: -1,
        keptAt: 0,
        keptBy: [],
        possible: 0,
        seen: -1,
        seenAt: 0,
        seenBy: [],
      }
      this.#subjects.set(name, subject)
    }
    return subject
  }

  /** What nobody may see is left out; what the writer was not told about versions, readers tell. */
  #settleVersions(): void {
    for (const unit of this.#units.values()) {
      // It died before it asked for the commit.
      if (unit.commit === Number.POSITIVE_INFINITY) unit.outcome = 'aborted'
      if (unit.outcome === 'aborted') continue
      const last = new Map(unit.written.map((written) => [written.subject, written]))
      for (const written of last.values()) {
        const same = written.subject.values.get(written.value)
        if (same) same.push(written)
        else written.subject.values.set(written.value, [written])
      }
    }
    for (const { seen } of this.#reads) {
      for (const [object, version, value] of seen.states) {
        if (version === null) continue
        for (const written of this.#subjects.get(object)?.values.get(value) ?? []) written.version ??= version
      }
    }
    for (const { written } of this.#units.values()) {
      for (const each of written) each.version ??= each.like?.version ?? null
    }
    for (const { values } of this.#subjects.values()) {
      for (const same of values.values()) inOrderOfVersions(same)
    }
  }

  /** Through time: what is certain when a read begins is remembered, and held against it when it ends. */
  #sweep(): void {
    const moments: { readonly at: number; readonly ends: boolean; readonly happen: () => void }[] = []
    for (const unit of this.#units.values()) {
      if (unit.outcome === 'aborted') continue
      moments.push({ at: unit.start, ends: false, happen: () => this.#begun(unit) })
      if (unit.adds.length > 0) moments.push({ at: unit.commit, ends: false, happen: () => committing(unit) })
      if (unit.outcome !== 'unknown') moments.push({ at: unit.end, ends: true, happen: () => this.#acknowledged(unit) })
    }
    for (const { process, at } of this.#deliveries) {
      moments.push({ at, ends: true, happen: () => this.#delivered(process) })
    }
    for (const read of this.#reads) {
      moments.push({ at: read.since, ends: false, happen: () => this.#begins(read) })
      moments.push({ at: read.end, ends: true, happen: () => this.#ends(read) })
    }
    // What ends when something else begins, overlaps it.
    moments.sort((a, b) => a.at - b.at || Number(a.ends) - Number(b.ends))
    for (const moment of moments) moment.happen()
  }

  #begun(unit: Unit): void {
    for (const written of unit.written) written.floor = written.subject.kept
  }

  #acknowledged(unit: Unit): void {
    const keep = (subject: Subject, kept: number) => {
      if (kept <= subject.kept) return
      subject.kept = kept
      subject.keptAt = unit.end
    }
    for (const written of unit.written) {
      const { subject } = written
      // A version nobody has seen is newer than what stood when the write began.
      written.least = written.version ?? written.floor + 1
      keep(subject, written.least)
      subject.keptBy[unit.process] = Math.max(subject.keptBy[unit.process] ?? -1, written.least)
    }
    for (const { counter, by } of unit.adds) keep(counter, Math.max(counter.kept, 0) + by)
    if (unit.outcome === 'ok') return raise(unit)
    const waiting = this.#waiting.get(unit.process)
    if (waiting) waiting.push(unit)
    else this.#waiting.set(unit.process, [unit])
  }

  #delivered(process: number): void {
    for (const unit of this.#waiting.get(process) ?? []) raise(unit)
    this.#waiting.delete(process)
  }

  #begins(read: Read): void {
    const floor = (name: string): Floor => {
      const subject = this.#subject(name)
      const { acknowledged, kept, keptAt, keptBy, seen, seenAt, seenBy } = subject
      return {
        acknowledged: this.#rules.strict ? kept : Math.max(acknowledged, keptBy[read.process] ?? -1),
        kept,
        keptSince: keptAt,
        own: seenBy[read.process] ?? -1,
        any: seen,
        anySince: seenAt,
      }
    }
    const { states, counters } = read.seen
    read.floors = [...states.map(([object]) => floor(object)), ...counters.map(([counter]) => floor(counter))]
  }

  #ends(read: Read): void {
    const { states, counters, torn } = read.seen
    for (const what of torn) this.#found('torn', read, '', what)
    for (const [i, state] of states.entries()) this.#state(read, state, read.floors[i]!)
    for (const [i, [name, value]] of counters.entries()) {
      const counter = this.#subject(name)
      if (value > counter.possible) {
        this.#found('dirty', read, name, `shows ${value}, no more than ${counter.possible} can have been committed`)
      } else {
        this.#inOrder(read, counter, value, value, read.floors[states.length + i]!)
      }
    }
    read.floors = []
  }

  #state(read: Read, [object, version, value]: Effect, floor: Floor): void {
    const subject = this.#subject(object)
    const own = read.unit === 0 ? undefined : this.#ownWrite(read, subject)
    if (own) {
      if (own.value !== value) this.#found('torn', read, object, `shows ${value} after its own write of ${own.value}`)
      return
    }
    const same = subject.values.get(value) ?? []
    const told = countBefore(same, (written) => written.version !== null)
    // It may be any of these.
    for (let i = told; i < same.length; i += 1) if (same[i]!.commit <= read.end) return
    const last = same[countBefore(same, (written) => written.version !== null && written.commit <= read.end) - 1]
    if (!last) {
      const written = same[0] ? `before its commit` : 'which was never written, or rolled back'
      return this.#found('dirty', read, object, `shows ${value}, ${written}`)
    }
    if (version !== null && version !== last.version) {
      return this.#found('dirty', read, object, `shows ${value} as version ${version}, it is version ${last.version}`)
    }
    const enough = this.#rules.strict ? Math.max(floor.acknowledged, floor.any) : floor.acknowledged
    const least = same[countBefore(same, (written) => written.version !== null && written.version < enough)]
    this.#inOrder(read, subject, last.version!, least?.version ?? last.version!, floor)
  }

  #ownWrite(read: Read, subject: Subject): Written | undefined {
    return this.#units
      .get(read.unit)
      ?.written.findLast((written) => written.subject === subject && written.at <= read.start)
  }

  /** `most` and `least`: the newest and the oldest state this can be. */
  #inOrder(read: Read, subject: Subject, most: number, least: number, floor: Floor): void {
    const shows = (newer: number, whose: string) => `shows version ${most}, ${whose} ${newer}`
    const tolerated = (newer: number, since: number) => {
      const age = (read.start - since) / 1e6
      if (age <= (this.#rules.toleratedMs ?? Number.POSITIVE_INFINITY)) return true
      this.#found('overdue', read, subject.name, shows(newer, `for ${Math.round(age)} ms it has been`))
      return false
    }
    if (most < floor.acknowledged) {
      return this.#found('stale', read, subject.name, shows(floor.acknowledged, 'acknowledged was'))
    }
    if (most < floor.kept) {
      if (tolerated(floor.kept, floor.keptSince)) this.#undelivered += 1
      return
    }
    if (most < floor.any) {
      const kind = most < floor.own ? 'backwards' : 'nonlinear'
      if (this.#rules.strict) this.#found(kind, read, subject.name, shows(floor.any, 'seen was'))
      else if (tolerated(floor.any, floor.anySince)) this.#unacknowledged += 1
      return
    }
    if (least > subject.seen) {
      subject.seen = least
      subject.seenAt = read.end
    }
    subject.seenBy[read.process] = Math.max(subject.seenBy[read.process] ?? -1, least)
  }

  #found(kind: Kind, { process, what, start, end }: Read, object: string, detail: string): void {
    this.#violations[kind] += 1
    if (this.#violations[kind] > EXAMPLES) return
    this.#examples.push({ kind, process, object, read: what, start, end, detail })
  }
}

/** A version comes after the commits of all before it, whoever began first. */
function inOrderOfVersions(same: Written[]): void {
  const place = ({ version }: Written) => version ?? Number.MAX_SAFE_INTEGER
  if (same.length > 1) same.sort((a, b) => place(a) - place(b))
  let earlier = Number.NEGATIVE_INFINITY
  for (const written of same) {
    written.commit = written.unit.commit
    if (written.version === null) continue
    written.commit = Math.max(written.commit, earlier)
    earlier = written.commit
  }
}

function committing(unit: Unit): void {
  for (const { counter, by } of unit.adds) counter.possible += by
}

/** Everybody was told. */
function raise(unit: Unit): void {
  for (const { subject, least } of unit.written) subject.acknowledged = Math.max(subject.acknowledged, least)
  for (const { counter, by } of unit.adds) counter.acknowledged = Math.max(counter.acknowledged, 0) + by
}

/** How many of a list, which is in this order, come before the first that is not so. */
function countBefore<T>(all: readonly T[], isSo: (item: T) => boolean): number {
  let from = 0
  let to = all.length
  while (from < to) {
    const middle = (from + to) >> 1
    if (isSo(all[middle]!)) from = middle + 1
    else to = middle
  }
  return from
}
