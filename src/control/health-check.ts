import { repeatWhileHeld } from '../clock.ts'
import type { EventHub } from '../events.ts'
import type { GuardedStore } from '../stores/guarded-store.ts'
import type { Alerts } from './alerts.ts'
import { healthOf } from './health.ts'

interface HealthContext {
  readonly store: GuardedStore
  readonly events: EventHub
  readonly alerts: Alerts | undefined
}

/**
 * Asks the store how it is from time to time, and has alerts look at what events do not tell. One question at a time: a
 * store that hangs is not asked again meanwhile. Keeps no process alive, and no cache that was dropped: whoever holds
 * what is returned holds the check.
 */
export class HealthCheck {
  readonly #context: HealthContext
  readonly #end: () => void
  #isUnderWay = false
  #isOver = false

  constructor(everyMs: number, context: HealthContext) {
    this.#context = context
    this.#end = repeatWhileHeld(this, everyMs, (check) => check.look())
  }

  stop(): void {
    this.#isOver = true
    this.#end()
  }

  look(): void {
    if (this.#isUnderWay) return
    this.#isUnderWay = true
    // Neither of the two questions rejects.
    void this.#ask().finally(() => {
      this.#isUnderWay = false
    })
  }

  async #ask(): Promise<void> {
    const { store, events, alerts } = this.#context
    const { state, latencyMs, undelivered } = await healthOf(store)
    const servers = alerts?.watchesMemory ? await store.servers?.() : undefined
    if (this.#isOver) return
    events.emit({ type: 'health', state, latencyMs, undelivered })
    if (servers) alerts?.checkMemory(servers)
    alerts?.check()
  }
}
