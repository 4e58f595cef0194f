import type { EventHub } from '../events.ts'
import type { ResilientStore } from '../stores/resilient-store.ts'
import type { Alerts } from './alerts.ts'
import { healthOf } from './health.ts'

/**
 * Asks the store how it is from time to time, and has alerts look at what events do not tell. One question at a time: a
 * store that hangs is not asked again meanwhile. Keeps no process alive. Returns what ends it.
 */
export function checkHealth(
  everyMs: number,
  { store, events, alerts }: { store: ResilientStore; events: EventHub; alerts: Alerts | undefined },
): () => void {
  let isUnderWay = false
  let isOver = false

  async function look(): Promise<void> {
    const { state, latencyMs, undelivered } = await healthOf(store)
    const servers = alerts?.watchesMemory ? await store.servers?.() : undefined
    if (isOver) return
    events.emit({ type: 'health', state, latencyMs, undelivered })
    if (servers) alerts?.checkMemory(servers)
    alerts?.check()
  }

  const timer = setInterval(() => {
    if (isUnderWay) return
    isUnderWay = true
    // Neither of the two questions rejects.
    void look().finally(() => {
      isUnderWay = false
    })
  }, everyMs).unref()
  return () => {
    isOver = true
    clearInterval(timer)
  }
}
