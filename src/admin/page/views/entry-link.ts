import { h } from '../dom.ts'
import { shortKey } from '../format.ts'
import type { Page } from './view.ts'

/** A key that opens its entry. */
export function entryLink(key: string, page: Page): HTMLElement {
  return h(
    'button',
    { type: 'button', class: 'link mono', title: key, click: () => page.openEntry(key) },
    shortKey(key),
  )
}
