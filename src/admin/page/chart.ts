import uPlot from 'uplot'
import { fill, h, setText } from './dom.ts'
import { clock, trimmed } from './format.ts'

export interface Line {
  readonly name: string
  /** A custom property of the style sheet: `--hit`. */
  readonly color: string
  readonly isDashed?: boolean
}

export interface Chart {
  readonly element: HTMLElement
  /** `at` in epoch seconds; a list of values for each line. */
  update(at: readonly number[], values: readonly (readonly (number | null)[])[]): void
}

export interface ChartOptions {
  readonly label: string
  readonly lines: readonly Line[]
  readonly isStacked?: boolean
  /** `log`: each tenfold is as high as the next, for times. `share`: from 0 to 1. `binary`: bytes. */
  readonly scale?: 'log' | 'share' | 'binary'
  readonly format: (value: number) => string
}

const ROWS = 12
const HEIGHT = 190
const SHORT_SECONDS = 240
/** Of less there is nothing to be told apart, and one moment would be marked again and again. */
const LEAST_SECONDS = 60
const BINARY = Array.from({ length: 50 }, (_, i) => 2 ** i)

/**
 * Values over time, drawn by uPlot; what is under the pointer, or else the last value, stands in the key. The same as a
 * table, for those to whom a drawing says nothing.
 */
export function chart({ label, lines, isStacked, scale, format }: ChartOptions): Chart {
  const place = h('div', { class: 'plot', 'aria-hidden': 'true' })
  const figures = lines.map(() => h('b', {}, '–'))
  const items = lines.map(({ name, color, isDashed }, i) => {
    const item = h('li', { class: isDashed ? 'dashed' : null }, `${name} `, figures[i])
    item.style.setProperty('--swatch', `var(${color})`)
    return item
  })
  const moment = h('li', { class: 'moment' })
  const key = h('ul', { class: 'key' }, ...items, moment)
  const table = h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': `${label}, as a table` })
  const details = h('details', {}, h('summary', {}, 'as a table'), table)
  details.addEventListener('toggle', () => showTable())
  const isLogarithmic = scale === 'log'
  let at: readonly number[] = []
  let raw: readonly (readonly (number | null)[])[] = lines.map(() => [])
  let plot: uPlot | undefined

  function show(index: number | undefined): void {
    const shown = index ?? at.length - 1
    for (const [i, figure] of figures.entries()) {
      const value = raw[i]?.[shown]
      setText(figure, value === null || value === undefined ? '–' : format(value))
    }
    const then = at[shown]
    setText(moment, then === undefined ? '' : `at ${clock(then * 1000)}`)
  }

  function showTable(): void {
    if (!details.open) return
    const step = Math.max(1, Math.ceil(at.length / ROWS))
    const rows = at.map((_, i) => i).filter((i) => (at.length - 1 - i) % step === 0)
    const cell = (value: number | null | undefined) =>
      h('td', { class: 'num' }, value === null || value === undefined ? '–' : format(value))
    fill(
      table,
      h(
        'table',
        {},
        h('caption', { class: 'hidden' }, label),
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            ...['at', ...lines.map(({ name }) => name)].map((title, i) =>
              h('th', { scope: 'col', class: i > 0 ? 'num' : null }, title),
            ),
          ),
        ),
        h(
          'tbody',
          {},
          ...rows
            .reverse()
            .map((i) =>
              h(
                'tr',
                {},
                h('th', { scope: 'row' }, clock((at[i] as number) * 1000)),
                ...raw.map((values) => cell(values[i])),
              ),
            ),
        ),
      ),
    )
  }

  function draw(): void {
    plot?.destroy()
    plot = undefined
    const width = place.clientWidth
    if (width === 0) return
    plot = new uPlot(options(width), data(), place)
  }

  /** Within some minutes their names alone do not tell moments apart. */
  const isShort = () => (at.at(-1) ?? 0) - (at[0] ?? 0) < SHORT_SECONDS

  /** Of a single moment uPlot makes a day: it is given an empty one before it. */
  const padding = () => Math.max(0, 2 - at.length)

  function data(): uPlot.AlignedData {
    const drawn = isStacked ? stacked(raw) : raw
    const [end = Date.now() / 1000] = at
    const before = Array.from({ length: padding() }, (_, i) => end - (2 - at.length - i) * LEAST_SECONDS)
    return [[...before, ...at], ...drawn.map((values) => [...before.map(() => null), ...values])] as uPlot.AlignedData
  }

  function pointedAt(index: number | null | undefined): number | undefined {
    return index === null || index === undefined ? undefined : Math.max(0, index - padding())
  }

  function options(width: number): uPlot.Options {
    const [ink, grid] = [colorOf('--dim'), colorOf('--line')]
    const marked: uPlot.Axis.Filter = (_, marks) =>
      isLogarithmic ? marks.map((mark) => (isTenfold(mark) ? mark : null)) : marks
    const axis: uPlot.Axis = {
      stroke: ink,
      grid: { stroke: grid, width: 1 },
      ticks: { show: false },
      font: '11px system-ui, sans-serif',
    }
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
      hooks: { setCursor: [({ cursor }) => show(pointedAt(cursor.idx))] },
      scales: {
        x: { time: true, range: (_, from, to) => [Math.min(from, to - LEAST_SECONDS), to] },
        y: isLogarithmic
          ? { distr: 3, range: (_, low, high) => tenfolds(low, high) }
          : { range: (_, __, high) => [0, scale === 'share' ? 1 : Math.max(high * 1.08, 1)] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          space: 70,
          values: (_, marks) => marks.map((mark) => clock(mark * 1000).slice(0, isShort() ? 8 : 5)),
        },
        {
          ...axis,
          size: 58,
          ...(scale === 'binary' && { incrs: BINARY }),
          values: (_, marks) => marks.map((mark) => (mark === null || mark === undefined ? '' : trimmed(format(mark)))),
          filter: marked,
          grid: { stroke: grid, width: 1, filter: marked },
        },
      ],
      // Each is filled down to the one behind it, the last to the ground.
      bands: isStacked
        ? lines
            .slice(1)
            .map((_, i): uPlot.Band => ({ series: [i + 1, i + 2], fill: faded(colorOf((lines[i] as Line).color)) }))
        : [],
      series: [
        {},
        ...lines.map(({ color, isDashed }, i): uPlot.Series => {
          const stroke = colorOf(color)
          return {
            stroke,
            width: 1.5,
            // A line has two ends; a value between two gaps would not be seen.
            points: { show: true, size: 5, filter: (plotted, series) => lone(plotted.data[series] ?? []) },
            spanGaps: false,
            ...(isDashed && { dash: [4, 3] }),
            ...(isStacked && i === lines.length - 1 && { fill: faded(stroke) }),
          }
        }),
      ],
    }
  }

  new ResizeObserver(() => {
    if (place.clientWidth > 0 && plot?.width !== place.clientWidth) draw()
  }).observe(place)
  addEventListener('themechange', draw)

  return {
    element: h('figure', { role: 'group', 'aria-label': label }, place, key, details),
    update(nextAt, values) {
      at = nextAt
      raw = values
      if (plot) plot.setData(data())
      else draw()
      if (plot?.cursor.idx === null || plot?.cursor.idx === undefined) show(undefined)
      // Of what is not there, a near tier say, nothing needs to be said, unless nothing is there at all.
      const isEmpty = raw.map((line) => line.every((value) => value === null))
      for (const [i, item] of items.entries()) item.hidden = isEmpty[i] === true && isEmpty.includes(false)
      showTable()
    },
  }
}

/** Where values stand between two gaps. */
function lone(values: ArrayLike<number | null | undefined>): number[] {
  const isThere = (i: number) => values[i] !== null && values[i] !== undefined
  return Array.from({ length: values.length }, (_, i) => i).filter(
    (i) => isThere(i) && !isThere(i - 1) && !isThere(i + 1),
  )
}

/** Each line on top of those behind it. */
function stacked(values: readonly (readonly (number | null)[])[]): number[][] {
  const length = values[0]?.length ?? 0
  const sums = new Array<number>(length).fill(0)
  const layers: number[][] = []
  for (const line of [...values].reverse()) {
    for (let i = 0; i < length; i += 1) sums[i] = (sums[i] as number) + (line[i] ?? 0)
    layers.unshift([...sums])
  }
  return layers
}

function tenfolds(low: number, high: number): [number, number] {
  const [from, to] = [Number.isFinite(low) && low > 0 ? low : 0.1, Number.isFinite(high) && high > 0 ? high : 10]
  return [10 ** Math.floor(Math.log10(from)), 10 ** Math.ceil(Math.log10(to * 1.01))]
}

/** Of the marks between them there is no room for words. */
function isTenfold(mark: number): boolean {
  return Math.abs(Math.log10(mark) - Math.round(Math.log10(mark))) < 1e-9
}

const probe = h('span', { hidden: true })

/** A colour of the style sheet as the theme in force has it. */
function colorOf(name: string): string {
  if (!probe.isConnected) document.body.append(probe)
  probe.style.color = `var(${name})`
  return getComputedStyle(probe).color
}

function faded(color: string): string {
  const [red, green, blue] = color.match(/[\d.]+/g) ?? []
  return `rgba(${red}, ${green}, ${blue}, 0.28)`
}
