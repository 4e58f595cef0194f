import { fill, h } from './dom.ts'

export interface Column<Row> {
  readonly title: string
  readonly isNumber?: boolean
  readonly class?: string
  /** A row's own heading. */
  readonly isHead?: boolean
  readonly show: (row: Row) => Node | string
}

export interface LiveTable<Row> {
  readonly element: HTMLElement
  update(rows: readonly Row[]): void
}

/**
 * A table whose rows come again and again. Rows are known by their name, and their cells are written anew only where they
 * differ: what is focused, selected or scrolled to stays.
 */
export function liveTable<Row>(
  caption: string,
  columns: readonly Column<Row>[],
  nameOf: (row: Row) => string,
  nothing: string,
): LiveTable<Row> {
  const body = h('tbody')
  const head = h(
    'tr',
    {},
    ...columns.map(({ title, isNumber }) => h('th', { scope: 'col', class: isNumber ? 'num' : null }, title)),
  )
  const empty = h('tr', {}, h('td', { class: 'nothing', colspan: columns.length }, nothing))
  const table = h('table', {}, h('caption', { class: 'hidden' }, caption), h('thead', {}, head), body)
  let known = new Map<string, { readonly element: HTMLElement; texts: string[] }>()
  fill(body, empty)

  return {
    // To be scrolled by the keyboard it must be able to have the focus.
    element: h('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': caption }, table),
    update(rows) {
      const next: typeof known = new Map()
      for (const row of rows) {
        const name = nameOf(row)
        if (next.has(name)) continue
        const entry = known.get(name) ?? { element: h('tr'), texts: [] }
        const shown = columns.map(({ show }) => show(row))
        const texts = shown.map((cell) => (typeof cell === 'string' ? cell : `${cell.textContent} ${titleOf(cell)}`))
        for (const [i, column] of columns.entries()) {
          if (entry.texts[i] === texts[i] && entry.element.children[i]) continue
          const kind = column.isHead ? 'th' : 'td'
          const classes = [column.isNumber && 'num', column.class].filter(Boolean).join(' ')
          const cell = h(
            kind,
            { class: classes || null, scope: column.isHead ? 'row' : null },
            shown[i] as Node | string,
          )
          const before = entry.element.children[i]
          if (before) before.replaceWith(cell)
          else entry.element.append(cell)
        }
        entry.texts = texts
        next.set(name, entry)
      }
      known = next
      const wanted = next.size === 0 ? [empty] : [...next.values()].map(({ element }) => element)
      for (const [i, element] of wanted.entries())
        if (body.children[i] !== element) body.insertBefore(element, body.children[i] ?? null)
      while (body.children.length > wanted.length) body.lastElementChild?.remove()
    },
  }
}

function titleOf(node: Node): string {
  return node instanceof HTMLElement ? node.title : ''
}
