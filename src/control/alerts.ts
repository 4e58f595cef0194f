import type { Clock } from '../clock.ts'
import type { Alert, AlertName, CacheEvent, EventHub } from '../events.ts'
import type { AlertOptions } from '../policy/options.ts'
import type { StoreCondition } from '../stores/guarded-store.ts'
import type { ServerInfo } from '../stores/store.ts'
import { SlidingWindow } from './sliding-window.ts'

/** Thresholds, all said; `undefined`: not watched. */
interface Thresholds {
  readonly hitRate: number | undefined
  readonly errorRate: number | undefined
  readonly lookUpMs: number | undefined
  readonly memory: number | undefined
  readonly unavailable: boolean
  readonly undelivered: boolean
  readonly windowMs: number
  readonly minSamples: number
}

/** Times are told apart by a factor of so much, and so is the p95 that is shown. */
const FACTOR = 1.2
/** One look-up in so many may take longer. */
const SLOW_SHARE = 0.05
const STEPS = 10

type Counted = 'answered' | 'missed' | 'look-ups' | 'errors' | 'slow' | `time ${number}`

/**
 * Watches thresholds. Edge-triggered: an alert is raised once and resolved once, whoever asks how often. Looks at what it
 * counted a tenth of its window at a time, driven by events and by the health check, so that it needs no timer of its own.
 */
export class Alerts {
  readonly #thresholds: Thresholds
  readonly #events: EventHub
  readonly #clock: Clock
  readonly #condition: () => StoreCondition
  readonly #window: SlidingWindow<Counted>
  readonly #raised = new Map<string, Alert>()
  readonly #ends: (() => void)[]
  #checkAt: number

  constructor(options: AlertOptions, events: EventHub, clock: Clock, condition: () => StoreCondition) {
    this.#thresholds = thresholdsOf(options)
    this.#events = events
    this.#clock = clock
    this.#condition = condition
    this.#window = new SlidingWindow(this.#thresholds.windowMs, clock)
    this.#checkAt = clock() + this.#thresholds.windowMs / STEPS
    this.#ends = [events.on('*', (event) => this.#count(event))]
    if (this.#thresholds.lookUpMs !== undefined) this.#ends.push(events.time())
    const { onAlert } = options
    if (onAlert) this.#ends.push(events.on('alert', ({ type: _, ...alert }) => onAlert(alert)))
  }

  get watchesMemory(): boolean {
    return this.#thresholds.memory !== undefined
  }

  raised(): readonly Alert[] {
    return [...this.#raised.values()]
  }

  stop(): void {
    for (const end of this.#ends.splice(0)) end()
  }

  check(): void {
    this.#checkAt = this.#clock() + this.#thresholds.windowMs / STEPS
    const { hitRate, errorRate, lookUpMs, minSamples } = this.#thresholds
    const of = (what: Counted) => this.#window.sum(what)
    const asked = of('answered') + of('missed')
    const lookUps = of('look-ups')
    if (hitRate !== undefined && asked >= minSamples) {
      const value = of('answered') / asked
      this.#set('hit-rate', value < hitRate, value, hitRate)
    }
    if (lookUps >= minSamples) {
      const faults = of('errors') / lookUps
      if (errorRate !== undefined) this.#set('error-rate', faults > errorRate, faults, errorRate)
      if (lookUpMs !== undefined) this.#set('look-up', of('slow') / lookUps > SLOW_SHARE, this.#p95(), lookUpMs)
    }
    this.#checkStore()
  }

  /** What the servers say of their memory; one that is gone has no alert. */
  checkMemory(servers: readonly ServerInfo[]): void {
    const { memory: threshold } = this.#thresholds
    if (threshold === undefined) return
    for (const { address, memory } of servers) {
      const { usedBytes, maxBytes } = memory
      // Of one that did not answer, too.
      if (usedBytes === null || maxBytes === null) continue
      const value = maxBytes === 0 ? 0 : usedBytes / maxBytes
      this.#set('memory', value > threshold, value, threshold, address)
    }
    for (const { alert, server, ...rest } of this.raised()) {
      const isGone = alert === 'memory' && !servers.some(({ address }) => address === server)
      if (isGone) this.#set(alert, false, rest.value, rest.threshold, server)
    }
  }

  #checkStore(): void {
    const { state, undelivered } = this.#condition()
    if (this.#thresholds.unavailable) this.#set('unavailable', state !== 'ok', state === 'ok' ? 0 : 1, 0)
    if (this.#thresholds.undelivered) this.#set('undelivered', undelivered > 0, undelivered, 0)
  }

  #count(event: CacheEvent): void {
    switch (event.type) {
      case 'hit':
      case 'stale':
        this.#window.add('answered')
        this.#lookedUp(event.ms)
        break
      case 'miss':
        this.#window.add('missed')
        this.#lookedUp(event.lookUpMs)
        break
      case 'bypass':
        if (event.reason !== 'store-unavailable' && event.reason !== 'undelivered-invalidation') return
        this.#lookedUp(event.lookUpMs)
        break
      case 'error':
        // An operator's own listener that throws is no fault of the cache, and may be the one that is told of alerts.
        if (event.during === 'listener') return
        this.#window.add('errors')
        break
      case 'store':
        return this.#checkStore()
      default:
        return
    }
    if (this.#clock() >= this.#checkAt) this.check()
  }

  #lookedUp(ms: number | undefined): void {
    this.#window.add('look-ups')
    const { lookUpMs } = this.#thresholds
    if (ms === undefined || lookUpMs === undefined) return
    if (ms > lookUpMs) this.#window.add('slow')
    this.#window.add(`time ${stepOf(ms)}`)
  }

  #p95(): number {
    const beyond = this.#window.sum('look-ups') * SLOW_SHARE
    let seen = 0
    for (let step = LAST_STEP; step >= 0; step -= 1) {
      seen += this.#window.sum(`time ${step}`)
      if (seen > beyond) return SHORTEST_MS * FACTOR ** step
    }
    return 0
  }

  #set(alert: AlertName, isRaised: boolean, value: number, threshold: number, server?: string): void {
    const name = `${alert} ${server ?? ''}`
    const was = this.#raised.has(name)
    const about: Alert = { alert, value, threshold, ...(server !== undefined && { server }) }
    if (isRaised) this.#raised.set(name, about)
    else this.#raised.delete(name)
    if (was !== isRaised) this.#events.emit({ type: 'alert', state: isRaised ? 'raised' : 'resolved', ...about })
  }
}

const SHORTEST_MS = 0.001
const LAST_STEP = 100

/** The first step is of all that is shorter, the last of all that is longer: 0.001 ms to more than a minute. */
function stepOf(ms: number): number {
  const step = Math.ceil(Math.log(Math.max(ms, SHORTEST_MS) / SHORTEST_MS) / Math.log(FACTOR))
  return Math.min(step, LAST_STEP)
}

function thresholdsOf(options: AlertOptions): Thresholds {
  const { window = 300, minSamples = 100, unavailable = true, undelivered = true } = options
  const { hitRate = 0.7, errorRate = 0.05, lookUpMs = 10, memory = 0.9 } = options
  return {
    hitRate: hitRate === false ? undefined : hitRate,
    errorRate: errorRate === false ? undefined : errorRate,
    lookUpMs: lookUpMs === false ? undefined : lookUpMs,
    memory: memory === false ? undefined : memory,
    unavailable,
    undelivered,
    windowMs: window * 1000,
    minSamples,
  }
}
