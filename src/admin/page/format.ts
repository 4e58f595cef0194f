import { h } from './dom.ts'

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toLocaleString('en')
}

/** To three figures. */
export function short(value: number): string {
  if (value >= 1e6) return `${three(value / 1e6)} M`
  if (value >= 1e4) return `${three(value / 1e3)} k`
  return value >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : three(value)
}

function three(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(value < 1 ? 2 : 1)
}

export function ms(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1) return `${value.toFixed(2)} ms`
  if (value < 1000) return `${three(value)} ms`
  return span(value)
}

export function span(value: number): string {
  const seconds = value / 1000
  if (seconds < 100) return `${three(seconds)} s`
  if (seconds < 6000) return `${three(seconds / 60)} min`
  return seconds < 172_800 ? `${three(seconds / 3600)} h` : `${three(seconds / 86_400)} d`
}

export function percent(share: number | null | undefined): string {
  return share === null || share === undefined ? '–' : `${(100 * share).toFixed(1)} %`
}

export function bytes(value: number | null | undefined): string {
  if (value === null || value === undefined) return '–'
  if (value < 1024) return `${value} B`
  const power = Math.min(4, Math.floor(Math.log2(value) / 10))
  return `${three(value / 1024 ** power)} ${['', 'KiB', 'MiB', 'GiB', 'TiB'][power]}`
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB')
}

/** A key without what all of them begin with. */
export function shortKey(key: string): string {
  const at = key.search(/(query|data):/)
  return at < 0 ? key : key.slice(at).replace(/^query:/, '')
}

/** A share as a number and a bar. */
export function ratio(share: number | null): Node {
  const bar = h('i', { 'aria-hidden': 'true' })
  bar.style.setProperty('--share', `${100 * (share ?? 0)}%`)
  return h('span', { class: 'ratio' }, bar, h('b', {}, percent(share)))
}

export function meter(share: number, isBad: boolean): HTMLElement {
  const bar = h('div', { class: isBad ? 'meter bad' : 'meter', 'aria-hidden': 'true' })
  bar.style.setProperty('--share', `${Math.min(100, 100 * share)}%`)
  return bar
}
