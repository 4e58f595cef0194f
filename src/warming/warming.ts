import { type Clock, wakeAt } from '../clock.ts'
import { CacheConfigError, show } from '../errors.ts'
import type { WarmOutcome } from '../events.ts'
import type { PredictOptions, WarmerOptions, WarmOn } from '../policy/options.ts'
import { known } from '../policy/resolve-policy.ts'
import { secondsOf } from '../policy/ttl.ts'
import type { ReadContext } from '../read/read-context.ts'
import { modelTag, type Tag, userTag } from '../tags/tag.ts'
import { Changes } from './changes.ts'
import { Fleet } from './fleet.ts'
import { Predictor } from './predictor.ts'
import { cron, everyMs, type Schedule } from './schedule.ts'
import { WarmScopes } from './warm-scopes.ts'
import { Warmer } from './warmer.ts'

/** Every warmer of a client, and what sets them off. */
export class Warming {
  readonly scopes: WarmScopes
  readonly #warmers = new Map<string, Warmer>()
  readonly #changes: Changes
  readonly #clock: Clock
  /** What sets off a warmer by itself, from when there is a client. */
  readonly #begin: (() => void)[] = []
  readonly #wakes = new Map<Warmer, () => void>()
  #client: unknown
  #isStopped = false

  /** `undefined`: reads are not remembered. */
  readonly predictor: Predictor | undefined

  /** @throws CacheConfigError for unknown models, and schedules that cannot be read. */
  constructor(options: readonly WarmerOptions[], predict: boolean | PredictOptions | undefined, context: ReadContext) {
    const { store, events, clock, background, prefix, fingerprint } = context
    this.#clock = clock
    this.scopes = new WarmScopes(context)
    this.#changes = new Changes({ store, events, background })
    const fleet = new Fleet({ store, prefix, fingerprint })
    for (const [i, one] of options.entries()) {
      const schedules = schedulesOf(one, `warmers.${i}.cron`)
      const task = {
        name: one.name,
        limit: one.limit ?? 1000,
        concurrency: one.concurrency ?? 4,
        leaseMs: one.leaseMs ?? 10_000,
        run: () => one.run(this.#client),
        next: (now: number) => soonest(schedules, now),
      }
      const warmer = new Warmer(task, { events, clock, background, fleet, scopes: this.scopes })
      this.#warmers.set(one.name, warmer)
      this.#setOff(warmer, listOf(one.on), (name) => known(context.graph, `warmers.${i}.on.models`, name).name)
      if (schedules.length > 0) this.#begin.push(() => this.#wait(warmer))
    }
    if (!predict) return
    const { models = [], ...others } = predict === true ? {} : predict
    for (const name of models) known(context.graph, 'predict.models', name)
    if (context.vary) {
      throw new CacheConfigError(
        'predict',
        'there is a `vary`, and a query cannot be asked outside the scope it was asked in',
        'Leave one of them out, or name the reads in `warmers`.',
      )
    }
    this.predictor = new Predictor(models.length > 0 ? { ...others, models } : others, context)
    const task = this.predictor.task(() => this.#client)
    const warmer = new Warmer(task, { events, clock, background, fleet, scopes: this.scopes })
    this.#warmers.set(task.name, warmer)
    this.#begin.push(() => this.#wait(warmer))
  }

  /** From now on warmers set themselves off. Not at once: whoever sets up the client goes on first. */
  begin(client: unknown): void {
    this.#client = client
    if (this.#warmers.size === 0) return
    setImmediate(() => {
      if (this.#isStopped) return
      this.#changes.begin()
      for (const begin of this.#begin) begin()
    })
  }

  get names(): readonly string[] {
    return [...this.#warmers.keys()]
  }

  /** One warmer, or all of them, one after the other. @throws CacheConfigError for a name that no warmer has. */
  async warm(name?: string): Promise<readonly WarmOutcome[]> {
    const outcomes: WarmOutcome[] = []
    for (const warmer of this.#named(name)) outcomes.push(await warmer.go())
    return outcomes
  }

  stop(): void {
    this.#isStopped = true
    this.#changes.stop()
    this.predictor?.stop()
    for (const cancel of this.#wakes.values()) cancel()
    for (const warmer of this.#warmers.values()) warmer.stop()
  }

  #named(name: string | undefined): readonly Warmer[] {
    if (name === undefined) return [...this.#warmers.values()]
    const warmer = this.#warmers.get(name)
    if (warmer) return [warmer]
    const fix = this.names.length === 0 ? 'The configuration has no `warmers`.' : `There are ${this.names.join(', ')}.`
    throw new CacheConfigError('warm', `there is no warmer ${show(name)}`, fix)
  }

  #setOff(warmer: Warmer, on: readonly WarmOn[], model: (name: string) => string): void {
    const tags: Tag[] = []
    for (const one of on) {
      if (one === 'startup') this.#begin.push(() => warmer.set('startup', String(this.#clock())))
      else tags.push(...(one.tags ?? []).map(userTag), ...(one.models ?? []).map((name) => modelTag(model(name))))
    }
    if (tags.length > 0) this.#changes.watch([...new Set(tags)], (mark) => warmer.set('change', mark))
  }

  /** Each time from the moment it was due, not from when it was done: it does not drift. What was slept through is not made up for. */
  #wait(warmer: Warmer): void {
    const at = warmer.task.next(this.#clock())
    if (at === undefined || this.#isStopped) return
    const cancel = wakeAt(this.#clock, at, due(new WeakRef(this), new WeakRef(warmer), at))
    this.#wakes.set(warmer, cancel)
  }

  /** Called at a time that was waited for. */
  isDue(warmer: Warmer, at: number): void {
    this.#wakes.delete(warmer)
    this.#wait(warmer)
    warmer.set('schedule', String(at))
  }
}

/** A client that was dropped, by a hot reload say, must not go on warming: the timer holds neither it nor its warmer. */
function due(warming: WeakRef<Warming>, warmer: WeakRef<Warmer>, at: number): () => void {
  return () => {
    const one = warmer.deref()
    if (one) warming.deref()?.isDue(one, at)
  }
}

function schedulesOf({ every, cron: expression, timeZone }: WarmerOptions, option: string): Schedule[] {
  return [
    ...(every === undefined ? [] : [everyMs(1000 * secondsOf(every))]),
    ...(expression === undefined ? [] : [cron(expression, timeZone, option)]),
  ]
}

function soonest(schedules: readonly Schedule[], now: number): number | undefined {
  const times = schedules.map((schedule) => schedule(now)).filter((at) => at !== undefined)
  return times.length === 0 ? undefined : Math.min(...times)
}

function listOf(on: WarmerOptions['on']): readonly WarmOn[] {
  return on === undefined ? [] : Array.isArray(on) ? on : [on as WarmOn]
}
