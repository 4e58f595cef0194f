import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { SyntaxNodeRef } from '@lezer/common'
import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { METRICS, type Metric } from '../../src/metrics/names.ts'
import { promtoolBinary } from '../support/server-binaries.ts'

const file = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const text = (name: string) => readFileSync(file(name), 'utf8')
const RULES = 'monitoring/prometheus-rules.yml'
const DASHBOARD = 'monitoring/grafana-dashboard.json'

interface Rule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}
const rules: readonly Rule[] = parse(text(RULES)).groups.flatMap((group: { rules: Rule[] }) => group.rules)

interface Panel {
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}
interface Variable {
  readonly name: string
  readonly query: string | { readonly query: string }
}
const dashboard: { readonly panels: readonly Panel[]; readonly templating: { readonly list: readonly Variable[] } } =
  JSON.parse(text(DASHBOARD))
const panels = dashboard.panels.filter(({ type }) => type !== 'row')

/** What a query names, by its grammar. */
function read(query: string) {
  const source = query.replaceAll('$__rate_interval', '5m')
  const metrics: { readonly name: string; readonly labels: readonly string[] }[] = []
  const grouped: string[] = []
  let isWhole = true
  const of = (node: SyntaxNodeRef) => source.slice(node.from, node.to)
  parser.parse(source).iterate({
    enter(node) {
      if (node.type.isError) isWhole = false
      if (node.name === 'VectorSelector') {
        const labels: string[] = []
        let name = ''
        node.node.cursor().iterate((inner) => {
          if (inner.name === 'Identifier' && name === '') name = of(inner)
          if (inner.name === 'LabelName') labels.push(of(inner))
        })
        metrics.push({ name, labels })
      }
      if (node.name === 'GroupingLabels') {
        node.node.cursor().iterate((inner) => void (inner.name === 'LabelName' && grouped.push(of(inner))))
      }
    },
  })
  return { isWhole, metrics, grouped }
}

/** Names as they are scraped, with the labels Prometheus adds and those of a histogram. */
const known = new Map<string, ReadonlySet<string>>(
  Object.values<Metric>(METRICS).flatMap(({ prometheus, labels, kind }): [string, ReadonlySet<string>][] => {
    const all = new Set<string>([...labels, 'job', 'instance'])
    if (kind !== 'histogram') return [[prometheus, all]]
    return [
      [`${prometheus}_bucket`, new Set([...all, 'le'])],
      [`${prometheus}_sum`, all],
      [`${prometheus}_count`, all],
    ]
  }),
)

function expectKnown(query: string): void {
  const { isWhole, metrics, grouped } = read(query)
  expect(isWhole, `is no PromQL: ${query}`).toBe(true)
  expect(metrics.length, query).toBeGreaterThan(0)
  const shared = new Set<string>()
  for (const { name, labels } of metrics) {
    expect(known.has(name), `there is no metric ${name}`).toBe(true)
    for (const label of known.get(name) ?? []) shared.add(label)
    for (const label of labels) expect(known.get(name), `${name} in ${query}`).toContain(label)
  }
  for (const label of grouped) expect([...shared], query).toContain(label)
}

describe('the checks of queries', () => {
  it('see what is wrong', () => {
    expect(() => expectKnown('sum(rate(cache_hits_total[5m]))')).not.toThrow()
    expect(() => expectKnown('sum(rate(cache_hits_total[5m])')).toThrow(/no PromQL/)
    expect(() => expectKnown('rate(cache_hitz_total[5m])')).toThrow(/no metric cache_hitz_total/)
    expect(() => expectKnown('rate(cache_hits_total{modle="a"}[5m])')).toThrow(/cache_hits_total/)
    expect(() => expectKnown('sum by (modle) (cache_hits_total)')).toThrow(/modle/)
    expect(() => expectKnown('cache_response_time_seconds')).toThrow(/no metric/)
  })
})

describe('the names of metrics', () => {
  it('are all explained', () => {
    const page = text('docs/metrics.md')
    for (const { prometheus } of Object.values(METRICS)) expect(page).toContain(`\`${prometheus}\``)
  })

  it('are each of its own, in both', () => {
    const all = Object.values(METRICS)
    for (const names of [all.map((metric) => metric.prometheus), all.map((metric) => metric.opentelemetry)]) {
      expect(new Set(names).size).toBe(all.length)
    }
  })
})

describe('alert rules', () => {
  it('name metrics and labels that exist', () => {
    for (const { expr } of rules) expectKnown(expr)
  })

  it('are there for what operators are promised', () => {
    expect(rules.map(({ alert }) => alert)).toEqual([
      'CacheHitRateLow',
      'CacheErrors',
      'CacheMemoryHigh',
      'CacheLookUpsSlow',
      'CacheStoreUnavailable',
      'CacheInvalidationsUndelivered',
      'CacheRedisDown',
      'CacheServesStale',
    ])
    for (const { annotations, labels, alert } of rules) {
      expect(annotations, alert).toEqual({ summary: expect.any(String), description: expect.any(String) })
      expect(['warning', 'critical']).toContain(labels['severity'])
    }
  })

  it('are each explained to whoever is woken by them', () => {
    const page = text('docs/operating.md')
    for (const { alert } of rules) expect(page).toContain(`\`${alert}\``)
  })

  it('are accepted by Prometheus, and go off when they should', async ({ skip }) => {
    const promtool = await promtoolBinary()
    if (!promtool) return skip('there is no promtool here, and it cannot be installed; the grammar was checked above')
    const run = (...args: string[]) => promisify(execFile)(promtool, args)
    expect((await run('check', 'rules', file(RULES))).stdout).toContain('SUCCESS')
    // It says what failed where the shell would see it, and the error has it.
    await run('test', 'rules', file('test/monitoring/alerts.test.yml'))
  })
})

describe('the dashboard', () => {
  it('names metrics and labels that exist, in every panel', () => {
    expect(panels.length).toBeGreaterThan(20)
    for (const { targets = [], title } of panels) {
      expect(targets.length, title).toBeGreaterThan(0)
      for (const { expr, legendFormat } of targets) {
        expectKnown(expr)
        const { grouped } = read(expr)
        for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) expect(grouped, title).toContain(label)
      }
    }
  })

  it('shows every metric there is, but those that another one says better', () => {
    const shown = panels.flatMap(({ targets = [] }) => targets.flatMap(({ expr }) => read(expr).metrics))
    const names = new Set(shown.map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
    const missing = Object.values(METRICS).filter(({ prometheus }) => !names.has(prometheus))
    // Over the time that is looked at, the rate of hits is worked out from the counts.
    expect(missing.map(({ prometheus }) => prometheus)).toEqual(['cache_hit_rate'])
  })

  it('asks for what is chosen at its top, and for nothing else', () => {
    const variables = dashboard.templating.list
    for (const { query } of variables) {
      const [, metric] = /^label_values\((.+), \w+\)$/.exec(typeof query === 'string' ? query : query.query) ?? []
      if (metric !== undefined) expectKnown(metric)
    }
    const names = variables.map(({ name }) => name)
    for (const [, name = ''] of text(DASHBOARD).matchAll(/\$\{?(\w+)/g)) {
      expect(['__rate_interval', '__all', ...names]).toContain(name)
    }
  })

  it('has room for every panel', () => {
    for (const [i, { gridPos: one, title }] of dashboard.panels.entries()) {
      expect(one.x + one.w, title).toBeLessThanOrEqual(24)
      const overlaps = dashboard.panels
        .slice(i + 1)
        .filter(
          ({ gridPos: other }) => overlap(one.x, one.w, other.x, other.w) && overlap(one.y, one.h, other.y, other.h),
        )
      expect(overlaps.map((panel) => `${title} / ${panel.title}`)).toEqual([])
    }
    function overlap(at: number, size: number, otherAt: number, otherSize: number): boolean {
      return at < otherAt + otherSize && otherAt < at + size
    }
  })
})
