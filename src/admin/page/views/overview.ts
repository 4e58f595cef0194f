import type { OperationActivity } from '../../recorder/operations.ts'
import type { Activity } from '../../recorder/recorder.ts'
import type { SlowMiss } from '../../recorder/slow-misses.ts'
import type { KeyActivity } from '../../recorder/top-keys.ts'
import { chart } from '../chart.ts'
import { h, panel, setText } from '../dom.ts'
import { bytes, clock, count, ms, percent, ratio, short, span } from '../format.ts'
import { seen } from '../seen.ts'
import { liveTable } from '../table.ts'
import { entryLink } from './entry-link.ts'
import type { Known, Page, View } from './view.ts'

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
const rate = (value: number) => `${short(value)}/s`

export function overview(page: Page): View {
  const figures = new Figures([
    'Hit ratio',
    'Reads',
    'Hit, p95',
    'Miss, p95',
    'Database time spared',
    'Entries dropped',
    'Errors',
    'Undelivered',
  ])
  const reads = chart({
    label: 'Reads a second, by what the cache did',
    isStacked: true,
    lines: [
      { name: 'bypassed', color: '--bypass' },
      { name: 'missed', color: '--miss' },
      { name: 'stale', color: '--stale' },
      { name: 'hit', color: '--hit' },
    ],
    format: (value) => short(value),
  })
  const latency = chart({
    label: 'How long reads take',
    isLogarithmic: true,
    lines: [
      { name: 'hit, median', color: '--hit' },
      { name: 'hit, p95', color: '--hit', isDashed: true },
      { name: 'miss, median', color: '--miss' },
      { name: 'miss, p95', color: '--miss', isDashed: true },
    ],
    format: ms,
  })
  const operations = liveTable<OperationActivity>(
    'Reads by model and operation',
    [
      { title: 'Model and operation', isHead: true, show: ({ model, operation }) => `${model}.${operation}` },
      { title: 'Hit ratio', isNumber: true, show: (one) => ratio(hitRatio(one)) },
      { title: 'Hits', isNumber: true, show: ({ hit, stale }) => count(hit + stale) },
      { title: 'Misses', isNumber: true, show: ({ miss }) => count(miss) },
      { title: 'Bypassed', isNumber: true, show: ({ bypass }) => count(bypass) },
      { title: 'A hit', isNumber: true, show: ({ hitMs }) => ms(hitMs) },
      { title: 'A miss', isNumber: true, show: ({ missMs }) => ms(missMs) },
      { title: 'Spared', isNumber: true, show: ({ savedMs }) => (savedMs === null ? '–' : span(savedMs)) },
    ],
    ({ model, operation }) => `${model}.${operation}`,
    'No reads of late.',
  )
  const topKeys = liveTable<KeyActivity>(
    'Keys that are hit most',
    [
      { title: 'Key', class: 'key-cell', show: ({ key }) => entryLink(key, page) },
      { title: 'Hits a minute', isNumber: true, show: ({ perMinute }) => short(perMinute) },
      { title: 'Hits', isNumber: true, show: ({ hits }) => count(hits) },
      { title: 'Misses', isNumber: true, show: ({ misses }) => count(misses) },
      { title: 'Size', isNumber: true, show: (one) => bytes(one.bytes) },
    ],
    ({ key }) => key,
    'No hits of late.',
  )
  const slow = liveTable<SlowMiss>(
    'Slowest misses',
    [
      { title: 'Key', class: 'key-cell', show: ({ key }) => entryLink(key, page) },
      { title: 'Took', isNumber: true, show: (one) => ms(one.ms) },
      { title: 'Look-up', isNumber: true, show: ({ lookUpMs }) => ms(lookUpMs) },
      { title: 'Because', show: ({ cause }) => cause },
      { title: 'At', isNumber: true, show: ({ at }) => clock(at) },
    ],
    ({ key }) => key,
    'No misses of late.',
  )

  return {
    title: 'Overview',
    elements: [
      figures.element,
      panel('Reads', 'half', 'a second', reads.element),
      panel('Latency', 'half', 'of reads the cache answered, and of those it did not', latency.element),
      panel('By model and operation', '', '', operations.element),
      panel('Hottest keys', 'half', 'of late', topKeys.element),
      panel('Slowest misses', 'half', 'the slowest of each key', slow.element),
    ],
    update({ activity, stats }) {
      const { operations: active } = activity
      const series = seen(activity.series)
      const { stepSeconds } = series
      const aSecond = (values: readonly number[]) => values.map((value) => value / stepSeconds)
      reads.update(series.at, [series.bypass, series.miss, series.stale, series.hit].map(aSecond))
      latency.update(series.at, [series.hitP50, series.hitP95, series.missP50, series.missP95])
      operations.update(active.filter((one) => one.hit + one.stale + one.miss + one.bypass > 0))
      topKeys.update(activity.topKeys.slice(0, 20))
      slow.update(activity.slowMisses)
      showFigures(figures, activity, stats)
    },
  }
}

function showFigures(
  figures: Figures,
  { series, operations, windowSeconds }: Activity,
  { stats }: Known['stats'],
): void {
  const [hit, stale, miss, bypass] = [series.hit, series.stale, series.miss, series.bypass].map(sum) as [
    number,
    number,
    number,
    number,
  ]
  const asked = hit + stale + miss
  const covered =
    series.stepSeconds *
    Math.max(
      1,
      series.hit.filter(
        (_, i) => (series.hit[i] as number) + (series.miss[i] as number) + (series.bypass[i] as number) > 0,
      ).length,
    )
  const spared = sum(operations.map(({ savedMs }) => savedMs ?? 0))
  const lastOf = (values: readonly (number | null)[]) => values.findLast((value) => value !== null) ?? null
  const [drops, invalidations, errors] = [series.drop, series.invalidate, series.error].map(sum) as [
    number,
    number,
    number,
  ]
  const { undelivered, suspensions } = stats.store
  const waiting = Number(undelivered)
  figures.show(0, percent(asked === 0 ? null : (hit + stale) / asked), `${percent(stats.hitRatio)} since it began`)
  figures.show(1, rate((asked + bypass) / covered), `${count(asked + bypass)} in ${span(windowSeconds * 1000)}`)
  figures.show(2, ms(lastOf(series.hitP95)), `median ${ms(lastOf(series.hitP50))}`)
  figures.show(3, ms(lastOf(series.missP95)), `median ${ms(lastOf(series.missP50))}`)
  figures.show(4, spared === 0 ? '–' : span(spared), 'by hits, against misses')
  figures.show(5, count(drops), `by ${count(invalidations)} invalidations`)
  figures.show(6, count(errors), 'see Store', errors > 0 ? 'bad' : undefined)
  figures.show(
    7,
    Number.isFinite(waiting) ? count(waiting) : 'all',
    `store left alone ${count(suspensions)} times`,
    waiting > 0 ? 'bad' : undefined,
  )
}

/** Numbers that are seen from afar. */
class Figures {
  readonly element: HTMLElement
  readonly #values: { readonly figure: HTMLElement; readonly value: HTMLElement; readonly remark: HTMLElement }[] = []

  constructor(names: readonly string[]) {
    this.element = h(
      'dl',
      { class: 'figures' },
      ...names.map((name) => {
        const value = h('span', {}, '–')
        const remark = h('small')
        const figure = h('dd', {}, value, remark)
        this.#values.push({ figure, value, remark })
        return h('div', {}, h('dt', {}, name), figure)
      }),
    )
  }

  show(place: number, text: string, said: string, mood?: 'bad'): void {
    const at = this.#values[place]
    if (!at) return
    setText(at.value, text)
    setText(at.remark, said)
    at.figure.className = mood ?? ''
  }
}

function hitRatio({ hit, stale, miss }: OperationActivity): number | null {
  const asked = hit + stale + miss
  return asked === 0 ? null : (hit + stale) / asked
}
