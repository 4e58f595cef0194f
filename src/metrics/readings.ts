import { BoundedLabel } from './labels.ts'
import type { KeyOf } from './names.ts'
import type { MetricsSource, Recording } from './record-events.ts'
import type { Labels } from './series.ts'

/** What is read when metrics are collected, not counted as it happens. */
export interface Reading {
  readonly metric: KeyOf<'gauge' | 'total'>
  readonly labels: Labels
  readonly value: number
}

export type Readings = () => Promise<readonly Reading[]>

const STATES = ['ok', 'unavailable', 'undelivered'] as const

/** Never rejects. Collections at the same time share what they ask. `servers`: whether Redis is asked, one `INFO` each. */
export function readingsOf(cache: MetricsSource, { hitRate }: Pick<Recording, 'hitRate'>, servers: boolean): Readings {
  const addresses = new BoundedLabel()
  let underWay: Promise<readonly Reading[]> | undefined

  return () => {
    underWay ??= readAll().finally(() => {
      underWay = undefined
    })
    return underWay
  }

  async function readAll(): Promise<readonly Reading[]> {
    const ofServers = servers ? await serverReadings() : []
    const { store, local, forms } = cache.stats()
    const readings: Reading[] = [...ofServers, one('undelivered', store.undelivered)]
    readings.push(one('refusedForms', forms.refused))
    for (const state of STATES) readings.push(one('storeState', store.state === state ? 1 : 0, { state }))
    const rate = hitRate()
    if (rate !== undefined) readings.push(one('hitRate', rate))
    if (local) {
      readings.push(
        one('localEntries', local.entries),
        one('localMaxEntries', local.maxEntries),
        one('localBytes', local.bytes),
        one('localMaxBytes', local.maxBytes),
        one('localEvictions', local.evictions),
      )
    }
    return readings
  }

  async function serverReadings(): Promise<readonly Reading[]> {
    const info = await cache.info()
    return info.servers.flatMap(({ address, error, latencyMs, memory, clients, keys, counts }) => {
      const labels = { server: addresses.of(address) }
      const known: readonly [Reading['metric'], number | null][] = [
        ['serverUp', error === null ? 1 : 0],
        ['serverLatency', latencyMs === null ? null : latencyMs / 1000],
        ['serverUsedBytes', memory.usedBytes],
        ['serverMaxBytes', memory.maxBytes],
        ['serverClients', clients.connected],
        ['serverKeys', keys.total],
        ['serverEvictions', counts.evicted],
      ]
      return known.flatMap(([metric, value]) => (value === null ? [] : [one(metric, value, labels)]))
    })
  }
}

function one(metric: Reading['metric'], value: number, labels: Labels = {}): Reading {
  return { metric, labels, value }
}
