import { ApiError, api, type Entry } from '../api.ts'
import { fill, h, panel } from '../dom.ts'
import { bytes, many, moment, ms, shortKey, span } from '../format.ts'
import { liveTable } from '../table.ts'
import { invalidateForm } from './invalidate-form.ts'
import type { Known, Page, View } from './view.ts'

const PAGE = 100
/** Where few of many keys are wanted a store looks through all of them, and nobody waits for that unasked. */
const SEARCH_MS = 3000

/** Search for keys, look into entries, drop them. */
export function entries(page: Page, opened: () => string | null): View {
  const found = new Set<string>()
  let cursor: string | null = null
  let pattern = ''
  let isReadOnly = false

  const list = liveTable<string>(
    'Keys found',
    [
      {
        title: 'Key',
        class: 'key-cell',
        show: (key) =>
          h(
            'button',
            { type: 'button', class: 'link mono', title: key, click: () => page.openEntry(key) },
            shortKey(key),
          ),
      },
    ],
    (key) => key,
    'No keys. A pattern is a glob: User:findMany:*',
  )
  const more = h('button', { type: 'button', hidden: true, click: () => page.attempt(() => search(false)) }, 'More')
  const summary = h('p', { class: 'dim', role: 'status' })
  const input = h('input', {
    id: 'pattern',
    name: 'pattern',
    placeholder: 'User:findMany:*',
    spellcheck: 'false',
    autocomplete: 'off',
  })
  const form = h(
    'form',
    {
      class: 'row',
      role: 'search',
      submit(event) {
        event.preventDefault()
        page.attempt(() => search(true))
      },
    },
    h('label', { for: 'pattern' }, 'Keys like', input),
    h('button', { type: 'submit', class: 'primary' }, 'Search'),
  )
  const detail = h('div', { id: 'entry' }, h('p', { class: 'dim' }, 'Choose a key to look at its entry.'))
  const entryPanel = panel('Entry', 'half', '', detail)
  const title = entryPanel.querySelector('h2')
  title?.setAttribute('tabindex', '-1')
  const forms = invalidateForm(page, () => search(true))

  let searches = 0

  async function search(isNew: boolean): Promise<void> {
    const search = ++searches
    if (isNew) {
      found.clear()
      cursor = null
      pattern = input.value.trim()
    }
    const wanted = found.size + PAGE
    const until = Date.now() + SEARCH_MS
    more.disabled = true
    summary.textContent = 'Searching …'
    try {
      do {
        const answer = await api.keys({ limit: String(PAGE), ...(pattern && { pattern }), ...(cursor && { cursor }) })
        // Another was begun meanwhile, and has the list.
        if (search !== searches) return
        for (const key of answer.keys) found.add(key)
        cursor = answer.cursor
      } while (cursor !== null && found.size < wanted && Date.now() < until)
      list.update([...found])
      const rest = cursor === null ? '' : found.size < wanted ? ' so far: more to look through' : ', and there are more'
      summary.textContent = `${many(found.size, 'key')}${rest}`
    } catch (error) {
      summary.textContent = ''
      throw error
    } finally {
      more.disabled = false
      more.hidden = cursor === null
    }
  }

  /** The focus goes to what is shown: it may lie below what can be seen, and what had the focus may be gone. */
  async function show(key: string, isMoved = true): Promise<void> {
    const shown = await api.entry(key).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return null
      throw error
    })
    // Another was chosen meanwhile.
    if (opened() !== key) return
    const nothing = 'There is no entry under this key now: it expired, was removed, or was never stored.'
    if (shown) fill(detail, ...described(shown, isReadOnly, drop))
    else fill(detail, h('p', { class: 'mono long' }, shortKey(key)), h('p', { class: 'dim' }, nothing))
    if (isMoved) title?.focus()
  }

  async function drop(key: string): Promise<void> {
    await page.attempt(async () => {
      const { keys } = await api.invalidate({ keys: [key] })
      page.tell(keys > 0 ? 'The entry was removed.' : 'The entry no longer exists.')
      await show(key)
    })
  }

  let isAsked = false
  let hasSearched = false
  return {
    title: 'Entries',
    elements: [
      panel('Keys', 'half', 'of results and values in the store', form, summary, list.element, more),
      entryPanel,
      ...forms.elements,
    ],
    update(known: Known) {
      isReadOnly = known.stats.readOnly
      forms.update(known)
      if (!hasSearched) {
        hasSearched = true
        void page.attempt(() => search(true))
      }
      const key = opened()
      if (isAsked && key !== null) void page.attempt(() => show(key))
      isAsked = false
    },
    open() {
      isAsked = true
    },
  }
}

const HIDDEN: Readonly<Record<string, string>> = {
  encrypted: 'hidden: it is encrypted',
  'sensitive-model': 'hidden: it depends on a model that is sensitive',
  'unknown-models': 'hidden: it may hold rows of a model that is sensitive',
  unreadable: 'it cannot be read',
}

/** An entry that was invalidated stays where it is until it expires, and looks as it did. */
function lifeText({ freshForMs, isInvalidated }: Entry): string {
  if (isInvalidated) return 'no longer: it was invalidated'
  if (freshForMs <= 0) return 'no longer'
  return isInvalidated === false ? span(freshForMs) : `${span(freshForMs)}, unless it was invalidated`
}

function described(entry: Entry, isReadOnly: boolean, drop: (key: string) => Promise<void>): Node[] {
  const {
    key,
    model,
    operation,
    readAt,
    tookMs,
    keptForMs,
    tags,
    dependsOn,
    bytes: size,
    value,
    lastInvalidation,
  } = entry
  const fact = (name: string, ...said: (Node | string)[]) => [h('dt', {}, name), h('dd', {}, ...said)]
  const by = lastInvalidation?.by
  const nodes: Node[] = [
    h(
      'dl',
      { class: 'facts' },
      ...fact('Key', h('span', { class: 'mono' }, key)),
      ...fact('Of', `${model}.${operation}`),
      ...fact('Read', `${moment(Date.parse(readAt))}, in ${ms(tookMs)}`),
      ...fact('Fresh for', lifeText(entry)),
      ...fact('Kept for', span(keptForMs)),
      ...fact('Size', bytes(size)),
      ...fact(
        'Depends on',
        ...(dependsOn
          ? dependsOn.map((tag) => h('code', { class: 'tag', title: tag }, tag))
          : [`${many(tags, 'tag')}; a process that has read it knows which`]),
      ),
      ...(lastInvalidation
        ? fact(
            'Last invalidated',
            `${moment(Date.parse(lastInvalidation.at))}, by `,
            h(
              'span',
              { class: 'word-drop' },
              by
                ? [by.cause, by.model && `${by.model}.${by.operation}`].filter(Boolean).join(' ')
                : 'no write of this process',
            ),
          )
        : []),
      ...fact(
        'Value',
        value
          ? value.isShown
            ? value.shape
            : (HIDDEN[value.because] ?? 'hidden')
          : 'not shown: see the option `showValues`',
      ),
    ),
  ]
  if (value?.isShown) {
    nodes.push(h('pre', { class: 'mono', tabindex: 0, 'aria-label': 'Value' }, JSON.stringify(value.value, null, 2)))
  }
  if (!isReadOnly) {
    nodes.push(
      h(
        'div',
        { class: 'row end' },
        h('button', { type: 'button', class: 'danger', click: () => void drop(key) }, 'Remove this entry'),
      ),
    )
  }
  return nodes
}
