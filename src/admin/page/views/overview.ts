import type { FormAdvice } from '../../../control/advice.ts'
import type { OperationActivity, OperationSeries } from '../../recorder/operations.ts'
import type { Activity } from '../../recorder/recorder.ts'
import type { SlowMiss } from '../../recorder/slow-misses.ts'
import type { KeyActivity } from '../../recorder/top-keys.ts'
import { ratio } from '../bars.ts'
import { chart } from '../chart.ts'
import { fill, h, panel, setText } from '../dom.ts'
import { bytes, clock, count, many, moment, ms, percent, short, span } from '../format.ts'
import { aSecond, hitRatios, seen } from '../seen.ts'
import { liveTable } from '../table.ts'
import { entryLink } from './entry-link.ts'
import type { Known, Page, View } from './view.ts'

const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)
const rate = (value: number) => `${short(value)}/s`

const READS = [
  { name: 'bypassed', color: '--bypass' },
  { name: 'missed', color: '--miss' },
  { name: 'stale', color: '--stale' },
  { name: 'hit', color: '--hit' },
] as const

/** @param opened the operation that is to be shown over time: `User.findMany` */
export function overview(page: Page, opened: () => string | null): View {
  const figures = new Figures([
    'Hit ratio',
    'Reads',
    'Hit, p95',
    'Miss, p95',
    'Database time saved',
    'Entries invalidated',
    'Errors',
    'Undelivered',
  ])
  const reads = chart({
    label: 'Reads per second, by result',
    isStacked: true,
    lines: READS,
    format: (value) => short(value),
  })
  const hitRatio = chart({
    label: 'Hit ratio',
    scale: 'share',
    lines: [{ name: 'of reads that asked the cache', color: '--hit' }],
    format: (value) => percent(value),
  })
  const latency = chart({
    label: 'Latency of reads',
    scale: 'log',
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
      { title: 'Model and operation', isHead: true, show: (one) => operationLink(nameOf(one)) },
      { title: 'Hit ratio', isNumber: true, show: (one) => ratio(hitRatioOf(one)) },
      { title: 'Hits', isNumber: true, show: ({ hit, stale }) => count(hit + stale) },
      { title: 'Misses', isNumber: true, show: ({ miss }) => count(miss) },
      { title: 'Bypassed', isNumber: true, show: ({ bypass }) => count(bypass) },
      { title: 'A hit', isNumber: true, show: ({ hitMs }) => ms(hitMs) },
      { title: 'A miss', isNumber: true, show: ({ missMs }) => ms(missMs) },
      { title: 'Spared', isNumber: true, show: ({ savedMs }) => (savedMs === null ? '–' : span(savedMs)) },
    ],
    nameOf,
    'No recent reads.',
  )
  const one = new OneOperation()
  const alerts = h('section', { class: 'alerts', role: 'alert', 'aria-label': 'Alerts', hidden: true })
  const topKeys = liveTable<KeyActivity>(
    'Hottest keys',
    [
      { title: 'Key', class: 'key-cell', show: ({ key }) => entryLink(key, page) },
      { title: 'Hits per minute', isNumber: true, show: ({ perMinute }) => short(perMinute) },
      { title: 'Hits', isNumber: true, show: ({ hits }) => count(hits) },
      { title: 'Misses', isNumber: true, show: ({ misses }) => count(misses) },
      { title: 'Size', isNumber: true, show: (one) => bytes(one.bytes) },
    ],
    ({ key }) => key,
    'No recent hits.',
  )
  const slow = liveTable<SlowMiss>(
    'Slowest misses',
    [
      { title: 'Key', class: 'key-cell', show: ({ key }) => entryLink(key, page) },
      { title: 'Took', isNumber: true, show: (one) => ms(one.ms) },
      { title: 'Look-up', isNumber: true, show: ({ lookUpMs }) => ms(lookUpMs) },
      { title: 'Because', show: ({ cause }) => cause },
      { title: 'At', isNumber: true, show: ({ at }) => moment(at) },
    ],
    ({ key }) => key,
    'No recent misses.',
  )

  const forms = liveTable<FormAdvice>(
    'Forms of cached reads, and whether caching them pays',
    [
      { title: 'Form', isHead: true, class: 'wide', show: formName },
      { title: 'Caching it', show: ({ verdict, hints }) => h('span', { title: hints.join('\n') }, WORDS[verdict]) },
      { title: 'Hits', isNumber: true, show: ({ hits }) => count(hits) },
      { title: 'Misses', isNumber: true, show: ({ misses }) => count(misses) },
      { title: 'Invalidated', isNumber: true, show: ({ invalidated }) => count(invalidated) },
      { title: 'Saved', isNumber: true, show: ({ savedMs }) => span(savedMs) },
      { title: 'Spent', isNumber: true, show: ({ spentMs }) => span(spentMs) },
      { title: 'Its query', isNumber: true, show: ({ queryMs }) => ms(queryMs) },
      { title: 'Refused', isNumber: true, show: ({ refusedShare }) => percent(refusedShare) },
    ],
    formName,
    'No cached reads yet.',
  )

  return {
    title: 'Overview',
    elements: [
      alerts,
      figures.element,
      panel('Reads', 'third', 'a second', reads.element),
      panel('Hit ratio', 'third', '', hitRatio.element),
      panel('Latency', 'third', 'of reads', latency.element),
      panel('By model and operation', '', 'times are typical ones: geometric means', operations.element),
      ...one.elements,
      panel('Does caching pay?', '', 'since this process began; times are estimates', forms.element),
      panel('Hottest keys', 'half', 'of late', topKeys.element),
      panel('Slowest misses', 'half', 'the slowest of each key', slow.element),
    ],
    update({ activity, stats, advice }) {
      const { operations: active } = activity
      const series = seen(activity.series)
      reads.update(series.at, [series.bypass, series.miss, series.stale, series.hit].map(aSecond(series, activity.now)))
      hitRatio.update(series.at, [hitRatios(series)])
      latency.update(series.at, [series.hitP50, series.hitP95, series.missP50, series.missP95])
      operations.update(active.filter((one) => one.hit + one.stale + one.miss + one.bypass > 0))
      forms.update(weightiest(advice.forms))
      topKeys.update(activity.topKeys.slice(0, 20))
      slow.update(activity.slowMisses)
      one.update(opened(), activity)
      showAlerts(alerts, stats)
      showFigures(figures, activity, stats)
    },
    open: () => one.open(opened()),
  }
}

function nameOf({ model, operation }: { readonly model: string; readonly operation: string }): string {
  return `${model}.${operation}`
}

function formName(one: FormAdvice): string {
  return one.form === '' ? nameOf(one) : `${nameOf(one)} ${one.form}`
}

const WORDS: Readonly<Record<FormAdvice['verdict'], string>> = {
  pays: 'pays',
  'written-too-often': 'no: written too often',
  'never-repeated': 'no: never repeated',
  'cheap-query': 'no: cheap query',
  'too-few-reads': 'too few reads yet',
}

/** Those of which caching saves or wastes most. */
function weightiest(forms: readonly FormAdvice[]): FormAdvice[] {
  const weight = ({ savedMs, spentMs }: FormAdvice) => Math.abs(savedMs - spentMs)
  return forms.toSorted((one, other) => weight(other) - weight(one)).slice(0, 20)
}

function operationLink(name: string): Node {
  return h('a', { href: `#/overview/${encodeURIComponent(name)}`, title: 'over time' }, name)
}

function titled(title: string, element: HTMLElement): HTMLElement {
  return h('div', {}, h('h3', {}, title), element)
}

/** Reads of one operation over time; shown when it was chosen. */
class OneOperation {
  readonly elements: readonly HTMLElement[]
  readonly #title = h('h2', { id: 'one-operation', tabindex: -1 })
  readonly #panel: HTMLElement
  readonly #reads = chart({
    label: 'Reads per second of this operation, by result',
    isStacked: true,
    lines: READS,
    format: (value) => short(value),
  })
  readonly #ratio = chart({
    label: 'Hit ratio of this operation',
    scale: 'share',
    lines: [{ name: 'of its reads that asked the cache', color: '--hit' }],
    format: (value) => percent(value),
  })
  readonly #latency = chart({
    label: 'Latency of this operation',
    scale: 'log',
    lines: [
      { name: 'hit, typically', color: '--hit' },
      { name: 'miss, typically', color: '--miss' },
    ],
    format: ms,
  })
  #shown: string | null = null

  constructor() {
    this.#panel = h(
      'section',
      { class: 'panel', 'aria-labelledby': 'one-operation', hidden: true },
      h('header', {}, this.#title, h('a', { href: '#/overview', class: 'close' }, 'Close')),
      h(
        'div',
        { class: 'charts' },
        titled('Reads per second', this.#reads.element),
        titled('Hit ratio', this.#ratio.element),
        titled('Latency', this.#latency.element),
      ),
    )
    this.elements = [this.#panel]
  }

  /** `null`: none any more. */
  open(name: string | null): void {
    this.#panel.hidden = name === null
    if (name === this.#shown) return
    this.#shown = name
    if (name === null) return
    setText(this.#title, name)
    this.#show(null)
    // What was chosen may lie below what can be seen.
    this.#title.focus()
  }

  update(name: string | null, { of, now }: Activity): void {
    // What was asked for before another was chosen.
    if (name === null || (of !== null && nameOf(of) !== name)) return
    setText(this.#title, of === null ? `${name}: no recent reads` : `${name} over time`)
    this.#show(of && seen(of), now)
  }

  #show(of: OperationSeries | null, now = 0): void {
    const at = of?.at ?? []
    const rates = of ? [of.bypass, of.miss, of.stale, of.hit].map(aSecond(of, now)) : [[], [], [], []]
    this.#reads.update(at, rates)
    this.#ratio.update(at, [of ? hitRatios(of) : []])
    this.#latency.update(at, [of?.hitMs ?? [], of?.missMs ?? []])
  }
}

/** What cannot wait: thresholds that are crossed, and hits that the database did not confirm. */
function showAlerts(element: HTMLElement, { stats }: Known['stats']): void {
  const { alerts, verified } = stats
  const texts = [
    ...(verified.stale > 0
      ? [`${many(verified.stale, 'verified hit was', 'verified hits were')} stale, and nothing had invalidated them.`]
      : []),
    ...alerts.map(
      ({ alert, value, threshold, server }) =>
        `${alert}: ${short(Number(value))}, threshold ${short(threshold)}${server ? `, ${server}` : ''}`,
    ),
  ]
  element.hidden = texts.length === 0
  const text = texts.join('\n')
  if (element.dataset['text'] === text) return
  element.dataset['text'] = text
  fill(element, ...texts.map((one) => h('div', {}, one)))
}

function showFigures(
  figures: Figures,
  { series, operations, windowSeconds, now, since }: Activity,
  { stats }: Known['stats'],
): void {
  const [hit, stale, miss, bypass] = [series.hit, series.stale, series.miss, series.bypass].map(sum) as [
    number,
    number,
    number,
    number,
  ]
  const asked = hit + stale + miss
  const seconds = Math.max(1, Math.min(windowSeconds, (now - since) / 1000))
  const spared = sum(operations.map(({ savedMs }) => savedMs ?? 0))
  const drawn = seen(series)
  const last = (p95: readonly (number | null)[], p50: readonly (number | null)[]) => {
    const place = p95.findLastIndex((value) => value !== null)
    const isLate = place >= 0 && place < p95.length - 1
    const when = isLate ? `, ${clock(1000 * (drawn.at[place] as number))}` : ''
    return [ms(p95[place]), `median ${ms(p50[place])}${when}`] as const
  }
  const [drops, invalidations, errors] = [series.drop, series.invalidate, series.error].map(sum) as [
    number,
    number,
    number,
  ]
  const { undelivered, suspensions } = stats.store
  const waiting = Number(undelivered)
  figures.show(0, percent(asked === 0 ? null : (hit + stale) / asked), `${percent(stats.hitRatio)} since it started`)
  figures.show(1, rate((asked + bypass) / seconds), `${count(asked + bypass)} in ${span(1000 * Math.round(seconds))}`)
  figures.show(2, ...last(drawn.hitP95, drawn.hitP50))
  figures.show(3, ...last(drawn.missP95, drawn.missP50))
  figures.show(4, spared === 0 ? '–' : span(spared), 'an estimate')
  figures.show(5, count(drops), `by ${many(invalidations, 'invalidation')}`)
  figures.show(6, count(errors), 'see Store', errors > 0 ? 'bad' : undefined)
  figures.show(
    7,
    Number.isFinite(waiting) ? count(waiting) : 'all',
    `circuit breaker opened ${many(suspensions, 'time')}`,
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

function hitRatioOf({ hit, stale, miss }: OperationActivity): number | null {
  const asked = hit + stale + miss
  return asked === 0 ? null : (hit + stale) / asked
}
