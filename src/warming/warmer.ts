import { AsyncResource } from 'node:async_hooks'
import { type Clock, wakeAt } from '../clock.ts'
import type { EventHub, WarmCause, WarmOutcome } from '../events.ts'
import type { Background } from '../read/read-context.ts'
import type { Fleet, Turn } from './fleet.ts'
import { makeReads } from './make-reads.ts'
import { Round, type RoundBounds, RoundOver } from './round.ts'
import type { WarmScopes } from './warm-scopes.ts'

/** What one warmer does. */
export interface WarmerTask extends RoundBounds {
  readonly name: string
  readonly leaseMs: number
  readonly run: () => unknown
  /** When it is due next by its schedule, epoch ms. */
  readonly next: (now: number) => number | undefined
}

export interface WarmerContext {
  readonly events: EventHub
  readonly clock: Clock
  readonly background: Background
  readonly fleet: Fleet
  readonly scopes: WarmScopes
}

/** What sets a warmer off by itself. */
export type Trigger = Exclude<WarmCause, 'call'>

/** From when it began last a warmer waits for so long after a change, ms: where there are many it would warm without end. */
const REST_MS = 1000
/** How long it counts as done that another process has warmed at its start, ms. */
const STARTED_MS = 60_000
/** How often, in the life of a lease, it is looked whether whoever has it is through. */
const LOOKS = 4

/** A warmer: goes of it never overlap, neither in this process nor, as far as a lease can tell, in the fleet. */
export class Warmer {
  readonly task: WarmerTask
  readonly #context: WarmerContext
  /** Of the surroundings it was set up in: those of a write that sets it off, a request say, are none of its business. */
  readonly #scope = new AsyncResource('warmer')
  /** What is to be done, by what set it off, and what it is done for. */
  readonly #due = new Map<Trigger, string>()
  #going: Promise<WarmOutcome> | undefined
  #round: Round | undefined
  #begunAt = Number.NEGATIVE_INFINITY
  /** Prevents the next look at what is due. */
  #cancel: () => void = () => {}
  #isStopped = false

  constructor(task: WarmerTask, context: WarmerContext) {
    this.task = task
    this.#context = context
  }

  /** To be done for `mark`, unless somebody in the fleet has; behind everybody's back. */
  set(trigger: Trigger, mark: string): void {
    this.#due.set(trigger, mark)
    this.#attend()
  }

  /** A go now, or the one that is under way here. Never rejects. */
  go(): Promise<WarmOutcome> {
    return this.#going ?? this.#begin(() => this.#doWhatIsAsked())
  }

  /** What is under way ends with the reads it has begun. */
  stop(): void {
    this.#isStopped = true
    this.#cancel()
    this.#round?.stop('stopped')
  }

  #attend(): void {
    if (this.#isStopped || this.#going || this.#due.size === 0) return
    this.#cancel()
    const { clock } = this.#context
    const restsUntil = this.#begunAt + REST_MS
    const isRest = this.#due.size === 1 && this.#due.has('change') && restsUntil > clock()
    if (isRest) this.#cancel = wakeAt(clock, restsUntil, () => this.#attend())
    else void this.#begin(() => this.#doWhatIsDue())
  }

  #begin(work: () => Promise<WarmOutcome | undefined>): Promise<WarmOutcome> {
    const going = this.#scope.runInAsyncScope(work).then((outcome) => {
      this.#going = undefined
      // Set while it was at it.
      if (outcome) this.#attend()
      else this.#attendLater()
      return outcome ?? this.#skipped('elsewhere')
    })
    this.#going = going
    this.#context.background.run(going)
    return going
  }

  /** Whoever is at it may die, or have begun before what this is to be done for; a store comes back. */
  #attendLater(): void {
    if (this.#isStopped) return
    const timer = setTimeout(() => this.#attend(), this.task.leaseMs / LOOKS).unref()
    this.#cancel = () => clearTimeout(timer)
  }

  async #doWhatIsAsked(): Promise<WarmOutcome> {
    const turn = await this.#enter()
    if (turn === 'busy' || turn === 'unavailable') return this.#skip(turn === 'busy' ? 'elsewhere' : turn)
    const outcome = await this.#warm('call')
    await turn.end()
    return outcome
  }

  /** `undefined`: not yet. */
  async #doWhatIsDue(): Promise<WarmOutcome | undefined> {
    const turn = await this.#enter()
    if (turn === 'busy' || turn === 'unavailable') return undefined
    const open = [...this.#due].filter(([trigger, mark]) => !isDone(trigger, mark, turn, this.#context.clock()))
    this.#due.clear()
    const [first] = open
    const outcome = first ? await this.#warm(first[0]) : this.#skip('done')
    await turn.end(outcome.state === 'end' ? new Map([...turn.marks, ...open]) : undefined)
    return outcome
  }

  #enter(): Promise<Turn | 'busy' | 'unavailable'> {
    const lost = () => this.#round?.stop('lost')
    return this.#context.fleet.enter(this.task.name, this.task.leaseMs, lost).then(
      (turn) => turn ?? 'busy',
      () => 'unavailable' as const,
    )
  }

  async #warm(cause: WarmCause): Promise<WarmOutcome> {
    const { name, run, next } = this.task
    const { events, clock, scopes } = this.#context
    const begun = performance.now()
    const ms = () => performance.now() - begun
    this.#begunAt = clock()
    let hundredths = 0
    const round = new Round(this.task, ({ done, total }) => {
      // A hundred times, however many reads there are.
      if (Math.floor((100 * done) / total) === hundredths) return
      hundredths = Math.floor((100 * done) / total)
      events.emit({ type: 'warm', name, state: 'progress', done, total, ms: ms() })
    })
    this.#round = round
    events.emit({ type: 'warm', name, state: 'start', cause, done: 0, total: 0, ms: 0 })
    const dueAt = next(this.#begunAt)
    // What would be over before it is asked again.
    const renewWithinMs = dueAt === undefined ? 0 : dueAt - this.#begunAt
    const failure = await scopes
      .within(round, renewWithinMs, () => makeReads(run, round))
      .then(
        () => undefined,
        (error: unknown) => (error instanceof RoundOver ? undefined : { error }),
      )
    await round.close()
    this.#round = undefined
    const { stoppedBy } = round
    const what = { type: 'warm', name, ...round.tally, ms: ms() } as const
    const outcome: WarmOutcome = failure
      ? { ...what, state: 'error', error: failure.error }
      : stoppedBy === 'lost'
        ? {
            ...what,
            state: 'error',
            error: new Error('the store was not reached in time to go on: others may warm now'),
          }
        : stoppedBy === 'stopped'
          ? { ...what, state: 'skipped', reason: 'stopped' }
          : { ...what, state: 'end' }
    events.emit(outcome)
    return outcome
  }

  #skip(reason: SkipReason): WarmOutcome {
    const outcome = this.#skipped(reason)
    this.#context.events.emit(outcome)
    return outcome
  }

  #skipped(reason: SkipReason): WarmOutcome {
    const { name } = this.task
    return { type: 'warm', name, state: 'skipped', reason, done: 0, total: 0, fresh: 0, queried: 0, uncached: 0, ms: 0 }
  }
}

type SkipReason = Extract<WarmOutcome, { readonly state: 'skipped' }>['reason']

/** Whether somebody in the fleet has done it. A moment to come is the word of a clock that is wrong, or was: not believed. */
function isDone(trigger: Trigger, mark: string, { marks }: Turn, now: number): boolean {
  const done = marks.get(trigger)
  if (done === undefined || trigger === 'change') return done === mark
  if (Number(done) > now + STARTED_MS) return false
  return Number(mark) - Number(done) < (trigger === 'startup' ? STARTED_MS : 1)
}
