import { median } from '../environment.ts'
import type { Query } from './cases.ts'
import type { Opened } from './contender.ts'

/** Of one call. CPU is that of this process, all its threads: neither Redis nor the database. */
export interface Cost {
  readonly micros: number
  readonly cpuMicros: number
  /** With `IN_FLIGHT` calls under way at any time. */
  readonly cpuMicrosInFlight: number
  readonly perSecond: number
}

export const IN_FLIGHT = 64

export interface Effort {
  readonly rounds: number
  /** How long each contender runs in each round and mode, milliseconds. */
  readonly ms: number
}

/**
 * Medians over the rounds. All run in every round, each time another one first: what the machine does meanwhile meets
 * all of them alike. One more round comes before, a longer one, in which code is compiled.
 */
export async function timeHits(
  subjects: readonly Opened[],
  queries: readonly Query[],
  { rounds, ms }: Effort,
  modes: { readonly inFlight: boolean } = { inFlight: true },
): Promise<Cost[]> {
  const all = subjects.map((): Cost[] => [])
  for (let round = -1; round < rounds; round += 1) {
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const i = (turn + round + 1) % subjects.length
      const subject = subjects[i] as Opened
      const forMs = round < 0 ? WARM_UP * ms : ms
      const alone = await oneAtATime(subject, queries, forMs)
      const together = modes.inFlight ? await inFlight(subject, queries, forMs) : NOT_TIMED
      if (round >= 0) all[i]?.push({ ...alone, ...together })
    }
  }
  return all.map((costs) => ({
    micros: median(costs.map(({ micros }) => micros)),
    cpuMicros: median(costs.map(({ cpuMicros }) => cpuMicros)),
    cpuMicrosInFlight: median(costs.map(({ cpuMicrosInFlight }) => cpuMicrosInFlight)),
    perSecond: median(costs.map(({ perSecond }) => perSecond)),
  }))
}

const WARM_UP = 4

const NOT_TIMED = { cpuMicrosInFlight: Number.NaN, perSecond: Number.NaN }

async function oneAtATime(subject: Opened, queries: readonly Query[], ms: number) {
  const begun = performance.now()
  const cpuBegun = process.cpuUsage()
  let calls = 0
  do {
    await subject.read(queries[calls++ % queries.length] as Query)
  } while (performance.now() - begun < ms)
  const micros = (1000 * (performance.now() - begun)) / calls
  return { micros, cpuMicros: cpuSince(cpuBegun) / calls }
}

async function inFlight(subject: Opened, queries: readonly Query[], ms: number) {
  const begun = performance.now()
  const cpuBegun = process.cpuUsage()
  let calls = 0
  do {
    const batch = Array.from({ length: IN_FLIGHT }, () => subject.read(queries[calls++ % queries.length] as Query))
    await Promise.all(batch)
  } while (performance.now() - begun < ms)
  const perSecond = (1000 * calls) / (performance.now() - begun)
  return { cpuMicrosInFlight: cpuSince(cpuBegun) / calls, perSecond }
}

function cpuSince(begun: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(begun)
  return user + system
}

export interface Step {
  readonly name: string
  /** Not timed. */
  before?(): Promise<unknown>
  run(): PromiseLike<unknown>
  /** What is left to do when the caller has its answer: CPU, not time. */
  after?(): Promise<unknown>
}

export interface StepCost {
  readonly name: string
  /** Median, of what the caller waits. */
  readonly micros: number
  readonly cpuMicros: number
  /** Median of what it takes longer than the first one, turn by turn. */
  readonly overMicros: number
}

/** For calls that change something, so that no window is like the next: one call of each in turn. */
export async function timeInTurn(steps: readonly Step[], turns: number): Promise<StepCost[]> {
  const took = steps.map((): number[] => [])
  const cpu = steps.map(() => 0)
  const warmUp = Math.ceil(turns / 4)
  for (let turn = -warmUp; turn < turns; turn += 1) {
    for (let place = 0; place < steps.length; place += 1) {
      const i = (place + turn + warmUp) % steps.length
      const step = steps[i] as Step
      await step.before?.()
      const begun = performance.now()
      const cpuBegun = process.cpuUsage()
      await step.run()
      const micros = 1000 * (performance.now() - begun)
      await step.after?.()
      if (turn < 0) continue
      took[i]?.push(micros)
      cpu[i] = (cpu[i] as number) + cpuSince(cpuBegun)
    }
  }
  const base = took[0] as number[]
  return steps.map(({ name }, i) => {
    const own = took[i] as number[]
    const over = own.map((micros, turn) => micros - (base[turn] as number))
    return { name, micros: median(own), cpuMicros: (cpu[i] as number) / turns, overMicros: median(over) }
  })
}
