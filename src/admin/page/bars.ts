import { h } from './dom.ts'
import { percent } from './format.ts'

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
