type Child = Node | string | number | null | undefined | false
type Props = {
  readonly [name: string]: string | number | boolean | null | undefined | ((event: Event) => void)
}

/** An element. Text is text: nothing that is shown here is ever read as markup. */
export function h<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name)
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(key, value)
    else element.setAttribute(key, value === true ? '' : String(value))
  }
  element.append(...present(children))
  return element
}

export function byId<Kind extends HTMLElement>(id: string): Kind {
  const element = document.getElementById(id)
  if (!element) throw new Error(`there is no #${id}`)
  return element as Kind
}

export function fill(element: Element, ...children: readonly Child[]): void {
  element.replaceChildren(...present(children))
}

function present(children: readonly Child[]): (Node | string)[] {
  return children.flatMap((child) => {
    if (child === null || child === undefined || child === false) return []
    return [typeof child === 'number' ? String(child) : child]
  })
}

/** Written only when it is another: what somebody has selected, or a reader is reading, stays. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** A panel with a title, and a remark beside it. */
export function panel(title: string, size: string, remark: string, ...children: readonly Child[]): HTMLElement {
  const id = `panel-${title.toLowerCase().replace(/\W+/g, '-')}`
  return h(
    'section',
    { class: `panel ${size}`, 'aria-labelledby': id },
    h('header', {}, h('h2', { id }, title), remark && h('span', { class: 'dim' }, remark)),
    ...children,
  )
}
